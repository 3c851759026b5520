"""A dock beside the panel's: napari's lists go behind it, its plots lie under the canvas; closed, it leaves nothing."""

from __future__ import annotations

import contextlib

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QDockWidget, QWidget

from napari_scantwin.viewer.canvas.napari_private import ask_before_closing, own_docks, unwrapped, window_of
from napari_scantwin.viewer.kit.reasons import StandingReason

__all__ = ["OwnDock"]


class OwnDock(QWidget):
    """What stands in such a dock. A subclass ends its own work in ``end()``.

    Parameters
    ----------
    napari_viewer
        The napari viewer, as napari hands it to a widget.
    """

    def __init__(self, napari_viewer, parent=None):
        super().__init__(parent)
        self._viewer = unwrapped(napari_viewer)
        self._window = window_of(self._viewer)
        self._at_work = True
        #: What cannot be done and has no form of its own; a subclass puts it above the rest.
        self.reason = StandingReason()
        self._plots_dock: QDockWidget | None = None
        #: napari's layer list and controls, where they were taken from the left.
        self._lists_taken: list[QDockWidget] = []
        if self._window is not None:
            self._window.installEventFilter(self)

    def put_plots(self, plots: QWidget, title: str, height: int) -> QDockWidget | None:
        """Put plots in a dock under the canvas, so many pixels high to begin with; None where there is no window."""
        if self._window is not None:
            self._plots_dock = self._viewer.window.add_dock_widget(plots, name=title, area="bottom")
            self._window.resizeDocks([self._plots_dock], [height], Qt.Vertical)
        return self._plots_dock

    def end(self) -> None:
        """Stop everything that runs and drop its results."""

    def shut(self) -> None:
        """End the work, once, and take away what this dock put into the window."""
        if not self._at_work:
            return
        self._at_work = False
        self.end()
        if self._plots_dock is not None:
            with contextlib.suppress(Exception):  # the window is being closed, and its docks with it
                self._viewer.window.remove_dock_widget(self._plots_dock)
            self._plots_dock = None
        if self._window is not None:
            for one in self._lists_taken:
                self._window.addDockWidget(Qt.LeftDockWidgetArea, one)
                one.show()
            self._lists_taken = []
            self._window.removeEventFilter(self)
            self._window = None

    def _put_lists_behind(self, dock: QDockWidget) -> None:
        """Put napari's lists behind this dock as tabs, where they stand on the left."""
        if self._window is None or dock.isFloating() or self._lists_taken:
            return
        for one in own_docks(self._viewer):
            if self._window.dockWidgetArea(one) == Qt.LeftDockWidgetArea:
                self._window.tabifyDockWidget(dock, one)
                one.show()
                self._lists_taken.append(one)
        dock.raise_()

    def _may_close(self) -> bool:
        self.shut()
        return True

    def showEvent(self, event) -> None:
        super().showEvent(event)
        dock = self.parent()
        if isinstance(dock, QDockWidget):
            ask_before_closing(dock, self._may_close)
            self._put_lists_behind(dock)

    def closeEvent(self, event) -> None:
        self.shut()
        event.accept()

    def eventFilter(self, watched, event) -> bool:
        if event.type() == QEvent.Close and watched is self._window:
            self.shut()
        return False
