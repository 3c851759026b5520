"""napari's dimension sliders, speaking the scan's axes: their names, and values with units in place of indices."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QSize, Qt
from superqt import QElidingLabel

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.typed import leading_number
from napari_scantwin.viewer.canvas.napari_private import own_words, sliders_of
from napari_scantwin.viewer.canvas.readout import decimals_of, written
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["Sliders", "drawn_at"]

#: napari keeps 150 pixels for a slider's groove; beside a name and a value that leaves a narrow canvas too little.
_GROOVE = 90
#: What is left of an axis's name at the least, in pixels.
_NAME = 40


def drawn_at(scan, axis: str, physical: float) -> float:
    """The axis's value of the slice that is drawn where a slider stands at ``physical``: the nearest measured one
    of a gridded scan (uneven axes too), the place itself of a ragged one."""
    if not scans.is_gridded(scan):
        return physical
    column = np.asarray(scan[axis].values, float)
    return float(column[np.argmin(np.abs(column - physical))])


class _Name(QElidingLabel):
    """An axis's name, cut with an ellipsis where it has not the room that it asks for."""

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 4, super().sizeHint().height())


class Sliders:
    """Puts an axis's name and its value with unit beside each of napari's sliders, where a typed value is gone to.

    ``layer()`` is the layer whose axes are spoken, or None for napari's own words.
    """

    def __init__(self, viewer, layer: Callable[[], object]):
        self._viewer, self._layer = viewer, layer
        for event in (viewer.dims.events.ndim, viewer.dims.events.order, viewer.dims.events.ndisplay):
            event.connect(self.refresh, position="last")
        viewer.dims.events.range.connect(self.refresh, position="last")
        viewer.layers.selection.events.active.connect(self.refresh, position="last")
        viewer.dims.events.point.connect(self._follow, position="last")
        self.refresh()

    def _axis(self, position: int) -> tuple:
        """The frame, scan and axis of a dimension; Nones where it is none of the scan's."""
        layer = self._layer()
        frame, scan = frame_of(layer), scan_of(layer)
        if frame is not None:
            number = position - (self._viewer.dims.ndim - len(frame.axes))
            if number >= 0 and len(frame.axes) > 1:
                return frame, scan, number
        return None, None, None

    def held(self) -> list[str]:
        """The axes that are not drawn, each with its value and unit, in words."""
        return [f"{name} {value}" for name, value in self.texts().items()]

    def texts(self) -> dict[str, str]:
        """What stands beside the sliders that are shown: the value with its unit by the axis's name."""
        found = {}
        for widget in sliders_of(self._viewer):
            if not widget.isHidden() and hasattr(widget, "scan_value") and not widget.scan_value.isHidden():
                found[widget.scan_name.text()] = widget.scan_value.text()
        return found

    def show(self, at: dict[str, float]) -> None:
        """Show values that the sliders themselves will stand at in a moment."""
        frame = frame_of(self._layer())
        for widget in sliders_of(self._viewer):
            if frame is not None and hasattr(widget, "scan_axis") and widget.scan_axis[0] < len(frame.axes):
                number, _, decimals, unit, _ = widget.scan_axis
                if frame.axes[number] in at:
                    widget.scan_value.setText(f"{written(at[frame.axes[number]], decimals)} {unit}".rstrip())

    def refresh(self, event=None) -> None:
        """Name the axes again."""
        spoken = []
        for widget in sliders_of(self._viewer):
            frame, scan, number = self._axis(widget.axis)
            ours = frame is not None
            for part in own_words(widget):
                part.setVisible(not ours)
            if not ours and not hasattr(widget, "scan_value"):
                continue
            if not hasattr(widget, "scan_value"):
                self._add(widget)
            widget.scan_name.setVisible(ours)
            widget.scan_value.setVisible(ours)
            if ours:
                name, unit = frame.axes[number], units.pretty(frame.units[number])
                column = np.asarray(scan[name].values, float)
                widget.scan_name.setText(str(scan[name].attrs.get("long_name") or name.replace("_", " ")))
                widget.scan_axis = (number, column, decimals_of(column), unit, scans.is_gridded(scan))
                low, high = (f"{written(value, decimals_of(column))} {unit}" for value in (column.min(), column.max()))
                widget.scan_value.setToolTip(f"{low} to {high}; type a value to go there")
                spoken.append((widget, max((low, high), key=len)))
        for widget, longest in spoken:
            # Three characters more than the ends need, for values between them.
            metrics = widget.scan_value.fontMetrics()
            widget.scan_value.setFixedWidth(metrics.horizontalAdvance(longest + "000") + 14)
        self._follow()

    def _add(self, widget) -> None:
        name, value = _Name(widget), NumberLine(widget)  # a long name must not widen the window
        name.setMinimumWidth(_NAME)
        value.setAlignment(Qt.AlignRight)
        value.editingFinished.connect(lambda: self._typed(widget))
        widget.slider.setMinimumWidth(_GROOVE)
        widget.layout().insertWidget(0, name)
        widget.layout().addWidget(value)
        widget.scan_name, widget.scan_value = name, value

    def _follow(self, event=None) -> None:
        """Show the values where the sliders stand."""
        frame = frame_of(self._layer())
        for widget in sliders_of(self._viewer):
            value = getattr(widget, "scan_value", None)
            if value is None or widget.isHidden() or value.isHidden() or value.hasFocus():
                continue
            if frame is not None and widget.scan_axis[0] < len(frame.axes):
                value.show_held(self._text(widget, frame), True)

    def _text(self, widget, frame) -> str:
        number, column, decimals, unit, gridded = widget.scan_axis
        there = self._viewer.dims.point[widget.axis] * frame.step[number] + frame.origin[number]
        there = column[np.argmin(np.abs(column - there))] if gridded else there
        return f"{written(there, decimals)} {unit}".rstrip()

    def _typed(self, widget) -> None:
        """Go to the value a person typed, in the axis's unit or in one that it names."""
        frame, scan, number = self._axis(widget.axis)
        untouched = widget.scan_value.held is not None
        widget.scan_value.clearFocus()
        with contextlib.suppress(ValueError):  # no number: the slider stays where it is
            value, unit = leading_number("" if frame is None or untouched else widget.scan_value.text())
            if unit and units.is_known(unit) and units.compatible(unit, frame.units[number]):
                value = float(units.convert(value, unit, frame.units[number]))
            value = drawn_at(scan, frame.axes[number], value)
            self._viewer.dims.set_point(widget.axis, (value - frame.origin[number]) / frame.step[number])
        self._follow()
