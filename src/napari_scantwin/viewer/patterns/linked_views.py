"""The map of a component beside the density of the scores of two: what is outlined in one is shown in both, and on
napari's canvas, where it can be outlined too."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_scantwin.analyses.pattern_views import map_of_component
from napari_scantwin.patterns.components import Components
from napari_scantwin.patterns.selection import chosen_among_scores, chosen_on_map, density
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.patterns.lasso_image import LassoImage

__all__ = ["LinkedViews"]

_MISFIT = "misfit"
_INVITED = "Draw around places, or around scores."


class LinkedViews(QWidget):
    """Shows components; ``chosen`` with the places that were outlined, or None when nothing is; ``canvas_wanted`` when
    they are to be outlined on the canvas, or no longer."""

    chosen = Signal(object)
    canvas_wanted = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.found: Components | None = None
        self.places: np.ndarray | None = None
        self.map, self.scores = LassoImage("map"), LassoImage("scores", "inferno")
        self.which, self.first, self.second = Combo(), Combo(), Combo()
        self.which.setToolTip("Whose map is shown")
        for combo in (self.first, self.second):
            combo.setToolTip("Whose scores lie along this axis")
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Choose no places; a click beside the outline does too")
        self.on_canvas = QPushButton("Lasso")
        self.on_canvas.setCheckable(True)
        self.on_canvas.setToolTip(
            "Draw around places on the canvas; several outlines add up. Press again, or take another tool of napari, "
            "to lay the lasso down"
        )
        self.on_canvas.clicked.connect(self.canvas_wanted)
        self.said = QElidingLabel(_INVITED)
        self.said.setStyleSheet("font-size: 8pt")
        head = QHBoxLayout()
        head.addWidget(QLabel("Map of"))
        head.addWidget(self.which)
        head.addWidget(self.on_canvas)
        head.addWidget(self.clear)
        head.addWidget(self.said, 1)
        head.addWidget(QLabel("Scores"))
        head.addWidget(self.first)
        head.addWidget(QLabel("against"))
        head.addWidget(self.second)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(beside(self.map.widget, self.scores.widget), 1)
        self.which.currentIndexChanged.connect(self._draw_map)
        for combo in (self.first, self.second):
            combo.currentIndexChanged.connect(self._draw_scores)
        self.map.lassoed.connect(lambda outline: self.choose(chosen_on_map(self.found, outline)))
        self.scores.lassoed.connect(
            lambda outline: self.choose(
                chosen_among_scores(self.found, self.first.currentIndex(), self.second.currentIndex(), outline)
            )
        )
        for signal in (self.map.cleared, self.scores.cleared, self.clear.clicked):
            signal.connect(lambda *told: self.choose(None))

    def show_components(self, found: Components) -> None:
        """Show what was found."""
        self.found, self.places = found, None
        named = [str(number + 1) for number in range(found.count)]
        for combo, entries, chosen in (
            (self.which, [*named, _MISFIT], 0),
            (self.first, named, 0),
            (self.second, named, min(1, found.count - 1)),
        ):
            before = combo.currentIndex()
            combo.blockSignals(True)
            combo.clear()
            combo.addItems(entries)
            combo.setCurrentIndex(before if 0 <= before < len(entries) else chosen)
            combo.blockSignals(False)
        if found.count > 1 and self.first.currentIndex() == self.second.currentIndex():
            self.second.setCurrentIndex(1 if self.first.currentIndex() == 0 else 0)
        flat = len(found.table.over) >= 2
        self.map.widget.setVisible(flat)
        self.which.setEnabled(flat)
        self.on_canvas.setEnabled(flat)
        self.choose(None)
        self._draw_map()
        self._draw_scores()

    def choose(self, places: np.ndarray | None) -> None:
        """Choose places, bool in their shape; None, or no place at all, for nothing."""
        if self.found is None:
            return
        places = None if places is None or not places.any() else places
        self.places = places
        self._mark()
        self.said.setText(_INVITED if places is None else f"{int(places.sum())} places")
        self.chosen.emit(places)

    def choose_outlined(self, outlines: Sequence[np.ndarray]) -> None:
        """Choose what any of some outlines on the map [m, 2] encloses."""
        if self.found is not None:
            self.choose(sum((chosen_on_map(self.found, one) for one in outlines), np.zeros((), bool)))

    def _mark(self) -> None:
        if self.places is None:
            self.map.mark(None)
            self.scores.mark(None)
            return
        self.map.mark(self._last_axes(self.places, any_of=True))
        first, second = self.first.currentIndex(), self.second.currentIndex()
        self.scores.mark(density(self.found, first, second, self.places).values > 0)

    def _last_axes(self, values: np.ndarray, any_of: bool = False) -> np.ndarray:
        """Values over the last two axes of places: of further ones the first, or whether any."""
        extra = values.ndim - 2
        if any_of:
            return values.any(axis=tuple(range(extra))) if extra else values
        return values[(0,) * extra]

    def _draw_map(self, *index) -> None:
        found = self.found
        if found is None or len(found.table.over) < 2 or self.which.currentIndex() < 0:
            return
        number = self.which.currentIndex()
        shown = found.misfit if number >= found.count else map_of_component(found, number)
        shown = shown.isel(dict.fromkeys(found.table.over[:-2], 0), drop=True)
        self.map.show(shown)
        self._mark()

    def _draw_scores(self, *index) -> None:
        first, second = self.first.currentIndex(), self.second.currentIndex()
        if self.found is None or min(first, second) < 0:
            return
        self.scores.show(density(self.found, first, second), log=True)
        self._mark()

    def keyPressEvent(self, event) -> None:
        if event.key() == Qt.Key_Escape:
            self.choose(None)
        else:
            super().keyPressEvent(event)
