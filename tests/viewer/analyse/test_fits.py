"""Fits in a real window: peaks of the sample's cut over its map, a Fermi edge that shifts a scan, exports."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.processing import analyse, apply
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample
from napari_scantwin.viewer.analyse.map_layers import derived_layers
from napari_scantwin.viewer.layers import add_scan, scan_of

TITLE = "Fit bands or a Fermi edge"


@pytest.fixture
def cut_layer(panel):
    cut = apply(load_sample("arpes"), "take_slice", axis="manipulator_angle", at=9)
    cut = apply(apply(cut, "counting_errors"), "to_momentum", slit="across the rotation axis", kinetic_energy=16.7)
    layer = add_scan(panel._viewer, cut, name="cut")
    panel.chooser.choose(layer)
    panel.show_tab(panel.analyse)
    return layer


def test_peaks_are_fitted_and_drawn_over_the_map(panel, qtbot, tmp_path, cut_layer, spoken):
    widget = panel.analyse.choose(TITLE)
    widget.choose("peaks")
    given = {"peaks": "2", "first": "-0.12", "last": "0.02", "crossing_start": "-100 meV", "crossing_stop": "-20 meV"}
    for name, text in given.items():
        widget.form.fields[name].setText(text)
    with qtbot.waitSignal(widget.shown, timeout=60_000):
        widget.button.click()
    expected = analyse(scan_of(cut_layer), "peaks", **{**given, "peaks": 2})
    shown = {widget.table.item(k, 0).text(): widget.table.item(k, 1).text() for k in range(widget.table.rowCount())}
    momentum = dict(expected.figures)["k_F, peak 2"]
    assert shown["k_F, peak 2"] == str(momentum)
    assert momentum.value == pytest.approx(0.30, abs=0.02)
    qtbot.waitUntil(lambda: len(derived_layers(panel._viewer, cut_layer, "fitted positions")) == 1)
    (points,) = derived_layers(panel._viewer, cut_layer, "fitted positions")
    assert len(points.data) == np.isfinite(expected.scans["position"].values).sum()
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("Table", tmp_path / "figures.csv")
    lines = [line for line in (tmp_path / "figures.csv").read_text("utf-8").splitlines() if line[0] != "#"]
    rows = list(csv.DictReader(lines))
    assert float(next(row for row in rows if row["figure"] == "k_F, peak 2")["value"]) == momentum.value
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("Map: position", tmp_path / "dispersion.nc")
    np.testing.assert_array_equal(read(tmp_path / "dispersion.nc").values, expected.scans["position"].values)
    widget.form.fields["peaks"].setText("many")
    widget.button.click()
    assert "whole number" in spoken[-1]
    assert not widget.use.isVisible()


def test_a_fermi_edge_shifts_the_scan(panel, qtbot, cut_layer, spoken):
    widget = panel.analyse.choose(TITLE)
    widget.choose("fermi_edge")
    widget.form.fields["start"].setText("100 meV")  # beyond the edge
    with qtbot.waitSignal(widget.job.failed, timeout=30_000):
        widget.button.click()
    qtbot.waitUntil(lambda: bool(spoken))
    assert not widget.table.isVisible()
    for name, text in {"temperature": "30", "start": "-0.15", "stop": "0.15"}.items():
        widget.form.fields[name].setText(text)
    with qtbot.waitSignal(widget.shown, timeout=30_000):
        widget.button.click()
    level = dict(widget.result[1].figures)["Fermi level"]
    assert abs(level.value) < 0.02
    assert widget.use.isVisible()
    with qtbot.waitSignal(widget.job.ended, timeout=30_000):
        widget.use.click()
    shifted = panel.chooser.scan
    np.testing.assert_allclose(shifted["energy"].values, scan_of(cut_layer)["energy"].values - level.value)


def test_scans_without_such_axes_are_not_offered_it(panel):
    panel.chooser.choose(add_scan(panel._viewer, load_sample("palladium_hydride")))
    panel.show_tab(panel.analyse)
    assert panel.analyse.combo.findText(TITLE) < 0
    assert "energy, angle or momentum" in panel.analyse.others.text()
