"""Compare by hand: a slider for each parameter, and the curves follow."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from napari_scantwin.viewer.kit.numbers import NumberBox

__all__ = ["ByHand"]

#: Slider steps to either side of zero; a slider's end is this many K of the parameter's weight (Walter's size).
_STEPS, _REACH = 500, 60.0
_ROW = 22


class ByHand(QWidget):
    """Sliders and boxes for the parameters of an ion at a site; ``moved(values [k] in K)`` when one was moved.

    A slider runs on a scale that is fine about zero; its ends are as strong as the others'.
    """

    moved = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._sizes = np.zeros(0)
        self._boxes: list[NumberBox] = []
        self._sliders: list[QSlider] = []
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self.levels = QLabel("")
        self.levels.setWordWrap(True)
        self.levels.setStyleSheet("font-size: 8pt")
        self.from_solution = QPushButton("From the solution")
        self.from_solution.setToolTip("Begin at the solution that is looked at in the tab Answer")
        self.turn_signs = QPushButton("Change all signs")
        self.turn_signs.setToolTip("Turns the level scheme upside down")
        self.turn_signs.clicked.connect(lambda: self.set_values(-self.values))
        buttons = QHBoxLayout()
        buttons.addWidget(self.from_solution)
        buttons.addWidget(self.turn_signs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(self._grid)
        layout.addWidget(self.levels)
        layout.addLayout(buttons)

    def show_parameters(self, names: tuple[str, ...], sizes: np.ndarray) -> None:
        """Ask for these, of which one unit is worth ``sizes`` [k] in K; those of the same name keep their values."""
        if names == self._names and np.array_equal(sizes, self._sizes):
            return
        before = dict(zip(self._names, self.values, strict=True))
        while self._grid.count():
            self._grid.takeAt(0).widget().deleteLater()
        self._names, self._sizes, self._boxes, self._sliders = names, np.asarray(sizes, float), [], []
        for row, name in enumerate(names):
            slider, box = QSlider(Qt.Horizontal), NumberBox(low=-1e6, high=1e6, digits=4)
            slider.setRange(-_STEPS, _STEPS)
            box.setButtonSymbols(NumberBox.NoButtons)
            box.setFixedSize(86, _ROW)
            slider.setFixedHeight(_ROW)
            box.setKeyboardTracking(False)
            box.setToolTip(f"{name} in K")
            slider.valueChanged.connect(lambda step, row=row: self._slid(row, step))
            box.valueChanged.connect(lambda value, row=row: self._typed(row, value))
            for column, part in enumerate((QLabel(name), slider, box)):
                self._grid.addWidget(part, row, column)
            self._sliders.append(slider)
            self._boxes.append(box)
        self.set_values(np.array([before.get(name, 0.0) for name in names]), tell=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names."""
        return self._names

    @property
    def values(self) -> np.ndarray:
        """The parameters [k] in K."""
        return np.array([box.value() for box in self._boxes])

    def set_values(self, values: np.ndarray, tell: bool = True) -> None:
        """Put parameters [k] in K in."""
        for row, value in enumerate(values):
            self._put(row, float(value))
        if tell:
            self.moved.emit(self.values)

    def _put(self, row: int, value: float) -> None:
        for part, content in ((self._boxes[row], value), (self._sliders[row], self._step(row, value))):
            part.blockSignals(True)
            part.setValue(content)
            part.blockSignals(False)

    def _step(self, row: int, value: float) -> int:
        share = np.clip(value * self._sizes[row] / _REACH, -1, 1)
        return round(float(np.sign(share) * np.sqrt(abs(share)) * _STEPS))

    def _slid(self, row: int, step: int) -> None:
        share = step / _STEPS
        self._boxes[row].blockSignals(True)
        self._boxes[row].setValue(share * abs(share) * _REACH / self._sizes[row])
        self._boxes[row].blockSignals(False)
        self.moved.emit(self.values)

    def _typed(self, row: int, value: float) -> None:
        self._put(row, value)
        self.moved.emit(self.values)
