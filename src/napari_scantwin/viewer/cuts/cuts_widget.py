"""Line cuts: lines on the map, measured points and the twin's curve along them in one plot."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from qtpy.QtCore import QEvent, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.set_points import at_set_points
from napari_scantwin.figures.formats import FORMATS
from napari_scantwin.viewer.canvas.cut_lines import CutLines
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.visibility import family_of
from napari_scantwin.viewer.cuts.cut_plot import CutPlot
from napari_scantwin.viewer.cuts.cut_subject import CutSubject, branch_of, curve_of, points_along
from napari_scantwin.viewer.cuts.names import LINE, free_name
from napari_scantwin.viewer.cuts.plane_maker import PlaneMaker
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.folders import PICTURES, ask_path, file_name
from napari_scantwin.viewer.kit.numbers import NumberBox, ask_number
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of
from napari_scantwin.viewer.twin.branch_choice import BranchChoice

__all__ = ["CutsWidget"]

_COLORS = ("#e69f00", "#56b4e9", "#d55e00", "#cc79a7", "#f0e442", "#009e73", "#ffffff", "#0072b2")
#: Redraw at most so often (ms) while a line is dragged.
_EVERY = 16
_keys = itertools.count()

_HINT = "Points: measured within the band; curve: twin with its 95 % band."


@dataclass
class _Line:
    """One cut on screen: the cut, the layer it goes through, its colour, whether it is shown."""

    cut: sections.Cut
    layer: object
    color: str
    shown: bool = True
    key: int = field(default_factory=lambda: next(_keys))


class CutsWidget(QWidget):
    """Any number of cuts through the chosen scan and its twin; each is a line that can be dragged. ``redrawn`` when
    other cuts are shown."""

    redrawn = Signal()

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self.subject = CutSubject(viewer, chooser)
        self.branch = BranchChoice(chooser)
        #: Where deleted cuts are remembered, to be brought back; None without.
        self.undo = None
        self._curves: dict[int, dict] = {}
        self.lines: list[_Line] = []
        self._moved_keys: set[int] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self._follow)
        self._build()
        overlay = attach(viewer)
        self.on_canvas = (
            None if overlay is None else CutLines(viewer, overlay, lambda: self.lines, self.move, self.pick)
        )
        viewer.layers.events.removed.connect(self._removed)

    def _build(self) -> None:
        self.line_button = QPushButton("Line")
        self.line_button.setToolTip(
            "Adds a line across the map. Drag its ends or the whole line on the canvas; Shift keeps it straight,\n"
            "Delete deletes it."
        )
        self.line_button.clicked.connect(lambda: self.add_line())
        self.sweep_button = QPushButton("Sweep…")
        self.sweep_button.setToolTip("Adds the cut along one whole measured sweep")
        self.sweep_button.clicked.connect(self._ask_sweep)
        self.axis_button = QPushButton("Along axis…")
        self.axis_button.setToolTip("Adds the cut along one axis at chosen values of the others")
        self.axis_button.clicked.connect(self._ask_axis)
        self.list = QListWidget()
        self.list.setMaximumHeight(66)
        self.list.setToolTip("Tick to show, double-click to rename, Delete to delete (Ctrl+Z brings it back)")
        self.list.installEventFilter(self)
        self.list.itemChanged.connect(self._edited)
        self.list.currentRowChanged.connect(lambda row: (self._chosen(row), self._label(), self._mark(row)))
        self.width = NumberBox(digits=3)
        self.width.valueChanged.connect(lambda value: self._change(width=value))
        self.width_label = QLabel("Band")
        self.width_label.setToolTip("Full width of the band, across the line")
        self.averaged = QCheckBox("average")
        self.averaged.setToolTip("Show the mean over the band, of the measured points and of the twin")
        self.averaged.toggled.connect(lambda checked: self._change(averaged=checked))
        self.color_button = QPushButton("Colour…")
        self.color_button.clicked.connect(self._ask_color)
        self.delete_button = QPushButton("Delete")
        self.delete_button.setToolTip("Deletes the chosen cut (Delete, here and on the map; Ctrl+Z brings it back)")
        self.delete_button.clicked.connect(self.delete_chosen)
        self.reason = Reason()
        self.planes = PlaneMaker(self._viewer, self)
        self.planes.failed.connect(lambda reason: self.reason.say(reason))
        self.plane_button = QPushButton("Plane")
        self.plane_button.setToolTip(
            "The plane of a cube under the chosen line as a new scan: the other axes against the distance along it,\n"
            "averaged over the band if 'average' is ticked"
        )
        self.plane_button.clicked.connect(lambda: self.make_plane(self.list.currentRow()))
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("The chosen cut as CSV, or the plot as PDF, SVG or PNG")
        self.export_button.clicked.connect(self._ask_export)
        self.plot = CutPlot()
        self.results = beside(self.plot.widget)
        self.said = QLabel("Draw a line, or take a whole sweep. " + _HINT)
        self.said.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.subject)
        layout.addWidget(self.branch)
        for widgets in (
            (self.line_button, self.sweep_button, self.axis_button),
            (self.list,),
            (self.width_label, self.width, self.averaged),
            (self.color_button, self.plane_button, self.delete_button, self.export_button),
            (self.reason,),
            (self.said,),
        ):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget)
            layout.addLayout(row)
        layout.insertWidget(3, self.results, 1)
        layout.addStretch(0)

    # adding, moving and deleting

    def add_line(self, start: dict | None = None, end: dict | None = None) -> bool:
        """Add a straight cut between two points of the chosen scan's axes (default: along the sweep, or the
        grid line, nearest to the middle of the map)."""
        scan = self.subject.scan
        if scan is None or len(scans.axes(scan)) < 2:
            return self.reason.say("Open a scan of two or more axes first, then draw a line through its map.")
        if start is None or end is None:
            start, end = self._middle(scan)
        self.add(sections.Cut.between(scan, start, end, name=f"{LINE} 1"))
        return True

    def _middle(self, scan) -> tuple[dict, dict]:
        """A line along the horizontal axis near the middle of the map, held axes where the sliders are."""
        frame = frame_of(self.subject.layer)
        centre = frame.to_physical(self._viewer.dims.point[-len(frame.axes) :])  # where the sliders are
        centre = dict(zip(frame.axes, map(float, centre), strict=True))
        offset = self._viewer.dims.ndim - len(frame.axes)
        vertical, horizontal = (frame.axes[i - offset] for i in self._viewer.dims.displayed[-2:])
        low, high = float(scan[horizontal].min()), float(scan[horizontal].max())
        middle = (float(scan[vertical].min()) + float(scan[vertical].max())) / 2
        fast = scans.axes(scan)[-1]
        centre[vertical] = middle if vertical == fast else sections.nearest_sweep(scan, vertical, middle)
        return {**centre, horizontal: low}, {**centre, horizontal: high}

    def add_sweep(self, number: int) -> None:
        """Add the cut along one whole sweep of the chosen scan."""
        self.add(sections.of_sweep(self.subject.scan, number))

    def add_along(self, axis: str, at: dict[str, float]) -> None:
        """Add the cut along ``axis`` at chosen values of the other axes."""
        self.add(sections.along(self.subject.scan, axis, at))

    def add(self, cut: sections.Cut, color: str | None = None, shown: bool = True) -> None:
        """Add a cut through the chosen scan, in a colour that no other has where none is given."""
        if color is None:
            used = [line.color for line in self.lines]
            free = [one for one in _COLORS if one not in used]
            color = free[0] if free else _COLORS[len(self.lines) % len(_COLORS)]
        self.lines.append(_Line(self._called_alone(cut, cut.name), self.subject.layer, color, shown=shown))
        self._list()
        self.list.setCurrentRow(len(self.lines) - 1)
        self.redraw()

    def _called_alone(self, cut: sections.Cut, name: str, line: _Line | None = None) -> sections.Cut:
        """A cut, that of a line or a new one, called as it is to be, or so that no other is called alike."""
        return cut.changed(name=free_name(name, [one.cut.name for one in self.lines if one is not line]))

    def move(self, line: _Line, start: dict, end: dict) -> None:
        """Give a cut new ends, as the mouse does; the plot follows within a frame."""
        scan = scan_of(line.layer)
        moved = sections.Cut.between(scan, start, end, line.cut.width, line.cut.name)
        if moved.across != line.cut.across and moved.across is not None:
            moved = moved.changed(width=sections.default_width(scan, moved.across))
        line.cut = moved.changed(averaged=line.cut.averaged)
        self._moved_keys.add(line.key)
        if self.on_canvas is not None:
            self.on_canvas.redraw()
        if not self._timer.isActive():
            self._timer.start()

    def _follow(self) -> None:
        moved = [line for line in self.lines if line.key in self._moved_keys]
        self._moved_keys.clear()
        for line in moved:
            self._draw(line)
        self._chosen(self.list.currentRow())
        self._label()

    def delete(self, row: int) -> None:
        """Delete a cut; Ctrl+Z brings it back."""
        if not 0 <= row < len(self.lines):
            return
        line = self.lines[row]
        self._drop(line)
        if self.undo is not None:
            self.undo.did(lambda: self._bring_back(line, row), lambda: self._drop(line))

    def delete_chosen(self) -> None:
        """Delete the cut that is chosen in the list, or was last taken hold of on the map."""
        self.delete(self.list.currentRow())

    @property
    def on_map(self) -> bool:
        """Whether the chosen cut is seen on the canvas."""
        row = self.list.currentRow()
        return self.on_canvas is not None and 0 <= row < len(self.lines) and self.on_canvas.sees(self.lines[row])

    def pick(self, line: _Line) -> None:
        """Choose a cut, as by taking hold of it on the map."""
        if line in self.lines:
            self.list.setCurrentRow(self.lines.index(line))

    def eventFilter(self, watched, event) -> bool:
        if watched is self.list and event.type() == QEvent.KeyPress and event.key() == Qt.Key_Delete:
            self.delete_chosen()
            return True
        return super().eventFilter(watched, event)

    def _drop(self, line: _Line) -> None:
        if line in self.lines:
            self.lines.remove(line)
            self._list()
            self.redraw()

    def _bring_back(self, line: _Line, row: int) -> None:
        if line.layer in self._viewer.layers and line not in self.lines:
            line.cut = self._called_alone(line.cut, line.cut.name)
            self.lines.insert(row, line)
            self._list()
            self.list.setCurrentRow(row)
            self.redraw()

    def _removed(self, event=None) -> None:
        """Drop the cuts of a layer that is gone."""
        left = [line for line in self.lines if line.layer in self._viewer.layers]
        if len(left) < len(self.lines):
            self.lines = left
            self._list()
            self.redraw()

    def _ask_sweep(self) -> None:
        scan = self.subject.scan
        if scan is None:
            self.reason.say("Open a scan first.")
            return
        found = scans.sweeps(scan)
        names = [f"{number + 1}: {at_set_points(scan, sweep.slow)}" for number, sweep in enumerate(found)]
        name, chosen = QInputDialog.getItem(self, "Whole sweep", "Sweep", names, 0, False)
        if chosen:
            self.add_sweep(found[names.index(name)].number)

    def _ask_axis(self) -> None:
        scan = self.subject.scan
        if scan is None or len(scans.axes(scan)) < 2:
            self.reason.say("Open a scan of two or more axes first.")
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
                typed = ask_number(self, "Along axis", label, (low + high) / 2)
                if typed is None:
                    return
                at[other] = typed
        self.add_along(axis, at)

    def _ask_color(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self.lines):
            color = QColorDialog.getColor(QColor(self.lines[row].color), self, "Colour of the cut")
            if color.isValid():
                self.set_color(row, color.name())

    def set_color(self, row: int, color: str) -> None:
        """Give a cut another colour."""
        self.lines[row].color = color
        self._list()
        self.redraw()

    def make_plane(self, row: int) -> bool:
        """Show the plane of a cube under a cut as a new scan; False, with a sentence, where there is none."""
        if not 0 <= row < len(self.lines):
            return self.reason.say("Draw a line across the map of a cube first, and choose it in the list.")
        line = self.lines[row]
        frame = frame_of(line.layer)
        offset = self._viewer.dims.ndim - len(frame.axes)
        shown = tuple(frame.axes[axis - offset] for axis in self._viewer.dims.displayed[-2:] if axis >= offset)
        return self.planes.make(line.layer, line.cut, shown)

    # the list and the plot

    def _list(self) -> None:
        row = self.list.currentRow()
        self.list.blockSignals(True)
        self.list.clear()
        for line in self.lines:
            swatch = QPixmap(14, 14)
            swatch.fill(QColor(line.color))
            item = QListWidgetItem(QIcon(swatch), line.cut.name)
            item.setFlags(item.flags() | Qt.ItemIsEditable | Qt.ItemIsUserCheckable)
            item.setCheckState(Qt.Checked if line.shown else Qt.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.list.setCurrentRow(min(row, len(self.lines) - 1))

    def _edited(self, item) -> None:
        line = self.lines[self.list.row(item)]
        line.shown = item.checkState() != Qt.Unchecked
        line.cut = self._called_alone(line.cut, item.text().strip() or line.cut.name, line)
        if item.text() != line.cut.name:
            self.list.blockSignals(True)
            item.setText(line.cut.name)
            self.list.blockSignals(False)
        self.redraw()

    def _chosen(self, row: int) -> None:
        """Show the chosen cut's band in the form."""
        if not 0 <= row < len(self.lines):
            return
        line = self.lines[row]
        across = line.cut.across
        for box in (self.width, self.averaged):
            box.blockSignals(True)
            box.setEnabled(across is not None)
        if across is not None:
            unit = units.pretty(scan_of(line.layer)[across].attrs["units"])
            self.width.setToolTip(f"Full width of the band in {across.replace('_', ' ')}")
            self.width.setSuffix(f" {unit}")
            self.width.setValue(line.cut.width)
        self.averaged.setChecked(line.cut.averaged)
        for box in (self.width, self.averaged):
            box.blockSignals(False)

    def _mark(self, row: int) -> None:
        """Have the map show which cut is chosen."""
        if self.on_canvas is not None:
            self.on_canvas.chosen = self.lines[row] if 0 <= row < len(self.lines) else None
            self.on_canvas.redraw()
        self.redrawn.emit()

    def _change(self, **what) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self.lines):
            self.lines[row].cut = self.lines[row].cut.changed(**what)
            self._draw(self.lines[row])
            self._label()

    def values_of(self, line: _Line):
        """Measured points and the twin's curve (or None) along a cut."""
        measured = points_along(line.layer, line.cut)
        twin = curve_of(self._viewer, line.layer, self._curves.setdefault(id(line.layer), {}))
        return measured, None if twin is None else sections.simulated_along(twin, line.cut)

    def redraw(self, *event) -> None:
        """Draw every ticked cut again."""
        for key in self.plot.keys:
            self.plot.hide(key)
        for line in self.lines:
            self._draw(line)
        self._label()
        if self.on_canvas is not None:
            self.on_canvas.redraw()
        self.redrawn.emit()

    @property
    def shown(self) -> bool:
        """Whether a cut of the chosen scan is drawn."""
        ours = family_of(self._viewer, self.subject.layer)
        return any(line.shown and line.layer in ours for line in self.lines)

    def _draw(self, line: _Line) -> None:
        if line.shown:
            name = ", ".join(filter(None, (line.cut.name, branch_of(line.layer))))
            self.plot.show(line.key, name, line.color, *self.values_of(line))
        else:
            self.plot.hide(line.key)

    def _label(self) -> None:
        """Label the plot's axes, and say what a look at it may not tell."""
        self.reason.clear()
        shown = [line for line in self.lines if line.shown]
        if not shown:
            return
        row = self.list.currentRow()
        line = self.lines[row] if 0 <= row < len(self.lines) and self.lines[row].shown else shown[-1]
        scan = scan_of(line.layer)
        self.plot.set_labels(scans.axis_label(scan, line.cut.running), scans.label(scan))
        if any(other.cut.running != line.cut.running for other in shown):
            self.said.setText("These cuts run along different axes; untick some to compare like with like.")
        elif not self.plot.points_of(line.key) and not ScanLayer(line.layer).of_twin:
            self.said.setText("No measured point lies within the chosen cut's band; widen it or move the line.")
        elif ScanLayer(line.layer).kind == "measured" and ScanLayer(line.layer).twin is None:
            self.said.setText("Points: measured within the band. Train the scan to see its twin's curve here.")
        else:
            self.said.setText(_HINT)

    # export

    def _ask_export(self) -> None:
        if not 0 <= self.list.currentRow() < len(self.lines):
            self.reason.say("Choose a cut in the list first.")
            return
        name = file_name(self.lines[self.list.currentRow()].cut.name) + ".csv"
        path, _ = ask_path(self, "Export cut", name, f"CSV (*.csv);;{PICTURES}")
        if path is not None:
            self.export(path)

    def export(self, path) -> bool:
        """Write the chosen cut as CSV, or the plot as PDF, SVG or PNG, by the suffix."""
        path = Path(path)
        try:
            if path.suffix == ".csv":
                line = self.lines[max(self.list.currentRow(), 0)]
                values, branch = self.values_of(line), branch_of(line.layer)
                sections.write_cut(path, scan_of(line.layer), line.cut, *values, branch=branch)
            elif path.suffix in FORMATS:
                self.plot.export(path)
            else:
                raise ScanError(f"{path.name}: write a cut as .csv, .pdf, .svg or .png")
        except Exception as reason:
            return self.reason.say(reason)
        self.reason.clear()
        self.said.setText(f"Wrote {path.name}")
        return True

    def shut(self) -> None:
        """Take the lines off the canvas."""
        if self.on_canvas is not None:
            self.on_canvas.remove()
