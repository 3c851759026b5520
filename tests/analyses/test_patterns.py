"""Components and boundaries as analyses: figures, plots, maps and tables of what was found."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import analyse
from napari_scantwin.analyses import ANALYSES
from napari_scantwin.samples import load_sample

from ..patterns.mixtures import mixture
from ..patterns.series import CHANGE, STEP, series


def test_components_of_a_stack_with_their_evidence_in_one_plot():
    scan, _, _ = mixture(50, shape=(24, 20), channels=40)
    cache: dict = {}
    found = analyse("components", scan, cache=cache)
    figures = dict(found.figures)
    assert figures["components"] == figures["above the noise"] == 3
    plot = found.plots["How many"]
    above, alike = plot.curves[0], plot.curves[2]
    assert list(above.y > 0) == [True] * 3 + [False] * 6
    assert list(alike.y > 0) == [True] * 2 + [False] * 6
    assert found.scans["shares"].dims == ("component", "y", "x")
    assert len(found.tables["Components"].rows) == 3
    again = analyse("components", scan, number=2, cache=cache)
    assert again.result.table is found.result.table
    assert again.result.count == 2


def test_places_may_be_one_axis_and_are_then_curves():
    scan, _, _ = mixture(50, shape=(24, 20), channels=40)
    found = analyse("components", scan, over="y", gain=1, method="variance", number=2)
    assert found.result.spectra.dims == ("component", "x", "energy")
    assert "Shares" in found.plots


def test_boundaries_are_points_over_the_map_with_a_line_and_a_table():
    found = analyse("boundary", load_sample("palladium_hydride"))
    assert found.result.each == "magnetic_field"
    line = found.scans["line of the boundary"]
    np.testing.assert_allclose(line, 7.2 * np.sqrt(1 - line["magnetic_field"].values / 9000), atol=0.2)
    assert found.maps[""][0].scan.dims == ("point",)
    assert len(found.tables["Boundary"].rows) == 7


def test_a_stack_of_spectra_has_one_boundary_fitted_jointly():
    found = analyse("boundary", series("swap", 50))
    assert found.result.each is None
    assert found.result.along == "temperature"
    assert found.figures[0][1].value == pytest.approx(CHANGE, abs=STEP)
    assert "no boundary" in analyse("boundary", series("null", 50)).notes[0].lower()


def test_what_cannot_be_is_not_offered():
    assert "gridded scan" in ANALYSES["components"].why_not(load_sample("ferromagnet"))
    assert ANALYSES["boundary"].why_not(load_sample("ferromagnet")) is None
