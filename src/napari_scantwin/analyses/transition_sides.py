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
from napari_scantwin.core import training_mask, units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.branches import is_kind
from napari_scantwin.physics.critical_field import MODELS, CriticalField, fit_critical_field
from napari_scantwin.physics.temperature_window import within_temperatures
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
    """How transitions are worked out.

    Parameters
    ----------
    criterion
        A name of :data:`~napari_scantwin.physics.transition_curve.CRITERIA`, or a share of the way between 0 and 1.
    base
        The low state: a number in the value's unit, "shared" (one for all sweeps) or "own" (each sweep's); by default
        as the quantity asks.
    direction
        "rising" or "falling" branches only; by default all.
    model
        The model of the critical field, or None.
    window
        The temperatures in K between which critical fields are fitted; None leaves a side open.
    """

    criterion: str | float = "50 %"
    base: str | float | None = None
    direction: str | None = None
    model: str | None = None
    window: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True)
class TransitionSide(Side):
    """One side's transitions.

    Parameters
    ----------
    sweeps
        The transition of every sweep by all criteria (of a twin: at every sweep's place).
    boundary
        The phase boundary by the chosen criterion (of a twin: drawn densely).
    fits
        The critical-field fits by model.
    notes
        What could not be worked out, and why.
    """

    sweeps: list[SweepTransition]
    boundary: xr.DataArray
    fits: dict[str, CriticalField]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TransitionsResult:
    """The transitions of every side.

    Parameters
    ----------
    sides
        Those that could be worked out.
    refused
        A sentence for each that could not.
    settings
        How they were worked out.
    scan
        The chosen scan.
    """

    sides: list[TransitionSide]
    refused: list[str]
    settings: TransitionSettings
    scan: xr.DataArray

    @property
    def criteria(self) -> tuple[str | float, ...]:
        """The criteria of the table: the named ones and, where it is another, the chosen one."""
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
    """The slowest axis's set points that are in use.

    Parameters
    ----------
    scan
        A scan of any size; it is quick for large ones too.

    Returns
    -------
    numpy.ndarray
        The set points [k] in the axis's unit, ascending; those that are masked are left out.
    """
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
    """Work out the transitions of every side.

    Parameters
    ----------
    sources
        The chosen measurement first, then the second where there is one.
    settings
        How they are worked out.
    kept
        Keeps from call to call what does not change with the criterion: simulated maps, transitions of the sweeps.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    TransitionsResult
        The sides and the refusals.

    Raises
    ------
    ScanError
        Where no side could be worked out.
    """
    sides, refused = sides_of(sources, lambda *side: _side(*side, settings, kept, stop), stop=stop)
    return TransitionsResult(sides, refused, settings, sources[0].scan)


def _side(name, source: Source, twin, second: bool, settings: TransitionSettings, kept: dict, stop) -> TransitionSide:
    scan = source.scan
    options = {"base": settings.base, "direction": settings.direction, "stop": stop}
    key = (id(scan), id(twin), settings.base, settings.direction)
    subject, at_sweeps = scan, scan
    if twin is not None:
        subject, at_sweeps = _maps(twin, kept, stop)
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
                fit = fit_critical_field(boundary, model, start=settings.window[0], stop=settings.window[1])
            except ScanError as reason:
                notes.append(f"{model}: {reason}")
                continue
            if twin is not None:
                inside = _in_window(rows, settings, scan, boundary.attrs["units"])
                fit = _widened(fit, np.sqrt(max(1.0, fit.points / max(inside, 1))))
            fits[model] = fit
    return TransitionSide(name, twin is not None, second, rows, boundary, fits, notes)


def _maps(twin, kept: dict, stop):
    """The twin's dense map and its rows at the sweeps' own places; made once a twin."""
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
        kept[key] = (twin, dense, at_sweeps)
    return kept[key][1:]


def _in_window(rows: Sequence[SweepTransition], settings: TransitionSettings, scan: xr.DataArray, unit: str) -> int:
    """How many sweeps take part in a fit: those whose transition, or, where that is a field, whose set point, is a
    temperature in the window."""
    found = np.array([one.at[settings.criterion].value for one in rows])
    if units.compatible(unit, "K"):
        kelvin = units.convert(found, unit, "K")
    else:
        slow = scans.axes(scan)[0]
        kelvin = units.convert(np.array([one.slow[slow] for one in rows]), scan[slow].attrs["units"], "K")
    return int((within_temperatures(kelvin, *settings.window) & np.isfinite(found)).sum())


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
