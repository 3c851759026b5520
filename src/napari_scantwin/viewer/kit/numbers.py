"""The one box for numbers."""

from __future__ import annotations

from qtpy.QtCore import QLocale
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox

from napari_scantwin.core.typed import NUMBER, typed_number

__all__ = ["NumberBox"]

#: Qt rounds every value to the decimals of its box; with so many it leaves each as it is.
_ALL_DECIMALS = 323


class NumberBox(QDoubleSpinBox):
    """A box for a number of any size.

    It takes a decimal comma or point and exponents in every locale, writes the number without filling it up with zeros,
    and keeps one that nobody retyped to its last digit.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setLocale(QLocale.c())
        self.setDecimals(_ALL_DECIMALS)
        self.setRange(0, 1e12)
        self.setStepType(QDoubleSpinBox.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"

    def valueFromText(self, text: str) -> float:
        plain = self._bare(text)
        if plain == self.textFromValue(self.value()):
            return self.value()  # what is written may be rounded; what was not retyped is not
        try:
            return typed_number(plain)
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int):
        plain = self._bare(text)
        if NUMBER.fullmatch(plain):
            inside = self.minimum() <= typed_number(plain) <= self.maximum()
            return (QValidator.Acceptable if inside else QValidator.Intermediate), text, position
        begun = all(letter in "0123456789.,eE+-−–" for letter in plain)
        return (QValidator.Intermediate if begun else QValidator.Invalid), text, position

    def _bare(self, text: str) -> str:
        """The text without what the box writes before and behind the number."""
        return text.removeprefix(self.prefix()).removesuffix(self.suffix()).strip()
