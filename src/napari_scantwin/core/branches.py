"""Which branch of a scan's history each of its readings belongs to.

A sample may remember what was done to it: warming and cooling across a first-order transition, a magnet's field up and
down, zero-field-cooled and field-cooled. Its scan then holds several values at one place, none of them wrong, and no
average of them was ever measured. The coordinate ``branch`` along the points of such a scan says in words which branch
each belongs to. A scan without it is looked through (:func:`marked`): sweeps at one set point are branches where they
differ by more than

    5 sqrt(s1^2 + s2^2) + |cubic - line| + 2 |y ds / s|

over several readings in a row and by more than a fiftieth of what is read there. ``s1`` and ``s2`` are the noise of
either sweep (its scatter about the line through the neighbours: error bars are often those of the amount), the second
part is what is not known between the readings of the one at the places of the other, the third what set points ``ds``
apart may do. Repeats that
agree are no branches. Branches are told by the direction of the fast axis, and where one direction was gone through
again with other values, by the order of measuring. A name that the coordinate has from elsewhere (a file, a person) is
kept as it is; one name for all says that there are no branches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.interpolate import PchipInterpolator

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.clouds import is_cloud
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sweeps import set_point_numbers, turns

__all__ = ["BRANCH", "marked", "mine", "names", "of_branch", "parted", "said_in", "told"]

#: The coordinate of a scan that holds branches, and the attribute of one that is of a single branch.
BRANCH = "branch"

#: How many deviations, and which share of what is read, two sweeps differ by to be two branches.
_DEVIATIONS, _SHARE = 5.0, 0.02
#: Differing readings in a row beyond the first that make a branch; those of all set points count together, since a
#: narrow hysteresis is met by few readings of each.
_IN_A_ROW = 2
#: Passes in one direction are branches where they differ at so many set points: at one of them it is a wrong sweep.
_SET_POINTS = 2
#: Readings of the shortest pass that is looked at, and the part of a sweep's reach by which it has turned round.
_SHORTEST, _TURN = 4, 0.02
#: Units in which a fast axis runs, and what its two directions are called.
_DIRECTIONS = (("K", "warming", "cooling"), ("A/m", "field up", "field down"), ("T", "field up", "field down"))
#: What short names of histories stand for in a file's name, the longer ones first.
_SAID = {
    r"zfc|zero[ _-]?field[ _-]?cool(?:ed|ing)": "zero-field-cooled",
    r"fcc": "field-cooled, cooling",
    r"fcw|fch": "field-cooled, warming",
    r"fc|field[ _-]?cool(?:ed|ing)": "field-cooled",
    r"warm(?:ing)?|heating": "warming",
    r"cool(?:ing|down)?": "cooling",
}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


def names(scan: xr.DataArray) -> tuple[str, ...]:
    """The branches that a scan's coordinate ``branch`` names, in the order of measuring; empty where there are fewer
    than two."""
    if BRANCH not in scan.coords or scan[BRANCH].dims != scan.dims or scans.is_gridded(scan):
        return ()
    said, first = np.unique(np.asarray(scan[BRANCH].values).astype(str), return_index=True)
    return tuple(said[np.argsort(first)].tolist()) if len(said) > 1 else ()


def of_branch(scan: xr.DataArray, name: str) -> xr.DataArray:
    """The readings of one branch.

    Parameters
    ----------
    scan
        A scan with branches.
    name
        One of :func:`names`.

    Returns
    -------
    xarray.DataArray
        A scan of that branch alone, which its attribute ``branch`` names.

    Raises
    ------
    ScanError
        Where the scan has no such branch.
    """
    known = names(scan)
    if name not in known:
        offered = f"its branches are {'; '.join(known)}" if known else "it has no branches"
        raise ScanError(f"the scan has no branch {name!r}: {offered}")
    rows = np.flatnonzero(np.asarray(scan[BRANCH].values).astype(str) == name)
    return scan.isel({scans.POINT: rows}).drop_vars(BRANCH).assign_attrs({BRANCH: name})


def mine(scan: xr.DataArray, name: str) -> np.ndarray:
    """Whether each reading is of a branch, bool in the scan's shape; none is where the scan does not say."""
    if BRANCH not in scan.coords:
        return np.zeros(scan.shape, bool)
    return np.broadcast_to(np.asarray(scan[BRANCH].values).astype(str) == name, scan.shape)


