"""A scan of two branches in the window: one is shown, chosen in one place, and named wherever it is."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.session import ScanLayer, scan_of

FIELDS = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 9.0])


def hysteretic():
    kelvin = np.linspace(5, 50, 46)
    passes = [(field, sense) for field in FIELDS for sense in (1, -1)]
    field = np.repeat([one for one, _ in passes], len(kelvin))
    temperature = np.concatenate([kelvin[::sense] for _, sense in passes])
    place = np.repeat([20 + 2 * one + 3 * sense for one, sense in passes], len(kelvin))
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    values = 1 / (1 + np.exp((temperature - place) / 1.5))
    about = {"sample_mass": 1.0, "sample_mass_units": "mg"}
    return scans.ragged_scan(axes, values, name="moment", unit="emu", attrs=about)


@pytest.fixture(scope="module")
def twin():
    return train(hysteretic(), TwinSettings(members=2, time_budget=0.01))


@pytest.fixture
def layer(panel, qtbot, twin):
    layer = add_scan(panel.viewer, twin.whole, kind="measured", name="hysteresis")
    panel.chooser.choose(layer)
    ScanLayer(layer).set_twin(twin)
    panel.chooser.changed.emit(layer)
    with qtbot.waitSignal(panel.simulate.simulated, timeout=60_000):
        panel.show_twin(layer)
    return layer


def names_of(panel):
    return [layer.name for layer in panel.viewer.layers]


def test_the_branch_is_chosen_once_and_said_everywhere(panel, layer, qtbot, tmp_path):
    for choice in (panel.simulate.branch, panel.cuts.branch):
        assert not choice.isHidden()
        assert [choice.combo.itemText(k) for k in range(choice.combo.count())] == ["warming", "cooling"]
        assert choice.combo.currentText() == "warming"
    assert "twin, warming: hysteresis" in names_of(panel)
    assert "Warming: " in panel.train.status.text()
    assert "\nCooling: " in panel.train.status.text()
    panel.cuts.add_along("temperature", {"magnetic_field": 2.0})
    points, curve = panel.cuts.values_of(panel.cuts.lines[0])
    warm = curve.running[np.argmin(np.abs(curve.values - 0.5))]
    with qtbot.waitSignal(panel.simulate.simulated, timeout=60_000):
        panel.cuts.branch.combo.setCurrentText("cooling")
        panel.cuts.branch.combo.activated.emit(1)
    assert ScanLayer(layer).twin.branch == "cooling"
    assert panel.simulate.branch.combo.currentText() == "cooling"
    assert "twin, cooling: hysteresis" in names_of(panel)
    assert "twin, warming: hysteresis" not in names_of(panel)
    points, curve = panel.cuts.values_of(panel.cuts.lines[0])
    cold = curve.running[np.argmin(np.abs(curve.values - 0.5))]
    assert warm - cold == pytest.approx(6, abs=0.7)
    assert len(points.values) == 46  # one branch's
    assert panel.cuts.plot._names[panel.cuts.lines[0].key][0].endswith(", cooling")
    assert panel.cuts.export(tmp_path / "cut.csv")
    written = (tmp_path / "cut.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.reader(line for line in written if not line.startswith("#")))
    assert rows[0][:2] == ["series", "branch"]
    assert {row[1] for row in rows[1:]} == {"cooling"}
    simulated = next(one for one in panel.viewer.layers if one.name.startswith("twin, "))
    assert scan_of(simulated).attrs["branch"] == "cooling"


def test_a_scan_without_branches_offers_none(panel, qtbot):
    scan = hysteretic().isel(point=slice(0, 46))
    layer = add_scan(panel.viewer, scan, kind="measured", name="plain")
    panel.chooser.choose(layer)
    assert panel.simulate.branch.isHidden()
    assert panel.cuts.branch.isHidden()
