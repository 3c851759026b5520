"""Asks for a sample's mass, density or molar mass, only where they are needed and the file has none."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QLineEdit, QWidget

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.magnetization import Sample, numbers_needed
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["SampleForm"]

_WORDS = {"mass": "Mass", "density": "Density", "molar_mass": "Molar mass"}
_AS = {"mass": "such as 0.61 mg", "density": "such as 9.1 g/cm3", "molar_mass": "such as 285 g/mol"}


class SampleForm(QWidget):
    """The numbers of one layer's sample. What is typed stays with the layer; ``changed`` when it does."""

    changed = Signal()

    def __init__(self, whose: str = "", parent=None):
        super().__init__(parent)
        self._whose = whose
        self._layer, self._shown = None, None
        self.fields: dict[str, QLineEdit] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)

    def ask(self, layer, per: str | None) -> None:
        """Show the fields that a result per ``per`` of this layer's scan needs."""
        self._layer = layer
        scan = scan_of(layer)
        needed = []
        if scan is not None:
            try:
                needed = numbers_needed(scan.attrs["units"], per)
            except ScanError:  # no moment at all: the analysis itself says so
                needed = []
        told = Sample() if scan is None else Sample.of(scan)
        shown = (id(layer), tuple(needed))
        if shown == self._shown:
            return
        self._shown = shown
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        for name in needed:
            label = f"{self._whose} {_WORDS[name].lower()}".strip() if self._whose else _WORDS[name]
            known = getattr(told, name)
            if known is not None:
                self._form.addRow(label, QLabel(f"{known[0]:g} {units.pretty(known[1])} (from the file)"))
                continue
            field = QLineEdit(ScanLayer(self._layer).sample.get(name, ""))
            field.setPlaceholderText(_AS[name])
            field.setToolTip("A number and its unit; the file has none")
            field.textChanged.connect(lambda text, name=name: self._keep(name, text))
            self._form.addRow(label, field)
            self.fields[name] = field
        self.setVisible(self._form.rowCount() > 0)

    def _keep(self, name: str, text: str) -> None:
        ScanLayer(self._layer).set_sample(name, text.strip())
        self.changed.emit()

    @staticmethod
    def sample(layer) -> Sample:
        """The sample of a layer's scan, from its file and from what was typed for it; raises :class:`ScanError` where
        that is no number with a unit."""
        typed = {name: text for name, text in ScanLayer(layer).sample.items() if text}
        return Sample.of(scan_of(layer), **typed)
