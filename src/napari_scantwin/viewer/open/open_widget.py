"""Open: files, several as one scan, and the samples."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.core import source_hash, units
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import SUFFIXES
from napari_scantwin.readers.instruments import erlab_files
from napari_scantwin.samples import SAMPLES, sample_path
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import canvas_aspect
from napari_scantwin.viewer.canvas.visibility import show_alone
from napari_scantwin.viewer.kit.folders import ask_files, ask_folder
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.open.opening import OpeningPlan, Question, answer, load
from napari_scantwin.viewer.open.recent import recent_paths, remember_paths
from napari_scantwin.viewer.session import ScanLayer, scan_of

__all__ = ["OpenWidget"]

#: Reading that takes longer than this (ms) shows how far it is, and can be cancelled.
_PATIENCE = 300
#: So long after it was cancelled (ms) it is let go of.
_LATE = 400


class OpenWidget(QWidget):
    """Opens files and samples as layers; ``opened(layer)`` when one is on screen."""

    opened = Signal(object)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self.job = Job(self)
        self.job.done.connect(self._show)
        self.job.failed.connect(self._failed)
        self.job.progressed.connect(self._report)
        self.job.cancelled.connect(self._cancelled)
        self.job.ended.connect(self._idle)
        self._patience = QTimer(self)  # what is read at once needs no bar
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(lambda: self.reading.show())
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_LATE)
        self._late.timeout.connect(self._let_go)
        self.button = QPushButton("Open files…")
        self.button.setToolTip("Several files of one sweep or one cut each become one scan")
        self.button.clicked.connect(self.ask)
        self.folder_button = QPushButton("Open folder…")
        self.folder_button.setToolTip("A folder of cuts, which become one scan, or a zarr store")
        self.folder_button.clicked.connect(self._ask_folder)
        self.asking = QCheckBox("Ask what its columns or arrays are")
        self.asking.setToolTip("For the next file, even where it says so itself, or an earlier answer does")
        self.recent = QListWidget()
        self.recent.setToolTip("Click to open again")
        self.recent.itemClicked.connect(lambda item: self.open(item.data(Qt.UserRole)))
        self._recent_box = QGroupBox("Opened before")
        QVBoxLayout(self._recent_box).addWidget(self.recent)
        samples = QGroupBox("Samples")
        inner = QVBoxLayout(samples)
        self.sample_buttons = {}
        for key, sample in SAMPLES.items():
            button = QPushButton(sample.title)
            button.clicked.connect(lambda checked=False, key=key: self.open([sample_path(key)]))
            inner.addWidget(button)
            self.sample_buttons[key] = button
        self.said = QLabel(
            "Tables, Quantum Design, ARPES of most beamlines, netCDF, zarr, HDF5 and .twin files can be opened."
        )
        self.said.setWordWrap(True)
        self.reason = Reason()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.clicked.connect(self.cancel)
        self.reading = QWidget()
        row = QHBoxLayout(self.reading)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel_button)
        self.reading.hide()
        layout = QVBoxLayout(self)
        for widget in (
            *(self.button, self.folder_button, self.asking, samples),
            *(self.reason, self.said, self.reading, self._recent_box),
        ):
            layout.addWidget(widget)
        layout.addStretch(1)
        self._list_recent()
        if erlab_files.installed():  # its import would hold up the first dialog
            threading.Thread(target=erlab_files.loaders, daemon=True, name="scantwin-erlab").start()

    def _list_recent(self) -> None:
        self.recent.clear()
        for paths in recent_paths():
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            item = QListWidgetItem(paths[0].name + more)
            item.setToolTip("\n".join(map(str, paths)))
            item.setData(Qt.UserRole, paths)
            self.recent.addItem(item)
        self.recent.setFixedHeight(24 * max(1, min(6, self.recent.count())) + 6)
        self._recent_box.setVisible(self.recent.count() > 0)

    def ask(self) -> None:
        """Ask for files, and open them."""
        kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        by_filter = {
            f"{one.title} ({' '.join('*' + each for each in one.suffixes)})": one.key for one in erlab_files.loaders()
        }
        filters = ";;".join([f"Scans ({kinds})", "All files (*)", *by_filter])
        paths, chosen = ask_files(self, "Open scan", filters)
        if paths:
            self.open(paths, by_filter.get(chosen))

    def _ask_folder(self) -> None:
        folder = ask_folder(self, "Open a folder of files, or a zarr store")
        if folder is not None:
            self.open([folder])

    def open(self, paths, key: str | None = None) -> bool:
        """Open files as one scan, asking where they do not say; ``key`` names a measurement or one of erlab's
        loaders. False while another is being opened."""
        if self.job.running:
            return self.reason.say("A file is being opened; wait for it, or cancel it.")
        return self._load(OpeningPlan([Path(path) for path in paths], key=key, ask=self.asking.isChecked()))

    def _load(self, plan: OpeningPlan) -> bool:
        self._plan = plan
        self.reason.clear()
        self.said.setText(f"Reading {plan.paths[0].name} …")
        self.bar.setRange(0, 0)  # how far it is becomes known with the second file
        self.cancel_button.setEnabled(True)
        self.cancel_button.setText("Cancel")
        self._patience.start()
        return self.job.start(lambda report, stop: load(plan, report, stop))

    def _report(self, fraction: float) -> None:
        self.said.setText(f"Reading {self._plan.paths[0].name} … {100 * fraction:.0f} %")
        self.bar.setRange(0, 100)
        self.bar.setValue(round(100 * fraction))

    def cancel(self) -> None:
        """Stop reading; what is on screen stays as it is."""
        self.job.stop()
        self.cancel_button.setEnabled(False)
        self.cancel_button.setText("Stopping…")
        self._late.start()

    def _let_go(self) -> None:
        """Wait no longer for a file that is read in one go: what it brings is dropped."""
        if self.job.running and self.job.stopping:
            self.job.abandon(0.0)
            self._cancelled()
            self._idle()

    def _cancelled(self) -> None:
        self.said.setText("Cancelled; nothing was opened.")

    def _idle(self) -> None:
        self._patience.stop()
        self._late.stop()
        self.reading.hide()

    def _failed(self, reason) -> None:
        self.said.setText("Nothing was opened.")
        self.reason.say(reason)

    def _show(self, found) -> None:
        if self.job.stopping:  # too late to be stopped, but not wanted
            self._cancelled()
            return
        if isinstance(found, Question):
            plan = answer(found, self)
            self.said.setText("Nothing was opened.")
            if plan is not None:
                # The job that brought the question is still ending.
                QTimer.singleShot(0, lambda: self._load(plan))
            return
        self._plan = replace(self._plan, file=None)  # what was parsed besides the scan is no longer needed
        scan, twin = found.scan, found.twin
        source_hash.work_out(scan.attrs)
        self.asking.setChecked(False)
        remember_paths(self._plan.paths)
        self._list_recent()
        paths = self._plan.paths
        name = paths[0].name if is_simulated(scan) else None  # its source is what was measured
        if len(paths) > 1 or (paths[0].is_dir() and paths[0].suffix != ".zarr"):
            name = series_name(scan, paths)
        aspect = canvas_aspect(self._viewer)
        layer = add_scan(self._viewer, scan, kind="measured", contrast=found.contrast, name=name, aspect=aspect)
        ScanLayer(layer).set_twin(twin)
        if twin is not None:
            ScanLayer(layer).tell_saved()
        ScanLayer(layer).set_opening(self._plan.opening, len(processing.history(scan)))
        show_alone(self._viewer, layer)
        self.describe(layer)
        if found.note:
            self.said.setText(f"{self.said.text()}\n{found.note}")
        self.opened.emit(layer)

    def describe(self, layer) -> None:
        """Say what a layer's scan is, by whichever way it was opened."""
        if scan_of(layer) is not None:
            self.said.setText(describe(scan_of(layer)))


