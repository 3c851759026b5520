"""Entropy change in a real window, on the measured ErCo2 scan."""

from __future__ import annotations

import csv
import threading

import numpy as np
import pytest

from napari_scantwin.analyses.entropy_sides import EntropySettings, calculate
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.entropy_figures import figures
from napari_scantwin.physics.magnetocaloric import Sample, entropy_ensemble
from napari_scantwin.readers import read
from napari_scantwin.viewer.canvas.layers import add_scan, frame_of, scan_of
from napari_scantwin.viewer.canvas.map_layers import derived_layers
from napari_scantwin.viewer.session import ScanLayer

from .conftest import told

ERCO2, PDH = "erco2_magnetization.csv", "pdh_resistance.csv"


@pytest.fixture
def entropy(with_twin, analysed):
    """The entropy change of ErCo2, with its mass given; (layer, widget)."""
    layer = with_twin(ERCO2)
    ScanLayer(layer).set_sample("mass", "0.61 mg")
    return layer, analysed("Entropy change")


def rows_of(table):
    return [
        [table.item(row, column).text() for column in range(table.columnCount())] for row in range(table.rowCount())
    ]


def test_it_is_offered_for_moments_only_and_says_why_not(panel, measured, open_scan):
    open_scan(measured / PDH)
    assert panel.analyse.combo.findText("Entropy change") < 0
    assert "Entropy change does not fit: values in Ω are no magnetic moment" in panel.analyse.others.text()
    open_scan(measured / ERCO2)
    assert panel.analyse.combo.findText("Entropy change") == 0
    assert "Entropy change" not in panel.analyse.others.text()


def test_a_single_sweep_is_refused_in_words_and_opens_without_an_error(panel, instrument, qtbot, spoken):
    layer = add_scan(panel._viewer, read([instrument / "mpms3_fc_sweep_a.dat"]))
    qtbot.waitUntil(lambda: panel.chooser.layer is layer)
    assert len(scans.sweeps(scan_of(layer))) == 1
    assert panel.analyse.combo.findText("Entropy change") < 0
    assert "need two sweeps or more; this scan has one" in panel.analyse.others.text()
    ScanLayer(layer).set_scan(
        scan_of(layer).assign_coords(sweep=("point", np.arange(scan_of(layer).size) % 2)), same_readings=True
    )
    panel.analyse._offer()  # two sweeps at one and the same field
    assert panel.analyse.combo.findText("Entropy change") >= 0
    assert spoken == []


def test_without_a_mass_the_result_is_per_sample_and_the_mass_is_asked_for(qtbot, with_twin, analysed):
    with_twin(ERCO2)
    widget = analysed("Entropy change")
    assert {side.map.attrs["units"] for side in widget.result.result.sides} == {"J/K"}
    assert [name for name in ("mass", "density", "molar_mass") if not widget.form.fields[name].isHidden()] == ["mass"]
    widget.form.fields["mass"].setText("0.61")
    qtbot.waitUntil(lambda: "needs a number and a unit" in told(widget))
    assert widget.result.result.sides[0].map.attrs["units"] == "J/K"
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["mass"].setText("0.61 mg")
    assert {side.map.attrs["units"] for side in widget.result.result.sides} == {"J/K/kg"}
    widget.form.fields["per"].setCurrentText("per mole")
    qtbot.waitUntil(lambda: "molar mass" in told(widget))
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["molar_mass"].setText("285.12 g/mol")
    per_mole, per_mass = (
        widget.result.result.sides[0].map,
        entropy_ensemble(scan_of(widget.layer), Sample(mass="0.61 mg")).scan,
    )
    np.testing.assert_allclose(per_mole.values, 0.28512 * per_mass.values, rtol=1e-9)


def test_sweeps_and_twin_stand_side_by_side_with_errors(entropy):
    layer, widget = entropy
    result = widget.result.result
    assert [(side.name, side.twin) for side in result.sides] == [("sweeps", False), ("twin", True)]
    own = figures(entropy_ensemble(scan_of(layer), Sample(mass="0.61 mg")))
    rows = rows_of(widget.table)
    assert len(rows) == 2 * len(own) == 14
    top = rows[-2:]
    assert [row[:2] for row in top] == [["50000", "sweeps"], ["50000", "twin"]]
    assert top[0][2] == f"{own[-1].peak.value:.3f} ± {own[-1].peak.error:.3f}"
    assert all("±" in row[2] and "±" in row[5] for row in top)
    assert "J/K/kg" in widget.table.horizontalHeaderItem(2).text()
    assert "Integral from the first measured field, 100 Oe" in widget.said.text()
    # Every final field is drawn for both, in one colour, and the twin's band has a width.
    drawn = widget.plot.drawn
    assert len({curve.color for curve in drawn}) == 7
    assert [curve.style for curve in drawn] == ["points"] * 7 + ["line"] * 7
    assert all(np.isfinite(curve.errors).all() and (curve.errors > 0).any() for curve in drawn)
    np.testing.assert_allclose(drawn[6].y, entropy_ensemble(scan_of(layer), Sample(mass="0.61 mg")).scan.values[-1])


