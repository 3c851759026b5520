"""Where an electron that leaves the sample is seen: emission angles and directions, after Ishida and Shin.

Y. Ishida and S. Shin, Rev. Sci. Instrum. 89, 043903 (2018), whose signs are kept (erlab's are the same). ``alpha`` is
the angle along the slit, ``beta`` the scanned one. The sample's frame has z along its normal; the direction of the
electron there is, with R_x, R_y, R_z turning about the laboratory's axes,

slit along the rotation's axis (type I)     R_z(azimuth) R_y(alpha0) R_x(beta - beta0) (-sin alpha, 0, cos alpha)
slit across it (type II)                    R_z(azimuth) R_y(beta - beta0) R_x(alpha0) (0, sin alpha, cos alpha)
deflector, slit along (type I')             R_z(azimuth) R_y(xi) R_x(chi) (-alpha s, -beta s, cos eta)
deflector, slit across (type II')           R_z(azimuth) R_y(xi) R_x(chi) (-beta s, alpha s, cos eta)

with eta = sqrt(alpha² + beta²), s = sin(eta)/eta. ``alpha0`` and ``beta0`` are the two angles of normal emission, read
where the dispersion is symmetric: alpha0 is the paper's xi - xi0; for a deflector xi and chi follow from the two.
Type I has the slit along x (the axis it shows is kx), type II along y (ky).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import constants

from napari_scantwin.core.errors import ScanError

__all__ = ["ALONG", "FREE_ELECTRON", "Geometry", "wave_number"]

ALONG, ACROSS = "along the rotation axis", "across the rotation axis"
ROTATION, DEFLECTOR = "rotation", "deflector"
#: hbar² / 2m in eV Å².
FREE_ELECTRON = constants.hbar**2 / (2 * constants.m_e * constants.e) * 1e20

#: Newton's steps, and the places the first guess is looked up among, when a direction is turned into an angle.
_ROUNDS = 4
_TABLE = 2001
_DIFFERENCE = 1e-5  # deg


def wave_number(kinetic):
    """The free electron's wave number sqrt(2 m E) / hbar in 1/Å at a kinetic energy in eV; NaN below zero."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.asarray(kinetic, float) / FREE_ELECTRON)


