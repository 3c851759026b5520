"""The plots under the canvas: the curves with what crystal fields give, the levels, the states."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from napari_scantwin.crystal_field.pictures import Modelled, curve_plots, level_plot
from napari_scantwin.crystal_field.report import in_energy_unit, magnetic_numbers, plain_states
from napari_scantwin.operations.findings import COLORS, Curve, Plot
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.plots import give_menu, new_plot

__all__ = ["CurvesView", "LevelsView", "StatesView"]

_FAINT = "#808080"


class CurvesView(QWidget):
    """Curves with models over them, one view at a time."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.view = Combo()
        self.view.setToolTip("What is drawn")
        self.plot = CurvePlot(name=lambda: f"crystal field {self.view.currentText()}")
        self._plots: dict[str, Plot] = {}
        self.view.currentIndexChanged.connect(self._show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        row = QHBoxLayout()
        row.addWidget(self.view)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(self.plot.widget, 1)

    def show_curves(self, curves, models: list[Modelled] = (), bands=()) -> None:
        """Draw curves, what crystal fields give there, and grey bands."""
        self.show_plots(curve_plots(curves, models, bands=bands))

    def show_plots(self, plots: dict[str, Plot]) -> None:
        """Draw plots, keeping the view where it is among them."""
        before = self.view.currentText()
        self._plots = plots
        if list(plots) != [self.view.itemText(k) for k in range(self.view.count())]:
            self.view.blockSignals(True)
            self.view.clear()
            self.view.addItems(list(plots))
            self.view.setCurrentText(before if before in plots else "")
            self.view.setCurrentIndex(max(self.view.currentIndex(), 0))
            self.view.blockSignals(False)
        self._show()

    def _show(self, *index) -> None:
        plot = self._plots.get(self.view.currentText())
        if plot is None:
            self.plot.clear()
            return
        log = self.plot.widget.picture.log["x"]
        if log.isChecked() != plot.log[0]:
            log.setChecked(plot.log[0])
        self.plot.show(plot)


class LevelsView(QWidget):
    """The level diagram: a column for each solution, bars at the energies, with how many states each has, and the
    distances from the ground level."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.plot = new_plot(120)
        self._drawn: tuple = ((), "meV", (), 0)
        give_menu(self.plot, self._described, name=lambda: "crystal-field levels")
        self.plot.themed.connect(self._draw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def show_levels(self, solutions, unit: str, known=(), selected: int = 0) -> None:
        """Draw the levels of solutions; ``known`` ones, in K, as dashed lines."""
        self._drawn = (tuple(solutions), unit, tuple(known), selected)
        self._draw()

    def _described(self) -> Plot | None:
        solutions, unit, known, _ = self._drawn
        return level_plot(solutions, unit, known) if solutions else None

    def _draw(self) -> None:
        solutions, unit, known, selected = self._drawn
        plot = self.plot
        plot.clear()
        plot.setLabel("left", f"energy ({unit})")
        plot.getAxis("bottom").setTicks([[(n + 1, str(n + 1)) for n in range(len(solutions))]])
        plot.setLabel("bottom", "solution")
        if not solutions:
            return
        highest = max(float(in_energy_unit(one.levels[-1], unit)) for one in solutions) or 1.0
        for energy in known:
            line = pg.InfiniteLine(float(in_energy_unit(energy, unit)), angle=0, pen=pg.mkPen(plot.ink(_FAINT)))
            line.pen.setDashPattern([4, 3])
            plot.addItem(line)
        for number, one in enumerate(solutions):
            color = QColor(plot.ink(COLORS[number % (len(COLORS) - 1)]))
            color.setAlpha(255 if number == selected else 110)
            last = -np.inf
            for energy, size in zip(one.levels, one.degeneracies, strict=True):
                shown = float(in_energy_unit(energy, unit))
                ends = [number + 0.62, number + 1.2]
                plot.addItem(pg.PlotCurveItem(ends, [shown, shown], pen=pg.mkPen(color, width=3)))
                if shown - last > 0.045 * highest and (number == selected or len(solutions) == 1):
                    text = pg.TextItem(f"{shown:.3g} ×{size}", color=color, anchor=(0, 0.5))
                    text.setPos(number + 1.22, shown)
                    plot.addItem(text)
                    last = shown
        plot.getPlotItem().setXRange(0.5, len(solutions) + 0.75, padding=0)
        plot.getPlotItem().setYRange(-0.05 * highest, 1.06 * highest, padding=0)


class StatesView(QWidget):
    """A level's states as bars: how much of each |m⟩ they hold."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.level = Combo()
        self.level.setToolTip("Which level")
        self.level.currentIndexChanged.connect(self._draw)
        self.plot = new_plot(120)
        give_menu(self.plot, self._described, name=lambda: "crystal-field states")
        self.plot.themed.connect(self._draw)
        self._solution = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        row = QHBoxLayout()
        row.addWidget(self.level)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(self.plot, 1)

    def show_solution(self, solution, unit: str) -> None:
        """Draw the states of a solution's levels."""
        self._solution = solution
        before = max(self.level.currentIndex(), 0)
        self.level.blockSignals(True)
        self.level.clear()
        if solution is not None:
            for energy, size in zip(solution.levels, solution.degeneracies, strict=True):
                self.level.addItem(f"{float(in_energy_unit(energy, unit)):.3g} {unit}, {size} states")
            self.level.setCurrentIndex(min(before, self.level.count() - 1))
        self.level.blockSignals(False)
        self._draw()

    def _shares(self):
        """m [2J+1], and of each state of the level its shares [2J+1]."""
        solution = self._solution
        start = int(np.sum(solution.degeneracies[: self.level.currentIndex()]))
        size = int(solution.degeneracies[self.level.currentIndex()])
        J = (len(solution.states) - 1) / 2
        return J - np.arange(len(solution.states)), np.abs(plain_states(solution)[:, start : start + size].T) ** 2

    def _described(self) -> Plot | None:
        if self._solution is None or self.level.currentIndex() < 0:
            return None
        m, shares = self._shares()
        curves = [Curve(m, one, None, COLORS[k % (len(COLORS) - 1)], "points") for k, one in enumerate(shares)]
        return Plot(curves, "m", "share of |m⟩")

    def _draw(self, *index) -> None:
        plot = self.plot
        plot.clear()
        plot.setLabel("left", "share of |m⟩")
        plot.setLabel("bottom", "m")
        if self._solution is None or self.level.currentIndex() < 0:
            return
        m, shares = self._shares()
        names = magnetic_numbers(float(m[0]))
        plot.getAxis("bottom").setTicks([[(float(one), name) for one, name in zip(m, names, strict=True)][::2]])
        width = 0.8 / len(shares)
        for number, one in enumerate(shares):
            color = plot.ink(COLORS[number % (len(COLORS) - 1)])
            place = m + (number - (len(shares) - 1) / 2) * width
            plot.addItem(pg.BarGraphItem(x=place, height=one, width=width, brush=color, pen=pg.mkPen(None)))
        plot.getPlotItem().setXRange(float(m[-1]) - 0.6, float(m[0]) + 0.6, padding=0)
        plot.getPlotItem().setYRange(0, max(1.0, float(shares.max())), padding=0.02)
