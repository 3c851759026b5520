"""A figure into a file: vectors as SVG or PDF, pixels as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.figures.formats import FORMATS
from napari_scantwin.figures.style import PaperStyle

__all__ = ["save_figure"]

_TITLE = {".pdf": ("Title", "Subject"), ".svg": ("Title", "Description"), ".png": ("Title", "Description")}


def save_figure(
    figure: Figure,
    path: str | Path,
    style: PaperStyle | None = None,
    *,
    title: str = "",
    about: Mapping[str, object] | None = None,
) -> Path:
    """Write a figure.

    Parameters
    ----------
    figure
        What :func:`~napari_scantwin.figures.curves_figure` or :func:`~napari_scantwin.figures.map_figure` made.
    path
        The file; its suffix says how: ``.pdf``, ``.svg`` or ``.png``.
    style
        How fine pixels are, and whether text stays text.
    title
        The figure's title among the file's properties.
    about
        Where its numbers came from (source, checksum, versions), kept among the file's properties.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScanError
        Where the suffix is another.
    NotWritten
        Where the disk fails; what stood under the name before still does.
    """
    path, style = Path(path), style or PaperStyle()
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ScanError(f"{path.name}: write a figure as {', '.join(FORMATS)}")
    named, described = _TITLE[suffix]
    told = "; ".join(f"{key}: {value}" for key, value in (about or {}).items())
    metadata = {key: text for key, text in ((named, title), (described, told)) if text}
    with atomic_path(path) as temporary, matplotlib.rc_context(style.settings):
        figure.savefig(temporary, format=suffix[1:], dpi=style.dpi, metadata=metadata)
    return path