def _turn(axis: int, degrees: float) -> np.ndarray:
    """The matrix that turns about x, y or z (0, 1, 2) by right-handed ``degrees``."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    one, two = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[one, one] = matrix[two, two] = c
    matrix[one, two], matrix[two, one] = -s, s
    return matrix


@dataclass(frozen=True)
class Geometry:
    """How the sample stands before the analyser; angles in degrees.

    Parameters
    ----------
    slit
        "along the rotation axis" or "across the rotation axis".
    scan
        What changes the scanned angle: "rotation" of the sample or the analyser's "deflector".
    alpha0, beta0
        The angles of normal emission, along the slit and scanned.
    azimuth
        The sample's turn about its normal.

    References
    ----------
    Y. Ishida and S. Shin, Rev. Sci. Instrum. 89, 043903 (2018).
    """

    slit: str = ALONG
    scan: str = ROTATION
    alpha0: float = 0.0
    beta0: float = 0.0
    azimuth: float = 0.0

    @property
    def slit_momentum(self) -> str:
        """The momentum along the slit: "kx" or "ky"."""
        return "kx" if self.slit == ALONG else "ky"

    @property
    def other_momentum(self) -> str:
        """The momentum that the scanned angle changes."""
        return "ky" if self.slit == ALONG else "kx"

    def direction(self, alpha, beta) -> np.ndarray:
        """The directions, in the sample's frame, of electrons seen at some angles.

        Parameters
        ----------
        alpha
            The angle along the slit in degrees.
        beta
            The scanned angle in degrees; the two are broadcast.

        Returns
        -------
        numpy.ndarray
            Unit vectors (x, y, z) [3, ...], z along the sample's normal.
        """
        alpha, beta = np.broadcast_arrays(np.asarray(alpha, float), np.asarray(beta, float))
        if self.scan == DEFLECTOR:
            seen = self._deflected(alpha, beta)
            return np.tensordot(self._deflector_frame(), seen, axes=1)
        a, b = np.deg2rad(alpha), np.deg2rad(beta - self.beta0)
        # The sample turns by beta from slice to slice, so that this turn is written out.
        if self.slit == ALONG:
            v = np.stack([-np.sin(a), -np.sin(b) * np.cos(a), np.cos(b) * np.cos(a)])
            return np.tensordot(_turn(2, self.azimuth) @ _turn(1, self.alpha0), v, axes=1)
        tilted = a - np.deg2rad(self.alpha0)
        v = np.stack([np.sin(b) * np.cos(tilted), np.sin(tilted), np.cos(b) * np.cos(tilted)])
        return np.tensordot(_turn(2, self.azimuth), v, axes=1)

    def angles(self, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The angles at which electrons of some directions are seen; the inverse of :meth:`direction`.

        Parameters
        ----------
        direction
            Unit vectors [3, ...] in the sample's frame.

        Returns
        -------
        tuple
            ``alpha`` and ``beta`` in degrees, each [...].
        """
        if self.scan == DEFLECTOR:
            x, y, z = np.tensordot(self._deflector_frame().T, direction, axes=1)
            across = np.hypot(x, y)
            with np.errstate(invalid="ignore", divide="ignore"):
                per = np.rad2deg(np.where(across > 0, np.arctan2(across, z) / across, 1.0))
            return (-x * per, -y * per) if self.slit == ALONG else (y * per, -x * per)
        if self.slit == ALONG:
            turn = (_turn(2, self.azimuth) @ _turn(1, self.alpha0)).T
            x, y, z = np.tensordot(turn, direction, axes=1)
            with np.errstate(invalid="ignore"):
                return -np.rad2deg(np.arcsin(x)), np.rad2deg(np.arctan2(-y, z)) + self.beta0
        x, y, z = np.tensordot(_turn(2, self.azimuth).T, direction, axes=1)
        with np.errstate(invalid="ignore"):
            return np.rad2deg(np.arcsin(y)) + self.alpha0, np.rad2deg(np.arctan2(x, z)) + self.beta0

    def share(self, alpha, beta: float, *, of_normal: bool = False) -> np.ndarray:
        """The direction's component along the slit's momentum axis.

        Parameters
        ----------
        alpha
            The angle along the slit in degrees.
        beta
            The scanned angle in degrees.
        of_normal
            Whether it is divided by the component along the sample's normal.

        Returns
        -------
        numpy.ndarray
            The component, a pure number, shaped like ``alpha``.
        """
        direction = self.direction(alpha, beta)
        slit = direction[0 if self.slit == ALONG else 1]
        return slit / direction[2] if of_normal else slit

    def alpha_of_share(self, wanted, alphas: np.ndarray, beta: float, *, of_normal: bool = False) -> np.ndarray:
        """The angle along the slit at which :meth:`share` has some values, at a fixed scanned angle: a lookup, then
        Newton's steps.

        Parameters
        ----------
        wanted
            The values, of any shape.
        alphas
            The measured angles along the slit in degrees.
        beta
            The scanned angle in degrees.
        of_normal
            As in :meth:`share`.

        Returns
        -------
        numpy.ndarray
            Angles in degrees, shaped like ``wanted``; NaN outside the measured ones.

        Raises
        ------
        ScanError
            Where the share turns round within the measured angles, so that two angles have one momentum.
        """
        margin = 1e-6 * np.ptp(alphas)
        table = np.linspace(np.min(alphas) - margin, np.max(alphas) + margin, _TABLE)
        shares = self.share(table, beta, of_normal=of_normal)
        rise = np.diff(shares)
        if not ((rise > 0).all() or (rise < 0).all()):
            raise ScanError(
                "the momentum along the slit turns round within the measured angles; "
                "check the angles of normal emission and the azimuth"
            )
        order = slice(None) if rise[0] > 0 else slice(None, None, -1)
        wanted = np.asarray(wanted, float)
        found = np.interp(wanted, shares[order], table[order], left=np.nan, right=np.nan)
        for _ in range(_ROUNDS):
            here = self.share(found, beta, of_normal=of_normal)
            ahead = self.share(found + _DIFFERENCE, beta, of_normal=of_normal)
            behind = self.share(found - _DIFFERENCE, beta, of_normal=of_normal)
            found = found - (here - wanted) * 2 * _DIFFERENCE / (ahead - behind)
        return found

    def _deflected(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        a, b = np.deg2rad(alpha), np.deg2rad(beta)
        eta = np.hypot(a, b)
        s = np.sinc(eta / np.pi)
        return np.stack([-a * s, -b * s, np.cos(eta)] if self.slit == ALONG else [-b * s, a * s, np.cos(eta)])

    def _deflector_frame(self) -> np.ndarray:
        """The turn from the analyser's frame to the sample's that brings normal emission to alpha0, beta0."""
        x, y, z = self._deflected(np.array(self.alpha0), np.array(self.beta0))
        xi, chi = -np.rad2deg(np.arcsin(x)), np.rad2deg(np.arctan2(y, z))
        return _turn(2, self.azimuth) @ _turn(1, xi) @ _turn(0, chi)
