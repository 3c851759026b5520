"""Steps are found by typing, seen before they are applied, and fits show data and window on a plot."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_scantwin import processing
from napari_scantwin.samples import load_sample, sample_path
from napari_scantwin.viewer.session import frame_of, scan_layers, scan_of

RAW = load_sample("arpes")


@pytest.fixture
def process(panel, qtbot, open_scan):
    """The Process tab on the sample cube, at a slice off the middle."""
    open_scan(sample_path("arpes"))
    panel.show_tab(panel.process)
    panel._viewer.dims.set_point(0, 0.8 * panel._viewer.dims.range[0].stop)
    return panel.process


def value_of_slider(panel, layer) -> float:
    return float(frame_of(layer).to_physical(panel._viewer.dims.point)[0])


def test_a_step_is_found_by_what_it_does_and_greyed_ones_are_not_taken(process, qtbot):
    line = process.combo.lineEdit()
    for typed, name in (("gaussian", "smooth"), ("bin", "bin"), ("kz", "bin"), ("nonsense", "bin")):
        line.selectAll()
        qtbot.keyClicks(line, typed)
        found = process.combo._finder.completionModel()
        titles = [found.index(row, 0).data() for row in range(found.rowCount())]
        assert ("Smooth" in titles) == (typed == "gaussian")
        qtbot.keyClick(line, Qt.Key_Return)
        assert process.step.name == name, typed
        assert line.text() == process.step.title


def test_a_preview_shows_the_result_follows_the_form_and_goes(process, panel, qtbot):
    layer, viewer = panel.chooser.layer, panel._viewer
    before = (viewer.scene.camera.zoom, tuple(viewer.dims.point))
    process.choose("smooth")
    process.previewing.setChecked(True)
    qtbot.waitUntil(lambda: process.preview.layer is not None, timeout=20_000)
    shown = process.preview.layer
    usual = processing.apply(RAW, "smooth")
    np.testing.assert_array_equal(scan_of(shown).values, usual.values)
    assert (panel.chooser.layer, scan_of(layer).attrs.get(processing.HISTORY)) == (layer, None)
    assert (viewer.scene.camera.zoom, tuple(viewer.dims.point)) == before
    assert not layer.visible
    canvas = viewer.screenshot(canvas_only=True, flash=False)
    assert canvas[..., :3].std() > 10  # a picture, not an empty canvas
    process.form.fields["fwhm"].setText("0.2")
    qtbot.waitUntil(lambda: process.preview.layer not in (None, shown), timeout=20_000)
    wide = processing.apply(RAW, "smooth", fwhm=0.2)
    np.testing.assert_array_equal(scan_of(process.preview.layer).values, wide.values)
    process.form.fields["fwhm"].setText("-1")
    assert process.preview.layer is None
    assert "must be above 0 eV" in process.reason.words
    assert layer.visible
    process.choose("bin")
    assert not process.previewing.isChecked()
    assert scan_layers(viewer) == [layer]
    assert process.reason.words == ""


def test_a_preview_of_other_axes_and_a_step_keep_the_slice_that_was_shown(process, panel, qtbot):
    layer = panel.chooser.layer
    at = value_of_slider(panel, layer)
    process.choose("to_momentum")
    process.form.fields["kinetic_energy"].setText("16.7")
    process.previewing.setChecked(True)
    qtbot.waitUntil(lambda: process.preview.layer is not None, timeout=20_000)
    assert frame_of(process.preview.layer).axes[0] == "ky"
    with qtbot.waitSignal(process.job.ended, timeout=20_000):
        assert process.apply()
    made = panel.chooser.layer
    momentum = 0.5123 * np.sqrt(16.7) * np.sin(np.deg2rad(at))
    step = np.ptp(scan_of(made)["ky"].values) / (scan_of(made).sizes["ky"] - 1)
    assert abs(value_of_slider(panel, made) - momentum) < step
    assert len(scan_layers(panel._viewer)) == 2


def test_a_fit_shows_its_data_its_curve_and_a_window_that_is_dragged(process, panel, qtbot):
    process.choose("fermi_edge")
    plot = process.plots.plot
    qtbot.waitUntil(lambda: len(plot.drawn) == 1, timeout=20_000)
    assert len(plot.drawn[0].x) == RAW.sizes["energy"]
    np.testing.assert_allclose(plot.window.getRegion(), (-0.75, 0.15))
    with qtbot.waitSignal(process.job.ended, timeout=60_000):
        assert process.apply()  # its defaults
    level = dict(process.results.findings.figures)["Fermi level"]
    assert abs(level.value) < 3 * level.error < 0.01
    assert [curve.style for curve in plot.drawn] == ["points", "line"]
    low, high = plot.window.getRegion()
    assert (low, high) == (plot.drawn[1].x.min(), plot.drawn[1].x.max())
    assert low > -0.2  # no bands, which the model does not describe
    first = process.results.findings
    plot.window.setRegion((-0.12, 0.1))
    assert (process.form.fields["start"].text(), process.form.fields["stop"].text()) == ("-0.12", "0.1")
    qtbot.waitUntil(lambda: process.results.findings not in (None, first), timeout=60_000)
    assert plot.drawn[1].x.min() >= -0.12
    process.choose("bin")
    assert process.results.findings is None
    assert process.results.isHidden()
    assert not plot.widget.isVisible()


def test_a_typed_window_moves_the_one_on_the_plot(process, panel, qtbot):
    process.choose("fermi_edge")
    qtbot.waitUntil(lambda: len(process.plots.plot.drawn) == 1, timeout=20_000)
    process.form.fields["start"].setText("-200 meV")
    qtbot.waitUntil(lambda: abs(process.plots.plot.window.getRegion()[0] + 0.2) < 1e-9, timeout=20_000)
