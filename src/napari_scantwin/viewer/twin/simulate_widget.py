"""Simulate: a grid for every axis, the dense map as layers, and export."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import writers
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.branches import BRANCH
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.viewer.canvas.twin_layers import prepare_derivative, prepare_simulation, result_of, show_simulation
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_path, file_name
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.kit.tips import enable
from napari_scantwin.viewer.session import ScanLayer, scan_layers, scan_of
from napari_scantwin.viewer.twin.branch_choice import BranchChoice
from napari_scantwin.viewer.twin.side_by_side import SideBySide

__all__ = ["SimulateWidget", "prepared_map"]

#: Larger maps (some 20 s and 200 MB) are evaluated where they are looked at, and written part by part.
_MOST_AT_ONCE = 20_000_000


class SimulateWidget(QWidget):
    """Simulates the chosen scan's twin on a grid; ``simulated(layer)`` when the map is on screen."""

    simulated = Signal(object)

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.job, self.export_job = Job(self), Job(self)
        self.fields: dict[str, NumberLine] = {}
        self._build()
        self.job.progressed.connect(lambda fraction: self.bar.setValue(round(1000 * fraction)))
        self.job.done.connect(self._done)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.job.cancelled.connect(lambda: self.said.setText("Simulation cancelled; the map is as it was."))
        self.job.ended.connect(self._idle)
        self.export_job.progressed.connect(lambda fraction: self.bar.setValue(round(1000 * fraction)))
        self.export_job.done.connect(self._wrote)
        self.export_job.failed.connect(lambda reason: self.export_reason.say(reason))
        self.export_job.cancelled.connect(lambda: self._tell_export("Export cancelled; no file was left behind."))
        self.export_job.ended.connect(self._idle)
        chooser.changed.connect(self.refresh)
        viewer.layers.events.inserted.connect(self._list_layers)
        viewer.layers.events.removed.connect(self._list_layers)
        self.refresh(chooser.layer)

    def _build(self) -> None:
        self.what = Combo()
        self.what.setToolTip("The map itself, or the twin's own derivative with its uncertainty")
        what = QWidget()
        row = QHBoxLayout(what)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Simulate"))
        row.addWidget(self.what, 1)
        self.branch = BranchChoice(self._chooser)
        self._form = QFormLayout()
        self.dense_button, self.measured_button = QPushButton("Dense"), QPushButton("As measured")
        self.dense_button.setToolTip("Fill in a dense grid over the measured range")
        self.measured_button.setToolTip("Simulate where it was measured: the map without its noise, and the residual")
        self.dense_button.clicked.connect(lambda: self._fill(self.twin.default_grid()))
        self.measured_button.clicked.connect(self.simulate_as_measured)
        self.beside_button = QPushButton("Side by side")
        self.beside_button.setCheckable(True)
        self.beside_button.setToolTip("Measured, simulated and residual beside each other, below the map")
        self.beside_button.toggled.connect(self._show_beside)
        self._beside: SideBySide | None = None
        #: The dock of plots that shows the three beside each other; None without a window.
        self.plots = None
        presets = QHBoxLayout()
        for button in (self.dense_button, self.measured_button, self.beside_button):
            presets.addWidget(button)
        box = QGroupBox("Grid")
        inside = QVBoxLayout(box)
        inside.addLayout(self._form)
        inside.addLayout(presets)
        self.hint = QLabel("A range first:last:step or first:last#count, or a list of values.")
        self.hint.setWordWrap(True)
        self.button = QPushButton("Simulate")
        self.button.clicked.connect(self.toggle)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.reason = Reason(lambda: {name: (name.replace("_", " "), field) for name, field in self.fields.items()})
        self.export_choice = Combo()
        self.export_button = QPushButton("Export…")
        self.export_button.clicked.connect(self.ask_export)
        #: The choice of a scan and the button that exports it; the panel has them among its exports.
        self.export_box = QGroupBox("Data")
        box_of_exports = QVBoxLayout(self.export_box)
        row = QHBoxLayout()
        row.addWidget(self.export_choice, 1)
        row.addWidget(self.export_button)
        box_of_exports.addLayout(row)
        self.export_reason = Reason()
        self.export_said = QLabel()
        self.export_said.setWordWrap(True)
        self.export_said.hide()
        box_of_exports.addWidget(self.export_reason)
        box_of_exports.addWidget(self.export_said)
        layout = QVBoxLayout(self)
        for widget in (
            *(what, self.branch, box, self.hint, self.button, self.bar, self.reason, self.said, self.export_box),
        ):
            layout.addWidget(widget)
        layout.addStretch(1)

    @property
    def twin(self):
        """The chosen scan's twin, or None."""
        return ScanLayer(self._chooser.layer).twin

    def refresh(self, layer=None) -> None:
        """Offer the chosen twin's axes with its measured ranges."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        twin = self.twin
        self.branch.refresh()
        self._offer_derivatives()
        for button in (self.button, self.dense_button, self.measured_button):
            enable(button, "" if twin is not None else "Train the scan first")
        image = layer_of_image(self._chooser.layer)
        untrained = "" if twin is not None else "Train the scan first"
        enable(self.beside_button, untrained or ("" if image is not None else "Its points lie over the map already"))
        if self._beside is not None and image is not None:
            self._beside.show_of(image)
        if twin is None:
            self.said.setText("Train the scan first; then its twin can be simulated on any grid.")
        else:
            self.said.setText("")
            for name, values in twin.default_grid().items():
                field = NumberLine()
                field.show_held(_written(values), values)
                field.textChanged.connect(self._say_outside)
                unit = units.pretty(twin.scan[name].attrs["units"])
                self.fields[name] = field
                self._form.addRow(f"{name.replace('_', ' ')} ({unit})", field)
        self._list_layers()

    def _fill(self, grid: dict[str, np.ndarray]) -> None:
        for name, values in grid.items():
            self.fields[name].show_held(_written(values), values)

    def simulate_as_measured(self) -> bool:
        """Simulate on the grid that was measured."""
        if self.twin is None:
            return False
        grid = self.twin.measured_grid()
        self._fill(grid)
        self.what.setCurrentIndex(0)
        return self.simulate(grid)  # not what the fields say: their digits are few

    def _show_beside(self, on: bool) -> None:
        if self._beside is not None:
            widget, self._beside = self._beside, None
            widget.shut()
            if self.plots is not None:
                self.plots.uncover(widget)
        layer = layer_of_image(self._chooser.layer)
        if on and layer is not None:
            self._beside = SideBySide(self._viewer, layer)
            if self.plots is not None:
                self.plots.cover(self._beside, "Side by side")

    def shut(self) -> None:
        """Let go of the viewer."""
        if self._beside is not None:
            self._beside.shut()
            self._beside = None

    def _offer_derivatives(self) -> None:
        chosen = self.what.currentText()
        self.what.clear()
        self.what.setEnabled(self.twin is not None)
        if self.twin is None:
            self.what.addItem("values", (None, 1))
            return
        value = str(self.twin.scan.name).replace("_", " ")
        self.what.addItem(value, (None, 1))
        for order, (top, bottom) in enumerate((("d", ""), ("d²", "²")), 1):
            for axis in reversed(self.twin.axes):
                self.what.addItem(f"{top} {value} / d {axis.replace('_', ' ')}{bottom}", (axis, order))
        self.what.setCurrentText(chosen)

    def grid(self) -> dict[str, np.ndarray]:
        """The grid as the form has it; raises :class:`ScanError` in words."""
        found = {}
        for name, field in self.fields.items():
            try:
                shown = name.replace("_", " ")
                found[name] = parse_values(field.text(), shown) if field.held is None else field.held
            except ScanError as reason:
                raise WrongParameter(str(reason), name) from None
        return found

    def _say_outside(self) -> None:
        try:
            grid = self.grid()
        except ScanError as reason:
            self.said.setText("")
            self.reason.say(reason)
            return
        self.reason.clear()
        beyond = []
        for name, values in grid.items():
            measured = self.twin.scan[name].values
            margin = 1e-3 * np.ptp(measured)  # the form's own digits are no step outside
            if values.min() < measured.min() - margin or values.max() > measured.max() + margin:
                unit = units.pretty(self.twin.scan[name].attrs["units"])
                beyond.append(f"{name.replace('_', ' ')} {measured.min():.5g} to {measured.max():.5g} {unit}")
        warning = "Outside the measured range (" + "; ".join(beyond) + ") the map is extrapolated and hatched."
        self.said.setText(warning if beyond else "")

    def toggle(self) -> None:
        """Simulate, or stop a simulation that runs."""
        if self.job.running:
            self.job.stop()
            self.button.setText("Stopping…")
        else:
            along, order = self.what.currentData()
            self.simulate(None, along, order)

    def simulate(self, grid=None, along: str | None = None, order: int = 1) -> bool:
        """Simulate the chosen twin, or its derivative of ``order`` along the axis ``along``, on ``grid`` (default: the
        form's grid)."""
        twin, layer = self.twin, self._chooser.layer
        if twin is None:
            return self.reason.say("There is no twin of this scan yet: train it first.")
        if self.job.running:
            return self.reason.say("A simulation is running; wait for it or cancel it first.")
        try:
            grid = self.grid() if grid is None else grid
        except ScanError as reason:
            return self.reason.say(reason)
        self.reason.clear()
        self.button.setText("Cancel")

        def work(report, stop):
            return layer, prepared_map(layer, twin, grid, along, order, report, stop)

        return self.job.start(work)

    def own_values(self) -> dict[str, np.ndarray]:
        """The values of those axes whose fields hold something else than the twin's default grid; half-typed ones are
        passed over."""
        default, own = {} if self.twin is None else self.twin.default_grid(), {}
        for name, field in self.fields.items():
            if field.held is None:
                with contextlib.suppress(ScanError):
                    own[name] = parse_values(field.text(), name.replace("_", " "))
            elif not np.array_equal(field.held, default.get(name)):
                own[name] = field.held
        return own

    def renew(self, grid: dict[str, np.ndarray]) -> None:
        """Fill in the grid of a twin that is about to take the place of the present one, but for what is the user's."""
        own, typed = self.own_values(), {name for name, field in self.fields.items() if field.held is None}
        self._fill({name: values for name, values in grid.items() if name not in own and name not in typed})

    def _done(self, result) -> None:
        layer, prepared = result
        if layer in self._viewer.layers:
            show_simulation(self._viewer, layer, prepared, lambda: self._shown(layer, ScanLayer(prepared[0][1]).kind))

    def _shown(self, layer, kind: str) -> None:
        made = result_of(layer, kind, self._viewer)
        self._say_outside()
        if not self.said.text() and made is not None:
            self.said.setText(describe(scan_of(made)))
        if made is not None:
            self.export_choice.setCurrentText(made.name)  # what was just made is what is exported
        self.simulated.emit(layer)

    def _idle(self) -> None:
        self.button.setText("Simulate")
        self.export_button.setText("Export…")
        self.bar.setValue(0)

    def _list_layers(self, event=None) -> None:
        chosen = self.export_choice.currentText()
        self.export_choice.clear()
        self.export_choice.addItems([layer.name for layer in reversed(scan_layers(self._viewer))])
        self.export_choice.setCurrentText(chosen)
        enable(self.export_button, "" if self.export_choice.count() else "Open a scan first")

    def _wrote(self, written: tuple[list[Path], list[str]]) -> None:
        paths, left_out = written
        self._tell_export("; ".join([f"Wrote {', '.join(path.name for path in paths)}", *left_out]))

    def _tell_export(self, words: str) -> None:
        self.export_said.setText(words)
        self.export_said.show()

    def ask_export(self) -> None:
        """Ask for a name, and write the chosen scan under it."""
        if self.export_job.running:
            self.export_job.stop()
            return
        kinds = ";;".join(f"{title} (*{suffix})" for suffix, title in writers.FORMATS.items())
        name = file_name(self.export_choice.currentText()) + next(iter(writers.FORMATS))
        path, _ = ask_path(self, "Export scan", name, kinds)
        if path is not None:
            self.export(path)

    def export(self, path, layer_name: str | None = None) -> bool:
        """Write a layer's scan (default: the chosen one) to ``path`` in the background."""
        name = layer_name or self.export_choice.currentText()
        scan = scan_of(self._viewer.layers[name]) if name in self._viewer.layers else None
        if scan is None or not scans.is_scan(scan):
            return self.export_reason.say(f"The layer {name!r} is not a scan; choose a measured or simulated one.")
        if self.export_job.running:
            return self.export_reason.say("An export is running; wait for it or cancel it first.")
        if scans.is_lazy(scan) and scan.size > _MOST_AT_ONCE and Path(path).suffix != ".zarr":
            return self.export_reason.say(
                f"{scan.size:.2g} values are written part by part, which only .zarr can: choose that format."
            )
        self.export_reason.clear()
        self.export_button.setText("Cancel")
        return self.export_job.start(_export_of(self._viewer.layers[name], scan, path))


def prepared_map(layer, twin, grid, along=None, order: int = 1, report=None, stop=None) -> list[tuple]:
    """The (data, attributes, type) of the layers that show a twin, or its derivative, on a grid; runs in any thread."""
    lazy = math.prod(len(axis) for axis in grid.values()) > _MOST_AT_ONCE
    simulated = twin.simulate(grid, along=along, order=order, lazy=lazy, on_progress=report, stop=stop)
    if along is not None:
        return prepare_derivative(layer, simulated)
    return prepare_simulation(layer, simulated, twin.residual())


def _export_of(layer, scan, path):
    """The work of writing a layer's scan, which gives the paths and what was left out: a map too large for memory goes
    straight from its twin to the file."""
    twin = ScanLayer(ScanLayer(layer).measured).twin
    if not (scans.is_lazy(scan) and ScanLayer(layer).kind == "simulated" and twin is not None):
        return lambda report, stop: (
            writers.write(scan, path, on_progress=report, stop=stop),
            writers.left_out(scan, path),
        )
    twin = twin.of(scan.attrs.get(BRANCH))
    grid = {axis: scan[axis].values for axis in scans.axes(scan)}
    return lambda report, stop: (writers.write_volume(twin, grid, path, on_progress=report, stop=stop), [])


def describe(simulated) -> str:
    """What was simulated: how many points, the typical uncertainty, where to look further."""
    size = " x ".join(str(length) for length in simulated.shape)
    words = f"Simulated {scans.label(simulated)} at {size} points"
    words += f", branch {simulated.attrs[BRANCH]}" if BRANCH in simulated.attrs else ""
    if "standard_error" in simulated.coords and not scans.is_lazy(simulated):
        errors = simulated["standard_error"].values.ravel()
        typical = float(np.nanmedian(errors[:: max(1, errors.size // 100_000)]))
        words += f", typically ± {typical:.2g} {units.pretty(simulated.attrs['units'])}"
    more = (
        " Uncertainty and residual lie hidden in the layer list." if simulated.attrs.get("kind") == "simulated" else ""
    )
    return f"{words}.{more}"


def layer_of_image(layer):
    """The layer where it is an image, which can be shown beside its twin; else None."""
    return layer if layer is not None and hasattr(layer, "colormap") else None


def _written(values: np.ndarray) -> str:
    """The values as :func:`parse_values` reads them: a range where they are even, else a list."""
    gaps = np.diff(values)
    if len(values) > 2 and np.ptp(gaps) < 1e-6 * np.abs(gaps).mean():
        return f"{values[0]:.6g}:{values[-1]:.6g}#{len(values)}"
    return ", ".join(f"{value:.6g}" for value in values)
