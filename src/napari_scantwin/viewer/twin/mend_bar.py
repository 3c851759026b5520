"""Buttons beside what a twin says does not fit: leave a sweep out, take its scale, offset or lag away, mask spikes."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.core import branches, training_mask, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import history, mended, mendings, undone
from napari_scantwin.viewer.canvas.overlay import canvas_aspect
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.process.replace import prepare, put_in_place
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["MendBar", "said_of_mending"]


class MendBar(QWidget):
    """Acts on the chosen scan by what its twin found; hidden where all fits.

    ``masked(scan)`` asks for a scan with more points masked in place of the chosen one; ``changed`` follows any change
    after which the twin is to be trained again.
    """

    masked = Signal(object)
    changed = Signal()

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.job = Job(self)
        self.job.done.connect(self._put)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.leave_button, self.undo_button = QPushButton("Leave it out"), QPushButton("Undo the mending")
        self.fit_button, self.spikes_button = QPushButton(), QPushButton()
        self.leave_button.setToolTip("Mask the whole sweep and train again; tick it in the Sweeps tab to use it again")
        self.leave_button.clicked.connect(self.leave_out)
        self.fit_button.clicked.connect(self.fit)
        self.undo_button.setToolTip("Show the sweeps as they were before")
        self.undo_button.clicked.connect(self.undo)
        self.spikes_button.setToolTip(
            "They had next to no weight already; masked, they are listed as such in the Sweeps tab and in every file"
        )
        self.spikes_button.clicked.connect(self.mask_spikes)
        row = QHBoxLayout()
        row.addWidget(self.leave_button)
        row.addWidget(self.fit_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(row)
        layout.addWidget(self.spikes_button)
        layout.addWidget(self.undo_button)
        self.reason = Reason()
        layout.addWidget(self.reason)
        self.hide()

    def show_twin(self, twin) -> None:
        """Offer what can be done about what ``twin`` found; nothing where it is None or found nothing."""
        misfit = next(iter(twin.misfits), None) if twin is not None else None
        spikes = 0 if twin is None else self._unmasked_spikes(twin)
        one = misfit is not None and len(misfit.sweeps) == 1
        self.leave_button.setVisible(one)
        self.fit_button.setVisible(misfit is not None)
        if misfit is not None:
            self.fit_button.setText(f"Fit {'its' if one else 'the'} {misfit.kind}")
            names = scans.axes(twin.scan)
            unit, fast = (units.pretty(part.attrs["units"]) for part in (twin.scan, twin.scan[names[-1]]))
            done = misfit.correction(unit, fast)
            self.fit_button.setToolTip(f"{done[0].upper()}{done[1:]}, and the twin trained again; it can be undone")
        mended_last = twin is not None and self._mended_last()
        self.undo_button.setVisible(mended_last)
        self.spikes_button.setVisible(spikes > 0)
        self.spikes_button.setText("Mask the reading" if spikes == 1 else f"Mask the {spikes} readings")
        self.setVisible(misfit is not None or spikes > 0 or mended_last)

    def _mended_last(self) -> bool:
        """Whether the last thing done to the chosen scan was to mend it, here."""
        layer, scan = ScanLayer(self._chooser.layer), self._chooser.scan
        return layer.raw is not None and bool(said_of_mending(scan)) and history(scan)[-1]["step"] == "mend_sweeps"

    def _unmasked_spikes(self, twin) -> int:
        scan = self._chooser.scan
        if not len(twin.spikes) or scan is None or scans.is_lazy(scan):
            return 0
        far = training_mask.points_at(scan, twin.spikes)
        return int((far & ~scan["masked"].values.ravel()).sum()) if "masked" in scan.coords else int(far.sum())

    def leave_out(self) -> None:
        """Mask the sweep that does not fit, and train again."""
        twin, scan = self._twin, self._chooser.scan
        without = training_mask.leave_out(scan, scans.axes(scan)[0], twin.misfits[0].places)
        if twin.branches:  # the other branches' sweeps at that set point fit
            before = scan["masked"].values if "masked" in scan.coords else np.zeros(scan.shape, bool)
            mine = branches.mine(scan, twin.branch)
            without = scans.with_masked(scan, np.where(mine, without["masked"].values, before))
        self.masked.emit(without)
        self.changed.emit()

    def mask_spikes(self) -> None:
        """Mask the readings that stand far off their neighbours."""
        twin = self._twin
        self.masked.emit(training_mask.mask_points(self._chooser.scan, twin.spikes))
        self.show_twin(twin)

    def fit(self) -> bool:
        """Correct the sweeps that do not fit by the amount fitted, in place, and train again."""
        layer, aspect, twin, scan = self._chooser.layer, canvas_aspect(self._viewer), self._twin, self._chooser.scan
        return self.job.start(lambda report, stop: (layer, prepare(aspect, layer, mended(twin, scan)), True))

    def undo(self) -> bool:
        """Take the last mending back, in place."""
        layer, aspect, scan = self._chooser.layer, canvas_aspect(self._viewer), self._chooser.scan
        raw = ScanLayer(layer).raw
        return self.job.start(lambda report, stop: (layer, prepare(aspect, layer, undone(scan, raw)), False))

    @property
    def _twin(self):
        return ScanLayer(self._chooser.layer).twin

    def _put(self, found) -> None:
        layer, prepared, train = found
        if layer not in self._viewer.layers:
            return
        shown = put_in_place(self._viewer, layer, prepared)
        self._chooser.choose(shown)
        if shown is layer:
            self._chooser.changed.emit(shown)
        if train:
            self.changed.emit()


def said_of_mending(scan) -> list[str]:
    """What was mended in a scan, in words; the Process tab says where its history cannot be read."""
    try:
        return mendings(scan)
    except ScanError:
        return []
