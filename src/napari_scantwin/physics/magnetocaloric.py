"""The magnetocaloric effect from magnetization: entropy change, its figures of merit, and the order of the
transition.

Maxwell's relation gives the isothermal entropy change of a field raised from H0 to H::

    dS(T, H0 to H) = mu0 * integral from H0 to H of (dM/dT) at fixed H' dH'

It is signed: negative for the conventional effect. The same code takes measured and simulated scans of
``temperature`` and ``magnetic_field``, ragged or gridded, temperature sweeps at fixed fields or field sweeps
at fixed temperatures, of ``moment`` or ``magnetization``. Units go through pint; what the file does not say
(mass, density, molar mass) is asked for, and without a mass the result is per sample (J/K).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.integrate import cumulative_trapezoid

from napari_scantwin import scan as scans
from napari_scantwin import units
from napari_scantwin.errors import ScanError

__all__ = ["Peak", "Sample", "arrott", "entropy_change", "field_exponent", "peak"]

#: Random draws of the measured errors.
_SAMPLES = 64


@dataclass(frozen=True)
class Sample:
    """What must be known of the sample: ``mass`` (mg), ``density`` (g/cm^3) and ``molar_mass`` (g/mol), each
    None where it is not known."""

    mass: float | None = None
    density: float | None = None
    molar_mass: float | None = None

    @classmethod
    def of(cls, scan: xr.DataArray, **known: float | None) -> Sample:
        """What the scan's file says, with ``known`` put over it."""
        attrs = scan.attrs
        found: dict[str, float | None] = {}
        if "sample_mass" in attrs:
            found["mass"] = float(units.convert(attrs["sample_mass"], attrs.get("sample_mass_units", "mg"), "mg"))
        if "molar_mass" in attrs:
            found["molar_mass"] = float(attrs["molar_mass"])
        return cls(**{**found, **{key: value for key, value in known.items() if value is not None}})


_TARGETS = {"mass": "J/kg/K", "volume": "mJ/cm^3/K", "mole": "J/mol/K", "sample": "J/K"}


