"""The magnetocaloric entropy change by the Maxwell relation, from sweeps or from a twin.

    dS(T, 0 -> H) = mu0 * integral over H' from 0 to H of (dM/dT)(T, H') dH'

It is signed: negative where the field orders the moments (the conventional effect), positive where it is inverse.
Source: A. M. Tishin, Y. I. Spichkin, The Magnetocaloric Effect and its Applications (2003), chapter 2.

The relation holds in equilibrium. Across a first-order transition with hysteresis, and where coarse field steps
cross a sharp transition, the integral shows a spike that is no entropy; a twin fills the gaps between the steps.
"""

from __future__ import annotations

import itertools

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import weighted_std
from napari_scantwin.core.sample import Sample
from napari_scantwin.physics.branches import Branch, axis_in, axis_of_kind, branches, in_direction, refuse_mixed
from napari_scantwin.physics.ensemble import Ensemble, twin_members
from napari_scantwin.physics.magnetization import (
    ENTROPY_UNITS,
    entropy_factor,
    field_in_tesla,
    in_field_unit,
    per_basis,
)
from napari_scantwin.physics.maxwell import derivative_matrix, interpolation_matrix, running_integral

__all__ = ["entropy_change", "entropy_ensemble"]

#: Sweeps whose set points differ by less than this share of their span were measured at the same one.
_SAME = 1e-4
#: Fields and temperatures of a twin's map.
_TWIN_FIELDS, _TWIN_TEMPERATURES = 25, 121
#: Parts of the field range a twin's map is integrated over at least, whatever fields are asked for, and places of the
#: Gauss-Legendre rule in each: a transition that moves with the field is a narrow ridge of dM/dT, and steps wider than
#: it turn the integral into false dips and peaks.
_PARTS, _GAUSS = 100, 3


def entropy_change(scan: xr.DataArray, sample: Sample | None = None, **options) -> xr.DataArray:
    """The isothermal entropy change as a gridded scan over (magnetic_field, temperature).

    Parameters
    ----------
    scan
        Moments or magnetizations over temperature and magnetic field; see :func:`entropy_ensemble`.
    sample
        The sample's mass, density or molar mass, added to what the file says.
    options
        The keywords of :func:`entropy_ensemble`.

    Returns
    -------
    xarray.DataArray
        The map with its ``standard_error``: :attr:`Ensemble.scan` of :func:`entropy_ensemble`.

    Raises
    ------
    ScanError
        Where the scan does not fit, or a number of the sample is missing.
    """
    return entropy_ensemble(scan, sample, **options).scan


