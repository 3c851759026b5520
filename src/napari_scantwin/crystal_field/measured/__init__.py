"""From files and scans to curves per ion, ready to be fitted."""
