"""Waterfalls of profiles, and planes of a cube under a line."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core.scan import axes
from napari_scantwin.samples import sample_path
from napari_scantwin.sections.planes import plane_along
from napari_scantwin.viewer.session import frame_of, scan_of

START = {"manipulator_angle": -11.0, "analyser_angle": -11.0, "energy": -0.2}
END = {"manipulator_angle": 10.0, "analyser_angle": 12.0, "energy": -0.2}


@pytest.fixture
def cube(panel, qtbot, open_scan):
    """The Cube tab on the sample cube."""
    open_scan(sample_path("arpes"))
    panel.show_tab(panel.cube)
    qtbot.wait(50)
    return panel.cube


@pytest.fixture
def waterfall(cube, qtbot):
    cube.waterfall_button.click()
    qtbot.wait(50)
    return cube.waterfall


def test_a_waterfall_stacks_edcs_at_the_crosshair_and_follows_it(cube, waterfall, qtbot):
    values = scan_of(cube.crosshair.layer).values
    assert (waterfall.axis.currentData(), waterfall.across.currentData()) == ("energy", "analyser_angle")
    assert "EDCs" in waterfall.axis.currentText()
    waterfall.count.setValue(48)
    np.testing.assert_allclose(waterfall.stacked.values, values[4])
    cube.crosshair.move(manipulator_angle=9.0)
    qtbot.waitUntil(lambda: np.allclose(waterfall.stacked.values, values[7]), timeout=2000)
    assert "manipulator angle 9 deg" in waterfall.said.text()
    cube.crosshair.average("manipulator_angle", 6.0)
    qtbot.waitUntil(lambda: np.allclose(waterfall.stacked.values, values[6:9].mean(axis=0)), timeout=2000)
    assert "over 6 deg" in waterfall.said.text()


def test_the_offset_lifts_every_curve_above_the_one_before(waterfall):
    waterfall.offset.setValue(50)
    lift = float(np.ptp(waterfall.stacked.values)) / 10
    assert waterfall.lift == pytest.approx(lift)
    for number in (0, 1, 7):
        np.testing.assert_allclose(waterfall._curves[number].yData, waterfall.stacked.values[number] + number * lift)
    assert f"{lift:.3g} count" in waterfall.offset_label.text()


def test_mdcs_for_each_energy_are_coloured_by_it(waterfall):
    waterfall.axis.setCurrentIndex(waterfall.axis.findData("analyser_angle"))
    waterfall.axis.activated.emit(waterfall.axis.currentIndex())
    assert waterfall.across.currentData() != "analyser_angle"
    waterfall.across.setCurrentIndex(waterfall.across.findData("energy"))
    waterfall.across.activated.emit(waterfall.across.currentIndex())
    assert waterfall.stacked.axis == "analyser_angle"
    assert len(waterfall._curves) == len(waterfall.stacked.places) <= 30
    colors = {curve.opts["pen"].color().name() for curve in waterfall._curves}
    assert len(colors) > len(waterfall._curves) // 2
    assert waterfall._bar.levels() == (waterfall.stacked.places.min(), waterfall.stacked.places.max())


def test_a_waterfall_is_exported_like_a_cut(waterfall, tmp_path, spoken):
    for suffix in (".csv", ".pdf", ".svg", ".png"):
        assert waterfall.export(tmp_path / f"waterfall{suffix}")
        assert (tmp_path / f"waterfall{suffix}").stat().st_size > 1000
    table = np.loadtxt(tmp_path / "waterfall.csv", delimiter=",", comments=None, skiprows=4)
    np.testing.assert_allclose(table[:, 1:].T, waterfall.stacked.values)
    assert not waterfall.export(tmp_path / "waterfall.tif")
    assert ".csv, .pdf, .svg or .png" in spoken[-1]


def test_a_line_on_the_map_becomes_a_plane_of_its_own(cube, panel, qtbot):
    first = cube.crosshair.layer
    cube.show_plane("manipulator_angle", "analyser_angle")
    qtbot.wait(50)
    cube.line_button.click()
    assert panel.tabs.currentWidget().widget() is panel.cuts
    panel.cuts.move(panel.cuts.lines[0], START, END)
    panel.cuts.averaged.setChecked(False)
    with qtbot.waitSignal(panel.cuts.planes.made, timeout=10_000) as signal:
        panel.cuts.plane_button.click()
    layer = signal.args[0]
    plane = scan_of(layer)
    assert axes(plane) == ("distance", "energy")
    line = [{axis: place[axis] for axis in ("manipulator_angle", "analyser_angle")} for place in (START, END)]
    np.testing.assert_array_equal(plane.values, plane_along(scan_of(first), *line).values)
    np.testing.assert_allclose(plane["distance"].values[-1], np.hypot(21, 23))
    assert panel.chooser.layer is layer
    assert not first.visible
    assert panel.overlay.layer is layer
    assert panel.overlay.displayed(frame_of(layer)) == (1, 0)  # the energy upwards
    assert panel.cuts.on_canvas._visible() == []  # the line lies on the other map
    panel.show_tab(panel.cube)
    assert cube.crosshair.axes == ("distance", "energy")
    # Back to the cube, as picked from the list.
    panel.chooser.combo.setCurrentIndex(0)
    panel.chooser.combo.activated.emit(0)
    assert first.visible
    assert not layer.visible
    assert len(panel.cuts.on_canvas._visible()) == 1


def test_a_band_is_averaged_into_the_plane(cube, panel, qtbot):
    cube.show_plane("manipulator_angle", "analyser_angle")
    panel.cuts.add_line({**START, "analyser_angle": 0.0}, {**END, "analyser_angle": 0.0})
    panel.cuts.width.setValue(3.0)
    panel.cuts.averaged.setChecked(True)
    with qtbot.waitSignal(panel.cuts.planes.made, timeout=10_000) as signal:
        panel.cuts.make_plane(0)
    assert "averaged over 3 deg of analyser_angle" in scan_of(signal.args[0]).attrs["line"]


def test_a_plane_of_what_has_none_is_told(panel, open_scan, spoken):
    assert not panel.cuts.make_plane(0)
    assert "line across the map" in spoken[-1]
    open_scan(sample_path("ferromagnet"))
    panel.cuts.add_line()
    assert not panel.cuts.make_plane(0)
    assert "three or more axes" in spoken[-1]
