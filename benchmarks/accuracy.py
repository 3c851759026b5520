"""The twin against every baseline on every scan at hand.

``python benchmarks/accuracy.py [--quick] [--nested] [NAME ...]`` prints, for each scan, the leave-one-sweep-out error
on inner sweeps of the twin and of every baseline, the twin's error against the truth where that is known, how often the
truth, measured afresh with the scan's noise, lies within 68 % and 95 % intervals, the error of the derivative along
the fast axis (in % of the steepest), and the time. Errors are in % of the values' range.

The twin's leave-one-sweep-out error is cross-fitted: a sweep is predicted by a stacking whose weights were chosen on
the other sweeps. ``--nested`` checks it by brute force, training a whole twin on each scan without one of its inner
sweeps and predicting that; the difference is how optimistic the reported figure is. ``--quick`` leaves out the two
scans of some 30 000 points.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from truths import Case, at_hand

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import Twin, train

LARGE = 10_000


def _truth(case: Case, twin: Twin) -> str:
    """Error, coverage and the derivative's error against the truth."""
    if case.points is None:
        return f"{'':>7} {'':>11} {'':>8}"
    inside = ~twin.extrapolates(case.points)
    points, values, noise, slopes = (part[inside] for part in (case.points, case.values, case.noise, case.slopes))
    mean, deviation = twin.predict(points)
    fresh = values + noise * np.random.default_rng(11).normal(size=len(values))
    within = [np.mean(np.abs(mean - fresh) < width * deviation) for width in (1.0, 1.96)]
    error = 100 * np.sqrt(np.mean((mean - values) ** 2)) / twin.score.value_range
    few = np.random.default_rng(12).permutation(len(points))[:2000]
    found, _ = twin.derivative(points[few], twin.axes[-1])
    steepest = np.abs(slopes).max()
    wrong = 100 * np.sqrt(np.mean((found - slopes[few]) ** 2)) / steepest if steepest > 0 else np.nan
    return f"{error:7.2f} {within[0]:5.2f} {within[1]:5.2f} {wrong:8.2f}"


def _nested(case: Case) -> float:
    """Root mean square error (% of the range) on inner sweeps of twins trained on the scan without each."""
    table = scans.points(case.scan)
    set_points = scans.set_points(table.coordinates[:, 0])
    wrong = []
    for place in np.unique(set_points)[1:-1]:
        mine = set_points == place
        masked = np.zeros(case.scan.size, bool)
        masked[np.flatnonzero(np.isfinite(np.asarray(case.scan.values, float).ravel()))] = mine
        twin = train(scans.with_masked(case.scan, masked))
        wrong.append(twin.predict(table.coordinates[mine])[0] - table.values[mine])
    return 100 * float(np.sqrt(np.mean(np.concatenate(wrong) ** 2))) / float(np.ptp(table.values))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="scans, by the names in the table (default: all)")
    parser.add_argument("--quick", action="store_true", help="leave out the scans of more than 10 000 points")
    parser.add_argument("--nested", action="store_true", help="check the held-out error by brute force")
    arguments = parser.parse_args()
    cases = [case for case in at_hand() if not arguments.names or case.name in arguments.names]
    if arguments.quick:
        cases = [case for case in cases if case.scan.size <= LARGE]
    nested = " nested" if arguments.nested else ""
    print(f"{'scan':<26} {'twin':>6} {'best baseline':>24} {'truth':>7}  68 %  95 % {'slope':>8} {'s':>6}{nested}")
    details, behind = [], []
    for case in cases:
        began = time.perf_counter()
        twin = train(case.scan)
        gone = time.perf_counter() - began
        score = twin.score
        share = 100 * score.inside / score.value_range
        best = min(score.baselines, key=lambda row, share=share: np.nan_to_num(share[row], nan=np.inf))
        line = f"{case.name:<26} {share[0]:6.2f} {score.methods[best]:>18} {share[best]:5.2f} "
        line += f"{_truth(case, twin)} {gone:6.1f}"
        if arguments.nested and case.scan.size <= LARGE:
            line += f" {_nested(case):6.2f}"
        print(line, flush=True)
        if share[0] > share[best]:
            behind.append(f"{case.name} ({share[0]:.2f} against {share[best]:.2f})")
        baselines = ", ".join(f"{name} {value:.2f}" for name, value in list(zip(score.methods, share, strict=True))[1:])
        details.append(f"{case.name}: {baselines}\n    stacking: {twin.mixture}")
    print("\nThe network alone, every baseline, and what the twin is made of:")
    print("\n".join(details))
    print("\nGoal: the twin at or below the best baseline on every scan.", "It holds." if not behind else "")
    if behind:
        print("It does not hold on:", "; ".join(behind))


if __name__ == "__main__":
    main()
