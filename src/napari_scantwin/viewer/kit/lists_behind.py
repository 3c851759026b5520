"""napari's layer list and controls as tabs behind a dock of ours: the canvas and the plots have the width."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget

from napari_scantwin.viewer.canvas.napari_private import own_docks, window_of

__all__ = ["ListsBehind"]


class ListsBehind:
    """Puts napari's lists behind one dock, where they stand on the left, and back there when it goes.

    Parameters
    ----------
    viewer
        The napari viewer.
    """

    def __init__(self, viewer):
        self._viewer = viewer
        self._moved: list[QDockWidget] = []

    def put(self, dock: QDockWidget) -> None:
        """Put them behind ``dock``, which stays in front; nothing where it floats or it has them already."""
        window = window_of(self._viewer)
        if window is None or dock.isFloating() or self._moved:
            return
        for one in own_docks(self._viewer):
            if window.dockWidgetArea(one) == Qt.LeftDockWidgetArea:
                window.tabifyDockWidget(dock, one)
                one.show()
                self._moved.append(one)
        dock.raise_()

    def back(self) -> None:
        """Put back on the left what :meth:`put` took from there."""
        window = window_of(self._viewer)
        if window is not None:
            for one in self._moved:
                window.addDockWidget(Qt.LeftDockWidgetArea, one)
                one.show()
        self._moved = []