def test_the_maps_lie_over_the_scan_and_are_read_out_and_exported(entropy, panel, qtbot, tmp_path):
    layer, widget = entropy
    qtbot.waitUntil(lambda: len(derived_layers(panel._viewer, layer)) == 3)
    qtbot.waitUntil(lambda: not layer.visible)
    twin_map = derived_layers(panel._viewer, layer, "entropy change of the twin")[0]
    points = derived_layers(panel._viewer, layer, "entropy change of the sweeps")[0]
    assert twin_map.visible
    assert points.visible
    assert points.face_contrast_limits == pytest.approx(twin_map.contrast_limits)
    assert frame_of(twin_map) == frame_of(layer)
    np.testing.assert_allclose(twin_map.extent.world[1], layer.extent.world[1], atol=3)
    side = widget.result.result.sides[1]
    row, column = 20, 100
    place = [side.map["magnetic_field"].values[row], side.map["temperature"].values[column]]
    panel.overlay.show_at(frame_of(layer).to_world([place])[0])
    said = next(line for line in panel.overlay.text if line.startswith("entropy change "))
    assert said.startswith(f"entropy change {side.map.values[row, column]:.5g} ± ")
    assert said.endswith("J/K/kg")
    # What is exported reads back as it was.
    for words, name in (("Map: entropy change of the twin", "map.nc"), ("Table of figures", "figures.csv")):
        with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
            assert widget.export(words, tmp_path / name)
    again = read(tmp_path / "map.nc")
    np.testing.assert_array_equal(again.values, side.map.values)
    np.testing.assert_array_equal(again["standard_error"].values, side.map["standard_error"].values)
    assert again.attrs["integral_from"] == "the first measured field, 100 Oe"
    assert widget.export("Plot", tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").stat().st_size > 2000
    lines = (tmp_path / "figures.csv").read_text().splitlines()
    assert "# sweeps counted per: mass" in lines
    table = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    last = [row for row in table if row["of"] == "sweeps"][-1]
    assert float(last["peak (J/K/kg)"]) == widget.result.result.sides[0].figures[-1].peak.value
    assert float(last["peak error (J/K/kg)"]) == widget.result.result.sides[0].figures[-1].peak.error

    # The exponent and the Arrott plot are views of the same result.
    widget.view.setCurrentText("Field exponent n(T)")
    assert "it is of first order" in widget.said.text()
    qtbot.waitUntil(lambda: derived_layers(panel._viewer, layer, "field exponent of the twin") != [])
    assert widget.plot.drawn
    widget.view.setCurrentText("Arrott plot")
    assert "upper half of every isotherm" in widget.said.text()
    before = widget.plot.drawn[0].y.max()
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["exponents"].setCurrentIndex(3)  # M^(1/0.25) instead of M^2
    assert widget.plot.drawn[0].y.max() == pytest.approx(before**2, rel=1e-6)
    # The maps go when the box is unticked, and the scan is back.
    widget.on_map.setChecked(False)
    assert layer.visible
    assert not any(one.visible for one in derived_layers(panel._viewer, layer))


def test_a_second_measurement_stands_beside_the_first(entropy, panel, qtbot, open_scan, measured):
    layer, widget = entropy
    second = open_scan(measured / ERCO2)
    panel.chooser.choose(layer)
    widget.form.fields["second"].choose(second)
    assert not widget.form.fields["second_mass"].isHidden()
    assert widget.form.fields["second_density"].isHidden()
    panel.tabs.setCurrentIndex(5)
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: len(found.result.sides) == 3):
        widget.form.fields["second_mass"].setText("1.22 mg")
    first, other = (side for side in widget.result.result.sides if not side.twin)
    assert (first.second, other.second) == (False, True)
    np.testing.assert_allclose(other.change.scan.values, first.change.scan.values / 2, rtol=1e-9)
    assert [curve.style for curve in widget.plot.drawn].count("triangles") == 7
    assert len(rows_of(widget.table)) == 21
    # One that cannot be worked out says so, and the others stay.
    widget.form.fields["per"].setCurrentText("per mass")
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: bool(found.result.refused)):
        widget.form.fields["second_mass"].setText("")
    assert "needs the sample's mass" in widget.said.text()
    assert len(widget.result.result.sides) == 2


