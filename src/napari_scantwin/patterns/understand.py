"""What a twin has learned: which sweeps carry each place of its map, how it answers errors of its inputs, and what
regularisation costs and earns.

*Influence*: the map without one sweep less the map, sweep by sweep; the interpolators the twin is made of are fitted
again without it, with the weights the twin has. *Fragility*: what the simulated value may change by within the stated
errors of the inputs. With the twin's exact derivatives g and errors s the worst of all directions within the box of
errors changes it by ``sum |g s|``, a random one by ``sqrt(sum (g s)^2)``; where the first is far above the second the
inputs' errors may conspire. *Regularisation*: the held-out error of probing networks, as their weight decay and the
number of their steps change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.grids import mesh
from napari_scantwin.interpolators.protocol import Folds
from napari_scantwin.twin.candidates.library import candidates
from napari_scantwin.twin.candidates.small_networks import SmallNetworks
from napari_scantwin.twin.data import prepare

__all__ = ["Choice", "Fragility", "Influence", "fragility", "influence", "regularisation"]

_SIZE = (60, 80)
_DECAYS, _STEPS, _PROBE_STEPS, _PROBE_NODES = (0.0, 0.03, 0.3, 3.0, 30.0), (20, 60), 150, (12, 12)


@dataclass(frozen=True)
class Influence:
    """How a twin's map depends on each of its sweeps.

    Parameters
    ----------
    change
        What leaving a sweep out changes the map by, a scan over the sweeps' set points and the map's axes, in the
        value's unit.
    carrier
        The set point of the sweep whose loss changes each place most, a scan over the map's axes.
    most
        By how much that is.
    labels
        The sweeps by name.
    left_out
        Interpolators of the twin that could not be fitted again, by name; their weights are shared out.
    """

    change: xr.DataArray
    carrier: xr.DataArray
    most: xr.DataArray
    labels: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def overall(self) -> np.ndarray:
        """The root mean square change of the whole map by each sweep's loss [sweeps]."""
        squares = np.nanmean(self.change.values.reshape(len(self.labels), -1) ** 2, axis=1)
        return np.sqrt(squares)


@dataclass(frozen=True)
class Fragility:
    """How a twin's map answers errors of its inputs.

    Parameters
    ----------
    worst, usual
        The most the value may change by within the errors, and the root mean square over random directions, scans
        over the map's axes in the value's unit.
    ratio
        Worst over usual, a scan; 1 where one input alone matters, the root of their number where all matter alike.
    beside
        The worst change over the twin's own standard deviation, a scan.
    sensitivity
        The derivative along each axis, scans by the axes' names.
    """

    worst: xr.DataArray
    usual: xr.DataArray
    ratio: xr.DataArray
    beside: xr.DataArray
    sensitivity: Mapping[str, xr.DataArray]


@dataclass(frozen=True)
class Choice:
    """A choice of regularisation.

    Parameters
    ----------
    words
        What was chosen.
    held_out, seen
        Errors on sweeps left out and on those learned from, in the value's unit.
    seconds
        What it took.
    """

    words: str
    held_out: float
    seen: float
    seconds: float


def _grid_of(twin) -> dict[str, np.ndarray]:
    if len(twin.axes) < 2:
        raise ScanError("what carries a map is asked of a scan with sweeps, and this one has one axis")
    return twin.default_grid(_SIZE) if len(twin.axes) == 2 else twin.measured_grid()


def _on_grid(twin, grid, values, name: str, unit: str, long_name: str) -> xr.DataArray:
    axes = {axis: (grid[axis], twin.scan[axis].attrs["units"]) for axis in twin.axes}
    labels = {axis: twin.scan[axis].attrs.get("long_name", axis.replace("_", " ")) for axis in twin.axes}
    about = {key: twin.scan.attrs[key] for key in ("source", "sha256") if key in twin.scan.attrs}
    shape = tuple(len(grid[axis]) for axis in twin.axes)
    return scans.gridded_scan(
        axes, np.asarray(values, float).reshape(shape), name=name, unit=unit, long_names={**labels, name: long_name},
        attrs=about,
    )  # fmt: skip


