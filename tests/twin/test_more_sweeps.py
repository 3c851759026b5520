"""One more true sweep never makes the map worse, whatever is measured and wherever the sweep is added."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train

#: The error against the truth may grow by this share, or by this part of the noise.
SHARE, OF_NOISE = 1.05, 0.25


def magnet(field, kelvin):
    """A moment lost in one jump that moves by 3 K/T."""
    ordered = 1 / (1 + np.exp((kelvin - 22 - 3 * field) / 0.7))
    return 8 * (1 - (kelvin / 90) ** 2) * (1 - np.exp(-field / 0.4) / 1.5) * ordered + 0.3 * field / (kelvin + 10)


def film(field, kelvin):
    """A resistance that sets in at Tc (1 - H/9 T)^0.8."""
    return (1 + kelvin / 200) / (1 + np.exp(-(kelvin - 9 * (1 - field / 9) ** 0.8) / 0.2))


def band(angle, energy):
    """A band that moves as a parabola below a Fermi edge."""
    return 1 / (1 + ((energy + 0.35 - 0.5 * (angle / 12) ** 2) / 0.04) ** 2) / (1 + np.exp(energy / 0.02)) + 0.05


#: The truth, set points, fast axis, noise (a share of the range), wander of the set points and holes by set point.
KINDS = {
    "magnet": (magnet, [0.1, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0], (8, 55, 64), 2e-3, 1e-4, {2.0: (27, 29.5), 0.1: (21, 23)}),
    "film": (film, [0.0, 0.1, 0.4, 1.0, 2.0, 4.0], (2, 12, 80), 4e-3, 1e-4, {1.0: (8.0, 8.4)}),
    "band": (band, list(np.linspace(-12, 12, 9)), (-0.6, 0.1, 71), 1.5e-2, 0.0, {}),
}
PLACES = {
    "near another": lambda slow: slow[3] + 0.1 * (slow[4] - slow[3]),
    "in a gap": lambda slow: (slow[3] + slow[4]) / 2,
    "beside a hole": lambda slow: 0.7 * slow[2] + 0.3 * slow[3],
    "at the edge": lambda slow: slow[-1] - 0.25 * (slow[-1] - slow[-2]),
}


def twin_of(kind, slow):
    function, _, (low, high, size), noise, wander, holes = KINDS[kind]
    columns = []
    for place in slow:
        random = np.random.default_rng(round(1e3 * (place + 100)))  # a sweep is the same, whatever else is measured
        fast = np.linspace(low, high, size) + 0.02 * (high - low) / size * random.normal(size=size)
        left, right = holes.get(place, (np.inf, np.inf))
        fast = fast[(fast < left) | (fast > right)]
        at = place + wander * random.normal(size=len(fast))
        values = function(at, fast) + noise * range_of(kind) * random.normal(size=len(fast))
        columns.append((at if wander else np.full(len(fast), place), fast, values))
    at, fast, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    names = {"band": (("angle", "deg"), ("energy", "eV"))}.get(kind, (("magnetic_field", "T"), ("temperature", "K")))
    scan = scans.ragged_scan(
        {names[0][0]: (at, names[0][1]), names[1][0]: (fast, names[1][1])}, values, name="signal", unit="1"
    )
    return train(scan, TwinSettings(members=2), score_baselines=False)


def dense(kind):
    function, slow, (low, high, _), _, _, _ = KINDS[kind]
    knots = np.interp(np.linspace(0, len(slow) - 1, 8 * (len(slow) - 1) + 1), np.arange(len(slow)), slow)
    points = np.stack(np.meshgrid(knots, np.linspace(low, high, 201), indexing="ij"), axis=-1).reshape(-1, 2)
    return points, function(*points.T)


def range_of(kind):
    return float(np.ptp(dense(kind)[1]))


@functools.cache
def before(kind):
    return twin_of(kind, KINDS[kind][1])


#: Where the promise is not kept: a network gains weight by sweeps beside it and errs in a gap that none of them tests.
BROKEN = {
    ("film", "near another"): "0.18 % of the range became 0.40 %, as large as the noise, all of it in the last gap",
    ("band", "near another"): "4.5 % of the range became 5.3 %",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "place"),
    [
        pytest.param(
            kind, place, marks=[pytest.mark.xfail(reason=BROKEN[kind, place])] if (kind, place) in BROKEN else []
        )
        for kind in KINDS
        for place in PLACES
    ],
)
def test_one_more_sweep_makes_no_map_worse(kind, place):
    slow, noise = KINDS[kind][1], KINDS[kind][3]
    first = before(kind)
    second = twin_of(kind, sorted([*slow, float(PLACES[place](np.array(slow)))]))
    points, true = dense(kind)
    where = ~first.extrapolates(points)
    errors = [np.sqrt(np.mean((one.predict(points[where])[0] - true[where]) ** 2)) for one in (first, second)]
    assert errors[1] < SHARE * errors[0] + OF_NOISE * noise * range_of(kind)
