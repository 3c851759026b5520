"""Components of a stack: how many, their spectra, and how much of each there is at every place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.core.errors import ScanError
from napari_scantwin.networks.waiting import interruptibly
from napari_scantwin.patterns import factors
from napari_scantwin.patterns.blocks import chosen_places, in_blocks, leading_loadings
from napari_scantwin.patterns.counting import (
    Evidence,
    WeightedTable,
    count_components,
    neighbour_pairs,
    weighted_table,
)
from napari_scantwin.patterns.matrix import ObservationTable, noise_factors, observation_table

__all__ = ["GROUPINGS", "METHODS", "Components", "Decomposer", "decompose"]

METHODS = ("parts", "variance", "groups", "latent")
GROUPINGS = ("k-means", "HDBSCAN")
#: More values are not held as a model or a residual.
_MOST_HELD = 200_000_000
#: So few values are worked on by one thread.
_SMALL = 4_000_000
#: Steps of the refinement where there are more.
_FEW_STEPS = 60
#: A place whose residual is more than this many of its errors from one does not fit.
_MISFIT = 6.0
#: HDBSCAN: the fewest places of a group, as a share of all and at least.
_FEWEST_SHARE, _FEWEST = 0.01, 5
_SPARE = 10


class Decomposer:
    """What a method has found on some places, to be used on all.

    Attributes
    ----------
    spectra
        [k, p].
    """

    spectra: np.ndarray

    def amounts(self, rows: np.ndarray) -> np.ndarray:
        """How much of each spectrum the rows [n, p] hold [n, k]."""
        raise NotImplementedError

    def model(self, amounts: np.ndarray) -> np.ndarray:
        """Rows from amounts [n, k]."""
        return amounts @ self.spectra

    def shown(self, amounts: np.ndarray) -> np.ndarray:
        """Amounts as they are shown [n, k]."""
        return amounts


@dataclass
class _Parts(Decomposer):
    spectra: np.ndarray
    of_channels: np.ndarray

    def amounts(self, rows):
        return factors.amounts_given(rows, self.spectra, self.of_channels)

    def shown(self, amounts):
        total = amounts.sum(axis=1, keepdims=True)
        return amounts / np.maximum(total, np.finfo(float).tiny)


@dataclass
class _Weigh:
    """Rows over their noise, by weights that are known for the channels."""

    of_channels: np.ndarray
    gain: float
    offset: float

    def of_places(self, rows):
        mean = np.array([float(np.mean(rows, dtype=float))])
        return noise_factors(rows.mean(axis=1, dtype=float), mean, self.gain, self.offset)[0]

    def __call__(self, rows):
        return rows / self.of_places(rows)[:, None].astype(rows.dtype) / self.of_channels.astype(rows.dtype)


@dataclass
class _Variance(Decomposer):
    loadings: np.ndarray
    weigh: _Weigh

    @property
    def spectra(self):
        return self.loadings * self.weigh.of_channels

    def amounts(self, rows):
        found = np.asarray(self.weigh(rows) @ self.loadings.T.astype(rows.dtype), float)
        return found * self.weigh.of_places(rows)[:, None]


@dataclass
class _Groups(Decomposer):
    spectra: np.ndarray
    centres: np.ndarray
    loadings: np.ndarray
    of_channels: np.ndarray
    known: np.ndarray | None = None

    def amounts(self, rows):
        total = np.maximum(rows.sum(axis=1, dtype=float), np.finfo(float).tiny)
        if self.known is not None and len(self.known) == len(rows):
            number = self.known
        else:
            features = np.asarray((rows / self.of_channels) @ self.loadings.T, float) / total[:, None]
            distance = ((features[:, None] - self.centres) ** 2).sum(axis=2)
            number = distance.argmin(axis=1)
        return total[:, None] * (number[:, None] == np.arange(len(self.spectra)))

    def shown(self, amounts):
        return (amounts > 0).astype(float)


@dataclass(frozen=True)
class Components:
    """What a stack is made of.

    Parameters
    ----------
    shares
        How much of each component there is at every place, a scan over ``component`` and the places: shares from 0 to 1
        (parts), scores (variance), 0 or 1 (groups), coordinates (latent).
    spectra
        Their spectra, a scan over ``component`` and the channels; of unit sum (parts, groups).
    total
        The intensity of every place, summed over the channels, a scan over the places.
    misfit
        The root mean square of every place's residual over its noise, a scan over the places; about 1 where it fits.
    evidence
        How many components there are, by two tests; None where the number was not asked.
    uniqueness
        How far the data fix the spectra (parts), or None.
    table
        The places and channels, their noise and what was left out.
    method
        One of :data:`METHODS`.
    amounts
        Amounts of the used places [n, k].
    decomposer
        What turns rows into amounts and back.
    notes
        Sentences.
    """

    shares: xr.DataArray
    spectra: xr.DataArray
    total: xr.DataArray
    misfit: xr.DataArray
    evidence: Evidence | None
    uniqueness: factors.Uniqueness | None
    table: ObservationTable
    method: str
    amounts: np.ndarray = field(repr=False)
    decomposer: Decomposer = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many components."""
        return self.shares.sizes["component"]

    @property
    def gain(self) -> float:
        """What one count adds to a value."""
        return self.table.gain

    @property
    def model(self) -> xr.DataArray:
        """The sum of the components, a scan like the stack; NaN where nothing was looked at.

        Raises
        ------
        ScanError
            Where it is too large to be held.
        """
        self._check_size()
        name = str(self.table.scan.name)
        return self.table.as_scan(self.decomposer.model(self.amounts), name=name, long_name="model of the components")

    @property
    def residual(self) -> xr.DataArray:
        """The stack without the sum of its components, a scan like it.

        Raises
        ------
        ScanError
            Where it is too large to be held.
        """
        self._check_size()
        left = self.table.rows() - self.decomposer.model(self.amounts)
        return self.table.as_scan(left, long_name="residual of the components")

    def _check_size(self) -> None:
        if self.table.scan.size > _MOST_HELD:
            raise ScanError(
                f"model and residual of {self.table.scan.size} values are too large to hold; decompose a part of the "
                "stack to see them, or look at the misfit of every place"
            )

    def band(self) -> tuple[xr.DataArray, xr.DataArray] | None:
        """Least and greatest spectra that fit as well, scans like ``spectra``; None where the method has none."""
        if self.uniqueness is None:
            return None
        how = {"name": "spectrum", "unit": "dimensionless"}
        return (
            self.table.as_spectra(self.uniqueness.low, long_name="least spectrum", **how),
            self.table.as_spectra(self.uniqueness.high, long_name="greatest spectrum", **how),
        )

    def spectrum_of(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean of the measured spectra, of their noise and of the model over chosen places.

        Parameters
        ----------
        chosen
            Bool in the places' shape.

        Returns
        -------
        measured, error, model : numpy.ndarray
            Each [p], over the channels that are kept.

        Raises
        ------
        ScanError
            Where none of them is used.
        """
        numbers = np.flatnonzero(np.asarray(chosen, bool)[self.table.used])
        if not len(numbers):
            raise ScanError("none of these places was looked at; choose others")
        measured = self.table.rows(numbers).mean(axis=0, dtype=float)
        model = self.decomposer.model(self.amounts[numbers]).mean(axis=0)
        variance = self.table.gain * np.maximum(model, 0) + self.table.offset
        return measured, np.sqrt(np.maximum(variance, 0) / len(numbers)), model

    def recipe(self) -> str:
        """The same numbers in plain NumPy, as lines to be copied; nothing is scaled that they do not show."""
        table, over, channels = self.table, list(self.table.over), list(self.table.channels)
        lines = [
            f"values = scan.transpose(*{over + channels}).values.reshape({table.used.size}, -1)",
            f"spectra = found.spectra.values.reshape({self.count}, -1)",
        ]
        if not (table.used.all() and table.kept.all()):
            lines.append("used, kept = found.table.used.ravel(), found.table.kept.ravel()")
            lines.append("values, spectra = values[used][:, kept], spectra[:, kept]")
        if self.method == "parts":
            lines += [
                "amounts = np.repeat(values.sum(1, keepdims=True) / len(spectra), len(spectra), axis=1)",
                "for _ in range(2000): amounts *= (values / (amounts @ spectra)) @ spectra.T",
                "shares = amounts / amounts.sum(1, keepdims=True)",
                "residual = values - amounts @ spectra",
            ]
        elif self.method == "variance":
            lines += [
                f"variance = lambda mean: {table.gain!r} * mean + {table.offset!r}",
                "of_places, of_channels = np.sqrt(variance(values.mean(1))), np.sqrt(variance(values.mean(0)))",
                "of_channels /= np.sqrt(variance(values.mean()))",
                "weighted = values / of_places[:, None] / of_channels",
                "shares = (weighted @ (spectra / of_channels).T) * of_places[:, None]",
                "residual = values - shares @ spectra",
            ]
        elif self.method == "groups":
            lines += [
                f"variance = lambda mean: {table.gain!r} * mean + {table.offset!r}",
                "of_channels = np.sqrt(variance(values.mean(0)) / variance(values.mean()))",
                "unit = values / values.sum(1, keepdims=True)",
                "shares = found.shares.values.reshape(len(spectra), -1).T[found.table.used.ravel()]",
                "residual = values - values.sum(1, keepdims=True) * (shares @ spectra)",
            ]
        else:
            lines += ["model = found.decomposer.model(found.amounts)", "residual = values - model"]
        return "\n".join(lines)


def decompose(
    scan: xr.DataArray,
    over: Sequence[str] | None = None,
    k: int | None = None,
    method: str = "parts",
    *,
    gain: float | None = None,
    mask: np.ndarray | None = None,
    grouping: str = "k-means",
    variational: bool = False,
    seed: int = 0,
    scheduler: str | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
    table: ObservationTable | None = None,
    evidence: Evidence | None = None,
) -> Components:
    """Find the components of a stack.

    Stacks of more than 20 000 places are looked at in tiles, spread evenly; the amounts are then worked out everywhere,
    part by part, so that the stack itself need not fit into memory.

    Parameters
    ----------
    scan
        A gridded scan of two axes or more.
    over
        The axes of the places; by default those that are no energy, angle or momentum
        (:func:`~napari_scantwin.patterns.matrix.proposed_places`).
    k
        How many components; by default as many as two tests find (:class:`Evidence`).
    method
        "parts": shares from 0 to 1 and spectra of unit sum, neither negative. "variance": principal components of the
        values over their noise, without their mean taken off. "groups": every place belongs to one. "latent": the axes
        of an autoencoder.
    gain
        What one count adds to a value; 0 for a noise that is the same everywhere. By default it is measured.
    mask
        Places to leave out, bool in the shape of the places.
    grouping
        Of "groups": "k-means" or "HDBSCAN", which finds their number itself and leaves out what is between them.
    variational
        Of "latent": whether the autoencoder is a variational one.
    seed
        The same seed gives the same components.
    scheduler
        The address of a Dask cluster that works out the amounts.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.
    table, evidence
        Those of an earlier call on the same scan, places, gain and mask, which are then not worked out again.

    Returns
    -------
    Components
        Shares and spectra, which are scans, and what is known of their number, uniqueness and residual.

    Raises
    ------
    ScanError
        Where the scan does not fit, or a parameter is wrong.
    Cancelled
        Where ``stop`` was set.
    """
    given = locals()
    if scan.size <= _SMALL:
        from threadpoolctl import threadpool_limits

        # Threads of matrix products wait for each other longer than so little takes.
        with threadpool_limits(1):
            return _decompose(**given)
    return _decompose(**given)


def _decompose(
    scan, over, k, method, gain, mask, grouping, variational, seed, scheduler, stop, on_progress, table, evidence
) -> Components:
    if method not in METHODS:
        raise ScanError(f"the method is one of {', '.join(METHODS)}; not {method!r}")
    if grouping not in GROUPINGS:
        raise ScanError(f"groups are found by {' or '.join(GROUPINGS)}; not by {grouping!r}")
    tell = on_progress or (lambda share: None)
    if table is None:
        table = interruptibly(lambda: observation_table(scan, over, gain=gain, mask=mask), stop)
    if method in ("parts", "groups"):
        _refuse_negative(table, method)
    tell(0.1)
    chosen = chosen_places(table, seed=seed)
    rows = table.rows(chosen)
    weighted = interruptibly(lambda: weighted_table(table, rows), stop)
    pairs = neighbour_pairs(table.used, chosen)
    if evidence is None:
        evidence = interruptibly(lambda: count_components(table, weighted, pairs, seed=seed, stop=stop), stop)
    tell(0.3)
    notes = list(table.notes)
    count = _checked_count(k, evidence, weighted, notes)
    how: dict[str, Any] = {"scheduler": scheduler, "stop": stop, "on_progress": lambda share: tell(0.6 + 0.4 * share)}
    whole = chosen is None
    if method == "parts":
        found, amounts = _parts(weighted, count, whole, stop, lambda share: tell(0.3 + 0.3 * share))
    elif method == "variance":
        found, amounts = _variance(table, weighted, count, whole, how)
    elif method == "groups":
        found, amounts = interruptibly(lambda: _groups(weighted, count, grouping, k, seed, notes), stop)
    else:
        from napari_scantwin.patterns.latent import fit_latent

        found, amounts = fit_latent(
            table, weighted, count, variational, seed, stop, lambda share: tell(0.3 + 0.3 * share)
        )
    if whole:
        misfit = _misfit(table, rows, found.model(amounts))
        total = rows.sum(axis=1, dtype=float)
    else:
        amounts, misfit, total = _everywhere(table, found, how)
    if method == "parts":
        order = np.argsort(-amounts.sum(axis=0), kind="stable")
        found, amounts = _Parts(found.spectra[order], found.of_channels), amounts[:, order]
    return _as_components(table, found, amounts, total, misfit, method, evidence, weighted, notes)


def _refuse_negative(table: ObservationTable, method: str) -> None:
    # Rounding may leave a zero just below it.
    if table.lowest < -1e-9 * abs(table.gain):
        raise ScanError(
            f"background-subtracted data has negative intensities (min {table.lowest:.4g}), which {method} cannot be "
            "made of; use variance, or add the background back"
        )


def _checked_count(k, evidence: Evidence, weighted: WeightedTable, notes: list[str]) -> int:
    most = len(weighted.values)
    if k is None:
        return min(evidence.proposed, most)
    if k != int(k) or not 1 <= k <= most:
        raise ScanError(f"the number of components is a whole number from 1 to {most}; not {k}")
    if k > max(evidence.above_noise, evidence.by_neighbours or 0):
        notes.append(
            f"{int(k)} components are asked for and there is evidence for {evidence.proposed}: the last ones are "
            "mostly noise"
        )
    return int(k)


def _parts(weighted, count, whole, stop, on_progress):
    spectra = factors.start_spectra(weighted.features(count), weighted.feature_noise, weighted.denoised(count), count)
    amounts = factors.amounts_given(weighted.rows, spectra, weighted.of_channels)
    rows = np.maximum(weighted.rows, 0)
    # So many values fix the spectra soon; what is in them is worked out everywhere afterwards.
    steps = {} if rows.size <= _SMALL else {"steps": _FEW_STEPS}
    amounts, spectra = factors.refined(rows, spectra, amounts, stop=stop, on_progress=on_progress, **steps)
    if whole:
        amounts, _ = factors.refined(rows, spectra, amounts, spectra_too=False, stop=stop, **steps)
    return _Parts(spectra, weighted.of_channels), amounts


def _variance(table, weighted, count, whole, how):
    weigh = _Weigh(weighted.of_channels, table.gain, table.offset)
    loadings = weighted.loadings[:count]
    if not whole:
        spare = weighted.loadings[: count + _SPARE]
        loadings = leading_loadings(table, spare, weigh, scheduler=how["scheduler"], stop=how["stop"])[:count]
    found = _Variance(loadings, weigh)
    return found, found.amounts(weighted.rows)


def _groups(weighted, count, grouping, asked, seed, notes):
    features = weighted.features(count)
    if grouping == "k-means":
        from sklearn.cluster import KMeans

        numbers = KMeans(count, n_init=10, random_state=seed).fit_predict(features)
    else:
        from sklearn.cluster import HDBSCAN

        if asked is not None:
            notes.append("HDBSCAN finds the number of groups itself; the number asked for is that of its dimensions")
        fewest = max(_FEWEST, round(_FEWEST_SHARE * len(features)))
        numbers = HDBSCAN(min_cluster_size=fewest, copy=True).fit_predict(features)
        if (numbers < 0).all():
            raise ScanError("HDBSCAN finds no groups: places lie too evenly between the spectra; use k-means or parts")
        if (numbers < 0).any():
            notes.append(f"{int((numbers < 0).sum())} places lie between the groups and belong to none")
    sizes = np.bincount(numbers[numbers >= 0])
    order = np.argsort(-sizes, kind="stable")
    renamed = np.full(len(sizes) + 1, -1)
    renamed[order] = np.arange(len(order))
    numbers = np.where(numbers < 0, -1, renamed[numbers])
    present = range(len(order))
    spectra = np.array([weighted.rows[numbers == one].sum(axis=0, dtype=float) for one in present])
    spectra /= spectra.sum(axis=1, keepdims=True)
    centres = np.array([features[numbers == one].mean(axis=0) for one in present])
    found = _Groups(spectra, centres, weighted.loadings[:count], weighted.of_channels, numbers)
    return found, found.amounts(weighted.rows)


def _misfit(table: ObservationTable, rows, model) -> np.ndarray:
    """The root mean square of the residuals over their noise, at every place."""
    variance = table.gain * np.maximum(model, 0) + table.offset
    least = max(0.01 * float(np.mean(variance)), np.finfo(float).tiny)
    return np.sqrt(np.mean((rows - model) ** 2 / np.maximum(variance, least), axis=1))


@dataclass
class _OfBlock:
    """Amounts, misfit and total of rows, an object that a cluster's workers can be sent."""

    found: Decomposer
    gain: float
    offset: float

    def __call__(self, rows):
        amounts = self.found.amounts(rows)
        model = self.found.model(amounts).astype(rows.dtype)
        variance = self.gain * np.maximum(model, 0) + self.offset
        least = max(0.01 * float(np.mean(variance)), float(np.finfo(rows.dtype).tiny))
        model -= rows
        misfit = np.sqrt(np.mean(model**2 / np.maximum(variance, least), axis=1, dtype=float))
        return amounts, misfit, rows.sum(axis=1, dtype=float)


def _everywhere(table, found, how):
    work = _OfBlock(found, table.gain, table.offset)
    parts = [one for _, one in in_blocks(table, work, **how)]
    return tuple(np.concatenate([part[k] for part in parts]) for k in range(3))


_SHOWN = {
    "parts": ("share", "dimensionless", "share of intensity"),
    "variance": ("score", None, "score"),
    "groups": ("group", "dimensionless", "member of group"),
    "latent": ("latent", "dimensionless", "latent coordinate"),
}


def _as_components(table, found, amounts, total, misfit, method, evidence, weighted, notes) -> Components:
    name, unit, long_name = _SHOWN[method]
    unit = table.scan.attrs["units"] if unit is None else unit
    about = {"method": method, "gain": table.gain, "places": ", ".join(table.over)}
    shown = found.shown(amounts)
    unit_sum = method in ("parts", "groups")
    spectra = table.as_spectra(
        found.spectra,
        name="spectrum",
        unit="dimensionless" if unit_sum or method == "variance" else table.scan.attrs["units"],
        long_name="spectrum of unit sum" if unit_sum else "spectrum",
        about=about,
    )
    uniqueness = None
    if method == "parts":
        noise, spectra_noise = _errors(table, amounts, found)
        uniqueness = factors.feasible(shown, found.spectra, noise, spectra_noise)
        notes += uniqueness.sentences()
    beyond = misfit > 1 + _MISFIT / np.sqrt(2 * max(len(found.spectra[0]) - len(found.spectra), 1))
    if method in ("parts", "variance") and beyond.any() and np.median(misfit) < 1.5:
        notes.append(
            f"{int(beyond.sum())} of {len(misfit)} places are not made of these components alone (see the misfit)"
        )
    of_places = {"unit": table.scan.attrs["units"], "long_name": "sum over the channels", "about": about}
    return Components(
        table.as_maps(shown.T, name=name, unit=unit, long_name=long_name, about=about),
        spectra,
        table.as_maps(total[None], name="intensity", **of_places).isel(component=0, drop=True),
        table.as_maps(
            misfit[None], name="misfit", unit="dimensionless", long_name="residual over its noise", about=about
        ).isel(component=0, drop=True),
        evidence,
        uniqueness,
        table,
        method,
        amounts,
        found,
        tuple(notes),
    )


def _errors(table, amounts, found) -> tuple[np.ndarray, np.ndarray]:
    """One standard deviation of the shares [n] and of the spectra [k, p], from the noise of the values."""
    total = np.maximum(amounts.sum(axis=1), np.finfo(float).tiny)
    mean = found.spectra.mean(axis=0)
    variance = table.gain * mean[None] * np.median(total) + table.offset
    variance = np.maximum(variance[0], np.finfo(float).tiny)
    information = (found.spectra / variance) @ found.spectra.T
    one = np.sqrt(np.mean(np.diag(np.linalg.pinv(information))))  # of an amount at a place of median total
    noise = one / np.sqrt(np.median(total) * total)
    held = np.maximum(amounts.sum(axis=0), np.finfo(float).tiny)
    spread = table.gain * np.maximum(found.spectra * held[:, None], 0) + table.offset * len(amounts)
    return noise, np.sqrt(np.maximum(spread, 0)) / held[:, None]
