"""Site symmetries: which crystal-field parameters each allows, how its axes lie, and what its fits cannot tell apart.

The allowed parameters are not listed but found: operators of even rank are unchanged by inversion, so a point group
acts through its rotations; those that every generator leaves alone are the allowed ones.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field import stevens

__all__ = ["SITES", "Equivalence", "Site", "rotated", "site"]

_X, _Y, _Z, _DIAGONAL = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 1.0, 1.0)

#: Per Laue class: its point groups, name in words, axes in words, generators (axis, n-fold), and parameters that a turn
#: of x and y about z makes zero.
_CLASSES = (
    ("Oh", ("O", "Td"), "cubic, m-3m", "x, y and z along the fourfold axes ⟨100⟩", ((_Z, 4), (_DIAGONAL, 3)), ()),
    ("Th", ("T",), "cubic, m-3", "x, y and z along the twofold axes ⟨100⟩",
     ((_Z, 2), (_X, 2), (_DIAGONAL, 3)), ()),
    ("D6h", ("C6v", "D6", "D3h"), "hexagonal, 6/mmm (and -6m2)",
     "z along the sixfold axis, y along a twofold axis in the plane or normal to a mirror", ((_Z, 6), (_Y, 2)), ()),
    ("C6h", ("C6", "C3h"), "hexagonal, 6/m", "z along the sixfold axis, x and y turned so that B6-6 = 0",
     ((_Z, 6),), ("B6-6",)),
    ("D4h", ("C4v", "D4", "D2d"), "tetragonal, 4/mmm", "z along the fourfold axis, x along a twofold axis of the plane",
     ((_Z, 4), (_X, 2)), ()),
    ("C4h", ("C4", "S4"), "tetragonal, 4/m", "z along the fourfold axis, x and y turned so that B4-4 = 0",
     ((_Z, 4),), ("B4-4",)),
    ("D3d", ("C3v", "D3"), "trigonal, -3m",
     "z along the threefold axis, y along a twofold axis or normal to a mirror", ((_Z, 3), (_Y, 2)), ()),
    ("S6", ("C3", "C3i"), "trigonal, -3", "z along the threefold axis, x and y turned so that B4-3 = 0",
     ((_Z, 3),), ("B4-3",)),
    ("D2h", ("C2v", "D2"), "orthorhombic, mmm", "x, y and z along the twofold axes", ((_Z, 2), (_X, 2)), ()),
    ("C2h", ("C2", "Cs"), "monoclinic, 2/m", "z along the twofold axis, x and y turned so that B2-2 = 0",
     ((_Z, 2),), ("B2-2",)),
    ("Ci", ("C1",), "triclinic, -1", "x, y and z as the sample was mounted", (), ()),
)  # fmt: skip

_GROUP_WORDS = {
    "O": "432", "Td": "-43m", "T": "23", "C6v": "6mm", "D6": "622", "D3h": "-6m2", "C6": "6", "C3h": "-6",
    "C4v": "4mm", "D4": "422", "D2d": "-42m", "C4": "4", "S4": "-4", "C3v": "3m", "D3": "32", "C3": "3", "C3i": "-3",
    "C2v": "mm2", "D2": "222", "C2": "2", "Cs": "m", "C1": "1",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Equivalence:
    """A turn of the axes that maps a site's crystal fields onto each other.

    Parameters
    ----------
    words
        What it does, such as "a turn by 45° about z: B44 and B64 change sign".
    matrix
        The turned parameters are ``matrix @ parameters`` [k, k].
    axes
        Which of a, b, c each of a, b, c becomes, as numbers; a turn about z by another angle than 90° leaves 0, 1, 2.
    in_plane
        Whether only measurements beyond the linear response with a field off z can see it.
    """

    words: str
    matrix: np.ndarray
    axes: tuple[int, int, int]
    in_plane: bool


@dataclass(frozen=True, eq=False)
class Site:
    """A site symmetry.

    Parameters
    ----------
    name
        The point group in Schoenflies notation.
    words
        The crystal system and the Hermann-Mauguin symbol.
    axes
        How x, y and z lie.
    laue
        The Laue class, which decides the parameters.
    parameters
        The names of its independent parameters, in order.
    basis
        What each parameter multiplies [k, 27] among the operators :data:`stevens.NAMES`: for "B40" of a cubic site
        O40 + 5 O44.
    """

    name: str
    words: str
    axes: str
    laue: str
    parameters: tuple[str, ...]
    basis: np.ndarray

    def __repr__(self):
        return f"Site({self.name}: {', '.join(self.parameters)})"

    def for_J(self, J: float) -> Site:
        """The site with only the parameters of rank at most 2J."""
        kept = [i for i, name in enumerate(self.parameters) if stevens.rank_and_order(name)[0] <= 2 * J]
        names = tuple(self.parameters[i] for i in kept)
        return Site(self.name, self.words, self.axes, self.laue, names, self.basis[kept])

    def operators(self, J: float) -> np.ndarray:
        """What each parameter multiplies, as matrices [k, 2J+1, 2J+1]; real where no sine operator is among them."""
        every = [stevens.operator(*stevens.rank_and_order(name), J) for name in stevens.NAMES]
        used = np.flatnonzero(self.basis.any(axis=0))
        made = np.stack(
            [sum((row[i] * every[i] for i in used if row[i]), np.zeros_like(every[0])) for row in self.basis]
        )
        return made if np.iscomplexobj(made) and np.abs(made.imag).max() > 0 else made.real

    def all_parameters(self, values) -> dict[str, float]:
        """Every B_kq that is not zero by symmetry, dependent ones too, from the independent values [k]."""
        total = np.asarray(values, float) @ self.basis
        return {name: float(total[i]) for i, name in enumerate(stevens.NAMES) if self.basis[:, i].any()}

    def values_of(self, given: dict[str, float]) -> np.ndarray:
        """The independent values [k] from parameters by name; those not given are zero.

        Raises
        ------
        ScanError
            Where a parameter is not allowed here, or contradicts the symmetry.
        """
        values = np.array([float(given.get(name, 0.0)) for name in self.parameters])
        full = self.all_parameters(values)
        for name, value in given.items():
            stevens.rank_and_order(name)
            if name not in full:
                if value:
                    raise ScanError(f"{name} is zero at a {self.name} site ({self.axes}); leave it out")
            elif not math.isclose(value, full[name], rel_tol=1e-3, abs_tol=1e-12):
                raise ScanError(f"{name} at a {self.name} site follows from the others and would be {full[name]:.6g}")
        return values

    @property
    def uniaxial(self) -> bool:
        """Whether the susceptibility is the same all around z."""
        return self.laue not in ("D2h", "C2h", "Ci")

    @property
    def cubic(self) -> bool:
        """Whether the susceptibility is the same in every direction."""
        return self.laue in ("Oh", "Th")

    @property
    def equivalences(self) -> tuple[Equivalence, ...]:
        """The turns other than none that map the site's crystal fields onto each other, each once."""
        return _equivalences(self.laue, self.parameters)


