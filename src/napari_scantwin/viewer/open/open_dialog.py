"""The dialogs that ask what a file does not say: which columns are what, and which measurement."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from napari_scantwin.core import units, vocabulary
from napari_scantwin.readers.tables.table import Column, ColumnChoice, ColumnTable, recall
from napari_scantwin.readers.tables.templates import TEMPLATES, Fitted, clearly, usual_units
from napari_scantwin.viewer.open.asking import AskingDialog, WordList, stored, words

__all__ = ["ChoiceDialog", "ColumnDialog", "ask_choice", "ask_columns"]

_ROLES = ("axis", "value", "error bar", "not used")
_NAMES = (
    "temperature", "magnetic_field", "moment", "magnetization", "resistance", "resistivity", "heat_capacity", "angle",
    "manipulator_angle", "energy", "photoemission_intensity", "time", "current", "voltage", "pressure",
)  # fmt: skip
_UNITS = (
    "K", "Oe", "T", "emu", "emu/g", "A m^2", "ohm", "ohm cm", "J/K", "deg", "eV", "count", "arb", "s", "A", "V",
    "bar", "1",
)  # fmt: skip
_PREVIEW_ROWS = 8
_ASKED = (
    "Say which columns are the axes and which is the measured value, with their units, or press what it is. "
    "This is remembered for files with the same heads."
)


class ColumnDialog(AskingDialog):
    """A preview of the table with, above each column, its role, name and unit.

    ``templates`` are buttons, by title, that fill these in for a usual measurement.
    """

    def __init__(self, table: ColumnTable, parent=None):
        super().__init__(parent)
        self.setWindowTitle(f"Columns of {table.name}")
        self._table = table
        self._filling = False
        headers = table.headers
        self.templates = {one.title: self._template_button(one) for one in TEMPLATES}
        self.grid = QTableWidget(3 + _PREVIEW_ROWS, len(headers))
        self.grid.setHorizontalHeaderLabels(headers)
        rows = min(_PREVIEW_ROWS, len(table.lines))
        self.grid.setVerticalHeaderLabels(["role", "name", "unit", *(f"line {n}" for n in table.lines[:rows])])
        self.roles, self.names, self.unit_boxes = [], [], []
        for position, header in enumerate(headers):
            self._add_column(position, header)
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
        asked = QLabel(_ASKED)
        asked.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(QLabel("It is"))
        for button in self.templates.values():
            row.addWidget(button)
        row.addStretch(1)
        layout.addWidget(asked)
        layout.addLayout(row)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        self.resize(min(1100, max(620, 120 + 195 * len(headers))), 540)
        remembered, plain = recall(table), clearly(table)
        if remembered is not None:
            self.fill(remembered)
        elif plain is not None:
            self._take(plain)
        self._check()
        self.forget_answers()

    def _template_button(self, template) -> QPushButton:
        fitted = template.fit(self._table)
        button = QPushButton(template.title)
        button.setCheckable(True)
        button.setAutoDefault(False)
        if isinstance(fitted, Fitted):
            columns = ", ".join(f"{one.source.strip()}: {words(one.name)}" for one in fitted.choice.axes)
            button.setToolTip(f"{columns}, {fitted.choice.value.source.strip()}: {words(fitted.choice.value.name)}")
            button.clicked.connect(lambda: (self._take(fitted), self.answered()))
        else:
            button.setEnabled(False)
            button.setToolTip(fitted)
        return button

    def _take(self, fitted: Fitted) -> None:
        self.fill(fitted.choice)
        for title, button in self.templates.items():
            button.setChecked(title == fitted.template.title)

    def fill(self, choice: ColumnChoice) -> None:
        """Say what a choice says."""
        told = {column.source: ("axis", column) for column in choice.axes}
        told[choice.value.source] = ("value", choice.value)
        if choice.error is not None:
            told[choice.error.source] = ("error bar", choice.error)
        self._filling = True
        boxes = zip(self._table.headers, self.roles, self.names, self.unit_boxes, strict=True)
        for header, role, name, unit in boxes:
            kind, column = told.get(header, ("not used", None))
            role.setCurrentText(kind)
            if column is not None:
                name.setCurrentText(words(column.name))
                unit.setCurrentText(column.unit or "1")
        self._filling = False
        for position in range(len(self._table.headers)):
            self._offer_units(position)
        self._check()

    def _add_column(self, position: int, header: str) -> None:
        role = QComboBox()
        role.addItems(_ROLES)
        name = WordList([words(one) for one in _NAMES], "choose a name")
        unit = WordList(_UNITS, "choose a unit")
        plain, known_unit = vocabulary.split_label(header)
        last = len(self._table.headers) - 1
        role.setCurrentText("value" if position == last else "axis" if last <= 4 else "not used")
        name.setCurrentText(words(vocabulary.standard_name(plain, known_unit) or ""))
        unit.setCurrentText("1" if known_unit == "" else known_unit or "")  # a plain ratio such as H/Pd
        for row, box in enumerate((role, name, unit)):
            self.grid.setCellWidget(row, position, box)
            box.currentTextChanged.connect(self._changed)
        name.currentTextChanged.connect(lambda text: self._offer_units(position))
        self.roles.append(role)
        self.names.append(name)
        self.unit_boxes.append(unit)
        self._offer_units(position)

    def _offer_units(self, position: int) -> None:
        """List the usual units of what a column is named first."""
        first = usual_units(stored(self.names[position].currentText()))
        self.unit_boxes[position].offer([*first, *(one for one in _UNITS if one not in first)])

    def _changed(self, text: str = "") -> None:
        if self._filling:
            return
        for button in self.templates.values():
            button.setChecked(False)
        self.answered()
        self._check()

    def _check(self) -> None:
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
                return f"Two axes are named {words(name)}."
            seen.add(name)
        return None

    def _rows(self):
        boxes = zip(self._table.headers, self.roles, self.names, self.unit_boxes, strict=True)
        for header, role, name, unit in boxes:
            yield header, role.currentText(), stored(name.currentText()), unit.currentText().strip()

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
