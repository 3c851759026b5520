"""What a twin may be made of: interpolators of a scan, from networks whose features move to the published search."""