def entropy_ensemble(
    scan: xr.DataArray,
    sample: Sample | None = None,
    *,
    per: str | None = None,
    from_zero: bool = False,
    direction: str | None = None,
    twin=None,
    temperatures: np.ndarray | None = None,
    fields: np.ndarray | None = None,
    points: int = 3,
    count: int = 200,
    seed: int = 0,
    maps: np.ndarray | None = None,
    stop=None,
) -> Ensemble:
    """The isothermal entropy change from the start of the integral to each field, with samples for its errors.

        dS(T, H) = mu0 * integral of (dM/dT)(T, H') dH'

    Parameters
    ----------
    scan
        One axis of temperature and one of magnetic field, in either order (temperature sweeps at fixed fields, or field
        sweeps at fixed temperatures), and moments or magnetizations as values.
    sample
        Mass, density or molar mass, added to what the file says.
    per
        The result per "sample" (J/K), "mass" (J/kg/K), "volume" (mJ/cm**3/K) or "mole" (J/mol/K). By default a moment
        is counted per mass where the mass is known, else per sample; a magnetization stays as it is.
    from_zero
        Whether the integral starts at zero field, with M = 0 there at every temperature; by default it starts at the
        lowest measured field. ``attrs["integral_from"]`` says which.
    direction
        Picks the "rising" or "falling" branches; needed where both were measured at one set point.
    twin
        A twin of the scan: then the derivative is the twin's own at every place, the map is dense, and places outside
        the measured region are marked ``extrapolated``.
    temperatures, fields
        The places [m] of the result, in the scan's units. By default those of the sweep at the highest field (or the
        isotherms), kept to the range all sweeps share.
    points
        The width of the derivative, see :func:`napari_scantwin.physics.maxwell.derivative_matrix`.
    count, seed
        How many draws of the readings' errors give the errors of the result (a twin's ensemble gives its own), and the
        seed of the draws.
    maps
        Other values [count, ...] of a gridded scan, in its shape: the samples are then worked out from these, all
        together, instead of from draws.
    stop
        A ``threading.Event``; setting it while a twin is read raises
        :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    Ensemble
        The entropy change [fields, temperatures], signed (negative for the conventional effect), with its
        ``standard_error``, and the samples [count, fields, temperatures] with their weights.

    Raises
    ------
    ScanError
        In one sentence, where the scan has other axes, a number of the sample is missing, branches of both directions
        are mixed, or too few sweeps are left.

    References
    ----------
    A. M. Tishin, Y. I. Spichkin, The Magnetocaloric Effect and its Applications (2003), chapter 2.
    """
    if len(scans.axes(scan)) != 2:
        raise ScanError("the entropy change needs a scan with two axes, temperature and magnetic field")
    temperature, field = axis_of_kind(scan, "temperature"), axis_of_kind(scan, "magnetic field")
    factor, per = per_basis(scan.attrs["units"], Sample.of_both(scan, sample), per)
    factor *= entropy_factor(per)
    unit = scan[field].attrs["units"]
    wanted = (
        None if temperatures is None else axis_in(scan, temperature, temperatures, "K"),
        None if fields is None else field_in_tesla(np.asarray(fields, float), unit),
    )
    if twin is not None:
        kelvin, tesla, values, samples, weights, first = _from_twin(twin, temperature, field, from_zero, wanted, stop)
    else:
        rows = _one_sign(branches(scan), scan, field)
        rows = [_picked(row) for row in _grouped(rows, scan, direction)]
        drawn = _drawn(scan, rows, count, seed) if maps is None else _of_maps(scan, rows, maps)
        stacks = [np.concatenate([row.values[None], values]) for row, values in zip(rows, drawn, strict=True)]
        compute = _temperature_sweeps if scans.axes(scan)[-1] == temperature else _field_sweeps
        kelvin, tesla, both, first = compute(scan, rows, stacks, temperature, field, from_zero, points, wanted)
        values, samples = both[0], both[1:]
        weights = np.full(len(samples), 1 / len(samples))
    values, samples = factor * values, factor * samples
    says = "zero field, with M = 0 there"
    if not from_zero:
        says = f"the first measured field, {_shown(first, unit)[0]:.6g} {unit}"
    result = scans.gridded_scan(
        {"magnetic_field": (_shown(tesla, unit), unit), "temperature": (kelvin, "K")},
        values,
        name="entropy_change",
        unit=ENTROPY_UNITS[per],
        errors=weighted_std(samples, weights, values),
        extrapolated=None if twin is None else _outside(twin, temperature, field, kelvin, tesla),
        long_names={"entropy_change": "isothermal entropy change"},
        attrs={
            **{key: scan.attrs[key] for key in ("source", "sha256", "title") if key in scan.attrs},
            "kind": "derived",
            "derived_from": scan.attrs.get("kind", "measured") if twin is None else "twin",
            "integral_from": says,
            "counted_per": per,
            "sign": "negative where the field lowers the entropy (conventional effect)",
            "temperatures": "shared by all sweeps" if twin is None else "filled by the twin",
        },
    )
    return Ensemble(result, samples, weights)


def _shown(tesla, unit: str) -> np.ndarray:
    """Fields in the scan's unit, without the last digits a conversion there and back leaves."""
    return np.array([float(f"{value:.12g}") for value in in_field_unit(np.atleast_1d(tesla), unit)])


def _drawn(scan: xr.DataArray, rows: list[Branch], count: int, seed: int) -> list[np.ndarray]:
    """``count`` draws of the values of every row by their errors."""
    draw = np.random.default_rng(seed)
    if scan.attrs.get("kind") == "simulated":  # a simulated map's errors go together
        shift = draw.normal(size=(count, 1))
        return [row.values + shift * row.errors for row in rows]
    return [row.values + draw.normal(size=(count, len(row.values))) * row.errors for row in rows]


def _of_maps(scan: xr.DataArray, rows: list[Branch], maps: np.ndarray) -> list[np.ndarray]:
    """The values of every row in each of ``maps``."""
    told = np.isfinite(np.asarray(scan.values, float)).ravel()
    columns = np.asarray(maps, float).reshape(len(maps), -1)[:, told]
    return [columns[:, row.rows] for row in rows]


def _one_sign(rows: list[Branch], scan: xr.DataArray, field: str) -> list[Branch]:
    """Slow fields must have one sign; a fast field keeps its part from zero up."""
    if scans.axes(scan)[-1] == field:
        return rows
    signs = {np.sign(row.slow[field]) for row in rows} - {0.0}
    if len(signs) > 1:
        raise ScanError("the sweeps were measured in fields of both signs; leave out those of one sign")
    return rows


