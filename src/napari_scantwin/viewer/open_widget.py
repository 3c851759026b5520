"""Open: files, several as one scan, and the samples."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_scantwin import scan as scans
from napari_scantwin import units
from napari_scantwin.errors import ScanError
from napari_scantwin.readers import SUFFIXES
from napari_scantwin.samples import SAMPLES, sample_path
from napari_scantwin.viewer.jobs import Job, say_error
from napari_scantwin.viewer.layers import add_scan
from napari_scantwin.viewer.opening import load, plan
from napari_scantwin.viewer.overlay import canvas_aspect, fit_view

__all__ = ["OpenWidget"]


class OpenWidget(QWidget):
    """Opens files and samples as layers; ``opened(layer)`` when one is on screen."""

    opened = Signal(object)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self.job = Job(self)
        self.job.done.connect(self._show)
        self.job.failed.connect(say_error)
        self.button = QPushButton("Open files…")
        self.button.setToolTip("Several files of one sweep each become one scan")
        self.button.clicked.connect(self._ask)
        self.twin_folder = QPushButton("Open zarr folder…")
        self.twin_folder.clicked.connect(self._ask_folder)
        samples = QGroupBox("Samples")
        inner = QVBoxLayout(samples)
        self.sample_buttons = {}
        for key, sample in SAMPLES.items():
            button = QPushButton(sample.title)
            button.clicked.connect(lambda checked=False, key=key: self.open([sample_path(key)]))
            inner.addWidget(button)
            self.sample_buttons[key] = button
        self.said = QLabel("Text, spreadsheets, Quantum Design .dat, netCDF, zarr, HDF5 and .twin files can be opened.")
        self.said.setWordWrap(True)
        layout = QVBoxLayout(self)
        for widget in (self.button, self.twin_folder, samples, self.said):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _ask(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        paths, _ = QFileDialog.getOpenFileNames(self, "Open scan", "", f"Scans ({kinds});;All files (*)")
        if paths:
            self.open(paths)

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open zarr folder")
        if folder:
            self.open([folder])

    def open(self, paths) -> bool:
        """Open files as one scan; asks where they do not say, False where nothing is opened."""
        if self.job.running:
            say_error("A file is being opened; wait for it.")
            return False
        try:
            made = plan([Path(path) for path in paths], self)
        except ScanError as reason:
            say_error(reason)
            return False
        return made is not None and self.job.start(lambda report, stop: load(made))

    def _show(self, result) -> None:
        scan, twin = result
        layer = add_scan(self._viewer, scan, kind="measured", aspect=canvas_aspect(self._viewer))
        if twin is not None:
            layer.metadata["twin"] = twin
        self._viewer.layers.selection.active = layer
        fit_view(self._viewer)
        self.said.setText(describe(scan))
        self.opened.emit(layer)


def describe(scan) -> str:
    """What was opened, in a few lines."""
    found = scans.sweeps(scan)
    lines = [f"{scan.attrs.get('source', scan.name)}: {scans.label(scan)}, {scan.size} points, {len(found)} sweeps"]
    for name in scans.axes(scan):
        low, high = float(scan[name].min()), float(scan[name].max())
        lines.append(f"{name.replace('_', ' ')} {low:.6g} to {high:.6g} {units.pretty(scan[name].attrs['units'])}")
    if dropped := scan.attrs.get("dropped_rows"):
        lines.append(f"{dropped} rows without a good value were dropped.")
    if "sample_mass" in scan.attrs:
        lines.append(f"Sample mass {scan.attrs['sample_mass']:g} {scan.attrs['sample_mass_units']}.")
    return "\n".join(lines)
