"""The dialog for several files that do not say along what they were scanned: the axis, its unit, a value a file."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from napari_scantwin.core import units
from napari_scantwin.core.typed import typed_number
from napari_scantwin.viewer.open.asking import AskingDialog, WordList, stored, words

__all__ = ["SeriesDialog", "ask_scanned_axis"]

_NAMES = (
    "", "sample_temperature", "manipulator_angle", "photon_energy", "delay", "x", "y", "z", "time",
    "magnetic_field", "temperature",
)  # fmt: skip
_UNITS = ("", "K", "deg", "eV", "ps", "fs", "mm", "um", "s", "Oe", "T")


class SeriesDialog(AskingDialog):
    """The files with a value each, which may be taken from what differs between them or typed; name and unit above.

    ``reason`` is the :class:`~napari_scantwin.core.errors.NeedsScannedAxis` that asks.
    """

    def __init__(self, reason, parent=None):
        super().__init__(parent)
        self.setWindowTitle(f"What was scanned over these {len(reason.names)} files?")
        self._proposals = reason.proposals
        self.source, self.name = QComboBox(), WordList([words(one) for one in _NAMES], "choose a name")
        self.unit = WordList(_UNITS, "choose a unit")
        for proposal in self._proposals:
            low, high = min(proposal.values), max(proposal.values)
            self.source.addItem(f"{proposal.source}: {low:.6g} to {high:.6g} {proposal.unit}".strip())
        self.source.addItem("typed below")
        for box in (self.name, self.unit):
            box.currentTextChanged.connect(self._check)
        self.table = QTableWidget(len(reason.names), 2)
        self.table.setHorizontalHeaderLabels(["file", "value"])
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.Stretch)
        self.table.verticalHeader().setVisible(False)
        for row, name in enumerate(reason.names):
            item = QTableWidgetItem(name)
            item.setFlags(Qt.ItemIsEnabled)
            self.table.setItem(row, 0, item)
            self.table.setItem(row, 1, QTableWidgetItem(""))
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        asked = QLabel("The files become one scan. Say what was scanned from file to file, and its value in each.")
        asked.setWordWrap(True)
        form = QFormLayout()
        form.addRow("Values from", self.source)
        form.addRow("Axis", self.name)
        form.addRow("Unit", self.unit)
        layout = QVBoxLayout(self)
        layout.addWidget(asked)
        layout.addLayout(form)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.said)
        layout.addWidget(self.buttons)
        self.resize(560, 520)
        self.source.currentIndexChanged.connect(self._take)
        self.table.itemChanged.connect(self._check)
        self._take(0)
        self.forget_answers()

    def _take(self, index: int) -> None:
        """Fill in what a proposal says; a typed value stays until another source is chosen."""
        if index < len(self._proposals):
            proposal = self._proposals[index]
            self.name.setCurrentText(words(proposal.name) if proposal.unit or proposal.name in _NAMES else "")
            self.unit.setCurrentText(proposal.unit)
            self.table.blockSignals(True)
            for row, value in enumerate(proposal.values):
                self.table.item(row, 1).setText(repr(float(value)).removesuffix(".0"))
            self.table.blockSignals(False)
        self._check()

    def _check(self, *_changed) -> None:
        self.answered()
        wrong = self.objection()
        self.said.setText(wrong or "")
        self.buttons.button(QDialogButtonBox.Ok).setEnabled(wrong is None)

    def objection(self) -> str | None:
        """What is still missing or wrong, in words; None where the answer is complete."""
        if not self.name.currentText().strip():
            return "Name what was scanned."
        unit = self.unit.currentText().strip()
        if not unit:
            return "Give its unit."
        if not units.is_known(unit):
            return f"The unit {unit!r} is not known; write one such as K, deg, eV, mm or ps."
        seen = {}
        for row, text in enumerate(self._texts()):
            try:
                value = typed_number(text)
            except ValueError:
                value = np.nan
            file = self.table.item(row, 0).text()
            if not np.isfinite(value):
                return f"Give {file} a value."
            if value in seen:
                return f"{seen[value]} and {file} have the same value."
            seen[value] = file
        return None

    def _texts(self) -> list[str]:
        return [self.table.item(row, 1).text().strip() for row in range(self.table.rowCount())]

    def along(self) -> str:
        """The answer as :func:`napari_scantwin.readers.read` takes it."""
        name = stored(self.name.currentText())
        values = ", ".join(repr(typed_number(text)).removesuffix(".0") for text in self._texts())
        return f"{values}={name}[{units.standard(self.unit.currentText())}]"


def ask_scanned_axis(reason, parent=None) -> str | None:
    """Ask what was scanned; None where the user cancels."""
    dialog = SeriesDialog(reason, parent)
    return dialog.along() if dialog.exec_() == QDialog.Accepted else None
