"""Smooth curves through rows of points, read at single places or at all places of a grid."""

from __future__ import annotations

import numpy as np

__all__ = ["cells", "cubics", "on_grid", "read_rows", "squares", "steps"]

#: The least width of a cell, as a share of the fast range: levels carried past each other leave none, a jump.
_TINY = 1e-9


def read_rows(x: np.ndarray, y: np.ndarray, row: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Read smooth curves through points, one row each.

    Cubic between neighbours, with the slope of the parabola through three at each, but at most three times (at a
    turning point, once) the flatter of the two chords, so that a jump beside flat ground is not overshot. The
    ends are held.

    Parameters
    ----------
    x
        Ascending places [rows, levels].
    y
        Values there [rows, levels].
    row
        The row to read each point in [n].
    at
        Where to read [n].

    Returns
    -------
    array
        Values [n].
    """
    step = steps(x)
    slope = _slopes(step, np.diff(y, axis=1) / step)
    cell, wide, t = cells(x, row, at)
    s = 1 - t
    ends = y[row, cell] * s * s * (1 + 2 * t) + y[row, cell + 1] * t * t * (1 + 2 * s)
    return ends + wide * s * t * (slope[row, cell] * s - slope[row, cell + 1] * t)


def _slopes(step: np.ndarray, chord: np.ndarray) -> np.ndarray:
    """The slopes of the curves of :func:`read_rows` at their points [rows, levels], given the steps and the chords'
    slopes between these [rows, levels - 1]."""
    slope = np.empty((len(step), step.shape[1] + 1), step.dtype)
    before, after, left, right = chord[:, :-1], chord[:, 1:], step[:, :-1], step[:, 1:]
    most = np.minimum(np.abs(before), np.abs(after))
    most *= np.where(before * after > 0, step.dtype.type(3), step.dtype.type(1))
    slope[:, 1:-1] = np.clip((before * right + after * left) / (left + right), -most, most)
    slope[:, 0], slope[:, -1] = chord[:, 0], chord[:, -1]
    return slope


def cubics(step: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """The curves of :func:`read_rows` in each cell as polynomials of the way through it, 0 to 1.

    Parameters
    ----------
    step
        The widths of the cells [rows, levels - 1].
    y
        Values [rows, levels].

    Returns
    -------
    list of arrays
        Coefficients [rows, levels - 1], that of the cube first.
    """
    rise = np.diff(y, axis=1)
    slope = _slopes(step, rise / step)
    first, last = step * slope[:, :-1], step * slope[:, 1:]
    return [first + last - 2 * rise, 3 * rise - 2 * first - last, first, y[:, :-1]]


def squares(errors: np.ndarray) -> list[np.ndarray]:
    """The mean square of curves that are straight in each cell, as polynomials likewise.

    Parameters
    ----------
    errors
        The curves [draws, rows, levels].

    Returns
    -------
    list of arrays
        Coefficients [rows, levels - 1], that of the square first; zeros without curves.
    """
    if not len(errors):
        return [np.zeros((errors.shape[1], errors.shape[2] - 1), np.float32)] * 3
    start, rise = errors[:, :, :-1], np.diff(errors, axis=2)
    mean = [np.einsum("drl,drl->rl", one, other) / len(errors) for one, other in ((rise, rise), (start, rise))]
    return [mean[0], 2 * mean[1], np.einsum("drl,drl->rl", start, start) / len(errors)]


def on_grid(x: np.ndarray, step: np.ndarray, at: np.ndarray, parts: list[np.ndarray]):
    """Look up what is known of cells at all places of a grid.

    Places in order lie in cells in order, so that none is looked for: each cell is repeated as often as it has places.
    Places before the first level and after the last count as the ends.

    Parameters
    ----------
    x
        Ascending places [rows, levels].
    step
        The widths of the cells between [rows, levels - 1].
    at
        Where every row is read [n], ascending.
    parts
        What is known of the cells, up to eight arrays [rows, levels - 1].

    Returns
    -------
    tuple
        How far into its cell each place lies, 0 to 1 [rows, n], and a list of the parts there, each [rows, n]; in
        single precision.
    """
    shape = (len(x), len(at))
    before = _counted(at, x[:, 1:-1])
    counts = np.diff(before, axis=1, prepend=0, append=len(at)).ravel()
    places = np.repeat(np.stack([x[:, :-1], 1 / step], axis=-1).reshape(-1, 2), counts, axis=0).reshape(*shape, 2)
    share = np.clip((at - places[..., 0]) * places[..., 1], 0, 1).astype(np.float32)
    table = np.empty((*step.shape, 8), np.float32)  # a power of two is repeated fastest
    for number, part in enumerate(parts):
        table[..., number] = part
    found = np.repeat(table.reshape(-1, 8), counts, axis=0).reshape(*shape, 8)
    return share, [found[..., number] for number in range(len(parts))]


def _counted(at: np.ndarray, x: np.ndarray) -> np.ndarray:
    """How many of ``at`` [n], ascending, lie before each of ``x``."""
    steps = np.diff(at)
    if len(steps) and np.ptp(steps) <= 1e-9 * steps.mean():  # even, as most grids are: they need not be searched
        return np.clip(np.ceil((x - at[0]) / steps.mean()), 0, len(at)).astype(np.intp)
    return np.searchsorted(at, x)


def cells(x: np.ndarray, row: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the cells that places lie in.

    Parameters
    ----------
    x
        Ascending places [rows, levels].
    row
        The row in which each is looked for [n].
    at
        The places [n].

    Returns
    -------
    tuple of arrays
        The number of the cell [n], its width [n], and how far into it the place lies, 0 to 1 [n].
    """
    low, span = _extent(x)
    # All rows are searched at once, each moved to a stretch of its own.
    shifted = (x - low) / span + 3 * np.arange(len(x))[:, None]
    inside = np.clip((at - low) / span, -0.5, 1.5)
    cell = np.searchsorted(shifted.ravel(), inside + 3 * row, side="right") - 1 - row * x.shape[1]
    cell = np.clip(cell, 0, x.shape[1] - 2)
    wide = np.maximum(x[row, cell + 1] - x[row, cell], _TINY * span)
    return cell, wide, np.clip((at - x[row, cell]) / wide, 0, 1)


def steps(x: np.ndarray) -> np.ndarray:
    """The widths of the cells [rows, levels - 1] between ascending places [rows, levels], none of them zero."""
    return np.maximum(np.diff(x, axis=1), _TINY * _extent(x)[1])


def _extent(x: np.ndarray) -> tuple[float, float]:
    low = x[:, :1].min()
    return low, max(float(x[:, -1].max() - low), np.finfo(float).tiny)
