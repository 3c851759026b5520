"""The lattice's part of a heat capacity: that of a compound without a moment, or a Debye and an Einstein term, taken
off what was measured.

Of a measured analogue the temperatures are stretched by the ratio of the Debye temperatures, which for one structure
follows from Lindemann's rule and the masses of all atoms (Bouvier, Lethuillier and Schmitt, Phys. Rev. B 43, 13137,
1991)::

    r = Θ(sample) / Θ(analogue) = [ Σ n_i M_i^{3/2} (analogue) / Σ n_i M_i^{3/2} (sample) ]^{1/3}
    C_lattice(T) = C_analogue(T / r)

The model is C = 3 n R [ (1 - w) D(Θ_D / T) + w E(Θ_E / T) ] with Debye's and Einstein's functions D and E, both 1 at
high temperatures, and n atoms in a formula unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.measured.data import MeasuredCurve
from napari_scantwin.crystal_field.measured.formula import Formula, weight
from napari_scantwin.crystal_field.measured.per_ion import ion_values

__all__ = [
    "AnalogueLattice",
    "DebyeEinstein",
    "Subtracted",
    "debye",
    "einstein",
    "fit_debye_einstein",
    "lindemann_factor",
    "subtracted",
]

#: How well the lattice is known, beside its own scatter: of an analogue's mass and of the scaled temperatures.
LATTICE_ERROR = 0.02
_OF_LARGEST = 0.003
#: A remainder this many of its errors below zero is no scatter.
_NEGATIVE = 2.0
_NODES = np.polynomial.legendre.leggauss(48)


def debye(u: np.ndarray) -> np.ndarray:
    """Debye's function of u = Θ/T, 3/u³ ∫₀ᵘ x⁴ eˣ/(eˣ-1)² dx: the heat capacity over 3R, 1 at high temperatures."""
    u = np.asarray(u, float)[..., None]
    reach = np.minimum(u, 40.0)  # nothing is left of the integrand beyond
    x = 0.5 * reach * (_NODES[0] + 1)
    integrand = x**2 * (x / 2 / np.sinh(np.maximum(x / 2, 1e-9))) ** 2
    return (3 / u**3 * 0.5 * reach * _NODES[1] * integrand).sum(axis=-1)


def einstein(u: np.ndarray) -> np.ndarray:
    """Einstein's function of u = Θ/T, u² eᵘ/(eᵘ-1)²: the heat capacity over 3R, 1 at high temperatures."""
    half = np.minimum(np.maximum(np.asarray(u, float), 1e-9) / 2, 300.0)
    return (half / np.sinh(half)) ** 2


def lindemann_factor(sample: Formula | None, analogue: Formula | None) -> float:
    """Θ(sample)/Θ(analogue) of two compounds of one structure; 1 where a formula is not known."""
    if sample is None or analogue is None:
        return 1.0

    def heavy(formula: Formula) -> float:
        return sum(count * weight(element) ** 1.5 for element, count in formula.atoms.items())

    return float((heavy(analogue) / heavy(sample)) ** (1 / 3))


@dataclass(frozen=True, eq=False)
class AnalogueLattice:
    """A lattice measured at a compound without a moment.

    Parameters
    ----------
    temperature
        Its temperatures [n] in K, rising.
    value
        Its heat capacity [n] in k_B per formula unit over the magnetic ions of one.
    factor
        Θ(sample)/Θ(analogue), by which temperatures are stretched.
    label
        What it is called.
    """

    temperature: np.ndarray
    value: np.ndarray
    factor: float = 1.0
    label: str = ""

    @classmethod
    def of(cls, curve: MeasuredCurve, ions: float = 1.0, factor: float = 1.0) -> AnalogueLattice:
        """The lattice in a measured heat capacity, for a sample of ``ions`` magnetic ions a formula unit.

        Raises
        ------
        ScanError
            Where the curve is no heat capacity, or its unit or the sample's numbers are missing.
        """
        if curve.kind != "heat_capacity":
            raise ScanError(
                f"{curve.title} is no heat capacity; choose that of the La, Lu or Y compound as the lattice"
            )
        if curve.y_unit is None or curve.x_unit is None:
            raise ScanError(f"{curve.title}, the lattice, does not say {' and '.join(curve.missing)}; choose it")
        if not factor > 0:
            raise ScanError(f"the factor between the Debye temperatures is about 1, not {factor:g}")
        x, y, _ = ion_values(replace(curve, ions=ions))
        place, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
        return cls(place, np.bincount(inverse, y) / counts, factor, curve.label)

    def __call__(self, temperature: np.ndarray) -> np.ndarray:
        """The lattice at temperatures [n], NaN above the last reading; below the first it goes on as T³."""
        at = np.asarray(temperature, float) / self.factor
        value = np.interp(at, self.temperature, self.value / self.temperature**3) * at**3
        # Between readings far apart C/T³ bends less than C.
        return np.where(at > self.temperature[-1], np.nan, value)

    @property
    def words(self) -> str:
        """What it is, for people."""
        stretched = "" if self.factor == 1 else f", temperatures stretched by {self.factor:.4g}"
        return f"{self.label} as measured{stretched}"


