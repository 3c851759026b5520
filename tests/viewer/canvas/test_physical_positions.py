"""Points have physical positions as their data, which whatever saves a layer then saves; the canvas stretches them."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import add_scan, show_slices
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.session import frame_of, scan_of


def places_of(layer) -> np.ndarray:
    return scans.points(scan_of(layer)).coordinates


def test_every_writer_saves_physical_positions_with_units(panel, open_scan, train_scan, tmp_path, qtbot):
    layer = open_scan(sample_path("ferromagnet"))
    train_scan(budget=1.0)
    viewer, table = panel._viewer, scans.points(scan_of(layer))
    np.testing.assert_array_equal(layer.data, table.coordinates)
    assert [str(unit) for unit in layer.units] == ["oersted", "kelvin"]
    assert viewer.layers.units == layer.units  # the twin's maps have them too
    size = layer.size[0] * layer.scale[-1]
    panel.window().resize(1000, 700)
    qtbot.wait(300)
    for one in (layer, result_of(layer, "residual", viewer)):
        world = one.data * one.scale + one.translate
        np.testing.assert_allclose(world, frame_of(one).to_world(places_of(one)), atol=1e-9)
    assert layer.size[0] * layer.scale[-1] == pytest.approx(size)

    viewer.layers.selection = {layer}
    assert viewer.layers.save(str(tmp_path / "theirs.csv"), selected=True, plugin="napari")
    with open(tmp_path / "theirs.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for name, wanted in (
        ("axis-0", table.coordinates[:, 0]),
        ("axis-1", table.coordinates[:, 1]),
        ("magnetic field (Oe)", table.coordinates[:, 0]),
        ("temperature (K)", table.coordinates[:, 1]),
        ("moment (emu)", table.values),
        ("standard error of moment (emu)", table.errors),
    ):
        np.testing.assert_allclose([float(row[name]) for row in rows], wanted, rtol=1e-12)
    for suffix in (".csv", ".nc", ".h5", ".zarr"):
        kept = tmp_path / f"ours{suffix}"
        assert viewer.layers.save(str(kept), selected=True, plugin="napari-scantwin")
        again = scans.points(read(kept))
        np.testing.assert_allclose(again.coordinates, table.coordinates, rtol=1e-9)
        assert read(kept)["magnetic_field"].attrs["units"] == scan_of(layer)["magnetic_field"].attrs["units"]


def test_sweeps_of_three_axes_are_stepped_through_by_shares_of_an_axis():
    """Also where an axis runs over far less, or far more, than napari's unit of one."""
    viewer, count = ViewerModel(), 400
    random = np.random.default_rng(0)
    field = np.repeat([0.0, 0.001, 0.002, 0.005], count // 4)
    scan = scans.ragged_scan(
        {
            "magnetic_field": (field, "T"),
            "pressure": (random.choice([0.0, 5e4, 1e5], count), "Pa"),
            "temperature": (random.uniform(2, 300, count), "K"),
        },
        random.random(count),
        name="moment",
        unit="emu",
        sweep=np.repeat(np.arange(4), count // 4),
    )
    layer = add_scan(viewer, scan)
    viewer.dims.events.range.connect(lambda event: show_slices(viewer))
    viewer.dims.ndisplay = 2
    show_slices(viewer)
    np.testing.assert_array_equal(layer.data, places_of(layer))
    assert viewer.dims.nsteps[0] > 90
    frame = frame_of(layer)
    seen = []
    for value in (0.0, 0.001, 0.002, 0.005):
        viewer.dims.set_point(0, (value - frame.origin[0]) / frame.step[0])
        shown = np.asarray(layer._view_indices)
        assert set(field[shown]) == {value}
        seen.append(len(shown))
    assert sum(seen) == count


def test_the_canvas_keeps_its_places_beside_other_units(panel, qtbot, capsys):
    """napari converts layers of one kind of unit to one of them, and says so where they are of several."""
    viewer = panel._viewer
    values = np.random.default_rng(0).random((5, 6))

    def add(unit, factor):
        axes = {"angle": (np.linspace(-7, 7, 5), "deg"), "energy": (factor * np.linspace(-1, 0, 6), unit)}
        scan = scans.gridded_scan(axes, values, name="photoemission_intensity", unit="count")
        layer = add_scan(viewer, scan)
        qtbot.wait(50)
        return layer

    def units(layer):
        return [str(one) for one in layer.units]

    first = add("eV", 1)
    assert units(first) == ["degree", "electron_volt"]
    for other in (lambda: add("meV", 1000), lambda: viewer.add_shapes([np.array([[0, 0], [9, 9]])], name="drawn")):
        layer = other()
        qtbot.wait(50)
        assert units(first) == ["pixel", "pixel"]
        for one in (first, layer) if layer.name != "drawn" else (first,):
            np.testing.assert_allclose(frame_of(one).to_physical(one.extent.world[1])[0], 7)
            reach = frame_of(one).to_physical([[step.stop for step in viewer.dims.range]])[0]
            assert reach[1] < 2000 * abs(frame_of(one).to_physical(one.extent.world[0])[1])
        viewer.layers.remove(layer)
        assert units(first) == ["degree", "electron_volt"]
    assert "Inconsistent units" not in "".join(capsys.readouterr())
    axes = {"tilt": (np.arange(3.0), "deg"), "angle": (np.arange(5.0), "deg"), "energy": (np.arange(6.0), "eV")}
    cube = scans.gridded_scan(axes, np.zeros((3, 5, 6)), name="photoemission_intensity", unit="count")
    assert units(add_scan(viewer, cube)) == ["degree", "degree", "electron_volt"]
    assert viewer.dims.ndim == 3
