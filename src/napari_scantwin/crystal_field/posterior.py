"""What curves leave open, at once: a network that has learned from simulated curves which crystal fields make them.

It is trained once for an ion, a site and the grids of the curves at hand, with errors of every size and curves missing
at random, and then answers for any sample measured like that in a millisecond. Its samples are starts for
:func:`~napari_scantwin.crystal_field.search.find` and a band over the curves; they are no fit. A crystal field is given
to it as its direction times ln(1 + size), size = Σ|x0 x_i| in K.
"""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.model import LeastSquares, Priors, thinned
from napari_scantwin.crystal_field.observables import curie_constant
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.table import cache_folder, directions
from napari_scantwin.networks.mixture_density import MixtureDensity, fit_mixture_density

__all__ = ["Posterior", "train_posterior"]

#: Readings of a curve that the network looks at.
_READINGS = 32
_CHUNK = 16
_SMALLEST, _LARGEST = 0.5, 100.0
#: How often a curve is left out of an example, and by how much its errors differ from those at hand.
_MISSING, _ERRORS = 0.15, 3.0
_VERSION = 2


@dataclass(frozen=True, eq=False)
class Posterior:
    """A trained network for an ion, a site and a set of curves.

    Parameters
    ----------
    ion, site
        Whose crystal fields it knows.
    grids
        The curves whose places it looks at.
    noise
        What the errors of each curve are made of, as it was trained [c, 2]: a part of the value and one of the largest.
    priors
        Of scale factors and molecular field.
    centre, spread
        Of the inputs, as they are scaled.
    network
        The network.
    """

    ion: Ion
    site: Site
    grids: tuple[IonCurve, ...]
    noise: np.ndarray
    priors: Priors
    centre: np.ndarray
    spread: np.ndarray
    network: MixtureDensity

    def samples(self, curves: Sequence[IonCurve], count: int = 64, seed: int = 0) -> np.ndarray:
        """Draws [count, k] of the site's parameters in K, given the curves of a sample.

        Parameters
        ----------
        curves
            Of the same kinds and directions as those it was trained for, at any places; those it does not know are left
            aside, those that are missing are missing.
        count
            How many draws.
        seed
            Fixes them.

        Raises
        ------
        ScanError
            Where it knows none of the curves.
        """
        inputs = self._inputs(curves)
        drawn = self.network.samples(inputs[None], count, np.random.default_rng(seed))[0]
        model = LeastSquares(self.ion, self.site, self.grids, self.priors)
        return _from_target(drawn) / model.sizes

    def band(self, curves: Sequence[IonCurve], count: int = 64, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each curve it was trained for: where the middle 90 % of the draws lie, lower and upper [n]."""
        model = LeastSquares(self.ion, self.site, self.grids, self.priors)
        sized = self.samples(curves, count, seed) * model.sizes
        made = [model.fitted(row) for row in model.start(sized)]
        return [tuple(np.quantile([one[i] for one in made], [0.05, 0.95], axis=0)) for i in range(len(self.grids))]  # type: ignore[misc]

    def _inputs(self, curves: Sequence[IonCurve]) -> np.ndarray:
        row, missing, levels = [], [], []
        for grid, noise in zip(self.grids, self.noise, strict=True):
            same = [one for one in (each.trimmed() for each in curves) if one is not None and _alike(one, grid)]
            value, level = np.zeros(grid.x.size), None
            if same:
                mean = _grid(same[0])  # averaged as the examples' errors are
                order = np.argsort(mean.x)
                x, y = mean.x[order], mean.value[order]
                if x[0] <= grid.x.min() * 1.2 + 1e-9 and x[-1] >= grid.x.max() * 0.8:
                    value = np.interp(grid.x, x, y)
                    level = float(np.log(np.median(mean.error / _error_of(mean.value, noise))))
            missing.append(level is None)
            levels.append(float(np.clip(level or 0.0, -np.log(_ERRORS), np.log(_ERRORS))))
            row.append(_compressed(self.ion, grid, value))
        if all(missing):
            raise ScanError("none of these curves is like those the network was trained for; train it for them")
        rows = (np.concatenate(row)[None], np.array([missing]), np.array([levels]))
        return _scaled(self.grids, *rows, self.centre, self.spread)[0]


def train_posterior(
    curves: Sequence[IonCurve],
    ion: str | Ion,
    site: str | Site,
    *,
    priors: Priors | None = None,
    examples: int = 20_000,
    steps: int = 4000,
    seed: int = 0,
    keep: bool = True,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> Posterior:
    """Simulate examples on the grids of the curves and learn from them.

    Parameters
    ----------
    curves
        Curves as they were measured: their places, directions, fields and relative errors count, not their values.
        Level energies are left aside.
    ion, site
        Such as "Er3+" and "D3d".
    priors
        What is expected of scale factors and molecular field, from which examples are drawn.
    examples, steps
        Simulated sets of curves, and steps of the training.
    seed
        Of examples and network.
    keep
        Whether to keep the network on disk, and to take it from there.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled`; nothing is left.
    """
    ion, priors = ion_of(ion), priors or Priors()
    site = site_of(site).for_J(ion.J)
    grids = tuple(_grid(one) for one in (each.trimmed() for each in curves) if one is not None and one.kind != "levels")
    if not grids:
        raise ScanError("a network learns from heat capacities, susceptibilities and magnetizations; give one")
    noise = np.array([_noise_of(one) for one in grids])
    model = LeastSquares(ion, site, grids, priors)
    key = _key(ion, site, grids, noise, priors, examples, steps, seed)
    path = cache_folder() / "crystal_field" / f"posterior_{site.laue}_J{ion.J:g}_{key}.npz"
    if keep and (network := _read(path, model.k)) is not None:
        return Posterior(ion, site, grids, noise, priors, *network)

    def told(low, high):
        return None if on_progress is None else lambda share: on_progress(low + (high - low) * share)

    rng = np.random.default_rng(seed)
    sized = directions(model.k, examples, seed + 1)[rng.permutation(examples)]
    sized = sized * np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST), size=(examples, 1)))
    values = _simulated(model, sized, rng, told(0.0, 0.6), stop)
    missing = rng.random((examples, len(grids))) < _MISSING
    missing[missing.all(axis=1)] = False
    levels = rng.uniform(-np.log(_ERRORS), np.log(_ERRORS), size=(examples, len(grids)))
    raw = []
    for number, (grid, value) in enumerate(zip(grids, values, strict=True)):
        error = _error_of(value, noise[number]) * np.exp(levels[:, number, None])
        raw.append(_compressed(ion, grid, value + error * rng.normal(size=value.shape)))
    whole = np.concatenate(raw, axis=1)
    centre, spread = whole.mean(axis=0), whole.std(axis=0) + 1e-9
    inputs = _scaled(grids, whole, missing, levels, centre, spread)
    targets = _to_target(_folded(model, grids, sized))
    network = fit_mixture_density(inputs, targets, steps=steps, seed=seed, on_progress=told(0.6, 1.0), stop=stop)
    if keep:
        _write(path, centre, spread, network)
    return Posterior(ion, site, grids, noise, priors, centre, spread, network)


def _grid(curve: IonCurve) -> IonCurve:
    """The curve at no more places than the network looks at."""
    return thinned(curve, _READINGS)


def _alike(one: IonCurve, other: IonCurve) -> bool:
    """Whether a curve is of the same kind, direction, field and temperature."""
    same = (one.kind, one.direction) == (other.kind, other.direction) and abs(one.field - other.field) < 0.05
    return same and (one.temperature is None or abs(one.temperature / other.temperature - 1) < 0.05)


def _simulated(model: LeastSquares, sized, rng, on_progress, stop) -> list[np.ndarray]:
    """The curves [n, x] of crystal fields with scale factors and molecular fields as they are expected."""
    unknowns = model.start(sized)
    for number, one in enumerate(model.unknowns):
        unknowns[:, model.k + number] += one.deviation * rng.normal(size=len(sized))
    found: list[list[np.ndarray]] = []
    for begin in range(0, len(sized), _CHUNK):
        if stop is not None and stop.is_set():
            raise Cancelled
        found.append(model.simulated(unknowns[begin : begin + _CHUNK]))
        if on_progress is not None:
            on_progress(min(1.0, (begin + _CHUNK) / len(sized)))
    return [np.concatenate([one[i] for one in found]) for i in range(len(found[0]))]


def _compressed(ion: Ion, grid: IonCurve, value: np.ndarray) -> np.ndarray:
    """Values of order one: χT over Curie's constant, M over saturation, C as it is."""
    if grid.kind == "susceptibility":
        return value * grid.x / curie_constant(ion)
    return value / ion.saturation_moment if grid.kind == "magnetization" else value


def _noise_of(curve: IonCurve) -> tuple[float, float]:
    """The parts of the value and of the largest value, neither below zero, that a curve's errors are the sum of."""
    from scipy.optimize import nnls

    size = np.abs(curve.value)
    columns = np.stack([size, np.full(size.shape, size.max())], axis=1) / curve.error[:, None]
    found, _ = nnls(columns, np.ones(len(size)))
    return tuple(found)


def _error_of(value: np.ndarray, noise) -> np.ndarray:
    """The errors of values [..., x] that such parts make."""
    size = np.abs(value)
    return np.maximum(noise[0] * size + noise[1] * size.max(axis=-1, keepdims=True), 1e-12)


def _scaled(grids, rows, missing, levels, centre, spread) -> np.ndarray:
    """Inputs of n examples: readings [n, x] about their mean, zero where a curve is missing; which are missing [n, c];
    the logarithms of how large the errors are [n, c]."""
    gone = np.repeat(missing, [grid.x.size for grid in grids], axis=1)
    readings = np.where(gone, 0.0, np.clip((rows - centre) / spread, -8, 8))
    return np.concatenate([readings, missing.astype(float), np.where(missing, 0.0, levels)], axis=1)


def _to_target(sized: np.ndarray) -> np.ndarray:
    size = np.abs(sized).sum(axis=1, keepdims=True)
    return sized / size * np.log1p(size)


def _from_target(target: np.ndarray) -> np.ndarray:
    length = np.abs(target).sum(axis=1, keepdims=True)
    return target / np.maximum(length, 1e-12) * np.expm1(np.minimum(length, 12.0))


def _folded(model: LeastSquares, grids, sized: np.ndarray) -> np.ndarray:
    """One of each pair that no curve tells apart, so that the network need not learn both."""
    if any(one.direction in ("a", "b") and (one.kind == "magnetization" or one.field > 0) for one in grids):
        return sized
    for turn in model.site.equivalences:
        signs = np.diag(turn.matrix)
        if turn.in_plane and np.allclose(turn.matrix, np.diag(signs)):
            first = int(np.flatnonzero(signs < 0)[0])
            sized = np.where(sized[:, first : first + 1] < 0, sized * signs, sized)
            break
    return sized


def _key(ion, site, grids, noise, priors, *numbers) -> str:
    digest = hashlib.sha256(repr((_VERSION, ion.name, ion.J, site.laue, priors, numbers)).encode())
    for one, parts in zip(grids, noise, strict=True):
        errors = [f"{part:.2g}" for part in parts]
        digest.update(repr((one.kind, one.direction, one.field, one.temperature, one.group, errors)).encode())
        digest.update(np.round(one.x, 6).tobytes())
    return digest.hexdigest()[:12]


def _write(path: Path, centre, spread, network: MixtureDensity) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        parts = {f"weight{i:02d}": part for i, part in enumerate(network.weights)}
        np.savez(
            temporary, centre=centre, spread=spread, widening=network.widening, components=network.components, **parts
        )


def _read(path: Path, dimensions: int):
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = tuple(file[name] for name in sorted(file.files) if name.startswith("weight"))
            network = MixtureDensity(weights, int(file["components"]), dimensions, float(file["widening"]))
            return file["centre"], file["spread"], network
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
