"""A solved solution simulated as a scan: a layer like any other, for cuts, analyses, figures and files."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.simulate import QUANTITIES
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.crystal_field.state import CrystalFieldState
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.kit.reasons import Reason

__all__ = ["SimulateBox"]

_TEMPERATURES, _FIELDS = "2:100:1", "0:9:0.25"
_LETTERS = {"magnetization": "M(T, H)", "heat_capacity": "C(T, H)", "entropy": "S(T, H)", "entropy_change": "ΔS(T, H)"}


class SimulateBox(QWidget):
    """Which quantity, over which temperatures and fields; ``added(layer)`` when its layer is there."""

    added = Signal(object)

    def __init__(self, viewer, state: CrystalFieldState, parent=None):
        super().__init__(parent)
        self._viewer, self.state = viewer, state
        self.quantity, self.direction = Combo(), Combo()
        for name in QUANTITIES:
            self.quantity.addItem(_LETTERS[name], name)
        for name in ("a", "b", "c", "powder"):
            self.direction.addItem(name if name == "powder" else f"H ∥ {name}", name)
        self.direction.setCurrentIndex(2)
        self.temperature, self.field = NumberLine(), NumberLine()
        self.temperature.setPlaceholderText(_TEMPERATURES)
        self.field.setPlaceholderText(_FIELDS)
        for line in (self.temperature, self.field):
            line.setToolTip("From : to : step, or a list parted by commas")
        self.button = QPushButton("Add as a layer")
        self.button.clicked.connect(self.toggle)
        self.job = Job(self)
        self.job.done.connect(self._add)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.job.ended.connect(lambda: self.button.setText("Add as a layer"))
        form = QFormLayout()
        form.setVerticalSpacing(2)
        head = QHBoxLayout()
        head.addWidget(self.quantity, 1)
        head.addWidget(self.direction)
        form.addRow("Quantity", head)
        form.addRow("Temperatures (K)", self.temperature)
        form.addRow("Fields (T)", self.field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(form)
        layout.addWidget(self.button)
        fields = {"temperature": ("Temperatures", self.temperature), "field": ("Fields", self.field)}
        self.reason = Reason(lambda: fields)
        layout.addWidget(self.reason)

    def toggle(self) -> None:
        """Simulate the solution that is looked at, or stop."""
        if self.job.running:
            self.job.stop()
            self.button.setText("Stopping…")
            return
        solution = self.state.solution
        if solution is None:
            return
        self.reason.clear()
        typed = {}
        for name, line, usual in (
            ("temperature", self.temperature, _TEMPERATURES),
            ("field", self.field, _FIELDS),
        ):
            try:
                typed[name] = parse_values(line.text().strip() or usual, f"{name}s")
            except ScanError as reason:
                self.reason.say(reason, name)
                return
        temperature, field = typed["temperature"], typed["field"]
        quantity, direction = self.quantity.currentData(), self.direction.currentData()

        def work(report, stop):
            from napari_scantwin.crystal_field.simulate import simulated

            scan = simulated(solution, quantity, temperature, field, direction, on_progress=report, stop=stop)
            title = f"{solution.ion} {solution.site}, {_LETTERS[quantity]}, {direction}"
            return scan.assign_attrs(title=title, kind="simulated"), title

        if self.job.start(work):
            self.button.setText("Cancel")

    def _add(self, made) -> None:
        scan, title = made
        attach(self._viewer)  # rulers and a colour bar, where no panel has put them there
        self.added.emit(add_scan(self._viewer, scan, kind="simulated", name=title))
