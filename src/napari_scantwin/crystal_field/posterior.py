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
_CHUNK = 64
_SMALLEST, _LARGEST = 0.5, 100.0
#: How often a curve is left out of an example, and by how much its errors differ from those at hand.
_MISSING, _ERRORS = 0.15, 3.0
_VERSION = 1


@dataclass(frozen=True, eq=False)
class Posterior:
    """A trained network for an ion, a site and a set of curves.

    Parameters
    ----------
    ion, site
        Whose crystal fields it knows.
    grids
        The curves whose places it looks at.
    relative_errors
        Of each curve, as it was trained [c].
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
    relative_errors: np.ndarray
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
        values, missing, errors = [], [], []
        for grid, relative in zip(self.grids, self.relative_errors, strict=True):
            same = [one for one in (each.trimmed() for each in curves) if one is not None and _alike(one, grid)]
            value = None
            if same:
                order = np.argsort(same[0].x)
                x, y = same[0].x[order], same[0].value[order]
                if x[0] <= grid.x.min() * 1.2 + 1e-9 and x[-1] >= grid.x.max() * 0.8:
                    value = np.interp(grid.x, x, y)
                    of_file = float(np.median(same[0].error / np.maximum(np.abs(same[0].value), 1e-12)))
            missing.append(value is None)
            errors.append(0.0 if value is None else np.log(max(of_file, 1e-5) / relative))
            values.append(np.zeros(grid.x.size) if value is None else value)
        if all(missing):
            raise ScanError("none of these curves is like those the network was trained for; train it for them")
        return _scaled(self.ion, self.grids, values, np.array(missing), np.array(errors), self.centre, self.spread)


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
    relative = np.array([float(np.median(one.error / np.maximum(np.abs(one.value), 1e-12))) for one in grids])
    model = LeastSquares(ion, site, grids, priors)
    key = _key(ion, site, grids, relative, priors, examples, steps, seed)
    path = cache_folder() / "crystal_field" / f"posterior_{site.laue}_J{ion.J:g}_{key}.npz"
    if keep and (network := _read(path, model.k)) is not None:
        return Posterior(ion, site, grids, relative, priors, *network)

    def told(low, high):
        return None if on_progress is None else lambda share: on_progress(low + (high - low) * share)

    rng = np.random.default_rng(seed)
    sized = directions(model.k, examples, seed + 1)[rng.permutation(examples)]
    sized = sized * np.exp(rng.uniform(np.log(_SMALLEST), np.log(_LARGEST), size=(examples, 1)))
    values = _simulated(model, sized, rng, told(0.0, 0.6), stop)
    missing = rng.random((examples, len(grids))) < _MISSING
    missing[missing.all(axis=1)] = False
    errors = rng.uniform(-np.log(_ERRORS), np.log(_ERRORS), size=(examples, len(grids)))
    raw = []
    for number, (grid, value) in enumerate(zip(grids, values, strict=True)):
        share = relative[number] * np.exp(errors[:, number, None])
        share = share * np.abs(value) + 0.3 * share * np.abs(value).max(axis=1, keepdims=True)
        noisy = value + share * rng.normal(size=value.shape)
        raw.append(_compressed(ion, grid, noisy))
    whole = np.concatenate(raw, axis=1)
    centre, spread = whole.mean(axis=0), whole.std(axis=0) + 1e-9
    inputs = np.stack(
        [
            _scaled(ion, grids, None, gone, each, centre, spread, row)
            for row, gone, each in zip(whole, missing, errors, strict=True)
        ]
    )
    targets = _to_target(_folded(model, grids, sized))
    network = fit_mixture_density(inputs, targets, steps=steps, seed=seed, on_progress=told(0.6, 1.0), stop=stop)
    if keep:
        _write(path, centre, spread, network)
    return Posterior(ion, site, grids, relative, priors, centre, spread, network)


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


def _scaled(ion, grids, values, missing, errors, centre, spread, row=None) -> np.ndarray:
    """Inputs: readings about their mean, zero where a curve is missing; which are missing; logarithms of errors."""
    if row is None:
        row = np.concatenate([_compressed(ion, grid, value) for grid, value in zip(grids, values, strict=True)])
    gone = np.repeat(missing, [grid.x.size for grid in grids])
    readings = np.where(gone, 0.0, np.clip((row - centre) / spread, -8, 8))
    return np.concatenate([readings, missing.astype(float), np.where(missing, 0.0, errors)])


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


def _key(ion, site, grids, relative, priors, *numbers) -> str:
    digest = hashlib.sha256(repr((_VERSION, ion.name, ion.J, site.laue, priors, numbers)).encode())
    for one, error in zip(grids, relative, strict=True):
        digest.update(repr((one.kind, one.direction, one.field, one.temperature, one.group, f"{error:.2g}")).encode())
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
