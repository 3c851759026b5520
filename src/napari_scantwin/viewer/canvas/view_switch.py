"""The switch on the canvas: which view of the chosen scan is looked at."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_scantwin.viewer.canvas.visibility import VIEWS, show_view, view_shown, why_no_view
from napari_scantwin.viewer.kit.legible import PressedButton

__all__ = ["HEIGHT", "ViewSwitch"]

#: Pixels of the canvas that the switch takes, and where it begins.
HEIGHT, _LEFT = 24, 2
_TIPS = {
    "measured": "The measured points or slices",
    "map": "The twin's map, with the measured points over it",
    "±": "The twin's uncertainty, one standard deviation",
    "residual": "Measured minus simulated, where it was measured",
}
_BESIDE = "side by side"
_STYLE = "QPushButton { padding: 1px 8px; min-height: 16px; border-radius: 2px; }"


class ViewSwitch(QWidget):
    """A row of buttons, one pressed at most; greyed with the reason where a scan has no such view.

    ``beside(on)`` when the views are to be shown side by side, or no longer.
    """

    beside = Signal(bool)

    def __init__(self, viewer, canvas: QWidget, chosen: Callable[[], object]):
        super().__init__(canvas)
        self._viewer, self._chosen = viewer, chosen
        self.setAutoFillBackground(True)
        self.buttons = {view: PressedButton(view, _STYLE) for view in (*VIEWS, _BESIDE)}
        row = QHBoxLayout(self)
        row.setContentsMargins(_LEFT, 2, 2, 2)
        row.setSpacing(2)
        for view, button in self.buttons.items():
            button.clicked.connect(lambda on, view=view: self._clicked(view, on))
            row.addWidget(button)
        row.addStretch(1)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self.refresh)
        self._events = [viewer.layers.events, viewer.layers.selection.events]
        for event in self._events:
            event.connect(self._later)
        canvas.installEventFilter(self)
        self._place()
        self.refresh()

    def _place(self) -> None:
        self.setGeometry(0, 0, self.parent().width() - 24, HEIGHT)

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Resize:
            self._place()
        return False

    def _later(self, event=None) -> None:
        if isalive(self) and not self._late.isActive():
            self._late.start(0)

    def shut(self) -> None:
        """Follow the viewer no longer."""
        for event in self._events:
            event.disconnect(self._later)
        self._events = []
        if isalive(self):
            self._late.stop()
            self.hide()

    def show_beside(self, on: bool) -> None:
        """Say that the views are, or are no longer, shown side by side."""
        if isalive(self):
            self.buttons[_BESIDE].setChecked(on)

    def refresh(self) -> None:
        """Press the button of what is seen, and grey those of what is not there."""
        if not isalive(self):  # the window, and its canvas with all on it, is gone before the panel
            return
        layer = self._chosen()
        self.setVisible(layer is not None)
        if layer is None:
            return
        shown = view_shown(self._viewer, layer)
        for view in VIEWS:
            button, reason = self.buttons[view], why_no_view(self._viewer, layer, view)
            button.setEnabled(not reason)
            button.setToolTip(reason or _TIPS[view])
            button.setChecked(view == shown)
        image = hasattr(layer, "contrast_limits")
        reason = why_no_view(self._viewer, layer, "map") if image else "For scans on a grid; points lie over their map"
        self.buttons[_BESIDE].setEnabled(not reason)
        self.buttons[_BESIDE].setToolTip(reason or "Measured, map and residual beside each other, below the canvas")

    def _clicked(self, view: str, on: bool) -> None:
        layer = self._chosen()
        if view == _BESIDE:
            self.beside.emit(on)
        elif layer is not None:
            show_view(self._viewer, layer, view)
        self.refresh()
