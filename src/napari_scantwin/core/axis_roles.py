"""Which axis of a scan is the energy, the angle along the slit, the scanned angle, a momentum."""

from __future__ import annotations

import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = [
    "axes_of",
    "coordinates_of",
    "drawn_axes",
    "energy_axis",
    "fast_axis",
    "find_axis",
    "is_quantity",
    "scanned_angle",
    "slit_angle",
]

_UNITS = {"energy": "eV", "angle": "deg", "momentum": "1/angstrom"}
_SLIT_NAMES = ("angle", "analyser_angle", "analyzer_angle", "alpha", "phi", "slit_angle")


def is_quantity(unit: str, quantity: str) -> bool:
    """Whether ``unit`` measures an "energy", "angle" or "momentum" (a wave vector)."""
    if quantity == "angle":  # pint takes every pure number for an angle
        return units.standard(unit) in {units.standard(one) for one in ("deg", "rad", "mrad", "arcmin", "arcsec")}
    return units.compatible(unit, _UNITS[quantity])


def axes_of(scan: xr.DataArray, quantity: str | None = None) -> tuple[str, ...]:
    """The scan's axes that measure a quantity.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    quantity
        "energy" (of electrons), "photon energy" (by the axis's name), "angle" or "momentum"; by default any.

    Returns
    -------
    tuple of str
        The axes' names, slow first.
    """
    if quantity is None:
        return scans.axes(scan)
    if quantity == "photon energy":
        return tuple(name for name in scans.axes(scan) if name == "photon_energy")
    found = [name for name in scans.axes(scan) if is_quantity(scan[name].attrs["units"], quantity)]
    return tuple(name for name in found if quantity != "energy" or name != "photon_energy")


def coordinates_of(scan: xr.DataArray) -> tuple[str, ...]:
    """Further coordinates with one number for each step of one axis.

    They are read-backs, such as a mirror current or a temperature.
    """
    own = {*scans.axes(scan), "masked", "extrapolated", "standard_error", "sweep"}
    return tuple(
        str(name)
        for name, coord in scan.coords.items()
        if name not in own and coord.ndim == 1 and coord.dtype.kind in "iuf"
    )


def find_axis(scan: xr.DataArray, quantity: str) -> str | None:
    """The axis of a ``quantity`` nearest to the fast end; None where the scan has none."""
    found = axes_of(scan, quantity)
    return found[-1] if found else None


def energy_axis(scan: xr.DataArray) -> str | None:
    """The electrons' energy axis; None where the scan has none."""
    return find_axis(scan, "energy")


def slit_angle(scan: xr.DataArray) -> str | None:
    """The angle along the analyser's slit: by its name, else the angle nearest to the fast end."""
    found = axes_of(scan, "angle")
    return next((name for name in _SLIT_NAMES if name in found), found[-1] if found else None)


def scanned_angle(scan: xr.DataArray) -> str | None:
    """The angle that was scanned slice by slice (a rotation or a deflection); None where there is none."""
    others = [name for name in axes_of(scan, "angle") if name != slit_angle(scan)]
    return others[-1] if others else None


def drawn_axes(scan: xr.DataArray) -> tuple[str, str]:
    """The axes that a map of a scan has upwards and to the right: its last two, the fast axis to the right; an energy
    upwards where the other is an angle or a momentum, as spectra are drawn.

    Parameters
    ----------
    scan
        A scan of two axes or more.

    Returns
    -------
    tuple of str
        The vertical and the horizontal axis.
    """
    vertical, horizontal = scans.axes(scan)[-2:]
    other = scan[vertical].attrs["units"]
    spectra = horizontal == energy_axis(scan) and (is_quantity(other, "angle") or is_quantity(other, "momentum"))
    return (horizontal, vertical) if spectra else (vertical, horizontal)


def fast_axis(scan: xr.DataArray) -> str:
    """The energy axis, or where there is none the fast axis.

    Raises
    ------
    ScanError
        Where the array has no axes.
    """
    names = scans.axes(scan)
    if not names:
        raise ScanError("the array has no axes")
    return energy_axis(scan) or names[-1]
