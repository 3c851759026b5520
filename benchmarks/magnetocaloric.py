"""The entropy change of sweeps and of a twin beside magentropy's, against an analytic truth and on ErCo2.

``python benchmarks/magnetocaloric.py [--environment FOLDER]`` compares, at the highest field,

* our entropy change of the sweeps (parabolas through neighbouring readings) and of the twin;
* magentropy 0.1.6 (J. D. Bocarsly et al., Phys. Rev. B 97, 100404(R) (2018)), which smooths each field by Tikhonov
  regularisation and puts M = 0 at H = 0;
* cubic splines through each sweep, M = 0 at H = 0: what magentropy becomes where it does not smooth.

The truth is a mean-field ferromagnet, M = N g muB J B_J(y), y = (g muB J mu0 H / k + 3 J/(J+1) Tc m) / T, whose entropy
R (ln Z - y m) is known: dense without noise, and eight fields with noise as people measure. Errors are over all shared
temperatures, and "inside", without the outermost twentieth at either end. magentropy needs pandas 1 and NumPy 1, so it
gets an environment of its own, made at the first run in FOLDER (default: the user's cache).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
import xarray as xr
from scipy.interpolate import CubicSpline
from truths import FIELDS, measured

from napari_scantwin.core import scan as scans
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.entropy_figures import figures
from napari_scantwin.physics.magnetization import Sample
from napari_scantwin.physics.magnetocaloric import entropy_change, entropy_ensemble
from napari_scantwin.twin import train

_PINNED = ("magentropy==0.1.6", "pandas>=1.5,<2", "numpy<2", "scipy<2")
_GAS, _BOHR = 8.314462618, 0.67171388  # J/mol/K; Bohr magneton over Boltzmann's constant, K/T
_SPIN, _CURIE, _MOLAR = 3.5, 293.0, 0.15725  # gadolinium: J, K, kg/mol
_PLACES = 301
_WIDE = 13


class Magnet:
    """The mean-field ferromagnet, per kilogram (temperature in K, field as mu0 H in T)."""

    @staticmethod
    def order(kelvin, tesla):
        """The largest root of m = B_J(y(m)), by bisection."""
        kelvin, tesla = np.broadcast_arrays(np.asarray(kelvin, float), np.asarray(tesla, float))
        low, high = np.full(kelvin.shape, 1e-9), np.ones(kelvin.shape)
        for _ in range(60):
            middle = (low + high) / 2
            above = Magnet.brillouin(Magnet.y(kelvin, tesla, middle)) > middle
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return (low + high) / 2

    @staticmethod
    def y(kelvin, tesla, order):
        """The field on a moment over the thermal energy."""
        return (2 * _SPIN * _BOHR * tesla + 3 * _SPIN / (_SPIN + 1) * _CURIE * order) / kelvin

    @staticmethod
    def brillouin(y):
        """B_J(y)."""
        wide, narrow = (2 * _SPIN + 1) / (2 * _SPIN), 1 / (2 * _SPIN)
        return wide / np.tanh(wide * y) - narrow / np.tanh(narrow * y)

    @staticmethod
    def magnetization(kelvin, tesla):
        """A m^2/kg, which is emu/g."""
        return 2 * _SPIN * _BOHR * _GAS / _MOLAR * Magnet.order(kelvin, tesla)

    @staticmethod
    def entropy(kelvin, tesla):
        """J/kg/K."""
        order = Magnet.order(kelvin, tesla)
        y = Magnet.y(np.asarray(kelvin, float), tesla, order)
        levels = np.log(np.sinh((2 * _SPIN + 1) / (2 * _SPIN) * y) / np.sinh(y / (2 * _SPIN)))
        return _GAS / _MOLAR * (levels - y * order)


def sweeps(oersted: np.ndarray, size: int, noise: float) -> xr.DataArray:
    """The magnet's M(T) at each field, as moments of 1 g; temperatures jitter and ``noise`` is in emu."""
    random = np.random.default_rng(1)
    step = 60 / (size - 1)
    jitter = 0.3 * step if noise else 0.0
    kelvin = np.concatenate([np.linspace(265, 325, size) + jitter * random.uniform(-1, 1, size) for _ in oersted])
    field = np.repeat(np.round(oersted), size)
    emu = Magnet.magnetization(kelvin, 1e-4 * field) + noise * random.normal(size=len(field))
    axes = {"magnetic_field": (field, "Oe"), "temperature": (kelvin, "K")}
    return scans.ragged_scan(axes, emu, name="moment", unit="emu", errors=np.full(len(emu), noise) if noise else None)