def influence(
    twin,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Influence:
    """Which sweeps carry each place of a twin's map.

    Parameters
    ----------
    twin
        A twin of a scan with sweeps.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    Influence
        Maps of the change without each sweep.

    Raises
    ------
    ScanError
        Where the scan has no sweeps, or nothing the twin is made of can be fitted again.
    Cancelled
        Where ``stop`` was set.
    """
    grid = _grid_of(twin)
    places = mesh([grid[axis] for axis in twin.axes])
    data = prepare(twin.scan, twin.settings.training_budget.folds)
    count = len(data.groups.knots)
    if not data.groups.sweeps or count < 3:
        raise ScanError("influence is asked of three sweeps or more; this scan's points lie in none")
    known = {str(one): one for one in candidates(data, twin.settings.training_budget, twin.settings.method)}
    masks = [np.arange(count) != number for number in range(count)]
    change, weight, missing = np.zeros((count, len(places))), 0.0, []
    for number, (name, fitted, share) in enumerate(
        zip(twin.mixture.names, twin.mixture.interpolators, twin.mixture.weights, strict=True)
    ):
        if stop is not None and stop.is_set():
            raise Cancelled
        if name not in known:
            missing.append(name)
            continue
        members = twin.settings.training_budget.members
        folds = Folds(masks, members, twin.settings.seed, stop)
        whole = fitted.outputs(places).mean(axis=0)
        for sweep, one in enumerate(known[name].fit_folds(data, folds).fits):
            change[sweep] += share * (one.outputs(places).mean(axis=0) - whole)
        weight += share
        if on_progress is not None:
            on_progress((number + 1) / len(twin.mixture.names))
    if weight == 0:
        raise ScanError("nothing that this twin is made of can be fitted again; train it again first")
    change *= twin.spread / weight
    strongest = np.abs(change).argmax(axis=0)
    unit, slow = twin.scan.attrs["units"], twin.axes[0]
    shape = tuple(len(grid[axis]) for axis in twin.axes)
    changes = scans.gridded_scan(
        {"left_out": (data.groups.knots, twin.scan[slow].attrs["units"])}
        | {axis: (grid[axis], twin.scan[axis].attrs["units"]) for axis in twin.axes},
        change.reshape(count, *shape),
        name="change",
        unit=unit,
        long_names={"change": "change without the sweep", "left_out": f"{slow.replace('_', ' ')} left out"},
    )
    carrier = _on_grid(
        twin, grid, data.groups.knots[strongest], "carrier", twin.scan[slow].attrs["units"], "carried by the sweep at"
    )
    most = np.abs(change).max(axis=0)
    return Influence(
        changes,
        carrier,
        _on_grid(twin, grid, most, "influence", unit, "change without that sweep"),
        data.groups.labels,
        tuple(missing),
    )


def fragility(twin, errors: Mapping[str, float], *, stop: threading.Event | None = None) -> Fragility:
    """How much the simulated value may change within the errors of its inputs.

    Parameters
    ----------
    twin
        A twin.
    errors
        One standard deviation, or the limit, of the inputs by axis, in the axes' units; axes left out are exact.
    stop
        Ends the work when it is set.

    Returns
    -------
    Fragility
        Maps of the worst and the usual change, their ratio, and the sensitivities.

    Raises
    ------
    ScanError
        Where an axis is not one of the twin's, an error is negative, or all are zero.
    Cancelled
        Where ``stop`` was set.
    """
    unknown = [name for name in errors if name not in twin.axes]
    if unknown:
        raise ScanError(f"errors are of the axes {', '.join(twin.axes)}; not {', '.join(unknown)}")
    if any(not np.isfinite(error) or error < 0 for error in errors.values()) or not any(errors.values()):
        raise ScanError("the errors of the inputs are 0 or more, and one is above 0")
    grid = _grid_of(twin)
    places = mesh([grid[axis] for axis in twin.axes])
    parts, sensitivity = [], {}
    unit = twin.scan.attrs["units"]
    for axis in twin.axes:
        slope = twin.derivative(places, axis, stop=stop)[0]
        sensitivity[axis] = _on_grid(
            twin,
            grid,
            slope,
            f"sensitivity_to_{axis}",
            _per(unit, twin.scan[axis].attrs["units"]),
            f"slope along {axis}",
        )
        parts.append(np.abs(slope) * errors.get(axis, 0.0))
    worst = np.sum(parts, axis=0)
    usual = np.sqrt(np.sum(np.square(parts), axis=0))
    ratio = np.divide(worst, usual, out=np.ones_like(worst), where=usual > 0)
    beside = worst / np.maximum(twin.predict(places, stop=stop)[1], 1e-300)
    return Fragility(
        _on_grid(twin, grid, worst, "worst_change", unit, "worst change within the inputs' errors"),
        _on_grid(twin, grid, usual, "usual_change", unit, "usual change within the inputs' errors"),
        _on_grid(twin, grid, ratio, "fragility", "dimensionless", "worst over usual change"),
        _on_grid(twin, grid, beside, "beside", "dimensionless", "worst change over the error bar"),
        sensitivity,
    )


def _per(unit: str, other: str) -> str:
    from napari_scantwin.core import units

    return units.ratio(unit, other)


def regularisation(
    twin,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[Choice]:
    """What weight decay and an early end cost and earn on sweeps left out.

    Probing networks of two layers of 12 are fitted to the twin's scan with each choice, as often as it has folds. The
    twin's own networks have no dropout: they are few, whole ensembles, fitted by second-order steps.

    Parameters
    ----------
    twin
        A twin.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    list of Choice
        One row for each.

    Raises
    ------
    Cancelled
        Where ``stop`` was set.
    """
    data = prepare(twin.scan, twin.settings.training_budget.folds)
    masks = [data.groups.fold != fold for fold in range(data.groups.folds)]
    probes = [
        (f"weight decay of {decay:g} points", SmallNetworks("plain", _PROBE_NODES, decay, _PROBE_STEPS))
        for decay in _DECAYS
    ]
    probes += [
        (f"decay 0.03, ended after {steps} steps", SmallNetworks("plain", _PROBE_NODES, 0.03, steps))
        for steps in _STEPS
    ]
    found = []
    for number, (words, probe) in enumerate(probes):
        began = time.process_time()
        held, seen = np.full(len(data.targets), np.nan), []
        for fold, mask in enumerate(masks):
            fit = probe.fit(data, mask, 1, twin.settings.seed, stop)
            told = fit.outputs(data.coordinates).mean(axis=0)
            mine = data.groups.point_fold == fold
            held[mine] = told[mine]
            seen.append(np.mean((told - data.targets)[~mine & data.inner] ** 2))
        wrong = (held - data.targets)[data.inner]
        found.append(
            Choice(
                words,
                float(np.sqrt(np.mean(wrong**2)) * data.spread),
                float(np.sqrt(np.mean(seen)) * data.spread),
                time.process_time() - began,
            )
        )
        if on_progress is not None:
            on_progress((number + 1) / len(probes))
    return found
