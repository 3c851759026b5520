"""Line cuts: lines on the map, measured points and the twin's curve along them in one plot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import cuts, units
from napari_scantwin import scan as scans
from napari_scantwin.errors import ScanError
from napari_scantwin.viewer.jobs import say_error
from napari_scantwin.viewer.layers import frame_of, scan_of
from napari_scantwin.viewer.plots import new_plot

__all__ = ["CutsWidget"]

_COLORS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#aaaaaa")
_LAYER = "Line cuts"
#: Redraw at most so often (ms) while a line is dragged.
_EVERY = 16


@dataclass
class _Line:
    """One cut on screen: the cut, the layer it goes through, its colour, whether it is plotted."""

    cut: cuts.Cut
    layer: object
    color: str
    shown: bool = True


class CutsWidget(QWidget):
    """Any number of cuts through the chosen scan and its twin; each is a line that can be dragged."""

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.lines: list[_Line] = []
        self._shapes = None
        self._writing = False
        self._tables: dict[int, tuple] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self._follow)
        self._build()

    def _build(self) -> None:
        self.draw_button = QPushButton("Line")
        self.draw_button.setToolTip("Adds a line across the map; drag its ends, or the whole line, on the canvas")
        self.draw_button.clicked.connect(lambda: self.add_line())
        self.sweep_button = QPushButton("Sweep…")
        self.sweep_button.clicked.connect(self._ask_sweep)
        self.axis_button = QPushButton("Along axis…")
        self.axis_button.clicked.connect(self._ask_axis)
        self.list = QListWidget()
        self.list.setMaximumHeight(84)
        self.list.itemChanged.connect(self._ticked)
        self.list.currentRowChanged.connect(self._chosen)
        self.width = QDoubleSpinBox()
        self.width.setDecimals(4)
        self.width.setRange(0, 1e12)
        self.width.valueChanged.connect(self._set_width)
        self.width_label = QLabel("Band")
        self.delete_button = QPushButton("Delete")
        self.delete_button.clicked.connect(lambda: self.delete(self.list.currentRow()))
        self.export_button = QPushButton("Export…")
        self.export_button.clicked.connect(self._ask_export)
        self.plot = new_plot(220)
        self.legend = self.plot.addLegend(offset=(-5, 5))
        self.said = QLabel("Draw a line, or take a whole sweep. Points: measured; curve: twin with its 95 % band.")
        self.said.setWordWrap(True)
        top, band, below = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for button in (self.draw_button, self.sweep_button, self.axis_button):
            top.addWidget(button)
        band.addWidget(self.width_label)
        band.addWidget(self.width, 1)
        for button in (self.delete_button, self.export_button):
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.list)
        layout.addLayout(band)
        layout.addWidget(self.plot, 1)
        layout.addLayout(below)
        layout.addWidget(self.said)

    # adding and deleting

    def add_line(self, start: dict | None = None, end: dict | None = None) -> bool:
        """Add a straight cut between two points of the chosen scan's axes (default: across the middle)."""
        scan = self._chooser.scan
        if scan is None or len(scans.axes(scan)) < 2:
            say_error("Open a scan of two or more axes first, then draw a line through its map.")
            return False
        if start is None or end is None:
            start, end = self._middle(scan)
        self._add(cuts.Cut.between(scan, start, end, name=f"line {len(self.lines) + 1}"))
        return True

    def _middle(self, scan) -> tuple[dict, dict]:
        """A line along the horizontal axis through the middle of the map, held axes where the sliders are."""
        frame = frame_of(self._chooser.layer)
        centre = dict(zip(frame.axes, frame.to_physical(np.array(self._viewer.dims.point)), strict=True))
        vertical, horizontal = (frame.axes[i] for i in self._viewer.dims.displayed[-2:])
        low, high = float(scan[horizontal].min()), float(scan[horizontal].max())
        centre[vertical] = (float(scan[vertical].min()) + float(scan[vertical].max())) / 2
        return {**centre, horizontal: low}, {**centre, horizontal: high}

    def add_sweep(self, number: int) -> None:
        """Add the cut along one whole sweep of the chosen scan."""
        self._add(cuts.of_sweep(self._chooser.scan, number))

    def add_along(self, axis: str, at: dict[str, float]) -> None:
        """Add the cut along ``axis`` at chosen values of the other axes."""
        self._add(cuts.along(self._chooser.scan, axis, at))

    def _add(self, cut: cuts.Cut) -> None:
        line = _Line(cut, self._chooser.layer, _COLORS[len(self.lines) % len(_COLORS)])
        self.lines.append(line)
        self._draw_shapes()
        self._list()
        self.list.setCurrentRow(len(self.lines) - 1)
        self.redraw()

    def delete(self, row: int) -> None:
        """Delete a cut."""
        if 0 <= row < len(self.lines):
            del self.lines[row]
            self._draw_shapes()
            self._list()
            self.redraw()

    def _ask_sweep(self) -> None:
        scan = self._chooser.scan
        if scan is None:
            say_error("Open a scan first.")
            return
        found = scans.sweeps(scan)
        names = [", ".join(f"{v:.6g} {units.pretty(scan[a].attrs['units'])}" for a, v in s.slow.items()) for s in found]
        names = [f"{number + 1}: {name}" for number, name in enumerate(names)]
        name, chosen = QInputDialog.getItem(self, "Whole sweep", "Sweep", names, 0, False)
        if chosen:
            self.add_sweep(found[names.index(name)].number)

    def _ask_axis(self) -> None:
        scan = self._chooser.scan
        if scan is None or len(scans.axes(scan)) < 2:
            say_error("Open a scan of two or more axes first.")
            return
        names = scans.axes(scan)
        axis, chosen = QInputDialog.getItem(self, "Along axis", "Cut along", names, 0, False)
        if not chosen:
            return
        at = {}
        for other in names:
            if other != axis:
                low, high = float(scan[other].min()), float(scan[other].max())
                label = f"at {scans.axis_label(scan, other)}"
                at[other], chosen = QInputDialog.getDouble(self, "Along axis", label, (low + high) / 2, -1e12, 1e12, 4)
                if not chosen:
                    return
        self.add_along(axis, at)

    # the lines on the canvas

    def _draw_shapes(self) -> None:
        """Put every cut's line on the canvas, in the cut's colour."""
        self._writing = True
        if self._shapes is None or self._shapes not in self._viewer.layers:
            if not self.lines:
                self._writing = False
                return
            active = self._viewer.layers.selection.active
            self._shapes = self._viewer.add_shapes(ndim=self._viewer.dims.ndim, name=_LAYER)
            self._shapes.events.data.connect(self._moved)
            self._shapes.events.set_data.connect(self._moved)
            if active is not None:
                self._viewer.layers.selection.active = active
        self._shapes.data = []
        for line in self.lines:
            ends = self._world_ends(line)
            self._shapes.add_lines([ends], edge_color=line.color, edge_width=0.6)
        self._writing = False

    @staticmethod
    def _world_ends(line: _Line) -> np.ndarray:
        frame = frame_of(line.layer)
        return frame.to_world([[end[axis] for axis in frame.axes] for end in (line.cut.start, line.cut.end)])

    def _moved(self, event=None) -> None:
        if not self._writing and not self._timer.isActive():
            self._timer.start()

    def _follow(self) -> None:
        """Take the lines' places from the canvas, and redraw what moved."""
        if self._shapes is None or self._shapes not in self._viewer.layers:
            return
        data = self._shapes.data
        if len(data) < len(self.lines):  # deleted on the canvas: keep those that are still there
            ends = [np.asarray(one) for one in data]
            self.lines = [line for line in self.lines if any(np.allclose(self._world_ends(line), e) for e in ends)]
            self._list()
        for line, ends in zip(self.lines, data, strict=False):
            frame = frame_of(line.layer)
            if len(ends) != 2 or np.allclose(ends, self._world_ends(line), atol=1e-9):
                continue
            start, end = (dict(zip(frame.axes, map(float, place), strict=True)) for place in frame.to_physical(ends))
            moved = cuts.Cut.between(scan_of(line.layer), start, end, line.cut.width, line.cut.name)
            if moved.across != line.cut.across and moved.across is not None:
                moved = moved.with_width(cuts.default_width(scan_of(line.layer), moved.across))
            line.cut = moved
        self._chosen(self.list.currentRow())
        self.redraw()

    # the list and the plot

    def _list(self) -> None:
        row = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        for line in self.lines:
            item = QListWidgetItem(line.cut.name)
            item.setForeground(QColor(line.color))
            item.setCheckState(2 if line.shown else 0)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.list.setCurrentRow(min(row, len(self.lines) - 1))

    def _ticked(self, item) -> None:
        self.lines[self.list.row(item)].shown = item.checkState() != 0
        self.redraw()

    def _chosen(self, row: int) -> None:
        if not 0 <= row < len(self.lines):
            return
        line = self.lines[row]
        across = line.cut.across
        self.width.blockSignals(True)
        self.width.setEnabled(across is not None)
        if across is not None:
            unit = units.pretty(scan_of(line.layer)[across].attrs["units"])
            self.width_label.setText(f"Band in {across.replace('_', ' ')}")
            self.width.setSuffix(f" {unit}")
            self.width.setValue(line.cut.width)
        self.width.blockSignals(False)

    def _set_width(self, value: float) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self.lines):
            self.lines[row].cut = self.lines[row].cut.with_width(value)
            self.redraw()

    def values_of(self, line: _Line):
        """Measured points and the twin's curve (or None) along a cut."""
        scan = scan_of(line.layer)
        kept = self._tables.get(id(line.layer))
        if kept is None or kept[0] is not scan:
            kept = self._tables[id(line.layer)] = (scan, scans.points(scan))
        measured = cuts.measured_within(scan, line.cut, kept[1])
        twin = line.layer.metadata.get("twin")
        return measured, None if twin is None else cuts.simulated_along(twin, line.cut)

    def redraw(self, *event) -> None:
        """Draw every ticked cut."""
        self.plot.clear()
        shown = [line for line in self.lines if line.shown]
        for line in shown:
            measured, simulated = self.values_of(line)
            self._draw(line, measured, simulated)
        if not shown:
            return
        line = shown[-1]
        scan = scan_of(line.layer)
        self.plot.setLabel("left", scans.label(scan))
        self.plot.setLabel("bottom", scans.axis_label(scan, line.cut.running))
        if any(other.cut.running != line.cut.running for other in shown):
            self.said.setText("These cuts run along different axes; untick some to compare like with like.")
        else:
            self.said.setText("Points: measured within the band; curve: twin with its 95 % band.")

    def _draw(self, line: _Line, measured, simulated) -> None:
        color = QColor(line.color)
        if simulated is not None:
            pale = QColor(color)
            pale.setAlpha(60)
            reach = 1.96 * simulated.errors
            upper = pg.PlotCurveItem(simulated.running, simulated.values + reach, pen=pg.mkPen(None))
            lower = pg.PlotCurveItem(simulated.running, simulated.values - reach, pen=pg.mkPen(None))
            self.plot.addItem(upper)
            self.plot.addItem(lower)
            self.plot.addItem(pg.FillBetweenItem(upper, lower, brush=pale))
            self.plot.plot(simulated.running, simulated.values, pen=pg.mkPen(color, width=2), name=line.cut.name)
        if measured.running.size:
            if measured.errors is not None:
                self.plot.addItem(
                    pg.ErrorBarItem(x=measured.running, y=measured.values, height=2 * measured.errors, pen=color)
                )
            points = pg.ScatterPlotItem(measured.running, measured.values, size=5, brush=color, pen=pg.mkPen(None))
            self.plot.addItem(points)
            if simulated is None:
                self.legend.addItem(points, line.cut.name)

    # export

    def _ask_export(self) -> None:
        if not 0 <= self.list.currentRow() < len(self.lines):
            say_error("Choose a cut in the list first.")
            return
        path, _ = QFileDialog.getSaveFileName(self, "Export cut", "cut.csv", "CSV (*.csv);;SVG (*.svg);;PNG (*.png)")
        if path:
            self.export(path)

    def export(self, path) -> bool:
        """Write the chosen cut as CSV, or the plot as SVG or PNG, by the suffix."""
        path = Path(path)
        try:
            if path.suffix == ".csv":
                line = self.lines[max(self.list.currentRow(), 0)]
                measured, simulated = self.values_of(line)
                cuts.write_cut(path, scan_of(line.layer), line.cut, measured, simulated)
            elif path.suffix in (".svg", ".png"):
                self._export_picture(path)
            else:
                raise ScanError(f"{path.name}: write a cut as .csv, .svg or .png")
        except ScanError as reason:
            say_error(reason)
            return False
        self.said.setText(f"Wrote {path.name}")
        return True

    def _export_picture(self, path: Path) -> None:
        import pyqtgraph.exporters

        from napari_scantwin.files import atomic_path

        kind = pyqtgraph.exporters.SVGExporter if path.suffix == ".svg" else pyqtgraph.exporters.ImageExporter
        with atomic_path(path) as temporary:
            kind(self.plot.plotItem).export(str(temporary))
