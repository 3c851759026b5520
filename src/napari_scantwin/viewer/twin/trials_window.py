"""The trials of a search: a sortable table and, below it, one line a trial over all that was varied."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QDialog, QLabel, QSplitter, QTableWidget, QTableWidgetItem, QVBoxLayout

from napari_scantwin.operations.findings import Curve, Plot
from napari_scantwin.twin.settings import Trial
from napari_scantwin.viewer.kit.plots import give_menu, new_plot

__all__ = ["TrialsWindow"]

_HEADS = ("trial", "error", "s", "interpolator")
_BEST = "#35b779"
#: Settings whose values span more than this factor are drawn by their logarithm.
_WIDE = 20


class _Number(QTableWidgetItem):
    """A cell that sorts by its number, not by its text."""

    def __init__(self, value: float, text: str):
        super().__init__(text)
        self.setData(Qt.UserRole, value)
        self.setTextAlignment(Qt.AlignRight | Qt.AlignVCenter)

    def __lt__(self, other) -> bool:
        return self.data(Qt.UserRole) < other.data(Qt.UserRole)


class TrialsWindow(QDialog):
    """Shows trials as they come; click a head to sort, a row to mark its line."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setWindowTitle("Trials of the search")
        self.resize(720, 560)
        self._trials: tuple[Trial, ...] = ()
        self._unit = ""
        self.words = QLabel("No search was made: choose the preset thorough, or a number of trials.")
        self.words.setWordWrap(True)
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setEditTriggers(QTableWidget.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectRows)
        self.table.setSelectionMode(QTableWidget.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setSortingEnabled(True)
        self.table.sortItems(1)
        self.table.itemSelectionChanged.connect(self._draw)
        self.plot = new_plot(200)
        self.plot.setMenuEnabled(True)
        self.plot.getPlotItem().getAxis("left").setStyle(showValues=False)
        self.plot.setMouseEnabled(False, False)
        self._heads: list[str] = []
        give_menu(self.plot, self._described, name=lambda: "trials", numbers=self._numbers, show_all=self._draw)
        self.plot.themed.connect(self._draw)
        parts = QSplitter(Qt.Vertical)
        parts.addWidget(self.table)
        parts.addWidget(self.plot)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(parts, 1)

    def show_trials(self, trials: tuple[Trial, ...], unit: str) -> None:
        """Show these trials, whose errors are in ``unit``."""
        self._trials, self._unit = trials, unit
        if trials:
            best = min(trials, key=lambda trial: trial.error)
            self.words.setText(
                f"{len(trials)} trials; the best so far is {best.interpolator} with {best.error:.3g} {unit} on "
                "sweeps left out."
            )
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(trials))
        self.table.setHorizontalHeaderLabels([_HEADS[0], f"error / {unit}" if unit else "error", *_HEADS[2:]])
        for row, trial in enumerate(trials):
            cells = (
                _Number(trial.number, str(trial.number)),
                _Number(trial.error, f"{trial.error:.4g}"),
                _Number(trial.seconds, f"{trial.seconds:.2g}"),
                QTableWidgetItem(trial.interpolator),
            )
            for column, cell in enumerate(cells):
                self.table.setItem(row, column, cell)
        self.table.setSortingEnabled(True)
        for column in range(3):
            self.table.resizeColumnToContents(column)
        self._draw()

    def _draw(self) -> None:
        """One vertical axis for each setting, the error last, each from its least to its greatest value."""
        self.plot.clear()
        if len(self._trials) < 2:
            return
        names = [*dict.fromkeys(name for trial in self._trials for name in trial.settings), "error"]
        columns = [_Column([_value(trial, name) for trial in self._trials]) for name in names]
        heights = np.stack([column.heights for column in columns], axis=1)
        colours = pg.colormap.get("viridis").map(1 - columns[-1].heights, mode="qcolor")
        rows = self.table.selectionModel().selectedRows()
        marked = int(self.table.item(rows[0].row(), 0).text()) if rows else None
        for trial, height, colour in sorted(
            zip(self._trials, heights, colours, strict=True), key=lambda line: -line[0].error
        ):
            wide = trial.number == marked
            pen = pg.mkPen(QColor(_BEST) if wide else colour, width=4 if wide else 1)
            # A setting that a kind of interpolator does not have is passed over.
            there = np.isfinite(height)
            self.plot.plot(np.flatnonzero(there), height[there], pen=pen)
        for place, column in enumerate(columns):
            self.plot.addItem(pg.InfiniteLine(place, pen=pg.mkPen("#888", width=1)))
            for height, words in column.ends:
                text = pg.TextItem(words, color="#999", anchor=(0.5, 0 if height < 0.5 else 1))
                text.setPos(place, height)
                self.plot.addItem(text)
        axis = self.plot.getPlotItem().getAxis("bottom")
        heads = [f"error / {self._unit}" if name == "error" and self._unit else name for name in names]
        self._heads = [head.replace(" ", "\n", 1) for head in heads]
        axis.setTicks([list(enumerate(self._heads))])
        axis.setHeight(44)
        self.plot.setXRange(-0.6, len(names) - 0.4, padding=0)
        self.plot.setYRange(-0.15, 1.15, padding=0)

    def _described(self) -> Plot | None:
        """The lines on screen, the marked one in its colour; None where there are none."""
        lines = [one for one in self.plot.listDataItems() if one.getData()[0] is not None]
        curves = [Curve(*one.getData(), None, QColor(one.opts["pen"].color()).name(), "line") for one in lines]
        if not curves:
            return None
        return Plot(curves, "", "from the least to the greatest value", ticks=list(enumerate(self._heads)))

    def _numbers(self) -> str:
        """The trials with all that was varied, as a spreadsheet takes them."""
        names = list(dict.fromkeys(name for trial in self._trials for name in trial.settings))
        error = f"error ({self._unit})" if self._unit else "error"
        rows = [["trial", error, "seconds", "interpolator", *names]]
        for one in self._trials:
            varied = ["" if one.settings.get(name) is None else str(one.settings[name]) for name in names]
            rows.append([str(one.number), repr(float(one.error)), repr(float(one.seconds)), one.interpolator, *varied])
        return "\n".join("\t".join(row) for row in rows)


def _value(trial: Trial, name: str):
    return trial.error if name == "error" else trial.settings.get(name)


class _Column:
    """One setting of all trials: ``heights`` [trials] from 0 to 1 (not a number where a trial has none), and the
    words at its ``ends``."""

    def __init__(self, values: list):
        words = sorted({value for value in values if isinstance(value, str)})
        if words:
            numbers = np.array([words.index(v) if isinstance(v, str) else np.nan for v in values], float)
            top = max(len(words) - 1, 1)
            self.heights = numbers / top
            self.ends = [(place / top, word) for place, word in enumerate(words)]
            return
        numbers = np.array([np.nan if value is None else value for value in values], float)
        low, high = np.nanmin(numbers), np.nanmax(numbers)
        self.ends = [(0.0, f"{low:.3g}"), (1.0, f"{high:.3g}")]
        if low > 0 and high > _WIDE * low:
            numbers, low, high = np.log(numbers), np.log(low), np.log(high)
        self.heights = (numbers - low) / (high - low) if high > low else np.where(np.isfinite(numbers), 0.5, np.nan)
