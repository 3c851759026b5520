"""The dock Crystal field: curves in, solutions out."""
