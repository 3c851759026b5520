"""Which way the axes run on the canvas: of scans upwards, as in a graph, of pictures downwards, as napari has it."""

from __future__ import annotations

from napari_scantwin.viewer.session import scan_layers

__all__ = ["Orientation"]

_GRAPH = ("up", "right")


class Orientation:
    """Turns a viewer's camera to a graph's orientation while scans are all that it shows.

    A viewer that shows other people's layers when a scan comes keeps its own, for a photograph is not to stand on its
    head; a shape drawn over scans that are there already leaves these as they stand. When the last scan goes, the
    camera gets back what it had, unless somebody has turned it meanwhile.
    """

    def __init__(self, viewer):
        self._viewer = viewer
        self._before: tuple[str, str] | None = None
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(self._update)
        self._update()

    @property
    def signs(self) -> tuple[int, int]:
        """Whether values rise downwards (1) or upwards (-1) along the vertical axis, and to the right (1) or to the
        left (-1) along the horizontal one: the signs of pixels per world unit."""
        vertical, horizontal = self._now()
        return (1 if vertical == "down" else -1), (1 if horizontal == "right" else -1)

    def _now(self) -> tuple[str, str]:
        return tuple(str(one) for one in self._viewer.scene.camera.orientation2d)

    def _update(self, event=None) -> None:
        found = scan_layers(self._viewer)
        if self._before is None and found and len(found) == len(self._viewer.layers):
            self._before = self._now()
            self._viewer.scene.camera.orientation2d = _GRAPH
        elif self._before is not None and not found:
            if self._now() == _GRAPH:
                self._viewer.scene.camera.orientation2d = self._before
            self._before = None
