"""The layers an analysis works on, as what it is worked out from."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from napari_scantwin.analyses.sides import Source
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["sources_of"]


def sources_of(layers: Iterable, sample: Callable | None = None) -> list[Source]:
    """The sources in ``layers``: the chosen scan's first, then the second's, or None; ``sample`` tells a layer's."""
    found = []
    for number, layer in enumerate(layers):
        if layer is not None:
            own = None if sample is None else sample(layer)
            found.append(Source(layer.name if number else "", scan_of(layer), ScanLayer(layer).twin, own))
    return found
