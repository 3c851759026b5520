"""The fields for numbers: every number that is typed into the window is typed into one of these.

They read a decimal comma as well as a decimal point, exponents and thousands whatever the computer's language
(:mod:`napari_scantwin.core.typed`), always write a point, and leave a number as it is until another is typed.
"""

from __future__ import annotations

import math

from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QFormLayout, QLabel

from napari_scantwin.core.typed import typed_number
from napari_scantwin.viewer.kit.legible import Line

__all__ = ["CountBox", "NumberBox", "NumberLine", "ask_number"]

#: So many decimals Qt keeps at the most: it then rounds no number that people have a use for.
_ALL_DECIMALS = 323
#: Significant digits of a number that nobody typed, and of one that somebody did.
_SHOWN, _TYPED = 10, 15


class NumberBox(QDoubleSpinBox):
    """A box for a number of any size.

    What it shows may have fewer digits than the number has; the number keeps them all until something else is typed.
    ``digits`` are the significant ones shown of a number that was not typed.
    """

    digits = _SHOWN
    _typed = math.nan  # of the class: Qt asks for texts before __init__ has ended

    def __init__(self, parent=None, *, low: float = 0.0, high: float = 1e12, digits: int = _SHOWN):
        super().__init__(parent)
        self.digits = digits
        self.setDecimals(_ALL_DECIMALS)
        self.setRange(low, high)
        self.setStepType(QDoubleSpinBox.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        return f"{value:.{_TYPED if value == self._typed else self.digits}g}"

    def valueFromText(self, text: str) -> float:
        words = self._words(text)
        if words == self.textFromValue(self.value()):
            return self.value()
        if not words or (self.specialValueText() and words == self.specialValueText()):
            return self.minimum()
        self._typed = self._read(words)
        return self._typed

    def validate(self, text: str, position: int) -> tuple:
        words = self._words(text)
        if words in (self.textFromValue(self.value()), self.specialValueText() or None):
            return QValidator.Acceptable, text, position
        try:
            number = self._read(words)
        except ValueError:
            begun = all(letter in "+-−.,'’eEdD×·*^" or letter.isspace() or letter.isdecimal() for letter in words)
            return (QValidator.Intermediate if begun else QValidator.Invalid), text, position
        within = self.minimum() <= number <= self.maximum()
        return (QValidator.Acceptable if within else QValidator.Intermediate), text, position

    def fixup(self, text: str) -> str:
        """Leave what is no number as it is; Qt would take out what its language writes between thousands: 1.5 to 15."""
        return text

    def _read(self, words: str) -> float:
        """The number that is typed; ``ValueError`` where it is none."""
        return typed_number(words)

    def _words(self, text: str) -> str:
        """What stands between prefix and suffix."""
        return text.removeprefix(self.prefix()).removesuffix(self.suffix()).strip()


class CountBox(NumberBox):
    """A box for a whole number."""

    def __init__(self, parent=None, *, low: int = 0, high: int = 1_000_000):
        super().__init__(parent, low=low, high=high, digits=_TYPED)
        self.setStepType(QDoubleSpinBox.DefaultStepType)
        self.setSingleStep(1)

    def value(self) -> int:
        return round(super().value())

    def _read(self, words: str) -> float:
        number = typed_number(words)
        if number != round(number):
            raise ValueError(words)
        return number


class NumberLine(Line):
    """A line for what is more than a number, or less: with a unit, a list, a range, or nothing for a default.

    What it holds is read by :meth:`number`, or by those functions of :mod:`napari_scantwin.core` that read numbers as
    the boxes do.
    """

    _held: tuple | None = None

    def show_held(self, text: str, what) -> None:
        """Write ``text`` for ``what``, of which it may not have every digit."""
        self._held = (text, what)
        self.setText(text)

    @property
    def held(self):
        """What was shown last, while its text stands as it was written; else None."""
        return self._held[1] if self._held is not None and self._held[0] == self.text() else None

    def number(self, instead: float) -> float:
        """The number typed; ``instead`` where the line is empty; ``ValueError`` where it holds none."""
        text = self.text().strip()
        return typed_number(text) if text else instead


def ask_number(parent, title: str, label: str, value: float, *, low: float = -1e12, high: float = 1e12) -> float | None:
    """Ask for a number in a dialog, offering ``value``; None where the user cancels."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    box = NumberBox(low=low, high=high)
    box.setValue(value)
    box.selectAll()
    buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    form = QFormLayout(dialog)
    form.addRow(QLabel(label))
    form.addRow(box)
    form.addRow(buttons)
    return box.value() if dialog.exec_() == QDialog.Accepted else None
