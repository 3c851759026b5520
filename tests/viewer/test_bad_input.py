"""Bad input in the window: one sentence each, nothing lost."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtWidgets import QMessageBox

from napari_scantwin.core import scan as scans
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.session import ScanLayer, scan_of


def test_train_without_a_scan_or_on_another_layer_is_refused(panel, spoken):
    panel._viewer.add_image(np.zeros((8, 8)), name="not a scan")
    assert not panel.train.train()
    assert "No scan is chosen" in spoken[0]
    assert not panel.simulate.export("x.nc", "not a scan")
    assert "is not a scan" in spoken[1]


def test_train_on_no_sweeps_is_refused(panel, open_scan, spoken):
    layer = open_scan(sample_path("ferromagnet"))
    ScanLayer(layer).set_scan(scans.with_masked(scan_of(layer), np.ones(scan_of(layer).size, bool)))
    assert not panel.train.train()
    assert "No sweep is selected" in spoken[0]


def test_a_second_train_is_refused_and_cancel_keeps_the_old_twin(panel, qtbot, open_scan, spoken):
    open_scan(sample_path("ferromagnet"))
    panel.train.preset.setCurrentIndex(1)
    assert panel.train.train()
    assert not panel.train.train()
    assert "A training is running" in spoken[0]
    with qtbot.waitSignal(panel.train.job.ended, timeout=30_000):
        panel.train.button.click()
        assert panel.train.button.text() == "Stopping…"
    assert panel.train.button.text() == "Train"
    assert not panel.train.job.running


def test_a_broken_file_leaves_every_layer(panel, qtbot, tmp_path, open_scan, spoken):
    open_scan(sample_path("ferromagnet"))
    bad = tmp_path / "bad.csv"
    bad.write_text("T (K),H (Oe),Moment (emu)\n1,2,3\n1,oops,3\n")
    with qtbot.waitSignal(panel.open.job.failed, timeout=10_000):
        panel.open.open([bad])
    assert "bad.csv, line 3" in spoken[0]
    assert len(panel._viewer.layers) == 1


def test_an_export_that_fails_says_so(panel, qtbot, open_scan, spoken, tmp_path):
    open_scan(sample_path("ferromagnet"))
    with qtbot.waitSignal(panel.simulate.export_job.failed, timeout=10_000):
        panel.simulate.export(tmp_path / "none" / "x.nc")
    assert "the folder does not exist" in spoken[0]


@pytest.mark.parametrize(("answer", "closes"), [(QMessageBox.No, False), (QMessageBox.Yes, True)])
def test_closing_while_training_asks_first(panel, monkeypatch, open_scan, answer, closes):
    open_scan(sample_path("ferromagnet"))
    assert panel.train.train()
    monkeypatch.setattr(QMessageBox, "question", lambda *args: answer)
    assert panel.close() is closes
    assert panel.train.job.running is not closes


def test_leaving_a_sweep_out_and_masking_points(panel, open_scan):
    layer = open_scan(sample_path("ferromagnet"))
    panel.tabs.setCurrentIndex(1)
    panel.sweeps.table.item(2, 0).setCheckState(Qt.Unchecked)
    assert scans.sweeps(scan_of(layer))[2].left_out
    panel.sweeps.mask_range(30, 40)
    masked = scan_of(layer)["masked"].values
    inside = (scan_of(layer)["temperature"].values >= 30) & (scan_of(layer)["temperature"].values <= 40)
    assert masked[inside].all()
    assert (masked & ~inside).sum() == scans.sweeps(scan_of(layer))[2].size - (
        inside & (scans.sweep_numbers(scan_of(layer)) == 2)
    ).sum()
    panel.sweeps.unmask_all()
    assert not scan_of(layer)["masked"].values.any()


def test_a_click_on_a_point_masks_it_and_a_second_one_uses_it_again(panel, qtbot, open_scan):
    layer = open_scan(sample_path("palladium_hydride"))
    panel.tabs.setCurrentIndex(1)
    qtbot.wait(50)
    table = scans.points(scan_of(layer))
    view = panel.sweeps.plot.getViewBox()
    for masked in (True, False):
        scene = view.mapViewToScene(QPointF(table.coordinates[40, -1], table.values[40]))
        place = panel.sweeps.plot.mapFromScene(scene)
        qtbot.mouseClick(panel.sweeps.plot.viewport(), Qt.LeftButton, pos=place)
        assert scan_of(layer)["masked"].values.sum() == masked
    assert not panel.sweeps.toggle_near(1e9, 0.0, (1.0, 1.0))


def test_the_dock_asks_before_it_closes_on_a_training(panel, monkeypatch, open_scan):
    open_scan(sample_path("ferromagnet"))
    assert panel.train.train()
    cross = panel.parent().titleBarWidget().close_button
    monkeypatch.setattr(QMessageBox, "question", lambda *args: QMessageBox.No)
    cross.click()
    assert panel.isVisible()
    assert panel.train.job.running
    monkeypatch.setattr(QMessageBox, "question", lambda *args: QMessageBox.Yes)
    cross.click()
    assert not panel.train.job.running


def test_the_dialog_wants_units_it_knows(qtbot, tmp_path):
    from napari_scantwin.readers import read_table
    from napari_scantwin.viewer.open.open_dialog import ColumnDialog

    path = tmp_path / "bare.csv"
    path.write_text("a,b,c\n1,2,3\n2,2,4\n3,2,5\n")
    dialog = ColumnDialog(read_table(path))
    qtbot.addWidget(dialog)
    assert "Name the column a" in dialog.objection()
    for position, (name, unit) in enumerate((("temperature", "K"), ("magnetic_field", "furlongs!"), ("moment", "emu"))):
        dialog.names[position].setCurrentText(name)
        dialog.unit_boxes[position].setCurrentText(unit)
    assert "'furlongs!' of b is not known" in dialog.objection()
    dialog.unit_boxes[1].setCurrentText("Oe")
    assert dialog.objection() is None
    assert [axis.name for axis in dialog.choice().axes] == ["temperature", "magnetic_field"]
