"""What other programs find in a file, read with the format's own library and not with this program's reader."""

from __future__ import annotations

import h5py
import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.writers import write


def test_plain_hdf5_carries_units_and_axes_for_any_reader(tmp_path):
    field, temperature = np.array([0.0, 5e4]), np.linspace(2, 8, 4)
    values = np.arange(8.0).reshape(2, 4)
    scan = scans.gridded_scan(
        {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")},
        values,
        name="magnetization",
        unit="emu/g",
        errors=np.full((2, 4), 0.5),
    )
    (path,) = write(scan, tmp_path / "scan.h5")
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["values"][()], values)
        assert file["values"].attrs["units"] == "emu/g"
        found = {name: one.attrs["units"] for name, one in file["coordinates"].items()}
        assert found == {"magnetic_field": "Oe", "temperature": "K", "standard_error": "emu/g"}
        np.testing.assert_array_equal(file["values"].dims[0][0][()], field)
        np.testing.assert_array_equal(file["values"].dims[1][0][()], temperature)
