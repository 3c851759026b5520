"""A file too large for memory in the window: shown, read out, cut and looked through without being read whole."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.readers.arrays import lazy
from napari_scantwin.viewer.cube import profiles
from napari_scantwin.viewer.session import frame_of, scan_of

SHAPE = (60, 50, 40)


@pytest.fixture
def read_planes(monkeypatch):
    """Everything is opened in parts of one plane; the numbers of the planes that were read."""
    seen, read = set(), lazy._read_hdf5

    def counted(path, key, slices):
        if slices is not Ellipsis:
            seen.update(range(*slices[0].indices(SHAPE[0])))
        return read(path, key, slices)

    monkeypatch.setattr(lazy, "_read_hdf5", counted)
    monkeypatch.setattr(lazy, "MOST_IN_MEMORY", 100_000)
    monkeypatch.setattr(lazy, "CHUNK", 8000)
    monkeypatch.setattr(profiles, "_MOST_READ", 50_000)
    return seen


def map_file(path):
    columns = {"tilt": np.linspace(-3, 3, 60), "angle": np.linspace(-10, 10, 50), "energy": 16 + np.arange(40) / 50}
    with h5py.File(path, "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": list(columns)})
        counts = np.random.default_rng(0).poisson(30, SHAPE).astype("f4")
        group.create_dataset("counts", data=counts, chunks=(1, 50, 40))
        for name, column in columns.items():
            group[name] = column
            group[name].attrs["units"] = "eV" if name == "energy" else "deg"
    return path, counts


def test_only_what_is_looked_at_is_read(panel, qtbot, tmp_path, open_scan, read_planes):
    path, counts = map_file(tmp_path / "map.nxs")
    layer = open_scan(path)
    scan = scan_of(layer)
    assert scans.is_lazy(scan)
    assert "only what is looked at is read" in panel.open.said.text()
    for tab in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(tab)
        qtbot.wait(60)
    place = {"manipulator_angle": scan["manipulator_angle"].values[31], "angle": 2.0, "energy": 16.4}
    panel._viewer.dims.set_current_step(0, 31)
    qtbot.waitUntil(lambda: not layer.data.waiting, timeout=10_000)
    world = frame_of(layer).to_world([[place[axis] for axis in scan.dims]])[0]
    panel.overlay.show_at(world)
    cell = [31, int(np.abs(scan["angle"].values - 2).argmin()), 20]
    assert f"measured {counts[tuple(cell)]:.5g} arb" in "\n".join(panel.overlay.text)
    panel.cuts.add_line({**place, "energy": 16.0}, {**place, "energy": 16.7})
    values = panel.cuts.values_of(panel.cuts.lines[0])[0]
    np.testing.assert_array_equal(values.values, counts[31, cell[1], : len(values.values)])
    assert len(read_planes) < 20, sorted(read_planes)
