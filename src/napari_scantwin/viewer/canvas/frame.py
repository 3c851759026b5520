"""The map between physical values and the canvas.

napari's canvas has one scale for both axes, so 50 K against 50 000 Oe would be a hairline. A :class:`Frame` stretches
every axis to a readable extent; it is shared by all layers of the same axes, and every number a person reads is
converted back through it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.clouds import is_cloud

__all__ = ["ASPECTS", "EXTENT", "Frame", "displayed"]

#: World extent of the fast (horizontal) axis, and the heights a map may have beside that width.
EXTENT = 100.0
ASPECTS = (0.3, 2.5)


@dataclass(frozen=True)
class Frame:
    """Linear map between physical values and world coordinates, an (origin, physical value per world unit)
    for every axis."""

    axes: tuple[str, ...]
    units: tuple[str, ...]
    origin: tuple[float, ...]
    step: tuple[float, ...]

    @classmethod
    def of(cls, scan: xr.DataArray, aspect: float = 1.0, across: int | None = None) -> Frame:
        """The frame in which the scan fills a canvas whose height is ``aspect`` times its width; ``across`` is the
        number of the axis drawn to the right (default: the last)."""
        names = scans.axes(scan)
        across = len(names) - 1 if across is None else across
        if is_cloud(scan):
            return cls._of_cloud(scan)
        origin, step = [], []
        for position, name in enumerate(names):
            column = np.asarray(scan[name].values, float)
            extent = EXTENT if position == across else EXTENT * float(np.clip(aspect, *ASPECTS))
            origin.append(float(column.min()))
            step.append(float(np.ptp(column) or 1.0) / extent)
        return cls(names, tuple(scan[name].attrs["units"] for name in names), tuple(origin), tuple(step))

    @classmethod
    def _of_cloud(cls, scan: xr.DataArray) -> Frame:
        """The frame of a cloud of atoms, with one scale for all three axes."""
        names = scans.axes(scan)
        columns = [np.asarray(scan[name].values, float) for name in names]
        step = max(float(np.ptp(column)) for column in columns) / EXTENT or 1.0
        units = tuple(scan[name].attrs["units"] for name in names)
        return cls(names, units, tuple(float(column.min()) for column in columns), (step,) * 3)

    def fits(self, scan: xr.DataArray) -> bool:
        """Whether the scan has this frame's axes and units, so that it can lie over the same canvas."""
        names = scans.axes(scan)
        return names == self.axes and tuple(scan[name].attrs["units"] for name in names) == self.units

    def to_world(self, coordinates: np.ndarray) -> np.ndarray:
        """World coordinates [n, axes] of physical coordinates [n, axes]."""
        return (np.asarray(coordinates, float) - self.origin) / self.step

    def to_physical(self, world: np.ndarray) -> np.ndarray:
        """Physical coordinates [n, axes] of world coordinates [n, axes]."""
        return np.asarray(world, float) * self.step + self.origin


def displayed(viewer, frame: Frame) -> tuple[int, int]:
    """Which of the frame's axes are drawn along the canvas's height and width; a negative number where the sliders are
    those of layers with more axes, and something else is drawn."""
    offset = viewer.dims.ndim - len(frame.axes)
    vertical, horizontal = viewer.dims.displayed[-2:]
    return vertical - offset, horizontal - offset
