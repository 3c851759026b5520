"""What the map's menu offers beside copying and exporting: which way it stands, and the scale of its colours."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtGui import QActionGroup
from qtpy.QtWidgets import QMenu

from napari_scantwin.figures.color_scale import SCALES
from napari_scantwin.viewer.canvas.colors import scale_of, set_scale, why_no_scale
from napari_scantwin.viewer.canvas.visibility import axes_shown, show_axes

__all__ = ["ViewMenu"]


class ViewMenu:
    """Adds to a menu; ``shown()`` tells the layer whose colours are looked at, ``scales`` are the actions by name."""

    def __init__(self, menu: QMenu, viewer, shown: Callable[[], object]):
        self._viewer, self._shown = viewer, shown
        menu.setToolTipsVisible(True)
        menu.addSeparator()
        self.turn = menu.addAction("Turn the axes", self._turned)
        self.turn.setToolTip("The vertical axis to the right, and the horizontal one upwards")
        menu.addSeparator()
        self._group = QActionGroup(menu)
        self.scales = {}
        for scale, words in SCALES.items():
            action = menu.addAction(words, lambda scale=scale: self._chosen(scale))
            action.setCheckable(True)
            self._group.addAction(action)
            self.scales[scale] = action
        menu.aboutToShow.connect(self.refresh)

    def refresh(self) -> None:
        """Tick the scale there is, and grey those that do not fit, with the reason."""
        layer = self._shown()
        self.turn.setEnabled(layer is not None)
        for scale, action in self.scales.items():
            reason = "Open a scan first" if layer is None else why_no_scale(layer, scale)
            action.setEnabled(not reason or (layer is not None and scale == scale_of(layer)))
            action.setToolTip(reason)
            action.setChecked(layer is not None and scale == scale_of(layer))

    def _turned(self) -> None:
        layer = self._shown()
        pair = None if layer is None else axes_shown(self._viewer, layer)
        if pair is not None:
            show_axes(self._viewer, layer, *pair[::-1])

    def _chosen(self, scale: str) -> None:
        layer = self._shown()
        if layer is not None:
            set_scale(self._viewer, layer, scale)
