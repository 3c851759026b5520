"""Sweeps: the list, which are used in training, a plot of all, and masking of points."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QItemSelectionModel, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTableWidgetItem, QVBoxLayout, QWidget

from napari_scantwin.core import scan as scans
from napari_scantwin.core import training_mask, units
from napari_scantwin.operations.findings import Curve, Plot, Strip, gradient
from napari_scantwin.viewer.canvas.layers import update_masked
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.plots import as_shown, give_menu, new_plot
from napari_scantwin.viewer.kit.tables import NumberTable
from napari_scantwin.viewer.session import ScanLayer, scan_of
from napari_scantwin.viewer.twin.slice_choice import SliceChoice
from napari_scantwin.viewer.twin.spike_marks import SPIKE_COLOR

__all__ = ["SweepsWidget"]

#: More sweeps than this are not listed one by one; a cube has thousands.
_MOST_LISTED = 400
#: Nor are more drawn than the eye can part; these are spread evenly.
_MOST_DRAWN = 60
#: Of a file that is read in parts so many slices are read for the plot.
_MOST_READ = 6
#: Of a cube the mean of a slice is drawn, over at most so many of its curves.
_MOST_AVERAGED = 500
#: How near a click must come to a point, in pixels.
_CLICK = 8


#: The least height of the list, at which the page needs no scrolling in a window of 1200 x 800 pixels.
_LEAST = 52


class SweepsWidget(QWidget):
    """Lists the chosen scan's sweeps, or the slices of a cube; unticking one, or masking points, keeps them from
    training."""

    changed = Signal(object)

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        #: Where masks are remembered, to be taken back; None without.
        self.undo = None
        self.table = NumberTable(_LEAST)
        self.table.setSelectionBehavior(NumberTable.SelectRows)
        self.table.itemChanged.connect(self._ticked)
        self.table.itemSelectionChanged.connect(self._highlight)
        self.plot = new_plot(150)
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.region = pg.LinearRegionItem(brush=(230, 159, 0, 40))
        self.region.setVisible(False)
        self.mask_button = QPushButton("Mask points…")
        self.mask_button.setToolTip("Choose a range along the fast axis; its points in the selected sweeps are masked")
        self.mask_button.clicked.connect(self._mask_clicked)
        self.unmask_button = QPushButton("Unmask all")
        self.unmask_button.clicked.connect(self.unmask_all)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self.mask_button)
        row.addWidget(self.unmask_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 0)
        layout.setSpacing(3)
        self.choice = SliceChoice()
        self.choice.chosen.connect(self.use)
        self.choice.axis_changed.connect(self.refresh)
        layout.addWidget(self.choice)
        layout.addWidget(self.table, 1)
        self.results = beside(self.plot)
        layout.addWidget(self.results, 1)
        layout.addLayout(row)
        layout.addWidget(self.said)
        self._filling = self._stale = False
        self._curves: dict[int, pg.PlotDataItem] = {}
        self._places: dict[int, float] = {}
        give_menu(self.plot, self._described, name=lambda: "sweeps")
        chooser.changed.connect(self.refresh)
        self.refresh(chooser.layer)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def refresh(self, layer=None) -> None:
        """List and draw the chosen scan's sweeps (when the tab is next seen)."""
        if not self.isVisible():
            self._stale = True
            return
        self._stale = False
        scan = self._chooser.scan
        self._filling = True
        self.table.setRowCount(0)
        self.plot.clear()
        self._curves = {}
        self.choice.set_scan(scan)
        cube = scan is not None and self._is_cube(scan)
        self.table.setToolTip(f"Untick a {'slice' if cube else 'sweep'} to leave it out of training")
        self.plot.setToolTip("The mean of each slice" if cube else "Click a point to mask it, or to use it again")
        found = []
        if scan is not None:
            found = training_mask.slices(scan, self.choice.along) if cube else scans.sweeps(scan)
            self._fill(scan, found)
        self._filling = False
        self._say(scan, found)

    def renew(self) -> None:
        """List the sweeps of a scan that has grown; what is selected, and a range that is being dragged, stay."""
        chosen, region = self._selected(), self.region.getRegion() if self.region.isVisible() else None
        self.refresh()
        for row in range(self.table.rowCount()):
            if self.table.item(row, 0).data(Qt.UserRole) in chosen:
                self.table.selectionModel().select(
                    self.table.model().index(row, 0), QItemSelectionModel.Select | QItemSelectionModel.Rows
                )
        if region is not None:
            self.region.setRegion(region)
            self.region.setVisible(True)
            self.mask_button.setText("Mask this range")

    @staticmethod
    def _is_cube(scan) -> bool:
        """Whether slices are listed instead of sweeps, of which a cube has thousands."""
        return scans.is_gridded(scan) and scan.ndim > 2

    def _fill(self, scan, found) -> None:
        names = scans.axes(scan)
        listed = found[:_MOST_LISTED]
        slow = (self.choice.along,) if self._is_cube(scan) else names[:-1]
        heads = [scans.axis_label(scan, name) for name in slow] or ["sweep"]
        self.table.setColumnCount(len(heads) + 2)
        fast_unit = units.pretty(scan[names[-1]].attrs["units"])
        self.table.setHorizontalHeaderLabels([*heads, "points", f"range ({fast_unit})"])
        self.table.setRowCount(len(listed))
        for row, sweep in enumerate(listed):
            texts = [f"{value:.6g}" for value in sweep.slow.values()] or ["1"]
            texts += [str(sweep.size), f"{sweep.first:.4g} to {sweep.last:.4g}"]
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setTextAlignment(Qt.AlignRight | Qt.AlignVCenter)
                if column == 0:
                    item.setFlags(item.flags() | Qt.ItemIsUserCheckable)
                    item.setCheckState(Qt.Unchecked if sweep.left_out else Qt.Checked)
                    item.setData(Qt.UserRole, sweep.number)
                self.table.setItem(row, column, item)
        self.table.fit()
        self._draw(scan, listed)

    def _draw(self, scan, listed) -> None:
        names = scans.axes(scan)
        colors = pg.colormap.get("viridis").getLookupTable(nPts=max(len(listed), 2))
        order = np.argsort([next(iter(sweep.slow.values()), 0.0) for sweep in listed])
        rank = np.empty(len(listed), int)
        rank[order] = np.arange(len(listed))
        places = _evenly(len(listed), self._most_drawn(scan))
        drawn = [listed[place] for place in places]
        if self._is_cube(scan):
            curves = [self._mean(scan, sweep) for sweep in drawn]
        else:
            lazy = scans.is_lazy(scan)
            table = scans.points_of_sweeps(scan, [one.number for one in drawn]) if lazy else scans.points(scan)
            rows = [(table.sweep == sweep.number) & ~table.masked for sweep in drawn]
            curves = [(table.coordinates[mine, -1], table.values[mine]) for mine in rows]
        for place, sweep, (fast, values) in zip(places, drawn, curves, strict=True):
            color = colors[rank[place] * (len(colors) - 1) // max(len(listed) - 1, 1)]
            self._curves[sweep.number] = pg.PlotCurveItem(fast, values, pen=pg.mkPen(color, width=1))
            self._places[sweep.number] = next(iter(sweep.slow.values()), 0.0)
            self.plot.addItem(self._curves[sweep.number])
        if not self._is_cube(scan):
            crossed = table.masked & np.isin(table.sweep, [sweep.number for sweep in listed if not sweep.left_out])
            self.plot.addItem(
                pg.ScatterPlotItem(
                    table.coordinates[crossed, -1], table.values[crossed], symbol="x", size=7, pen="#d55e00"
                )
            )
            self._ring_spikes(scan)
        self.plot.setLabel("bottom", scans.axis_label(scan, names[-1]))
        self.plot.setLabel("left", scans.label(scan))
        fast = np.asarray(scan[names[-1]].values, float)
        low, high = fast.min(), fast.max()
        self.region.setRegion((low + 0.45 * (high - low), low + 0.55 * (high - low)))
        self.region.setVisible(False)
        self.plot.addItem(self.region)
        self.mask_button.setText("Mask points…")

    def _ring_spikes(self, scan) -> None:
        """Ring the readings that the twin found far off their neighbours."""
        twin = ScanLayer(self._chooser.layer).twin
        if twin is None or not len(twin.spikes) or scans.is_lazy(scan):
            return
        far = training_mask.points_at(scan, twin.spikes)
        fast = np.broadcast_to(np.asarray(scan[scans.axes(scan)[-1]].values, float), scan.shape).ravel()
        values = np.asarray(scan.values, float).ravel()
        ring = pg.mkPen(SPIKE_COLOR, width=2)
        self.plot.addItem(pg.ScatterPlotItem(fast[far], values[far], symbol="o", size=10, pen=ring, brush=None))

    def _described(self) -> Plot | None:
        """The sweeps on the plot; None where there is none."""
        scan = self._chooser.scan
        if scan is None or not self._curves:
            return None
        curves = [
            Curve(*curve.getData(), None, curve.opts["pen"].color().name(), "line") for curve in self._curves.values()
        ]
        names = scans.axes(scan)
        labels = (scans.axis_label(scan, names[-1]), scans.label(scan))
        if len(names) < 2:
            return Plot(curves, *labels)
        along = self.choice.along if self._is_cube(scan) else names[0]
        places = np.array([self._places[number] for number in self._curves])
        strip = Strip(scans.axis_label(scan, along), places, gradient(16))
        return Plot(curves, *labels, strip=strip, **as_shown(self.plot))

    def _most_drawn(self, scan) -> int:
        return _MOST_READ if self._is_cube(scan) and scans.is_lazy(scan) else _MOST_DRAWN

    def _mean(self, scan, sweep) -> tuple[np.ndarray, np.ndarray]:
        """A slice's mean over its other axes, against the fast one; nothing where it is left out."""
        fast = np.asarray(scan[scans.axes(scan)[-1]].values, float)
        if sweep.left_out:
            return fast[:0], fast[:0]
        one = scan.isel({self.choice.along: sweep.number})
        each = max(1, round(_MOST_AVERAGED ** (1 / (one.ndim - 1))))
        one = one.isel({name: _evenly(one.sizes[name], each) for name in one.dims[:-1]})
        values = np.asarray(one.values, float).reshape(-1, len(fast))
        good = np.isfinite(values)
        if "masked" in one.coords:
            good &= ~np.asarray(one["masked"].values, bool).reshape(good.shape)
        seen = good.any(axis=0)
        return fast[seen], np.where(good, values, 0.0).sum(axis=0)[seen] / good.sum(axis=0)[seen]

    def _ticked(self, item) -> None:
        if self._filling or item.column() != 0:
            return
        scan = self._chooser.scan
        number, on = item.data(Qt.UserRole), item.checkState() == Qt.Checked
        if self._is_cube(scan):
            chosen = training_mask.used(scan, self.choice.along)
            chosen[number] = on
            self.use(training_mask.use(scan, self.choice.along, chosen))
            return
        mine = scans.sweep_numbers(scan) == number
        self._store(np.where(mine, not on, self._masked(scan)))

    @staticmethod
    def _masked(scan) -> np.ndarray:
        return scan["masked"].values.ravel() if "masked" in scan.coords else np.zeros(scan.size, bool)

    def _store(self, masked) -> None:
        self.use(scans.with_masked(self._chooser.scan, masked))

    def use(self, scan) -> None:
        """Keep a scan with other points masked in place of the chosen one; Ctrl+Z brings the old mask back."""
        layer, before = self._chooser.layer, self._chooser.scan
        self._put(layer, scan)
        if self.undo is not None:
            self.undo.did(
                lambda: self._put_back(layer, before, scan),
                lambda: self._put_back(layer, scan, before),
            )

    def _put_back(self, layer, scan, instead_of) -> None:
        """Take a mask back, where the layer still shows the readings it was made for."""
        if layer in self._viewer.layers and scan_of(layer) is instead_of:
            self._put(layer, scan)

    def _put(self, layer, scan) -> None:
        ScanLayer(layer).set_scan(scan, same_readings=True)
        update_masked(layer)
        self.refresh()
        self.changed.emit(layer)

    def _highlight(self) -> None:
        chosen = self._selected()
        for number, curve in self._curves.items():
            pen = pg.mkPen(curve.opts["pen"])
            pen.setWidth(3 if number in chosen else 1)
            curve.setPen(pen)

    def _selected(self) -> set[int]:
        rows = {index.row() for index in self.table.selectedIndexes()}
        return {self.table.item(row, 0).data(Qt.UserRole) for row in rows}

    def _mask_clicked(self) -> None:
        if self._chooser.scan is None:
            return
        if not self.region.isVisible():
            self.region.setVisible(True)
            self.mask_button.setText("Mask this range")
            self.said.setText("Drag the shaded range over the bad points, select their sweeps, and press again.")
            return
        self.mask_range(*self.region.getRegion(), self._selected())

    def _clicked(self, event) -> None:
        """Mask the point under the mouse, or use it again."""
        view = self.plot.getViewBox()
        scan = self._chooser.scan
        if scan is None or self._is_cube(scan) or self.region.isVisible() or event.button() != Qt.LeftButton:
            return  # what is drawn of a cube are means, not points
        place = view.mapSceneToView(event.scenePos())
        self.toggle_near(place.x(), place.y(), [_CLICK * size for size in view.viewPixelSize()])

    def toggle_near(self, fast: float, value: float, reach: tuple[float, float]) -> bool:
        """Mask the measured point nearest to a place of the plot, or use it again; False where none lies
        within ``reach`` (along the fast axis, along the values). Selected sweeps come before others."""
        scan = self._chooser.scan
        if scans.is_lazy(scan):
            self.said.setText("Of a file read in parts only whole sweeps and ranges can be masked, not single points.")
            return False
        column = np.broadcast_to(np.asarray(scan[scans.axes(scan)[-1]].values, float), scan.shape).ravel()
        away = np.hypot((column - fast) / reach[0], (np.asarray(scan.values, float).ravel() - value) / reach[1])
        if chosen := self._selected():
            away = np.where(np.isin(scans.sweep_numbers(scan), list(chosen)), away, np.inf)
        away = np.where(np.isfinite(away), away, np.inf)
        nearest = int(np.argmin(away))
        if away[nearest] > 1:
            return False
        masked = self._masked(scan).copy()
        masked[nearest] = not masked[nearest]
        self._store(masked)
        return True

    def mask_range(self, low: float, high: float, sweeps: set[int] | None = None) -> None:
        """Mask the points between ``low`` and ``high`` on the fast axis in some sweeps (default: all)."""
        scan = self._chooser.scan
        fast = np.asarray(scan[scans.axes(scan)[-1]].values, float)
        inside = (fast >= low) & (fast <= high)
        if self._is_cube(scan):
            along = scan.dims.index(self.choice.along)
            rows = np.isin(np.arange(scan.shape[along]), list(sweeps)) if sweeps else np.ones(scan.shape[along], bool)
            rows = rows.reshape([-1 if number == along else 1 for number in range(scan.ndim)])
            self._store(self._masked(scan).reshape(scan.shape) | (rows & inside))
            return
        inside = np.broadcast_to(inside, scan.shape).ravel()
        if sweeps:
            inside = inside & np.isin(scans.sweep_numbers(scan), list(sweeps))
        self._store(self._masked(scan) | inside)

    def unmask_all(self) -> None:
        """Use every point and every sweep again."""
        if self._chooser.scan is not None:
            self._store(np.zeros(self._chooser.scan.size, bool))

    def _say(self, scan, found) -> None:
        if scan is None:
            self.said.setText("Open a scan to see its sweeps.")
            return
        left = sum(sweep.left_out for sweep in found)
        masked = int(self._masked(scan).sum())
        most = self._most_drawn(scan)
        drawn = f" {most} of them are drawn." if len(found) > most else ""
        more = f" The first {_MOST_LISTED} are listed." if len(found) > _MOST_LISTED else ""
        kind = "slices" if self._is_cube(scan) else "sweeps"
        self.said.setText(f"{len(found)} {kind}, {left} left out, {masked} of {scan.size} points masked.{more}{drawn}")


def _evenly(size: int, most: int) -> np.ndarray:
    """At most ``most`` of ``size`` indices, evenly spread, the ends among them."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int)) if size else np.zeros(0, int)
