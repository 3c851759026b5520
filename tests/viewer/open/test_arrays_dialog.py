"""The dialog for files of an unknown layout, driven as a person does, in the real window."""

from __future__ import annotations

import h5py
import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox

from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.open.arrays_dialog import ArraysDialog
from napari_scantwin.viewer.session import scan_of


def lab_file(path):
    with h5py.File(path, "w") as file:
        file["measurement/detector/image"] = np.random.default_rng(0).poisson(9.0, (5, 40, 60)).astype("i4")
        file["measurement/detector/slit_angle"] = np.linspace(-15, 15, 40)
        file["measurement/motors/tilt"] = np.array([0.0, 1.0, 2.5, 4.0, 6.0])
        file["measurement/motors/tilt"].attrs["units"] = "deg"
        file["measurement/background"] = np.ones((40, 60))
        file["measurement/sample"] = "Bi2Se3"
    return path


def fill(dialog):
    """Answer as a person would: the file's tilt and slit angle, and energies from the log book."""
    for row, (source, name, unit) in enumerate(
        [(None, None, None), (None, "angle", "deg"), ("16.2 : 0.01", "kinetic_energy", "eV")]
    ):
        for column, text in ((1, source), (2, name), (3, unit)):
            if text is not None:
                dialog.axes.cellWidget(row, column).setCurrentText(text)
    dialog.value_name.setCurrentText("photoemission_intensity")
    dialog.value_unit.setCurrentText("count")


def answering(change):
    """Let ``change(dialog)`` answer the next dialog, then press OK; returns what the dialog said before and after."""
    said = []

    def act():
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, ArraysDialog):
            QTimer.singleShot(50, act)
            return
        said.append(dialog.said)
        change(dialog)
        said.append(dialog.said)
        dialog.buttons.button(QDialogButtonBox.Ok).click()

    QTimer.singleShot(50, act)
    return said


def test_an_unknown_layout_is_asked_about_and_opened(panel, qtbot, tmp_path, open_scan):
    said = answering(fill)
    scan = scan_of(open_scan(lab_file(tmp_path / "lab.h5")))
    assert said[0] == "Give the unit of axis 2."
    assert said[1].startswith(
        "Opens photoemission intensity (count), 12000 values: 5 manipulator angle from 0 to 6 deg;"
    )
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_allclose(scan["energy"].values, 16.2 + 0.01 * np.arange(60))
    # The next file of this layout comes with the same answers filled in, for its energies may begin elsewhere.
    said = answering(lambda dialog: dialog.axes.cellWidget(2, 1).setCurrentText("17:0.01"))
    scan = scan_of(open_scan(lab_file(tmp_path / "lab2.h5")))
    assert said[0].startswith("Opens photoemission intensity")
    assert float(scan["energy"][0]) == 17


def test_the_tree_chooses_the_array(qtbot, tmp_path, make_napari_viewer):
    from napari_scantwin.readers.arrays import array_files

    dialog = ArraysDialog(array_files.contents(lab_file(tmp_path / "lab.h5")))
    qtbot.addWidget(dialog)
    assert dialog.axes.rowCount() == 3
    dialog.tree.setCurrentItem(dialog._items["measurement/background"])
    assert dialog.axes.rowCount() == 2
    assert dialog.value.item(0, 1).text() == "measurement/background"
    dialog.axes.cellWidget(0, 2).setCurrentText("angle")
    dialog.axes.cellWidget(0, 3).setCurrentText("furlongs per what")
    assert "is not known" in dialog.said
    assert not dialog.buttons.button(QDialogButtonBox.Ok).isEnabled()


def test_a_file_that_says_what_it_is_can_be_asked_about_all_the_same(panel, qtbot, tmp_path, open_scan):
    with h5py.File(tmp_path / "map.nxs", "w") as file:
        group = file.create_group("entry/data")
        group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["angle", "energy"]})
        group["counts"], group["angle"], group["energy"] = np.ones((4, 6)), np.arange(4.0), np.arange(6.0)
        group["angle"].attrs["units"], group["energy"].attrs["units"] = "deg", "eV"
    assert scans.axes(scan_of(open_scan(tmp_path / "map.nxs"))) == ("angle", "energy")

    def otherwise(dialog):
        dialog.axes.cellWidget(0, 2).setCurrentText("manipulator_angle")
        dialog.value_unit.setCurrentText("count")

    panel.open.asking.setChecked(True)
    answering(otherwise)
    scan = scan_of(open_scan(tmp_path / "map.nxs"))
    assert scans.axes(scan) == ("manipulator_angle", "energy")
    assert not panel.open.asking.isChecked()
    # The answers are kept for files of an unknown layout; one that says what it is goes on doing so.
    assert scans.axes(scan_of(open_scan(tmp_path / "map.nxs"))) == ("angle", "energy")
