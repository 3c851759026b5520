"""Scales of colours: the same rule for the screen and for paper."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import LogNorm

from napari_scantwin.core import scan as scans
from napari_scantwin.core.axis_roles import drawn_axes
from napari_scantwin.figures import MapPicture, map_figure
from napari_scantwin.figures.color_scale import SCALES, fitted_limits, share_of, usual_scale, why_not
from napari_scantwin.figures.of_scan import as_curves, as_map

ends = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def a_map(values, kind="derived", fast=("temperature", "K"), slow=("magnetic_field", "Oe")):
    rows, columns = np.shape(values)
    axes = {slow[0]: (np.arange(rows, dtype=float), slow[1]), fast[0]: (np.arange(columns, dtype=float), fast[1])}
    return scans.gridded_scan(axes, values, name="entropy", unit="J/(kg K)", attrs={"kind": kind})


@given(ends, st.floats(-1e3, 1e3))
def test_a_diverging_scale_reaches_as_far_to_either_side(limits, middle):
    low, high = fitted_limits("diverging", limits, middle)
    assert high - middle == pytest.approx(middle - low)
    assert low <= limits[0] + 1e-6
    assert high >= limits[1] - 1e-6
    assert share_of(middle, (low, high), "diverging") == pytest.approx(0.5)


@given(st.floats(-1e6, 1e6).filter(lambda low: low <= 0 or low > 1e-6), st.floats(1e-3, 1e6))
def test_a_logarithmic_scale_begins_above_zero(low, high):
    low, high = fitted_limits("logarithmic", (min(low, high), high))
    assert 0 < low < high
    assert share_of(np.sqrt(low) * np.sqrt(high), (low, high), "logarithmic") == pytest.approx(0.5, abs=1e-6)


def test_what_goes_to_both_sides_of_zero_is_diverging_by_itself():
    assert usual_scale("derived", (-2.0, 3.0)) == "diverging"
    assert usual_scale("derived", (-0.01, 3.0)) == "linear"  # noise about zero is no sign
    assert usual_scale("derived", (-3.0, -1.0)) == "linear"
    assert usual_scale("measured", (-2.0, 3.0)) == "linear"
    assert all(usual_scale(kind, (1.0, 2.0)) == "diverging" for kind in ("residual", "derivative", "difference"))


def test_what_is_negative_has_no_logarithm():
    assert why_not("logarithmic", (-1.0, 3.0))
    assert not why_not("logarithmic", (0.0, 3.0))  # counts begin at zero
    assert not any(why_not(scale, (1.0, 3.0)) for scale in SCALES)


def test_on_paper_a_signed_map_has_zero_in_the_middle_of_its_colours():
    picture = as_map(a_map(np.linspace(-2, 5, 12).reshape(3, 4)))
    assert picture.colormap == "coolwarm"
    assert picture.limits == (-5, 5)


def test_on_paper_logarithmic_colours_have_the_limits_of_the_screen():
    picture = MapPicture(a_map(np.logspace(0, 3, 12).reshape(3, 4)), "magnetic_field", "temperature", log=True)
    figure = map_figure(picture.__class__(**{**picture.__dict__, "limits": (2.0, 500.0)}))
    drawn = figure.axes[0].collections[0]
    assert isinstance(drawn.norm, LogNorm)
    assert (drawn.norm.vmin, drawn.norm.vmax) == (2.0, 500.0)


@pytest.mark.parametrize(
    ("slow", "fast", "upright"),
    [
        (("angle", "deg"), ("energy", "eV"), True),
        (("kx", "1/angstrom"), ("kinetic_energy", "meV"), True),
        (("energy", "eV"), ("angle", "deg"), False),  # it is upright as it stands
        (("temperature", "K"), ("energy", "eV"), False),
        (("magnetic_field", "Oe"), ("temperature", "K"), False),
    ],
)
def test_spectra_have_the_energy_upwards(slow, fast, upright):
    scan = a_map(np.ones((3, 4)), "measured", fast, slow)
    wanted = (fast[0], slow[0]) if upright else (slow[0], fast[0])
    assert drawn_axes(scan) == wanted
    picture = as_map(scan)
    assert (picture.vertical, picture.horizontal) == wanted


def test_curves_on_paper_are_named_by_round_set_points():
    field = np.repeat([999.998, 5000.003, 9999.996], 20)
    axes = {"magnetic_field": (field, "Oe"), "temperature": (np.tile(np.linspace(2, 50, 20), 3), "K")}
    plot = as_curves(scans.ragged_scan(axes, np.arange(60.0), name="moment", unit="emu"))
    assert [text for text, _ in plot.strip.key("#ffffff")] == ["1000 Oe", "5000 Oe", "10000 Oe"]
    assert plot.columns()[0][0] == "temperature (K), magnetic field (Oe) = 1000"
