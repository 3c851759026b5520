"""What a chemical formula says: how many atoms of which elements, the molar mass, and which ion is the magnetic one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

__all__ = ["Formula", "formula_in", "weight"]

#: Rare earths with a moment, and those without one whose compounds serve as their lattice.
_MAGNETIC = ("Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb")
_ANALOGUES = ("La", "Lu", "Y")
_PART = re.compile(r"([A-Z][a-z]?)(\d*\.?\d*)|\(([^()]*)\)(\d*\.?\d*)")
_WORD = re.compile(r"(?<![A-Za-z0-9])(?:\([A-Za-z0-9.]+\)\d*\.?\d*|[A-Z][a-z]?\d*\.?\d*)+(?![A-Za-z])")


@dataclass(frozen=True)
class Formula:
    """A compound.

    Parameters
    ----------
    text
        As it was written.
    atoms
        How many atoms of each element a formula unit has.
    """

    text: str
    atoms: dict[str, float]

    @property
    def molar_mass(self) -> float:
        """In g/mol."""
        return sum(count * weight(element) for element, count in self.atoms.items())

    @property
    def atom_count(self) -> float:
        """Atoms in a formula unit."""
        return sum(self.atoms.values())

    @property
    def rare_earth(self) -> str | None:
        """The element of its magnetic ion, of several the most frequent; None where it has none."""
        found = {element: count for element, count in self.atoms.items() if element in _MAGNETIC}
        return max(found, key=found.__getitem__, default=None)

    @property
    def is_analogue(self) -> bool:
        """Whether it has lanthanum, lutetium or yttrium in place of an ion with a moment."""
        return self.rare_earth is None and any(element in self.atoms for element in _ANALOGUES)

    @classmethod
    def of(cls, text: str) -> Formula | None:
        """The formula that a text is as a whole, such as ``"KErSe2"`` or ``"Er2(SO4)3"``; None where it is none."""
        atoms = _atoms(text.strip())
        return None if not atoms else cls(text.strip(), atoms)


def formula_in(text: str) -> Formula | None:
    """The first formula with a rare earth, lanthanum, lutetium or yttrium in a text, such as a head or a file's
    name."""
    for word in _WORD.findall(text.replace("_", " ")):
        found = Formula.of(word)
        if found is not None and len(found.atoms) > 1 and (found.rare_earth or found.is_analogue):
            return found
    return None


def _atoms(text: str) -> dict[str, float]:
    counts: Counter[str] = Counter()
    place = 0
    for part in _PART.finditer(text):
        if part.start() != place:
            return {}
        place = part.end()
        if part[3] is not None:
            inner = _atoms(part[3])
            if not inner:
                return {}
            for element, count in inner.items():
                counts[element] += count * float(part[4] or 1)
        elif weight(part[1]) > 0:
            counts[part[1]] += float(part[2] or 1)
        else:
            return {}
    return dict(counts) if place == len(text) else {}


def weight(element: str) -> float:
    """An element's atomic weight in g/mol; 0 of what is no element."""
    import gemmi

    found = gemmi.Element(element)
    return float(found.weight) if found.name == element and found.atomic_number else 0.0