def _axis_turn(axis, angle: float) -> np.ndarray:
    """exp(-i φ n·J) for J = 3, in which all ranks up to six are distinct."""
    n = np.asarray(axis, float)
    generator = sum(part * one for part, one in zip(n / np.linalg.norm(n), stevens.angular_momentum(3.0), strict=True))
    energies, states = np.linalg.eigh(generator)
    return (states * np.exp(-1j * angle * energies)) @ states.conj().T


@functools.cache
def _operators_of_three() -> np.ndarray:
    return np.stack([stevens.operator(*stevens.rank_and_order(name), 3.0) for name in stevens.NAMES])


def rotated(axis, angle: float) -> np.ndarray:
    """The matrix [27, 27] that turns the parameters :data:`stevens.NAMES` with the crystal about an axis.

    Parameters
    ----------
    axis
        Its direction [3].
    angle
        In radians, right-handed.
    """
    turn, every = _axis_turn(axis, angle), _operators_of_three()
    moved = turn @ every @ turn.conj().T
    found = np.einsum("iab,jba->ji", moved, every).real / np.einsum("jab,jba->j", every, every).real[:, None]
    return np.where(np.abs(found) < 1e-9, 0.0, found)


def _allowed(generators, zero: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Names and basis of what all generators leave alone, less what a turn about z makes zero."""
    stacked = [rotated(axis, 2 * math.pi / fold) - np.eye(27) for axis, fold in generators] or [np.zeros((1, 27))]
    _, sizes, rows = np.linalg.svd(np.concatenate(stacked))
    null = rows[np.sum(sizes > 1e-8) :]
    # Reduced echelon form: each parameter is named after the first operator of its combination.
    basis, names, row = null.copy(), [], 0
    for column, name in enumerate(stevens.NAMES):
        if row == len(basis):
            break
        pivot = row + int(np.argmax(np.abs(basis[row:, column])))
        if abs(basis[pivot, column]) < 1e-8:
            continue
        basis[[row, pivot]] = basis[[pivot, row]]
        basis[row] /= basis[row, column]
        for other in range(len(basis)):
            if other != row:
                basis[other] -= basis[other, column] * basis[row]
        names.append(name)
        row += 1
    basis = np.where(np.abs(basis - np.round(basis)) < 1e-9, np.round(basis), basis)
    kept = [i for i, name in enumerate(names) if name not in zero]
    return tuple(names[i] for i in kept), basis[kept] + 0.0


@functools.cache
def _sites() -> dict[str, Site]:
    found = {}
    for laue, groups, words, axes, generators, zero in _CLASSES:
        names, basis = _allowed(generators, zero)
        basis.flags.writeable = False
        for group in (laue, *groups):
            system = words.split(",")[0]
            text = words if group == laue else f"{system}, {_GROUP_WORDS[group]}"
            found[group] = Site(group, text, axes, laue, names, basis)
    return found


#: The names of all point groups, by falling symmetry of their Laue class.
SITES = tuple(group for laue, groups, *_ in _CLASSES for group in (laue, *groups))


def site(name: str | Site) -> Site:
    """The site symmetry of a point group's name.

    Parameters
    ----------
    name
        Schoenflies ("D3d") or Hermann-Mauguin ("-3m"), in any case.

    Raises
    ------
    ScanError
        Where it is no point group.
    """
    if isinstance(name, Site):
        return name
    plain = name.strip().lower().replace(" ", "").replace("_", "")
    for group in SITES:
        if plain == group.lower():
            return _sites()[group]
    for group in SITES:
        symbols = re.split(r"[ ,()]+", _sites()[group].words)
        if plain in symbols:
            return _sites()[group]
    raise ScanError(f"{name} is no site symmetry of the list; choose one of {', '.join(SITES)}")


#: Turns that may map a Laue class's crystal fields onto each other: words, axis, angle in degrees, new axes.
_SWAPS = (
    ("a and b exchanged", _Z, 90, (1, 0, 2)),
    ("b and c exchanged", _X, 90, (0, 2, 1)),
    ("a and c exchanged", _Y, 90, (2, 1, 0)),
    ("a, b, c taken as b, c, a", _DIAGONAL, 120, (1, 2, 0)),
    ("a, b, c taken as c, a, b", _DIAGONAL, 240, (2, 0, 1)),
)
_HALF_TURN = ("a half turn about y", _Y, 180, (0, 1, 2))
_TURNS = {
    "Th": (("a turn by 90° about z", _Z, 90, (0, 1, 2)),),
    "D6h": (("a turn by 30° about z", _Z, 30, (0, 1, 2)),),
    "C6h": (("a turn by 30° about z", _Z, 30, (0, 1, 2)),),
    "D4h": (("a turn by 45° about z", _Z, 45, (0, 1, 2)),),
    "C4h": (("a turn by 45° about z", _Z, 45, (0, 1, 2)), _HALF_TURN),
    "D3d": (("a turn by 60° about z", _Z, 60, (0, 1, 2)),),
    "S6": (("a turn by 60° about z", _Z, 60, (0, 1, 2)), _HALF_TURN),
    "D2h": _SWAPS,
    "C2h": (_SWAPS[0], _HALF_TURN),
}


@functools.cache
def _equivalences(laue: str, names: tuple[str, ...]) -> tuple[Equivalence, ...]:
    """The group that the turns of :data:`_TURNS` generate on the parameters, without its identity."""
    whole = _sites()[laue]
    kept = [whole.parameters.index(name) for name in names]
    inverse = np.linalg.pinv(whole.basis)
    found: list[Equivalence] = []
    for words, axis, angle, axes in _TURNS.get(laue, ()):
        turned = whole.basis @ rotated(axis, math.radians(angle)).T
        matrix = (turned @ inverse).T[np.ix_(kept, kept)]
        matrix = np.where(np.abs(matrix - np.round(matrix)) < 1e-9, np.round(matrix), matrix)
        found.append(Equivalence(_told(words, matrix, names), matrix, axes, axes == (0, 1, 2)))
    for first in tuple(found):
        for second in tuple(found):
            matrix = first.matrix @ second.matrix
            known = [np.eye(len(names)), *(one.matrix for one in found)]
            if not any(np.allclose(matrix, one, atol=1e-9) for one in known):
                axes = tuple(first.axes[second.axes[i]] for i in range(3))
                words = f"{first.words.split(':')[0]} and {second.words.split(':')[0]}"
                found.append(Equivalence(_told(words, matrix, names), matrix, axes, axes == (0, 1, 2)))  # type: ignore[arg-type]
    return tuple(one for one in found if not np.allclose(one.matrix, np.eye(len(names))))


def _told(words: str, matrix: np.ndarray, names: tuple[str, ...]) -> str:
    """The words with the parameters that change sign, where nothing else changes."""
    if not np.allclose(np.abs(matrix), np.eye(len(names))):
        return words
    flipped = [name for i, name in enumerate(names) if matrix[i, i] < 0]
    listed = " and ".join([", ".join(flipped[:-1]), flipped[-1]] if len(flipped) > 1 else flipped)
    return f"{words}: {listed} change{'s' if len(flipped) == 1 else ''} sign" if flipped else words
