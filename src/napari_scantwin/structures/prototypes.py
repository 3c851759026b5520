"""Fourteen cells that stand for the eight space groups of the elements, and their defects: what a recogniser learns
from.

A prototype is stated by its Pearson symbol, its cell and the ranges its free parameters are drawn from; nothing is
downloaded. The ranges keep away from the points where one structure is another (a rhombohedral lattice of
c/a = sqrt(6) is face-centred cubic); :data:`DEGENERATE` names those. Parameters of the elements after Pearson's
*Handbook* and Donohue, *The Structures of the Elements* (Wiley 1974).

All lengths are in nearest distances: the shortest distance between two atoms of a perfect block is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = [
    "CLASSES",
    "DEGENERATE",
    "MERGED",
    "PROTOTYPES",
    "Prototype",
    "block",
    "displaced",
    "fluid",
    "own_prototype",
    "rhombohedral",
    "turned",
    "with_vacancies",
]

#: The classes by their key, each with what people call it and its space group.
CLASSES: dict[str, tuple[str, int]] = {
    "sc": ("simple cubic", 221),
    "fcc": ("face-centred cubic", 225),
    "bcc": ("body-centred cubic", 229),
    "diamond": ("diamond", 227),
    "hex": ("hexagonal", 194),
    "rh": ("rhombohedral", 166),
    "bct139": ("body-centred tetragonal (139)", 139),
    "bct141": ("body-centred tetragonal (141)", 141),
}
#: What hexagonal and rhombohedral are called together, as the paper has them: stackings of the same layers.
MERGED = "hex/rh"
#: Where a family passes through a structure of higher symmetry: by family, c/a and the class it is there.
DEGENERATE: dict[str, tuple[tuple[float, str], ...]] = {
    "rhombohedral c/a": ((np.sqrt(3 / 8), "bcc"), (np.sqrt(3 / 2), "sc"), (np.sqrt(6.0), "fcc")),
    "tI2 c/a": ((1.0, "bcc"), (np.sqrt(2.0), "fcc")),
    "tI4 c/a": ((np.sqrt(2.0), "diamond"),),
}

_F = ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))
_I = ((0, 0, 0), (0.5, 0.5, 0.5))
_R = ((0, 0, 0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3))


@dataclass(frozen=True)
class Prototype:
    """A cell with free parameters.

    Parameters
    ----------
    name
        What it is called, with its Pearson symbol.
    label
        Its class.
    cell
        From the parameters to lattice vectors as rows [3, 3] and fractional places [n, 3].
    ranges
        Of each parameter the ranges it is drawn from, each of equal weight by its length.
    """

    name: str
    label: str
    cell: Callable[..., tuple[np.ndarray, np.ndarray]] = field(repr=False)
    ranges: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)

    def drawn(self, random: np.random.Generator) -> dict[str, float]:
        """Parameters drawn from their ranges."""
        found = {}
        for name, ranges in self.ranges.items():
            lengths = np.array([high - low for low, high in ranges])
            share = lengths / lengths.sum() if lengths.sum() > 0 else np.full(len(ranges), 1 / len(ranges))
            low, high = ranges[int(random.choice(len(ranges), p=share))]
            found[name] = float(random.uniform(low, high))
        return found

    def scaled_cell(self, **parameters: float) -> tuple[np.ndarray, np.ndarray]:
        """The cell whose nearest distance is 1: lattice vectors as rows [3, 3] and fractional places [n, 3]."""
        lattice, places = self.cell(**parameters)
        return lattice / _shortest(lattice, places), places

    @property
    def density(self) -> float:
        """Atoms in a cube of the nearest distance, in the middle of the parameters' first ranges."""
        lattice, places = self.scaled_cell(**{name: sum(ranges[0]) / 2 for name, ranges in self.ranges.items()})
        return len(places) / abs(float(np.linalg.det(lattice)))


def _shortest(lattice: np.ndarray, places: np.ndarray) -> float:
    """The shortest distance between two atoms of a crystal."""
    steps = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = places[:, None, None] - places[None, :, None] + steps
    lengths = np.linalg.norm(apart @ lattice, axis=-1).ravel()
    return float(lengths[lengths > 1e-9].min())


def _tetragonal(ratio: float) -> np.ndarray:
    return np.diag([1.0, 1.0, ratio])


def _hexagonal(ratio: float) -> np.ndarray:
    return np.array([[1.0, 0, 0], [-0.5, np.sqrt(3) / 2, 0], [0, 0, ratio]])


