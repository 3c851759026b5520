"""Two scans compared: difference, ratio, and where they disagree beyond their errors.

    difference   = first - (scale * second + offset)
    ratio        = first / (scale * second + offset)
    disagreement = difference / sqrt(error_1^2 + scale^2 error_2^2)

with scale 1 and offset 0 unless they are asked to be fitted (:mod:`napari_scantwin.physics.scale_offset`). How each
scan is read, and what its error is, stands in :mod:`napari_scantwin.physics.sources`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.common_places import blocks, left_out, places
from napari_scantwin.physics.scale_offset import ScaleOffset, fit_scale_offset
from napari_scantwin.physics.sources import ComparedScan, matching_axes, source_of

__all__ = ["Comparison", "compare"]

#: A ratio is given where the second scan is this many of its errors from zero.
_TOLD = 3.0
_BY_CHANCE = (4.6, 0.3)  # % of independent normal errors beyond two and three standard deviations


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found.

    ``difference`` (in the first scan's unit), ``ratio`` and ``disagreement`` (numbers) are scans over the same places;
    the first two carry ``standard_error``. ``scale`` and ``offset`` are the fitted ones, or None. ``beyond_two`` and
    ``beyond_three`` are the shares of the ``points`` whose disagreement is larger than 2 and 3, ``chi_square`` its
    mean square (the fitted numbers taken off the count of points). ``notes`` say what was left out, a sentence each.
    """

    difference: xr.DataArray
    ratio: xr.DataArray
    disagreement: xr.DataArray
    scale: Quantity | None
    offset: Quantity | None
    points: int
    beyond_two: float
    beyond_three: float
    chi_square: float
    notes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        fitted = [f"{name} {value}" for name, value in (("scale", self.scale), ("offset", self.offset)) if value]
        after = f" after {' and '.join(fitted)}" if fitted else ""
        return (
            f"{100 * self.beyond_two:.1f} % of {self.points} places differ by more than two combined errors and "
            f"{100 * self.beyond_three:.1f} % by more than three{after} (by chance {_BY_CHANCE[0]} and "
            f"{_BY_CHANCE[1]} %); chi squared per point {self.chi_square:.3g}"
        )


def compare(
    first,
    second,
    *,
    grid: Mapping[str, np.ndarray] | None = None,
    scale: bool = False,
    offset: bool = False,
    extrapolate: bool = False,
    on_progress: Callable[[float], None] | None = None,
    stop=None,
) -> Comparison:
    """Compare two scans over the same axes, in any order and units of them.

    Each of ``first`` and ``second`` is a :class:`~napari_scantwin.twin.Twin`, read anywhere; a simulated or derived
    map, read between its points; or a measured scan, read at its own unmasked points, where the other is read too (one
    of the two then has to be a twin or a map, unless both were measured at the same places). Two twins are compared on
    a grid over their common range, or on ``grid`` (axis name to values [m], in the first scan's units).

    ``scale`` and ``offset`` fit first = scale * second + offset before. Places that one of the two does not cover are
    left out; ``extrapolate`` keeps them, marked ``extrapolated``. ``on_progress`` hears the fraction done, ``stop`` (a
    ``threading.Event``) raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Raises :class:`ScanError` where units or axes do not match, or the two share no range.
    """
    one, two = source_of(first, "first"), source_of(second, "second")
    matching_axes(one, two)
    frame, coordinates, axes = places(one, two, grid, extrapolate)
    unit = one.scan.attrs["units"]
    if units.compatible(unit, "K"):
        unit = "K"  # a difference of degrees Celsius is one of kelvin, and a ratio of them means nothing
    done = _Counter(2 * len(coordinates), on_progress)
    y, dy, y_outside = one.at(frame, coordinates, unit, stop, done)
    x, dx, x_outside = two.at(frame, coordinates, unit, stop, done)
    outside = y_outside | x_outside
    kept = np.isfinite(y) & np.isfinite(x) & (extrapolate | ~outside)
    if not kept.any():
        both = one.points is not None and two.points is not None
        hint = "; train a twin of one of them, which can be read anywhere" if both else ""
        raise ScanError(
            f"the two scans share no measured place ({one.covers()} in the first, {two.covers()} in the second){hint}"
        )
    fit = ScaleOffset(1.0, 0.0, 0.0, 0.0)
    if scale or offset:
        block = blocks(one, two, frame, coordinates[kept])
        alike = tuple(max(1.0, kept.sum() / source.independent) for source in (one, two))
        fit = fit_scale_offset(y[kept], x[kept], dy[kept], dx[kept], block, alike, scale=scale, offset=offset)
    x, dx = fit.scale * x + fit.offset, abs(fit.scale) * dx
    error = np.hypot(dy, dx)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.abs(x) > _TOLD * dx
        ratio = np.where(told, y / x, np.nan)
        ratio_error = np.hypot(dy, ratio * dx) / np.abs(x)
        pull = np.where(error > 0, (y - x) / error, np.nan)
    seen = pull[kept & np.isfinite(pull)]
    notes = left_out(one, two, frame, axes is not None, kept, outside, extrapolate)
    blank = int((kept & ~told).sum())
    if blank:
        notes.append(f"the ratio is left blank at {blank} places where the second scan is not told from zero")
    if len(seen) < kept.sum():
        notes.append("where neither scan has an error the disagreement is left blank")
    result = _Layout(frame, axes, kept, outside if extrapolate else None, _attrs(one, two, fit, scale, offset, notes))
    what = one.scan.attrs.get("long_name", str(one.scan.name))
    return Comparison(
        result.scan("difference", f"difference of {what}", y - x, unit, error),
        result.scan("ratio", f"ratio of {what}", ratio, "dimensionless", ratio_error),
        result.scan("disagreement", f"disagreement of {what} in combined errors", pull, "dimensionless"),
        Quantity(fit.scale, fit.scale_error, "dimensionless") if scale else None,
        Quantity(fit.offset, fit.offset_error, unit) if offset else None,
        int(kept.sum()),
        float(np.mean(np.abs(seen) > 2)) if len(seen) else np.nan,
        float(np.mean(np.abs(seen) > 3)) if len(seen) else np.nan,
        float(np.sum(seen**2) / max(len(seen) - scale - offset, 1)) if len(seen) else np.nan,
        tuple(notes),
    )


