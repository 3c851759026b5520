"""Hydrogen content in a real window, on the measured resistance of loaded palladium."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.physics.calibration import Calibration
from napari_scantwin.physics.hydrogen import hydrogen_content
from napari_scantwin.readers import read
from napari_scantwin.viewer.canvas.layers import add_scan, frame_of, scan_of
from napari_scantwin.viewer.canvas.map_layers import derived_layers

from .conftest import told

PDH, ERCO2 = "pdh_resistance.csv", "erco2_magnetization.csv"
SOURCE = "made for this test"


@pytest.fixture
def curve(tmp_path):
    """A curve that rises to R/R0 = 1.8 at H/Pd = 0.7 and falls beyond it; (path, calibration)."""
    content = np.linspace(0, 1, 101)
    relative = 1.8 - 0.8 * ((content - 0.7) / 0.7) ** 2
    path = tmp_path / "curve.csv"
    path.write_text(
        "\n".join(["loading,ratio", *(f"{a:.17g},{b:.17g}" for a, b in zip(content, relative, strict=True))])
    )
    return path, Calibration(content, relative, SOURCE)


def test_a_curve_its_source_and_a_branch_are_asked_for(panel, qtbot, tmp_path, with_twin, open_scan, measured, curve):
    path, calibration = curve
    layer = with_twin(PDH)
    panel.tabs.setCurrentIndex(5)
    widget = panel.analyse.choose("Hydrogen content")
    qtbot.waitUntil(lambda: "Choose a calibration curve" in told(widget))
    widget.form.fields["curve"].choose(path)
    qtbot.waitUntil(lambda: "do not say which is H/Pd and which R/R0" in told(widget))
    widget.form.fields["content"].setText("1")
    widget.form.fields["relative"].setText("ratio")
    qtbot.waitUntil(lambda: "needs its source" in told(widget))
    widget.form.fields["curve_source"].setText(SOURCE)
    branch = widget.form.fields["branch"]
    assert [branch.itemText(k) for k in range(branch.count())] == [
        "not said",
        "rising",
        "falling",
    ]
    qtbot.waitUntil(lambda: "give that of the unloaded sample" in told(widget))
    widget.form.fields["unloaded"].setText("42 mohm")
    qtbot.waitUntil(lambda: "more than one hydrogen content on the curve" in told(widget))
    with qtbot.waitSignal(widget.shown, timeout=30_000):
        widget.form.fields["branch"].setCurrentText("rising")
    found = widget.result.result
    own = hydrogen_content(scan_of(layer), calibration, unloaded="42 mohm", branch="rising")
    assert [side.name for side in found.sides] == ["sweeps", "twin"]
    np.testing.assert_allclose(found.first.values, own.values, rtol=1e-9)
    assert SOURCE in widget.said.text()
    assert "lie outside the rising branch" in widget.said.text()
    assert widget.table.rowCount() == 14  # the sweeps and the twin at their places
    styles = [one.style for one in widget.plot.drawn]
    assert styles.count("line") == styles.count("points") == 7
    qtbot.waitUntil(lambda: len(derived_layers(panel._viewer, layer)) == 2)
    qtbot.waitUntil(lambda: not layer.visible)
    for made in derived_layers(panel._viewer, layer):
        assert frame_of(made) == frame_of(layer)
    for words, name in (("Map: H/Pd of the twin", "content.nc"), ("Table", "content.csv")):
        with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
            assert widget.export(words, tmp_path / name)
    again = read(tmp_path / "content.nc")
    np.testing.assert_array_equal(again.values, found.sides[1].map.values)
    assert again.attrs["calibration"] == SOURCE
    lines = (tmp_path / "content.csv").read_text().splitlines()
    assert f"# calibration: {SOURCE}" in lines
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert sum(int(row["readings"]) for row in rows) == scan_of(layer).size
    # A bad number loses nothing.
    widget.form.fields["unloaded"].setText("42")
    qtbot.waitUntil(lambda: "such as 12.3 mohm" in told(widget) or "12.3 mohm" in told(widget))
    assert widget.result.result is found
    open_scan(measured / ERCO2)
    assert "Hydrogen content does not fit: it needs a resistance or R/R0" in panel.analyse.others.text()


def test_a_second_measurement_stands_beside_the_first(panel, qtbot, tmp_path, with_twin, curve):
    """Another sample with its own unloaded resistance: twice the resistance, the same content."""
    path, calibration = curve
    layer = with_twin(PDH)
    scan = scan_of(layer)
    other = add_scan(panel._viewer, scan.copy(data=2 * scan.values).assign_attrs(source="other.csv"), kind="measured")
    panel.chooser.choose(layer)
    panel.tabs.setCurrentIndex(5)
    widget = panel.analyse.choose("Hydrogen content")
    widget.form.fields["content"].setText("1")
    widget.form.fields["relative"].setText("ratio")
    widget.form.fields["curve_source"].setText(SOURCE)
    widget.form.fields["curve"].choose(path)
    widget.form.fields["unloaded"].setText("42 mohm")
    widget.form.fields["branch"].setCurrentText("rising")
    widget.form.fields["second_unloaded"].setText("84 mohm")
    with qtbot.waitSignal(widget.shown, timeout=30_000, check_params_cb=lambda found: len(found.result.sides) == 3):
        widget.form.fields["second"].choose(other)
    found = widget.result.result
    assert [(side.twin, side.second) for side in found.sides] == [(False, False), (True, False), (False, True)]
    own = hydrogen_content(scan, calibration, unloaded="42 mohm", branch="rising")
    np.testing.assert_allclose(found.sides[2].content.values, own.values, rtol=1e-9)
    styles = [one.style for one in widget.plot.drawn]
    assert styles.count("points") == styles.count("line") == styles.count("triangles") == 7
    colors = [{one.color for one in widget.plot.drawn if one.style == style} for style in ("points", "triangles")]
    assert colors[0] == colors[1]
    assert widget.table.rowCount() == 21
    # The maps are those of the chosen scan alone.
    qtbot.waitUntil(lambda: len(derived_layers(panel._viewer, layer)) == 2)
    assert derived_layers(panel._viewer, other) == []
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export(f"Map: H/Pd of {other.name}", tmp_path / "second.nc")
    np.testing.assert_array_equal(read(tmp_path / "second.nc").values, found.sides[2].content.values)
    with qtbot.waitSignal(widget.shown, timeout=30_000):
        widget.form.fields["second_unloaded"].setText("")  # that of the first: beyond the curve, said beside its name
    assert f"{other.name}:" in widget.said.text()
