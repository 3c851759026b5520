"""The places where two scans are compared: the points of the one that was only measured, or a grid over the range both
cover; which of them err together; and what was left out, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.sources import ComparedScan, converted

__all__ = ["blocks", "left_out", "places"]

#: Places of the default grid along the slowest and the fast axis.
_GRID = (80, 160)
#: At most so many blocks of readings that err together, and so many where there are no sweeps.
_BLOCKS, _STRETCHES = 20, 8
#: A range that ends this share earlier than the other is not worth mentioning: sweeps never end at one place.
_JITTER = 1e-3


def places(one: ComparedScan, two: ComparedScan, grid: Mapping[str, np.ndarray] | None, extrapolate: bool):
    """The scan whose axes are used, the coordinates [n, axes] in its units, and the axes of a grid (None for points).

    Raises :class:`ScanError` where the two share no range, or a ``grid`` is asked of a scan known at points only.
    """
    if grid is None:
        for source in (one, two):
            if source.points is not None:
                return source, source.points.coordinates, None
        axes = _default_grid(one, two, extrapolate)
    else:
        for source, which in ((one, "first"), (two, "second")):
            if source.points is not None:
                raise ScanError(f"the {which} scan is known at its measured points only; hand over its twin for a grid")
        unknown = [name for name in grid if name not in one.axes]
        if unknown:
            raise ScanError(f"the first scan has no axis {unknown[0]!r}; its axes are {', '.join(one.axes)}")
        default = {} if len(grid) == len(one.axes) else _default_grid(one, two, extrapolate)
        axes = {name: np.unique(np.asarray(grid.get(name, default.get(name)), float)) for name in one.axes}
    mesh = np.meshgrid(*axes.values(), indexing="ij")
    return one, np.stack([axis.ravel() for axis in mesh], axis=1), axes


def _default_grid(one: ComparedScan, two: ComparedScan, extrapolate: bool) -> dict[str, np.ndarray]:
    """A map's own places within the common range; for twins even ones along the slowest and the fast axis and set
    points along those between."""
    axes = {}
    for position, name in enumerate(one.axes):
        low, high = _common(one, two, name, extrapolate)
        dense = one if one.dense else two if two.dense else None
        if dense is not None:
            column = np.sort(converted(dense.scan[name].values, dense.unit(name), one.unit(name)))
        elif position in (0, len(one.axes) - 1):
            column = np.linspace(low, high, _GRID[0] if position == 0 and len(one.axes) > 1 else _GRID[1])
        else:
            column = np.unique(scans.set_points(np.asarray(one.scan[name].values, float).ravel()))
        slack = 1e-9 * (high - low)
        axes[name] = column[(column >= low - slack) & (column <= high + slack)]
        if not len(axes[name]):
            raise ScanError(f"no place along {name} lies within the range both scans cover; ask for a finer grid")
    return axes


def _common(one: ComparedScan, two: ComparedScan, name: str, extrapolate: bool = False) -> tuple[float, float]:
    """The range of an axis both cover (or, to extrapolate, either), in the first's unit."""
    (a, b), (c, d) = one.ranges[name], two.range_in(name, one.unit(name))
    if extrapolate:
        return min(a, c), max(b, d)
    if min(b, d) <= max(a, c):
        unit = units.pretty(one.unit(name))
        raise ScanError(
            f"the two scans share no range of {name}: {a:.6g} to {b:.6g} {unit} in the first, "
            f"{c:.6g} to {d:.6g} {unit} in the second"
        )
    return max(a, c), min(b, d)


def blocks(one: ComparedScan, two: ComparedScan, frame: ComparedScan, coordinates: np.ndarray) -> np.ndarray:
    """Numbers [n] of the blocks whose readings err together: the nearest sweep of the scan that has fewer, or
    stretches of the fast axis where there are hardly any sweeps."""
    if len(frame.axes) > 1:
        slow = frame.axes[0]
        both = [scans.set_points(np.asarray(s.scan[slow].values, float).ravel()) for s in (one, two)]
        both = [np.unique(converted(k, s.unit(slow), frame.unit(slow))) for k, s in zip(both, (one, two), strict=True)]
        knots = min(both, key=len)
        block = np.unique(np.searchsorted((knots[1:] + knots[:-1]) / 2, coordinates[:, 0]), return_inverse=True)[1]
        count = block.max() + 1
        if count > 2:
            return block * _BLOCKS // count if count > _BLOCKS else block
    order = np.argsort(np.argsort(coordinates[:, -1], kind="stable"))
    return order * _STRETCHES // len(order)


def left_out(
    one: ComparedScan,
    two: ComparedScan,
    frame: ComparedScan,
    on_grid: bool,
    kept: np.ndarray,
    outside: np.ndarray,
    extrapolate: bool,
) -> list[str]:
    """What took part and what did not, a sentence each; ``kept`` and ``outside`` [n] are those of the places."""
    notes = [source.note for source in (one, two) if source.note]
    count, out, beyond = len(kept), int((~kept).sum()), int((kept & outside).sum())
    if beyond:
        notes.append(f"{beyond} of {count} places are extrapolated by one of the two")
    if not on_grid and out:
        own, other, reader = ("first", "second", two) if frame is one else ("second", "first", one)
        notes.append(
            f"compared at {count - out} of the {own} scan's {count} points; the other {out} lie where the {other} "
            f"({reader.covers()}) was not measured"
        )
    if on_grid and not extrapolate:
        for source, which in ((one, "first"), (two, "second")):
            notes += [
                f"left out: {part} of the {which} scan, which the other lacks" for part in _gone(source, one, two)
            ]
    if on_grid and out:
        notes.append(f"{out} of the {count} places of the grid are left blank: one of the two was not measured there")
    return notes


def _gone(source: ComparedScan, one: ComparedScan, two: ComparedScan) -> list[str]:
    """The parts of a scan's ranges that the other does not cover, in words."""
    found = []
    for name in one.axes:
        low, high = source.ranges[name]
        unit = source.unit(name)
        first, last = np.sort(converted(_common(one, two, name), one.unit(name), unit))
        for start, end in ((low, first), (last, high)):
            if end - start > _JITTER * (high - low):
                found.append(f"{name} {start:.6g} to {end:.6g} {units.pretty(unit)}".strip())
    return found
