"""The menu beside the chosen scan: what was done as a script, and as a session to be opened again."""

from __future__ import annotations

from qtpy.QtWidgets import QApplication, QMenu, QToolButton

from napari_scantwin.core.errors import ScanError
from napari_scantwin.recipes import as_python
from napari_scantwin.viewer.kit.jobs import say_error
from napari_scantwin.viewer.recipe_of import recipe_of

__all__ = ["ScanMenu"]


class ScanMenu(QToolButton):
    """A button that opens the menu."""

    def __init__(self, panel):
        super().__init__(panel)
        self._panel = panel
        self.setText("⋮")
        self.setPopupMode(QToolButton.InstantPopup)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { font-size: 12pt; }")
        self.setFixedSize(24, 24)
        self.setToolTip("Copy what was done to this scan as Python")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.python = menu.addAction("Copy as Python", self.copy_python)
        self.python.setToolTip("A script that does from the file on what is on screen: reading, steps, training, cuts")
        menu.aboutToShow.connect(lambda: self.python.setEnabled(panel.chooser.layer is not None))
        self.setMenu(menu)

    def copy_python(self) -> bool:
        """Put the script on the clipboard; False, with a sentence, where there is none."""
        try:
            text = as_python(recipe_of(self._panel))
        except ScanError as reason:
            say_error(reason)
            return False
        QApplication.clipboard().setText(text)
        from napari.utils.notifications import show_info

        show_info("Copied a script that does this again from the file on; paste it into a .py file or a notebook.")
        return True
