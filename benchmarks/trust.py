"""Whether a twin can be trusted: scans as instruments measure them against their dense truth.

``python benchmarks/trust.py [truths] [adding] [few] [wrong] [derived] [magnet]`` prints

truths  for each scan of ``instruments.py`` (those that choices were made on, then those only ever run here) the error
        of the twin, of its networks alone and of the best baseline on sweeps left out, and against the truth outside
        and inside holes; the share of fresh measurements of the truth within one and two standard deviations, where the
        truth is flat and where it is steep
adding  the error against the truth before and after one more sweep: near another, in the middle of a gap, at an edge
few     three to five sweeps: the twin beside a straight line and a monotone spline along the slow axis
wrong   one sweep 5 % too high, every other one late by 1 % of the fast axis, a spike in every sweep: the error, what is
        said, and the error once that is mended
derived numbers read from twins of magnets and superconductors (entropy peak, its temperature, transition temperature)
        against the truth's own: how often within one and two of their stated errors
magnet  first-order magnets at fields that were never measured: moment, transition temperature, entropy change to 1, 3
        and 5 T, beside what is aimed at (``hidden_fields.py``)

All errors are root mean squares in % of the range of the truth.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hidden_fields import magnet
from instruments import (
    Instrument,
    Measured,
    antiferromagnet,
    bands,
    develop,
    first_order_magnet,
    mean_field_magnet,
    measure,
    superconductor,
    table,
)
from scipy.interpolate import PchipInterpolator

from napari_scantwin.core import scan as scans
from napari_scantwin.physics.entropy_figures import figures
from napari_scantwin.physics.magnetocaloric import entropy_ensemble
from napari_scantwin.physics.transitions import sweep_transitions
from napari_scantwin.processing import mended, mendings
from napari_scantwin.twin import Twin, train

_SEED = 11


def _error(twin: Twin, case: Measured, where: np.ndarray) -> float:
    wrong = twin.predict(case.points[where])[0] - case.values[where]
    return 100 * float(np.sqrt(np.mean(wrong**2))) / float(np.ptp(case.values)) if len(wrong) else np.nan


def _within(twin: Twin, case: Measured, where: np.ndarray) -> str:
    """Shares of fresh measurements within one and two standard deviations."""
    if where.sum() < 20:
        return "         -"
    mean, deviation = twin.predict(case.points[where])
    random = np.random.default_rng(_SEED)
    fresh = case.values[where] + case.noise[where] * random.normal(size=int(where.sum()))
    shares = [np.mean(np.abs(fresh - mean) < width * deviation) for width in (1, 2)]
    return f"{shares[0]:5.2f} {shares[1]:4.2f}"


def truths() -> None:
    """The table of accuracy and coverage."""
    print(f"{'scan':<24} {'left out':>8} {'network':>8} {'best baseline':>27} {'truth':>7} {'holes':>7}", end="")
    print(f" {'flat':>10} {'steep':>10} {'in holes':>10}  made of")
    for title, cases in (("chosen on", develop()), ("only run", table())):
        print(f"-- {title}")
        for case in cases:
            twin = train(case.scan)
            score = twin.score
            share = 100 * score.inside / score.value_range
            best = min(score.baselines, key=lambda row, share=share: share[row])
            network = share[score.methods.index("network")] if "network" in score.methods else np.nan
            inside = ~twin.extrapolates(case.points) & ~case.hole
            print(
                f"{case.name:<24} {share[0]:8.2f} {network:8.2f} {score.methods[best]:>20} {share[best]:6.2f} "
                f"{_error(twin, case, inside):7.3f} {_error(twin, case, case.hole):7.3f} "
                f"{_within(twin, case, inside & ~case.steep)} {_within(twin, case, inside & case.steep)} "
                f"{_within(twin, case, case.hole)}  {twin.mixture.in_words[8:-1]}",
                flush=True,
            )


_FIELDS = (100.0, 1000.0, 5000.0, 1e4, 2e4, 3e4, 4e4, 5e4)


def _magnet() -> tuple[Callable, Instrument, tuple[str, str, str]]:
    holes = {0: (31.5, 32.9), 3: (34.2, 35.6)}
    instrument = Instrument(_FIELDS, (10, 60), 75, noise=lambda values: 1e-3 + 2e-3 * np.abs(values), holes=holes)
    return first_order_magnet(32.0, 0.28, 0.35), instrument, ("Oe", "K", "emu")


def _film() -> tuple[Callable, Instrument, tuple[str, str, str]]:
    slow = (0.0, 500.0, 2000.0, 6000.0, 1.2e4, 2.5e4, 4e4)
    instrument = Instrument(slow, (2, 12), 110, noise=lambda values: 4e-5 + 4e-3 * np.abs(values))
    return superconductor(9.0, 9e4, 0.12, 0.8), instrument, ("Oe", "K", "ohm")


def _gapped() -> tuple[Callable, Instrument, tuple[str, str, str]]:
    instrument = Instrument(tuple(np.linspace(-12, 12, 9)), (-0.6, 0.1), 141, counts=True, jitter=0)
    return bands("gapped bands", 300), instrument, ("deg", "eV", "count")


def _wandering() -> tuple[Callable, Instrument, tuple[str, str, str]]:
    noise = lambda values: 2e-3 + 1e-3 * np.abs(values)  # noqa: E731
    instrument = Instrument(_FIELDS, (20, 80), 61, wander=1.0, jitter=0.004, noise=noise)
    return mean_field_magnet(3.5, 45.0, 20.0), instrument, ("Oe", "K", "emu")


def adding() -> None:
    """One more true sweep: the error on the same places, a twentieth of the scan around the new sweep left out."""
    worst = -np.inf
    for make in (_magnet, _film, _gapped, _wandering):
        function, instrument, units = make()
        slow = np.sort(instrument.slow)
        before = measure(make.__name__[1:], function, instrument, units)
        first = train(before.scan, score_baselines=False)
        gap = len(slow) // 2
        for title, place in (
            ("near another", slow[gap] + 0.1 * (slow[gap + 1] - slow[gap])),
            ("in a gap", (slow[gap] + slow[gap + 1]) / 2),
            ("in the first gap", slow[0] + 0.5 * (slow[1] - slow[0])),
            ("in the last gap", slow[-1] - 0.3 * (slow[-1] - slow[-2])),
        ):
            more = replace(instrument, slow=(*instrument.slow, float(place)))
            second = train(measure("", function, more, units).scan, score_baselines=False)
            where = ~first.extrapolates(before.points) & ~before.hole & (before.points[:, 0] != place)
            errors = [_error(twin, before, where) for twin in (first, second)]
            change = 100 * (errors[1] / errors[0] - 1)
            worst = max(worst, change)
            print(f"{before.name:<12} {title:<18} {errors[0]:7.3f} -> {errors[1]:7.3f}  {change:+6.1f} %", flush=True)
    print(f"worst change {worst:+.1f} %")


def few() -> None:
    """Three to five sweeps beside what one would draw by hand."""
    noise = lambda values: 1e-3 + 2e-3 * np.abs(values)  # noqa: E731
    kinds = {
        "first order": first_order_magnet(21.0, 0.35, 2.5),
        "second order": mean_field_magnet(3.5, 35.0, 20.0),
        "antiferromagnet": antiferromagnet(38.0, 1.1e5, 2.0),
    }
    for name, function in kinds.items():
        for slow in ((1e3, 2e4, 5e4), (1e3, 1e4, 2.5e4, 5e4), (1e3, 5e3, 1e4, 5e4), (1e3, 5e3, 1.5e4, 3e4, 5e4)):
            case = measure(name, function, Instrument(slow, (5, 70), 80, noise=noise, jitter=0))
            twin = train(case.scan, score_baselines=False)
            everywhere = np.ones(len(case.values), bool)
            print(
                f"{name:<16} {len(slow)} sweeps: twin {_error(twin, case, everywhere):6.2f}, "
                f"line {_drawn(case, np.interp):6.2f}, monotone spline {_drawn(case, _pchip):6.2f}  "
                f"{twin.mixture.in_words[8:-1]}",
                flush=True,
            )


def _pchip(at, slow, row):
    return PchipInterpolator(slow, row)(at)


def _drawn(case: Measured, method: Callable) -> float:
    """The error of a curve along the slow axis through the sweeps' readings, drawn at every place of the fast axis."""
    points = scans.points(case.scan)
    knots, fast = np.unique(points.coordinates[:, 0]), np.unique(case.points[:, 1])
    rows = [np.argsort(points.coordinates[:, 1][points.coordinates[:, 0] == knot]) for knot in knots]
    values = [
        np.interp(fast, points.coordinates[mine, 1][row], points.values[mine][row])
        for row, mine in zip(rows, (points.coordinates[:, 0] == knot for knot in knots), strict=True)
    ]
    at = np.unique(case.points[:, 0])
    found = np.stack([method(at, knots, column) for column in np.array(values).T], axis=1).ravel()
    return 100 * float(np.sqrt(np.mean((found - case.values) ** 2))) / float(np.ptp(case.values))


