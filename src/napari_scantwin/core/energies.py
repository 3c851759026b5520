"""What the energies of electrons are counted from, read from names and never from values.

An axis of energies is *kinetic*, counts from the Fermi level (E - E_F, occupied states negative) or holds *binding*
energies (E_F - E, occupied states positive). Scans hold the first two: binding energies are turned round as a file is
read, E - E_F = -E_B. ``attrs["energy_notation"]`` says which; where it is missing nobody has said it, and whoever needs
to know has to ask. Values only serve to doubt a name: where most "binding energies" would lie above the Fermi level,
they may as well be E - E_F, and nobody can tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import with_notes

__all__ = ["BINDING", "FERMI", "KINETIC", "LONG_NAMES", "Counted", "counted", "named", "notation", "told", "turned"]

KINETIC, FERMI, BINDING = "kinetic", "fermi", "binding"

#: What such an axis is called beside a plot.
LONG_NAMES = {KINETIC: "kinetic energy", FERMI: "energy from the Fermi level"}

_MINUS = dict.fromkeys(map(ord, "−–—‐‑﹣－"), "-")
_BE = r"(be|eb|ebin|ebind|enb)(?![a-z])"
_EF = r"e?(f|fermi)(?![a-z])"
#: What a name says; the first that is found counts, formulas before words: "Binding energy, E - E_F" is E - E_F. A
#: binding energy that is "relative to the Fermi level" is still one, a kinetic energy is not.
_SAYS = (
    (FERMI, r"(?<![a-z])(e|ε|ω)(k|kin|i)?-(e|ε)?(f|fermi)(?![a-z])|(?<![a-z])(e|ε)-[µμ](?![a-z])"),
    (BINDING, r"((?<![a-z])((e|ε)f|efermi|[µμ])|fermi( level| energy)?)-(e|ε)(k|kin)?(?![a-z])"),
    (FERMI, rf"(^|[^a-z0-9])-(binding|bindung|{_BE})|negative binding"),
    (BINDING, rf"below (the )?{_EF}"),
    (BINDING, rf"binding|bindung|liaison|(?<![a-z]){_BE}"),
    (FERMI, rf"\b(from|above|to|vs|wrt|of) ?(the )?{_EF}|initial ?state"),
    (KINETIC, r"kineti|cin[ée]tique|(?<![a-z])(ke|ek|ekin|enkin|kin)(?![a-z])"),
    (FERMI, r"fermi"),
)
_TYPESETTING = re.compile(r"\\(rm|mathrm|text|it)\b|<[^<>]*>|\\[BMS](?![a-z])|[{}$^\\.]")


def _spellings(label: str) -> tuple[str, str]:
    """A label in small letters without typesetting, its underscores left out ("ef") and as blanks ("energy be")."""
    plain = _TYPESETTING.sub("", unicodedata.normalize("NFKC", label).translate(_MINUS)).lower()
    plain = re.sub(r"\s*(-|\bminus\b)\s*", "-", re.sub(r"\s+", " ", plain))
    return plain.replace("_", ""), plain.replace("_", " ")


def notation(*said: str | None) -> str | None:
    """What energies are counted from by what is said of them.

    Parameters
    ----------
    said
        Names, labels and settings, the most particular first, such as ``"Binding Energy [eV]"``, ``"E - E_F"``,
        ``"KE"`` or the word ``"Kinetic"`` of a setting; None and empty ones are passed over.

    Returns
    -------
    str or None
        ``"kinetic"``, ``"fermi"`` (E - E_F) or ``"binding"`` (E_F - E) by the first that says it; None where none does.
    """
    for one in said:
        spelled = _spellings(str(one or ""))
        for found, pattern in _SAYS if "photon" not in spelled[0] else ():
            if any(re.search(pattern, word) for word in spelled):
                return found
    return None


@dataclass(frozen=True)
class Counted:
    """An axis of energies as a scan holds it.

    Parameters
    ----------
    values
        The energies [n]; binding energies are turned round.
    notation
        ``"kinetic"`` or ``"fermi"``; None where it is not known.
    turned
        Whether they were turned round.
    note
        What is to be said of them; empty where nothing is.
    """

    values: np.ndarray
    notation: str | None
    turned: bool = False
    note: str = ""


def counted(values: np.ndarray, *said: str | None, documented: Collection[str] = ()) -> Counted:
    """Energies counted as a scan counts them, by what is said of them.

    Parameters
    ----------
    values
        The energies [n], in any unit.
    said
        As in :func:`notation`.
    documented
        The notations that the format is documented to use where a file says none; of several the one that the values
        allow.

    Returns
    -------
    Counted
        The energies. Where most "binding energies" would lie above the Fermi level, they are left as they are, of
        unknown notation, with a note.
    """
    values = np.asarray(values, float)
    found = notation(*said)
    if found == KINETIC or (found is not None and _possible(found, values)):
        return _as_held(values, found)
    allowed = [one for one in documented if _possible(one, values)]
    if len(allowed) == 1:
        return _as_held(values, allowed[0])
    if found is None:
        return Counted(values, None)
    note = (
        f"its energies are called binding energies, but run from {values.min():.4g} to {values.max():.4g}, so that "
        "most would lie above the Fermi level: they are left as they are, and what they count from is asked for where "
        "it matters"
    )
    return Counted(values, None, note=note)


def _possible(found: str, values: np.ndarray) -> bool:
    """Whether energies can be what they are called. Photoemission sees little above the Fermi level, so that binding
    energies of which most are negative are E - E_F by another name, or a mistake: nobody can tell."""
    if values.size == 0 or found == FERMI:
        return True
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return low > 0 if found == KINETIC else high >= -low


def _as_held(values: np.ndarray, found: str) -> Counted:
    if found != BINDING:
        return Counted(values, found)
    return Counted(-values + 0.0, FERMI, True, "binding energies were turned round: E - E_F = -E_B")


def named(scan: xr.DataArray, said: Mapping[str, Sequence[str | None]]) -> xr.DataArray:
    """A scan whose energies are counted as scans count them, by what is said of its axes.

    Parameters
    ----------
    scan
        A gridded or ragged scan with the energies as they stand in its file.
    said
        What is said of each axis, as in :func:`notation`; axes that are no energies, and those of photons, are passed
        over. A scan that says itself what its energies are is left as it is.

    Returns
    -------
    xarray.DataArray
        The scan with ``attrs["energy_notation"]`` where it is known, its binding energies turned round and the axis
        called ``energy`` then.
    """
    if scan.attrs.get("energy_notation"):
        return scan
    for axis in scans.axes(scan):
        words = said.get(axis, ())
        if axis == "photon_energy" or notation(*words) is None or not units.compatible(scan[axis].attrs["units"], "eV"):
            continue
        found = counted(np.asarray(scan[axis].values, float), *words)
        if found.notation:
            scan = told(scan, axis, BINDING if found.turned else found.notation)
        scan = _renamed(scan, axis) if found.turned else scan
        return scan.assign_attrs(with_notes(scan.attrs, found.note))
    return scan


def _renamed(scan: xr.DataArray, axis: str) -> xr.DataArray:
    """The scan with an axis called ``energy``, where its name says what it no longer is."""
    if axis == "energy" or "energy" in scan.coords:
        return scan
    names = ["energy" if one == axis else one for one in scans.axes(scan)]
    scan = scan.rename({axis: "energy"})
    return scan.assign_attrs(axes=",".join(names)) if "axes" in scan.attrs else scan


def told(scan: xr.DataArray, axis: str, found: str) -> xr.DataArray:
    """A scan with what someone says of its energies.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        Its axis of energies.
    found
        ``"kinetic"``, ``"fermi"``, or ``"binding"``: such energies are turned round.

    Returns
    -------
    xarray.DataArray
        The scan, ``attrs["energy_notation"]`` being ``"kinetic"`` or ``"fermi"``.
    """
    if found == BINDING:
        return turned(scan, axis)
    scan = scan.assign_coords({axis: scan[axis].assign_attrs(long_name=LONG_NAMES[found])})
    return scan.assign_attrs(energy_notation=found)


def turned(scan: xr.DataArray, axis: str) -> xr.DataArray:
    """A scan with an axis of energies turned round, E - E_F = -E_B, rising where it is an axis of a grid.

    Parameters
    ----------
    scan
        A gridded or ragged scan.
    axis
        Its axis of binding energies.

    Returns
    -------
    xarray.DataArray
        The scan; its ``attrs`` say that the energies count from the Fermi level.

    Raises
    ------
    ScanError
        Where the axis is no energy.
    """
    if not units.compatible(scan[axis].attrs["units"], "eV"):
        raise ScanError(f"{axis} is no energy; its unit is {scan[axis].attrs['units']}")
    about = {**scan[axis].attrs, "long_name": LONG_NAMES[FERMI]}
    column = -np.asarray(scan[axis].values, float) + 0.0
    scan = scan.assign_coords({axis: (scan[axis].dims, column, about)})
    attrs = {**scan.attrs, "energy_notation": FERMI}
    if scans.is_gridded(scan):
        if len(column) > 1 and np.all(np.diff(column) < 0):
            scan = scan.isel({axis: slice(None, None, -1)})
        if axis == scans.axes(scan)[-1] and "fast_axis_ran" in attrs:
            attrs["fast_axis_ran"] = {"rising": "falling", "falling": "rising"}.get(attrs["fast_axis_ran"], "")
    scan.attrs = attrs
    return scan
