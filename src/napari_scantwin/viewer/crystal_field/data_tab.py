"""The tab Data: the list of curves, what is said of those selected, and the lattice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.crystal_field.measured.data import MEASURED_KINDS, curves_in, curves_of_scan
from napari_scantwin.crystal_field.measured.lattice import lindemann_factor
from napari_scantwin.crystal_field.measured.problem import Problem, UsedCurve
from napari_scantwin.crystal_field.measured.settings import used_by_default
from napari_scantwin.viewer.crystal_field.curve_form import CurveForm
from napari_scantwin.viewer.crystal_field.messages import Messages
from napari_scantwin.viewer.crystal_field.state import CrystalFieldState
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_files
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.session import scan_layers, scan_of

__all__ = ["DataTab"]

#: The width that a curve's name has at least, in pixels.
_LEAST = 80
_HEADS = ("curve", "what", "∥", "unit")


class DataTab(QWidget):
    """Curves in."""

    def __init__(self, viewer, state: CrystalFieldState, parent=None):
        super().__init__(parent)
        self._viewer, self.state = viewer, state
        self._filling = False
        # Widths are shared out once it is known whether there is a scroll bar.
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.timeout.connect(self._fit)
        self.job = Job(self)
        self.job.done.connect(self._opened)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.open_button = QPushButton("Open files…")
        self.open_button.setToolTip(
            "Heat capacity, susceptibility and magnetization from files, or a saved problem (.json)"
        )
        self.open_button.clicked.connect(self._ask)
        self.scan_button = QPushButton("Take scan")
        self.scan_button.setToolTip("Curves of a scan that is open in this window")
        self.scan_button.setMenu(QMenu(self))
        self.scan_button.menu().aboutToShow.connect(self._list_scans)
        self.remove_button = QPushButton("Remove")
        self.remove_button.setToolTip("Remove the selected curves from the list; Ctrl+Z brings them back")
        self.remove_button.clicked.connect(lambda: self.state.remove(self.places))
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setHorizontalHeaderLabels(_HEADS)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(20)
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.ExtendedSelection)
        self.table.setEditTriggers(QTableWidget.NoEditTriggers)
        self.table.setMinimumHeight(120)
        self.table.setWordWrap(False)
        self.table.itemSelectionChanged.connect(self._show_selected)
        self.table.itemChanged.connect(self._ticked)
        self.form = CurveForm(lambda change: self.state.say(self.places, change))
        self.lattice, self.factor = Combo(), NumberLine()
        self.lattice.setToolTip("What is taken off heat capacities: the La, Lu or Y compound, or Debye and Einstein")
        self.lattice.activated.connect(lambda: self.state.put(lattice=self.lattice.currentData()))
        self.factor.setToolTip("By which the analogue's temperatures are stretched; empty: from the atoms' masses")
        self.factor.setMaximumWidth(80)
        self.factor.editingFinished.connect(self._put_factor)
        self.messages = Messages()
        self.messages.limit_wanted.connect(state.limit)
        head = QHBoxLayout()
        for button in (self.open_button, self.scan_button, self.remove_button):
            head.addWidget(button)
        below = QHBoxLayout()
        below.addWidget(QLabel("Lattice"))
        below.addWidget(self.lattice, 1)
        below.addWidget(QLabel("×Θ"))
        below.addWidget(self.factor)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.form)
        layout.addLayout(below)
        self.reason = Reason(lambda: {"factor": ("Factor", self.factor)})
        layout.addWidget(self.reason)
        layout.addWidget(self.messages, 1)
        state.changed.connect(self.refresh)
        state.prepared.connect(self.messages.show_prepared)
        state.unprepared.connect(self.messages.show_refused)
        self.setAcceptDrops(True)
        self.refresh()

    # in

    def open(self, paths: list[Path]) -> None:
        """Open files, in a thread: data, or one saved problem."""

        def work(report, stop):
            if len(paths) == 1 and paths[0].suffix.lower() == ".json":
                return Problem.load(paths[0])
            found: list[UsedCurve] = []
            for path in paths:
                found += used_by_default(curves_in(path))
            return found

        self.reason.clear()
        self.job.start(work)

    def _ask(self) -> None:
        paths, _ = ask_files(self, "Curves", "Data, saved problems (*)")
        if paths:
            self.open(paths)

    def _opened(self, found) -> None:
        if isinstance(found, Problem):
            lattice = found.lattice
            title = "none" if lattice.analogue is None else lattice.analogue.title
            curves = found.curves
            if lattice.analogue is not None and title not in {one.measured.title for one in curves}:
                curves = (*curves, UsedCurve(lattice.analogue, use=False))
            self.state.put(
                curves=tuple(one for one in curves if one.measured.kind != "levels"),
                lattice="model" if lattice.kind == "model" else title,
                factor=lattice.factor,
                ion=found.ion,
                site=found.site,
                levels=tuple(
                    float(value) for one in curves if one.measured.kind == "levels" for value in one.measured.y
                ),
            )
            return
        count = self.table.rowCount()
        self.state.add(found)
        if self.table.rowCount() > count:
            self.table.selectRow(count)

    def dragEnterEvent(self, event) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event) -> None:
        self.open([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    def _list_scans(self) -> None:
        menu = self.scan_button.menu()
        menu.clear()
        for layer in [*scan_layers(self._viewer, "measured"), *scan_layers(self._viewer, "simulated")]:
            menu.addAction(layer.name, lambda layer=layer: self.take(layer))
        if menu.isEmpty():
            menu.addAction("No scan is open").setEnabled(False)

    def take(self, layer) -> None:
        """Take the curves of a layer's scan."""
        self.reason.clear()
        try:
            found = curves_of_scan(scan_of(layer), layer.name)
            if not found:
                raise ScanError(f"{layer.name} holds no heat capacity, susceptibility or magnetization over T or H")
        except ScanError as reason:
            self.reason.say(reason)
            return
        self.state.add(used_by_default(found))

    # the list

    @property
    def places(self) -> list[int]:
        """The places of the selected curves."""
        return sorted({index.row() for index in self.table.selectionModel().selectedRows()})

    def refresh(self) -> None:
        """Show the curves as they are now, keeping the selection."""
        chosen = self.places
        curves = self.state.inputs.curves
        self._filling = True
        self.table.blockSignals(True)
        self.table.setRowCount(len(curves))
        for row, one in enumerate(curves):
            for column, text in enumerate(_texts(one)):
                item = QTableWidgetItem(text)
                counted = f"{one.measured.title}, {len(one.measured.y)} readings"
                item.setToolTip("\n".join([counted, *one.measured.notes]))
                if column == 0:
                    item.setFlags(item.flags() | Qt.ItemIsUserCheckable)
                    item.setCheckState(Qt.Checked if one.use else Qt.Unchecked)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()
        self._fitting.start()
        self.table.clearSelection()
        model = self.table.selectionModel()
        for row in chosen:
            if row < len(curves):
                model.select(self.table.model().index(row, 0), model.Select | model.Rows)
        self.table.blockSignals(False)
        self._filling = False
        self._list_lattices()
        self._show_selected()

    def _fit(self) -> None:
        """Give the first column what the others leave."""
        others = sum(self.table.columnWidth(column) for column in range(1, len(_HEADS)))
        self.table.setColumnWidth(0, max(_LEAST, self.table.viewport().width() - others))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()

    def _show_selected(self) -> None:
        if not self._filling:
            curves = self.state.inputs.curves
            self.form.show_curves([curves[place] for place in self.places if place < len(curves)])

    def _ticked(self, item) -> None:
        if self._filling or item.column():
            return
        on = item.checkState() == Qt.Checked
        places = self.places if item.row() in self.places else [item.row()]
        self.state.say(places, lambda one: replace(one, use=on))

    # the lattice

    def _list_lattices(self) -> None:
        inputs = self.state.inputs
        self.lattice.clear()
        self.lattice.addItem("none", "none")
        self.lattice.addItem("Debye + Einstein", "model")
        for one in inputs.curves:
            if one.measured.kind in ("heat_capacity", None):
                self.lattice.addItem(one.measured.label, one.measured.title)
        self.lattice.setCurrentIndex(max(self.lattice.findData(inputs.lattice), 0))
        self.factor.setEnabled(inputs.analogue is not None)
        text = "" if inputs.factor is None else f"{inputs.factor:.6g}"
        self.factor.show_held(text, inputs.factor)
        sample = next((one.measured.formula for one in inputs.curves if one.use and one.measured.formula), None)
        shown = lindemann_factor(sample, inputs.analogue.formula) if inputs.analogue is not None else 1.0
        self.factor.setPlaceholderText(f"{shown:.4g}")

    def _put_factor(self) -> None:
        if self.factor.held is not None or (not self.factor.text().strip() and self.state.inputs.factor is None):
            return
        try:
            self.state.put(factor=self.factor.number(0.0) or None)
        except ValueError:
            wrong = f"the factor is a number about 1, not {self.factor.text().strip()!r}"
            self.reason.say(WrongParameter(wrong, "factor"))


def _texts(one: UsedCurve) -> tuple[str, str, str, str]:
    curve = one.measured
    what = MEASURED_KINDS.get(curve.kind or "", "?")
    if curve.kind == "magnetization" and curve.temperature is not None:
        what = f"M(H) {curve.temperature:.3g} K"
    elif curve.field and curve.kind is not None:
        what = f"{what} {curve.field:.3g} T"
    lacks = curve.missing
    state = f"{lacks[0].removeprefix('its ').removeprefix('the ')}?" if lacks else units.pretty(curve.y_unit or "")
    return curve.label, what, curve.direction or "", state
