"""A map as it is to be drawn on paper; what draws it is loaded elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.operations.findings import Curve

__all__ = ["MapPicture", "Trace"]


@dataclass(frozen=True)
class Trace:
    """A line laid over a map, as a cut is.

    Parameters
    ----------
    x, y
        Its corners, in the units of the horizontal and of the vertical axis [n].
    name
        What stands at its end; nothing by default.
    color
        Its colour.
    """

    x: np.ndarray
    y: np.ndarray
    name: str = ""
    color: str = "#ffffff"


@dataclass(frozen=True)
class MapPicture:
    """A map as it is to be drawn.

    Parameters
    ----------
    scan
        A gridded scan of two axes, or a ragged one, whose points are then drawn.
    vertical, horizontal
        The names of the axes drawn upwards and to the right.
    title
        Beside the colour bar; by default the scan's name with its unit.
    limits
        The values at either end of the colours; by default the scan's own.
    colormap
        A name that matplotlib knows.
    log
        Whether the colours are logarithmic.
    points
        A ragged scan drawn over the map as points in the same colours, or None.
    traces, curves
        What lies over it: cuts, and such as phase boundaries (x to the right).
    shown_x, shown_y
        The ends of the axes, first left and below; by default all is shown.
    """

    scan: xr.DataArray
    vertical: str
    horizontal: str
    title: str = ""
    limits: tuple[float, float] | None = None
    colormap: str = "viridis"
    log: bool = False
    points: xr.DataArray | None = None
    traces: Sequence[Trace] = ()
    curves: Sequence[Curve] = ()
    shown_x: tuple[float, float] | None = None
    shown_y: tuple[float, float] | None = None

    def columns(self) -> list[tuple[str, np.ndarray]]:
        """The map's values as columns of numbers, for a spreadsheet: a row for each point."""
        table = scans.points(self.scan)
        names = scans.axes(self.scan)
        columns = [(scans.axis_label(self.scan, name), table.coordinates[:, k]) for k, name in enumerate(names)]
        columns.append((self.title or scans.label(self.scan), table.values))
        if table.errors is not None:
            columns.append((f"standard error of {scans.label(self.scan)}", table.errors))
        return columns
