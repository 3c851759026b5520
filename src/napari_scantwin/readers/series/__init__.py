"""Several files that make one scan."""
