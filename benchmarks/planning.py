"""What to measure next, replayed on scans whose answer is known.

``python benchmarks/planning.py [--starts 10] [--most 9] [--jobs 2] [NAME ...]`` hides all but four sweeps of a scan
(both ends of the slow axis and two drawn at random), lets each strategy add one sweep after the other, trains the twin
afresh after each, and prints the error of its map, root mean square over every sweep that could be measured, in % of
the values' range, median over the starts; with ``--quantity`` that of a number read from the map
(``benchmarks/planning_quantities.py``). The strategies:

* proposals: ``napari_scantwin.planning.next_sweeps``;
* even spacing: the middle of the widest gap between measured sweeps;
* random choice;
* Gaussian process: where the standard deviation of a process fitted to what was measured is largest along the sweep.

All of them choose from the same list of sweeps, "even" and "middle" counted along that list, and all are judged by the
same twin. "Sweeps needed" counts those until the error is within a tenth of what even spacing has halfway and at the
end (the mean over the starts; one that never arrives counts as one more than were tried). "Even grid" is what nobody
who starts from four sweeps can have: as many sweeps, spaced evenly from the beginning. Every scan counts.

A scan of a dense truth offers its rows as sweeps, measured with the scan's own noise; a measured scan its own
sweeps. Planes and noise, where any choice is as good, are left away, and so are cubes. All of it takes about an hour
on two cores; ``--starts 3`` a third of that.
"""

from __future__ import annotations

import argparse
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from threadpoolctl import threadpool_limits
from truths import Case, at_hand

from napari_scantwin.core import scan as scans
from napari_scantwin.planning import next_sweeps
from napari_scantwin.twin import Twin, TwinSettings, train

SETTINGS = TwinSettings(members=2)
FIRST = 4
#: Sweeps a truth offers, points of a sweep, and points a measured sweep is subsampled to.
ROWS, POINTS, MOST_POINTS = 61, 60, 120
DULL = ("plane", "noise")
#: An error this much above the one aimed for counts as that: trainings scatter.
SLACK = 1.1
TARGETS = ("halfway", "at the end")


