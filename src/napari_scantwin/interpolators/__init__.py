"""Ways to fill a scan between its sweeps."""
