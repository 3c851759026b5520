"""The dialogs that ask what a file does not say: which columns are what, and which measurement."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from napari_scantwin.core import units, vocabulary
from napari_scantwin.readers.tables.table import Column, ColumnChoice, ColumnTable, recall

__all__ = ["ChoiceDialog", "ColumnDialog", "ask_choice", "ask_columns"]

_ROLES = ("axis", "value", "error bar", "not used")
_NAMES = (
    "temperature", "magnetic_field", "moment", "magnetization", "resistance", "resistivity", "angle",
    "manipulator_angle", "energy", "photoemission_intensity", "time", "current", "pressure",
)  # fmt: skip
_UNITS = ("K", "Oe", "T", "emu", "emu/g", "A m^2", "ohm", "ohm cm", "deg", "eV", "count", "arb", "s", "A", "bar")
_PREVIEW_ROWS = 8


class ColumnDialog(QDialog):
    """A preview of the table with, above each column, its role, name and unit."""

    def __init__(self, table: ColumnTable, parent=None):
        super().__init__(parent)
        self.setWindowTitle(f"Columns of {table.name}")
        self._table = table
        headers = table.headers
        self.grid = QTableWidget(3 + _PREVIEW_ROWS, len(headers))
        self.grid.setHorizontalHeaderLabels(headers)
        rows = min(_PREVIEW_ROWS, len(table.lines))
        self.grid.setVerticalHeaderLabels(["role", "name", "unit", *(f"line {n}" for n in table.lines[:rows])])
        self.roles, self.names, self.unit_boxes = [], [], []
        remembered = recall(table)
        for position, header in enumerate(headers):
            self._add_column(position, header, remembered)
            for row in range(rows):
                item = QTableWidgetItem(f"{table.columns[header][row]:.7g}")
                item.setFlags(Qt.ItemIsEnabled)
                item.setTextAlignment(Qt.AlignRight | Qt.AlignVCenter)
                self.grid.setItem(3 + row, position, item)
            self.grid.setColumnWidth(position, 190)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        self.buttons.button(QDialogButtonBox.Ok).setText("Open")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        words = QLabel(
            "Say which columns are the axes and which is the measured value, with their units. "
            "This is remembered for files with the same heads."
        )
        words.setWordWrap(True)
        layout.addWidget(words)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        self.resize(min(1100, 120 + 195 * len(headers)), 520)
        self._check()

    def _add_column(self, position: int, header: str, remembered: ColumnChoice | None) -> None:
        role, name, unit = QComboBox(), QComboBox(), QComboBox()
        role.addItems(_ROLES)
        name.setEditable(True)
        name.addItems(_NAMES)
        unit.setEditable(True)
        unit.addItems(("", *_UNITS))
        name.lineEdit().setPlaceholderText("choose a name")
        unit.lineEdit().setPlaceholderText("choose a unit")
        plain, known_unit = vocabulary.split_label(header)
        last = len(self._table.headers) - 1
        role.setCurrentText("value" if position == last else "axis" if last <= 4 else "not used")
        name.setCurrentText(vocabulary.standard_name(plain, known_unit) or "")
        unit.setCurrentText("1" if known_unit == "" else known_unit or "")  # a plain ratio such as H/Pd
        if remembered is not None:
            role.setCurrentText("not used")
            for kind, columns in (
                ("axis", remembered.axes),
                ("value", (remembered.value,)),
                ("error bar", (remembered.error,) if remembered.error else ()),
            ):
                for column in columns:
                    if column.source == header:
                        role.setCurrentText(kind)
                        name.setCurrentText(column.name)
                        unit.setCurrentText(column.unit)
        for row, box in enumerate((role, name, unit)):
            self.grid.setCellWidget(row, position, box)
            box.currentTextChanged.connect(self._check)
        self.roles.append(role)
        self.names.append(name)
        self.unit_boxes.append(unit)

    def _check(self, text: str = "") -> None:
        wrong = self.objection()
        self.said.setText(wrong or "")
        self.buttons.button(QDialogButtonBox.Ok).setEnabled(wrong is None)

    def objection(self) -> str | None:
        """What is still missing or wrong, in words; None where the choice is complete."""
        roles = [box.currentText() for box in self.roles]
        if roles.count("value") != 1:
            return "Choose one column as the measured value."
        if "axis" not in roles:
            return "Choose at least one column as an axis."
        if roles.count("error bar") > 1:
            return "Only one column can be the error bar."
        seen = set()
        for header, role, name, unit in self._rows():
            if role == "not used":
                continue
            if role != "error bar" and not name:
                return f"Name the column {header}."
            if not unit:
                return f"Give the unit of {header}."
            if not units.is_known(unit):
                return (
                    f"The unit {unit!r} of {header} is not known; write one such as K, Oe, T, emu, ohm, deg, eV or arb."
                )
            if role == "axis" and name in seen:
                return f"Two axes are named {name}."
            seen.add(name)
        return None

    def _rows(self):
        boxes = zip(self._table.headers, self.roles, self.names, self.unit_boxes, strict=True)
        for header, role, name, unit in boxes:
            yield header, role.currentText(), name.currentText().strip().replace(" ", "_"), unit.currentText().strip()

    def choice(self) -> ColumnChoice:
        """The choice as the form has it."""
        found: dict[str, list[Column]] = {role: [] for role in _ROLES}
        for header, role, name, unit in self._rows():
            if role != "not used":
                kept = "standard_error" if role == "error bar" else name
                found[role].append(Column(header, kept, units.standard(unit)))
        error = found["error bar"][0] if found["error bar"] else None
        return ColumnChoice(tuple(found["axis"]), found["value"][0], error)


class ChoiceDialog(QDialog):
    """A list of the measurements in one file."""

    def __init__(self, name: str, choices, parent=None):
        super().__init__(parent)
        self.setWindowTitle(f"Measurements in {name}")
        self._choices = choices
        self.list = QListWidget()
        self.list.addItems([one.title for one in choices])
        self.list.setCurrentRow(0)
        self.list.itemDoubleClicked.connect(lambda item: self.accept())
        buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel("The file holds several measurements. Which one is to be opened?"))
        layout.addWidget(self.list)
        layout.addWidget(buttons)
        self.resize(620, 320)

    def choice(self):
        """The measurement that is chosen."""
        return self._choices[int(np.clip(self.list.currentRow(), 0, len(self._choices) - 1))]


def ask_columns(table: ColumnTable, parent=None) -> ColumnChoice | None:
    """Ask which columns are what; None where the user cancels."""
    dialog = ColumnDialog(table, parent)
    return dialog.choice() if dialog.exec_() == QDialog.Accepted else None


def ask_choice(name: str, choices, parent=None):
    """Ask which of several measurements to open; None where the user cancels."""
    dialog = ChoiceDialog(name, choices, parent)
    return dialog.choice() if dialog.exec_() == QDialog.Accepted else None