@dataclass(frozen=True)
class DebyeEinstein:
    """A Debye and an Einstein term.

    Parameters
    ----------
    debye_temperature, einstein_temperature
        In K.
    share
        w, the part of all atoms' motion in the Einstein term.
    atoms
        Atoms per magnetic ion.
    """

    debye_temperature: float
    einstein_temperature: float = 0.0
    share: float = 0.0
    atoms: float = 1.0

    def __post_init__(self):
        if not self.debye_temperature > 0 or not 0 <= self.share <= 1 or not self.atoms > 0:
            raise ScanError(
                "a lattice needs a Debye temperature above 0 K, a share of 0 to 1, and atoms in its formula"
            )
        if self.share and not self.einstein_temperature > 0:
            raise ScanError("the Einstein term needs a temperature above 0 K")

    def __call__(self, temperature: np.ndarray) -> np.ndarray:
        """The lattice at temperatures [n], in k_B per magnetic ion."""
        t = np.asarray(temperature, float)
        value = (1 - self.share) * debye(self.debye_temperature / t)
        if self.share:
            value = value + self.share * einstein(self.einstein_temperature / t)
        return 3 * self.atoms * value

    @property
    def words(self) -> str:
        """What it is, for people."""
        second = f" and {100 * self.share:.0f} % Einstein at {self.einstein_temperature:.4g} K" if self.share else ""
        return f"Debye at {self.debye_temperature:.4g} K{second}"


def fit_debye_einstein(curve: IonCurve, atoms: float, above: float | None = None) -> DebyeEinstein:
    """A lattice fitted to a heat capacity itself, where no analogue was measured.

    What the ion adds at those temperatures is taken for a part of the lattice, so the result is a makeshift: an
    analogue is better.

    Parameters
    ----------
    curve
        The heat capacity, the lattice in it.
    atoms
        Atoms per magnetic ion.
    above
        The fit uses readings above, in K; by default those in the upper two thirds of the curve (in log T).

    Returns
    -------
    DebyeEinstein
        The best.

    Raises
    ------
    ScanError
        Where fewer than six readings are above.
    """
    from scipy.optimize import least_squares

    low, high = np.log(curve.x.min()), np.log(curve.x.max())
    above = float(np.exp(low + 2 / 3 * (high - low))) if above is None else above
    mine = curve.x >= above
    if mine.sum() < 6:
        raise ScanError(
            f"only {int(mine.sum())} readings of {curve.label} lie above {above:.3g} K; a lattice model needs at least "
            f"six"
        )
    t, c, sigma = curve.x[mine], curve.value[mine], curve.error[mine]

    def residuals(p):
        return (DebyeEinstein(np.exp(p[0]), np.exp(p[1]), p[2], atoms)(t) - c) / sigma

    # The three acoustic branches are Debye's at least: one atom's part of all.
    most = max(1 - 1 / atoms, 0.01)
    starts = [(np.log(first), np.log(second), most / 2) for first in (150, 300) for second in (80, 250)]
    bounds = ([np.log(50), np.log(30), 0.0], [np.log(1500), np.log(1500), most])
    found = min((least_squares(residuals, start, bounds=bounds) for start in starts), key=lambda one: one.cost)
    return DebyeEinstein(float(np.exp(found.x[0])), float(np.exp(found.x[1])), float(found.x[2]), atoms)


@dataclass(frozen=True, eq=False)
class Subtracted:
    """A heat capacity without its lattice.

    Parameters
    ----------
    curve
        The remainder, with the lattice beside it.
    notes
        What has to be said of it.
    """

    curve: IonCurve
    notes: tuple[str, ...] = ()


def subtracted(curve: IonCurve, lattice: AnalogueLattice | DebyeEinstein, error: float = LATTICE_ERROR) -> Subtracted:
    """Take a lattice off a heat capacity.

    Parameters
    ----------
    curve
        The heat capacity per ion.
    lattice
        The lattice.
    error
        How well the lattice is known, as a part of it; this makes the remainder's errors grow with the lattice.

    Returns
    -------
    Subtracted
        The remainder. Readings above the analogue's last one are left out, and negative ones said; they stay.

    Raises
    ------
    ScanError
        Where the curve is no heat capacity, or the lattice was measured at none of its temperatures.
    """
    if curve.kind != "heat_capacity":
        raise ScanError(f"{curve.label} is no heat capacity; a lattice is taken off a heat capacity only")
    values = lattice(curve.x)
    known = np.isfinite(values)
    if not known.any():
        raise ScanError(
            f"the lattice {lattice.words} was measured below {curve.x.min():.4g} K only, where {curve.label} begins; "
            "measure it over the same temperatures"
        )
    said = [f"lattice of {curve.label}: {lattice.words}"]
    if lost := int((~known).sum()):
        where = float(curve.x[~known].min())
        said.append(
            f"{lost} reading{'s' if lost > 1 else ''} of {curve.label} from {where:.4g} K on left out: the lattice was "
            f"not "
            "measured there"
        )
    rest = curve.value[known] - values[known]
    sigma = np.sqrt(curve.error[known] ** 2 + (error * values[known]) ** 2 + (_OF_LARGEST * np.abs(rest).max()) ** 2)
    below = rest < -_NEGATIVE * sigma
    if below.any():
        place = int(np.argmin(np.where(below, rest, np.inf)))
        excess = -rest[place] / values[known][place]
        said.append(
            f"{int(below.sum())} reading{'s' if below.sum() > 1 else ''} of {curve.label} fall below zero without the "
            f"lattice (most at {curve.x[known][place]:.4g} K, where it is {100 * excess:.1f} % too large): one of the "
            f"masses, "
            "or the factor between the Debye temperatures, is off"
        )
    return Subtracted(
        IonCurve(
            "heat_capacity",
            curve.direction,
            curve.x[known],
            rest,
            sigma,
            field=curve.field,
            group=curve.group,
            label=curve.label,
            x_range=curve.x_range,
            lattice=values[known],
        ),
        tuple(said),
    )
