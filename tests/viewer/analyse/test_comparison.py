"""Comparison of two scans in a real window: ErCo2, and the same measured with 5 % less moment."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.physics.comparison import compare
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.layers import add_scan, frame_of, scan_of
from napari_scantwin.viewer.canvas.map_layers import derived_layers
from napari_scantwin.viewer.session import ScanLayer

from .conftest import told

ERCO2 = "erco2_magnetization.csv"


def test_two_scans_are_compared_as_maps_numbers_and_a_histogram(panel, qtbot, tmp_path, with_twin, open_scan):
    first = with_twin(ERCO2)
    panel.tabs.setCurrentIndex(5)
    widget = panel.analyse.choose("Compare two scans")
    qtbot.waitUntil(lambda: "Choose the second scan" in told(widget))
    other = open_scan(sample_path("palladium_hydride"))  # a resistance is not offered
    weaker = add_scan(panel._viewer, scan_of(first).copy(data=0.95 * scan_of(first).values), kind="measured")
    panel.chooser.choose(weaker)
    panel.tabs.setCurrentIndex(5)
    widget.form.fields["second"].refresh()
    assert [widget.form.fields["second"].itemText(k) for k in range(widget.form.fields["second"].count())] == [
        "none",
        first.name,
    ]
    assert other.name not in [
        widget.form.fields["second"].itemText(k) for k in range(widget.form.fields["second"].count())
    ]
    widget.form.fields["scale"].setChecked(True)
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["second"].choose(first)
    found = compare(scan_of(weaker), ScanLayer(first).twin, scale=True)
    assert widget.result.result.scale == found.scale
    assert found.scale.value == pytest.approx(0.95, abs=3 * found.scale.error)
    assert widget.table.item(0, 1).text() == str(found.scale)
    assert found.verdict in widget.said.text()
    assert sum(widget.plot.drawn[1].y) == pytest.approx(100)
    # The maps are points where the scan was measured, symmetrical about zero, and about one for the ratio.
    for name, middle in (("disagreement", 0.0), ("difference", 0.0), ("ratio", 1.0)):
        widget.view.setCurrentText(name)
        qtbot.waitUntil(
            lambda name=name: [one.visible for one in derived_layers(panel._viewer, weaker, name)] == [True]
        )
        (layer,) = derived_layers(panel._viewer, weaker, name)
        assert frame_of(layer) == frame_of(weaker)
        assert sum(layer.face_contrast_limits) / 2 == pytest.approx(middle, abs=1e-6)
        qtbot.waitUntil(lambda: not weaker.visible)
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("Map: difference", tmp_path / "difference.nc")
    np.testing.assert_array_equal(read(tmp_path / "difference.nc").values, found.difference.values)
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("Table", tmp_path / "numbers.csv")
    lines = [line for line in (tmp_path / "numbers.csv").read_text().splitlines() if not line.startswith("#")]
    assert float(next(csv.DictReader(lines))["value"]) == found.scale.value
    widget.on_map.setChecked(False)
    assert weaker.visible

    # Two twins give a map; one that is not there is asked for.
    widget.form.fields["first_as"].setCurrentText("twin")
    qtbot.waitUntil(lambda: "The chosen scan has no twin yet" in told(widget))
    ScanLayer(weaker).set_twin(ScanLayer(first).twin)
    widget.on_map.setChecked(True)
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        panel.analyse.refresh()
    widget.view.setCurrentText("difference")
    qtbot.waitUntil(
        lambda: [type(one).__name__ for one in derived_layers(panel._viewer, weaker, "difference")] == ["Image"]
    )
    assert widget.result.result.scale.value == pytest.approx(1, abs=1e-6)
    assert widget.result.result.difference.shape == (80, 160)


@pytest.mark.parametrize("title", ["Compare two scans", "Hydrogen content"])
def test_what_is_still_needed_is_seen_without_scrolling(panel, qtbot, with_twin, analysed, title):
    with_twin("pdh_resistance.csv")
    for other in ("Transitions", "What to measure next"):  # which are high
        analysed(other)
    widget = panel.analyse.choose(title)
    qtbot.waitUntil(lambda: told(widget) != "")
    for part in (widget.said, widget.button):
        qtbot.waitUntil(lambda part=part: part.visibleRegion().boundingRect() == part.rect())
