"""Components and boundaries as analyses: figures, plots, maps and tables of what was found."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import analyse
from napari_scantwin.analyses import ANALYSES
from napari_scantwin.core.scan import gridded_scan
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


def test_the_line_of_a_boundary_has_gaps_where_there_is_no_evidence_and_spans_all_channels():
    temperature, field = np.linspace(20, 100, 33), np.arange(7.0)
    middles = [70.0, 65.0, 60.0, None, 50.0, None, 40.0]
    values = [np.full(33, 1.5) if at is None else 1 + 1 / (1 + np.exp((temperature - at) / 0.5)) for at in middles]
    rows = np.random.default_rng(0).poisson(200 * np.array(values)[..., None] * np.ones(6)).astype(float)
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K"), "energy": (np.arange(6.0), "eV")}
    found = analyse("boundary", gridded_scan(axes, rows, name="i", unit="count"), along="temperature",
                    each="magnetic_field")  # fmt: skip
    (line,) = found.maps[""]
    runs = [path for path in line.paths if path[0, 0] != path[-1, 0]]
    bars = [path for path in line.paths if path[0, 0] == path[-1, 0]]
    assert [list(run[:, 0]) for run in runs] == [[0, 1, 2]]
    np.testing.assert_allclose(runs[0][:, 1], middles[:3], atol=2.5)
    assert [bar[0, 0] for bar in bars] == [0, 1, 2, 4, 6]
    assert all(
        low < at < high for (low, high), at in zip([bar[:, 1] for bar in bars], [70, 65, 60, 50, 40], strict=True)
    )
    assert all(np.isnan(path[:, 2]).all() and np.isfinite(path[:, :2]).all() for path in line.paths)
    drawn = [curve for curve in found.plots["Boundary"].curves if curve.style == "line"]
    assert [list(curve.x) for curve in drawn] == [[0, 1, 2], [4], [6]]


def test_a_single_boundary_crosses_its_map():
    temperature, energy = np.linspace(20, 100, 33), np.linspace(-1, 1, 20)
    step = 1 + np.hanning(20) / (1 + np.exp((temperature[:, None] - 60) / 0.5))
    rows = np.random.default_rng(0).poisson(100 * step).astype(float)
    scan = gridded_scan({"temperature": (temperature, "K"), "energy": (energy, "eV")}, rows, name="i", unit="count")
    line, marks = analyse("boundary", scan).maps[""]
    one = float(marks.scan.values[0])
    assert one == pytest.approx(60, abs=2.5)
    np.testing.assert_allclose(line.paths[0], [(one, -1), (one, 1)])
    assert line.paths[1][0, 0] < one < line.paths[1][1, 0]
