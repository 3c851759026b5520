"""Fits in the Process tab: the dispersion over the map, figures with errors, what is done with them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.session import frame_of, scan_of

CUT = processing.apply(load_sample("arpes"), "take_slice", axis="manipulator_angle", at=0.0)


@pytest.fixture
def process(panel, qtbot):
    """The Process tab on a cut through the sample cube."""
    layer = add_scan(panel._viewer, CUT)
    fit_view(panel._viewer)
    qtbot.waitUntil(lambda: panel.chooser.layer is layer, timeout=2000)
    panel.show_tab(panel.process)
    return panel.process


@pytest.fixture
def fit(process, qtbot):
    """Fit with texts for its fields, and wait for what it finds."""

    def fit(name, **texts):
        process.choose(name)
        for field, text in texts.items():
            process.form.fields[field].setText(text)
        with qtbot.waitSignal(process.job.ended, timeout=60_000):
            assert process.apply()
        return process.results.findings

    return fit


def test_a_dispersion_lies_over_the_map_with_its_figures(process, panel, fit, tmp_path, qtbot):
    findings = fit("peaks", peaks="2", first="-250 meV", last="-0.15", crossing_start="-0.25")
    positions = findings.scans["position"]
    assert process.marks.positions is positions
    assert len(process.marks.lines) == 2
    frame = frame_of(panel.chooser.layer)
    places = process.marks.pixels(positions.isel(peak=1))
    # The band of the map is brightest where the marks are.
    for place, energy in zip(places, positions["energy"].values, strict=True):
        row, column = panel.overlay.world(*place)
        angle, at = frame.to_physical([[row, column]])[0]
        assert at == pytest.approx(energy)
        cut = CUT.sel(energy=energy, method="nearest").sel(analyser_angle=slice(2, None))
        assert abs(angle - float(cut["analyser_angle"][int(cut.argmax())])) < 1.5
    labels = [process.results.table.item(row, 0).text() for row in range(process.results.table.rowCount())]
    assert "Fermi velocity, peak 1" in labels
    assert "±" in process.results.table.item(labels.index("Fermi velocity, peak 1"), 1).text()
    image = panel.overlay.grab().toImage()
    x, y = (int(number) for number in places[0])
    assert image.pixelColor(x, y).lightness() > 200  # the second peak is white
    assert process.results.save(tmp_path / "fit.csv")
    assert "Fermi velocity" in (tmp_path / "fit.csv").read_text()
    kept = read(tmp_path / "fit-position.csv")
    np.testing.assert_allclose(np.sort(scans.points(kept).values), np.sort(positions.values.ravel()), rtol=1e-6)


def test_a_fermi_level_is_applied_as_a_step(process, panel, fit, qtbot):
    findings = fit("fermi_edge", temperature="30")
    assert process.results.use_button.text() == processing.STEPS["correct_fermi_edge"].title
    process.keep.setChecked(False)
    with qtbot.waitSignal(process.job.ended, timeout=20_000):
        process.results.use_button.click()
    shifted = processing.apply(CUT, "correct_fermi_edge", **findings.then[1])
    np.testing.assert_allclose(panel.chooser.scan["energy"].values, shifted["energy"].values)
    assert "Fermi" in process.list.item(1).text()
    assert process.results.isHidden()  # another scan now


def test_marks_vanish_with_the_scan_they_were_fitted_to(process, panel, fit, qtbot):
    fit("peaks", peaks="2", first="-0.25", last="-0.2")
    x, y = (int(number) for number in process.marks.pixels(process.marks.positions.isel(peak=1))[0])
    process.keep.setChecked(False)
    process.choose("bin")
    with qtbot.waitSignal(process.job.ended, timeout=20_000):
        process.apply()
    assert panel.overlay.grab().toImage().pixelColor(x, y).lightness() < 200
    assert scan_of(panel.chooser.layer).sizes != CUT.sizes


def test_fits_that_do_not_fit_are_grey_and_say_why(panel, qtbot):
    layer = add_scan(panel._viewer, load_sample("arpes"))
    qtbot.waitUntil(lambda: panel.chooser.layer is layer, timeout=2000)
    item = panel.process.combo.model().item(panel.process.combo.findData("peaks"))
    assert not item.isEnabled()
    assert "take a slice" in " ".join(item.toolTip().split())