def test_bad_input_is_one_sentence_and_cancelling_loses_nothing(entropy, panel, qtbot, monkeypatch):
    layer, widget = entropy
    before, started = widget.result, threading.Event()

    def slow(*args, stop=None, **options):
        started.set()
        stop.wait(10)
        raise Cancelled

    with monkeypatch.context() as patched:
        patched.setattr("napari_scantwin.analyses.entropy_change.calculate", slow)
        widget.button.click()
        assert started.wait(5)
        assert widget.button.text() == "Cancel"
        with qtbot.waitSignal(widget.job.cancelled, timeout=2000):
            widget.button.click()
    assert widget.button.text() == "Calculate"
    assert widget.result is before
    widget.form.fields["fields"].setText("high")
    qtbot.waitUntil(lambda: "Final fields: 'high' is no range" in told(widget))
    widget.form.fields["fields"].setText("90000")
    qtbot.waitUntil(lambda: "None of the final fields lies within the measured" in told(widget))
    assert widget.result is before
    assert widget.table.rowCount() == 14
    widget.form.fields["fields"].setText("50000")
    qtbot.waitUntil(lambda: widget.table.rowCount() == 2, timeout=10_000)
    # One field only: all sweeps but one are left out.
    scan = scan_of(layer)
    ScanLayer(layer).set_twin(None)
    ScanLayer(layer).set_scan(scans.with_masked(scan, scans.sweep_numbers(scan) > 0))
    panel.analyse.refresh()
    qtbot.waitUntil(lambda: "ne field only" in told(widget) or "one of the final" in told(widget))


def test_a_second_measurement_in_tesla_is_shown_in_the_firsts_oersted(twin_of):
    first = twin_of(ERCO2).scan
    field = first["magnetic_field"]
    attrs = {**field.attrs, "units": "T"}
    second = first.assign_coords(magnetic_field=(field.dims, field.values * 1e-4, attrs))
    sample = Sample(mass="0.61 mg")
    settings = EntropySettings(np.array([2e4, 5e4]))
    result = calculate([Source(first), Source(second, name="other")], [sample, sample], settings)
    own, other = result.sides
    np.testing.assert_allclose(other.change.scan["magnetic_field"].values, [2e4, 5e4], rtol=1e-9)
    np.testing.assert_allclose(other.change.scan.values, own.change.scan.values, rtol=1e-9)
    np.testing.assert_allclose([one.field for one in other.figures], [2e4, 5e4], rtol=1e-9)
    assert {one.field_unit for one in other.figures} == {"Oe"}


def test_the_entropy_change_is_cut_as_the_scan_is(entropy, panel, qtbot, tmp_path):
    layer, widget = entropy
    qtbot.waitUntil(lambda: len(derived_layers(panel._viewer, layer)) == 3)
    panel.tabs.setCurrentIndex(4)
    panel.cuts.subject.choose("entropy change")
    assert panel.cuts.add_line(
        {"magnetic_field": 5e4, "temperature": 20.0}, {"magnetic_field": 5e4, "temperature": 50.0}
    )
    points, curve = panel.cuts.values_of(panel.cuts.lines[0])
    sweeps, twin = (side.map for side in widget.result.result.sides)
    np.testing.assert_allclose(points.values, sweeps.sel(magnetic_field=5e4, temperature=slice(20, 50)).values)
    expected = twin.sel(magnetic_field=5e4).interp(temperature=curve.running).values
    np.testing.assert_allclose(curve.values, expected, rtol=1e-6)
    assert (curve.errors >= 0).all()
    assert panel.cuts.plot.widget.getAxis("left").labelText.replace("<br>", " ").startswith("isothermal entropy change")
    assert panel.cuts.export(tmp_path / "cut.csv")
    assert "entropy_change (J/K/kg)" in (tmp_path / "cut.csv").read_text()
    # Another result is drawn in the same cut.
    panel.tabs.setCurrentIndex(5)
    widget.form.fields["mass"].setText("1.22 mg")

    def shown():
        return panel.cuts.plot._drawn[panel.cuts.lines[0].key].points.data["y"]

    qtbot.waitUntil(lambda: np.allclose(shown(), points.values / 2), timeout=20_000)
    np.testing.assert_allclose(panel.cuts.values_of(panel.cuts.lines[0])[1].values, curve.values / 2)
    panel.cuts.subject.choose("the scan and its twin")
    panel.cuts.add_line()
    assert panel.cuts.lines[1].layer is layer


def test_maps_of_another_size_are_shown_in_the_same_layers(entropy, panel, qtbot):
    layer, widget = entropy
    qtbot.waitUntil(lambda: len(derived_layers(panel._viewer, layer)) == 3)
    (points,) = derived_layers(panel._viewer, layer, "entropy change of the sweeps")
    before = len(points.data)
    # From zero field on, the lowest sweep has an entropy change too.
    widget.form.fields["start"].setCurrentText("zero field, with M = 0 there")
    qtbot.waitUntil(lambda: len(points.data) > before, timeout=20_000)
    assert derived_layers(panel._viewer, layer, "entropy change of the sweeps") == [points]
    table = scans.points(scan_of(points))
    assert len(table.values) == len(points.data) == 8 * 99
    np.testing.assert_allclose(points.features["value"], table.values)
    np.testing.assert_allclose(points.data, table.coordinates)
    assert len(points.face_color) == len(points.size) == len(points.data)
    assert "zero field, with M = 0 there" in widget.said.text()