@dataclass(frozen=True)
class Map:
    """A scan to compare on; ``mass`` in mg, ``trained`` whether a twin is, ``exact`` whether the truth is the
    magnet's."""

    name: str
    scan: xr.DataArray
    mass: float
    trained: bool
    exact: bool

    @property
    def kelvin(self) -> np.ndarray:
        """Temperatures all sweeps share."""
        table = scans.points(self.scan)
        ends = [(kelvin.min(), kelvin.max()) for _, kelvin, _ in self.rows(table)]
        return np.linspace(max(low for low, _ in ends), min(high for _, high in ends), _PLACES)

    def rows(self, table: scans.Points):
        """Field (Oe), ascending temperatures and moments (emu) of each sweep, fields ascending."""
        for field in np.unique(table.coordinates[:, 0]):
            mine = np.flatnonzero(table.coordinates[:, 0] == field)
            mine = mine[np.argsort(table.coordinates[mine, 1])]
            yield field, table.coordinates[mine, 1], table.values[mine]

    def splines(self) -> np.ndarray:
        """The entropy change (J/kg/K) to the highest field from cubic splines, M = 0 at H = 0."""
        rows = list(self.rows(scans.points(self.scan)))
        slopes = [0 * self.kelvin] + [CubicSpline(t, m)(self.kelvin, 1) / (self.mass * 1e-3) for _, t, m in rows]
        return np.trapezoid(slopes, 1e-4 * np.array([0.0] + [field for field, *_ in rows]), axis=0)

    def quotients(self, at: float) -> float:
        """The entropy change (J/kg/K) at one temperature by the plain quotient of each reading's neighbours, from the
        first field: how the reference figure of ErCo2 was worked out."""
        rows = list(self.rows(scans.points(self.scan)))
        slopes = [np.interp(at, t, np.gradient(m) / np.gradient(t)) / (self.mass * 1e-3) for _, t, m in rows]
        return float(np.trapezoid(slopes, 1e-4 * np.array([field for field, *_ in rows])))


