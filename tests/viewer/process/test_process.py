"""The Process tab: forms from the steps' own descriptions, apply, undo, save and replay."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.samples import load_sample, sample_path
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.kit.form import ParameterForm
from napari_scantwin.viewer.session import ScanLayer, scan_layers, scan_of

RAW = load_sample("arpes")


@pytest.fixture
def process(panel, qtbot, open_scan):
    """The Process tab on the sample cube."""
    open_scan(sample_path("arpes"))
    panel.show_tab(panel.process)
    return panel.process


@pytest.fixture
def applied(process, qtbot):
    """Apply a step with texts for its fields, and wait until it is on screen; returns the chosen scan."""

    def applied(name, keep=True, **texts):
        process.keep.setChecked(keep)
        process.choose(name)
        for field, text in texts.items():
            widget = process.form.fields[field]
            if isinstance(widget, QComboBox):
                widget.setCurrentIndex(widget.findData(text))
            elif isinstance(widget, QCheckBox):
                widget.setChecked(text)
            else:
                widget.setText(text)
        with qtbot.waitSignal(process.job.ended, timeout=20_000):
            assert process.apply()
        return process._chooser.scan

    return applied


@pytest.mark.parametrize("name", processing.STEPS)
def test_every_step_has_a_form_with_its_defaults(name, qtbot):
    step = processing.STEPS[name]
    form = ParameterForm()
    qtbot.addWidget(form)
    form.show_parameters(step.parameters, RAW)
    assert list(form.fields) == [one.name for one in step.parameters]
    if step.why_not(RAW) is None:
        needed = [one for one in step.parameters if not one.optional and isinstance(form.fields[one.name], QLineEdit)]
        if not any("needed" in form.fields[one.name].placeholderText() for one in needed):
            step.checked(RAW, form.given())  # what is left empty has a default that will do


def test_units_follow_the_axis_that_is_chosen(process):
    process.choose("smooth")
    axis, width = process.form.fields["axis"], process.form.fields["fwhm"]
    axis.setCurrentIndex(axis.findData("energy"))
    assert width.placeholderText().endswith("eV")
    axis.setCurrentIndex(axis.findData("analyser_angle"))
    assert width.placeholderText().endswith("deg")
    assert float(width.placeholderText().split()[0]) > 0


def test_a_step_makes_a_layer_of_its_own_and_keeps_the_scan(process, panel, applied):
    first = panel.chooser.layer
    scan = applied("smooth", axis="energy", fwhm="60 meV")
    np.testing.assert_array_equal(scan.values, processing.apply(RAW, "smooth", axis="energy", fwhm=0.06).values)
    assert panel.chooser.layer is not first
    np.testing.assert_array_equal(scan_of(first).values, RAW.values)
    assert panel.chooser.layer.name == "smooth · arpes.nc"
    assert "0.06 eV" in process.list.item(0).text()
    assert process.said.text().startswith("Done: Smooth")


def test_steps_in_place_are_undone_one_by_one(process, panel, applied, qtbot):
    layer = panel.chooser.layer
    applied("smooth", keep=False, axis="energy", fwhm="0.06")
    applied("second_derivative", keep=False, axis="energy")
    assert panel.chooser.layer is layer
    expected = processing.apply(RAW, "smooth", axis="energy", fwhm=0.06)
    sharp = processing.apply(expected, "second_derivative", axis="energy")
    np.testing.assert_array_equal(scan_of(layer).values, sharp.values)
    np.testing.assert_allclose(layer.data, sharp.values, rtol=1e-6)
    assert process.list.count() == 2
    for values, left in ((expected.values, 1), (RAW.values, 0)):
        with qtbot.waitSignal(process.job.ended, timeout=20_000):
            process.undo_button.click()
        np.testing.assert_array_equal(scan_of(layer).values, values)
        assert process.list.count() == left
    assert not process.undo_button.isEnabled()


def test_other_axes_take_the_scan_s_place_and_come_back(process, panel, applied, qtbot):
    before = len(panel._viewer.layers)
    scan = applied("take_slice", keep=False, axis="manipulator_angle", at="3 deg")
    assert scan.dims == ("analyser_angle", "energy")
    assert len(panel._viewer.layers) == before
    momentum = applied("to_momentum", keep=False, scanned_angle="3", photon_energy="21.2", work_function="4.5")
    expected = processing.apply(scan, "to_momentum", scanned_angle=3, photon_energy=21.2, work_function=4.5)
    assert momentum.dims == expected.dims != scan.dims
    np.testing.assert_array_equal(momentum.values, expected.values)
    assert panel.overlay.layer is panel.chooser.layer
    for _ in range(2):
        with qtbot.waitSignal(process.job.ended, timeout=20_000):
            process.undo_button.click()
    np.testing.assert_array_equal(panel.chooser.scan.values, RAW.values)


def test_a_twin_s_maps_do_not_outlive_what_it_was_trained_on(process, panel, applied):
    layer = panel.chooser.layer
    simulated = add_scan(panel._viewer, RAW.copy(), kind="simulated", name="arpes.nc simulated")
    ScanLayer(simulated).measured = layer
    found = {"spikes": np.zeros((0, 3)), "branches": (), "misfits": (), "verdict": "", "made_of": ""}
    ScanLayer(layer).set_twin(SimpleNamespace(**found))  # what is looked at of a twin while it stands there
    applied("smooth", keep=False, axis="energy")
    assert not simulated.visible
    assert result_of(layer, "simulated", panel._viewer) is None
    assert ScanLayer(layer).twin is None
    assert panel.overlay.layer is layer


def test_steps_are_saved_and_replayed_on_another_scan(process, panel, applied, open_scan, qtbot, tmp_path):
    applied("bin", keep=False, axis="energy", count="2")
    scan = applied("normalise_by_area", keep=False, axis="energy")
    assert process.save(tmp_path / "steps.json")
    assert len(json.loads((tmp_path / "steps.json").read_text())["steps"]) == 2
    open_scan(sample_path("arpes"))
    assert process.list.count() == 0
    process.keep.setChecked(True)
    with qtbot.waitSignal(process.job.ended, timeout=20_000):
        assert process.replay(tmp_path / "steps.json")
    np.testing.assert_array_equal(panel.chooser.scan.values, scan.values)
    assert panel.chooser.layer.name.startswith("steps · ")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"steps": 3}', b'{"steps": [{"step": 1}]}', b"\xff\xfe\x00", b'{"steps": ' + b"[" * 99999]
)
def test_a_file_that_holds_no_steps_is_told(content, process, panel, tmp_path, spoken):
    (tmp_path / "bad.json").write_bytes(content)
    assert not process.replay(tmp_path / "bad.json")
    assert "bad.json holds no steps" in spoken[-1]
    np.testing.assert_array_equal(panel.chooser.scan.values, RAW.values)


def test_what_will_not_do_is_told_and_nothing_is_lost(process, panel, spoken, qtbot):
    process.choose("smooth")
    for text, sentence in (("-1", "must be"), ("3 K", "cannot be converted"), ("wide", "is a number such as")):
        process.form.fields["fwhm"].setText(text)
        assert not process.apply()
        assert sentence in spoken[-1]
    process.choose("bin")
    process.form.fields["count"].setText("many")
    assert not process.apply()
    assert "whole number" in spoken[-1]
    assert not process.replay("/nowhere/steps.json")
    assert "could not be read" in spoken[-1]
    assert len(scan_layers(panel._viewer)) == 1


def test_a_long_step_is_stopped_and_nothing_is_changed(process, panel, qtbot):
    process.choose("deconvolve_richardson_lucy")
    process.form.fields["rounds"].setText("10000")
    process.apply_button.click()
    assert process.apply_button.text() == "Stop"
    assert not process.progress.isHidden()
    qtbot.wait(100)
    with qtbot.waitSignal(process.job.cancelled, timeout=5000):
        process.apply_button.click()
    qtbot.waitUntil(lambda: process.apply_button.text() == "Apply", timeout=2000)
    assert process.progress.isHidden()
    assert len(scan_layers(panel._viewer)) == 1
    assert "Stopped" in process.said.text()


def test_steps_that_do_not_fit_are_grey_and_say_why(process, panel, open_scan):
    row = process.combo.findData("to_kz")
    item = process.combo.model().item(row)
    assert not item.isEnabled()
    assert "axis of photon energy" in " ".join(item.toolTip().split())
    open_scan(sample_path("ferromagnet"))
    smooth = process.combo.model().item(process.combo.findData("smooth"))
    assert not smooth.isEnabled()
    assert "grid" in smooth.toolTip()
    assert "no grid" in process.said.text()
    assert process.step.name == "mend_sweeps"  # whether they lie on a grid or not
    assert process.apply_button.isEnabled()


def test_sweeps_on_no_grid_give_way_to_their_twins_map(process, panel, open_scan, qtbot):
    layer = open_scan(sample_path("ferromagnet"))
    assert process.subject.isHidden()
    axes = {"magnetic_field": (np.linspace(100, 50_000, 12), "Oe"), "temperature": (np.linspace(10, 60, 31), "K")}
    map_ = scans.gridded_scan(axes, np.ones((12, 31)), name="moment", unit="emu", attrs={"kind": "simulated"})
    twin = add_scan(panel._viewer, map_, name="twin: ferromagnet")
    ScanLayer(twin).measured = layer
    process.subject.refresh()
    assert process.subject.currentText() == "twin: ferromagnet"
    assert not process.keep.isEnabled()  # a map is not replaced
    process.choose("smooth")
    assert process.apply_button.isEnabled()
    with qtbot.waitSignal(process.job.ended, timeout=20_000):
        process.apply_button.click()
    assert panel.chooser.layer.name == "smooth · twin: ferromagnet"
    assert scan_of(twin) is map_
    assert process.keep.isEnabled()
    panel.chooser.choose(layer)
    process.subject.setCurrentIndex(0)
    assert "no grid" in process.said.text()
