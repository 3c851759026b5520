"""A first-order magnet measured at eight fields, asked for what lies at fields that were never measured.

The magnets are those of :func:`instruments.first_order_magnet`, as 80 mg that saturate at 100 emu/g. The instrument
passed too fast through the jump of two of the eight sweeps, which leaves holes in the temperature. In a hole nobody
knows the curve, and a figure would say how it was drawn: there truth and twin are both drawn straight from one end of
the hole to the other, and ``as they are`` stands beside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from instruments import Instrument, Measured, first_order_magnet, measure

from napari_scantwin.core import scan as scans
from napari_scantwin.core.sample import Sample
from napari_scantwin.physics.magnetocaloric import entropy_change
from napari_scantwin.physics.transitions import sweep_transitions
from napari_scantwin.twin import Twin, train

__all__ = ["magnet"]

#: mg; fields in Oe.
_MASS = 80.0
_FIELDS = (100.0, 1000.0, 5000.0, 1e4, 2e4, 3e4, 4e4, 5e4)
_UP_TO = {"1 T": 1e4, "3 T": 3e4, "5 T": 5e4}
#: Where a transition goes, K at zero field and K/kOe; its width in K.
_MAGNETS = ((32.0, 0.28, 0.35), (24.0, 0.22, 0.5), (29.0, 0.33, 0.8))
#: Sweeps with a hole, and where it begins and ends beside the transition, K.
_HOLED, _HOLE = (0, 3), (-0.5, 0.9)
#: Places of the fast axis at which transitions are read.
_DENSE = 401
#: What is aimed at: emu/g, K, J/kg/K and %.
_GOALS = {"moment": 0.12, "transition": 0.10, "entropy": 0.35, "peak": 2.0}


@dataclass(frozen=True)
class _Figures:
    """Errors of one twin at hidden fields: ``moment`` in emu/g outside holes, ``transitions`` in K; by field the
    entropy change's rms error in J/kg/K, its peak's in % and that peak, holes drawn straight and as they are."""

    moment: float
    transitions: np.ndarray
    straight: dict[str, tuple[float, float, float]]
    as_they_are: dict[str, tuple[float, float, float]]


def magnet() -> None:
    """Print each magnet's figures and the worst of all beside the goals."""
    found = []
    for number, (start, per_koe, width) in enumerate(_MAGNETS):
        function = first_order_magnet(start, per_koe, width)
        holes = {row: tuple(start + per_koe * _FIELDS[row] / 1000 + np.array(_HOLE)) for row in _HOLED}
        noise = lambda values: 1e-3 + 2e-3 * np.abs(values)  # noqa: E731
        instrument = Instrument(_FIELDS, (10, 60), 75, noise=noise, holes=holes, seed=21 + number)
        case = measure(f"{start:g} K, {per_koe:g} K/kOe", function, instrument)
        found.append(_figures(train(case.scan, score_baselines=False), case, function))
        one = found[-1]
        print(
            f"{case.name:<20} M {one.moment:.3f} emu/g outside holes; transition off by "
            f"{np.sqrt(np.mean(one.transitions**2)):.3f} K rms, {one.transitions.max():.3f} at worst"
        )
        for title, errors in (("holes drawn straight", one.straight), ("as they are", one.as_they_are)):
            words = (
                f"{to} {rms:.2f} J/kg/K, peak {off:+.1f} % of {peak:.1f}" for to, (rms, off, peak) in errors.items()
            )
            print(f"    entropy change, {title:<20} {';  '.join(words)}", flush=True)
    print("\nworst of all              found   goal")
    print(f"M, emu/g                 {max(one.moment for one in found):6.3f} {_GOALS['moment']:6.2f}")
    print(f"transition, K            {max(one.transitions.max() for one in found):6.3f} {_GOALS['transition']:6.2f}")
    for to in _UP_TO:
        rms = max(one.straight[to][0] for one in found)
        peak = max(abs(one.straight[to][1]) for one in found)
        print(f"entropy to {to}, J/kg/K   {rms:6.2f} {_GOALS['entropy']:6.2f}")
        print(f"its peak, %              {peak:6.1f} {_GOALS['peak']:6.1f}")


def _figures(twin: Twin, case: Measured, function: Callable) -> _Figures:
    fields, kelvin = (np.unique(axis) for axis in case.points.T)
    shape = len(fields), len(kelvin)
    mean = twin.predict(case.points)[0]
    hidden = ~np.isin(case.points[:, 0], _FIELDS)
    known = hidden & ~case.hole & ~twin.extrapolates(case.points)
    moment = 1e3 / _MASS * float(np.sqrt(np.mean((mean - case.values)[known] ** 2)))
    rest = fields[~np.isin(fields, _FIELDS)]
    grid = {"magnetic_field": rest, "temperature": np.linspace(kelvin[0], kelvin[-1], _DENSE)}
    values = function(*np.meshgrid(*grid.values(), indexing="ij"))
    off = _transitions(grid, twin.simulate(grid).values) - _transitions(grid, values)
    drawn = []
    for straight in (True, False):
        maps = [values.reshape(shape).copy() for values in (mean, case.values)]
        if straight:
            for row, hole in enumerate(case.hole.reshape(shape)):
                for one in maps:
                    one[row, hole] = np.interp(kelvin[hole], kelvin[~hole], one[row, ~hole])
        drawn.append(_entropy_errors(fields, kelvin, *maps))
    return _Figures(moment, np.abs(off), *drawn)


def _transitions(grid: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Where each row is steepest, K. Each by itself: beside the others' a step of small fields is none."""
    rows = [
        _map({**grid, "magnetic_field": field[None]}, row[None])
        for field, row in zip(grid["magnetic_field"], values, strict=True)
    ]
    return np.array([sweep_transitions(row, ("steepest",))[0].at["steepest"].value for row in rows])


def _map(grid: dict[str, np.ndarray], values: np.ndarray) -> xr.DataArray:
    axes = {name: (places, unit) for (name, places), unit in zip(grid.items(), ("Oe", "K"), strict=True)}
    return scans.gridded_scan(axes, values, name="moment", unit="emu")


def _entropy_errors(fields: np.ndarray, kelvin: np.ndarray, mean: np.ndarray, truth: np.ndarray) -> dict:
    """By field, the rms error in J/kg/K over all temperatures, the peak's in %, and the true peak in J/kg/K."""
    changes = []
    for values in (mean, truth):
        scan = _map({"magnetic_field": fields, "temperature": kelvin}, values)
        changes.append(entropy_change(scan, Sample(mass=_MASS), per="mass"))
    errors = {}
    for title, field in _UP_TO.items():
        ours, true = (one.sel(magnetic_field=field, method="nearest").values for one in changes)
        peak = float(np.abs(true).max())
        errors[title] = (float(np.sqrt(np.mean((ours - true) ** 2))), 100 * (np.abs(ours).max() / peak - 1), peak)
    return errors
