"""A described picture, of curves or a map, drawn and written in one go."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from napari_scantwin.core import source_hash
from napari_scantwin.figures.curves import curves_figure
from napari_scantwin.figures.maps import map_figure
from napari_scantwin.figures.picture import MapPicture
from napari_scantwin.figures.saving import save_figure
from napari_scantwin.figures.style import PaperStyle
from napari_scantwin.operations.findings import Plot

__all__ = ["figure_of", "provenance", "save_picture"]


def figure_of(picture: Plot | MapPicture, style: PaperStyle | None = None) -> Figure:
    """Draw a picture for paper.

    Parameters
    ----------
    picture
        Curves or a map.
    style
        Sizes; one column by default.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Raises
    ------
    ScanError
        Where it cannot be drawn so.
    """
    return map_figure(picture, style) if isinstance(picture, MapPicture) else curves_figure(picture, style)


def provenance(picture: Plot | MapPicture) -> dict[str, str]:
    """Where a picture's numbers came from, for the file's properties: the source of its scan and its checksum.

    Parameters
    ----------
    picture
        Curves or a map.

    Returns
    -------
    dict
        Empty where the scan does not say.
    """
    known = picture.scan.attrs if isinstance(picture, MapPicture) else picture.about
    return {key: source_hash.resolved(str(known[key])) for key in ("source", "sha256") if key in known}


def save_picture(
    picture: Plot | MapPicture, path: str | Path, style: PaperStyle | None = None, *, title: str = ""
) -> Path:
    """Draw a picture for paper and write it with where its numbers came from.

    Parameters
    ----------
    picture
        Curves or a map.
    path
        The file: ``.pdf``, ``.svg`` or ``.png``.
    style
        Sizes; one column by default.
    title
        The figure's title among the file's properties.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ScanError
        Where it cannot be drawn so, or the suffix is another.
    NotWritten
        Where the disk fails; what stood under the name before still does.
    """
    return save_figure(figure_of(picture, style), path, style, title=title, about=provenance(picture))