def environment(folder: Path) -> tuple[Path | None, str]:
    """The Python of magentropy's environment, made where it is missing; or None, and why in one sentence."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    check = "import importlib.metadata as m, sys; import magentropy; sys.exit(m.version('magentropy') != '0.1.6')"
    if python.exists() and subprocess.run([python, "-c", check], capture_output=True).returncode == 0:
        return python, ""
    names = [f"python3.{minor}" for minor in (11, 10, 9)]
    maker = sys.executable if sys.version_info < (3, 12) else next(filter(None, map(shutil.which, names)), None)
    if maker is None:
        return None, "magentropy is left out: pandas 1.5 needs Python 3.9 to 3.11, and none is on the path."
    for command in ([maker, "-m", "venv", folder], [python, "-m", "pip", "install", "--quiet", *_PINNED]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            return None, f"magentropy is left out: its environment could not be made in {folder} ({last})."
    return python, ""


def magentropy(python: Path, maps: list[Map]) -> tuple[dict, str]:
    """Its answers by map name, and a sentence where there are none."""
    with tempfile.TemporaryDirectory() as folder:
        for number, one in enumerate(maps):
            table, kelvin = scans.points(one.scan), one.kelvin
            field, temperature = table.coordinates.T
            columns = {"oersted": field, "kelvin": temperature, "emu": table.values, "mass": one.mass}
            span = {"low": kelvin[0], "high": kelvin[-1], "count": _PLACES}
            np.savez(Path(folder) / f"{number}.in.npz", **columns, **span)
        side = Path(__file__).with_name("magentropy_side.py")
        # Its small matrices are far slower on many threads that wait for each other.
        one_thread = {**os.environ, "NUMBA_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run([python, str(side), folder], capture_output=True, text=True, env=one_thread)
        if done.returncode:
            return {}, f"magentropy is left out: it stopped with {done.stderr.strip().splitlines()[-1]}"
        answers = [dict(np.load(Path(folder) / f"{number}.out.npz")) for number in range(len(maps))]
    return {one.name: answer for one, answer in zip(maps, answers, strict=True)}, ""


def _peak(kelvin: np.ndarray, curve: np.ndarray) -> tuple[float, float]:
    place = int(np.argmin(curve))
    return float(curve[place]), float(kelvin[place])


def report(one: Map, theirs: dict | None) -> None:
    """Print the table of one map."""
    kelvin, sample, first = one.kelvin, Sample(mass=f"{one.mass} mg"), scans.points(one.scan).coordinates[:, 0].min()
    top = 1e-4 * scans.points(one.scan).coordinates[:, 0].max()
    start, zero = f"from {first:g} Oe", "from zero, M = 0 there"
    own = {
        begin: entropy_change(one.scan, sample, from_zero=begin is zero, temperatures=kelvin, count=20)
        for begin in (start, zero)
    }
    rows = [(f"ours, sweeps, {begin}", kelvin, change.values[-1], begin, None) for begin, change in own.items()]
    if one.trained and one.exact:  # noisy: the slope over more readings, which the user may ask for
        wide = entropy_change(one.scan, sample, temperatures=kelvin, points=_WIDE, count=20)
        rows.append((f"ours, {_WIDE}-point slopes, {start}", kelvin, wide.values[-1], start, None))
    if one.trained:
        twin = train(one.scan, score_baselines=False)
        for begin in (start, zero):
            filled = entropy_ensemble(one.scan, sample, twin=twin, from_zero=begin is zero)
            numbers = figures(filled)[-1]
            values = filled.scan
            rows.append((f"ours, twin, {begin}", values["temperature"].values, values.values[-1], begin, numbers))
    splines = one.splines()
    rows.append((f"splines, {zero}", kelvin, splines, zero, None))
    if theirs is not None:
        rows.append((f"magentropy, {zero}", theirs["kelvin"], theirs["change"][-1], zero, None))
        cut = theirs["change"][-1] - theirs["change"][0]
        rows.append((f"magentropy, {start}", theirs["kelvin"], cut, start, None))
    print(f"\n{one.name}: {one.scan.size} readings, entropy change to {top:g} T, J/kg/K")
    print(
        f"{'':<38} {'peak':>16} {'at (K)':>14}"
        + (f" {'rms error':>10} {'inside':>8} {'largest':>8}" if one.exact else "")
    )
    largest = {}
    for name, at, curve, begin, numbers in rows:
        height, place = _peak(at, curve)
        peak, where = f"{height:.2f}", f"{place:.2f}"
        if numbers is not None:
            peak = str(Quantity(numbers.peak.value, numbers.peak.error, "dimensionless"))
            where = str(Quantity(numbers.peak_temperature.value, numbers.peak_temperature.error, "dimensionless"))
        line = f"{name:<38} {peak:>16} {where:>14}"
        if one.exact:
            low = 0.0 if begin is zero else 1e-4 * first
            wrong = curve - (Magnet.entropy(at, top) - Magnet.entropy(at, low))
            largest[name] = np.abs(wrong).max()
            inner = wrong[len(at) // 20 : -len(at) // 20]
            line += f" {np.sqrt(np.mean(wrong**2)):10.4f} {np.sqrt(np.mean(inner**2)):8.4f} {largest[name]:8.4f}"
        print(line)
    if one.exact:
        exact = Magnet.entropy(kelvin, top) - Magnet.entropy(kelvin, 1e-4 * first)
        height, place = _peak(kelvin, exact)
        print(f"{'truth, ' + start:<38} {height:16.2f} {place:14.2f}")
        if not one.trained:
            share = 100 * largest[f"ours, sweeps, {start}"] / abs(height)
            print(f"Goal: ours within 0.1 % of the peak on a dense grid. {share:.3f} %: {_held(share < 0.1)}")
    if theirs is not None:
        _explained(kelvin, own[zero].values[-1], own[start].values[-1], splines, theirs)


def _explained(kelvin, ours_zero, ours_first, splines, theirs: dict) -> None:
    """The difference to magentropy taken apart, each step alone."""
    other = np.interp(kelvin, theirs["kelvin"], theirs["change"][-1])
    steps = [
        ("magentropy less ours, in all", other - ours_first),
        ("  by the start: M = 0 at H = 0", ours_zero - ours_first),
        ("  by the slope: spline, not parabola", splines - ours_zero),
        ("  by the smoothing of each field", other - splines),
    ]
    for name, part in steps:
        place = int(np.argmax(np.abs(part)))
        print(f"{name:<38} rms {np.sqrt(np.mean(part**2)):8.4f}, largest {part[place]:+8.4f} at {kelvin[place]:.2f} K")
    print(
        f"  its smoothing, lambda by cross-validation: {' '.join(f'{value:.0e}' for value in theirs['smoothing'][-8:])}"
    )


def _held(holds: bool) -> str:
    return "it holds." if holds else "it does not hold."


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    folder = platformdirs.user_cache_path("napari-scantwin") / "magentropy-0.1.6"
    parser.add_argument("--environment", type=Path, default=folder, help="where magentropy is installed")
    python, why = environment(parser.parse_args().environment)
    maps = [
        Map("dense mean-field magnet", sweeps(np.geomspace(100, 5e4, 41), 301, 0.0), 1000.0, False, True),
        Map("coarse mean-field magnet, 0.5 emu noise", sweeps(FIELDS, 90, 0.5), 1000.0, True, True),
    ]
    published = [case for case in measured() if case.name == "ErCo2"]
    maps += [Map("ErCo2, measured", case.scan, 0.61, True, False) for case in published]
    answers, failed = ({}, why) if python is None else magentropy(python, maps)
    if failed:
        print(failed)
    for one in maps:
        report(one, answers.get(one.name))
    if published:
        quotient = maps[-1].quotients(36.70)
        print("\nErCo2, sweeps from 100 Oe, 5 T: the reference is -51.94 J/kg/K at 36.70 K. The plain quotient of each")
        print(
            f"reading's neighbours, of first order on these uneven steps, gives {quotient:.2f} there; see above for the"
        )
        print("second-order derivative and for the twin, which has no steps between fields to cross.")
    else:
        print("\nThe published ErCo2 sweeps are not beside this checkout.")


if __name__ == "__main__":
    main()
