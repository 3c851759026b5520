"""Arrays: netCDF, zarr, HDF5, TIFF, NumPy."""