def entropy_change(
    scan: xr.DataArray, sample: Sample | None = None, *, per: str | None = None, from_zero: bool = False, seed: int = 0
) -> xr.DataArray:
    """The entropy change dS(temperature, magnetic_field) as a gridded scan.

    ``sample`` defaults to what the scan's file says. ``per`` is "mass" (J/kg/K), "volume" (mJ/cm^3/K), "mole"
    (J/mol/K) or "sample" (J/K); by default mass where it is known, else sample. The integral starts at the
    lowest measured field, or, with ``from_zero``, at zero field with M = 0 there; ``attrs["integral_from"]``
    says which. Only temperatures that all fields share are used; derivatives are second-order accurate on
    uneven steps. ``standard_error`` is propagated from the scan's (independent ones of a measurement by
    ``_SAMPLES`` random draws; of a simulated scan as errors that go together along the field, an upper bound).

    Raises :class:`ScanError` where the axes or the value are others, or ``per`` asks for what is not known.
    """
    _check_axes(scan)
    sample = sample or Sample.of(scan)
    per = per or ("mass" if _is_per_mass(scan) or sample.mass is not None else "sample")
    factor, unit = _factor(scan, sample, per)
    temperature, field, values, errors = _table(scan)
    from_measured = scan.attrs.get("kind", "measured") == "measured"
    change = _maxwell(temperature, field, values, from_zero) * factor
    spread = None
    if errors is not None and from_measured:
        random = np.random.default_rng(seed)
        draws = [
            _maxwell(temperature, field, values + errors * random.normal(size=values.shape), from_zero)
            for _ in range(_SAMPLES)
        ]
        spread = np.std(draws, axis=0, ddof=1) * abs(factor)
    elif errors is not None:
        slope = np.abs(np.gradient(errors, temperature, axis=0))
        spread = _integrated(field, slope, from_zero) * abs(factor)
    kept = {key: scan.attrs[key] for key in ("source", "sha256", "twin_score", "twin_settings") if key in scan.attrs}
    start = "zero field, where M = 0" if from_zero else f"the first field, {field[0]:.6g} Oe"
    return scans.gridded_scan(
        {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")},
        change.T,
        name="entropy_change",
        unit=unit,
        errors=None if spread is None else spread.T,
        long_names={"entropy_change": "entropy change"},
        attrs={**kept, "kind": scan.attrs.get("kind", "measured"), "integral_from": start, "per": per},
    )


def _check_axes(scan: xr.DataArray) -> None:
    if set(scans.axes(scan)) != {"temperature", "magnetic_field"}:
        found = ", ".join(scans.axes(scan))
        raise ScanError(f"an entropy change needs the axes temperature and magnetic_field; this scan has {found}")
    if not any(units.compatible(scan.attrs["units"], one) for one in ("A m^2", "A m^2/kg", "A/m", "A m^2/mol")):
        raise ScanError(f"an entropy change needs a moment or a magnetization; {scan.name} is in {scan.attrs['units']}")


def _is_per_mass(scan: xr.DataArray) -> bool:
    return units.compatible(scan.attrs["units"], "A m^2/kg")


def _factor(scan: xr.DataArray, sample: Sample, per: str) -> tuple[float, str]:
    """What turns the integral of (scan's unit)/K over Oe into the target's unit; and that unit."""
    if per not in _TARGETS:
        raise ScanError(f"an entropy change is per {', '.join(_TARGETS)}, not per {per!r}")
    registry = units.registry()
    known = {
        "mass": None if sample.mass is None else sample.mass * registry.milligram,
        "density": None if sample.density is None else sample.density * registry.gram / registry.centimeter**3,
        "molar_mass": None if sample.molar_mass is None else sample.molar_mass * registry.gram / registry.mole,
    }

    def need(name: str):
        if known[name] is None:
            raise ScanError(f"give the sample's {name.replace('_', ' ')}: an entropy change per {per} needs it")
        return known[name]

    unit = scan.attrs["units"]
    # First to moment per mass or to the moment itself, then to what is asked for.
    whole = registry.Quantity(1.0, units.standard(unit))
    if units.compatible(unit, "A m^2") and per != "sample":
        whole = whole / need("mass")
    elif units.compatible(unit, "A/m"):
        whole = whole / need("density")
    elif units.compatible(unit, "A m^2/mol"):
        whole = whole / need("molar_mass")
    if per == "sample" and not units.compatible(unit, "A m^2"):
        whole = whole * need("mass")
    elif per == "volume":
        whole = whole * need("density")
    elif per == "mole":
        whole = whole * need("molar_mass")
    permeability = registry.Quantity(1.0, "vacuum_permeability")
    change = permeability * whole * registry.Quantity(1.0, "oersted") / registry.kelvin
    target = _TARGETS[per]
    return float(change.to(target).magnitude), units.standard(target)


def _table(scan: xr.DataArray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Temperatures (K) rising, fields (Oe) rising, values [temperature, field] and their errors or None, on the
    temperatures and fields that all sweeps share."""
    names = scans.axes(scan)
    if scans.is_gridded(scan):
        ordered = scan.transpose("temperature", "magnetic_field").sortby(["temperature", "magnetic_field"])
        temperature = units.convert(ordered["temperature"].values, ordered["temperature"].attrs["units"], "K")
        field = units.convert(ordered["magnetic_field"].values, ordered["magnetic_field"].attrs["units"], "Oe")
        errors = ordered["standard_error"].values if "standard_error" in ordered.coords else None
        return np.asarray(temperature, float), np.asarray(field, float), ordered.values.astype(float), errors
    slow, fast, values, errors = _swept(scan)
    temperature, field = (fast, slow) if names[-1] == "temperature" else (slow, fast)
    if names[-1] == "magnetic_field":
        values, errors = values.T, None if errors is None else errors.T
    temperature = units.convert(temperature, scan["temperature"].attrs["units"], "K")
    field = units.convert(field, scan["magnetic_field"].attrs["units"], "Oe")
    return np.asarray(temperature), np.asarray(field), values, errors


def _swept(scan: xr.DataArray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Slow set points, the shared fast positions, values [fast, slow] and errors or None."""
    table = scans.points(scan)
    used = ~table.masked
    settled = scans.set_points(table.coordinates[:, 0])
    slow = np.unique(settled[used])
    sweeps = []
    for value in slow:
        rows = np.flatnonzero(used & (settled == value))
        rows = rows[np.argsort(table.coordinates[rows, 1], kind="stable")]
        fast, first = np.unique(table.coordinates[rows, 1], return_index=True)
        sweeps.append((fast, rows[first]))
    if len(slow) < 2 or min(len(fast) for fast, _ in sweeps) < 3:
        raise ScanError("an entropy change needs at least two sweeps of three points each")
    low, high = max(fast[0] for fast, _ in sweeps), min(fast[-1] for fast, _ in sweeps)
    longest = max(sweeps, key=lambda sweep: ((sweep[0] >= low) & (sweep[0] <= high)).sum())[0]
    shared = longest[(longest >= low) & (longest <= high)]
    if len(shared) < 3:
        raise ScanError("the sweeps share fewer than three temperatures or fields; simulate their twin instead")
    values = np.stack([np.interp(shared, fast, table.values[rows]) for fast, rows in sweeps], axis=1)
    errors = None
    if table.errors is not None:
        errors = np.stack([np.interp(shared, fast, table.errors[rows]) for fast, rows in sweeps], axis=1)
    return slow, shared, values, errors


def _maxwell(temperature, field, values, from_zero: bool) -> np.ndarray:
    """Integral over the field of dM/dT, [temperature, field]."""
    return _integrated(field, np.gradient(values, temperature, axis=0, edge_order=2), from_zero)


def _integrated(field, slope, from_zero: bool) -> np.ndarray:
    if from_zero and field[0] > 0:
        field = np.concatenate([[0.0], field])
        slope = np.concatenate([np.zeros((len(slope), 1)), slope], axis=1)
        return cumulative_trapezoid(slope, field, axis=1, initial=0)[:, 1:]
    return cumulative_trapezoid(slope, field, axis=1, initial=0)


@dataclass(frozen=True)
class Peak:
    """The extremum of one field's entropy change. ``value`` and ``error`` in ``unit`` (signed), at
    ``temperature`` (K); ``half_width`` is the full width at half maximum (K), ``cooling_power`` the relative
    cooling power |value| x width, ``capacity`` the integral of |dS| between the half-maxima, both in ``unit`` x K:
    all three None where a half-maximum lies outside the window. ``averaged`` [n] is the best average over a
    span of ``spans`` [n] (K)."""

    value: float
    error: float | None
    temperature: float
    half_width: float | None
    cooling_power: float | None
    capacity: float | None
    unit: str
    spans: tuple[float, ...]
    averaged: tuple[float, ...]


def peak(change: xr.DataArray, field: float | None = None, spans: tuple[float, ...] = (3.0, 10.0)) -> Peak:
    """The peak of an entropy change (from :func:`entropy_change`) at the highest field, or at ``field`` (Oe),
    interpolated between fields.

    The temperature-averaged entropy change (Griffith et al., J. Appl. Phys. 123, 034902 (2018)) of a span is the
    largest mean of dS over a window of that width; NaN where the window does not fit.
    """
    fields = change["magnetic_field"].values
    field = float(fields[-1] if field is None else field)
    if not fields[0] <= field <= fields[-1]:
        raise ScanError(f"{field:g} Oe lies outside the measured fields, {fields[0]:g} to {fields[-1]:g} Oe")
    row = change.interp(magnetic_field=field)
    temperature, values = row["temperature"].values, row.values
    top = int(np.nanargmax(np.abs(values)))
    size = np.abs(values) * (np.sign(values) == np.sign(values[top]))
    low, high = _crossing(temperature, size, top, -1), _crossing(temperature, size, top, +1)
    width = power = capacity = None
    if low is not None and high is not None:
        width = high - low
        power = float(size[top] * width)
        fine = np.union1d(temperature[(temperature > low) & (temperature < high)], [low, high])
        capacity = float(np.trapezoid(np.interp(fine, temperature, size), fine))
    error = None
    if "standard_error" in row.coords:
        error = float(row["standard_error"].values[top])
    averaged = tuple(_averaged(temperature, values, span) for span in spans)
    unit = change.attrs["units"]
    return Peak(
        float(values[top]), error, float(temperature[top]), width, power, capacity, unit, tuple(spans), averaged
    )


def _crossing(temperature, size, top: int, step: int) -> float | None:
    """Where ``size`` falls to half of its value at ``top``, going down or up in temperature; None if it never does."""
    half, row = size[top] / 2, top
    while 0 <= row + step < len(size):
        if size[row + step] <= half:
            share = (size[row] - half) / (size[row] - size[row + step])
            return float(temperature[row] + share * (temperature[row + step] - temperature[row]))
        row += step
    return None


def _averaged(temperature, values, span: float) -> float:
    """The mean of largest size over a window of ``span`` kelvin."""
    if span > temperature[-1] - temperature[0]:
        return float("nan")
    total = cumulative_trapezoid(values, temperature, initial=0)
    starts = np.linspace(temperature[0], temperature[-1] - span, 501)
    means = (np.interp(starts + span, temperature, total) - np.interp(starts, temperature, total)) / span
    return float(means[np.argmax(np.abs(means))])


def field_exponent(change: xr.DataArray) -> xr.DataArray:
    """n(T, H) = d ln|dS| / d ln H as a scan without unit.

    At a second-order transition n has its minimum at the Curie temperature and tends to 2 above it; n above 2
    marks a first-order one (Law et al., Nature Communications 9, 2680 (2018)).
    """
    inner = change.isel(magnetic_field=change["magnetic_field"].values > 0)
    size = np.abs(inner.transpose("magnetic_field", "temperature").values)
    size = np.where(size > 1e-6 * np.nanmax(size), size, np.nan)
    field = inner["magnetic_field"].values
    exponent = np.gradient(np.log(size), np.log(field), axis=0)
    return scans.gridded_scan(
        {"magnetic_field": (field, "Oe"), "temperature": (inner["temperature"].values, "K")},
        exponent,
        name="field_exponent",
        unit="dimensionless",
        long_names={"field_exponent": "field exponent n"},
        attrs={"kind": change.attrs.get("kind", "measured")},
    )


def arrott(scan: xr.DataArray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrott's plot: (temperatures [t] in K, H/M [t, h], M^2 [t, h]) in the scan's units and Oe; parallel straight
    lines for a mean-field second-order transition, S-shaped ones for a first-order one."""
    _check_axes(scan)
    temperature, field, values, _ = _table(scan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return temperature, field[None, :] / values, values**2
