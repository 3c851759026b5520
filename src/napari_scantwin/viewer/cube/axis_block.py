"""One axis of a cube in the panel: its value, averaging window, play button and profile."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.viewer.canvas.readout import decimals_of, written
from napari_scantwin.viewer.cube.profile_plot import ProfilePlot
from napari_scantwin.viewer.kit.numbers import NumberBox

__all__ = ["AxisBlock"]

_HEIGHT = 112
_PLAY, _PAUSE = "▶", "⏸"


class AxisBlock(QWidget):
    """A row of boxes above a plot. ``value.edited(value)``, ``value.stepped(samples)``, ``width.valueChanged(width)``,
    ``play_button.toggled(on)`` and ``plot.line.dragged(value)`` say what the user does."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.name = QElidingLabel()
        self.value, self.width = _Value(), _Width()
        self.width.setToolTip("Full width of the window on this axis that the other views are averaged over; 0: none")
        self.play_button = QToolButton()
        self.play_button.setCheckable(True)
        self.play_button.setFixedWidth(24)
        self.play_button.setText(_PLAY)
        self.play_button.setToolTip("Play along this axis")
        self.plot = ProfilePlot(_HEIGHT)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.name, 1)
        row.addWidget(self.value)
        row.addWidget(QLabel("over"))
        row.addWidget(self.width)
        row.addWidget(self.play_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.plot.widget, 1)

    def set_axis(self, scan, axis: str) -> None:
        """Show an axis of a scan."""
        column = np.asarray(scan[axis].values, float)
        unit = units.pretty(scan[axis].attrs["units"])
        kind, name = sections.kind_of(scan, axis), axis.replace("_", " ")
        self.name.setText(name)
        self.name.setToolTip(f"Below: the profile along the {name}, through the crosshair")
        self.value.set_column(column, unit)
        self.width.set_column(column, unit)
        value_unit = units.pretty(scan.attrs["units"])
        left = value_unit if kind == "profile" else f"{kind} ({value_unit})"
        self.plot.set_axis(scans.axis_label(scan, axis), left, column)

    def show_place(self, at: float, width: float, bounds: tuple[float, float]) -> None:
        """Show the crosshair's value and the window."""
        self.value.show_value(at)
        self.width.show_value(width)
        self.plot.show_place(at, bounds)

    def show_playing(self, on: bool) -> None:
        """Whether the crosshair runs along this axis."""
        self.play_button.blockSignals(True)
        self.play_button.setChecked(on)
        self.play_button.setText(_PAUSE if on else _PLAY)
        self.play_button.blockSignals(False)


class _Box(NumberBox):
    """A box for a number on an axis, in its unit, with as many decimals as tell neighbours apart."""

    _decimals: int | None = None  # of the class: Qt asks for texts before __init__ has ended

    def __init__(self):
        super().__init__(low=-1e15, high=1e15)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignRight)
        self.setButtonSymbols(NumberBox.NoButtons)  # the arrow keys and the wheel step, and room is short

    def set_column(self, column: np.ndarray, unit: str) -> None:
        """Serve another axis."""
        self._decimals = decimals_of(column)
        self.setSuffix(f" {unit}" if unit else "")
        ends = [f"{written(value, self._decimals)} {unit}" for value in (column.min(), column.max(), np.ptp(column))]
        self.ensurePolished()
        self.setFixedWidth(max(map(self.fontMetrics().horizontalAdvance, ends)) + 32)

    def textFromValue(self, value: float) -> str:
        return written(value, self._decimals)

    def show_value(self, value: float) -> None:
        """Show a number without saying that it was edited."""
        if value != self.value():
            self.blockSignals(True)
            self.setValue(value)
            self.blockSignals(False)


class _Value(_Box):
    """Where the crosshair is: the arrows ask for neighbouring samples, a typed number for the nearest one."""

    edited = Signal(float)
    stepped = Signal(int)

    def __init__(self):
        super().__init__()
        self.valueChanged.connect(self.edited)

    def stepBy(self, steps: int) -> None:
        self.stepped.emit(steps)


class _Width(_Box):
    """A window's width: the arrows make it two samples wider or narrower, one on either side."""

    def __init__(self):
        super().__init__()
        self.setMinimum(0)

    def set_column(self, column: np.ndarray, unit: str) -> None:
        """Serve another axis."""
        super().set_column(column, unit)
        gaps = np.diff(np.unique(column))
        self.setSingleStep(2 * float(np.median(gaps)) if gaps.size else 1.0)
        self.setMaximum(2 * float(np.ptp(column)) or 1.0)
