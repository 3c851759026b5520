"""Components in the window: the analysis's form, plots and table, with linked views, latent sliders and layers."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QApplication, QFormLayout, QHBoxLayout, QMenu, QPushButton, QSlider, QVBoxLayout, QWidget

from napari_scantwin.analyses import ANALYSES
from napari_scantwin.analyses.pattern_views import latent_plot, residual_plot
from napari_scantwin.core.errors import ScanError
from napari_scantwin.patterns.components import Components
from napari_scantwin.viewer.analyse.widget import AnalysisWidget
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import add_layer, layer_data, layer_name
from napari_scantwin.viewer.canvas.overlay import canvas_aspect
from napari_scantwin.viewer.canvas.visibility import bring_to_front
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.patterns.canvas_places import CanvasPlaces
from napari_scantwin.viewer.patterns.linked_views import LinkedViews

__all__ = ["ComponentsTab"]

#: Sliders stand for so many standard deviations to either side, in steps of a tenth.
_REACH = 3
_LAYERS = {
    "Shares": "shares",
    "Spectra": "spectra",
    "Misfit of every place": "misfit",
    "Model": "model",
    "Residual": "residual",
}


class ComponentsTab(QWidget):
    """Finds and shows components of the chosen scan; ``layered(layer)`` when a layer of them was added."""

    layered = Signal(object)

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.analysis = AnalysisWidget(ANALYSES["components"], viewer, chooser)
        self.reason = self.analysis.reason
        self.views, self.canvas = LinkedViews(), CanvasPlaces(viewer, self)
        self._outlining = False
        self.results = beside(self.views, self.analysis.results)
        self.results.setSizes([6000, 4000])
        self.job = Job(self)
        self.job.done.connect(self._put)
        self.job.failed.connect(lambda reason: self.reason.say(reason))
        self.layers_button, self.copy = QPushButton("As layers"), QPushButton("Copy recipe")
        self.layers_button.setToolTip("Shares, spectra, model or residual as scans, for cuts, processing, twins, files")
        self.copy.setToolTip("The same numbers in plain NumPy, as lines for a script")
        menu = QMenu(self)
        for words, what in _LAYERS.items():
            menu.addAction(words, lambda what=what: self.add_layer(what))
        self.layers_button.setMenu(menu)
        self.copy.clicked.connect(self._copy)
        row = QHBoxLayout()
        row.addWidget(self.layers_button)
        row.addWidget(self.copy)
        self.sliders: list[QSlider] = []
        self._latent = QWidget()
        self._latent_form = QFormLayout(self._latent)
        self._latent_form.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.analysis)
        layout.addWidget(self._latent)
        layout.addLayout(row)
        layout.addStretch(1)
        self.analysis.shown.connect(self._show)
        self.views.chosen.connect(self._chosen)
        self.views.canvas_wanted.connect(self.canvas.draw)
        self.canvas.outlined.connect(self._outlined)
        self.canvas.dropped.connect(lambda: self.views.choose(None))
        self.canvas.drawing.connect(self.views.on_canvas.setChecked)
        chooser.changed.connect(self._another)
        self._another()

    @property
    def found(self) -> Components | None:
        """What was found in the chosen scan, or None."""
        result = self.analysis.result
        return None if result is None else result.result

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Everything that may run in the background."""
        return self.analysis.job, self.analysis.export_job, self.job

    def _another(self, *layer) -> None:
        self.analysis.chosen()
        self.analysis.refresh()
        scan = self._chooser.scan
        reason = None if scan is None else ANALYSES["components"].why_not(scan)
        if scan is None:
            self.analysis.said.setText("Open a stack first: a scan of places and channels.")
        elif reason:
            self.analysis.said.setText(f"{reason[0].upper()}{reason[1:]}.")
        if self.found is None:
            self.canvas.forget()
        self._enable()

    def _enable(self) -> None:
        there = self.found is not None
        self.views.setVisible(there)
        self.layers_button.setEnabled(there)
        self.copy.setEnabled(there)
        self._latent.setVisible(there and self.found.method == "latent")

    def _show(self, findings) -> None:
        found = findings.result
        if "gain" in self.analysis.form.fields:
            how = "measured" if found.table.measured else "given"
            self.analysis.form.fields["gain"].setPlaceholderText(f"{found.gain:.4g} ({how})")
        if "number" in self.analysis.form.fields and found.evidence is not None:
            self.analysis.form.fields["number"].setPlaceholderText(f"{found.evidence.proposed} (by two tests)")
        # The room is for pictures; the shares stand in the key, and Export… writes the table.
        self.analysis.table.hide()
        self._enable()
        self.canvas.show(self._chooser.layer, found)
        self.views.show_components(found)
        self._make_sliders(found)

    # chosen places

    def _outlined(self, outlines) -> None:
        """Places were outlined on the canvas, which keeps the outlines; any other choice takes them away."""
        self._outlining = True
        try:
            self.views.choose_outlined(outlines)
        finally:
            self._outlining = False

    def _chosen(self, places) -> None:
        if self.found is None:
            return
        if not self._outlining:
            self.canvas.wipe()
        self.canvas.mark(places)
        if places is None:
            self.analysis._show_view()
            return
        try:
            plot = residual_plot(self.found, places)
        except ScanError as reason:
            self.reason.say(reason)
            return
        self.analysis.plot.show(plot)
        self.analysis.said.setText(f"Mean of {plot.words} Its residual is what the components leave.")

    # latent axes

    def _make_sliders(self, found: Components) -> None:
        wanted = found.count if found.method == "latent" else 0
        while self._latent_form.rowCount():
            self._latent_form.removeRow(0)
        self.sliders = []
        for number in range(wanted):
            slider = QSlider(Qt.Horizontal)
            slider.setRange(-10 * _REACH, 10 * _REACH)
            slider.setToolTip("Walk along this latent axis: the spectrum that belongs there is drawn")
            slider.valueChanged.connect(self._walk)
            self._latent_form.addRow(f"Latent {number + 1}", slider)
            self.sliders.append(slider)

    def _walk(self, *value) -> None:
        self.analysis.plot.show(latent_plot(self.found, [slider.value() / 10 for slider in self.sliders]))

    # layers and recipe

    def add_layer(self, what: str) -> bool:
        """Add the shares, spectra, misfit, model or residual as a layer that is a scan."""
        found, layer = self.found, self._chooser.layer
        if found is None or layer is None:
            return False
        name, aspect = layer_name(what, layer.name), canvas_aspect(self._viewer)

        def work(report, stop):
            scan = getattr(found, what)
            return layer, layer_data(scan, Frame.of(scan, aspect), kind="measured", name=name)

        return self.job.start(work)

    def _put(self, made) -> None:
        source, prepared = made
        layer = add_layer(self._viewer, *prepared)
        bring_to_front(self._viewer, layer)
        # The stack stays chosen, and what was found in it on screen.
        self._chooser.blockSignals(True)
        self._chooser.refresh()
        self._chooser.choose(source)
        self._chooser.blockSignals(False)
        self.layered.emit(layer)

    def _copy(self) -> None:
        if self.found is not None:
            QApplication.clipboard().setText(self.found.recipe())
            self.analysis.said.setText("Copied; scan is the stack and found what decompose(scan) gave.")
