"""What is extrapolated is hatched: a hole within the measured range as what lies beyond it."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QImage

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.canvas.hatching import flags_on
from napari_scantwin.viewer.canvas.layers import add_scan, layer_data
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.session import ScanLayer, frame_of


def cube(reach: float = 1.0):
    """A cube [4, 21, 41] whose places with y and x between 0.4 and 0.6 are extrapolated in the slices from 2 on."""
    axes = {"z": (np.arange(4.0), "K"), "y": (np.linspace(0, reach, 21), "T"), "x": (np.linspace(0, 1, 41), "eV")}
    y, x = np.meshgrid(axes["y"][0], axes["x"][0], indexing="ij")
    hole = (np.abs(y - 0.5) < 0.1) & (np.abs(x - 0.5) < 0.1)
    flags = np.stack([hole & (number >= 2) for number in range(4)]) | (y > 1)
    return scans.gridded_scan(axes, np.zeros(flags.shape), name="moment", unit="emu", extrapolated=flags)


def test_flags_of_a_plane_are_those_of_its_slice_whichever_way_the_axes_run():
    scan = cube()
    np.testing.assert_array_equal(flags_on(scan, ("y", "x"), {"z": 2}, 512), scan["extrapolated"].values[2])
    assert not flags_on(scan, ("y", "x"), {"z": 1}, 512).any()
    turned = scan.isel(y=slice(None, None, -1))
    np.testing.assert_array_equal(flags_on(turned, ("y", "x"), {"z": 2}, 512), scan["extrapolated"].values[2])
    np.testing.assert_array_equal(flags_on(scan, ("x", "z"), {"y": 10}, 512), scan["extrapolated"].values[:, 10].T)
    assert flags_on(scan, ("y", "x"), {"z": 3}, 8).shape == (8, 8)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("reach", [1.0, 1.5])
def test_a_hole_is_hatched_on_the_slices_it_lies_in(panel, qtbot, lazy, reach):
    viewer = panel._viewer
    whole = cube(1.0)
    measured = add_scan(viewer, whole.drop_vars("extrapolated"), kind="measured")
    scan = cube(reach)
    if lazy:
        scan = scan.chunk().assign_coords(extrapolated=scan["extrapolated"].chunk())
        assert scans.is_lazy(scan)
    data, attributes, _ = layer_data(scan, frame_of(measured), kind="simulated")
    layer = viewer.add_image(data, **attributes)
    ScanLayer(layer).measured = measured
    viewer.layers.selection.active = layer
    fit_view(panel.viewer)
    qtbot.wait(100)

    def brightest(y: float, x: float) -> int:
        """Of the overlay's pixels about a place, the most opaque."""
        frame = frame_of(layer)
        row, column = ((value - frame.origin[k]) / frame.step[k] for k, value in ((1, y), (2, x)))
        image = QImage(panel.overlay.size(), QImage.Format_ARGB32)
        image.fill(0)
        panel.overlay.render(image)
        at_x, at_y = panel.overlay.pixel(row, column)
        near = [(round(at_x) + i, round(at_y) + j) for i in range(-6, 7) for j in range(-6, 7)]
        return max(image.pixelColor(*place).alpha() for place in near)

    viewer.dims.set_point(0, 3 / frame_of(measured).step[0])
    qtbot.waitUntil(lambda: brightest(0.5, 0.5) > 50)
    assert brightest(0.25, 0.25) == 0
    viewer.dims.set_point(0, 0.0)
    qtbot.waitUntil(lambda: brightest(0.5, 0.5) == 0)
    if reach > 1:
        assert brightest(1.25, 0.5) > 50
