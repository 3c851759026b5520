"""Cubes of counts of which slices are hidden: ``python benchmarks/cubes.py [truths] [large]``.

truths  each cube of ``cube_truths.py`` with half and three quarters of its slices hidden: root mean square of predicted
        minus hidden counts for the twin, a straight line and three principal components (straight lines through their
        scores), beside the counts' own noise; the same against the truth, for the twin's ingredients each alone too;
        how far a slice's sum is off, in % (twin and line); the share of hidden counts within one and two standard
        deviations
large   a stack of 96 slices of 256 x 256: seconds, memory, and the error against the truth
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from cube_truths import Cube, develop, large, table

from napari_scantwin.twin import Twin, train


def _rms(wrong: np.ndarray) -> float:
    return float(np.sqrt(np.mean(wrong**2)))


def _line(slow: np.ndarray, kept: np.ndarray, hidden: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Straight lines through ``slices`` [slices, n] of which only the kept ones are known."""
    return np.stack([np.interp(slow[hidden], slow[kept], column) for column in slices[kept].T], axis=1)


def _components(slow: np.ndarray, kept: np.ndarray, hidden: np.ndarray, slices: np.ndarray, count=3) -> np.ndarray:
    mean = slices[kept].mean(axis=0)
    left, sizes, maps = np.linalg.svd(slices[kept] - mean, full_matrices=False)
    scores = np.zeros((len(slices), count))
    scores[kept] = (left * sizes)[:, :count]
    return mean + _line(slow, kept, hidden, scores) @ maps[:count]


def _alone(twin: Twin, places: np.ndarray, truth: np.ndarray) -> str:
    """The error against the truth of each of the twin's ingredients."""
    errors = []
    for weight, name, one in zip(twin.mixture.weights, twin.mixture.names, twin.mixture.interpolators, strict=True):
        mean = one.outputs(places).mean(axis=0) * twin.spread + twin.offset
        errors.append(f"{100 * weight:.0f} % {name} {_rms(mean - truth.ravel()):.1f}")
    return "; ".join(errors)


def _row(cube: Cube, every: int) -> None:
    kept = cube.kept(every)
    hidden = np.setdiff1d(np.arange(len(cube.truth)), kept)
    slow = next(iter(cube.axes.values()))[0]
    began = time.perf_counter()
    twin = train(cube.scan(kept), score_baselines=False)
    seconds = time.perf_counter() - began
    places = cube.places(hidden)
    mean, deviation = twin.predict(places)
    slices = cube.counts.reshape(len(slow), -1).astype(float)
    counts, truth = slices[hidden], cube.truth.reshape(len(slow), -1)[hidden]
    predictions = [
        mean.reshape(counts.shape),
        _line(slow, kept, hidden, slices),
        _components(slow, kept, hidden, slices),
    ]
    errors = " ".join(f"{_rms(counts - one):6.2f}" for one in predictions)
    exact = " ".join(f"{_rms(truth - one):6.2f}" for one in predictions)
    sums = " ".join(f"{100 * _rms(one.sum(axis=1) / counts.sum(axis=1) - 1):5.2f}" for one in predictions[:2])
    off = np.abs(counts.ravel() - mean) / deviation
    print(
        f"{cube.name:<22} {1 - 1 / every:4.2f} {_rms(counts - truth):6.2f} {errors} | {exact} | {sums} | "
        f"{np.mean(off < 1):.2f} {np.mean(off < 2):.2f} {seconds:5.0f} s  {_alone(twin, places, truth)}",
        flush=True,
    )


def truths() -> None:
    """The table."""
    print(f"{'':<27} {'':>6} {'hidden counts':>20} | {'truth':>20} | {'sums, %':>11} |")
    print(f"{'cube, share hidden':<27} {'noise':>6} {'twin':>6} {'line':>6} {'PC 3':>6} | ", end="")
    print(f"{'twin':>6} {'line':>6} {'PC 3':>6} | {'twin':>5} {'line':>5} | within 1, 2 std; made of, each alone")
    for title, cubes in (("chosen on", develop()), ("only run", table())):
        print(f"-- {title}")
        for cube in cubes:
            for every in (2, 4):
                _row(cube, every)


def stack() -> None:
    """A stack that is judged at evenly spaced places."""
    cube = large()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    kept, hidden = cube.kept(2), np.array([31, 47])
    scan = cube.scan(kept)
    began = time.perf_counter()
    twin = train(scan, score_baselines=False)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    mean, _ = twin.predict(cube.places(hidden))
    truth = cube.truth[hidden]
    between = (cube.counts[hidden - 1] + cube.counts[hidden + 1]) / 2
    print(
        f"{scan.size} readings: {seconds:.0f} s, memory {before:.2f} GB before and {peak:.2f} GB at the peak; against "
        f"the truth twin {_rms(mean.reshape(truth.shape) - truth):.2f}, line {_rms(between - truth):.2f} counts; "
        f"{twin.mixture.in_words}",
        flush=True,
    )


if __name__ == "__main__":
    for part in sys.argv[1:] or ("truths", "large"):
        print(f"--- {part}")
        {"truths": truths, "large": stack}[part]()
