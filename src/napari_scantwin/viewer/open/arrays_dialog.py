"""The dialog for files of an unknown layout: which array is the scan, and what its axes are."""

from __future__ import annotations

import math

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arrays.contents import Array, Contents, proposal, spaced
from napari_scantwin.readers.tables.table import Column, ColumnChoice, recall
from napari_scantwin.viewer.open.asking import AskingDialog, WordList, stored, words

__all__ = ["ArraysDialog", "ask_arrays"]

_AXES = (
    "", "energy", "kinetic_energy", "binding_energy", "energy_from_fermi_level", "angle", "manipulator_angle",
    "photon_energy",
    "sample_temperature", "temperature", "magnetic_field", "delay", "time", "x", "y", "z", "kx", "ky", "kz",
)  # fmt: skip
_VALUES = ("photoemission_intensity", "moment", "magnetization", "resistance", "resistivity", "current")
_UNITS = ("", "eV", "deg", "rad", "1/angstrom", "K", "Oe", "T", "mm", "um", "fs", "ps", "s")
_VALUE_UNITS = ("", "count", "arb", "1/s", "emu", "emu/g", "ohm", "A")
_ROLES = {"scan": "scan", "axis": "axis", "note": ""}
#: Columns of the table of axes.
_STEPS, _SOURCE, _NAME, _UNIT = range(4)


