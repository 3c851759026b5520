"""Files of arrays: netCDF, zarr, HDF5, TIFF, NumPy."""
