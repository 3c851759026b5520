"""Notes, warnings and hints below a tab, each a line; a warning of order carries the button that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_scantwin.crystal_field.measured.advice import Advice
from napari_scantwin.crystal_field.measured.problem import Prepared

__all__ = ["Messages"]

#: So many letters of a curve's name stand on a button.
_LONGEST = 22
_WARNING, _HINT, _NOTE = "⚠ ", "➤ ", "· "


class Messages(QScrollArea):
    """Sentences, the urgent ones first; ``limit_wanted(curve, temperature)`` when a proposed limit is taken."""

    limit_wanted = Signal(int, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setMinimumHeight(60)
        self.sentences: list[str] = []
        self.show_sentences([])

    def show_sentences(self, sentences: list[str], limits: Sequence[tuple[int, float, str]] = ()) -> None:
        """Show sentences in place of those before, with a button for each limit (place, temperature, curve)."""
        self.sentences = list(sentences)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for place, limit, name in limits:
            short = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
            button = QPushButton(f"Use {short} only above {limit:g} K")
            button.clicked.connect(lambda clicked, place=place, limit=limit: self.limit_wanted.emit(place, limit))
            column.addWidget(button)
        for sentence in sentences:
            label = QLabel(sentence)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextSelectableByMouse)
            label.setStyleSheet("font-size: 8pt")
            column.addWidget(label)
        column.addStretch(1)
        self.setWidget(page)

    def show_prepared(self, prepared: Prepared, advice: Advice) -> None:
        """Show what is to be known of curves that can be fitted."""
        limits = [
            (place, found.limit, curve.label)
            for place, (curve, found) in enumerate(zip(prepared.curves, prepared.orderings, strict=True))
            if found is not None and (curve.x_range is None or curve.x_range[0] < found.limit)
        ]
        said = [_WARNING + one for one in advice.warnings] + [_HINT + one for one in advice.hints]
        self.show_sentences(said + [_NOTE + one for one in prepared.gathered], limits)

    def show_refused(self, reason: str) -> None:
        """Show why curves cannot be fitted yet."""
        self.show_sentences([reason])