def parted(scan: xr.DataArray) -> dict[str, xr.DataArray]:
    """The scan of every branch by its name (:func:`of_branch`); empty where there are none."""
    return {name: of_branch(scan, name) for name in names(scan)}


def told(scan: xr.DataArray) -> np.ndarray | None:
    """The name of the branch of every reading that is a finite number [n]; None where the scan does not say it."""
    if BRANCH not in scan.coords or scan[BRANCH].dims != scan.dims:
        return None
    return np.asarray(scan[BRANCH].values).astype(str)[np.isfinite(np.asarray(scan.values, float))]


def said_in(text: str) -> str:
    """The branch that a text, such as a file's name, speaks of; empty where it speaks of none or of several."""
    found, left = [], text.lower()
    for pattern, word in _SAID.items():
        left, count = re.subn(rf"(?<![a-z])(?:{pattern})(?![a-z])", " ", left)
        found += [word] * bool(count)
    return found[0] if len(found) == 1 else ""


def marked(scan: xr.DataArray) -> xr.DataArray:
    """The scan with the coordinate ``branch`` where it holds several.

    Parameters
    ----------
    scan
        A gridded or ragged scan. A grid has one value at each place and so no branches, and a cloud of atoms no
        history.

    Returns
    -------
    xarray.DataArray
        The scan itself where it has the coordinate already, is one branch of another scan, or has no branches.
    """
    said = BRANCH in scan.coords or BRANCH in scan.attrs
    if said or scans.is_gridded(scan) or scans.is_lazy(scan) or not scan.size or is_cloud(scan):
        return scan
    passes = _passes(scan)
    groups = _told_apart(passes)
    if len(groups) < 2:
        return scan
    column = np.full(scan.size, "", dtype=object)
    for group, name in zip(groups, _named(groups, _words(scan)), strict=True):
        for one in group:
            column[one.rows] = name
    return scan.assign_coords({BRANCH: (scans.POINT, column.astype(str))})


@dataclass(frozen=True)
class _Pass:
    """One way along the fast axis at one set point: the rows of the scan, whether the axis rose, the how-manieth in its
    direction it is there, and, ascending along the fast axis, its readings with their noise."""

    rows: np.ndarray
    rising: bool
    place: int
    slow: np.ndarray
    fast: np.ndarray
    values: np.ndarray
    noise: float
    run: int = 0


def _passes(scan: xr.DataArray) -> list[_Pass]:
    """Every pass, in the order of measuring."""
    axes = [np.asarray(scan[name].values, float) for name in scans.axes(scan)]
    *slow, fast = axes
    values = np.asarray(scan.values, float)
    sweep = scans.sweep_numbers(scan) if len(axes) > 1 or "sweep" in scan.coords else np.zeros(scan.size, int)
    places = np.zeros(scan.size, int)
    if slow:
        numbers = np.stack([set_point_numbers(column) for column in slow], axis=1)
        places = np.unique(numbers, axis=0, return_inverse=True)[1].ravel()
    found: list[_Pass] = []
    runs: dict[tuple[int, bool], int] = {}
    order = np.argsort(sweep, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(sweep[order])) + 1)
    for mine in sorted(parts, key=lambda rows: rows[0]):
        for part, rising in _ways(fast[mine]):
            rows = mine[part]
            key = (int(np.median(places[rows])), rising)
            runs[key] = runs.get(key, -1) + 1
            good = rows[np.isfinite(values[rows])]
            good = good[np.argsort(fast[good], kind="stable")]
            at = np.array([np.median(column[rows]) for column in slow])
            noise = _noise(fast[good], values[good])
            found.append(_Pass(rows, rising, key[0], at, fast[good], values[good], noise, runs[key]))
    return found


def _ways(fast: np.ndarray) -> list[tuple[np.ndarray, bool]]:
    """The parts of a sweep between its turns; one that turns at every other reading is not in the order of
    measuring."""
    parts = turns(fast, _TURN * np.ptp(fast)) if np.ptp(fast) > 0 else []
    if len(parts) * _SHORTEST > len(fast):
        return [(np.arange(len(fast)), bool(fast[-1] >= fast[0]))]
    return parts


