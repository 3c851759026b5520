"""Transitions in a real window, on the measured R(T, H) of hydrogen-loaded palladium."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.physics.critical_field import fit_critical_field
from napari_scantwin.physics.transitions import phase_boundary
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import frame_of, scan_of
from napari_scantwin.viewer.canvas.map_layers import derived_layers

PDH, ERCO2 = "pdh_resistance.csv", "erco2_magnetization.csv"


@pytest.fixture
def transitions(with_twin, analysed):
    """The transitions of loaded palladium; (layer, widget)."""
    layer = with_twin(PDH)
    return layer, analysed("Transitions")


def layer_of(panel, layer, whose):
    return derived_layers(panel._viewer, layer, f"boundary of the {whose}")[0]


def test_sweeps_and_twin_agree_within_their_errors_side_by_side(transitions, panel):
    layer, widget = transitions
    own, twin = widget.result.result.sides
    assert [own.name, twin.name] == ["sweeps", "twin"]
    for criterion in ("90 %", "50 %", "10 %"):
        for sweep, simulated in zip(own.sweeps, twin.sweeps, strict=True):
            a, b = sweep.at[criterion], simulated.at[criterion]
            assert np.isnan(a.value) == np.isnan(b.value)
            if np.isfinite(a.value):
                assert abs(a.value - b.value) <= 3 * np.hypot(a.error, b.error)
    cells = [[widget.table.item(row, k).text() for k in range(widget.table.columnCount())] for row in range(14)]
    assert [row[:3] for row in cells[:2]] == [["0", "sweeps", "rising"], ["0", "twin", ""]]
    assert cells[0][3] == str(own.sweeps[0].at["50 %"]).removesuffix(" K")  # the criterion chosen comes first
    assert "none within the measured range" in cells[-2][-1]
    assert "2 of 7 have none within the measured range" in widget.said.text()
    # The points' errors lie along the temperature, which is drawn to the right.
    points = widget.plot.drawn[0]
    boundary = phase_boundary(scan_of(layer), "50 %")
    assert points.sideways
    np.testing.assert_array_equal(points.x, boundary.values)
    np.testing.assert_array_equal(points.errors, boundary["standard_error"].values)


def test_the_boundary_over_the_map_follows_the_criterion(transitions, panel, qtbot):
    layer, widget = transitions
    viewer = panel._viewer
    qtbot.waitUntil(lambda: len(derived_layers(viewer, layer)) == 2)
    drawn, dense = layer_of(panel, layer, "sweeps"), layer_of(panel, layer, "twin")
    assert layer.visible
    assert list(viewer.layers)[-2:] == [dense, drawn]
    assert len(dense.data) > 40
    qtbot.waitUntil(lambda: scan_of(viewer.layers.selection.active) is scan_of(layer))

    def expected(criterion):
        boundary = phase_boundary(scan_of(layer), criterion)
        places = np.stack([boundary["magnetic_field"].values, boundary.values], axis=1)
        return places[np.isfinite(boundary.values)]

    np.testing.assert_allclose(drawn.data, expected("50 %"), atol=1e-4)
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["criterion"].setCurrentText("onset")
    qtbot.waitUntil(lambda: np.allclose(drawn.data[0], expected("onset")[0], atol=1e-4))
    # A share by the slider, moved on before the first is done: the last one counts, in the same layer.
    assert widget.form.fields["share"].isHidden()
    widget.form.fields["criterion"].setCurrentText("share of the way")
    for percent in (40, 30, 20):
        widget.form.fields["share"].setValue(percent)
    qtbot.waitUntil(lambda: widget.result.result.settings.criterion == 0.2, timeout=20_000)
    qtbot.waitUntil(lambda: np.allclose(drawn.data[0], expected(0.2)[0], atol=1e-4))
    assert layer_of(panel, layer, "sweeps") is drawn
    assert "20 %" in [widget.table.horizontalHeaderItem(k).text()[:4] for k in range(widget.table.columnCount())]
    panel.overlay.show_at(frame_of(layer).to_world(drawn.data[:1])[0])
    assert any(line.startswith("20 % transition (sweeps) ") and "±" in line for line in panel.overlay.text)
    widget.on_map.setChecked(False)
    assert not drawn.visible
    assert not dense.visible
    assert layer.visible


def test_the_critical_field_is_fitted_and_exported(transitions, analysed, qtbot, tmp_path):
    layer, _ = transitions
    widget = analysed("Critical field")
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["model"].setCurrentText("WHH")
    fit = fit_critical_field(phase_boundary(scan_of(layer), "50 %"), "WHH")
    assert f"sweeps: µ₀Hc2(0) = {fit.critical_field}, Tc = {fit.critical_temperature}" in widget.said.text()
    assert f"ξ = {fit.coherence_length}" in widget.said.text()
    assert "Likeliest model" in widget.said.text()
    own, twin = (side.fits["WHH"] for side in widget.result.result.sides)
    # Sixty rows of a map are no sixty measurements.
    dense = fit_critical_field(widget.result.result.sides[1].boundary, "WHH")
    assert twin.critical_field.error > 2 * dense.critical_field.error
    np.testing.assert_array_equal(own.curve.values, fit.curve.values)
    for words, name in (
        ("Table", "table.csv"),
        ("Map: boundary of twin", "boundary.h5"),
        ("Map: WHH curve of sweeps", "curve.nc"),
    ):
        with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
            assert widget.export(words, tmp_path / name)
    np.testing.assert_array_equal(read(tmp_path / "curve.nc").values, fit.curve.values)
    kept = read(tmp_path / "boundary.h5")
    np.testing.assert_array_equal(kept.values, widget.result.result.sides[1].boundary.values)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert any(line.startswith("# WHH fit, sweeps, by 50 %: mu0 Hc2(0) = ") for line in lines)
    table = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert float(table[0]["50 % (K)"]) == widget.result.result.sides[0].sweeps[0].at["50 %"].value
    assert [row["of"] for row in table] == ["sweeps"] * 7 + ["twin"] * 7
    # The window lies over the measured boundary; dragged, it leaves points out, and all of them stay in sight.
    points = widget.plot.drawn[0]
    known = np.sort(points.x[np.isfinite(points.x)])
    np.testing.assert_allclose(widget.plot.window.getRegion()[1], known[-1], rtol=0.02)
    drag = (known[1] - 0.01, known[-1] + 0.01)
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.plot.window.setRegion(drag)
    start, stop = (float(widget.form.fields[name].text()) for name in ("start", "stop"))
    assert (start, stop) == pytest.approx(drag, abs=0.01)
    windowed = fit_critical_field(phase_boundary(scan_of(layer), "50 %"), "WHH", start=start, stop=stop)
    assert windowed.points == len(known) - 1 < fit.points
    assert f"µ₀Hc2(0) = {windowed.critical_field}" in widget.said.text()
    assert f"fitted from {start:g} to {stop:g} K" in widget.said.text()
    np.testing.assert_array_equal(widget.plot.drawn[0].x, points.x)
    np.testing.assert_allclose(widget.plot.window.getRegion(), (start, stop))
    # Bad input: what is shown stays, and one sentence says why.
    before = widget.result
    widget.form.fields["direction"].setCurrentText("falling")
    qtbot.waitUntil(lambda: widget.result is not before, timeout=20_000)
    assert "sweeps: no sweep was measured with the fast axis falling" in widget.said.text()
    assert [side.name for side in widget.result.result.sides] == ["twin"]


def test_a_second_scan_and_other_quantities(transitions, panel, qtbot, open_scan, measured, analysed):
    layer, widget = transitions
    second = open_scan(measured / PDH)
    panel.chooser.choose(layer)
    panel.tabs.setCurrentIndex(5)
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: len(found.result.sides) == 3):
        widget.form.fields["second"].choose(second)
    assert widget.result.result.sides[2].name == second.name
    assert "triangles" in {curve.style for curve in widget.plot.drawn}
    # The moment of a ferromagnet has a transition too, but no critical field unless it is asked for.
    open_scan(measured / ERCO2)
    assert widget.form.fields["second"].count() == 3  # none, and both resistances: their axes are of one kind
    panel.tabs.setCurrentIndex(5)
    qtbot.waitUntil(
        lambda: widget.result is not None and widget.result.result.scan is panel.chooser.scan, timeout=20_000
    )
    assert "Hc2" not in widget.said.text()
    open_scan(sample_path("arpes"))
    assert panel.analyse.combo.findText("Transitions") < 0
    assert "Transitions does not fit: its sweeps run along" in panel.analyse.others.text()