def is_simulated(scan) -> bool:
    """Whether a file holds what a twin made, not what was measured."""
    return scan.attrs.get("kind") in ("simulated", "derivative")


def series_name(scan, paths: list[Path]) -> str:
    """What several files, or a folder of them, are called that were opened as one: what their names have in common, and
    what varies from one to the next."""
    letters = itertools.takewhile(
        lambda column: len(set(column)) == 1, zip(*(path.stem for path in paths), strict=False)
    )
    common = "".join(column[0] for column in letters).rstrip("_-. 0123456789")
    common = paths[0].name if len(paths) == 1 else common
    axis = scans.axes(scan)[0]
    low, high = float(scan[axis].min()), float(scan[axis].max())
    unit = units.pretty(scan[axis].attrs["units"])
    varies = f"{axis.replace('_', ' ')} {low:.5g} to {high:.5g} {unit}".rstrip()
    return f"{common}: {varies}" if common else varies


def describe(scan) -> str:
    """What was opened, in a few lines."""
    count = scans.sweep_count(scan)
    sweeps = "1 sweep" if count == 1 else f"{count} sweeps"
    source = scan.attrs.get("source", scan.name)
    if is_simulated(scan):
        lines = [f"Simulated by a twin of {source}: {scans.label(scan)}, {scan.size} points"]
    else:
        lines = [f"{source}: {scans.label(scan)}, {scan.size} points, {sweeps}"]
    for name in scans.axes(scan):
        low, high = (f"{float(end):.6g}" for end in (scan[name].min(), scan[name].max()))
        reach = low if low == high else f"{low} to {high}"
        lines.append(f"{name.replace('_', ' ')} {reach} {units.pretty(scan[name].attrs['units'])}")
    if scans.is_lazy(scan):
        lines.append("Too large for memory: only what is looked at is read from the file.")
    lines += [f"{one[0].upper()}{one[1:]}." for one in notes(scan.attrs)]
    if "sample_mass" in scan.attrs:
        lines.append(f"Sample mass {scan.attrs['sample_mass']:g} {scan.attrs['sample_mass_units']}.")
    return "\n".join(lines)
