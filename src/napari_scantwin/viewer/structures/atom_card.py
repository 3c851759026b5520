"""What is known of one atom: its probabilities, its neighbourhood, its diffraction picture and what a network sees in
it."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_scantwin.core import units
from napari_scantwin.core.clouds import positions
from napari_scantwin.operations.contrast import readable
from napari_scantwin.structures.maps import StructureMap
from napari_scantwin.structures.neighbourhood import neighbourhood
from napari_scantwin.structures.network import IMAGE_CLASSES, ImageSettings, image_network
from napari_scantwin.structures.recognise import UNLIKE, title_of
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.latest_job import LatestJob, not_read
from napari_scantwin.viewer.kit.plots import theme_colors
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.kit.tables import NumberTable, fill
from napari_scantwin.viewer.structures.looks import class_colors, pixmap

__all__ = ["AtomCard"]

_TURNED = (
    "The picture is of the orientation that the cloud has. The network of these pictures knows crystals in their "
    "standard orientation alone: what it says of another one is often wrong, whatever its probability."
)
#: It reads pictures by the nearest distance that is told of the cloud.
_NETWORK = ImageSettings(told=True)
_PICTURE, _MAP, _ROW = 150, 68, 25
#: Of each pair of convolutions the second is shown.
_LAYERS = ((1, "layers 1, 2"), (3, "layers 3, 4"), (5, "layers 5, 6"))


class AtomCard(QWidget):
    """One atom; ``isolated(rows or None)`` when only some atoms are to be seen."""

    isolated = Signal(object)
    looked = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self.found = None
        self.latest = LatestJob(self)
        self.latest.found.connect(self._show)
        self.latest.failed.connect(lambda reason: self.reason.say(not_read("The neighbourhood", reason)))
        self.job = Job(self)
        self.job.progressed.connect(lambda told: self.network_said.setText(f"{told[1]} … {100 * told[0]:.0f} %"))
        self.job.done.connect(self._show_maps)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.job.cancelled.connect(lambda: self.network_said.setText("Cancelled."))
        self.job.ended.connect(lambda: self.network_button.setText("Response maps"))
        self.title = QLabel("Click on an atom.")
        self.title.setWordWrap(True)
        self.table = NumberTable(_ROW * 10)
        self.only = QCheckBox("Show its neighbourhood alone")
        self.only.toggled.connect(lambda on: self.isolated.emit(self.found.rows if on and self.found else None))
        self.plot = CurvePlot(130, name=lambda: "neighbours")
        self.picture, self.caption = QLabel(), QLabel("")
        self.picture.setFixedSize(_PICTURE, _PICTURE)
        self.caption.setWordWrap(True)
        self.caption.setStyleSheet("font-size: 8pt")
        self.caption.setAlignment(Qt.AlignTop)
        self.network_button = QPushButton("Response maps")
        self.network_button.setToolTip("What the paper's network answers to in this picture; it is trained once, first")
        self.network_button.clicked.connect(self.toggle_maps)
        self.network_said = QLabel("")
        self.network_said.setWordWrap(True)
        self.network_said.setStyleSheet("font-size: 8pt")
        self.maps = QWidget()
        self.grid = QGridLayout(self.maps)
        self.grid.setContentsMargins(0, 0, 0, 0)
        self.grid.setSpacing(3)
        row = QHBoxLayout()
        row.addWidget(self.picture)
        row.addWidget(self.caption, 1)
        layout = QVBoxLayout(self)
        layout.setSpacing(4)
        self.parts = (self.table, self.only, self.plot.widget, self.network_button, self.network_said, self.maps)
        layout.addWidget(self.title)
        self.reason = Reason()
        layout.addWidget(self.reason)
        for part in self.parts[:3]:
            layout.addWidget(part)
        layout.addLayout(row)
        for part in self.parts[3:]:
            layout.addWidget(part)
        layout.addStretch(1)
        self.forget()

    def forget(self) -> None:
        """Show no atom."""
        self.found = None
        self.reason.clear()
        self.latest.forget()
        self.only.setChecked(False)
        self.title.setText("Click on an atom.")
        for part in (*self.parts, self.picture, self.caption):
            part.setVisible(False)

    def shut(self) -> None:
        """Stop what runs."""
        self.latest.forget()
        if self.job.running:
            self.job.abandon()

    def show_atom(self, scan, found: StructureMap, number: int, window: int) -> None:
        """Show the ``number``-th atom of a map."""
        row, answer = int(found.rows[number]), found.answer
        place = positions(scan.isel(point=[row]))[0]
        unit = units.pretty(scan["x"].attrs.get("units", ""))
        species = f" ({scan['species'].values[row]})" if "species" in scan.coords else ""
        where = ", ".join(f"{one:.4g}" for one in place)
        label = answer.names()[number]
        doubts = f"entropy {answer.entropy[number]:.2f}, mutual information {answer.mutual_information[number]:.3f} nat"
        edge = "; at a surface, where windows are one-sided" if found.surface[number] else ""
        strange = f"; strangeness {answer.strangeness[number]:.2f} of 1" if label != UNLIKE else ""
        self.title.setText(
            f"<b>Atom {row + 1}{species}</b> at {where} {unit}<br><b>{title_of(label)}</b><br>{doubts}{strange}{edge}"
        )
        order = np.argsort(-answer.probabilities[number], kind="stable")
        colors = class_colors(answer.labels)
        rows = [[title_of(answer.labels[k]), f"{answer.probabilities[number, k]:.3f}"] for k in order]
        self.table.setVisible(True)
        paper = theme_colors()[0]
        fill(self.table, ["class", "probability"], rows, [readable(colors[answer.labels[k]], paper) for k in order])
        for part in (*self.parts, self.picture, self.caption):
            part.setVisible(part is not self.maps and part is not self.network_said)
        self.only.setChecked(False)
        scale = float(found.scale[number])
        self._unit = unit
        self.latest.ask(lambda: neighbourhood(scan, row, scale, window))

    def _show(self, found) -> None:
        self.found = found
        self.plot.show(found.distances)
        self.picture.setPixmap(pixmap(found.picture, _PICTURE))
        self.caption.setText(
            f"{len(found.rows)} atoms within {found.reach:.3g} {self._unit}; {found.neighbours} in the first shell. "
            f"Left: their diffraction picture, turned about x (red), y (green), z (blue).\n{_TURNED}"
        )
        self.looked.emit()

    def toggle_maps(self) -> None:
        """Work out the response maps, or stop that."""
        if self.job.running:
            self.job.stop()
            self.network_button.setText("Stopping…")
            return
        if self.found is None:
            return
        image = self.found.picture

        def work(report, stop):
            network = image_network(_NETWORK, stop=stop, on_progress=lambda done, words: report((done, words)))
            report((1.0, "Working out the maps"))
            return network.probabilities(image[None])[0], network.response_maps(image)

        self.network_button.setText("Cancel")
        self.network_said.setVisible(True)
        self.network_said.setText("Working …")
        self.job.start(work)

    def _show_maps(self, found) -> None:
        probabilities, layers = found
        best = int(np.argmax(probabilities))
        self.network_said.setText(
            f"The paper's network says {title_of(IMAGE_CLASSES[best])} with {probabilities[best]:.2f}, for this "
            "orientation. What its four strongest feature maps answer to, by layer:"
        )
        while self.grid.count():
            self.grid.takeAt(0).widget().deleteLater()
        # Names above their maps: beside them the four would be wider than the dock.
        for line, (number, words) in enumerate(_LAYERS):
            self.grid.addWidget(QLabel(words), 2 * line, 0, 1, 4)
            for column, one in enumerate(layers[number]):
                self.grid.addWidget(_drawn(one), 2 * line + 1, column)
        self.grid.addWidget(QLabel("sum of the last"), 2 * len(_LAYERS), 0, 1, 4)
        self.grid.addWidget(_drawn(layers[-1].sum(axis=0)), 2 * len(_LAYERS) + 1, 0)
        self.grid.setColumnStretch(4, 1)
        self.maps.setVisible(True)


def _drawn(one: np.ndarray) -> QLabel:
    """A response map, what speaks for a feature alone, on a scale of its own and by its root: most of it is weak."""
    label = QLabel()
    positive = np.maximum(one, 0)
    label.setPixmap(pixmap(np.sqrt(positive / max(float(positive.max()), 1e-12)), _MAP))
    return label
