"""Figures for paper: curves and maps with matplotlib, white, in millimetres, as vectors or at 300 dpi."""

from napari_scantwin.figures.curves import curves_figure
from napari_scantwin.figures.maps import MapPicture, Trace, map_figure
from napari_scantwin.figures.saving import FORMATS, provenance, save_figure
from napari_scantwin.figures.style import PaperStyle

__all__ = ["FORMATS", "MapPicture", "PaperStyle", "Trace", "curves_figure", "map_figure", "provenance", "save_figure"]
