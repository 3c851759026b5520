"""What an EDC or MDC is fitted by: peaks on a background, for EDCs under a Fermi function seen with a resolution.

Lorentzian  A/pi (w/2) / ((x - x0)² + (w/2)²), with area A and full width at half maximum w
Voigt       the same convolved with a Gaussian of full width g, one for all peaks, given or fitted

MDC: sum of peaks + b0 + b1 (x - middle). EDC with a temperature: [that] f(E), convolved with the Gaussian resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import voigt_profile

from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing.fermi_function import fermi
from napari_scantwin.processing.linear import per_fwhm

if TYPE_CHECKING:
    import lmfit

__all__ = ["BACKGROUNDS", "SHAPES", "CurveModel", "Occupation"]

SHAPES = ("Lorentzian", "Voigt")
BACKGROUNDS = ("constant", "linear", "none")
#: Points of the fine grid within one standard deviation of the resolution, and how far it reaches.
_PER_SIGMA, _REACH = 4, 5.0


@dataclass(frozen=True)
class Occupation:
    """The Fermi function an EDC is multiplied by.

    Parameters
    ----------
    level
        The Fermi level on the curve's axis (eV).
    temperature
        In K.
    resolution
        The Gaussian it is seen with (FWHM, eV); 0: none.
    """

    level: float
    temperature: float
    resolution: float = 0.0


class CurveModel:
    """The curve of some peaks on a background, a function of lmfit's parameters.

    Parameters
    ----------
    x
        Where the curve is [n], in the axis's unit (eV where there is an ``occupation``).
    peaks
        How many.
    shape
        One of :data:`SHAPES`.
    background
        One of :data:`BACKGROUNDS`.
    gaussian
        A Voigt's Gaussian full width at half maximum; fitted by default.
    occupation
        The Fermi function of an EDC; by default there is none.

    Raises
    ------
    ScanError
        For an unknown shape or background.
    """

    def __init__(
        self,
        x: np.ndarray,
        peaks: int,
        shape: str = "Lorentzian",
        background: str = "linear",
        gaussian: float | None = None,
        occupation: Occupation | None = None,
    ):
        if shape not in SHAPES:
            raise ScanError(f"the peaks' shape is one of {', '.join(SHAPES)}, not {shape!r}")
        if background not in BACKGROUNDS:
            raise ScanError(f"the background is one of {', '.join(BACKGROUNDS)}, not {background!r}")
        self.x, self.peaks, self.shape, self.background = np.asarray(x, float), peaks, shape, background
        self.gaussian, self.occupation = gaussian, occupation
        self.span, self.middle = float(np.ptp(self.x)), float(np.mean(self.x[[0, -1]]))
        self.step = float(np.median(np.abs(np.diff(self.x))))
        self._grid, self._matrix = self.x, None
        if occupation is not None and occupation.resolution > 0:
            sigma = occupation.resolution * per_fwhm
            reach, fine = _REACH * sigma, min(sigma / _PER_SIGMA, self.step)
            self._grid = np.arange(self.x.min() - reach, self.x.max() + reach + fine, fine)
            weight = np.exp(-0.5 * ((self.x[:, None] - self._grid) / sigma) ** 2)
            self._matrix = weight / weight.sum(axis=1, keepdims=True)

    def parameters(self, positions, widths, areas, level: float = 0.0, slope: float = 0.0, gaussian=None):
        """lmfit's parameters at a given start, with their bounds.

        Parameters
        ----------
        positions, widths, areas
            One number a peak; widths are full widths at half maximum.
        level, slope
            The background at the middle of the axis, and its rise over the whole of it.
        gaussian
            Where a fitted Gaussian width starts; by default at three steps of the axis.

        Returns
        -------
        lmfit.Parameters
            ``position_1``, ``width_1``, ``area_1`` and so on, ``level``, ``slope`` and, of Voigts, ``gaussian``.
        """
        import lmfit  # takes a second, and menus need the steps only

        found = lmfit.Parameters()
        low, high = float(self.x.min()), float(self.x.max())
        inside = 1e-6 * self.span  # a start at a bound stays there
        for number, (place, width, area) in enumerate(zip(positions, widths, areas, strict=True), 1):
            place = float(np.clip(place, low + inside, high - inside))
            found.add(f"position_{number}", value=place, min=low, max=high)
            least, most = 0.05 * self.step, 2 * self.span
            found.add(f"width_{number}", value=float(np.clip(width, 2 * least, 0.9 * most)), min=least, max=most)
            found.add(f"area_{number}", value=max(float(area), 1e-6), min=0)
        found.add("level", value=float(level) if self.background != "none" else 0.0, vary=self.background != "none")
        found.add("slope", value=float(slope) if self.background == "linear" else 0.0, vary=self.background == "linear")
        if self.shape == "Voigt":
            fitted = self.gaussian is None
            start = (gaussian or 3 * self.step) if fitted else self.gaussian
            found.add("gaussian", value=float(start), min=0, max=self.span, vary=fitted)
        return found

    def __call__(self, parameters: lmfit.Parameters) -> np.ndarray:
        """The curve at ``x`` [n] for lmfit's parameters."""
        p = parameters.valuesdict()
        return self._seen(self._background(p) + self._peaks(p).sum(axis=0))

    def parts(self, parameters: lmfit.Parameters) -> tuple[np.ndarray, np.ndarray]:
        """The parts a curve is the sum of, as they are seen.

        Returns
        -------
        tuple
            The peaks one by one [peaks, n], and the shapes the background may have [0 to 2, n].
        """
        tilted = (self._grid - self.middle) / (self.span or 1.0)
        shapes = {"none": [], "constant": [np.ones_like(tilted)], "linear": [np.ones_like(tilted), tilted]}
        peaks = [self._seen(one) for one in self._peaks(parameters.valuesdict())]
        below = [self._seen(one) for one in shapes[self.background]]
        return np.array(peaks), np.array(below).reshape(-1, len(self.x))

    def _background(self, p) -> np.ndarray:
        return p["level"] + p["slope"] * (self._grid - self.middle) / (self.span or 1.0)

    def _peaks(self, p) -> np.ndarray:
        sigma = p.get("gaussian", 0.0) * per_fwhm
        one_by_one = [
            p[f"area_{number}"] * voigt_profile(self._grid - p[f"position_{number}"], sigma, p[f"width_{number}"] / 2)
            for number in range(1, self.peaks + 1)
        ]
        return np.array(one_by_one)

    def _seen(self, curve: np.ndarray) -> np.ndarray:
        """A curve under the Fermi function and through the resolution, where there are these."""
        if self.occupation is None:
            return curve
        curve = curve * fermi(self._grid - self.occupation.level, self.occupation.temperature)
        return curve if self._matrix is None else self._matrix @ curve
