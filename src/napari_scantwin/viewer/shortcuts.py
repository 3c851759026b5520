"""Keys pressed while the keyboard is on the canvas: the selected cut deleted, the last change taken back."""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget

from napari_scantwin.viewer.session import scan_of

__all__ = ["CanvasKeys"]


class CanvasKeys(QObject):
    """Delete, Ctrl+Z and Ctrl+Shift+Z on the canvas, while one of our scans, or no layer, is selected there: napari and
    other plugins have these keys for layers of theirs. Delete is napari's where no cut is seen."""

    def __init__(self, viewer, canvas: QWidget, cuts, undo):
        super().__init__(canvas)
        self._viewer, self._cuts = viewer, cuts
        self.keys: dict[str, QShortcut] = {}
        for name, key, act in (
            ("delete", QKeySequence(Qt.Key_Delete), cuts.delete_chosen),
            ("undo", QKeySequence(QKeySequence.Undo), undo.undo),
            ("redo", QKeySequence(QKeySequence.Redo), undo.redo),
        ):
            self.keys[name] = shortcut = QShortcut(key, canvas)
            shortcut.setContext(Qt.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        viewer.layers.selection.events.active.connect(self._refresh)
        cuts.redrawn.connect(self._refresh)
        self._refresh()

    def _refresh(self, event=None) -> None:
        active = self._viewer.layers.selection.active
        ours = active is None or scan_of(active) is not None
        for name, shortcut in self.keys.items():
            shortcut.setEnabled(ours and (name != "delete" or self._cuts.on_map))

    def shut(self) -> None:
        """Leave these keys to napari again."""
        self._viewer.layers.selection.events.active.disconnect(self._refresh)
        for shortcut in self.keys.values():
            shortcut.setEnabled(False)
        self.keys = {}