def _noise(fast: np.ndarray, values: np.ndarray) -> float:
    """The deviation of a reading of one pass, told by its scatter about the line through its neighbours."""
    if len(fast) < _SHORTEST:
        return 0.0
    left, right = fast[1:-1] - fast[:-2], fast[2:] - fast[1:-1]
    share = left / np.where(left + right > 0, left + right, 1)
    off = values[1:-1] - (1 - share) * values[:-2] - share * values[2:]
    return 1.4826 * float(np.median(np.abs(off / np.sqrt(1 + share**2 + (1 - share) ** 2))))


def _told_apart(passes: Sequence[_Pass]) -> list[list[_Pass]]:
    """The passes of each branch: those of one direction and number join the first branch that they agree with."""
    kinds: dict[tuple[int, bool], list[_Pass]] = {}
    for one in passes:
        kinds.setdefault((one.run, one.rising), []).append(one)
    branches: list[list[list[_Pass]]] = []
    for kind in kinds.values():
        same = next((mine for mine in branches if not any(_differ(other, kind) for other in mine)), None)
        if same is None:
            branches.append([kind])
        else:
            same.append(kind)
    return [[one for kind in mine for one in kind] for mine in branches]


def _differ(first: list[_Pass], second: list[_Pass]) -> bool:
    """Whether the passes of two kinds differ where they were taken at the same set points."""
    there = {one.place: one for one in first}
    pairs = [(there[one.place], one) for one in second if one.place in there]
    rows = np.array([_in_a_row(*pair) for pair in pairs]).reshape(-1, 2)
    if first[0].rising == second[0].rising and (rows > 0).any(axis=1).sum() < min(_SET_POINTS, len(there)):
        return False
    return bool(rows.sum(axis=0).max(initial=0) >= _IN_A_ROW)


def _in_a_row(one: _Pass, other: _Pass) -> tuple[int, int]:
    """How many readings in a row, beyond the first, the second pass differs by from the first: above and below it.
    Readings within one step of either pass count as one."""
    if min(len(one.fast), len(other.fast)) < _SHORTEST:
        return 0, 0
    fast, first = np.unique(one.fast, return_index=True)
    values = one.values[first]
    mine = (other.fast >= fast[0]) & (other.fast <= fast[-1])
    if len(fast) < _SHORTEST or mine.sum() < _SHORTEST:
        return 0, 0
    x, y = other.fast[mine], other.values[mine]
    line, cubic = np.interp(x, fast, values), PchipInterpolator(fast, values)(x)
    apart = max(
        (abs(a - b) / max(abs(a), abs(b)) for a, b in zip(one.slow, other.slow, strict=True) if a != b), default=0
    )
    limit = _DEVIATIONS * np.hypot(one.noise, other.noise) + np.abs(cubic - line) + 2 * apart * np.abs(y)
    limit = np.maximum(limit, _SHARE * max(np.ptp(values), np.ptp(y)))
    steps = np.searchsorted(fast, x, side="right")
    return _longest(y - cubic > limit, steps), _longest(cubic - y > limit, steps)


def _longest(flags: np.ndarray, steps: np.ndarray) -> int:
    """The steps of the longest run of ``flags`` beyond its first, of both passes."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    runs = [len(np.unique(steps[start:end])) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return max(0, max(runs, default=0) - 1)


def _words(scan: xr.DataArray) -> tuple[str, str]:
    """What the fast axis's rising and falling are called."""
    name = scans.axes(scan)[-1]
    unit = scan[name].attrs["units"]
    for known, up, down in _DIRECTIONS:
        if units.compatible(unit, known):
            return up, down
    plain = name.replace("_", " ")
    return f"{plain} up", f"{plain} down"


def _named(groups: list[list[_Pass]], words: tuple[str, str]) -> list[str]:
    """The branches' names: by direction, and where that is not enough by the order of measuring."""
    ways = [{one.rising for one in group} for group in groups]
    found, met = [], {True: 0, False: 0}
    for number, way in enumerate(ways):
        said = f"{_ORDINALS[number]} run" if number < len(_ORDINALS) else f"run {number + 1}"
        if len(way) == 1:
            (rising,) = way
            word, alike = words[0 if rising else 1], sum(rising in other for other in ways)
            nth = met[rising]
            met[rising] += 1
            if alike == 1:
                said = word
            elif len(set().union(*ways)) > 1:
                said = f"{word}, {_ORDINALS[min(nth, len(_ORDINALS) - 1)]} run"
        found.append(said)
    return found