@dataclass
class Replay:
    """A scan whose sweeps are there to be asked for: ``offered`` [m] values of the slow axis and for each its sweep,
    (fast, values); ``truth`` [m] of (fast, values) is what the map is judged by."""

    name: str
    like: Case
    offered: np.ndarray
    sweeps: list[tuple[np.ndarray, np.ndarray]]
    truth: list[tuple[np.ndarray, np.ndarray]]
    known: dict = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case) -> Replay:
        """The replay of a case with a dense truth, or of the sweeps of a measured one."""
        random = np.random.default_rng(5)
        sweeps, truth = [], []
        if case.points is not None:
            rows = np.unique(case.points[:, 0])
            rows = rows[np.unique(np.linspace(0, len(rows) - 1, ROWS).round().astype(int))]
            for row in rows:
                mine = case.points[:, 0] == row
                fast, values, noise = case.points[mine, 1], case.values[mine], case.noise[mine]
                step = np.ptp(fast) / (POINTS - 1)
                places = np.linspace(fast[0], fast[-1], POINTS) + random.uniform(-0.3, 0.3, POINTS) * step
                drawn = np.interp(places, fast, noise) * random.normal(size=POINTS)
                sweeps.append((places, np.interp(places, fast, values) + drawn))
                truth.append((fast, values))
        else:
            table = scans.points(case.scan)
            settled = scans.set_points(table.coordinates[:, 0])
            rows = np.unique(settled)
            for row in rows:
                mine = np.flatnonzero(settled == row)
                mine = mine[:: max(1, len(mine) // MOST_POINTS)]
                sweeps.append((table.coordinates[mine, 1], table.values[mine]))
            truth = sweeps
        return cls(case.name, case, rows, sweeps, truth)

    def scan(self, chosen: tuple[int, ...]):
        """The scan of the sweeps ``chosen``."""
        slow_name, fast_name = scans.axes(self.like.scan)
        slow = np.concatenate([np.full(len(self.sweeps[k][0]), self.offered[k]) for k in chosen])
        units = [self.like.scan[name].attrs["units"] for name in (slow_name, fast_name)]
        columns = {slow_name: (slow, units[0]), fast_name: (self._joined(self.sweeps, chosen, 0), units[1])}
        return scans.ragged_scan(
            columns,
            self._joined(self.sweeps, chosen, 1),
            name=str(self.like.scan.name),
            unit=self.like.scan.attrs["units"],
        )

    @staticmethod
    def _joined(sweeps, chosen, part: int) -> np.ndarray:
        return np.concatenate([sweeps[k][part] for k in chosen])

    def twin(self, chosen: tuple[int, ...]) -> tuple[Twin, float]:
        """The twin of the sweeps ``chosen`` and its map's error in % of the range; kept for those who choose alike."""
        key = tuple(sorted(chosen))
        if key not in self.known:
            with threadpool_limits(1):
                twin = train(self.scan(key), SETTINGS, score_baselines=False)
                wrong = self.wrong(twin)
            values = np.concatenate([values for _, values in self.truth])
            self.known[key] = twin, 100 * float(np.sqrt(wrong.mean())) / float(np.ptp(values))
        return self.known[key]

    def wrong(self, twin: Twin) -> np.ndarray:
        """Mean squared error of every sweep on offer [m]."""
        places = [np.stack([np.full(len(f), s), f], axis=1) for s, (f, _) in zip(self.offered, self.truth, strict=True)]
        mean = twin.predict(np.concatenate(places))[0]
        squared = (mean - np.concatenate([values for _, values in self.truth])) ** 2
        ends = np.cumsum([len(place) for place in places])
        return np.array([part.mean() for part in np.split(squared, ends[:-1])])

    def start(self, number: int) -> tuple[int, ...]:
        """Both ends and two sweeps between, drawn with the seed ``number``."""
        inner = np.random.default_rng(number).choice(np.arange(1, len(self.offered) - 1), FIRST - 2, replace=False)
        return (0, *(int(k) for k in np.sort(inner)), len(self.offered) - 1)


def _proposals(replay: Replay, chosen: tuple[int, ...], random) -> int:
    (found,) = next_sweeps(replay.twin(chosen)[0], 1, among=replay.offered)
    return int(np.argmin(np.abs(replay.offered - found.value)))


def _even(replay: Replay, chosen: tuple[int, ...], random) -> int:
    known = np.sort(chosen)
    gap = int(np.argmax(np.diff(known)))
    return int((known[gap] + known[gap + 1]) // 2)


def _random(replay: Replay, chosen: tuple[int, ...], random) -> int:
    return int(random.choice(np.setdiff1d(np.arange(len(replay.offered)), chosen)))


def _gaussian(replay: Replay, chosen: tuple[int, ...], random) -> int:
    count = len(replay.offered)
    fast = replay._joined(replay.sweeps, chosen, 0)
    low, span = fast.min(), np.ptp(fast)
    slow = np.concatenate([np.full(len(replay.sweeps[k][0]), k / (count - 1)) for k in chosen])
    x, y = np.stack([slow, (fast - low) / span], axis=1), replay._joined(replay.sweeps, chosen, 1)
    few = np.unique(np.linspace(0, len(x) - 1, 400).astype(int))
    y = (y - y.mean()) / y.std()
    kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern([0.3, 0.3], (1e-2, 1e2), nu=1.5) + WhiteKernel(1e-3, (1e-8, 1.0))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bounds that are reached are no news
        process = GaussianProcessRegressor(kernel).fit(x[few], y[few])
        places = np.stack(np.meshgrid(np.arange(count) / (count - 1), np.linspace(0, 1, 25), indexing="ij"), axis=-1)
        deviation = process.predict(places.reshape(-1, 2), return_std=True)[1].reshape(count, 25)
    variance = (deviation**2).mean(axis=1)
    variance[list(chosen)] = -1
    return int(np.argmax(variance))


STRATEGIES = {"proposals": _proposals, "even spacing": _even, "random choice": _random, "Gaussian process": _gaussian}


def course(replay: Replay, strategy: str, start: int, most: int) -> np.ndarray:
    """The map's error with 4, 5, ... ``most`` sweeps."""
    random = np.random.default_rng(1000 + start)
    chosen = replay.start(start)
    errors = [replay.twin(chosen)[1]]
    while len(chosen) < most:
        chosen = (*chosen, STRATEGIES[strategy](replay, chosen, random))
        errors.append(replay.twin(chosen)[1])
    return np.array(errors)


def grid_course(replay: Replay, most: int) -> np.ndarray:
    """The same for sweeps spaced evenly from the beginning."""
    last = len(replay.offered) - 1
    grids = [np.unique(np.linspace(0, last, count).round().astype(int)) for count in range(FIRST, most + 1)]
    return np.array([replay.twin(tuple(int(k) for k in grid))[1] for grid in grids])


def reached(errors: np.ndarray, target: float) -> int:
    """Sweeps until ``errors`` [n] first come down to ``target``."""
    good = np.flatnonzero(errors <= target)
    return FIRST + (int(good[0]) if len(good) else len(errors))


def _job(arguments) -> dict[str, np.ndarray]:
    case, start, most = arguments
    replay = Replay.of(case)
    courses = {name: course(replay, name, start, most) for name in STRATEGIES}
    return courses | ({"even grid": grid_course(replay, most)} if start == 0 else {})


def report(name: str, courses: dict[str, np.ndarray], counts: range) -> dict[str, list[float]]:
    """Print one scan's table; the sweeps each strategy needs for the two targets."""
    print(f"\n{name}: error of the map (% of the range), by number of sweeps")
    print(f"  {'':<18}" + "".join(f"{count:>7}" for count in counts))
    for strategy, errors in courses.items():
        print(f"  {strategy:<18}" + "".join(f"{value:7.2f}" for value in np.median(np.atleast_2d(errors), axis=0)))
    even = np.median(courses["even spacing"], axis=0)
    goals = (even[len(even) // 2], even[-1])
    needed = {
        strategy: [float(np.mean([reached(errors, SLACK * goal) for errors in courses[strategy]])) for goal in goals]
        for strategy in STRATEGIES
    }
    words = ", ".join(f"{strategy} {row[0]:.1f} and {row[1]:.1f}" for strategy, row in needed.items())
    print(f"  sweeps needed for {goals[0]:.2f} and {goals[1]:.2f}: {words}", flush=True)
    return needed


def main() -> None:
    """Print the tables and who wins."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="scans, by the names in the table (default: all)")
    parser.add_argument("--starts", type=int, default=10, help="starts a scan (default 10)")
    parser.add_argument("--most", type=int, default=9, help="sweeps to go to (default 9)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="starts replayed at once")
    parser.add_argument("--quantity", action="store_true", help="replay a number of the map instead of the map")
    arguments = parser.parse_args()
    cases = [case for case in at_hand() if len(scans.axes(case.scan)) == 2 and case.name not in DULL]
    cases = [case for case in cases if not arguments.names or case.name in arguments.names]
    if arguments.quantity:
        from planning_quantities import replay_numbers

        replay_numbers(cases, arguments.starts, arguments.most, arguments.jobs)
        return
    everything = {}
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for case in cases:
            most = min(arguments.most, len(Replay.of(case).offered) - 1)
            jobs = [(case, start, most) for start in range(arguments.starts)]
            found = list(pool.map(_job, jobs))
            courses = {name: np.stack([one[name] for one in found if name in one]) for name in found[0]}
            everything[case.name] = report(case.name, courses, range(FIRST, most + 1))
    losses = [
        f"{name} ({TARGETS[k]}: {needed['proposals'][k]:.1f} sweeps, {baseline} {row[k]:.1f})"
        for name, needed in everything.items()
        for baseline, row in needed.items()
        for k in range(2)
        if row[k] < needed["proposals"][k]
    ]
    for k, target in enumerate(TARGETS if everything else ()):
        means = {s: np.mean([needed[s][k] for needed in everything.values()]) for s in STRATEGIES}
        words = ", ".join(f"{strategy} {mean:.2f}" for strategy, mean in means.items())
        print(f"\nMean sweeps needed for what even spacing has {target}: {words}")
    print("\nGoal: the proposals need no more sweeps than any other on every scan.", "" if losses else "It holds.")
    if losses:
        print("It does not hold on:", "; ".join(losses))


if __name__ == "__main__":
    main()