def _centred(sites: Sequence[Sequence[float]], centres: Sequence[Sequence[float]]) -> np.ndarray:
    """Every site at every centring translation."""
    return (np.asarray(sites, float)[:, None] + np.asarray(centres, float)[None]).reshape(-1, 3) % 1.0


def _cubic(sites, centres) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    return lambda: (np.eye(3), _centred(sites, centres))


def _hp2(ca):
    return _hexagonal(ca), np.array([(1 / 3, 2 / 3, 0.25), (2 / 3, 1 / 3, 0.75)])


def _dhcp(ca):
    return _hexagonal(ca), np.array([(0, 0, 0), (1 / 3, 2 / 3, 0.25), (0, 0, 0.5), (2 / 3, 1 / 3, 0.75)])


def _hexagonal_diamond(ca):
    z = 1 / 16
    sites = [(1 / 3, 2 / 3, z), (2 / 3, 1 / 3, -z), (2 / 3, 1 / 3, z + 0.5), (1 / 3, 2 / 3, 0.5 - z)]
    return _hexagonal(ca), np.array(sites) % 1.0


def _hr1(ca):
    return _hexagonal(ca), _centred([(0, 0, 0)], _R)


def _hr2(ca, u):
    return _hexagonal(ca), _centred([(0, 0, u), (0, 0, -u)], _R)


def _hr3(ca, u):
    return _hexagonal(ca), _centred([(0, 0, 0), (0, 0, u), (0, 0, -u)], _R)


def _ti2(ca):
    return _tetragonal(ca), _centred([(0, 0, 0)], _I)


def _ti4(ca):
    return _tetragonal(ca), _centred([(0, 0, 0), (0, 0.5, 0.25)], _I)


PROTOTYPES: tuple[Prototype, ...] = (
    Prototype("simple cubic cP1", "sc", _cubic([(0, 0, 0)], [(0, 0, 0)])),
    Prototype("face-centred cubic cF4", "fcc", _cubic([(0, 0, 0)], _F)),
    Prototype("body-centred cubic cI2", "bcc", _cubic([(0, 0, 0)], _I)),
    Prototype("diamond cF8", "diamond", _cubic([(0, 0, 0), (0.25, 0.25, 0.25)], _F)),
    Prototype("hexagonal close-packed hP2", "hex", _hp2, {"ca": [(1.50, 1.90)]}),
    Prototype("double hexagonal hP4", "hex", _dhcp, {"ca": [(3.05, 3.40)]}),
    Prototype("hexagonal diamond hP4", "hex", _hexagonal_diamond, {"ca": [(1.60, 1.67)]}),
    Prototype("mercury hR1", "rh", _hr1, {"ca": [(1.60, 2.15)]}),
    Prototype("polonium hR1", "rh", _hr1, {"ca": [(0.80, 1.06)]}),
    Prototype("arsenic hR2", "rh", _hr2, {"ca": [(2.60, 2.85)], "u": [(0.222, 0.236)]}),
    Prototype("samarium hR3", "rh", _hr3, {"ca": [(7.0, 7.4)], "u": [(0.2205, 0.2240)]}),
    Prototype("indium tI2", "bct139", _ti2, {"ca": [(1.12, 1.32), (1.47, 1.60)]}),
    Prototype("protactinium tI2", "bct139", _ti2, {"ca": [(0.75, 0.88)]}),
    Prototype("tin tI4", "bct141", _ti4, {"ca": [(0.45, 0.75)]}),
)


def rhombohedral(ca: float) -> tuple[np.ndarray, np.ndarray]:
    """A rhombohedral lattice of one atom by its hexagonal c/a, with the nearest distance 1: lattice vectors as rows
    [3, 3] and fractional places [3, 3]. Its angle is cos(alpha) = (2 c²/a² - 3) / (2 c²/a² + 6)."""
    return Prototype("", "rh", _hr1).scaled_cell(ca=ca)


