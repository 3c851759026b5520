"""Copy as Python: what was clicked, as a script."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_scantwin.core import scan as scans
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.session import scan_of


def test_what_was_clicked_is_in_the_script(panel, qtbot, open_scan, train_scan):
    layer = open_scan(sample_path("palladium_hydride"))
    panel.sweeps.table.item(1, 0).setCheckState(Qt.Unchecked)
    train_scan()
    panel.cuts.add_sweep(2)
    assert panel.menu.copy_python()
    text = QApplication.clipboard().text()
    compile(text, "script", "exec")
    masked = np.flatnonzero(scan_of(layer)["masked"].values)
    assert np.array_equal(masked, np.flatnonzero(scans.points(scan_of(layer)).sweep == 1))
    assert f"masked[{masked[0]}:{masked[-1] + 1}] = True" in text
    assert "members=2, time_budget=2.0" in text
    assert repr(panel.cuts.lines[0].cut.start["temperature"]) in text
    assert str(sample_path("palladium_hydride").absolute()) in text


def test_without_a_scan_there_is_a_sentence(panel, spoken):
    assert not panel.menu.copy_python()
    assert "Open a scan" in spoken[-1]
