"""Which slice of a scan the sliders show, and the same of another scan made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["ShownSlice"]


@dataclass(frozen=True)
class ShownSlice:
    """The values at which a scan's axes are held, their shares of the axes, and which axes are drawn.

    Parameters
    ----------
    axes
        The scan's axes.
    values, shares
        Where the sliders are on each, physical and from 0 at an axis's lowest value to 1 at its highest.
    order
        The order of the viewer's axes; the last two are drawn.
    """

    axes: tuple[str, ...]
    values: tuple[float, ...]
    shares: tuple[float, ...]
    order: tuple[int, ...]

    @classmethod
    def of(cls, viewer, layer) -> ShownSlice | None:
        """The slice of a layer's scan that is shown; None where the sliders are those of layers with more axes."""
        frame, scan = frame_of(layer), scan_of(layer)
        if frame is None or viewer.dims.ndim != max(len(frame.axes), 2):
            return None
        values = frame.to_physical(viewer.dims.point[-len(frame.axes) :])
        ends = [_ends(scan, axis) for axis in frame.axes]
        shares = tuple((value - low) / (high - low) for value, (low, high) in zip(values, ends, strict=True))
        return cls(frame.axes, tuple(map(float, values)), shares, tuple(viewer.dims.order))

    def show(self, viewer, layer) -> None:
        """Show the like slice of another layer's scan: the same value of an axis of the same name, the same share of
        another that stands in its place (a momentum for an angle)."""
        frame, scan = frame_of(layer), scan_of(layer)
        if len(frame.axes) != len(self.axes) or viewer.dims.ndim != max(len(frame.axes), 2):
            return
        places = []
        for number, axis in enumerate(frame.axes):
            low, high = _ends(scan, axis)
            if axis in self.axes:
                places.append(float(np.clip(self.values[self.axes.index(axis)], low, high)))
            else:
                places.append(low + self.shares[number] * (high - low))
        viewer.dims.order = self.order
        first = viewer.dims.ndim - len(frame.axes)
        for number, place in enumerate(frame.to_world(places)):
            viewer.dims.set_point(first + number, float(place))


def _ends(scan, axis: str) -> tuple[float, float]:
    column = scan[axis]
    low, high = float(column.min()), float(column.max())
    return (low, high) if high > low else (low, low + 1.0)
