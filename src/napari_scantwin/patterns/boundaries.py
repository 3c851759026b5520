"""Where along an ordered axis the behaviour changes: a boundary found without labels, or that there is none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import branches, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.patterns.change_point import CLAIM, fit_change_point, whitened_scores
from napari_scantwin.patterns.learned import confusion, regression
from napari_scantwin.patterns.matrix import noise_factors, observation_table, proposed_places

__all__ = ["DIRECTION", "METHODS", "Boundary", "BoundaryAt", "boundary"]

METHODS = ("change", "confusion", "regression")
#: Stands for the branches of a scan that holds several.
DIRECTION = "direction"
_FEWEST = 8
#: Observations drawn at a value that has one row only.
_DRAWN = 40
#: Steps, and read-backs' changes, that differ by more than this from those beside them are a change of acquisition.
_OTHER_STEP, _JUMP = 1.5, 5.0
_MOST_CHANNELS = 20_000


@dataclass(frozen=True)
class BoundaryAt:
    """A boundary at one value of the other axis.

    Parameters
    ----------
    value
        That value, a number or the name of a branch; None where there is no other axis.
    at, low, high
        The place of the boundary and its interval, NaN where there is none.
    kind
        "none", or the form that fits best, which is not reliable; "learned" for the other methods.
    delta_bic
        What speaks for it (change point), else NaN.
    places, curve
        Where it was tried, and what spoke for it there.
    why_not
        Why there is none, or what is known of one that is not claimed, in a sentence.
    warnings
        What makes it suspect.
    candidate
        Where it would be, claimed or not.
    """

    value: float | str | None
    at: float
    low: float
    high: float
    kind: str
    delta_bic: float
    places: np.ndarray
    curve: np.ndarray
    why_not: str = ""
    warnings: tuple[str, ...] = ()
    candidate: float = float("nan")

    @property
    def found(self) -> bool:
        """Whether there is a boundary."""
        return bool(np.isfinite(self.at))


@dataclass(frozen=True)
class Boundary:
    """Where along an axis the behaviour changes, for every value of another.

    Parameters
    ----------
    scan
        The scan.
    along, each
        The ordered axis, and the other one; None where there is none.
    method
        One of :data:`METHODS`.
    results
        One for every value of ``each``, in their order; one alone without it.
    notes
        Sentences.
    """

    scan: xr.DataArray
    along: str
    each: str | None
    method: str
    results: tuple[BoundaryAt, ...]
    notes: tuple[str, ...] = ()

    @property
    def at(self) -> np.ndarray:
        """Places of the boundary, NaN where there is none [values of ``each``]."""
        return np.array([one.at for one in self.results])

    @property
    def unit(self) -> str:
        """The unit of the axis."""
        return self.scan[self.along].attrs["units"]

    @property
    def line(self) -> xr.DataArray:
        """The boundary as a scan over ``each`` (T*(H)), with a quarter of its interval as the standard error.

        Raises
        ------
        ScanError
            Where there is no other axis.
        """
        if self.each is None or self.each == DIRECTION:
            raise ScanError("a boundary is a line only for every value of another axis; name it as each")
        low, high = (np.array([getattr(one, end) for one in self.results]) for end in ("low", "high"))
        label = self.scan[self.along].attrs.get("long_name", self.along.replace("_", " "))
        name = f"{self.along}_of_boundary"
        return scans.gridded_scan(
            {self.each: (np.array([one.value for one in self.results], float), self.scan[self.each].attrs["units"])},
            self.at,
            name=name,
            unit=self.unit,
            errors=(high - low) / 4,
            long_names={name: f"{label} of the boundary"},
            attrs={key: self.scan.attrs[key] for key in ("source", "sha256") if key in self.scan.attrs},
        )

    @property
    def curve(self) -> xr.DataArray:
        """What speaks for a boundary at every place, a scan along the axis (and ``each``, on common places)."""
        first = self.results[0]
        name = {"change": "delta_bic", "confusion": "balanced_accuracy", "regression": "slope"}[self.method]
        unit = "dimensionless"
        along = {self.along: (first.places, self.unit)}
        if len(self.results) == 1 or self.each is None or self.each == DIRECTION:
            return scans.gridded_scan(along, first.curve, name=name, unit=unit)
        places = np.unique(np.concatenate([one.places for one in self.results]))
        rows = [np.interp(places, one.places, one.curve, np.nan, np.nan) for one in self.results]
        values = np.array([one.value for one in self.results], float)
        return scans.gridded_scan(
            {self.each: (values, self.scan[self.each].attrs["units"]), self.along: (places, self.unit)},
            np.array(rows),
            name=name,
            unit=unit,
        )

    def sentences(self) -> list[str]:
        """What was found, a sentence for each value of ``each``, with what makes it suspect."""
        unit = units.pretty(self.unit)
        told = []
        for one in self.results:
            words = (
                f"boundary at {one.at:.4g} {unit} ({one.low:.4g} to {one.high:.4g})"
                if one.found
                else f"no boundary: {one.why_not}"
            )
            if one.value is not None:
                words = f"{_named(self.scan, self.each, one.value)}: {words}"
            told += [words, *(f"suspect: {warning}" for warning in one.warnings)]
        return told


def _named(scan: xr.DataArray, each: str | None, value) -> str:
    if isinstance(value, str) or each is None or each == DIRECTION:
        return str(value)
    return f"{value:.5g} {units.pretty(scan[each].attrs['units'])}"


def boundary(
    scan: xr.DataArray,
    along: str,
    each: str | None = None,
    method: str = "change",
    *,
    gain: float | None = None,
    replicates: Sequence[str] | None = None,
    branch: str | None = None,
    seeds: int = 5,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Boundary:
    """Find where along an ordered axis the behaviour changes.

    Parameters
    ----------
    scan
        A gridded scan, or a ragged one whose sweeps run along ``along``.
    along
        The ordered axis, eight values or more.
    each
        An axis for every value of which a boundary is looked for by itself; ``"direction"`` for the branches of a scan
        that was measured up and down. All other axes are channels that are fitted jointly.
    method
        "change": a step, kink or onset against the best smooth course (:mod:`.change_point`). "confusion" and
        "regression": the published learned methods (:mod:`.learned`).
    gain
        What one count adds to a value; by default the scan's standard errors, else measured.
    replicates
        Axes whose values are observations of the same thing, for the learned methods; by default those of place, such
        as x and y. Where there is none, observations are drawn from the values' errors.
    branch
        The branch of a scan that holds several; they are never mixed.
    seeds
        How many networks the learned methods train.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    Boundary
        Places with intervals, or that there is none and why.

    Raises
    ------
    ScanError
        Where the scan does not fit, fewer than eight values are there, or directions would be mixed.
    Cancelled
        Where ``stop`` was set.
    """
    scans.check(scan)
    if method not in METHODS:
        raise ScanError(f"the method is one of {', '.join(METHODS)}; not {method!r}")
    names = scans.axes(scan)
    if along not in names:
        raise ScanError(f"a boundary lies along one of the axes {', '.join(names)}; not {along!r}")
    if each is not None and each != DIRECTION and (each not in names or each == along):
        others = ", ".join(name for name in names if name != along) or "none"
        raise ScanError(f"each is another of the axes ({others}), or 'direction'; not {each!r}")
    notes: list[str] = []
    if scans.is_gridded(scan):
        if each == DIRECTION or branch is not None:
            raise ScanError("this scan does not say in which direction it was measured; leave direction and branch out")
        series = _of_grid(scan, along, each, gain, replicates, method, notes)
    else:
        series = _of_sweeps(scan, along, each, branch, gain, notes)
    results = []
    for number, one in enumerate(series):
        if stop is not None and stop.is_set():
            raise Cancelled
        results.append(_one(scan, along, one, method, seeds, stop))
        if on_progress is not None:
            on_progress((number + 1) / len(series))
    return Boundary(scan, along, each, method, tuple(results), tuple(notes))


@dataclass(frozen=True)
class _Series:
    """Observations along the axis: places [n] ascending, values and errors [n, r, p] of r replicates."""

    value: float | str | None
    places: np.ndarray
    values: np.ndarray
    noise: np.ndarray
    warnings_at: Callable[[float], list[str]]


def _of_grid(scan, along, each, gain, replicates, method, notes) -> list[_Series]:
    rest = [name for name in scans.axes(scan) if name not in (along, each)]
    if replicates is None:
        replicates = [name for name in rest if name in proposed_places(scan)] if len(rest) > 1 else []
    replicates = [name for name in rest if name in set(replicates)]
    channels = [name for name in rest if name not in replicates]
    if not channels and replicates:
        channels, replicates = replicates, []
    order = [*([each] if each else []), along, *replicates, *channels]
    scan = scan.transpose(*order)
    values = np.asarray(scan.values, float)
    if "masked" in scan.coords:
        values = np.where(np.asarray(scan["masked"].transpose(*scan.dims).values, bool), np.nan, values)
    lead = 1 if each else 0
    repeats = int(np.prod([scan.sizes[name] for name in replicates], dtype=int))
    values = values.reshape(*(scan.sizes[name] for name in order[: lead + 1]), repeats, -1)
    errors = None
    if "standard_error" in scan.coords:
        errors = np.broadcast_to(scan["standard_error"].values, scan.shape).reshape(values.shape).astype(float)
    places, which = np.unique(np.asarray(scan[along].values, float), return_index=True)
    if len(places) < scan.sizes[along]:
        notes.append(f"{scan.sizes[along] - len(places)} repeated values of {along} averaged")
    values, errors = _sorted(values, errors, np.asarray(scan[along].values, float), places, lead)
    _check_length(places, along)
    measured_gain, offset = (0.0, 0.0) if errors is not None else _gain_of(scan, along, each, gain, notes)
    warn = _acquisition(scan, along, places, which)
    found = []
    for number in range(scan.sizes[each] if each else 1):
        block = values[number] if each else values
        error = None if errors is None else (errors[number] if each else errors)
        good = np.isfinite(block).all(axis=(0, 1))
        whole = np.isfinite(block).mean(axis=(1, 2)) > 0.5
        if not good.any() and whole.sum() >= _FEWEST:
            good = np.isfinite(block[whole]).all(axis=(0, 1))
        if good.mean() < 1:
            left = int((~good).sum())
            told = f"{left} channels with values that are not numbers left out"
            if told not in notes:
                notes.append(told)
        if not good.any():
            raise ScanError(f"no channel has values all along {along}; choose a part of the scan without holes")
        kept = np.isfinite(block[..., good]).all(axis=(1, 2))
        block = block[kept][..., good]
        _check_length(places[kept], along)
        noise = error[kept][..., good] if error is not None else _noise_of(places[kept], block, measured_gain, offset)
        value = float(scan[each].values[number]) if each else None
        found.append(_Series(value, places[kept], block, noise, warn))
    return found


def _sorted(values, errors, along, places, axis):
    """Values at ascending places, those of repeated places averaged; errors likewise."""
    groups = [np.flatnonzero(along == place) for place in places]
    if all(len(one) == 1 for one in groups):
        order = np.concatenate(groups)
        return np.take(values, order, axis), None if errors is None else np.take(errors, order, axis)
    mean = np.stack([np.take(values, one, axis).mean(axis) for one in groups], axis)
    if errors is not None:
        squares = [np.sqrt((np.take(errors, one, axis) ** 2).sum(axis)) / len(one) for one in groups]
        errors = np.stack(squares, axis)
    return mean, errors


def _check_length(places, along) -> None:
    if len(places) < _FEWEST:
        raise ScanError(
            f"{along.replace('_', ' ')} has {len(places)} values, and a boundary along it needs {_FEWEST} at least"
        )


def _gain_of(scan, along, each, gain, notes) -> tuple[float, float]:
    """Gain and offset of the noise; zero both where each series is asked by itself."""
    if gain is not None and gain > 0:
        return float(gain), 0.0
    over = tuple(name for name in (each, along) if name is not None)
    if len(scans.axes(scan)) == len(over) or gain == 0:
        return 0.0, 0.0
    try:
        table = observation_table(scan, over)
    except ScanError:
        notes.append(
            f"the noise does not grow with the values; it is taken from what neighbours along {along} differ by"
        )
        return 0.0, 0.0
    return table.gain, table.offset


def _noise_of(places, block, gain: float, offset: float) -> np.ndarray:
    """One standard deviation of values [n, r, p]."""
    if gain > 0:
        rows = block.reshape(-1, block.shape[-1])
        of_rows, of_channels = noise_factors(rows.mean(axis=1), rows.mean(axis=0), gain, offset)
        return (of_rows[:, None] * of_channels).reshape(block.shape)
    return np.broadcast_to(_from_neighbours(places, block.mean(axis=1)) * np.sqrt(block.shape[1]), block.shape)


def _from_neighbours(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The noise of channels [p] from what readings [n, p] differ from the line through their neighbours by."""
    share = (places[1:-1] - places[:-2]) / (places[2:] - places[:-2])
    line = values[:-2] * (1 - share)[:, None] + values[2:] * share[:, None]
    scale = np.sqrt(1 + share**2 + (1 - share) ** 2)[:, None]
    size = np.abs(values[1:-1] - line) / scale
    # The lower half: about a transition the line through the neighbours is off by more than noise.
    low = 2.1 * np.sort(size, axis=0)[: max(2, len(size) // 2)].mean(axis=0) / 0.68
    least = 1e-6 * np.maximum(np.ptp(values, axis=0), np.finfo(float).tiny)
    return np.maximum(low, least)


def _acquisition(scan, along, places, which) -> Callable[[float], list[str]]:
    """A function that says, of a place, what of the acquisition changes within a step of it."""
    own = {*scans.axes(scan), "masked", "standard_error", "extrapolated", "sweep", "branch"}
    further = {
        str(name): np.asarray(coord.values)[which]
        for name, coord in scan.coords.items()
        if name not in own and coord.dims == (along,)
    }
    unit = units.pretty(scan[along].attrs["units"])
    steps = np.diff(places)

    def warn(at: float) -> list[str]:
        said = []
        near = np.abs(places - at) <= 1.01 * max(_step_at(places, at), 1e-300)
        for number in np.flatnonzero(near[1:-1]):
            before, after = steps[number], steps[number + 1]
            if max(before, after) > _OTHER_STEP * min(before, after):
                said.append(
                    f"the step of {along.replace('_', ' ')} changes from {before:.3g} to {after:.3g} {unit} at "
                    f"{places[number + 1]:.4g} {unit}, within a step of it"
                )
        for name, column in further.items():
            jumps = _jumps(column)
            if (jumps & (near[1:] | near[:-1])).any():
                said.append(f"{name.replace('_', ' ')} changes within a step of it")
        return said

    return warn


def _step_at(places: np.ndarray, at: float) -> float:
    number = int(np.clip(np.searchsorted(places, at), 1, len(places) - 1))
    return float(places[number] - places[number - 1])


def _jumps(column: np.ndarray) -> np.ndarray:
    """Where a read-back jumps from one reading to the next [n - 1]."""
    if column.dtype.kind not in "iuf":
        return column[1:] != column[:-1]
    change = np.abs(np.diff(column.astype(float)))
    usual = np.median(change)
    return change > max(_JUMP * usual, 1e-6 * max(float(np.abs(column).max()), 1e-300))


def _of_sweeps(scan, along, each, branch, gain, notes) -> list[_Series]:
    """The sweeps of a ragged scan, one series each."""
    names = scans.axes(scan)
    if along != names[-1]:
        raise ScanError(
            f"the sweeps of this scan run along {names[-1]}, and every one has its own values of it; for a boundary "
            f"along {along} simulate it on a grid first"
        )
    if branches.BRANCH not in scan.attrs:
        scan = branches.marked(scan)
    known = branches.names(scan)
    if branch is not None:
        scan, known = branches.of_branch(scan, branch), ()
    if known and each != DIRECTION:
        raise ScanError(
            f"the scan holds {' and '.join(known)}, which are never mixed; name one as branch, or say each='direction'"
        )
    if each == DIRECTION:
        if not known:
            raise ScanError("this scan was measured in one direction only; leave direction out")
        return [
            one for name in known for one in _sweeps(branches.of_branch(scan, name), along, None, gain, notes, name)
        ]
    return _sweeps(scan, along, each, gain, notes, None)


def _sweeps(scan, along, each, gain, notes, name) -> list[_Series]:
    table = scans.points(scan)
    slow = list(scans.axes(scan)[:-1])
    points = np.round(table.coordinates[:, :-1], 12)
    settings = scans.sweeps(scan)
    numbers = {one.number: one for one in settings if not one.left_out}
    used = ~table.masked & np.isin(table.sweep, list(numbers))
    if each is None and len(numbers) > 1:
        advice = f"name an axis for every value of which a boundary is looked for (each={slow[0]!r})"
        raise ScanError(f"the scan has {len(numbers)} sweeps; {advice if slow else 'choose one of them'}")
    if each is not None and len(slow) > 1:
        others = [k for k, one in enumerate(slow) if one != each]
        if any(np.ptp(points[used][:, k]) > 0 for k in others):
            raise ScanError(f"sweeps differ in {', '.join(slow[k] for k in others)} too; choose one value of it first")
    found, short = [], 0
    by_value: dict[float, list[int]] = {}
    for number, one in numbers.items():
        by_value.setdefault(one.slow[each] if each else np.nan, []).append(number)
    for value, mine in sorted(by_value.items()):
        rows = np.flatnonzero(used & np.isin(table.sweep, mine))
        places, group = np.unique(table.coordinates[rows, -1], return_inverse=True)
        counts = np.bincount(group)
        values = np.bincount(group, table.values[rows]) / counts
        if len(places) < _FEWEST:
            short += 1
            continue
        if len(places) < len(rows):
            told = f"repeated values of {along} averaged"
            notes.extend([] if told in notes else [told])
        block = values[:, None, None]
        if table.errors is not None and np.isfinite(table.errors[rows]).all() and gain is None:
            noise = np.sqrt(np.bincount(group, table.errors[rows] ** 2) / counts**2)[:, None, None]
            scatter = _from_neighbours(places, values[:, None])[0]
            noise = np.maximum(noise, scatter)  # stated errors are often those of the amplifier alone
        else:
            noise = _noise_of(places, block, gain or 0.0, 0.0)
        warn = _acquisition_of_places(places, along, scan[along].attrs["units"])
        found.append(
            _Series(name if name is not None else (float(value) if each else None), places, block, noise, warn)
        )
    if short:
        notes.append(f"{short} sweeps of fewer than {_FEWEST} values left out")
    if not found:
        _check_length(np.empty(0), along)
    return found


def _acquisition_of_places(places, along, unit) -> Callable[[float], list[str]]:
    """As :func:`_acquisition`, of a sweep, whose readings are never quite evenly spaced: the step has to change from
    several readings to several."""
    steps = np.diff(places)
    shown = units.pretty(unit)

    def warn(at: float) -> list[str]:
        number = int(np.clip(np.searchsorted(places, at), 4, len(places) - 4))
        for edge in range(number - 1, number + 2):
            before, after = np.median(steps[max(edge - 4, 0) : edge]), np.median(steps[edge : edge + 4])
            if max(before, after) > 2 * _OTHER_STEP * min(before, after):
                return [
                    f"the step of {along.replace('_', ' ')} changes from {before:.3g} to {after:.3g} {shown} at "
                    f"{places[edge]:.4g} {shown}, within a step of it"
                ]
        return []

    return warn


def _one(scan, along, series: _Series, method, seeds, stop) -> BoundaryAt:
    if method == "change":
        return _change(along, scan, series)
    rows, classes = _observations(series)
    learn = confusion if method == "confusion" else regression
    found = learn(series.places, rows, classes, seeds=seeds, stop=stop)
    half = max(2 * found.spread, _step_at(series.places, found.at) / 2) if np.isfinite(found.at) else np.nan
    return BoundaryAt(
        series.value,
        found.at,
        found.at - half,
        found.at + half,
        "none" if found.why_not else "learned",
        float("nan"),
        found.places,
        found.curve,
        found.why_not,
        tuple(series.warnings_at(found.at)) if np.isfinite(found.at) else (),
        found.at,
    )


def _change(along, scan, series: _Series) -> BoundaryAt:
    values = series.values.mean(axis=1)
    noise = np.sqrt(np.mean(series.noise**2, axis=1) / series.values.shape[1])
    if values.shape[1] > _MOST_CHANNELS:  # neighbouring channels together: the noise of sums adds up in squares
        size = -(-values.shape[1] // _MOST_CHANNELS)
        starts = np.arange(0, values.shape[1], size)
        values = np.add.reduceat(values, starts, axis=1)
        noise = np.sqrt(np.add.reduceat(noise**2, starts, axis=1))
    if not (np.ptp(values, axis=0) > 0).any():
        raise ScanError(
            f"{scan.name.replace('_', ' ')} is the same all along {along.replace('_', ' ')}: nothing changes"
        )
    if not noise.any(axis=1).all():
        raise ScanError("some of the readings have no noise to judge a change by: give the error of each reading")
    found = fit_change_point(series.places, *whitened_scores(values, noise))
    unit = units.pretty(scan[along].attrs["units"])
    if not found.claimed:
        words = (
            f"a smooth change fits as well (the best place for one, {found.at:.4g} {unit}, is better by "
            f"{max(found.delta_bic, 0):.0f}, and {CLAIM:.0f} are asked for)"
        )
        nothing = (float("nan"),) * 3
        return BoundaryAt(
            series.value, *nothing, "none", found.delta_bic, found.places, found.profile, words, (), found.at
        )
    return BoundaryAt(
        series.value,
        found.at,
        found.low,
        found.high,
        found.kind.split()[0].strip(","),
        found.delta_bic,
        found.places,
        found.profile,
        "",
        tuple(series.warnings_at(found.at)),
        found.at,
    )


def _observations(series: _Series) -> tuple[np.ndarray, np.ndarray]:
    """Rows [n, p] and which value of the axis each belongs to."""
    count, repeats, channels = series.values.shape
    if repeats > 1:
        return series.values.reshape(-1, channels), np.repeat(np.arange(count), repeats)
    if not (np.isfinite(series.noise).all() and (series.noise > 0).any()):
        raise ScanError("each value has one row and no error is known, so that nothing can be drawn; give the gain")
    random = np.random.default_rng(0)
    drawn = series.values + series.noise * random.standard_normal((count, _DRAWN, channels))
    return drawn.reshape(-1, channels), np.repeat(np.arange(count), _DRAWN)
