"""The baselines of a twin that is on screen already are scored in the background; then it is shown with their rows."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from napari_scantwin.twin import with_baselines
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.reasons import say_error
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["BaselineScoring"]


class BaselineScoring(QObject):
    """Scores the baselines of one layer's twin at a time; ``scored(layer)`` when the layer has the completed twin.

    What comes for a layer that was removed meanwhile, or has another twin by then, is dropped.
    """

    scored = Signal(object)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self._layer = self._twin = None
        self.job = Job(self)
        self.job.done.connect(self._done)
        self.job.failed.connect(lambda reason: say_error(reason, self.parent()))

    def start(self, layer) -> None:
        """Score the baselines of a layer's twin, in place of what is being scored."""
        if self.job.running:
            self.job.abandon(wait=0)
        self._layer, self._twin = layer, ScanLayer(layer).twin
        twin = self._twin
        self.job.start(lambda report, stop: with_baselines(twin, on_progress=report, stop=stop))

    def stop(self) -> None:
        """Ask it to end; the twin stays, with the rows that are complete."""
        self.job.stop()

    def is_of(self, layer) -> bool:
        """Whether baselines of this layer's twin are being scored."""
        return self.job.running and layer is self._layer

    def _done(self, twin) -> None:
        layer = ScanLayer(self._layer)
        if self._layer in self._viewer.layers and layer.twin is self._twin:
            layer.set_twin(twin, layer.proposals)
            self.scored.emit(self._layer)
