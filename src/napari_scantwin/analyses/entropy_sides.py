"""The entropy change of the sweeps, of the twin, and of a second measurement, with all that is read from it.

Runs in any thread and touches no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from napari_scantwin.analyses.sides import Side, sides_of
from napari_scantwin.analyses.transition_sides import used_set_points
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.arrott import ArrottLines, arrott, arrott_lines
from napari_scantwin.physics.branches import axis_of_kind
from napari_scantwin.physics.ensemble import Ensemble
from napari_scantwin.physics.entropy_figures import Figures, figures
from napari_scantwin.physics.field_exponent import Order, exponent_ensemble, transition_order
from napari_scantwin.physics.magnetization import field_in_tesla, in_field_unit
from napari_scantwin.physics.magnetocaloric import entropy_ensemble

__all__ = ["EntropyResult", "EntropySettings", "EntropySide", "calculate", "measured_fields"]

#: Fields of the twin's map, those that are asked for among them, and its temperatures.
_MAP_FIELDS, _MAP_TEMPERATURES = 50, 241


@dataclass(frozen=True)
class EntropySettings:
    """How the entropy change is worked out.

    Parameters
    ----------
    fields
        The final fields [n] in the first scan's unit.
    per
        What it is counted by: "mass", "volume", "mole" or "sample"; by default per mass where it is known, else as
        measured.
    from_zero
        Whether the integral over the field starts at zero field, with M = 0 there, rather than at the lowest measured
        one.
    direction
        "rising" or "falling" sweeps only; by default all branches.
    points
        How many points the derivative of measured sweeps is taken over.
    beta, gamma
        Critical exponents of the Arrott plot; by default those of mean field.
    """

    fields: np.ndarray
    per: str | None = None
    from_zero: bool = False
    direction: str | None = None
    points: int = 3
    beta: float = 0.5
    gamma: float = 1.0


@dataclass(frozen=True)
class EntropySide(Side):
    """One side's entropy change; what could not be worked out is None, and the notes say why.

    Parameters
    ----------
    change
        The entropy change at the chosen final fields.
    map
        The whole map.
    figures
        Figures of merit at the chosen fields.
    exponent
        The field exponent n over the map.
    order
        The order of the transition that the exponent indicates.
    plot
        The Arrott plot.
    lines
        The straight lines through its isotherms.
    notes
        Why something could not be worked out.
    """

    change: Ensemble
    map: xr.DataArray
    figures: list[Figures]
    exponent: xr.DataArray | None
    order: Order | None
    plot: xr.DataArray | None
    lines: ArrottLines | None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EntropyResult:
    """The entropy change of every side.

    Parameters
    ----------
    sides
        Those that could be worked out.
    refused
        A sentence for each that could not.
    settings
        How they were worked out.
    field_unit
        The unit of the fields, the first scan's.
    """

    sides: list[EntropySide]
    refused: list[str]
    settings: EntropySettings
    field_unit: str


def measured_fields(scan: xr.DataArray) -> np.ndarray:
    """The final fields a scan offers: those it was measured at, without the lowest, from which the integral starts.

    Parameters
    ----------
    scan
        A scan with an axis of magnetic field.

    Returns
    -------
    numpy.ndarray
        The fields [k] in the axis's unit, their signs kept, ascending in size; where the field is the fast axis, five
        even steps of the isotherms' range.
    """
    axis = axis_of_kind(scan, "magnetic field")
    if scans.axes(scan)[-1] == axis:
        top = float(f"{np.abs(np.asarray(scan[axis].values, float)).max():.2g}")
        return np.linspace(0, top, 6)[1:]
    found = np.unique(np.array([float(f"{value:.5g}") for value in used_set_points(scan)]))
    return found[np.argsort(np.abs(found))][1:]


def calculate(
    sources: Sequence[Source], samples: Sequence[Sample], settings: EntropySettings, *, stop=None
) -> EntropyResult:
    """Work out the entropy change of every side.

    Parameters
    ----------
    sources
        The chosen measurement and, where there is one, the second.
    samples
        The sample of each.
    settings
        How it is worked out.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    EntropyResult
        The sides and the refusals.

    Raises
    ------
    ScanError
        Where no side could be worked out, in the words of the first.
    """
    unit = sources[0].scan[axis_of_kind(sources[0].scan, "magnetic field")].attrs["units"]
    sides, refused = sides_of(
        sources,
        lambda name, source, twin, second: _side(name, source, samples[second], twin, second, settings, unit, stop),
        stop=stop,
    )
    return EntropyResult(sides, refused, settings, unit)


def _side(
    name, source: Source, sample: Sample, twin, second: bool, settings: EntropySettings, unit: str, stop
) -> EntropySide:
    scan = source.scan
    own_unit = scan[axis_of_kind(scan, "magnetic field")].attrs["units"]
    wanted = _tesla_in(np.asarray(settings.fields, float), unit, own_unit)
    wanted = np.sort(np.abs(_within(scan, wanted)))
    options = {
        "per": settings.per,
        "from_zero": settings.from_zero,
        "direction": settings.direction,
        "points": settings.points,
        "stop": stop,
    }
    if twin is None:
        whole = entropy_ensemble(scan, sample, **options)
        change = entropy_ensemble(scan, sample, fields=wanted, **options)
    else:
        kelvin = np.asarray(scan[axis_of_kind(scan, "temperature")].values, float)
        whole = entropy_ensemble(
            scan,
            sample,
            twin=twin,
            fields=_with_chosen(scan, wanted),
            temperatures=np.linspace(kelvin.min(), kelvin.max(), _MAP_TEMPERATURES),
            **options,
        )
        change = _rows(whole, wanted)
    notes: list[str] = []
    exponent, order = _tried(notes, lambda: exponent_ensemble(whole).scan), _tried([], lambda: transition_order(whole))
    plot = _tried(
        notes,
        lambda: arrott(
            scan,
            sample=sample,
            per=settings.per,
            beta=settings.beta,
            gamma=settings.gamma,
            direction=settings.direction,
            twin=twin,
        ),
    )
    lines = None if plot is None else _tried(notes, lambda: arrott_lines(plot))
    found = _tried(notes, lambda: figures(change)) or []
    notes += list(dict.fromkeys(one.note for one in found if one.note))
    if units.standard(own_unit) != units.standard(unit):  # beside the first in the first's unit
        change = Ensemble(_in_unit(change.scan, unit), change.samples, change.weights)
        exponent = None if exponent is None else _in_unit(exponent, unit)
        found = [replace(one, field=_tesla_in(one.field, own_unit, unit), field_unit=unit) for one in found]
    return EntropySide(name, twin is not None, second, change, whole.scan, found, exponent, order, plot, lines, notes)


def _tesla_in(values, source: str, target: str):
    """Fields in another unit; H and mu0 H are distinguished by :func:`field_in_tesla`."""
    return in_field_unit(field_in_tesla(values, source), target)


def _in_unit(scan: xr.DataArray, unit: str) -> xr.DataArray:
    own = scan["magnetic_field"]
    values = _tesla_in(np.asarray(own.values, float), own.attrs["units"], unit)
    return scan.assign_coords(magnetic_field=("magnetic_field", values, {**own.attrs, "units": unit}))


def _tried(notes: list[str], work):
    """What ``work`` brings; None, with its sentence among the notes, where it refuses."""
    try:
        return work()
    except ScanError as reason:
        notes.append(str(reason))
        return None


def _within(scan: xr.DataArray, wanted: np.ndarray) -> np.ndarray:
    """The final fields that lie within a scan's measured ones."""
    axis = axis_of_kind(scan, "magnetic field")
    table = scans.points(scan)
    values = np.abs(table.coordinates[~table.masked, scans.axes(scan).index(axis)])
    if not len(values):
        return wanted
    low, high = values.min(), values.max() * (1 + 1e-3)
    kept = wanted[(np.abs(wanted) > low) & (np.abs(wanted) <= high)]
    if not len(kept):
        raise ScanError(
            f"none of the final fields lies within the measured {low:.5g} to {high / (1 + 1e-3):.5g} "
            f"{scan[axis].attrs['units']}, where the entropy change is known"
        )
    return np.minimum(np.abs(kept), values.max())


def _with_chosen(scan: xr.DataArray, chosen: np.ndarray) -> np.ndarray:
    """Even fields for a map, where the nearest to each chosen one gives way to it."""
    axis = axis_of_kind(scan, "magnetic field")
    table = scans.points(scan)
    values = np.abs(table.coordinates[~table.masked, scans.axes(scan).index(axis)])
    low, high = values.min(), values.max()
    even = np.linspace(low, high, _MAP_FIELDS + 1)[1:]
    far = np.abs(even[:, None] - chosen).min(axis=1) > 0.5 * (high - low) / _MAP_FIELDS
    return np.unique(np.concatenate([even[far], chosen]))


def _rows(ensemble: Ensemble, chosen: np.ndarray) -> Ensemble:
    """The rows of an ensemble at the chosen fields."""
    fields = np.abs(np.asarray(ensemble.scan["magnetic_field"].values, float))
    rows = np.argmin(np.abs(fields[:, None] - chosen), axis=0)
    return Ensemble(ensemble.scan.isel(magnetic_field=rows), ensemble.samples[:, rows], ensemble.weights)
