"""Which measurement would tell solutions apart: what each predicts for a menu of measurements, ranked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.given import predicted
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.observables import level_groups
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Solution

__all__ = ["Distinction", "menu", "which_measurement"]

#: How well a measurement is expected to be made: of the value, and of the curve's largest value.
_OF_VALUE, _OF_LARGEST = 0.02, 0.005
#: A level's energy is expected this well, by neutrons.
_OF_LEVEL = 0.01
#: Below this mean square (about one and a half standard deviations at every reading) nothing is told apart.
TELLING = 2.0


@dataclass(frozen=True, eq=False)
class Distinction:
    """What one measurement would tell.

    Parameters
    ----------
    label
        The measurement, in words.
    measurement
        Its kind, direction, temperature, field and places; its values are the first solution's.
    curves
        What each solution predicts [s, n].
    apart
        How far each pair of solutions is apart [s, s]: the mean square of the difference over the expected error, with
        a free scale factor.
    score
        The expected distance of the true solution from the others, weighted with their probabilities.
    weakest
        The smallest of the distances between pairs: above some two, all are told apart.
    """

    label: str
    measurement: IonCurve
    curves: np.ndarray
    apart: np.ndarray
    score: float
    weakest: float


def menu(site: Site, highest_field: float = 9.0, coldest: float = 2.0) -> list[IonCurve]:
    """Measurements that a laboratory can make.

    Parameters
    ----------
    site
        Decides which directions differ.
    highest_field
        In T.
    coldest
        The lowest temperature in K.

    Returns
    -------
    list of IonCurve
        Heat capacities in no, about half and the highest field, magnetizations at the lowest temperature and 10 K,
        susceptibilities, along each direction, and level energies; their values are zero.
    """
    axes = "c" if site.cubic else "ac" if site.uniaxial else "abc"
    found = []

    def add(kind, direction, x, label, **others):
        found.append(IonCurve(kind, direction, x, np.zeros(len(x)), np.ones(len(x)), label=label, **others))

    warm = np.geomspace(coldest, 60.0, 40)
    add("heat_capacity", "powder", warm, "C(T) without a field")
    for axis in axes:
        along = "" if site.cubic else f" along {axis}"
        for field in (round(highest_field * 5 / 9, 1), highest_field):
            add("heat_capacity", axis, warm, f"C(T) in {field:g} T{along}", field=field)
        for temperature in (coldest, 10.0):
            fields = np.linspace(0, highest_field, 19)[1:]
            add("magnetization", axis, fields, f"M(H) at {temperature:g} K{along}", temperature=temperature)
        add("susceptibility", axis, np.geomspace(coldest, 300.0, 40), f"χ(T) to 300 K{along}")
    add("levels", "powder", np.arange(1.0, 5.0), "level energies (neutron or Raman scattering)")
    return found


def which_measurement(
    solutions: Sequence[Solution],
    measurements: Sequence[IonCurve] | None = None,
    *,
    ion: Ion | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Distinction]:
    """Rank measurements by how well they would tell solutions apart.

    Parameters
    ----------
    solutions
        Two or more of one ion and site.
    measurements
        What may be measured; by default :func:`menu`.
    ion
        The ion, where it is not one of the list.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled`.

    Returns
    -------
    list of Distinction
        The most telling first.

    Raises
    ------
    ScanError
        Where there are not two solutions.
    """
    if len(solutions) < 2:
        raise ScanError("there is one solution, so there is nothing to tell apart")
    ion = ion_of(ion or solutions[0].ion)
    site = site_of(solutions[0].site).for_J(ion.J)
    if measurements is None:
        measurements = menu(site)
    shares = np.array([one.probability for one in solutions])
    shares = shares / shares.sum()
    found = []
    for number, measurement in enumerate(measurements):
        curves = []
        for one in solutions:
            if stop is not None and stop.is_set():
                raise Cancelled
            curves.append(_predicted(ion, site, one, measurement))
        found.append(_distinction(measurement, _even(curves), shares))
        if on_progress is not None:
            on_progress((number + 1) / len(measurements))
    return sorted(found, key=lambda one: -one.score)


def _predicted(ion: Ion, site: Site, solution: Solution, measurement: IonCurve) -> np.ndarray:
    if measurement.kind != "levels":
        return predicted(ion, site, solution.values, measurement)
    levels, _ = level_groups(solution.energies, ion.kramers)
    return levels[1 : 1 + len(measurement.x)]


def _even(curves: list[np.ndarray]) -> np.ndarray:
    """The curves over the places that all of them have."""
    shortest = min(len(one) for one in curves)
    return np.array([one[:shortest] for one in curves])


def _distinction(measurement: IonCurve, curves: np.ndarray, shares: np.ndarray) -> Distinction:
    count = len(curves)
    apart = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            apart[i, j] = apart[j, i] = _apart(curves[i], curves[j], measurement.kind == "levels")
    pairs = np.outer(shares, shares)[np.triu_indices(count, 1)]
    distances = apart[np.triu_indices(count, 1)]
    # Beyond certainty more is of no more use, so one pair that is far apart does not hide another that is not.
    score = float(np.sum(pairs * np.minimum(distances, 100.0)) / np.sum(pairs))
    x = measurement.x[: curves.shape[1]]
    made = IonCurve(
        measurement.kind, measurement.direction, x, curves[0], np.ones(len(x)), measurement.temperature,
        measurement.field, measurement.group, measurement.label,
    )  # fmt: skip
    return Distinction(measurement.label, made, curves, apart, score, float(distances.min()))


def _apart(one: np.ndarray, other: np.ndarray, levels: bool) -> float:
    """The mean square of the difference over the expected error, with the scale factor that makes it smallest."""
    if levels:
        return float(np.mean(((one - other) / (_OF_LEVEL * (one + other) / 2 + 1e-9)) ** 2)) if len(one) else 0.0
    error = _OF_VALUE * (np.abs(one) + np.abs(other)) / 2 + _OF_LARGEST * max(np.abs(one).max(), np.abs(other).max())
    error = np.maximum(error, 1e-12)
    square = np.sum((other / error) ** 2)
    scale = np.sum(one * other / error**2) / square if square else 1.0
    return float(np.mean(((one - scale * other) / error) ** 2))
