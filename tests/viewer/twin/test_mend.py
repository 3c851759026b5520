"""A wrong sweep and a spike are named in the Train tab, and mended with one click each."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.processing import history
from napari_scantwin.viewer.session import ScanLayer, scan_of
from napari_scantwin.writers import write

FIELDS = np.linspace(1, 9, 9)
KELVIN = np.linspace(5, 50, 46)


def moment(field, kelvin):
    return 4 / (1 + np.exp((kelvin - 15 - 2 * field) / 3)) + 0.05 * field


@pytest.fixture
def wrong_scan(tmp_path):
    """Nine sweeps, the fifth of which reads six per cent high, with a spike in the third and in the seventh."""
    field, kelvin = (axis.ravel() for axis in np.meshgrid(FIELDS, KELVIN, indexing="ij"))
    values = moment(field, kelvin) * np.where(field == 5, 1.06, 1)
    values += 0.004 * np.random.default_rng(1).normal(size=len(values))
    values[[2 * 46 + 20, 6 * 46 + 12]] += 1.5
    axes = {"magnetic_field": (1e3 * field, "Oe"), "temperature": (kelvin, "K")}
    scan = scans.ragged_scan(axes, values, name="moment", unit="emu")
    (path,) = write(scan, tmp_path / "wrong.nc")
    return path


def shown(widget):
    return not widget.isHidden()


def test_a_wrong_sweep_is_mended_and_the_mending_is_undone(panel, qtbot, wrong_scan, open_scan, train_scan):
    layer = open_scan(wrong_scan)
    raw = scan_of(layer)
    train_scan(0)
    bar = panel.train.mend
    assert "The sweep at 5000 Oe reads about" in panel.train.status.text()
    assert "2 readings stand far off" in panel.train.status.text()
    assert all(map(shown, (bar, bar.leave_button, bar.fit_button, bar.spikes_button)))
    assert bar.fit_button.text() == "Fit its scale"
    assert "Readings divided by 1.0" in bar.fit_button.toolTip()
    with qtbot.waitSignal(panel.simulate.simulated, timeout=240_000):
        bar.fit_button.click()
    layer = panel.chooser.layer
    twin = ScanLayer(layer).twin
    (entry,) = history(scan_of(layer))
    assert entry["parameters"]["scale"] == pytest.approx(0.06, abs=4 * entry["parameters"]["scale_error"] + 0.002)
    assert "Mended the sweep at 5000 Oe: readings divided by 1.06" in panel.train.status.text()
    assert not twin.misfits
    assert not shown(bar.fit_button)
    places = np.stack(np.meshgrid(np.linspace(1000, 9000, 17), KELVIN, indexing="ij"), axis=-1).reshape(-1, 2)
    missed = twin.predict(places)[0] - moment(places[:, 0] / 1000, places[:, 1])
    assert np.sqrt(np.mean(missed**2)) < 0.003 * 4.5
    with qtbot.waitSignal(bar.job.ended, timeout=20_000):
        bar.undo_button.click()
    assert history(scan_of(panel.chooser.layer)) == []
    np.testing.assert_array_equal(scan_of(panel.chooser.layer).values, raw.values)


def test_a_sweep_is_left_out_and_spikes_are_masked_with_one_click(panel, qtbot, wrong_scan, open_scan, train_scan):
    layer = open_scan(wrong_scan)
    train_scan(0)
    assert len(panel.spike_marks.pixels()) == 2
    places = ScanLayer(layer).twin.spikes
    np.testing.assert_allclose(places[np.argsort(places[:, 0])], [[3000, KELVIN[20]], [7000, KELVIN[12]]])
    panel.train.mend.spikes_button.click()
    masked = scan_of(layer)["masked"].values
    assert np.flatnonzero(masked).tolist() == [2 * 46 + 20, 6 * 46 + 12]
    assert not shown(panel.train.mend.spikes_button)
    assert shown(panel.train.mend.leave_button)
    with qtbot.waitSignal(panel.simulate.simulated, timeout=240_000):
        panel.train.mend.leave_button.click()
    field = np.repeat(FIELDS, 46)
    assert scan_of(layer)["masked"].values[field == 5].all()
    assert scan_of(layer)["masked"].values.sum() == 48
    assert not shown(panel.train.mend)
    panel.show_tab(panel.sweeps)
    panel.sweeps.unmask_all()
    assert not scan_of(layer)["masked"].values.any()
