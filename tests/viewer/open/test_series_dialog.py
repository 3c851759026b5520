"""A folder of cuts opened in the real window: asked what was scanned where nothing says it."""

from __future__ import annotations

import threading
from pathlib import Path

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsScannedAxis
from napari_scantwin.readers.series.scanned_axis import ScannedAxis
from napari_scantwin.viewer.open.opening import OpeningPlan
from napari_scantwin.viewer.open.series_dialog import SeriesDialog
from napari_scantwin.viewer.plugin import get_reader
from napari_scantwin.viewer.session import scan_of

CUT = """[Info]
Number of Regions=0001
[Region 1]
Region Name=cut
Dimension 1 name=Kinetic Energy [eV]
Dimension 1 size=3
Dimension 1 scale=10 10.1 10.2
Dimension 2 name=Y-Scale [deg]
Dimension 2 size=2
Dimension 2 scale=-1 1
[Info 1]
P={polar}
[Data 1]
10 {level} 2
10.1 3 4
10.2 5 6
"""


def test_a_folder_of_cuts_is_asked_about_and_opened(panel, qtbot, tmp_path, open_scan):
    folder = tmp_path / "map"
    folder.mkdir()
    for number, polar in enumerate((4.0, 1.5, 2.0)):
        (folder / f"cut_{number:03d}.txt").write_text(CUT.format(polar=polar, level=number))
    assert get_reader(str(folder)) is not None
    said = []

    def act():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, SeriesDialog):
            QTimer.singleShot(50, act)
            return
        said.append(dialog.said.text())
        dialog.source.setCurrentIndex(1)
        dialog.name.setCurrentText("manipulator_angle")
        said.append(dialog.said.text())
        dialog.unit.setCurrentText("deg")
        said.append([dialog.table.item(row, 1).text() for row in range(3)])
        dialog.buttons.button(QDialogButtonBox.Ok).click()

    QTimer.singleShot(50, act)
    scan = scan_of(open_scan(folder))
    assert said == ["Name what was scanned.", "Give its unit.", ["4", "1.5", "2"]]
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    assert scan["manipulator_angle"].values.tolist() == [1.5, 2, 4]
    assert scan.values[:, 0, 0].tolist() == [1, 2, 0]
    assert panel.open.said.text().startswith("map, 3 files")


def test_a_value_that_is_missing_or_twice_is_said(qtbot):
    reason = NeedsScannedAxis("", ["a", "b"], [ScannedAxis("photon_energy", "eV", (60.0, 62.0), "photon_energy")])
    dialog = SeriesDialog(reason)
    qtbot.addWidget(dialog)
    assert dialog.objection() is None
    assert dialog.along() == "60, 62=photon_energy[eV]"
    dialog.table.item(1, 1).setText("60.0")
    assert dialog.objection() == "a and b have the same value."
    dialog.table.item(1, 1).setText("")
    assert dialog.said.text() == "Give b a value."
    dialog.table.item(1, 1).setText("61.25")
    dialog.unit.setCurrentText("furlongs of beam")
    assert "is not known" in dialog.objection()


def test_reading_a_long_series_can_be_cancelled(panel, qtbot, tmp_path):
    folder = tmp_path / "long"
    folder.mkdir()
    for number in range(1500):
        (folder / f"cut_{number:04d}.txt").write_text(CUT.format(polar=number, level=number))
    before = len(panel._viewer.layers)
    panel.show_tab(panel.open)
    with qtbot.waitSignal(panel.open.job.progressed, timeout=20_000):
        panel.open.open([folder])
    qtbot.waitUntil(panel.open.reading.isVisible, timeout=5_000)
    assert panel.open.bar.value() < 100
    qtbot.mouseClick(panel.open.cancel_button, Qt.LeftButton)
    qtbot.waitUntil(lambda: not panel.open.job.running, timeout=5_000)
    qtbot.waitUntil(lambda: not panel.open.reading.isVisible())
    assert panel.open.said.text().startswith("Cancelled")
    assert len(panel._viewer.layers) == before


def test_a_file_read_in_one_go_is_let_go_of(panel, qtbot):
    gate = threading.Event()
    panel.open._plan = OpeningPlan([Path("large.h5")])
    panel.open.job.start(lambda report, stop: gate.wait(10))
    panel.open.cancel()
    qtbot.waitUntil(lambda: not panel.open.job.running, timeout=5_000)
    assert panel.open.said.text().startswith("Cancelled")
    gate.set()
    qtbot.wait(200)
    assert len(panel._viewer.layers) == 0
