"""The trivalent rare-earth ions in their ground multiplet: J, Landé factor and Stevens factors as exact fractions.

The Stevens factors θ_k = ⟨J‖α‖J⟩, ⟨J‖β‖J⟩, ⟨J‖γ‖J⟩ are those of K. W. H. Stevens, *Proc. Phys. Soc. A* **65**, 209
(1952); they follow from the ground term's Slater determinant, as the tests work out anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from napari_scantwin.core.errors import ScanError

__all__ = ["IONS", "Ion", "ion"]

F = Fraction


@dataclass(frozen=True)
class Ion:
    """An ion with its ground multiplet.

    Parameters
    ----------
    name
        Such as "Er3+".
    J
        The total angular momentum.
    g_J
        The Landé factor.
    theta
        The Stevens factors (θ₂, θ₄, θ₆); None where they are not known.
    electrons
        How many f electrons it has; None for an ion that was given by its J.
    warning
        What is to be known before its parameters are believed, or "".
    """

    name: str
    J: float
    g_J: Fraction
    theta: tuple[Fraction, Fraction, Fraction] | None = None
    electrons: int | None = None
    warning: str = ""

    @property
    def size(self) -> int:
        """The number of states, 2J + 1."""
        return round(2 * self.J + 1)

    @property
    def kramers(self) -> bool:
        """Whether every level is at least a doublet without a field."""
        return self.size % 2 == 0

    @property
    def effective_moment(self) -> float:
        """g_J √(J(J+1)) in µ_B."""
        return float(self.g_J) * (self.J * (self.J + 1)) ** 0.5

    @property
    def saturation_moment(self) -> float:
        """g_J J in µ_B."""
        return float(self.g_J) * self.J


_SMALL_GAP = (
    "the next multiplet of Sm3+ is only about 1500 K away and mixes into the levels, which the Stevens operators of "
    "one J leave out; treat parameters and susceptibility as rough"
)

#: The ions that can be fitted, by name.
IONS = {
    one.name: one
    for one in (
        Ion("Ce3+", 2.5, F(6, 7), (F(-2, 35), F(2, 315), F(0)), 1),
        Ion("Pr3+", 4.0, F(4, 5), (F(-52, 2475), F(-4, 5445), F(272, 4459455)), 2),
        Ion("Nd3+", 4.5, F(8, 11), (F(-7, 1089), F(-136, 467181), F(-1615, 42513471)), 3),
        Ion("Pm3+", 4.0, F(3, 5), (F(14, 1815), F(952, 2335905), F(2584, 42513471)), 4),
        Ion("Sm3+", 2.5, F(2, 7), (F(13, 315), F(26, 10395), F(0)), 5, _SMALL_GAP),
        Ion("Tb3+", 6.0, F(3, 2), (F(-1, 99), F(2, 16335), F(-1, 891891)), 8),
        Ion("Dy3+", 7.5, F(4, 3), (F(-2, 315), F(-8, 135135), F(4, 3864861)), 9),
        Ion("Ho3+", 8.0, F(5, 4), (F(-1, 450), F(-1, 30030), F(-5, 3864861)), 10),
        Ion("Er3+", 7.5, F(6, 5), (F(4, 1575), F(2, 45045), F(8, 3864861)), 11),
        Ion("Tm3+", 6.0, F(7, 6), (F(1, 99), F(8, 49005), F(-5, 891891)), 12),
        Ion("Yb3+", 3.5, F(8, 7), (F(2, 63), F(-2, 1155), F(4, 27027)), 13),
    )
}

_REFUSED = {
    "Gd3+": "Gd3+ has no orbital moment (L = 0), so a crystal field splits nothing in first order; choose another ion",
    "Eu2+": "Eu2+ has no orbital moment (L = 0), so a crystal field splits nothing in first order; choose another ion",
    "Eu3+": "Eu3+ has J = 0 in its ground multiplet, which has no levels to split; choose another ion",
    "La3+": "La3+ has no f electron, so there is nothing to split; it serves as the lattice's analogue",
    "Lu3+": "Lu3+ has a full f shell, so there is nothing to split; it serves as the lattice's analogue",
    "Y3+": "Y3+ has no f electron, so there is nothing to split; it serves as the lattice's analogue",
}


def ion(name: str | Ion, J: float | None = None, g_J: float | Fraction | None = None) -> Ion:
    """The ion of a name, or one made from its J and Landé factor.

    Parameters
    ----------
    name
        "Er3+", "Er" or "er3+"; with ``J`` any text.
    J, g_J
        Angular momentum and Landé factor of an ion that is not in the list; both or neither.

    Raises
    ------
    ScanError
        Where the ion has no levels to split or is not known, or only one of ``J`` and ``g_J`` is given.
    """
    if isinstance(name, Ion):
        return name
    if J is not None or g_J is not None:
        if J is None or g_J is None:
            raise ScanError(f"{name} needs both J and g_J")
        if J < 1 or abs(2 * J - round(2 * J)) > 1e-9 or J > 20:
            raise ScanError(f"J = {J:g} has no levels to split; give a multiple of one half from 1 on")
        return Ion(name, round(2 * J) / 2, Fraction(g_J).limit_denominator(100_000))
    found = re.fullmatch(r"\s*([A-Za-z]{1,2})\s*(?:(\d)\s*\+|\(?(?:III)\)?|\+(\d)|)\s*", name)
    if found is not None:
        charge = found[2] or found[3] or "3"
        spelled = f"{found[1].capitalize()}{charge}+"
        if spelled in IONS:
            return IONS[spelled]
        if spelled in _REFUSED:
            raise ScanError(_REFUSED[spelled])
    raise ScanError(f"{name} is no ion of the list ({', '.join(IONS)}); give J and g_J for another")
