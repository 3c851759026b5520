"""Where in a sequence of readings one axis was scanned while the others were held."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_scantwin.core.sweeps import turns, wander
from napari_scantwin.readers.tables.qd_signals import FEWEST, Axis

__all__ = ["Pass", "near", "passes"]

#: Readings this close are one set point however still it is held, in the axis's unit and as a share of the reading;
#: and how far one may wander, told by the readings, before it is no longer held.
_HELD = {"magnetic_field": (2.0, 1e-3, 20.0), "temperature": (0.02, 2e-3, 0.3), "angle": (0.1, 0.0, 1.0)}
#: An axis is scanned where it moves by so many times what is still one set point.
_MOVES = 5.0


@dataclass(frozen=True)
class Pass:
    """Rows of one pass along a fast axis.

    Parameters
    ----------
    fast
        The axis that was scanned.
    rows
        The rows [n].
    slow
        Where each other axis was held.
    rising
        Whether the fast axis rose.
    number
        Which pass of its direction it is at these set points, from 1.
    """

    fast: str
    rows: np.ndarray
    slow: dict[str, float]
    rising: bool
    number: int = 1


def _limits(axes: dict[str, Axis], rows: np.ndarray) -> dict[str, np.ndarray]:
    """How far from each reading another one of the same set point may lie, told by the steps between readings while
    another axis moved."""
    limits = {}
    for name, axis in axes.items():
        least, share, most = _HELD[name]
        readings = axis.values[rows]
        floor = np.maximum(least, share * np.abs(readings))
        told = 0.0
        for other in axes.values():
            if other is axis:
                continue
            moved = np.abs(np.diff(other.values[rows])) > _HELD[other.name][0]
            if moved.sum() > 10:
                told = max(told, wander(np.concatenate([[0.0], np.cumsum(np.abs(np.diff(readings))[moved])])))
        limits[name] = np.maximum(floor, min(told, most))
    return limits


def passes(axes: dict[str, Axis], rows: np.ndarray) -> list[Pass]:
    """Every pass along one axis with the others held, in the order of measuring.

    Parameters
    ----------
    axes
        Temperature and field, and the angle where it was moved, by name.
    rows
        The rows to look at, those of one frequency and amplitude.

    Returns
    -------
    list of Pass
        The passes; readings taken while two axes moved, or in runs of fewer than four, are in none.
    """
    found: list[Pass] = []
    taken = np.zeros(len(rows), bool)
    limits = _limits(axes, rows)
    for fast in ("angle", "temperature", "magnetic_field"):
        if fast not in axes:
            continue
        held = [name for name in axes if name != fast]
        readings = axes[fast].values[rows]
        free = np.flatnonzero(~taken)
        for run in _runs([axes[name].values[rows[free]] for name in held], [limits[name][free] for name in held]):
            mine = free[run]
            if len(mine) < FEWEST or np.ptp(readings[mine]) < _MOVES * np.max(limits[fast][mine]):
                continue
            for part, rising in turns(readings[mine], 0.02 * np.ptp(readings[mine])):
                here = mine[part]
                if len(here) >= FEWEST:
                    slow = {name: float(np.median(axes[name].values[rows[here]])) for name in held}
                    found.append(Pass(fast, rows[here], slow, rising))
                    taken[here] = True
    return _numbered(sorted(found, key=lambda one: one.rows[0]), axes)


def _runs(held: list[np.ndarray], limits: list[np.ndarray]) -> list[np.ndarray]:
    """Consecutive readings during which every axis stays at one set point."""
    size, start = len(held[0]), 0
    runs = []
    while start < size:
        end, reach = start + 1, 1
        while end < size:  # looked for further and further ahead, so that long runs and single readings are both quick
            ahead = slice(end, end + reach)
            left = np.zeros(len(held[0][ahead]), bool)
            for readings, limit in zip(held, limits, strict=True):
                left |= np.abs(readings[ahead] - readings[start]) > limit[start]
            if left.any():
                end += int(left.argmax())
                break
            end, reach = end + len(left), min(2 * reach, 4096)
        runs.append(np.arange(start, end))
        start = end
    return runs


def _numbered(found: list[Pass], axes: dict[str, Axis]) -> list[Pass]:
    """Count the passes of one axis and direction at the same set points."""
    result: list[Pass] = []
    for one in found:
        before = [
            other for other in result
            if (other.fast, other.rising) == (one.fast, one.rising)
            and all(abs(other.slow[name] - value) <= 2 * near(name, value) for name, value in one.slow.items())
        ]  # fmt: skip
        result.append(replace(one, number=len(before) + 1))
    return result


def near(name: str, value: float) -> float:
    """How far apart two set points of an axis may be and still be one."""
    least, share, _ = _HELD.get(name, (0.0, 1e-3, 0.0))
    return max(least, share * abs(value))