class ArraysDialog(AskingDialog):
    """A tree of the file's arrays; under it the value and one row an axis, and in words the scan that this makes."""

    def __init__(self, contents: Contents, parent=None):
        super().__init__(parent)
        self.setWindowTitle(f"Arrays in {contents.name}")
        self._contents = contents
        self._filling = False
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["array", "shape", "unit", "likely", "holds"])
        self._items: dict[str, QTreeWidgetItem] = {}
        for array in contents.arrays:
            self._add(array)
        self.tree.expandAll()
        for column in range(4):
            self.tree.resizeColumnToContents(column)
        self.value_name, self.value_unit = WordList([words(one) for one in _VALUES]), WordList(_VALUE_UNITS)
        self.value = QTableWidget(1, 4)
        self.axes = QTableWidget(0, 4)
        self._said = QLabel("")
        self._said.setWordWrap(True)
        self._said.setMinimumHeight(54)
        self._said.setAlignment(Qt.AlignTop | Qt.AlignLeft)
        self.buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._lay_out()
        self.tree.itemSelectionChanged.connect(self._array_chosen)
        for box in (self.value_name, self.value_unit):
            box.currentTextChanged.connect(self._check)
        kept = recall(contents)
        self._fill(kept if kept is not None and self._fits(kept) else proposal(contents))
        self.forget_answers()

    @property
    def said(self) -> str:
        """What the dialog says is missing, or what it will open."""
        return self._said.text()

    def _lay_out(self) -> None:
        asked = QLabel(
            "The file does not say what its arrays are. Choose the measured one, then say what its axes are."
        )
        asked.setWordWrap(True)
        self.value.setHorizontalHeaderLabels(["steps", "array", "name", "unit"])
        self.axes.setHorizontalHeaderLabels(["steps", "from the array, or start : step", "name", "unit"])
        for table in (self.value, self.axes):
            header = table.horizontalHeader()
            header.setSectionResizeMode(_SOURCE, QHeaderView.Stretch)
            for column, width in ((_STEPS, 110), (_NAME, 240), (_UNIT, 120)):
                table.setColumnWidth(column, width)
            table.verticalHeader().setDefaultSectionSize(32)
        self.value.verticalHeader().setFixedWidth(60)
        self.axes.verticalHeader().setFixedWidth(60)
        self.value.setVerticalHeaderLabels(["value"])
        self.value.setFixedHeight(66)
        self.value.setCellWidget(0, _NAME, self.value_name)
        self.value.setCellWidget(0, _UNIT, self.value_unit)
        lower = QWidget()
        inside = QVBoxLayout(lower)
        inside.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.value, 0), (self.axes, 1), (self._said, 0)):
            inside.addWidget(widget, stretch)
        splitter = QSplitter(Qt.Vertical)
        splitter.addWidget(self.tree)
        splitter.addWidget(lower)
        splitter.setSizes([220, 320])
        layout = QVBoxLayout(self)
        layout.addWidget(asked)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.buttons)
        self.resize(860, 640)

    def _add(self, array: Array) -> None:
        *groups, name = array.path.split("/")
        parent = self.tree.invisibleRootItem()
        for count in range(1, len(groups) + 1):
            path = "/".join(groups[:count])
            if path not in self._items:
                self._items[path] = QTreeWidgetItem(parent, [groups[count - 1]])
                self._items[path].setFlags(Qt.ItemIsEnabled)
            parent = self._items[path]
        shape = " × ".join(map(str, array.shape))
        item = QTreeWidgetItem(parent, [name, shape, array.unit or "", _ROLES[array.role], array.note])
        item.setData(0, Qt.UserRole, array.path)
        if array.role == "note":
            item.setFlags(Qt.ItemIsEnabled)
        self._items[array.path] = item

    def _fits(self, choice: ColumnChoice) -> bool:
        try:
            array = self._contents.find(choice.value.source)
        except ScanError:
            return False
        return len(array.lengths) == len(choice.axes)

    def _fill(self, choice: ColumnChoice | None) -> None:
        """Show a choice."""
        self._filling = True  # half a form is not to be judged
        if choice is not None:
            self._show(choice)
        self._filling = False
        self._check()

    def _show(self, choice: ColumnChoice) -> None:
        array = self._contents.find(choice.value.source)
        self.tree.blockSignals(True)
        self.tree.setCurrentItem(self._items[array.path])
        self.tree.blockSignals(False)
        self._cell(self.value, 0, _STEPS, " × ".join(map(str, array.shape)))
        self._cell(self.value, 0, _SOURCE, array.path)
        self.value_name.setCurrentText(words(choice.value.name))
        self.value_unit.setCurrentText(choice.value.unit)
        self.axes.setRowCount(len(choice.axes))
        self.axes.setVerticalHeaderLabels([f"axis {number + 1}" for number in range(len(choice.axes))])
        for row, (column, size) in enumerate(zip(choice.axes, array.lengths, strict=True)):
            self._cell(self.axes, row, _STEPS, str(size))
            source = WordList(
                [one.path for one in self._contents.arrays if one.lengths == (size,)],
                "an array above, or for example 16 : 0.01",
            )
            source.setCurrentText(column.source)
            name, unit = WordList([words(one) for one in _AXES]), WordList(_UNITS)
            name.setCurrentText(words(column.name))
            unit.setCurrentText(column.unit)
            for place, box in ((_SOURCE, source), (_NAME, name), (_UNIT, unit)):
                self.axes.setCellWidget(row, place, box)
                box.currentTextChanged.connect(self._check)
            source.currentTextChanged.connect(lambda text, row=row: self._unit_of(text, row))

    def _cell(self, table: QTableWidget, row: int, column: int, text: str) -> None:
        item = QTableWidgetItem(text)
        item.setFlags(Qt.ItemIsEnabled)
        table.setItem(row, column, item)

    def _unit_of(self, path: str, row: int) -> None:
        """Take over the unit that a newly chosen axis names itself."""
        found = next((one for one in self._contents.arrays if one.path == path), None)
        if found is not None and found.unit:
            self.axes.cellWidget(row, _UNIT).setCurrentText(found.unit)

    def _array_chosen(self) -> None:
        item = self.tree.currentItem()
        path = None if item is None else item.data(0, Qt.UserRole)
        if path is not None and self._contents.find(path).lengths:
            self._fill(proposal(self._contents, path))

    def _texts(self, row: int) -> list[str]:
        return [self.axes.cellWidget(row, place).currentText().strip() for place in (_SOURCE, _NAME, _UNIT)]

    def objection(self) -> str | None:
        """What is still missing or wrong, in words; None where the choice is complete."""
        if self.value.item(0, _SOURCE) is None:
            return "Choose the array that holds the measured values."
        names = []
        for row in range(self.axes.rowCount()):
            source, name, unit = self._texts(row)
            steps = self.axes.item(row, _STEPS).text()
            fits = any(one.path == source and one.lengths == (int(steps),) for one in self._contents.arrays)
            if not fits and spaced(source) is None:
                return (
                    f"Say where axis {row + 1} stands: an array of {steps} values, or its start and step as 16 : 0.01."
                )
            for what, said in ((name, "Name"), (unit, "Give the unit of")):
                if not what:
                    return f"{said} axis {row + 1}."
            if not units.is_known(unit):
                return (
                    f"The unit {unit!r} of axis {row + 1} is not known; write one such as eV, deg, K, mm or 1/angstrom."
                )
            if name in names:
                return f"Two axes are named {name}."
            names.append(name)
        if not self.value_name.currentText().strip():
            return "Name the measured value."
        unit = self.value_unit.currentText().strip()
        if not unit or not units.is_known(unit):
            return "Give the unit of the measured value: count, or arb where it has none."
        return None

    def _check(self, text: str = "") -> None:
        if self._filling:
            return
        self.answered()
        wrong = self.objection()
        self._said.setText(wrong or self._summary())
        self.buttons.button(QDialogButtonBox.Ok).setEnabled(wrong is None)

    def _summary(self) -> str:
        """The scan this makes, in words: what against which axes, their steps and ranges."""
        choice = self.choice()
        array = self._contents.find(choice.value.source)
        parts = []
        for column, size in zip(choice.axes, array.lengths, strict=True):
            numbers = spaced(column.source)
            span = ""
            if numbers is not None:
                span = (
                    f" from {numbers[0]:.6g} to {numbers[0] + numbers[1] * (size - 1):.6g} {units.pretty(column.unit)}"
                )
            elif size <= 1_000_000:
                values = self._contents.load(column.source).ravel()
                span = f" from {values[0]:.6g} to {values[-1]:.6g} {units.pretty(column.unit)}"
            parts.append(f"{size} {column.name.replace('_', ' ')}{span}")
        value = f"{choice.value.name.replace('_', ' ')} ({units.pretty(choice.value.unit) or choice.value.unit})"
        return f"Opens {value}, {math.prod(array.lengths)} values: {'; '.join(parts)}."

    def choice(self) -> ColumnChoice:
        """The choice as the form has it."""
        rows = [self._texts(row) for row in range(self.axes.rowCount())]
        axes = [Column(source.replace(" ", "") if spaced(source) else source, stored(name), units.standard(unit))
                for source, name, unit in rows]  # fmt: skip
        source, name = self.value.item(0, _SOURCE).text(), stored(self.value_name.currentText())
        return ColumnChoice(tuple(axes), Column(source, name, units.standard(self.value_unit.currentText().strip())))


def ask_arrays(contents: Contents, parent=None) -> ColumnChoice | None:
    """Ask which array is the scan and what its axes are; None where the user cancels."""
    dialog = ArraysDialog(contents, parent)
    return dialog.choice() if dialog.exec_() == QDialog.Accepted else None
