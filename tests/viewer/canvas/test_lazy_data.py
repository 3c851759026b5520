"""A file too large for memory in the window: shown, read out, cut and looked through without being read whole."""

from __future__ import annotations

import threading

import dask.array
import h5py
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers._layer_actions import _duplicate_layer

from napari_scantwin.core import scan as scans
from napari_scantwin.readers.arrays import lazy
from napari_scantwin.viewer.canvas.lazy_data import LazyPlanes
from napari_scantwin.viewer.canvas.overlay import attach
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


class Slow:
    """A dask array of a file that is read only when ``may_read``; ``asked`` are the first planes of what was read."""

    def __init__(self, values):
        self.may_read, self.asked = threading.Event(), []

        def read(block, block_info=None):
            assert self.may_read.wait(20)
            self.asked.append(block_info[0]["array-location"][0][0])
            return block

        self.array = dask.array.from_array(values, chunks=(1, *values.shape[1:])).map_blocks(
            read, meta=values[:0, :0, :0]
        )


@pytest.fixture
def slow():
    return Slow(np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6))


@pytest.fixture
def truth():
    return np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)


def test_a_layer_gets_a_glimpse_and_is_told_when_the_plane_has_come(slow, truth, qtbot):
    data, told = LazyPlanes(slow.array), []
    data.read_in_thread(lambda: told.append(1))
    seen = data[2, :, :]  # as napari slices, whoever asks
    assert np.isnan(seen).all()
    assert seen.shape == (5, 6)
    assert data.waiting
    slow.may_read.set()
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    np.testing.assert_array_equal(data[2, :, :], truth[2])
    assert not data.waiting
    np.testing.assert_array_equal(data[3, :, :], truth[2])  # the last plane stands in for the next
    qtbot.waitUntil(lambda: len(told) == 2, timeout=5000)
    np.testing.assert_array_equal(data[3, :, :], truth[3])


def test_whoever_takes_the_whole_or_no_plane_gets_true_values(slow, truth):
    data = LazyPlanes(slow.array)
    data.read_in_thread()
    slow.may_read.set()
    np.testing.assert_array_equal(np.asarray(data), truth)
    assert np.asarray(data, np.float64).dtype == np.float64
    np.testing.assert_array_equal(data[1], truth[1])
    np.testing.assert_array_equal(data[1:3, ::2], truth[1:3, ::2])
    np.testing.assert_array_equal(data.array[2], truth[2])
    assert (data.shape, data.ndim, data.size, len(data), data.dtype) == ((4, 5, 6), 3, 120, 4, np.float32)


def test_a_viewer_without_a_window_reads_at_once(slow, truth):
    slow.may_read.set()
    viewer = ViewerModel()
    layer = viewer.add_image(LazyPlanes(slow.array), contrast_limits=(0, 120))
    np.testing.assert_array_equal(layer._data_view, truth[int(viewer.dims.point[0])])


def test_a_duplicate_of_the_layer_reads_for_itself(slow, truth, qtbot, make_napari_viewer):
    viewer = make_napari_viewer()
    data = LazyPlanes(slow.array)
    data.read_in_thread()
    first = viewer.add_image(data, contrast_limits=(0, 120))
    data.read_in_thread(first.refresh)
    attach(viewer)
    viewer.layers.selection.active = first
    _duplicate_layer(viewer.layers)
    assert not slow.asked  # the window did not wait for the file
    (second,) = (layer for layer in viewer.layers if layer is not first)
    assert second.data is not data
    slow.may_read.set()
    qtbot.waitUntil(lambda: not (data.waiting or second.data.waiting), timeout=5000)
    for layer in (first, second):
        np.testing.assert_array_equal(layer._data_view, truth[int(viewer.dims.point[0])])


def test_the_full_range_of_a_layers_colours_can_be_asked_for(slow, qtbot, make_napari_viewer):
    viewer = make_napari_viewer()
    slow.may_read.set()
    layer = viewer.add_image(LazyPlanes(slow.array), contrast_limits=(30, 40))
    layer.reset_contrast_limits_range()
    layer.reset_contrast_limits()
    assert layer.contrast_limits[1] > 40
