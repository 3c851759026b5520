"""What a fit found, in the tab: figures with errors, what can be done with them, and writing them down."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_scantwin import processing, writers
from napari_scantwin.analyses import Findings
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.viewer.kit.folders import ask_path
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.kit.tables import NumberTable, fill

__all__ = ["FitResults"]


class FitResults(QWidget):
    """A table of the figures, a button for the step that uses them, and one that writes everything down, under the name
    that ``name()`` proposes."""

    def __init__(self, use, name=lambda: "fit", parent=None):
        super().__init__(parent)
        self._use, self._name = use, name
        self.findings: Findings | None = None
        self.table = NumberTable(150)
        self.table.setStyleSheet("font-size: 8pt")  # a velocity with its error and unit is wide
        self.table.horizontalHeader().hide()
        self.notes = QLabel()
        self.notes.setWordWrap(True)
        self.use_button = QPushButton()
        self.use_button.clicked.connect(lambda: self._use(*self.findings.then))
        self.save_button = QPushButton("Save results…")
        self.save_button.setToolTip("The figures as CSV, and the curves (positions, widths) beside them")
        self.save_button.clicked.connect(self._ask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addWidget(self.notes)
        layout.addWidget(self.use_button)
        layout.addWidget(self.save_button)
        self.reason = Reason()
        layout.addWidget(self.reason)
        self.hide()

    def show_findings(self, findings) -> None:
        """Show what a fit found; None hides it."""
        self.findings = findings
        self.reason.clear()
        self.setVisible(findings is not None)
        if findings is None:
            return
        fill(self.table, ("", "value"), [(label, _text(value)) for label, value in findings.figures])
        self.notes.setText(" ".join(findings.notes))
        self.notes.setVisible(bool(findings.notes))
        self.use_button.setVisible(findings.then is not None)
        if findings.then is not None:
            self.use_button.setText(processing.STEPS[findings.then[0]].title)

    def _ask(self) -> None:
        path, _ = ask_path(self, "Save results", f"{self._name()}.csv", "CSV (*.csv)")
        if path is not None:
            self.save(path)

    def save(self, path) -> bool:
        """Write the figures as ``path`` and every curve as CSV beside it; False, with a sentence, where that fails."""
        path = Path(path)
        try:
            with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(("figure", "value", "error", "unit"))
                for label, value in self.findings.figures:
                    if isinstance(value, Quantity):
                        error = repr(value.error) if np.isfinite(value.error) else ""
                        table.writerow((label, repr(value.value), error, value.unit))
                    else:
                        table.writerow((label, repr(value), "", ""))
            for title, scan in self.findings.scans.items():
                writers.write(scan, path.with_name(f"{path.stem}-{title.replace(', ', '-').replace(' ', '-')}.csv"))
        except (OSError, ScanError) as reason:
            return self.reason.say(
                reason if isinstance(reason, ScanError) else ScanError(f"{path.name} could not be written")
            )
        self.reason.clear()
        return True


def _text(value) -> str:
    return str(value) if isinstance(value, Quantity | int) else f"{value:.4g}"
