"""Transition temperatures of every sweep, and the phase boundary they draw along the slow axis.

Made for R(T) at fixed fields (or loadings, pressures, currents, times), and as good for R(H) at fixed temperatures:
the fast axis is where the transition is looked for, the state at its upper end is the normal one. Warming and
cooling branches are read by themselves. That a sweep has no transition within its range is an answer: its value is
NaN and its ``note`` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.branches import Branch, branches, is_kind
from napari_scantwin.physics.transition_curve import CRITERIA, TransitionCurve, end_values, level_of

__all__ = ["SweepTransition", "phase_boundary", "sweep_transitions"]

#: A sweep whose values change by less than this share of the others' has no transition.
_LEAST_STEP = 0.5
#: A low end below this share of the high ends is a low state, from which the common base is told.
_LOW = 0.15
#: Share of the gap between the two readings about a crossing that is added to its error: what stands between the
#: points is not known.
_GAP = 0.2
#: The same for the steepest place and its tangent, as a share of the regression's window; or, where that is more, half
#: of what they move by when the window is made so much narrower and wider.
_WINDOW, _NARROWER = 0.25, np.sqrt(0.5)


@dataclass(frozen=True)
class SweepTransition:
    """One branch's transition: its ``sweep`` number, ``slow`` axis values by name, ``direction`` (+1 the fast axis
    rose, -1 fell), the transition ``at`` by criterion (value NaN where there is none), the ``curve`` with its fitted
    normal state (None where the sweep shows no transition at all), a ``note`` saying why one is missing, and the
    ``branch`` it was read from."""

    sweep: int
    slow: dict[str, float]
    direction: int
    at: dict[str | float, Quantity]
    curve: TransitionCurve | None
    note: str
    branch: Branch


def phase_boundary(scan: xr.DataArray, criterion: str | float = "50 %", **options) -> xr.DataArray:
    """The transition along the slow axis: a ragged scan over the slow axes whose values are places on the fast axis.

    ``criterion`` is one of "onset", "90 %", "50 %", "10 %", "zero", "steepest", or a share between 0 and 1; the
    further options are those of :func:`sweep_transitions`. Besides ``standard_error`` the result carries the
    coordinates ``direction`` (+1 or -1, of the fast axis) and ``note`` (why a value is NaN, else empty).
    """
    found = sweep_transitions(scan, (criterion,), **options)
    names = scans.axes(scan)
    fast = names[-1]
    unit = "K" if is_kind(scan[fast].attrs["units"], "temperature") else scan[fast].attrs["units"]
    order = sorted(range(len(found)), key=lambda k: (tuple(found[k].slow.values()), found[k].direction))
    found = [found[k] for k in order]
    numbers = [one.at[criterion] for one in found]
    fast_unit = scan[fast].attrs["units"]
    slow = [
        one.branch.slow_at(float(units.convert(number.value, number.unit, fast_unit)))
        for one, number in zip(found, numbers, strict=True)
    ]
    result = scans.ragged_scan(
        {name: (np.array([one[name] for one in slow]), scan[name].attrs["units"]) for name in names[:-1]},
        np.array([number.value for number in numbers]),
        name=f"transition_{fast}",
        unit=unit,
        errors=np.array([number.error for number in numbers]),
        sweep=np.array([one.sweep for one in found]),
        attrs={
            **{key: scan.attrs[key] for key in ("source", "sha256", "title") if key in scan.attrs},
            "kind": "derived",
            "derived_from": scan.attrs.get("kind", "measured"),
            "criterion": criterion if isinstance(criterion, str) else f"{100 * criterion:g} %",
        },
    )
    return result.assign_coords(
        direction=(scans.POINT, np.array([one.direction for one in found])),
        note=(scans.POINT, np.array([one.note for one in found], dtype=str)),
    )


def sweep_transitions(
    scan: xr.DataArray,
    criteria: tuple[str | float, ...] = CRITERIA,
    *,
    base: str | float | None = None,
    direction: str | None = None,
    count: int = 60,
    seed: int = 0,
    stop=None,
) -> list[SweepTransition]:
    """The transition of every branch of a scan by several criteria.

    ``base`` is the low state: a number in the value's unit, "shared" (one offset for all sweeps, the median of the
    ends of those that reach it), or "own" (every sweep's low end). By default it is shared for resistances, else
    own. ``direction`` keeps the "rising" or "falling" branches only.

    A measured place's error is its scatter over ``count`` draws of the readings' errors, with a fifth of the gap
    between the readings about it (for what is read from slopes, what it moves by when the window of the slope is made
    narrower and wider, and a quarter of the window at least); a simulated one's (``kind``
    "simulated") is the shift of the whole curve by its standard error, since a map's errors go together along a
    sweep. The thermometer's error is not in it.
    """
    for criterion in criteria:
        level = level_of(criterion)
        if criterion not in CRITERIA and not (level is not None and 0 < level < 1):
            raise ScanError(f"a criterion is {', '.join(CRITERIA)} or a share between 0 and 1, not {criterion!r}")
    if len(scans.axes(scan)) < 2:
        raise ScanError("a phase boundary needs a slow axis; this scan has one axis only")
    rows = branches(scan)
    if direction is not None:
        if direction not in ("rising", "falling"):
            raise ScanError(f"a branch is 'rising' or 'falling', not {direction!r}")
        rows = [row for row in rows if (row.direction > 0) == (direction == "rising")]
        if not rows:
            raise ScanError(f"no sweep was measured with the fast axis {direction}")
    ends = np.array([end_values(row.values) for row in rows])
    low = _bases(scan, ends, base)
    step = np.abs(ends[:, 1] - low)
    usual = float(np.median(step[step >= _LEAST_STEP * step.max()]))
    random = np.random.default_rng(seed)
    simulated = scan.attrs.get("kind") == "simulated"
    unit = scan[scans.axes(scan)[-1]].attrs["units"]
    found = []
    for row, bottom, height in zip(rows, low, step, strict=True):
        if stop is not None and stop.is_set():
            raise Cancelled
        if simulated:
            draws = np.stack([row.values - row.errors, row.values + row.errors])
        else:
            draws = row.values + random.normal(size=(count, len(row.values))) * row.errors
        noise = float(np.median(row.errors))
        flat = not height > max(_LEAST_STEP * usual, 5 * noise)
        found.append(_read(row, bottom, draws, criteria, unit, flat, simulated))
    return found


def _bases(scan: xr.DataArray, ends: np.ndarray, base: str | float | None) -> np.ndarray:
    resistive = any(units.compatible(scan.attrs["units"], one) for one in ("ohm", "ohm*m", "dimensionless"))
    base = ("shared" if resistive else "own") if base is None else base
    if base == "own":
        return ends[:, 0]
    if base == "shared":
        # Below zero there is no resistance: a low end of the other sign than the normal state is an offset of any size.
        sign = np.sign(np.median(ends[:, 1])) or 1.0
        reaching = sign * ends[:, 0] < _LOW * np.abs(ends[:, 1]).max()
        return np.full(len(ends), np.median(ends[reaching, 0]) if reaching.any() else 0.0)
    if isinstance(base, str):
        raise ScanError(f"the base is 'shared', 'own' or a number, not {base!r}")
    return np.full(len(ends), float(base))


def _read(row: Branch, base: float, draws, criteria, unit: str, flat: bool, simulated: bool) -> SweepTransition:
    missing = Quantity(float("nan"), float("nan"), unit)
    if flat:
        note = "no transition: the low state holds throughout the measured range"
        return SweepTransition(row.sweep, row.slow, row.direction, dict.fromkeys(criteria, missing), None, note, row)
    curve = TransitionCurve.fitted(row.fast, row.values, row.errors, base)
    at, notes = {}, []
    for criterion in criteria:
        value = curve.read(criterion, curve.share())
        if np.isnan(value):
            at[criterion] = missing
            notes.append(_why(curve, criterion))
            continue
        drawn = np.array([curve.read(criterion, curve.share(values)) for values in draws])
        drawn = drawn[np.isfinite(drawn)]
        by_slope = criterion in ("steepest", "onset")
        between = _by_window(curve, criterion) if by_slope else 0.0 if simulated else _GAP * _gap(curve, value)
        if simulated:
            error = np.abs(drawn - value).max() if len(drawn) else np.nan
        else:
            error = np.sqrt(np.mean((drawn - value) ** 2)) if len(drawn) >= len(draws) / 2 else np.nan
        error = np.hypot(error, between)
        at[criterion] = _in_kelvin(Quantity(value, float(error), unit))
    return SweepTransition(row.sweep, row.slow, row.direction, at, curve, "; ".join(dict.fromkeys(notes)), row)


def _in_kelvin(quantity: Quantity) -> Quantity:
    return quantity.to("K") if is_kind(quantity.unit, "temperature") else quantity


def _by_window(curve: TransitionCurve, criterion: str | float) -> float:
    """How well a place read from a slope is told by the curve itself: in a transition of several steps it depends on
    the window."""
    moved = [curve.read(criterion, curve.share(), window) for window in (_NARROWER, 1 / _NARROWER)]
    return float(np.nanmax([_WINDOW * curve.width, abs(moved[1] - moved[0]) / 2]))


def _gap(curve: TransitionCurve, value: float) -> float:
    right = int(np.clip(np.searchsorted(curve.x, value), 1, len(curve.x) - 1))
    return float(curve.x[right] - curve.x[right - 1])


def _why(curve: TransitionCurve, criterion: str | float) -> str:
    share = curve.share()
    level = level_of(criterion)
    level = 0.5 if level is None and criterion != "zero" else level or 0.01
    if share[:2].mean() >= level:
        what = "zero" if criterion == "zero" else f"{100 * level:g} % of the normal state"
        return f"none within the measured range: the sweep does not fall to {what}"
    return "none within the measured range: the transition reaches its upper end"
