"""The tabs Sweeps, Train and Simulate."""
