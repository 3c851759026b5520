"""What to measure next for one number of the map, replayed; ``python benchmarks/planning.py --quantity`` runs it.

The scans, starts and strategies are those of ``benchmarks/planning.py``, and two kinds of proposals are compared: those
made for the number (``plan_sweeps(..., of=number)``) and those made for the whole map. The number is the peak entropy
change up to the highest field where the scan holds moments, and the transition (50 %) at a value of the slow axis
between sweeps where it holds resistances. Its error is that of the number read from the twin's map against the one
read from the dense truth (of a measured scan: from the twin of all its sweeps), in % of it, root mean square over the
starts. "Sweeps needed" counts those until it stays within 2 % (the mean over the starts; one that never does counts as
one more than were tried).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from planning import FIRST, STRATEGIES, Replay
from truths import Case

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import PeakEntropyChange, TransitionTemperature, plan_sweeps

__all__ = ["number_of", "replay_numbers"]

#: Rows and columns of the map the number is read from; where the transition is, as a share of the slow axis's values.
_ROWS, _FAST, _PLACE = 61, 241, 0.58
#: Share of the number it must stay within.
_TOLERANCE = 0.02
_NUMBER, _MAP = "for the number", "for the map"
_CHOICES = (_NUMBER, _MAP, *(name for name in STRATEGIES if name != "proposals"))


def number_of(scan) -> Callable | None:
    """The number a scan is measured for, or None where there is none."""
    unit = scan.attrs["units"]
    if len(scans.axes(scan)) != 2:
        return None
    if units.compatible(unit, "emu"):
        return PeakEntropyChange()
    if units.compatible(unit, "ohm"):
        slow = np.asarray(scan[scans.axes(scan)[0]].values, float)
        return TransitionTemperature(float(slow.min() + _PLACE * np.ptp(slow)))
    return None


def replay_numbers(cases: Sequence[Case], starts: int, most: int, jobs: int | None) -> None:
    """Print the table of every case that has a number, and the means."""
    cases = [case for case in cases if number_of(case.scan) is not None]
    everything = []
    with ProcessPoolExecutor(jobs) as pool:
        for case in cases:
            last = min(most, len(Replay.of(case).offered) - 1)
            found = list(pool.map(_job, [(case, start, last) for start in range(starts)]))
            courses = {name: np.stack([one[name] for one in found]) for name in _CHOICES}
            everything.append(_report(case.name, number_of(case.scan), courses, range(FIRST, last + 1)))
    if len(everything) > 1:
        means = {name: np.mean([needed[name] for needed in everything]) for name in _CHOICES}
        print("\nMean sweeps needed:", ", ".join(f"{name} {mean:.2f}" for name, mean in means.items()))


def _job(arguments) -> dict[str, np.ndarray]:
    case, start, most = arguments
    replay = Replay.of(case)
    truth = _truth(replay, number_of(case.scan))
    return {name: _course(replay, name, start, most) / truth - 1 for name in _CHOICES}


def _course(replay: Replay, strategy: str, start: int, most: int) -> np.ndarray:
    """The number with 4, 5, ... ``most`` sweeps."""
    number, random = number_of(replay.like.scan), np.random.default_rng(1000 + start)
    chosen = replay.start(start)
    found = [_read(replay, number, chosen)]
    while len(chosen) < most:
        place = _for_number(replay, number, chosen) if strategy == _NUMBER else None
        if place is None:  # another strategy; or nothing more is expected for the number
            place = STRATEGIES["proposals" if strategy in (_NUMBER, _MAP) else strategy](replay, chosen, random)
        chosen = (*chosen, place)
        found.append(_read(replay, number, chosen))
    return np.array(found)


def _for_number(replay, number, chosen: tuple[int, ...]) -> int | None:
    try:
        plan = plan_sweeps(replay.twin(chosen)[0], 1, among=replay.offered, of=number)
    except ScanError:  # the number is not found in this twin's map
        return None
    if not plan.proposals:
        return None
    return int(np.argmin(np.abs(replay.offered - plan.proposals[0].value)))


def _truth(replay, number) -> float:
    if replay.like.points is None:
        return _read(replay, number, tuple(range(len(replay.offered))))
    names = scans.axes(replay.like.scan)
    fast = replay.truth[0][0]
    values = np.stack([np.interp(fast, *row) for row in replay.truth])
    like = replay.like.scan
    dense = scans.gridded_scan(
        {names[0]: (replay.offered, like[names[0]].attrs["units"]), names[1]: (fast, like[names[1]].attrs["units"])},
        values,
        name=str(like.name),
        unit=like.attrs["units"],
        errors=np.zeros(values.shape),
        attrs={"kind": "simulated"},
    )
    return float(number(dense))


def _read(replay, number, chosen: tuple[int, ...]) -> float:
    """The number of the twin of the sweeps ``chosen``; NaN where its map holds none."""
    names = scans.axes(replay.like.scan)
    rows = np.interp(np.linspace(0, len(replay.offered) - 1, _ROWS), np.arange(len(replay.offered)), replay.offered)
    fast = np.concatenate([f for f, _ in replay.truth])
    grid = {names[0]: rows, names[1]: np.linspace(fast.min(), fast.max(), _FAST)}
    try:
        return float(number(replay.twin(chosen)[0].simulate(grid)))
    except ScanError:
        return float("nan")


def _needed(errors: np.ndarray) -> int:
    """Sweeps from which on ``errors`` [n] stay within the tolerance."""
    outside = np.flatnonzero(~(np.abs(errors) <= _TOLERANCE))
    return FIRST + (int(outside[-1]) + 1 if len(outside) else 0)


def _report(name: str, number, courses: dict[str, np.ndarray], counts: range) -> dict[str, float]:
    """Print one scan's table; the sweeps each strategy needs."""
    print(f"\n{name}: error of the {number} (%), by number of sweeps")
    print(f"  {'':<18}" + "".join(f"{count:>7}" for count in counts))
    for strategy, errors in courses.items():
        print(f"  {strategy:<18}" + "".join(f"{v:7.2f}" for v in 100 * np.sqrt(np.nanmean(errors**2, axis=0))))
    needed = {strategy: float(np.mean([_needed(row) for row in errors])) for strategy, errors in courses.items()}
    words = ", ".join(f"{strategy} {mean:.1f}" for strategy, mean in needed.items())
    print(f"  sweeps needed to stay within {100 * _TOLERANCE:g} %: {words}", flush=True)
    return needed
