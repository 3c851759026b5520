"""The Fermi level of every channel, a polynomial through it, and the scan with its energies counted from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import energy_axis, is_quantity, slit_angle
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.counting import counts
from napari_scantwin.processing.emission import BINDING, KINETIC, counted_as, energies_parameter
from napari_scantwin.processing.fermi_edge import Edge, edge_of_curve, fit_edge, fitted_energy
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.resample import resample
from napari_scantwin.processing.steps import step

__all__ = ["EdgeOfChannels", "correct_fermi_edge", "energy_notation", "fit_edges"]


@dataclass(frozen=True)
class EdgeOfChannels:
    """The Fermi edges of every channel of a scan, as :func:`fit_edges` returns them.

    Parameters
    ----------
    axis
        The axis of the channels.
    fermi_level, resolution
        Scans over ``axis`` with errors (eV); NaN where no edge was found.
    coefficients
        The polynomial through the levels, lowest power first (eV and, for an angle, degrees).
    errors
        One standard deviation of each coefficient, in its unit.
    reduced_chi_square
        That of the polynomial.
    whole
        The edge of all channels together.
    """

    axis: str
    fermi_level: xr.DataArray
    resolution: xr.DataArray
    coefficients: list[float]
    errors: list[float]
    reduced_chi_square: float
    whole: Edge

    def corrected(self, scan: xr.DataArray) -> xr.DataArray:
        """Another scan of the same channels with its energies counted from this Fermi level."""
        # The edge that was found falls towards high energies, as it does against kinetic ones.
        known = scan.attrs.get("energy_notation")
        return correct_fermi_edge(
            scan, axis=self.axis, coefficients=self.coefficients, **({} if known else {"energies": KINETIC})
        )


def fit_edges(
    scan: xr.DataArray,
    axis: str | None = None,
    *,
    temperature: float | None = None,
    resolution: float | None = None,
    start: float | None = None,
    stop: float | None = None,
    background: str = "linear",
    degree: int = 2,
    channels: int = 1,
    on_progress: Callable[[float], None] | None = None,
    stop_event: threading.Event | None = None,
) -> EdgeOfChannels:
    """Fit the Fermi edge of every channel, and a polynomial through the levels.

    The polynomial is fitted to the levels by their errors; the errors of its coefficients are scaled up where the
    levels scatter more than theirs say.

    Parameters
    ----------
    scan
        A gridded scan with an axis of energy, usually a gold reference.
    axis
        The axis of the channels; by default the angle along the slit.
    temperature, resolution, start, stop, background
        As in :func:`napari_scantwin.processing.fermi_edge.fit_edge`.
    degree
        The degree of the polynomial.
    channels
        How many neighbouring channels are summed for each fit.
    on_progress
        Called with the fraction of the channels that is done.
    stop_event
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    EdgeOfChannels
        Levels and resolutions as scans over the channels, and the polynomial.

    Raises
    ------
    ScanError
        Where fewer than ``degree`` + 2 channels have an edge, or the scan has no such axis.
    Cancelled
        Where ``stop_event`` was set.
    """
    energy, energy_name = fitted_energy(scan, start, stop)
    axis = axis or slit_angle(scan)
    if axis is None or axis not in scan.dims or axis == energy_name:
        raise ScanError("the channels lie along the angle of the slit; name another axis if this scan has none")
    whole = fit_edge(
        scan, temperature=temperature, resolution=resolution, start=start, stop=stop, background=background
    )
    if start is None and stop is None:  # every channel over the energies that its sum was fitted over
        low, high = float(whole.curve["energy"].min()), float(whole.curve["energy"].max())
    else:
        low, high = (-np.inf if start is None else start), (np.inf if stop is None else stop)
    inside = (energy >= low) & (energy <= high)
    values, errors = _by_channel(scan, values_of(scan), axis, energy_name), errors_of(scan)
    variances = None if errors is None else _by_channel(scan, errors**2, axis, energy_name)
    places, counted = _in_degrees(scan, axis), counts(scan)
    groups = [np.arange(at, min(at + channels, len(places))) for at in range(0, len(places), max(channels, 1))]
    level, width = np.full((2, len(groups)), np.nan), np.full((2, len(groups)), np.nan)
    for number, group in enumerate(groups):
        if stop_event is not None and stop_event.is_set():
            raise Cancelled
        curve = values[group].sum(axis=0)[inside]
        own = None if variances is None else np.sqrt(variances[group].sum(axis=0)[inside])
        seen = np.isfinite(curve)
        try:
            edge = edge_of_curve(
                energy[inside][seen], curve[seen], None if own is None else own[seen], counted,
                temperature, resolution, background, like=whole,
            )  # fmt: skip
            level[:, number] = edge.fermi_level.value, edge.fermi_level.error
            width[:, number] = edge.resolution.value, edge.resolution.error
        except ScanError:
            pass  # a dark channel: a hole in the result
        if on_progress is not None:
            on_progress((number + 1) / len(groups))
    centre = np.array([places[group].mean() for group in groups])
    coefficients, deviations, chi = _polynomial(centre, level[0], level[1], degree)
    along = np.array([np.mean(np.asarray(scan[axis].values, float)[group]) for group in groups])
    axes = {axis: (along, scan[axis].attrs["units"])}

    def over_channels(what: np.ndarray, name: str, title: str) -> xr.DataArray:
        return scans.gridded_scan(axes, what[0], name=name, unit="eV", errors=what[1], long_names={name: title})

    return EdgeOfChannels(
        axis,
        over_channels(level, "fermi_level", "Fermi level"),
        over_channels(width, "resolution", "resolution (FWHM)"),
        coefficients,
        deviations,
        chi,
        whole,
    )


def _by_channel(scan: xr.DataArray, array: np.ndarray, axis: str, energy: str) -> np.ndarray:
    """The array summed over everything but the channels and the energy [channels, energies]."""
    order = [scan.dims.index(axis), scan.dims.index(energy)]
    rest = tuple(i for i in range(array.ndim) if i not in order)
    summed = np.asarray(array, float).sum(axis=rest)
    return summed if order[0] < order[1] else summed.T


def _in_degrees(scan: xr.DataArray, axis: str) -> np.ndarray:
    """An angle axis in degrees, any other in its own unit."""
    unit = scan[axis].attrs["units"]
    places = np.asarray(scan[axis].values, float)
    return np.asarray(units.convert(places, unit, "deg"), float) if is_quantity(unit, "angle") else places


def _polynomial(places, levels, errors, degree: int) -> tuple[list[float], list[float], float]:
    good = np.isfinite(levels) & np.isfinite(errors) & (errors > 0)
    if good.sum() < degree + 2:
        raise ScanError(
            f"a Fermi edge is found in {good.sum()} channels, and a polynomial of degree {degree} needs {degree + 2}; "
            "join more channels or choose another window"
        )
    scale = np.abs(places).max() or 1.0
    powers = np.arange(degree + 1)
    matrix = (places[good, None] / scale) ** powers / errors[good, None]
    found, *_ = np.linalg.lstsq(matrix, levels[good] / errors[good], rcond=None)
    chi = float(np.sum((matrix @ found - levels[good] / errors[good]) ** 2) / max(good.sum() - degree - 1, 1))
    covariance = np.linalg.pinv(matrix.T @ matrix) * max(chi, 1.0)
    return (found / scale**powers).tolist(), (np.sqrt(np.diag(covariance)) / scale**powers).tolist(), chi


@step(
    "energy_notation",
    "Say what energies count from",
    "Energy",
    parameters=(energies_parameter(),),
    needs=("energy",),
)
def energy_notation(scan, *, energies):
    """Say what the energies of a scan are where its file does not: kinetic, counted from the Fermi level (occupied
    states negative), or binding energies (occupied states positive), which are turned round: E - E_F = -E_B."""
    return counted_as(scan, energies)[0]


@step(
    "correct_fermi_edge",
    "Count energies from the Fermi level",
    "Energy",
    parameters=(
        Parameter(
            "axis",
            "Channels along",
            "axis",
            slit_angle,
            optional=True,
            explanation="The axis along which the Fermi level changes.",
        ),
        Parameter(
            "coefficients",
            "Fermi level",
            "numbers",
            optional=True,
            explanation="In eV; with further numbers a polynomial in the channels' axis (degrees), lowest power first.",
        ),
        Parameter(
            "levels",
            "Or one level a channel",
            "numbers",
            unit="eV",
            optional=True,
            explanation="For photon-energy scans and the like.",
        ),
        energies_parameter(),
    ),
    needs=("energy",),
)
def correct_fermi_edge(scan, *, axis, coefficients, levels, energies):
    """Count the energies of every channel from its Fermi level: E - E_F(channel), interpolated linearly.

    E_F is a number, a polynomial of a gold reference (``fit_edges``), or one number a channel. The new axis has the old
    steps about the middle channel's level; energies that a channel did not see are NaN. A single number only shifts
    the axis. The Fermi level's own error is not carried into the intensities. Of binding energies the level is given
    as it stands on their axis; they are turned round.
    """
    energy = energy_axis(scan)
    if (coefficients is None) == (levels is None):
        raise ScanError("give the Fermi level once: as coefficients (a number or a polynomial) or one level a channel")
    scan, _ = counted_as(scan, energies)
    if energies == BINDING:
        coefficients, levels = ([-one for one in given] if given else None for given in (coefficients, levels))
    unit = scan[energy].attrs["units"]
    places = np.asarray(scan[energy].values, float)
    about = {energy: "energy from the Fermi level"}
    if coefficients is not None and len(coefficients) == 1:
        shifted = places - float(units.convert(coefficients[0], "eV", unit))
        axes = {str(name): (scan[name].values, scan[name].attrs["units"]) for name in scan.dims}
        flags = {key: scan[key].values for key in ("masked", "extrapolated") if key in scan.coords}
        return rebuild(
            scan, values_of(scan), errors=errors_of(scan), axes={**axes, energy: (shifted, unit)}, flags=flags,
            axis_names=about, attrs={"energy_notation": "fermi"},
        )  # fmt: skip
    if axis is None or axis == energy:
        raise ScanError("a Fermi level that changes needs the axis it changes along; name it")
    if levels is not None:
        if len(levels) != scan.sizes[axis]:
            raise ScanError(f"there are {len(levels)} levels and {scan.sizes[axis]} channels of {axis}")
        level = np.asarray(levels)
    else:
        level = np.polynomial.polynomial.polyval(_in_degrees(scan, axis), coefficients)
    level = np.asarray(units.convert(level, "eV", unit), float)
    grid = places - level[len(level) // 2]
    done = resample(
        scan,
        {energy: places},
        {energy: (grid, unit)},
        lambda number: (grid + level[number],),
        axis,
        long_names=about,
        attrs={"energy_notation": "fermi"},
    ).transpose(*scan.dims)
    return done.assign_attrs(axes=",".join(scan.dims))