#: Places at which a truth's own numbers are read, and how many scans of each kind are drawn.
_DENSE, _MAGNETS = 2001, 3


def derived() -> None:
    """Numbers read from twins beside the truth's: how far off, and how often within one and two standard errors."""
    found: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(_MAGNETS):
        for name, function, instrument, axes in _drawn_scans(seed):
            case = measure(name, function, replace(instrument, seed=100 + seed), axes)
            twin = train(case.scan, score_baselines=False)
            read = _entropy if name != "superconductor" else _transitions
            print(f"{name:<16}", end="")
            for quantity, value, error, true in read(twin, function, instrument):
                found.setdefault(f"{name}: {quantity}", []).append((value, error, true))
                print(f" {value:.4g} ± {error:.2g} ({true:.4g})", end="")
            print(flush=True)
    for quantity, rows in found.items():
        value, error, true = np.array(rows).T
        off = np.abs(value - true) / error
        print(
            f"{quantity:<40} {len(off):>3} numbers: off by {np.sqrt(np.mean((value - true) ** 2)):.3g} rms, said "
            f"{np.sqrt(np.mean(error**2)):.3g}; within one and two {np.mean(off < 1):.2f} {np.mean(off < 2):.2f}, "
            f"worst {off.max():.1f}"
        )


def _drawn_scans(seed: int):
    """A magnet of each order and a superconductor, their numbers drawn."""
    random = np.random.default_rng(seed)
    fields = tuple(np.array([100.0, 1000.0, 5000.0, 1e4, 2e4, 3e4, 4e4, 5e4]) * random.uniform(0.9, 1.1, 8))
    noise = lambda values: 1e-3 + 2e-3 * np.abs(values)  # noqa: E731
    film = superconductor(random.uniform(8, 10), 9e4, random.uniform(0.08, 0.2), random.uniform(0.6, 0.9))
    slow = (0.0, 500.0, 2000.0, 6000.0, 1.2e4, 2.5e4, 4e4)
    ohms = lambda values: 4e-5 + 4e-3 * np.abs(values)  # noqa: E731
    yield "superconductor", film, Instrument(slow, (2, 12), 110, noise=ohms), ("Oe", "K", "ohm")
    first = first_order_magnet(random.uniform(22, 36), random.uniform(0.2, 0.35), random.uniform(0.4, 1.5))
    yield "first order", first, Instrument(fields, (10, 65), 80, noise=noise), ("Oe", "K", "emu")
    second = mean_field_magnet(3.5, random.uniform(30, 50), 20.0)
    yield "second order", second, Instrument(fields, (15, 80), 70, noise=noise), ("Oe", "K", "emu")


