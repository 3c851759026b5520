"""A cube in a slow file: dragged through without the window ever waiting for what is read."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
import zarr
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication

from napari_scantwin.core import scan as scans
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.readers.arrays import lazy
from napari_scantwin.viewer.canvas.lazy_data import LazyPlanes
from napari_scantwin.viewer.session import frame_of, scan_of
from napari_scantwin.writers import write

SHAPE = (20, 24, 30)


class Disk:
    """Lets reads of chunks through while it is not ``held``; ``waited`` are those that stood at it."""

    def __init__(self):
        self._open = threading.Event()
        self._open.set()
        self.waited = 0
        self.gave_up, self.broken = False, False

    def hold(self):
        self.waited = 0
        self._open.clear()

    def release(self):
        self._open.set()

    def wait(self):
        self.waited += not self._open.is_set()
        self.gave_up |= not self._open.wait(20)
        if self.broken:
            raise OSError("the disk is gone")


@pytest.fixture
def disk(monkeypatch):
    """Every chunk of a zarr store is read as slowly as the test wants."""
    disk, get = Disk(), zarr.storage.LocalStore.get

    async def slow(self, key, *args, **kwargs):
        if "/c/" in key:
            await asyncio.to_thread(disk.wait)
        return await get(self, key, *args, **kwargs)

    monkeypatch.setattr(zarr.storage.LocalStore, "get", slow)
    monkeypatch.setattr(lazy, "MOST_IN_MEMORY", 1000)
    monkeypatch.setattr(lazy, "CHUNK", 4 * SHAPE[1] * SHAPE[2])  # a chunk is one plane of the slowest axis
    yield disk
    disk.release()


@pytest.fixture
def cube(panel, qtbot, open_scan, disk, tmp_path):
    """The Cube tab on a cube in a zarr store, which is now held up."""
    axes = {
        "manipulator_angle": (np.linspace(-6, 6, SHAPE[0]), "deg"),
        "analyser_angle": (np.linspace(-7, 7, SHAPE[1]), "deg"),
        "energy": (np.linspace(-1, 0.1, SHAPE[2]), "eV"),
    }
    values = np.random.default_rng(0).normal(50, 5, SHAPE).astype(np.float32)
    scan = gridded_scan(axes, values, name="photoemission_intensity", unit="count")
    write(scan, tmp_path / "cube.zarr")
    layer = open_scan(tmp_path / "cube.zarr")
    assert scans.is_lazy(scan_of(layer))
    assert isinstance(layer.data, LazyPlanes)
    panel.show_tab(panel.cube)
    panel.chooser.choose(layer)
    panel.cube.show_plane("analyser_angle", "energy")
    qtbot.waitUntil(lambda: settled(panel.cube), timeout=10_000)
    disk.hold()
    return panel.cube


@pytest.fixture
def values(cube, disk):
    disk.release()
    read = np.asarray(scan_of(cube.crosshair.layer).values)
    lazy._recent._parts.clear()
    lazy._recent._held = 0
    disk.hold()
    return read


def settled(cube):
    timers = (cube._timer, cube.crosshair._rest)
    return not (cube.profiles.busy or cube.crosshair.layer.data.waiting or any(one.isActive() for one in timers))


def turns(count):
    """Let the window go through its event loop so many times; a loop that waits for the disk comes back too late."""
    for _ in range(count):
        seen = []
        QTimer.singleShot(0, lambda seen=seen: seen.append(1))
        while not seen:
            QApplication.processEvents()


def index(cube, axis):
    return int(np.argmin(np.abs(cube.crosshair.column(axis) - cube.crosshair.at[axis])))


def check_all_views(cube, values):
    at = [index(cube, axis) for axis in cube.crosshair.axes]
    for position, axis in enumerate(cube.crosshair.axes):
        place = tuple(slice(None) if number == position else one for number, one in enumerate(at))
        np.testing.assert_allclose(cube.blocks[axis].plot.measured.yData, values[place])
    np.testing.assert_allclose(cube.crosshair.layer._data_view, values[at[0]])


def test_dragging_never_waits_for_the_file_and_ends_at_the_newest_place(cube, panel, values, disk, qtbot):
    crosshair, column = cube.crosshair, cube.crosshair.column("manipulator_angle")
    picture = panel._viewer.window._qt_viewer.canvas.layer_to_visual[crosshair.layer].node
    before = np.array(picture._data)
    for number in (3, 5, 7, 9, 12):
        crosshair.move(dragged=True, manipulator_angle=column[number])
        turns(5)
        assert cube.blocks["manipulator_angle"].plot.line.value() == column[number]  # the line itself keeps up
    np.testing.assert_array_equal(picture._data, before)  # the last plane, meanwhile
    assert hasattr(crosshair.layer.data.array, "dask")  # where our own take true values, without a stand-in
    world = frame_of(crosshair.layer).to_world([[crosshair.at[axis] for axis in crosshair.axes]])[0]
    panel.overlay.show_at(world)
    assert not any("measured" in line for line in panel.overlay.text)  # whose values are not this place's
    qtbot.waitUntil(lambda: not crosshair._rest.isActive(), timeout=5000)  # the slider follows, and napari slices
    turns(5)
    assert disk.waited > 0
    assert not disk.gave_up
    disk.release()
    qtbot.waitUntil(lambda: settled(cube), timeout=10_000)
    check_all_views(cube, values)
    panel.overlay.show_at(world)
    assert any("measured" in line for line in panel.overlay.text)


def test_places_passed_meanwhile_are_not_read(cube, values, disk, monkeypatch, qtbot):
    monkeypatch.setattr("napari_scantwin.viewer.canvas.crosshair._REST", 60_000)
    crosshair, column = cube.crosshair, cube.crosshair.column("manipulator_angle")
    asked = set()
    whole = crosshair.layer.data.array

    class Seen:
        shape, dtype, ndim = whole.shape, whole.dtype, whole.ndim

        def __getitem__(self, key):
            asked.add(key[0].start)
            return whole[key]

    crosshair.layer.data.array = Seen()
    for number in range(2, 15):
        crosshair.move(dragged=True, manipulator_angle=column[number])
        turns(2)
    crosshair.settle()
    disk.release()
    qtbot.waitUntil(lambda: settled(cube), timeout=10_000)
    assert asked == {2, 14}
    check_all_views(cube, values)


def test_windows_and_other_planes_are_averaged_in_the_thread_too(cube, panel, values, disk, qtbot):
    crosshair, column = cube.crosshair, cube.crosshair.column("manipulator_angle")
    picture = panel._viewer.window._qt_viewer.canvas.layer_to_visual[crosshair.layer].node
    crosshair.average("manipulator_angle", 2.2 * (column[1] - column[0]))
    turns(3)
    crosshair.move(dragged=True, manipulator_angle=column[6])
    turns(3)
    disk.release()
    qtbot.waitUntil(lambda: np.allclose(picture._data, values[5:8].mean(axis=0)), timeout=10_000)
    qtbot.waitUntil(lambda: settled(cube), timeout=10_000)
    np.testing.assert_allclose(crosshair.layer._data_view, values[5:8].mean(axis=0), rtol=1e-6)
    cube.show_plane("energy", "analyser_angle")
    qtbot.waitUntil(lambda: settled(cube), timeout=10_000)
    np.testing.assert_allclose(crosshair.layer._data_view, values[5:8].mean(axis=0).T, rtol=1e-6)


def test_a_waterfall_follows_without_waiting(cube, values, disk, qtbot):
    crosshair, column = cube.crosshair, cube.crosshair.column("manipulator_angle")
    cube.show_waterfall()
    cube.waterfall.count.setValue(SHAPE[1])
    crosshair.move(manipulator_angle=column[4])
    turns(3)
    qtbot.wait(60)
    assert cube.waterfall.stacked is None
    disk.release()
    qtbot.waitUntil(
        lambda: cube.waterfall.stacked is not None and np.allclose(cube.waterfall.stacked.values, values[4]),
        timeout=10_000,
    )


def test_a_file_that_went_away_is_told_once_in_a_sentence(cube, values, disk, spoken, qtbot):
    crosshair, column = cube.crosshair, cube.crosshair.column("manipulator_angle")
    disk.broken = True
    disk.release()
    for number in (3, 5, 7):
        crosshair.move(dragged=True, manipulator_angle=column[number])
        qtbot.waitUntil(lambda: not cube.profiles.busy, timeout=10_000)
    qtbot.waitUntil(lambda: not crosshair._rest.isActive(), timeout=5000)
    qtbot.waitUntil(lambda: not crosshair.layer.data._job.busy, timeout=5000)
    assert spoken == ["The plane cannot be read (the disk is gone); the file may be cut off or gone: copy it again."]
    assert cube.said.text().endswith(
        "cannot be read (the disk is gone); the file may be cut off or gone: copy it again."
    )
    assert cube.said.isVisible()
    disk.broken = False
    crosshair.move(manipulator_angle=column[9])
    qtbot.waitUntil(lambda: settled(cube), timeout=10_000)
    check_all_views(cube, values)
    assert not cube.said.isVisible()
