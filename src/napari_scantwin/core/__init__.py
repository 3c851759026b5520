"""What a scan is: axes, units, sweeps, errors in words, and how files are written."""
