"""What to measure next in a real window, on the measured R(T, H) of hydrogen-loaded palladium."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from napari_scantwin.analyses.what_next import COURSE, STEP
from napari_scantwin.core import scan as scans
from napari_scantwin.planning import TimeModel, TransitionTemperature, as_text, check_steps, plan_points, plan_sweeps
from napari_scantwin.viewer.canvas.layers import add_scan, scan_of
from napari_scantwin.viewer.canvas.map_layers import derived_layers
from napari_scantwin.viewer.session import ScanLayer

from .conftest import told

PDH = "pdh_resistance.csv"


@pytest.fixture
def planning(with_twin, analysed):
    """What to measure next of loaded palladium; (layer, twin, widget)."""
    layer = with_twin(PDH)
    return layer, ScanLayer(layer).twin, analysed("What to measure next")


def test_the_list_is_that_of_the_planner_drawn_copied_and_saved(planning, panel, qtbot, tmp_path):
    layer, twin, widget = planning
    plan = plan_sweeps(twin, 3)
    assert widget.list.toPlainText() == as_text(plan)
    widget.copy.click()
    assert QApplication.clipboard().text() == as_text(plan)
    curve, marks = widget.plot.drawn
    np.testing.assert_allclose(np.sort(marks.x), sorted(one.value for one in plan.proposals))
    assert curve.y.max() == pytest.approx(100 * plan.gains.max())
    qtbot.waitUntil(lambda: derived_layers(panel._viewer, layer, "proposed sweeps") != [])
    (lines,) = derived_layers(panel._viewer, layer, "proposed sweeps")
    fields = lines.data[:, 0]
    np.testing.assert_allclose(np.unique(fields.round(3)), sorted(one.value for one in plan.proposals), rtol=1e-5)
    for words, name, says in (
        ("List of sweeps, text", "next.txt", "takes"),
        ("List of sweeps, CSV", "next.csv", "rank,magnetic_field (Oe)"),
        ("List of sweeps, MultiVu sequence", "next.seq", "FLD FIELD"),
        ("Table", "curve.csv", "squared error taken away"),
    ):
        with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
            assert widget.export(words, tmp_path / name)
        assert says in (tmp_path / name).read_text()
    widget.on_map.setChecked(False)
    assert not lines.visible


def test_single_points_are_proposed_drawn_copied_and_saved(planning, panel, qtbot, tmp_path):
    layer, twin, widget = planning
    viewer, form = panel._viewer, widget.form.fields
    qtbot.waitUntil(lambda: derived_layers(viewer, layer, "proposed sweeps") != [])
    form["count"].setText("6")
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: found.result.points):
        form["propose"].setCurrentText("single points")
    plan = plan_points(twin, 6)
    assert widget.list.toPlainText() == as_text(plan)
    assert form["quantity"].isHidden()
    assert form["returns"].isHidden()
    np.testing.assert_allclose(widget.plot.drawn[0].y, plan.errors)
    qtbot.waitUntil(lambda: derived_layers(viewer, layer, "proposed points") != [])
    (dots,) = derived_layers(viewer, layer, "proposed points")
    places = dots.data
    wanted = np.array([[one.place[name] for name in twin.axes] for one in plan.proposals])
    np.testing.assert_allclose(places, wanted, rtol=1e-4)
    (lines,) = derived_layers(viewer, layer, "proposed sweeps")
    qtbot.waitUntil(lambda: dots.visible and not lines.visible)
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("List of points, CSV", tmp_path / "next.csv")
    assert (tmp_path / "next.csv").read_text().startswith("rank,magnetic_field (Oe),temperature (K)")
    assert "List of points, MultiVu sequence" not in widget.exports()

    # By what a minute tells, from where the axes are.
    form["timed"].setChecked(True)
    form["start"].setText("0")
    qtbot.waitUntil(lambda: "a number for each of magnetic_field, temperature" in told(widget))
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: found.result.model is not None):
        form["start"].setText("0, 5")
    at = {"magnetic_field": 0.0, "temperature": 5.0}
    plan = plan_points(twin, 6, cost=TimeModel.of(scan_of(layer)), at=at)
    assert widget.list.toPlainText() == as_text(plan)
    assert "min in all" in as_text(plan)
    assert widget.plot.drawn[0].x[-1] == pytest.approx(plan.minutes)
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: not found.result.points):
        form["start"].setText("")
        form["propose"].setCurrentText("whole sweeps")
    qtbot.waitUntil(lambda: lines in viewer.layers and lines.visible and not dots.visible)


def test_a_budget_counts_minutes_and_bad_input_is_a_sentence(planning, qtbot):
    layer, twin, widget = planning
    form, before = widget.form.fields, widget.result
    for field, text, says in (
        (form["budget"], "4", "The budget is a number and a unit, such as 4 h"),
        (form["among"], "high", "The values to choose among: 'high' is no range"),
        (form["target"], "small", "Error to reach is a number such as"),
        (form["point"], "ten", "The time of a point is a number and a unit"),
    ):
        kept = field.text()
        form["timed"].setChecked(True)
        field.setText(text)
        qtbot.waitUntil(lambda says=says: says in told(widget))
        field.setText(kept)
    assert widget.list.toPlainText() != ""
    form["among"].setText("0:9000")
    form["count"].setText("20")
    form["start"].setText("0")
    with qtbot.waitSignal(
        widget.shown, timeout=20_000, check_params_cb=lambda found: "budget" in found.result.plan.reason
    ):
        form["budget"].setText("2 h")
    plan = plan_sweeps(twin, 20, within=(0, 9000), cost=TimeModel.of(scan_of(layer), start=0.0), budget=120)
    assert widget.result.result.plan.order == plan.order
    assert plan.minutes <= 120
    assert f"{plan.minutes:.0f} min in all" in widget.list.toPlainText()
    assert widget.result is not before


def test_the_step_and_the_course_are_answered(planning, panel, qtbot):
    layer, twin, widget = planning
    form = widget.form.fields
    form["question"].setCurrentText(STEP)
    qtbot.waitUntil(lambda: "Say how far the number may be" in told(widget))
    form["tolerance"].setText("0.05")
    qtbot.waitUntil(lambda: "Choose a number that is read from the map" in told(widget))
    form["quantity"].setCurrentText("transition")
    form["at"].setText("3000")
    with qtbot.waitSignal(widget.shown, timeout=30_000, check_params_cb=lambda found: hasattr(found.result, "check")):
        pass
    check = check_steps(twin, TransitionTemperature(3000.0), 0.05)
    assert check.verdict in widget.said.text()
    assert widget.list.isHidden()
    np.testing.assert_allclose(widget.plot.drawn[1].y, check.values)

    # A longer scan: what was measured before is known, what is new was predicted by the earlier twin.
    form["question"].setCurrentText(COURSE)
    qtbot.waitUntil(lambda: "press Calculate to replay" in told(widget))
    table = scans.points(twin.scan)
    kelvin = np.linspace(2.2, 6.8, 60)
    predicted = twin.predict(np.stack([np.full(60, 2000.0), kelvin], axis=1))[0]
    longer = scans.ragged_scan(
        {
            "magnetic_field": (np.append(table.coordinates[:, 0], np.full(60, 2000.0)), "Oe"),
            "temperature": (np.append(table.coordinates[:, 1], kelvin), "K"),
        },
        np.append(table.values, predicted + 0.01),
        name=str(twin.scan.name),
        unit="ohm",
    )
    added = add_scan(panel._viewer, longer, kind="measured")
    panel.chooser.choose(added)
    with qtbot.waitSignal(widget.shown, timeout=20_000, check_params_cb=lambda found: hasattr(found.result, "course")):
        form["second"].choose(layer)
    assert "Sweeps: 7 known, 1 new (2000)" in widget.said.text()
    steps = widget.result.result.course.steps
    assert [step.sweeps for step in steps] == [7, 8]
    assert steps[1].surprises[0] == pytest.approx(0.01, rel=0.3)  # the readings' noise is taken off
    assert "Not converged" in widget.said.text()
