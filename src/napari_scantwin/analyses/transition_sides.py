"""Transitions of the sweeps, of the twin, and of a second measurement; the boundary, and the critical field it gives.

Runs in any thread and touches no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from napari_scantwin.analyses.sides import Side, sides_of
from napari_scantwin.core import scan as scans
from napari_scantwin.core import training_mask
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.critical_field import MODELS, CriticalField, fit_critical_field
from napari_scantwin.physics.transition_curve import CRITERIA
from napari_scantwin.physics.transitions import SweepTransition, phase_boundary, sweep_transitions

__all__ = [
    "TransitionSettings",
    "TransitionSide",
    "TransitionsResult",
    "calculate",
    "gives_critical_field",
    "used_set_points",
]

#: Values of the slow axis at which the twin's boundary is drawn, and places along the fast axis.
_ROWS, _FAST = 60, 300
#: A ragged scan of more points is not looked through for its set points.
_MANY = 50_000


@dataclass(frozen=True)
class TransitionSettings:
    """The ``criterion`` (a name, or a share between 0 and 1), the low state ``base``, the ``direction`` of the
    branches, and the ``model`` of the critical field, or None."""

    criterion: str | float = "50 %"
    base: str | float | None = None
    direction: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class TransitionSide(Side):
    """One side's transitions: those of every sweep (of a ``twin``: at every sweep's place) by all ``criteria`` in
    ``sweeps``, the ``boundary`` by the chosen one (of a twin: drawn densely), and the critical-field ``fits`` by model.
    ``notes`` say what could not be worked out."""

    sweeps: list[SweepTransition]
    boundary: xr.DataArray
    fits: dict[str, CriticalField]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TransitionsResult:
    """The ``sides`` that could be worked out, the sentences of those that could not, and the scan it is about."""

    sides: list[TransitionSide]
    refused: list[str]
    settings: TransitionSettings
    scan: xr.DataArray

    @property
    def criteria(self) -> tuple[str | float, ...]:
        """The criteria of the table."""
        return _criteria(self.settings)


def _criteria(settings: TransitionSettings) -> tuple[str | float, ...]:
    return CRITERIA if settings.criterion in CRITERIA else (*CRITERIA, settings.criterion)


def gives_critical_field(scan: xr.DataArray) -> bool:
    """Whether a scan's boundary is one of temperature and magnetic field, so that a critical field can be fitted."""
    kinds = [
        [is_kind(scan[name].attrs["units"], kind) for kind in ("temperature", "magnetic field")]
        for name in scans.axes(scan)
    ]
    return len(kinds) == 2 and sorted(kinds) == [[False, True], [True, False]]


def used_set_points(scan: xr.DataArray) -> np.ndarray:
    """The slowest axis's set points that are in use [k], ascending; quick for scans of any size."""
    slowest = scans.axes(scan)[0]
    if scans.is_gridded(scan):  # a table of a cube's points would take seconds
        return np.unique(training_mask.values_of(scan, slowest)[training_mask.used(scan, slowest)])
    column = np.asarray(scan[slowest].values, float)
    used = ~np.asarray(scan["masked"].values, bool) if "masked" in scan.coords else np.ones(scan.shape, bool)
    if len(column) <= _MANY:
        return np.unique(scans.set_points(column[used])) if used.any() else np.empty(0)
    # Of very many readings the first of each run of one sweep tells where it was measured.
    numbers = scans.sweep_numbers(scan)
    if not used.all():
        numbers, column = numbers[used], column[used]
    return np.unique(column[np.flatnonzero(np.diff(numbers, prepend=-1))])


def calculate(
    sources: Sequence[Source],
    settings: TransitionSettings,
    kept: dict,
    *,
    stop=None,
) -> TransitionsResult:
    """Work out every side of ``sources``, the first being the chosen scan.

    ``kept`` holds what does not change with the criterion (simulated maps, transitions of the sweeps) from call to
    call. Raises :class:`ScanError` where no side could be worked out.
    """
    sides, refused = sides_of(sources, lambda *side: _side(*side, settings, kept, stop), stop=stop)
    return TransitionsResult(sides, refused, settings, sources[0].scan)


def _side(name, source: Source, twin, second: bool, settings: TransitionSettings, kept: dict, stop) -> TransitionSide:
    scan = source.scan
    options = {"base": settings.base, "direction": settings.direction, "stop": stop}
    key = (id(scan), id(twin), settings.base, settings.direction)
    subject, at_sweeps, count = scan, scan, 0
    if twin is not None:
        subject, at_sweeps, count = _maps(twin, kept, stop)
        # A simulated map has one direction, that of its axis.
        options["direction"] = None
    if key not in kept:
        kept[key] = (scan, twin, sweep_transitions(at_sweeps, CRITERIA, **options))
    rows = kept[key][2]
    if settings.criterion not in CRITERIA:
        extra = sweep_transitions(at_sweeps, (settings.criterion,), **options)
        rows = [replace(one, at={**one.at, **other.at}) for one, other in zip(rows, extra, strict=True)]
    boundary = phase_boundary(subject, settings.criterion, **options)
    notes: list[str] = []
    fits: dict[str, CriticalField] = {}
    if settings.model is not None and gives_critical_field(scan):
        for model in MODELS:
            try:
                fit = fit_critical_field(boundary, model)
            except ScanError as reason:
                notes.append(f"{model}: {reason}")
                continue
            fits[model] = fit if twin is None else _widened(fit, np.sqrt(max(1.0, fit.points / count)))
    return TransitionSide(name, twin is not None, second, rows, boundary, fits, notes)


def _maps(twin, kept: dict, stop):
    """The twin's dense map and its rows at the sweeps' own places, with how many those are; made once a twin."""
    key = ("maps", id(twin))
    if key not in kept:
        if len(twin.axes) != 2:
            raise ScanError("the twin's boundary is drawn for scans of two axes; this one has another number")
        known = used_set_points(twin.scan)
        ranks = np.linspace(0, len(known) - 1, _ROWS)
        rows = np.unique(np.concatenate([known, np.interp(ranks, np.arange(len(known)), known)]))
        fast = np.asarray(twin.scan[twin.axes[1]].values, float)
        grid = {twin.axes[0]: rows, twin.axes[1]: np.linspace(fast.min(), fast.max(), _FAST)}
        dense = twin.simulate(grid, stop=stop)
        at_sweeps = dense.isel({twin.axes[0]: np.searchsorted(rows, known)})
        kept[key] = (twin, dense, at_sweeps, len(known))
    return kept[key][1:]


def _widened(fit: CriticalField, factor: float) -> CriticalField:
    """A fit to a twin's dense boundary with its errors made as large as those of as many points as there are sweeps:
    neighbouring rows of a map err together and count for one."""

    def wider(quantity: Quantity) -> Quantity:
        return replace(quantity, error=quantity.error * factor)

    curve = fit.curve.assign_coords(standard_error=fit.curve["standard_error"] * factor)
    curve["standard_error"].attrs.update(fit.curve["standard_error"].attrs)
    return replace(
        fit,
        critical_field=wider(fit.critical_field),
        critical_temperature=wider(fit.critical_temperature),
        slope=wider(fit.slope),
        coherence_length=wider(fit.coherence_length),
        curve=curve,
    )