def _entropy(twin: Twin, function: Callable, instrument: Instrument):
    """Peak and its place of the entropy change to three fields, emu Oe/K = 1e-7 J/K."""
    low, high = min(instrument.slow), max(instrument.slow)
    fields = np.array([0.4, 0.7, 1.0]) * high
    kelvin = np.linspace(instrument.fast[0] + 2, instrument.fast[1] - 5, 221)
    ensemble = entropy_ensemble(twin.scan, twin=twin, temperatures=kelvin, fields=fields, per="sample")
    field = np.linspace(low, high, _DENSE)
    step = 1e-3
    slope = (function(field[:, None], kelvin + step) - function(field[:, None], kelvin - step)) / (2 * step)
    for one, to in zip(figures(ensemble), fields, strict=True):
        inside = np.linspace(low, to, _DENSE)
        change = 1e-7 * np.array([np.trapezoid(np.interp(inside, field, column), inside) for column in slope.T])
        top = int(np.argmax(np.abs(change)))
        curve = np.polyfit(kelvin[top - 1 : top + 2] - kelvin[top], change[top - 1 : top + 2], 2)
        yield "entropy peak (J/K)", one.peak.value, one.peak.error, change[top]
        true = kelvin[top] - curve[1] / (2 * curve[0])
        yield "its temperature (K)", one.peak_temperature.value, one.peak_temperature.error, true


