"""Sweeps: the list, which are used in training, a plot of all, and masking of points."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QEvent, QItemSelectionModel, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QTableWidgetItem, QVBoxLayout, QWidget

from napari_scantwin.core import scan as scans
from napari_scantwin.core import training_mask, units
from napari_scantwin.core.set_points import set_point_texts
from napari_scantwin.viewer.canvas.layers import update_masked
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.tables import NumberTable
from napari_scantwin.viewer.session import ScanLayer, scan_of
from napari_scantwin.viewer.twin.slice_choice import SliceChoice
from napari_scantwin.viewer.twin.sweeps_plot import SweepsPlot, is_cube

__all__ = ["SweepsWidget"]

#: More sweeps than this are not listed one by one; a cube has thousands.
_MOST_LISTED = 400
#: How near a click must come to a point, in pixels.
_CLICK = 8
_CLICKED = "Click a point to mask it, or to use it again (Ctrl+Z takes it back)"


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
        self.table.installEventFilter(self)
        self.drawn = SweepsPlot()
        self.plot, self.region = self.drawn.widget, self.drawn.region
        self.plot.scene().sigMouseClicked.connect(self._clicked)
        self.plot.installEventFilter(self)
        self.mask_button = QPushButton("Mask points…")
        self.mask_button.setToolTip(
            "Choose a range along the fast axis; its points in the selected sweeps are masked (Ctrl+Z takes it back)"
        )
        self.mask_button.clicked.connect(self._mask_clicked)
        self.unmask_button = QPushButton("Unmask all")
        self.unmask_button.setToolTip("Uses every point and every sweep again (Ctrl+Z takes it back)")
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
        self._found: list = []
        chooser.changed.connect(self.refresh)
        self.refresh(chooser.layer)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def refresh(self, layer=None) -> None:
        """List and draw the chosen scan's sweeps (when the tab, or their plot, is next seen)."""
        if not self.isVisible() and not self.plot.isVisible():
            self._stale = True
            return
        self._stale = False
        scan = self._chooser.scan
        self._filling = True
        self.table.setRowCount(0)
        self.drawn.clear()
        self.mask_button.setText("Mask points…")
        self.choice.set_scan(scan)
        cube = scan is not None and is_cube(scan)
        kind = "slice" if cube else "sweep"
        self.table.setToolTip(f"Untick a {kind}, or press Delete, to leave it out of training (Ctrl+Z takes it back)")
        self.plot.setToolTip("The mean of each slice" if cube else _CLICKED)
        found = []
        if scan is not None:
            found = training_mask.slices(scan, self.choice.along) if cube else scans.sweeps(scan)
            self._fill(scan, found)
        self._filling, self._found = False, found
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

    def _fill(self, scan, found) -> None:
        names = scans.axes(scan)
        listed = found[:_MOST_LISTED]
        slow = (self.choice.along,) if is_cube(scan) else names[:-1]
        heads = [scans.axis_label(scan, name) for name in slow] or ["sweep"]
        self.table.setColumnCount(len(heads) + 2)
        fast_unit = units.pretty(scan[names[-1]].attrs["units"])
        self.table.setHorizontalHeaderLabels([*heads, "points", f"range ({fast_unit})"])
        self.table.setRowCount(len(listed))
        named = [set_point_texts(scan, name, [sweep.slow[name] for sweep in listed]) for name in slow]
        for row, sweep in enumerate(listed):
            texts = [column[row] for column in named] or ["1"]
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
        along = self.choice.along if is_cube(scan) else names[0]
        self.drawn.show(scan, listed, along, ScanLayer(self._chooser.layer).twin)

    def _ticked(self, item) -> None:
        if self._filling or item.column() != 0:
            return
        self._set_used({item.data(Qt.UserRole)}, item.checkState() == Qt.Checked)

    def leave_out(self, sweeps: set[int]) -> None:
        """Keep sweeps, or slices of a cube, from training; those that are all left out already are used again."""
        if self._chooser.scan is not None and sweeps:
            self._set_used(sweeps, sweeps <= {one.number for one in self._found if one.left_out})

    def _set_used(self, sweeps: set[int], on: bool) -> None:
        scan = self._chooser.scan
        if is_cube(scan):
            chosen = training_mask.used(scan, self.choice.along)
            chosen[list(sweeps)] = on
            self.use(training_mask.use(scan, self.choice.along, chosen))
            return
        self._store(np.where(np.isin(scans.sweep_numbers(scan), list(sweeps)), not on, self._masked(scan)))

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
        self.drawn.highlight(self._selected())

    def eventFilter(self, watched, event) -> bool:
        if watched is self.plot and event.type() == QEvent.Show and self._stale:
            self.refresh()
        if watched is self.table and event.type() == QEvent.KeyPress and event.key() == Qt.Key_Delete:
            self.leave_out(self._selected())
            return True
        return super().eventFilter(watched, event)

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
        # While another tab is in front the plot is there to be looked at.
        if not self.isVisible() or self.region.isVisible() or event.button() != Qt.LeftButton:
            return
        if scan is None or is_cube(scan):  # what is drawn of a cube are means, not points
            return
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
        if is_cube(scan):
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
        most = self.drawn.most(scan)
        drawn = f" {most} of them are drawn." if len(found) > most else ""
        more = f" The first {_MOST_LISTED} are listed." if len(found) > _MOST_LISTED else ""
        kind = "slices" if is_cube(scan) else "sweeps"
        self.said.setText(f"{len(found)} {kind}, {left} left out, {masked} of {scan.size} points masked.{more}{drawn}")
