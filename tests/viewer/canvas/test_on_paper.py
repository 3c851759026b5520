"""The canvas as a figure for paper: what is seen, in its colours, with its cuts."""

import numpy as np
from matplotlib.image import imread

from napari_scantwin.core import scan as scans
from napari_scantwin.figures import map_figure
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import attach, fit_view


def a_map(**more):
    field, kelvin = np.array([100.0, 1000, 5000, 10000]), np.linspace(5, 60, 30)
    axes = {"magnetic_field": (field, "Oe"), "temperature": (kelvin, "K")}
    return scans.gridded_scan(axes, np.add.outer(field / 1e4, kelvin), name="moment", unit="emu", **more)


def test_the_map_leaves_with_its_axes_colours_and_cuts(panel, qtbot, tmp_path):
    viewer = panel.viewer
    layer = add_scan(viewer, a_map())
    panel.chooser.choose(layer)
    fit_view(viewer)
    panel.cuts.add_line({"magnetic_field": 500, "temperature": 5}, {"magnetic_field": 500, "temperature": 60})
    overlay = attach(viewer)
    qtbot.waitUntil(lambda: overlay.picture.button.isVisible())
    picture = overlay.picture.describe()
    assert (picture.vertical, picture.horizontal) == ("magnetic_field", "temperature")
    assert picture.limits == tuple(layer.contrast_limits)
    assert picture.colormap == "viridis"
    assert [(trace.name, *trace.y) for trace in picture.traces] == [("line 1", 500, 500)]
    assert picture.shown_x[0] < 5.01
    assert picture.shown_x[1] > 59.9
    axes = map_figure(picture).axes[0]
    assert axes.get_xlabel() == "temperature (K)"
    overlay.picture.ask_export()
    assert overlay.picture.dialog.save(tmp_path / "map.png")
    qtbot.waitUntil((tmp_path / "map.png").exists, timeout=20_000)
    assert imread(tmp_path / "map.png").std() > 0.05
    overlay.picture.dialog.close()


def test_a_zoomed_map_leaves_zoomed(panel, qtbot):
    viewer = panel.viewer
    panel.chooser.choose(add_scan(viewer, a_map()))
    fit_view(viewer)
    viewer.scene.camera.zoom *= 2
    low, high = attach(viewer).picture.describe().shown_x
    assert 25 < abs(high - low) < 32


def test_the_slice_of_a_cube_leaves(panel, qtbot):
    rng = np.random.default_rng(0)
    axes = {name: (np.arange(size, dtype=float), "deg") for name, size in (("tilt", 4), ("polar", 5), ("angle", 6))}
    cube = scans.gridded_scan(axes, rng.random((4, 5, 6)), name="intensity", unit="count")
    layer = add_scan(panel.viewer, cube)
    panel.chooser.choose(layer)
    panel.viewer.dims.set_current_step(0, 2)
    picture = attach(panel.viewer).picture.describe()
    assert np.allclose(picture.scan.values, cube.values[2])


def test_nothing_open_nothing_to_export(panel):
    assert attach(panel.viewer).picture.describe() is None
