"""Which values of a slow axis a twin is to learn from: every n-th, from and to where."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.core import training_mask, units
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.numbers import CountBox, NumberLine
from napari_scantwin.viewer.kit.reasons import Reason

__all__ = ["SliceChoice"]


class SliceChoice(QWidget):
    """Use every n-th value of an axis, or those in a range of it. ``chosen(scan)`` has all others masked;
    ``axis_changed()`` where the slices of another axis are to be listed."""

    chosen = Signal(object)
    axis_changed = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scan = None
        self.every = CountBox(low=1, high=99)
        self.every.setFixedWidth(62)
        self.every.valueChanged.connect(lambda number: self._ordinal.setText(_ordinal(round(number))))
        self._ordinal = QLabel(_ordinal(1))
        self.axis = Combo()
        self.axis.setToolTip("The slow axis whose values are chosen")
        self.axis.activated.connect(lambda index: self._axis_chosen())
        self.low, self.high, self._unit = NumberLine(), NumberLine(), QLabel()
        for field, end in ((self.low, "lowest"), (self.high, "highest")):
            field.setToolTip(f"Empty: the {end} value")
            field.returnPressed.connect(self.apply)
        self.button = QPushButton("Use these")
        self.button.setToolTip("Learn from these only; the others are left out, and the twin can be compared with them")
        self.button.clicked.connect(self.apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(_row((QLabel("Every"), 0), (self.every, 0), (self._ordinal, 0), (self.axis, 1)))
        parts = ((QLabel("from"), 0), (self.low, 1), (QLabel("to"), 0), (self.high, 1), (self._unit, 0))
        layout.addLayout(_row(*parts, (self.button, 0)))
        self.reason = Reason(lambda: {"from": ("from", self.low), "to": ("to", self.high)})
        layout.addWidget(self.reason)

    @property
    def along(self) -> str | None:
        """The axis whose values are chosen; None where the scan has one axis only."""
        return self.axis.currentData()

    def set_scan(self, scan) -> None:
        """Offer the slow axes of a scan, keeping the one chosen."""
        names = () if scan is None else training_mask.slow_axes(scan)
        if names != tuple(self.axis.itemData(number) for number in range(self.axis.count())):
            self.axis.clear()
            for name in names:
                self.axis.addItem(name.replace("_", " "), name)
        self._scan = scan
        self.setVisible(bool(names))
        self._offer()

    def _axis_chosen(self) -> None:
        self._offer()
        self.axis_changed.emit()

    def _offer(self) -> None:
        """The range of the axis chosen, in its unit."""
        if self._scan is None or self.along is None:
            return
        column = np.asarray(self._scan[self.along].values, float)
        self.low.setPlaceholderText(f"{column.min():.5g}")
        self.high.setPlaceholderText(f"{column.max():.5g}")
        self._unit.setText(units.pretty(self._scan[self.along].attrs["units"]))
        self.every.setRange(1, max(1, len(column) - 1))

    def apply(self) -> bool:
        """Leave out all but the values asked for; False, with a sentence, where that cannot be."""
        if self._scan is None or self.along is None:
            return False
        try:
            within = (_number(self.low, "from", self.along, -np.inf), _number(self.high, "to", self.along, np.inf))
            part = training_mask.train_on(self._scan, self.along, every=self.every.value(), within=within)
        except ScanError as reason:
            return self.reason.say(reason)
        self.reason.clear()
        self.chosen.emit(part)
        return True


def _row(*parts: tuple[QWidget, int]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget, stretch in parts:
        row.addWidget(widget, stretch)
    return row


def _number(field: NumberLine, name: str, axis: str, instead: float) -> float:
    try:
        return field.number(instead)
    except ValueError:
        raise WrongParameter(
            f"{field.text().strip()!r} is no value of the {axis.replace('_', ' ')}; write a number, or nothing", name
        ) from None


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return "" if number == 1 else "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
