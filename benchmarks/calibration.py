"""How often the truth lies within the twin's error bars, at sweeps it never saw and between the sweeps it saw.

``python benchmarks/calibration.py [NAME ...]``. At sweeps: a whole twin is trained on the scan without each of its
inner sweeps in turn (at most eight), and its intervals are compared with that sweep as measured; nothing of the sweep
is in them. Between sweeps: the truth at dense places, measured afresh with the scan's noise, where the truth is
known. Beyond: the standard deviation a step outside the measured range against its median inside. Scans of more than
10 000 points are left out at sweeps, where each would take minutes.
Goals: over all scans the 68 % interval covers 63 to 73 % and the 95 % interval 92 to 98 %, at sweeps and between them;
it grows outside.
"""

from __future__ import annotations

import sys

import numpy as np
from truths import Case, at_hand

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import Twin, train

_LARGE, _MOST_SWEEPS = 10_000, 8
_WIDTHS = (1.0, 1.96)
_GOALS = ((0.63, 0.73), (0.92, 0.98))


def covered(mean: np.ndarray, deviation: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Share of ``measured`` within the 68 % and the 95 % interval."""
    return np.array([np.mean(np.abs(mean - measured) <= width * deviation) for width in _WIDTHS])


def at_sweeps(case: Case) -> np.ndarray | None:
    """Coverage of inner sweeps by twins trained without them, each sweep counting alike."""
    if case.scan.size > _LARGE:
        return None
    table = scans.points(case.scan)
    set_points = scans.set_points(table.coordinates[:, 0])
    inner = np.unique(set_points)[1:-1]
    found = []
    for place in inner[np.unique(np.linspace(0, len(inner) - 1, _MOST_SWEEPS).round().astype(int))]:
        mine = set_points == place
        masked = np.zeros(case.scan.size, bool)
        masked[np.flatnonzero(np.isfinite(np.asarray(case.scan.values, float).ravel()))] = mine
        twin = train(scans.with_masked(case.scan, masked), score_baselines=False)
        found.append(covered(*twin.predict(table.coordinates[mine]), table.values[mine]))
    return np.mean(found, axis=0)


def between(case: Case, twin: Twin) -> np.ndarray | None:
    """Coverage of the dense truth, measured afresh."""
    if case.points is None:
        return None
    inside = ~twin.extrapolates(case.points)
    points, values, noise = case.points[inside], case.values[inside], case.noise[inside]
    fresh = values + noise * np.random.default_rng(11).normal(size=len(values))
    return covered(*twin.predict(points), fresh)


def growth(twin: Twin) -> float:
    """The twin's own uncertainty one step of the slow axis outside over its median in the middle of the gaps."""
    knots = twin.uncertainty.knots
    fast = [np.linspace(axis[0], axis[-1], 40) for axis in twin.uncertainty.grid[1:]]
    middles, beyond = (knots[:-1] + knots[1:]) / 2, [2 * knots[-1] - knots[-2]]

    def model_uncertainty(slow):
        mesh = np.stack([axis.ravel() for axis in np.meshgrid(slow, *fast, indexing="ij")], axis=1)
        return twin.uncertainty.model_uncertainty(mesh, twin.mixture(mesh)[1] * twin.spread)

    return float(np.median(model_uncertainty(beyond)) / np.median(model_uncertainty(middles)))


def _shown(share: np.ndarray | None) -> str:
    return f"{'-':>6} {'-':>6}" if share is None else f"{share[0]:6.2f} {share[1]:6.2f}"


def main() -> None:
    """Print the table and which goal holds."""
    cases = [case for case in at_hand() if not sys.argv[1:] or case.name in sys.argv[1:]]
    print(f"{'scan':<26} {'at sweeps':>13} {'between them':>13} {'beyond':>7}")
    print(f"{'':<26} {'68 %':>6} {'95 %':>6} {'68 %':>6} {'95 %':>6}")
    columns: tuple[list, list] = ([], [])
    for case in cases:
        twin = train(case.scan, score_baselines=False)
        shares = at_sweeps(case), between(case, twin)
        print(f"{case.name:<26} {_shown(shares[0])} {_shown(shares[1])} {growth(twin):7.1f}", flush=True)
        for column, share in zip(columns, shares, strict=True):
            if share is not None:
                column.append(share)
    for where, column in zip(("at sweeps", "between sweeps"), columns, strict=True):
        if not column:
            continue
        overall = np.mean(column, axis=0)
        holds = [low <= share <= high for share, (low, high) in zip(overall, _GOALS, strict=True)]
        print(
            f"{where}, over all scans: {overall[0]:.2f} and {overall[1]:.2f} "
            f"(goals 0.63 to 0.73 {'hold' if holds[0] else 'do not hold'}, "
            f"0.92 to 0.98 {'hold' if holds[1] else 'do not hold'})"
        )


if __name__ == "__main__":
    main()