def own_prototype(name: str, cell: np.ndarray, places: np.ndarray) -> Prototype:
    """A class of one's own from one cell of a crystal.

    Parameters
    ----------
    name
        What it is to be called.
    cell
        Lattice vectors as rows [3, 3], in any unit.
    places
        The atoms' places in the same unit [n, 3]; species are not looked at.

    Returns
    -------
    Prototype
        A prototype without free parameters.

    Raises
    ------
    ScanError
        Where the name is taken, the cell has no volume, or two atoms lie on each other.
    """
    if name in CLASSES or name in (MERGED, "disordered") or not name.strip():
        raise ScanError(f"a class of one's own needs a name of its own; {name!r} is taken")
    lattice = np.asarray(cell, float)
    if not np.isfinite(lattice).all() or abs(np.linalg.det(lattice)) < 1e-9:
        raise ScanError(f"the class {name!r} needs a cell with a volume; a file such as .cif or POSCAR has one")
    fractions = np.asarray(places, float) @ np.linalg.inv(lattice) % 1.0
    apart = fractions[:, None] - fractions[None]
    apart -= np.round(apart)
    lengths = np.linalg.norm(apart @ lattice, axis=-1)
    near = lengths < 0.3 * _shortest_of_volume(lattice, len(fractions))
    if near.sum() > len(fractions):
        pairs = (int(near.sum()) - len(fractions)) // 2
        raise ScanError(f"the class {name!r}: {pairs} pairs of atoms of the cell lie on each other; mend the file")
    return Prototype(name, name, _Stated(lattice, fractions))


def _shortest_of_volume(lattice: np.ndarray, count: int) -> float:
    return float(abs(np.linalg.det(lattice)) / count) ** (1 / 3)


@dataclass(frozen=True)
class _Stated:
    """A cell that is what it is."""

    lattice: np.ndarray
    places: np.ndarray

    def __call__(self) -> tuple[np.ndarray, np.ndarray]:
        return self.lattice, self.places


def block(lattice: np.ndarray, places: np.ndarray, radius: float, centre: np.ndarray | None = None) -> np.ndarray:
    """The atoms of a crystal within a ball.

    Parameters
    ----------
    lattice, places
        Lattice vectors as rows [3, 3] and fractional places [n, 3].
    radius
        Of the ball, in the unit of the lattice vectors.
    centre
        Fractional place of its middle [3]; the origin by default.

    Returns
    -------
    array
        Places about the middle [atoms, 3].
    """
    middle = np.zeros(3) if centre is None else np.asarray(centre, float)
    # Along each lattice vector the ball reaches as far as its radius over the distance of the lattice planes.
    reach = np.ceil(radius * np.linalg.norm(np.linalg.inv(lattice), axis=0) + 1).astype(int)
    steps = np.stack(np.meshgrid(*[np.arange(-one, one + 1) for one in reach], indexing="ij"), axis=-1).reshape(-1, 3)
    found = ((steps[:, None] + places[None]).reshape(-1, 3) - middle) @ lattice
    return found[(found**2).sum(axis=1) <= radius**2]


def turned(places: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Places in a random orientation, all orientations alike."""
    from scipy.spatial.transform import Rotation

    return places @ Rotation.random(random_state=random).as_matrix().T


def with_vacancies(places: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Places without a share of them, taken at random: ``round(share * n)`` of them, and never all."""
    gone = min(round(share * len(places)), len(places) - 1)
    kept = np.sort(random.permutation(len(places))[gone:])
    return places[kept]


def displaced(places: np.ndarray, sigma, random: np.random.Generator) -> np.ndarray:
    """Places moved by normal deviates of standard deviation ``sigma``, a number or one for each direction [3]."""
    return places + random.normal(size=places.shape) * np.asarray(sigma, float)


def fluid(count: int, density: float, random: np.random.Generator, steps: int = 40) -> np.ndarray:
    """A fluid of soft spheres that have pushed each other apart: disorder with a nearest distance of about 1.

    Parameters
    ----------
    count
        How many atoms.
    density
        Atoms in a cube of the nearest distance.
    random
        Draws the places.
    steps
        How often spheres that overlap are pushed apart.

    Returns
    -------
    array
        Places in a periodic box about the origin [count, 3].
    """
    from scipy.spatial import cKDTree

    side = (count / density) ** (1 / 3)
    places = random.uniform(0, side, (count, 3))
    for step in range(steps):
        if step % 4 == 0:  # spheres that are farther apart do not meet within four pushes
            reach = min(1.3, max(1.0, 0.49 * side))
            near = cKDTree(places, boxsize=side).query_pairs(reach, output_type="ndarray")
        apart = places[near[:, 0]] - places[near[:, 1]]
        apart -= side * np.round(apart / side)
        length = np.maximum(np.sqrt((apart**2).sum(axis=1)), 1e-6)
        close = length < 1.0
        if not close.any():
            break
        pairs, apart, length = near[close], apart[close], length[close]
        push = apart * (0.5 * (1.0 - length) / length)[:, None]
        for side_of_pair, sign in ((0, 1.0), (1, -1.0)):
            for axis in range(3):
                weight = sign * push[:, axis]
                places[:, axis] += np.bincount(pairs[:, side_of_pair], weight, minlength=count)
        places %= side
    return places - side / 2
