"""Figures for paper: curves and maps with matplotlib, white, in millimetres, as vectors or at 300 dpi.

matplotlib takes long to import, and is with the first figure that is drawn.
"""

from __future__ import annotations

import importlib

from napari_scantwin.figures.formats import FORMATS
from napari_scantwin.figures.picture import MapPicture, Trace
from napari_scantwin.figures.style import PaperStyle

#: What draws, and the module that it comes from.
_DRAWING = {
    "curves_figure": "curves",
    "figure_of": "whole",
    "map_figure": "maps",
    "provenance": "whole",
    "save_figure": "saving",
    "save_picture": "whole",
}

__all__ = [
    "FORMATS",
    "MapPicture",
    "PaperStyle",
    "Trace",
    "curves_figure",
    "figure_of",
    "map_figure",
    "provenance",
    "save_figure",
    "save_picture",
]


def __getattr__(name: str):
    if name in _DRAWING:
        return getattr(importlib.import_module(f"napari_scantwin.figures.{_DRAWING[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