def _attrs(one: ComparedScan, two: ComparedScan, fit: ScaleOffset, scale: bool, offset: bool, notes: list[str]) -> dict:
    kept = {key: one.scan.attrs[key] for key in ("source", "sha256", "title") if key in one.scan.attrs}
    kept |= {f"second_{key}": two.scan.attrs[key] for key in ("source", "sha256", "title") if key in two.scan.attrs}
    kept |= {"scale": fit.scale, "scale_error": fit.scale_error} if scale else {}
    kept |= {"offset": fit.offset, "offset_error": fit.offset_error} if offset else {}
    return {**kept, "kind": "derived", "derived_from": "two scans", "notes": " ".join(f"{note}." for note in notes)}


class _Counter:
    """Turns counts of finished places into a fraction."""

    def __init__(self, total: int, on_progress: Callable[[float], None] | None):
        self.total, self.done, self.on_progress = total, 0, on_progress

    def __call__(self, count: int) -> None:
        self.done += count
        if self.on_progress is not None:
            self.on_progress(self.done / self.total)


@dataclass(frozen=True)
class _Layout:
    """Makes scans of columns [n] over the compared places; those not ``kept`` are blank on a grid and absent from
    points."""

    frame: ComparedScan
    axes: dict[str, np.ndarray] | None
    kept: np.ndarray
    outside: np.ndarray | None
    attrs: dict

    def scan(self, name: str, long_name: str, values, unit: str, errors=None) -> xr.DataArray:
        """One scan."""
        frame = self.frame
        names = {axis: frame.scan[axis].attrs.get("long_name", axis) for axis in frame.axes}
        common = {"name": name, "unit": unit, "long_names": {**names, name: long_name}, "attrs": self.attrs}
        if self.axes is None and not scans.is_gridded(frame.scan):
            table, rows = frame.points, self.kept
            made = scans.ragged_scan(
                {axis: (table.coordinates[rows, k], frame.unit(axis)) for k, axis in enumerate(frame.axes)},
                values[rows],
                errors=None if errors is None else errors[rows],
                sweep=table.sweep[rows],
                **common,
            )
            if self.outside is None:
                return made
            return made.assign_coords(extrapolated=(scans.POINT, self.outside[rows]))
        axes, place = self.axes, np.arange(len(self.kept))
        if axes is None:  # a gridded measurement keeps its shape; its table lacks what is masked or blank
            axes = {axis: frame.scan[axis].values for axis in frame.axes}
            masked = frame.scan["masked"].values.ravel() if "masked" in frame.scan.coords else False
            place = np.flatnonzero(
                np.isfinite(np.asarray(frame.scan.values, float).ravel()) & ~np.asarray(masked, bool)
            )
        shape = tuple(len(axis) for axis in axes.values())

        def spread(column, blank):
            if column is None:
                return None
            full = np.full(int(np.prod(shape)), blank)
            full[place[self.kept]] = column[self.kept]
            return full.reshape(shape)

        return scans.gridded_scan(
            {axis: (column, frame.unit(axis)) for axis, column in axes.items()},
            spread(values, np.nan),
            errors=spread(errors, np.nan),
            extrapolated=spread(self.outside, False),
            **common,
        )