def _transitions(twin: Twin, function: Callable, instrument: Instrument):
    """The temperature of half the normal resistance, in the middle of every gap."""
    slow = np.sort(instrument.slow)
    kelvin = np.linspace(*instrument.fast, 401)
    for field in (slow[1:] + slow[:-1]) / 2:
        scan = twin.simulate({"magnetic_field": np.array([field]), "temperature": kelvin})
        dense = np.linspace(*instrument.fast, _DENSE)
        row = function(np.full(_DENSE, field), dense)
        true = float(np.interp(0.5, row / (row[-1] * (1 + dense / 200) / (1 + dense[-1] / 200)), dense))
        (one,) = sweep_transitions(scan, ("50 %",))
        yield "transition (K)", one.at["50 %"].value, one.at["50 %"].error, true


def wrong() -> None:
    """Spoiled scans: what it does to the map, and what the twin says of it."""
    for case in (*develop()[:2], *table()[1:3]):
        for kind in ("nothing", "one sweep 5 % high", "every other late", "spikes"):
            twin = train(_spoiled(case, kind), score_baselines=False)
            inside = ~twin.extrapolates(case.points) & ~case.hole
            print(f"{case.name:<22} {kind:<20} {_error(twin, case, inside):7.3f}  {' '.join(twin.notes)}", flush=True)
            if twin.misfits:
                scan = mended(twin)
                again = train(scan, score_baselines=False)
                print(
                    f"{'':<22} {'mended':<20} {_error(again, case, inside):7.3f}  {' '.join(mendings(scan))}",
                    flush=True,
                )


def _spoiled(case: Measured, kind: str):
    points = scans.points(case.scan)
    set_points = scans.set_points(points.coordinates[:, 0])
    knots = np.unique(set_points)
    values, places = points.values.copy(), points.coordinates.copy()
    random = np.random.default_rng(3)
    if kind == "one sweep 5 % high":
        values[set_points == knots[len(knots) // 2]] *= 1.05
    if kind == "every other late":
        places[np.isin(set_points, knots[1::2]), 1] += 0.01 * np.ptp(places[:, 1])
    if kind == "spikes":
        for knot in knots:
            values[random.choice(np.flatnonzero(set_points == knot)[3:-3])] += 0.3 * np.ptp(values)
    names = scans.axes(case.scan)
    axes = {name: (places[:, row], case.scan[name].attrs["units"]) for row, name in enumerate(names)}
    return scans.ragged_scan(axes, values, name=case.scan.name, unit=case.scan.attrs["units"])


_PARTS = {
    "truths": truths,
    "adding": adding,
    "few": few,
    "wrong": wrong,
    "derived": derived,
    "magnet": magnet,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or _PARTS:
        print(f"--- {part}")
        _PARTS[part]()
