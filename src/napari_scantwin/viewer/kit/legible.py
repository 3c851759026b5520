"""Letters that stand out from their ground in both of napari's themes, where its style leaves them too faint."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton

from napari_scantwin.operations.contrast import TEXT, contrast, readable

__all__ = ["KeyLabel", "Line", "PressedButton", "hint_ink", "on_table", "theme_color"]

#: How much of its colour the hint in an empty line keeps: it is not to be taken for something typed.
_FAINT = 0.6
#: Small letters are softened at their edges: they need more than they are to have.
_SOFTENED = 1.1


def theme_color(name: str) -> str:
    """A colour of the theme that the viewer shows, as ``"#rrggbb"``: "background", "foreground", "primary" (of fields
    and buttons), "current" (of what is pressed), "text"."""
    import napari
    from napari.utils.theme import get_theme

    viewer = napari.current_viewer()
    return getattr(get_theme("dark" if viewer is None else viewer.theme), name).as_hex(format="long")


def hint_ink() -> str:
    """The colour of the hint in an empty line: between text and ground, as near to the ground as can be read."""
    ink, ground = QColor(theme_color("text")), QColor(theme_color("primary"))
    mixed = [
        round(_FAINT * one + (1 - _FAINT) * other)
        for one, other in zip(ink.getRgb()[:3], ground.getRgb()[:3], strict=True)
    ]
    return readable(QColor(*mixed).name(), ground.name(), _SOFTENED * TEXT)


def on_table(color: str) -> str:
    """A colour made to be read as text in a table."""
    return readable(color, theme_color("foreground"), _SOFTENED * TEXT)


class Line(QLineEdit):
    """A line of text whose hint can be read. Style sheets of Qt 5 know no colour for hints: the palette has it, and is
    renewed whenever a style sheet has put its own there."""

    def event(self, event) -> bool:
        handled = super().event(event)
        if event.type() in (QEvent.StyleChange, QEvent.Polish, QEvent.Show):
            self._ink()
        return handled

    def _ink(self) -> None:
        palette, ink = self.palette(), QColor(hint_ink())
        if palette.color(QPalette.PlaceholderText) != ink:
            palette.setColor(QPalette.PlaceholderText, ink)
            self.setPalette(palette)


class KeyLabel(QLabel):
    """A key beside plots: words in the colours of their curves, made to be read on the window's ground.

    Parameters
    ----------
    key
        (words, colour) each.
    """

    def __init__(self, key: Sequence[tuple[str, str]], parent=None):
        super().__init__(parent)
        self._key = tuple(key)
        self._ink()

    def event(self, event) -> bool:
        handled = super().event(event)
        if event.type() in (QEvent.StyleChange, QEvent.Show):
            self._ink()
        return handled

    def _ink(self) -> None:
        ground = theme_color("background")
        self.setText(
            " · ".join(
                f"<span style='color:{readable(color, ground, _SOFTENED * TEXT)}'>{words}</span>"
                for words, color in self._key
            )
        )


class PressedButton(QPushButton):
    """A button that stays pressed, in ``style`` (a sheet for QPushButton), with letters that stand out then too."""

    def __init__(self, text: str, style: str, parent=None):
        super().__init__(text, parent)
        self.setCheckable(True)
        self._style = style
        self.setStyleSheet(style)

    def event(self, event) -> bool:
        handled = super().event(event)
        if event.type() in (QEvent.StyleChange, QEvent.Show):
            pressed = theme_color("current")
            ink = max(("#000000", "#ffffff"), key=lambda end: contrast(end, pressed))
            sheet = f"{self._style} QPushButton:checked {{ color: {ink}; }}"
            if sheet != self.styleSheet():
                self.setStyleSheet(sheet)
        return handled
