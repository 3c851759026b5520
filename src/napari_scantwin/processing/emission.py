"""What a scan says of its emission: kinetic energies, geometry, the angles it was measured at; and their parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import energies as energies_of
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import energy_axis, is_quantity
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.geometry import ACROSS, ALONG, DEFLECTOR, ROTATION, Geometry

__all__ = [
    "BINDING",
    "EMISSION",
    "FERMI",
    "KINETIC",
    "Emission",
    "counted_as",
    "energies_parameter",
    "energy_parameters",
    "geometry_parameters",
    "kinetic_energies",
    "recorded",
]

#: The attribute in which a scan in momentum keeps how it came from angles (JSON), for the way back.
EMISSION = "emission"
FERMI, KINETIC, BINDING = "from the Fermi level", "kinetic", "binding"
#: These words, as people choose them, and those of :mod:`napari_scantwin.core.energies`.
_WORDS = {FERMI: energies_of.FERMI, KINETIC: energies_of.KINETIC, BINDING: energies_of.BINDING}
_ASKED = (
    f"the scan does not say what its energies are counted from; give energies='{KINETIC}', energies='{FERMI}' "
    f"(occupied states negative) or energies='{BINDING}' (occupied states positive)"
)


@dataclass(frozen=True)
class Emission:
    """How a scan in momentum came from angles, for the way back.

    Parameters
    ----------
    geometry
        How the sample stood.
    energies
        The parameters of its energies, those of :func:`kinetic_energies`.
    alpha, beta
        The measured angles in degrees; one ``beta`` for a cut.
    names
        The names of the axes of ``beta`` (empty for a cut) and ``alpha``.
    inner_potential, photon_energies
        In eV, of a scan of photon energies; else None.
    """

    geometry: Geometry
    energies: dict
    alpha: list[float]
    beta: list[float]
    names: list[str]
    inner_potential: float | None = None
    photon_energies: list[float] | None = None

    def text(self) -> str:
        """As text (JSON) for the attribute :data:`EMISSION`."""
        return json.dumps({**vars(self), "geometry": vars(self.geometry)})


def recorded(scan: xr.DataArray) -> Emission:
    """How a scan in momentum came from angles, from its attribute.

    Raises
    ------
    ScanError
        Where it does not say.
    """
    try:
        found = json.loads(scan.attrs[EMISSION])
        emission = Emission(**{**found, "geometry": Geometry(**found["geometry"])})
        geometry = emission.geometry
        numbers = [geometry.alpha0, geometry.beta0, geometry.azimuth, *emission.alpha, *emission.beta]
        numbers += emission.photon_energies or []
        numbers += [one for one in (*emission.energies.values(), emission.inner_potential) if not _is_word(one)]
        good = all(isinstance(one, (int, float)) and np.isfinite(one) for one in numbers)
        good &= geometry.slit in (ALONG, ACROSS) and geometry.scan in (ROTATION, DEFLECTOR)
        if not good or len(emission.names) != 2 or not emission.alpha or not emission.beta:
            raise ValueError
        return emission
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ScanError(
            "this scan does not say how its momenta came from angles; only what 'to_momentum' or 'to_kz' made can be "
            "turned back"
        ) from None


def _is_word(value) -> bool:
    return value is None or isinstance(value, str)


def geometry_parameters() -> tuple[Parameter, ...]:
    """The parameters of a :class:`Geometry`."""
    return (
        Parameter(
            "slit",
            "Slit",
            "choice",
            ALONG,
            choices=(ALONG, ACROSS),
            explanation="Along (type I): the slit shows kx and the scan ky; across (type II): the other way.",
        ),
        Parameter(
            "scanned_by",
            "Scanned by",
            "choice",
            ROTATION,
            choices=(ROTATION, DEFLECTOR),
            explanation="Whether the sample was turned or the analyser's deflector scanned.",
        ),
        Parameter(
            "slit_normal",
            "Normal emission along the slit",
            default=0.0,
            unit="deg",
            explanation="The angle along the slit at which electrons leave along the sample's normal.",
        ),
        Parameter(
            "scan_normal",
            "Normal emission of the scanned angle",
            default=0.0,
            unit="deg",
            explanation="The scanned angle at which electrons leave along the sample's normal.",
        ),
        Parameter(
            "scanned_angle",
            "Scanned angle of a cut",
            unit="deg",
            optional=True,
            explanation="Where a cut was taken; not used for a map. Empty: at normal emission.",
        ),
        Parameter("azimuth", "Azimuth", default=0.0, unit="deg", explanation="The sample's turn about its normal."),
    )


def energies_parameter() -> Parameter:
    """The parameter that says what a scan's energies count from; its default is what the scan itself says."""
    return Parameter(
        "energies",
        "Energies are",
        "choice",
        _notation,
        choices=(FERMI, KINETIC, BINDING),
        optional=True,
        explanation="Counted from the Fermi level (occupied states negative), kinetic, or binding energies (occupied "
        "states positive), which are turned round.",
    )