def _grouped(rows: list[Branch], scan: xr.DataArray, direction: str | None) -> list[list[Branch]]:
    """Branches by the set point of the slow axis, ascending in its size."""
    slow = scans.axes(scan)[0]
    rows = sorted(in_direction(rows, direction), key=lambda row: abs(row.slow[slow]))
    places = np.array([abs(row.slow[slow]) for row in rows])
    apart = np.diff(places) > (0 if scans.is_gridded(scan) else _SAME * np.ptp(places))
    edges = [0, *(np.flatnonzero(apart) + 1), len(rows)]
    return [rows[start:end] for start, end in itertools.pairwise(edges)]


def _picked(group: list[Branch]) -> Branch:
    refuse_mixed(group)
    return group[-1]  # measured again: the later run counts


def _temperature_sweeps(scan, rows, stacks, temperature, field, from_zero, points, wanted):
    """Sweeps along temperature: derivative in each sweep, then the integral across the sweeps."""
    tesla = field_in_tesla(np.array([row.slow[field] for row in rows]), scan[field].attrs["units"])
    sign, tesla = (-1.0 if tesla.min() < 0 else 1.0), np.abs(tesla)
    if len(rows) < 2:
        raise ScanError("one field only: the entropy change needs sweeps at two fields or more")
    places = [axis_in(scan, temperature, row.fast, "K") for row in rows]
    kelvin = _shared(places, wanted[0], "temperatures")
    slopes, matrix = [], None
    for number, (x, stack) in enumerate(zip(places, stacks, strict=True)):
        if matrix is None or not np.array_equal(x, places[number - 1]):  # the rows of a map share their places
            matrix = interpolation_matrix(x, kelvin) @ derivative_matrix(x, points)
        slopes.append(sign * (matrix @ stack.T).T)
    first, upper, integral = _integral(tesla, from_zero, wanted[1])
    return kelvin, upper, np.tensordot(np.stack(slopes, axis=1), integral, axes=(1, 1)).transpose(0, 2, 1), first


def _integral(tesla: np.ndarray, from_zero: bool, wanted: np.ndarray | None):
    zero = from_zero and tesla[0] > 0
    first = 0.0 if from_zero else tesla[0]
    upper = tesla[tesla > first] if wanted is None else np.sort(np.abs(wanted))
    if not len(upper) or upper[0] <= first or upper[-1] > tesla[-1] * (1 + 1e-9):
        raise ScanError("the fields asked for must lie above the start of the integral and within the measured fields")
    return first, upper, running_integral(tesla, first, np.minimum(upper, tesla[-1]), zero)


def _field_sweeps(scan, rows, stacks, temperature, field, from_zero, points, wanted):
    """Sweeps along field: the integral in each isotherm, then the derivative across the isotherms."""
    order = np.argsort([row.slow[temperature] for row in rows])
    rows, stacks = [rows[k] for k in order], [stacks[k] for k in order]
    kelvin = axis_in(scan, temperature, np.array([row.slow[temperature] for row in rows]), "K")
    if len(rows) < 3:
        raise ScanError("the entropy change from field sweeps needs isotherms at three temperatures or more")
    places = [field_in_tesla(row.fast, scan[field].attrs["units"]) for row in rows]
    if all(x.max() <= 0 for x in places):
        places, stacks = [-x[::-1] for x in places], [-stack[:, ::-1] for stack in stacks]
    kept = [x >= 0 for x in places]
    places = [x[good] for x, good in zip(places, kept, strict=True)]
    stacks = [stack[:, good] for stack, good in zip(stacks, kept, strict=True)]
    if min(len(x) for x in places) < 2:
        raise ScanError("an isotherm has fewer than two fields of one sign; leave it out")
    lowest, highest = max(x[0] for x in places), min(x[-1] for x in places)
    first = 0.0 if from_zero else lowest
    if wanted[1] is None:
        upper = places[int(np.argmin([x[-1] for x in places]))]
        upper = upper[(upper > max(first, lowest)) & (upper <= highest)]
    else:
        upper = np.sort(np.abs(wanted[1]))
    if not len(upper) or upper[0] <= first or upper[-1] > highest * (1 + 1e-9):
        raise ScanError("the fields asked for must lie above the start of the integral and within all isotherms")
    upper = np.minimum(upper, highest)
    integrals = np.stack(
        [
            stack @ running_integral(x, first, upper, from_zero and x[0] > 0).T
            for x, stack in zip(places, stacks, strict=True)
        ]
    )  # [T, samples, H]
    slopes = derivative_matrix(kelvin, points) @ integrals.reshape(len(kelvin), -1)
    slopes = np.moveaxis(slopes.reshape(integrals.shape), 0, -1)
    if wanted[0] is not None:
        at = _shared([kelvin], wanted[0], "temperatures")
        return at, upper, slopes @ interpolation_matrix(kelvin, at).toarray().T, first
    return kelvin, upper, slopes, first


