"""The search in a real window: its trials, live and afterwards."""

from __future__ import annotations

import pytest

from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.session import ScanLayer, scan_of


@pytest.mark.slow
def test_trials_are_listed_sorted_and_gone_on_with(panel, qtbot, tmp_path, open_scan, train_scan):
    layer = open_scan(sample_path("palladium_hydride"))
    window = panel.train.trials_window
    assert not panel.train.trials_button.isVisibleTo(panel.train)
    panel.train.trials.setValue(5)
    panel.train.storage.setText(str(tmp_path / "search.journal"))
    seen = []
    panel.train.job.progressed.connect(lambda news: seen.append(window.table.rowCount()))
    train_scan(budget=0)
    assert set(seen) & {1, 2, 3, 4}, "trials are shown while the search runs"
    assert panel.train.trials_button.isVisibleTo(panel.train)
    twin = ScanLayer(layer).twin
    assert len(twin.trials) == 5
    window.show()
    assert [window.table.item(row, 0).text() for row in range(5)] == [
        str(trial.number) for trial in sorted(twin.trials, key=lambda trial: trial.error)
    ]
    window.table.sortItems(0)
    assert [window.table.item(row, 0).text() for row in range(5)] == list("01234")
    lines = len(window.plot.getPlotItem().listDataItems())
    assert lines == 5
    window.table.selectRow(2)
    assert len(window.plot.getPlotItem().listDataItems()) == lines
    assert len(window.plot.picture.describe().curves) == lines
    copied = window.plot.picture.numbers().splitlines()
    assert len(copied) == 6
    assert copied[0].startswith("trial\terror")
    unit = scan_of(layer).attrs["units"]
    assert window.table.horizontalHeaderItem(1).text() in (f"error / {unit}", "error / Ω")

    # Its journal being lost, a search goes on from the twin that is there.
    panel.train.storage.setText(str(tmp_path / "another.journal"))
    panel.train.trials.setValue(6)
    train_scan(budget=0)
    best = min(twin.trials, key=lambda trial: trial.error)
    assert ScanLayer(layer).twin.trials[0].settings == best.settings