def counted_as(scan: xr.DataArray, energies: str | None) -> tuple[xr.DataArray, str | None]:
    """A scan whose energies are what someone says of them.

    Parameters
    ----------
    scan
        The scan.
    energies
        One of the choices of :func:`energies_parameter`, or None.

    Returns
    -------
    tuple
        The scan, binding energies turned round, and what its energies are now; a scan without energies as it is.

    Raises
    ------
    ScanError
        Where neither the scan nor ``energies`` says it.
    """
    axis = energy_axis(scan)
    if axis is None:
        return scan, energies
    energies = energies or _notation(scan)
    if energies is None:
        raise ScanError(_ASKED)
    if energies == BINDING and _notation(scan) is not None:
        raise ScanError(
            f"the energies of this scan are {_notation(scan)}, not binding; those of a file are turned round as it is "
            "opened"
        )
    return energies_of.told(scan, axis, _WORDS[energies]), FERMI if energies == BINDING else energies


def energy_parameters() -> tuple[Parameter, ...]:
    """The parameters from which kinetic energies follow."""
    return (
        energies_parameter(),
        Parameter(
            "photon_energy", "Photon energy", unit="eV", optional=True, default=_photon_energy, minimum=0, above=True
        ),
        Parameter(
            "work_function",
            "Work function",
            unit="eV",
            optional=True,
            minimum=0,
            explanation="The analyser's: kinetic energy = photon energy - work function + energy.",
        ),
    )


def _photon_energy(scan: xr.DataArray) -> float | None:
    energy = scan.attrs.get("photon_energy")
    return float(energy) if isinstance(energy, (int, float)) and energy > 0 else None


def _notation(scan: xr.DataArray) -> str | None:
    """What the scan says itself."""
    said = str(scan.attrs.get("energy_notation", ""))
    return next((word for word, meant in _WORDS.items() if meant == said), None)


def kinetic_energies(
    scan: xr.DataArray,
    energies: str | None,
    photon_energy: float | None,
    work_function: float | None,
    kinetic_energy: float | None,
) -> np.ndarray:
    """The electrons' kinetic energies: E_kin = photon energy - work function + energy.

    Parameters
    ----------
    scan
        The scan.
    energies
        What its energy axis counts from: "kinetic" or "from the Fermi level", as :func:`counted_as` returns it.
    photon_energy
        In eV.
    work_function
        The analyser's, in eV.
    kinetic_energy
        That of the Fermi level, or of the whole scan where it has no energy axis (eV); used instead of photon energy
        and work function.

    Returns
    -------
    numpy.ndarray
        In eV, for every value of the energy axis [n], or [1] where there is none.

    Raises
    ------
    ScanError
        Where they do not follow from what is given, or are not positive.
    """
    axis = energy_axis(scan)
    if axis is not None and energies not in (KINETIC, FERMI):
        raise ScanError(_ASKED)
    own = np.zeros(1) if axis is None else units.convert(scan[axis].values, scan[axis].attrs["units"], "eV")
    if axis is not None and energies == KINETIC:
        found = own
    else:
        if kinetic_energy is None:
            if photon_energy is None or work_function is None:
                lack = "photon_energy and work_function" if photon_energy is None else "work_function"
                raise ScanError(
                    f"the electrons' kinetic energy is not known; give {lack}, or kinetic_energy "
                    f"({'of this map' if axis is None else 'at the Fermi level'})"
                )
            kinetic_energy = photon_energy - work_function
        found = kinetic_energy + own
    if not (found > 0).all():
        raise ScanError(
            f"the kinetic energies come out from {found.min():.4g} to {found.max():.4g} eV and must be positive; check "
            "photon energy and work function"
        )
    return np.asarray(found, float)


def degrees(scan: xr.DataArray, axis: str) -> np.ndarray:
    """An angle axis of a scan in degrees [n]; :class:`ScanError` where it is not an angle."""
    if not is_quantity(scan[axis].attrs["units"], "angle"):
        raise ScanError(f"{axis} is not an angle; its unit is {scan[axis].attrs['units']}")
    return np.asarray(units.convert(scan[axis].values, scan[axis].attrs["units"], "deg"), float)
