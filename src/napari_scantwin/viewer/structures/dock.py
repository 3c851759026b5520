"""The dock Crystal structures: a cloud of atoms in 3D, coloured by class or by doubt, and what is known of each
atom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import writers
from napari_scantwin.core.clouds import is_cloud
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.contrast import readable
from napari_scantwin.structures import maps
from napari_scantwin.structures.own import own_classes
from napari_scantwin.structures.recognise import UNLIKE, Settings, recogniser, title_of
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.canvas.visibility import bring_to_front
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_files, ask_path, file_name
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.numbers import CountBox
from napari_scantwin.viewer.kit.own_dock import OwnDock
from napari_scantwin.viewer.kit.plots import theme_colors
from napari_scantwin.viewer.kit.tables import NumberTable, fill
from napari_scantwin.viewer.open.open_widget import OpenWidget
from napari_scantwin.viewer.session import ScanLayer, made_from, scan_layers, scan_of
from napari_scantwin.viewer.structures.atom_card import AtomCard
from napari_scantwin.viewer.structures.looks import COLOURINGS, UNDECIDED, class_colors, colors_of

__all__ = ["StructuresDock"]

_KEY = "crystal structures"
_INVITED = "Open a cloud of atoms: xyz, POSCAR, cif, LAMMPS, atom probe, or a table of x, y and z."
#: Of a whole cloud of more atoms than this only the map is made.
_WHOLE = 3000
#: A click moves the mouse by less than so many pixels.
_STILL = 4


class StructuresDock(OwnDock):
    """Clouds, what they are, and each atom; ``recognised(layer)`` when a map is on screen."""

    recognised = Signal(object)

    def __init__(self, napari_viewer, parent=None):
        super().__init__(napari_viewer, parent)
        self._layers: list = []
        self._results: dict = {}  # by the map's layer: what was found, the scan it is of
        self._own: tuple = ()
        self._alone = None
        self.opening = OpenWidget(self._viewer, self)
        self.opening.hide()
        self.opening.opened.connect(self._opened)
        self.job = Job(self)
        self.job.progressed.connect(self._progressed)
        self.job.done.connect(self._done)
        self.job.failed.connect(self._failed)
        self.job.cancelled.connect(lambda: self.said.setText("Cancelled; what is shown is as it was."))
        self.job.ended.connect(self._idle)
        self.export_job = Job(self)
        self.export_job.done.connect(lambda paths: self.said.setText(f"Wrote {', '.join(p.name for p in paths)}"))
        self.export_job.failed.connect(lambda reason: self.reason.say(reason))
        self._build()
        for event in (self._viewer.layers.events.inserted, self._viewer.layers.events.removed):
            event.connect(self._later)
        self._viewer.mouse_drag_callbacks.append(self._clicked)
        self.refresh()

    def _build(self) -> None:
        self.combo = Combo()
        self.combo.setToolTip("The cloud of atoms")
        self.combo.currentIndexChanged.connect(self._picked)
        self.open_button = QPushButton("Open…")
        self.open_button.setToolTip("xyz, POSCAR, cif, LAMMPS, .pos, .epos, .apt, tables of x, y and z")
        self.open_button.clicked.connect(self.opening.ask)
        self.button = QPushButton("Recognise")
        self.button.setToolTip("Tell the structure about every atom; the first time the recogniser is made, once")
        self.button.clicked.connect(self.toggle)
        self.export_button = QPushButton("Export…")
        self.export_button.setToolTip("Write the map with its probabilities (netCDF, CSV, HDF5, zarr)")
        self.export_button.clicked.connect(self.ask_export)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.said.setStyleSheet("font-size: 8pt")
        self.window_box = CountBox(low=40, high=2000)
        self.window_box.setValue(maps.WINDOW)
        self.merged = QCheckBox("Hexagonal and rhombohedral as one class")
        self.merged.setChecked(True)
        self.own_button = QPushButton("Add a class from cif…")
        self.own_button.setToolTip("A class of your own from a file with one cell; the recogniser is made anew with it")
        self.own_button.clicked.connect(self._ask_own)
        self.own_label = QLabel("")
        self.own_label.setWordWrap(True)
        self.further = Folding("Further settings")
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(_row(QLabel("Atoms of a window"), self.window_box))
        column.addWidget(self.merged)
        column.addWidget(self.own_button)
        column.addWidget(self.own_label)
        self.further.addWidget(inner)
        self.colouring = Combo()
        self.colouring.addItems(COLOURINGS)
        self.colouring.currentIndexChanged.connect(self.recolour)
        self.slider = QSlider(Qt.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(50)
        self.slider.setToolTip("Atoms whose class is less probable than this are undecided, and drawn faint")
        self.slider_label = QLabel("")
        self._slid = QTimer(self)
        self._slid.setSingleShot(True)
        self._slid.setInterval(30)
        self._slid.timeout.connect(self.recolour)
        self.slider.valueChanged.connect(self._moved)
        self.table = NumberTable(180)
        self.table.setWordWrap(False)
        self.table.setTextElideMode(Qt.ElideMiddle)  # what names end in sets them apart
        self.table.itemChanged.connect(self._ticked)
        self._hidden: set[str] = set()
        self.card = AtomCard()
        self.card.isolated.connect(self._isolate)
        self.results = QWidget()
        column = QVBoxLayout(self.results)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(4)
        column.addLayout(_row(QLabel("Colour by"), self.colouring))
        column.addLayout(_row(QLabel("Confidence"), self.slider, self.slider_label))
        column.addWidget(self.table, 1)
        page = QScrollArea()
        page.setWidgetResizable(True)
        page.setFrameShape(QScrollArea.NoFrame)
        page.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        page.setWidget(self.card)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.results, "Classes")
        self.tabs.addTab(page, "Atom")
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        layout.addLayout(_row(QLabel("Cloud"), self.combo, self.open_button, stretch=1))
        layout.addLayout(_row(self.button, self.export_button))
        layout.addWidget(self.bar)
        layout.addWidget(self.reason)
        layout.addWidget(self.said)
        layout.addWidget(self.further)
        layout.addWidget(self.tabs, 1)
        self.bar.hide()
        self._moved(self.slider.value())

    def sizeHint(self) -> QSize:
        return QSize(360, 640)

    # clouds

    @property
    def layer(self):
        """The chosen cloud's layer, or None."""
        index = self.combo.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    @property
    def map_layer(self):
        """The layer of the chosen cloud's map, or None."""
        found = [one for one in made_from(self._viewer, self.layer) if one in self._results]
        return found[-1] if found else None

    def _later(self, event=None) -> None:
        QTimer.singleShot(0, self.refresh)

    def refresh(self) -> None:
        """List the clouds again, keeping the choice, unless one was opened since."""
        chosen, before, last = self.layer, self._layers, self.layer
        self._results = {layer: kept for layer, kept in self._results.items() if layer in self._viewer.layers}
        self._layers = [one for one in scan_layers(self._viewer, "measured") if is_cloud(scan_of(one))]
        chosen = next((one for one in reversed(self._layers) if one not in before), chosen)
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems([one.name for one in self._layers])
        self.combo.setCurrentIndex(self._layers.index(chosen) if chosen in self._layers else len(self._layers) - 1)
        self.combo.blockSignals(False)
        if self.layer is not last or self.layer is None:
            self._picked(shown=False)
        else:
            self._show_classes()

    def _picked(self, index=None, shown: bool = True) -> None:
        """Another cloud was chosen."""
        layer = self.layer
        self.button.setEnabled(layer is not None or self.job.running)
        if layer is None:
            self.said.setText(_INVITED)
        else:
            if self.said.text() == _INVITED:
                self.said.setText(f"{scan_of(layer).size} atoms: Recognise tells what each belongs to.")
            if shown:
                bring_to_front(self._viewer, self.map_layer or layer)
        self.card.forget()
        self._show_classes()

    def _opened(self, layer) -> None:
        self.refresh()
        if layer in self._layers:
            self.combo.setCurrentIndex(self._layers.index(layer))
            self.said.setText(self.opening.said.text())
            self._see(layer)

    def _see(self, layer) -> None:
        """Show a cloud in 3D, from a little aside, so that rows of atoms do not hide each other."""
        self._viewer.dims.ndisplay = 3
        # The camera's vectors are in the order of the axes; a look along the shortest of them shows the most.
        extents = np.ptp(np.asarray(layer.data), axis=0)
        along, up = int(np.argmin(extents)), int(np.argmax(extents))
        aside = next(number for number in range(3) if number not in (along, up))
        direction, upwards = np.zeros(3), np.zeros(3)
        direction[along], direction[up], direction[aside] = 1.0, 0.25, 0.35
        upwards[up] = -1.0
        self._viewer.scene.camera.set_view_direction(tuple(direction), tuple(upwards))
        fit_view(self._viewer)

    # recognising

    def toggle(self) -> None:
        """Recognise, or stop."""
        if self.job.running:
            self.job.stop()
            self.button.setText("Stopping…")
        else:
            self.recognise()

    def recognise(self) -> bool:
        """Tell the structure about every atom of the chosen cloud; False, with a sentence, where that cannot be."""
        layer = self.layer
        self.reason.clear()
        if layer is None:
            return self.reason.say("Open a cloud of atoms first.")
        scan, settings = scan_of(layer), Settings(own=self._own)
        window, merged = self.window_box.value(), self.merged.isChecked()

        def work(report, stop):
            made = recogniser(settings, stop=stop, on_progress=lambda done, words: report((0.5 * done, words)))

            def tell(fraction: float) -> None:
                report((0.5 + 0.5 * fraction, "Looking at every atom"))

            found = maps.structure_map(scan, made, window=window, merged=merged, stop=stop, on_progress=tell)
            small = scan.sizes["point"] <= _WHOLE
            whole = maps.whole_cloud(scan, made, merged=merged, stop=stop) if small else None
            return layer, scan, found, whole, maps.map_scan(scan, found)

        self.button.setText("Cancel")
        self.bar.setRange(0, 0)
        self.bar.show()
        return self.job.start(work)

    def _progressed(self, told) -> None:
        fraction, words = told
        self.bar.setRange(0, 100)
        self.bar.setValue(round(100 * fraction))
        self.said.setText(f"{words} …")

    def _failed(self, reason) -> None:
        self.said.setText("What is shown is as it was.")
        self.reason.say(reason)

    def _idle(self) -> None:
        self.button.setText("Recognise")
        self.bar.hide()

    def _done(self, told) -> None:
        layer, scan, found, whole, made = told
        if layer not in self._viewer.layers or scan_of(layer) is not scan:
            return
        for old in [one for one in made_from(self._viewer, layer) if one in self._results]:
            self._results.pop(old)
            self._viewer.layers.remove(old)
        name = f"structure: {layer.name}"
        new = add_scan(self._viewer, made, kind="derived", name=name, frame=ScanLayer(layer).frame)
        ScanLayer(new).measured = layer
        self._results[new] = (found, scan)
        new.size = layer.size[0] if len(layer.size) else new.size
        layer.visible = False
        self._viewer.layers.selection.active = new
        notes = [f"{one[:1].upper()}{one[1:]}." for one in found.notes]
        if whole is not None:
            answer = whole.answer
            told_as = title_of(answer.names()[0])
            notes.insert(0, f"As one crystal: {told_as}, probability {answer.confidence[0]:.2f}.")
        if found.surface.any():
            notes.append(f"{100 * found.surface.mean():.0f} % of the atoms lie at a surface.")
        self.said.setText(" ".join(notes))
        self.card.forget()
        self.recolour()
        self._show_classes()
        self.recognised.emit(new)

    # looks

    @property
    def confidence(self) -> float:
        """The least probability of a class that counts."""
        return self.slider.value() / 100

    def _moved(self, value: int) -> None:
        self.slider_label.setText(f"{value} %")
        self._slid.start()

    def recolour(self, *changed) -> None:
        """Colour the map's atoms anew."""
        layer = self.map_layer
        if layer is None:
            return
        found, _ = self._results[layer]
        colors = colors_of(found, self.colouring.currentText(), self.confidence, frozenset(self._hidden))
        if self._alone is not None:
            colors[~np.isin(found.rows, self._alone), 3] = 0
        layer.face_color = colors
        self._show_classes()

    def _show_classes(self) -> None:
        """Count the atoms of every class."""
        layer = self.map_layer
        self.export_button.setEnabled(layer is not None)
        self.results.setEnabled(layer is not None)
        self.table.blockSignals(True)
        if layer is None:
            self.table.setRowCount(0)
            self.table.blockSignals(False)
            return
        found, _ = self._results[layer]
        answer = found.answer
        undecided = (answer.confidence < self.confidence) & ~answer.unlike
        counts = {
            label: int(((answer.classes == number) & ~undecided).sum()) for number, label in enumerate(answer.labels)
        }
        counts |= {UNLIKE: int(answer.unlike.sum()), UNDECIDED: int(undecided.sum())}
        self._rows = [label for label in counts if counts[label] or label in answer.labels]
        total = max(len(undecided), 1)
        rows = [[title_of(one), str(counts[one]), f"{100 * counts[one] / total:.1f}"] for one in self._rows]
        colors = class_colors(answer.labels)
        paper = theme_colors()[0]
        fill(self.table, ["class", "atoms", "%"], rows, [readable(colors[one], paper) for one in self._rows])
        for number, label in enumerate(self._rows):
            item = self.table.item(number, 0)
            item.setFlags(item.flags() | Qt.ItemIsUserCheckable)
            item.setCheckState(Qt.Unchecked if label in self._hidden else Qt.Checked)
        self.table.blockSignals(False)

    def _ticked(self, item) -> None:
        """A class is to be seen, or not."""
        if item.column() != 0 or self.map_layer is None:
            return
        label = self._rows[item.row()]
        (self._hidden.discard if item.checkState() == Qt.Checked else self._hidden.add)(label)
        self.recolour()

    # one atom

    def _clicked(self, viewer, event):
        """A click, which is no drag, on an atom of the map."""
        layer = self.map_layer
        if layer is None or not layer.visible or event.button != 1:
            return
        start = np.asarray(event.pos, float)
        where, along, shown = event.position, event.view_direction, event.dims_displayed
        yield
        while event.type == "mouse_move":
            if np.abs(np.asarray(event.pos, float) - start).max() > _STILL:
                return
            yield
        number = layer.get_value(where, view_direction=along, dims_displayed=shown, world=True)
        if number is not None:
            self.show_atom(int(number))

    def show_atom(self, number: int) -> None:
        """Show what is known of the ``number``-th atom of the map."""
        layer = self.map_layer
        if layer is None:
            return
        found, scan = self._results[layer]
        layer.selected_data = {number}
        self.card.show_atom(scan, found, number, self.window_box.value())
        self.tabs.setCurrentIndex(1)

    def _isolate(self, rows) -> None:
        """Show some atoms alone, or all again: by their colours, as napari draws points in 3D whether they are to be
        shown or not where a layer shows all of its slices."""
        self._alone = rows
        self.recolour()

    # classes of one's own, export

    def _ask_own(self) -> None:
        paths, _ = ask_files(self, "A class from a file of one cell", "Cells (*.cif *.vasp *.poscar *.extxyz);;All (*)")
        if paths:
            self.add_own(paths)

    def add_own(self, paths: list[Path]) -> bool:
        """Add classes of one's own; False, with a sentence, where a file does not do."""
        self.reason.clear()
        try:
            new = own_classes(paths)
        except ScanError as reason:
            return self.reason.say(reason)
        self._own = (*(one for one in self._own if one.label not in {each.label for each in new}), *new)
        self.own_label.setText(f"Own classes: {', '.join(one.label for one in self._own)}")
        return True

    def ask_export(self) -> None:
        """Ask where the map is to be written."""
        layer = self.map_layer
        if layer is None:
            return
        kinds = ";;".join(f"{title} (*{suffix})" for suffix, title in writers.FORMATS.items() if suffix != ".tif")
        path, _ = ask_path(self, "Export the map", f"{file_name(layer.name)}.nc", kinds)
        if path is not None:
            self.export(path)

    def export(self, path: Path) -> bool:
        """Write the chosen cloud's map."""
        made = scan_of(self.map_layer)
        return self.export_job.start(lambda report, stop: writers.write(made, path, on_progress=report, stop=stop))

    def end(self) -> None:
        """Stop what runs, and listen to the viewer no longer."""
        self._slid.stop()
        self.card.shut()
        for job in (self.job, self.export_job, self.opening.job):
            if job.running:
                job.abandon()
        if self._clicked in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._clicked)
        for event in (self._viewer.layers.events.inserted, self._viewer.layers.events.removed):
            event.disconnect(self._later)


def _row(*widgets: QWidget, stretch: int | None = None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for number, widget in enumerate(widgets):
        row.addWidget(widget, int(stretch == number or isinstance(widget, QSlider)))
    return row
