"""The colours of a layer stand for its physical values, in every scale, as napari draws them."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.colormaps import ensure_colormap

from napari_scantwin.core import scan as scans
from napari_scantwin.figures.color_scale import share_of
from napari_scantwin.viewer.canvas.colors import base_of, follow_scale, limits_of, scale_of, set_scale, why_no_scale
from napari_scantwin.viewer.canvas.layers import add_scan, layer_data, update_layer
from napari_scantwin.viewer.canvas.rulers import log_ticks
from napari_scantwin.viewer.canvas.visibility import one_quantity
from napari_scantwin.viewer.session import ScanLayer


def gridded(values, kind="measured"):
    axes = {
        "angle": (np.arange(values.shape[0], dtype=float), "deg"),
        "energy": (np.arange(values.shape[1]) / 10, "eV"),
    }
    return scans.gridded_scan(axes, values, name="intensity", unit="count", attrs={"kind": kind})


def ragged(values):
    field = np.repeat([0.0, 1000.0], len(values) // 2)
    axes = {"magnetic_field": (field, "Oe"), "temperature": (np.tile(np.arange(len(values) // 2) + 2.0, 2), "K")}
    return scans.ragged_scan(axes, values, name="resistance", unit="ohm")


def drawn(layer, values):
    """The colours that napari gives values: between the limits, to the power gamma, through the colour map."""
    low, high = limits_of(layer)
    shares = np.clip((np.asarray(values) - low) / (high - low), 0, 1) ** getattr(layer, "gamma", 1.0)
    return (layer.colormap if hasattr(layer, "colormap") else layer.face_colormap).map(shares)


VALUES = np.logspace(0, 4, 60).reshape(6, 10)


@pytest.mark.parametrize("scan", [gridded(VALUES), ragged(VALUES.ravel())], ids=["image", "points"])
def test_equal_ratios_are_equal_steps_of_colour(scan):
    viewer = ViewerModel()
    layer = add_scan(viewer, scan)
    set_scale(viewer, layer, "logarithmic")
    ends = limits_of(layer)
    places = np.geomspace(*ends, 200)
    wanted = ensure_colormap("viridis").map(share_of(places, ends, "logarithmic"))
    np.testing.assert_allclose(drawn(layer, places), wanted, atol=0.012)
    assert base_of(layer).name == "viridis"
    np.testing.assert_array_equal(np.sort(np.ravel(scan.values)), np.sort(VALUES.ravel()))  # physical values still
    set_scale(viewer, layer, "linear")
    assert (layer.colormap if hasattr(layer, "colormap") else layer.face_colormap).name == "viridis"
    np.testing.assert_allclose(drawn(layer, places), base_of(layer).map(share_of(places, limits_of(layer), "linear")))


def test_limits_set_in_naparis_controls_are_followed():
    viewer = ViewerModel()
    layer = add_scan(viewer, gridded(VALUES))
    follow_scale(layer)
    set_scale(viewer, layer, "logarithmic")
    for ends in ((10.0, 1000.0), (5.0, 50.0)):
        layer.contrast_limits = ends
        middle = np.sqrt(ends[0] * ends[1])
        np.testing.assert_allclose(drawn(layer, [middle]), base_of(layer).map([0.5]), atol=0.012)
    layer.colormap = "magma"
    np.testing.assert_allclose(drawn(layer, [middle]), ensure_colormap("magma").map([0.5]), atol=0.012)


def test_the_users_scale_outlives_new_values():
    viewer = ViewerModel()
    layer = add_scan(viewer, gridded(VALUES))
    set_scale(viewer, layer, "logarithmic")
    assert update_layer(layer, *layer_data(gridded(3 * VALUES)))
    assert scale_of(layer) == "logarithmic"
    low, high = limits_of(layer)
    np.testing.assert_allclose(drawn(layer, [np.sqrt(low * high)]), base_of(layer).map([0.5]), atol=0.012)


def test_signed_quantities_are_centred_and_logarithms_need_positive_values():
    viewer = ViewerModel()
    layer = add_scan(viewer, gridded(np.linspace(-1, 3, 60).reshape(6, 10), "derived"), kind="derived")
    assert scale_of(layer) == "diverging"
    low, high = limits_of(layer)
    assert low == -high
    assert layer.colormap.name == "coolwarm"
    assert why_no_scale(layer, "logarithmic")
    set_scale(viewer, layer, "linear")
    assert layer.colormap.name == "viridis"
    assert limits_of(layer)[0] > -1.01


def test_no_other_quantity_shows_through_holes():
    viewer = ViewerModel()
    measured = add_scan(viewer, gridded(VALUES))
    made = {}
    for kind in ("simulated", "residual"):
        made[kind] = add_scan(viewer, gridded(np.where(VALUES > 10, np.nan, VALUES), kind), kind=kind)
        ScanLayer(made[kind]).measured = measured
    made["residual"].visible = False
    one_quantity(viewer, made["simulated"])
    assert measured.visible  # the same quantity
    made["residual"].visible = True
    one_quantity(viewer, made["residual"])
    assert not measured.visible
    assert not made["simulated"].visible


@pytest.mark.parametrize(("low", "high"), [(0.01, 100.0), (3.0, 40.0), (1e-9, 1e9), (0.2, 0.9)])
def test_a_logarithmic_bar_has_ticks_with_room_between(low, high):
    marks = log_ticks(low, high, 300, 50)
    assert 1 <= len(marks) <= 6
    assert all(low * 0.999 <= value <= high * 1.001 for value, _ in marks)