def _shared(places: list[np.ndarray], wanted: np.ndarray | None, what: str) -> np.ndarray:
    """The places of the last sweep that all sweeps reach, or those asked for where they do."""
    low, high = max(x[0] for x in places), min(x[-1] for x in places)
    asked = places[-1] if wanted is None else np.sort(wanted)
    kept = asked[(asked >= low) & (asked <= high)]
    if len(kept) < 3:
        raise ScanError(f"the sweeps share fewer than three {what}; leave out the sweeps that end early")
    if wanted is not None and len(kept) < len(asked):
        raise ScanError(f"the {what} asked for reach beyond {low:.5g} to {high:.5g} K, which all sweeps share")
    return kept


def _from_twin(twin, temperature, field, from_zero, wanted, stop):
    """A dense map from the twin's own derivative, integrated by Gauss-Legendre over parts of the field range between
    which all fields measured and asked for lie."""
    source = twin.scan
    unit = source[field].attrs["units"]
    measured = field_in_tesla(
        np.unique(scans.set_points(scans.points(source).coordinates[:, twin.axes.index(field)])), unit
    )
    sign = 1.0 if measured.max() > 0 else -1.0
    measured = np.sort(sign * measured[sign * measured >= 0])
    own = np.asarray(source[temperature].values, float)
    kelvin = wanted[0]
    if kelvin is None:
        kelvin = np.linspace(*axis_in(source, temperature, [own.min(), own.max()], "K"), _TWIN_TEMPERATURES)
    upper = (
        np.linspace(measured[0], measured[-1], _TWIN_FIELDS + 1)[1:]
        if wanted[1] is None
        else np.sort(np.abs(wanted[1]))
    )
    first = 0.0 if from_zero else measured[0]
    if np.diff(np.concatenate([[measured[0]], upper])).min() <= 0:
        raise ScanError("the fields asked for must lie above the lowest measured field")
    parts = np.linspace(measured[0], max(measured[-1], upper[-1]), _PARTS + 1)
    edges = np.unique(np.concatenate([parts, measured, upper]))
    edges = edges[edges <= upper[-1]]
    nodes, gauss = np.polynomial.legendre.leggauss(_GAUSS)
    half = np.diff(edges)[:, None] / 2
    places = np.concatenate([[measured[0]], ((edges[:-1] + edges[1:])[:, None] / 2 + half * nodes).ravel()])
    points, _ = _mesh(twin, temperature, field, kelvin, sign * places)
    mean, members, weights = twin_members(twin, points, temperature, stop=stop)
    per_kelvin = float(np.diff(axis_in(source, temperature, [0.0, 1.0], "K"))[0])
    slopes = sign * np.concatenate([mean[None], members]).reshape(-1, len(places), len(kelvin)) / per_kelvin
    steps = (slopes[:, 1:].reshape(-1, len(half), _GAUSS, len(kelvin)) * (half * gauss)[..., None]).sum(axis=2)
    total = np.cumsum(steps, axis=1)[:, np.searchsorted(edges[1:], upper)]
    if from_zero:
        total = total + slopes[:, :1] * measured[0] / 2  # M rises along a line from 0 at H = 0
    return kelvin, sign * upper, total[0], total[1:], weights, sign * first


def _mesh(twin, temperature: str, field: str, kelvin: np.ndarray, tesla: np.ndarray) -> tuple[np.ndarray, tuple]:
    """The twin's coordinates [fields * temperatures, 2] of a map, and the map's shape."""
    unit = twin.scan[temperature].attrs["units"]
    fields = in_field_unit(tesla, twin.scan[field].attrs["units"])
    mesh = np.meshgrid(fields, units.convert(kelvin, "K", unit), indexing="ij")
    table = dict(zip((field, temperature), (axis.ravel() for axis in mesh), strict=True))
    return np.stack([table[name] for name in twin.axes], axis=1), mesh[0].shape


def _outside(twin, temperature, field, kelvin, tesla) -> np.ndarray:
    points, shape = _mesh(twin, temperature, field, kelvin, tesla)
    return twin.extrapolates(points).reshape(shape)
