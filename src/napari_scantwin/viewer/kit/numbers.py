"""Boxes for numbers."""

from __future__ import annotations

from qtpy.QtWidgets import QDoubleSpinBox

__all__ = ["NumberBox"]


class NumberBox(QDoubleSpinBox):
    """A box for a number of any size, written without the zeros that Qt fills up its decimals with."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setDecimals(9)
        self.setRange(0, 1e12)
        self.setStepType(QDoubleSpinBox.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        return f"{value:.6g}"
