"""What a crystal field shows: heat capacity, entropy, susceptibility and magnetization, of many parameter sets at once.

Energies are in K, fields in T, per ion: C and S in k_B, χ in µ_B/T, M in µ_B. H = Σ B_kq O_kq - g_J µ_B J·B. A
magnetization is the component along the field. The isothermal susceptibility along n is J. H. Van Vleck's,

    χ = g_J² µ_B/k_B Σ_i p_i (a_i/T + v_i),   a_i = Σ_{j~i} |⟨j|J·n|i⟩|²,   v_i = 2 Σ_{j≁i} |⟨j|J·n|i⟩|²/(E_j - E_i),

where ~ joins states of one energy. ``a`` and ``v`` do not depend on temperature, so that a curve costs two products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.constants import MU_B
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.sites import Site
from napari_scantwin.crystal_field.stevens import angular_momentum

__all__ = [
    "AXES",
    "States",
    "along",
    "curie_constant",
    "diagonalised",
    "entropy",
    "g_tensor",
    "heat_capacity",
    "level_groups",
    "magnetization",
    "occupation",
    "powder_magnetization",
    "powder_quadrature",
    "powder_susceptibility",
    "states_in_field",
    "states_of",
    "susceptibility",
    "susceptibility_in_field",
    "with_molecular_field",
]

AXES = {"a": (1.0, 0.0, 0.0), "b": (0.0, 1.0, 0.0), "c": (0.0, 0.0, 1.0)}

#: States closer than this share of the whole splitting are of one energy.
_SAME = 1e-7
_SMALLEST_GAP = 1e-9


@dataclass(frozen=True, eq=False)
class States:
    """Energies and states of n crystal fields.

    Parameters
    ----------
    ion
        Of which they are.
    energies
        [n, 2J+1] in K, rising, as the Hamiltonian has them.
    vectors
        The states as columns [n, 2J+1, 2J+1] over ⟨m|, m = J … -J.
    """

    ion: Ion
    energies: np.ndarray
    vectors: np.ndarray

    @property
    def above_ground(self) -> np.ndarray:
        """Energies [n, 2J+1] above the ground state, in K."""
        return self.energies - self.energies[:, :1]

    def elements(self, operator: np.ndarray) -> np.ndarray:
        """Matrix elements [n, …, i, j] of operators [..., d, d] between the states."""
        vectors = self.vectors.reshape(self.vectors.shape[0], *([1] * (operator.ndim - 2)), *self.vectors.shape[1:])
        return np.swapaxes(vectors.conj(), -1, -2) @ (operator @ vectors)

    def inverse_gaps(self) -> tuple[np.ndarray, np.ndarray]:
        """1/(E_j - E_i) [n, i, j], zero between states of one energy, and which pairs those are."""
        gaps = self.energies[:, None, :] - self.energies[:, :, None]
        spread = self.energies[:, -1] - self.energies[:, 0]
        same = np.abs(gaps) <= np.maximum(_SAME * spread, _SMALLEST_GAP)[:, None, None]
        return np.where(same, 0.0, 1.0 / np.where(same, 1.0, gaps)), same


def diagonalised(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues [n, d], rising, and eigenvectors [n, d, d] of Hermitian matrices [n, d, d].

    States that no matrix connects fall into blocks, such as m modulo 4 at a tetragonal site with the field along z;
    several small blocks take a third of the time of the whole.
    """
    blocks = _blocks(matrices)
    if len(blocks) == 1:
        return np.linalg.eigh(matrices)
    energies = np.empty(matrices.shape[:2])
    vectors = np.zeros_like(matrices)
    begin = 0
    for block in blocks:
        end = begin + len(block)
        part = matrices[:, block[:, None], block]
        small = len(block) == 2 and not np.iscomplexobj(part)
        energies[:, begin:end], vectors[:, block, begin:end] = _of_pairs(part) if small else np.linalg.eigh(part)
        begin = end
    order = np.argsort(energies, axis=1, kind="stable")
    return np.take_along_axis(energies, order, axis=1), np.take_along_axis(vectors, order[:, None, :], axis=2)


def _of_pairs(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors of real symmetric matrices [n, 2, 2], in closed form."""
    first, last, between = matrices[:, 0, 0], matrices[:, 1, 1], matrices[:, 0, 1]
    middle, half = (first + last) / 2, np.hypot((first - last) / 2, between)
    turn = np.arctan2(2 * between, first - last) / 2
    cosine, sine = np.cos(turn), np.sin(turn)
    vectors = np.stack([np.stack([-sine, cosine], -1), np.stack([cosine, sine], -1)], -1)
    return np.stack([middle - half, middle + half], -1), vectors


def _blocks(matrices: np.ndarray) -> list[np.ndarray]:
    """The sets of states that the matrices connect."""
    connected = (matrices != 0).any(axis=0) | np.eye(matrices.shape[1], dtype=bool)
    for _ in range(4):  # 2^4 steps reach every state of the largest J
        connected = (connected.astype(np.int32) @ connected) > 0
    first = connected.argmax(axis=1)
    return [np.flatnonzero(first == one) for one in np.unique(first)]


def states_of(ion: Ion, site: Site, values) -> States:
    """Diagonalise crystal fields without a field.

    Parameters
    ----------
    ion, site
        Whose levels.
    values
        The site's parameters [n, k] in K, or [k] of one crystal field.
    """
    values = np.atleast_2d(np.asarray(values, float))
    return States(ion, *diagonalised(np.tensordot(values, site.operators(ion.J), 1)))


def along(ion: Ion, direction) -> np.ndarray:
    """J·n [2J+1, 2J+1] along "a", "b", "c" or a vector; real where it lies in the plane of x and z."""
    n = np.asarray(AXES[direction] if isinstance(direction, str) else direction, float)
    n = n / np.linalg.norm(n)
    x, y, z = angular_momentum(ion.J)
    return n[0] * x + n[2] * z + (n[1] * y if abs(n[1]) > 1e-12 else 0.0)


def states_in_field(ion: Ion, site: Site, values, direction, fields) -> States:
    """Diagonalise n crystal fields in f fields along one direction.

    Parameters
    ----------
    values
        [n, k] in K.
    direction
        "a", "b", "c" or a vector [3].
    fields
        [f] in T, or [n, f].

    Returns
    -------
    States
        Of n·f Hamiltonians, the fields of each crystal field together.
    """
    values = np.atleast_2d(np.asarray(values, float))
    fields = np.broadcast_to(np.asarray(fields, float), (len(values), np.shape(fields)[-1]))
    zeeman = float(ion.g_J) * MU_B * along(ion, direction)
    whole = np.tensordot(values, site.operators(ion.J), 1)[:, None] - fields[..., None, None] * zeeman
    return States(ion, *diagonalised(whole.reshape(-1, *whole.shape[2:])))


def occupation(energies: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """Boltzmann's occupation [n, t, d] of states with energies [n, d] at temperatures [t], all in K."""
    above = energies - energies.min(axis=1, keepdims=True)
    weights = np.exp(-above[:, None, :] / np.asarray(temperature, float)[None, :, None])
    return weights / weights.sum(axis=2, keepdims=True)


def heat_capacity(energies: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """C/k_B = (⟨E²⟩ - ⟨E⟩²)/T² of levels [n, d] at temperatures [t], all in K: [n, t]."""
    temperature = np.asarray(temperature, float)
    shares, above = occupation(energies, temperature), energies - energies.min(axis=1, keepdims=True)
    mean = np.einsum("ntd,nd->nt", shares, above)
    return np.einsum("ntd,ntd->nt", shares, (above[:, None, :] - mean[:, :, None]) ** 2) / temperature**2


def entropy(energies: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """S/k_B = ln Z + ⟨E⟩/T of levels [n, d] at temperatures [t], all in K: [n, t]; at 0 K ln g₀."""
    temperature = np.asarray(temperature, float)
    above = energies - energies.min(axis=1, keepdims=True)
    weights = np.exp(-above[:, None, :] / temperature[None, :, None])
    partition = weights.sum(axis=2)
    mean = np.einsum("ntd,nd->nt", weights, above) / partition
    return np.log(partition) + mean / temperature


def curie_constant(ion: Ion) -> float:
    """χT of the free ion, g_J² µ_B J(J+1)/(3 k_B), in µ_B K/T."""
    return float(ion.g_J) ** 2 * MU_B * ion.J * (ion.J + 1) / 3


def susceptibility(states: States, direction, temperature: np.ndarray) -> np.ndarray:
    """Van Vleck's susceptibility [n, t] in µ_B/T in the limit of small fields.

    Parameters
    ----------
    states
        Of :func:`states_of`.
    direction
        "a", "b", "c" or a vector.
    temperature
        [t] in K.
    """
    temperature = np.asarray(temperature, float)
    squares = np.abs(states.elements(along(states.ion, direction))) ** 2
    inverse, same = states.inverse_gaps()
    first, second = (squares * same).sum(axis=2), 2 * (squares * inverse).sum(axis=2)
    shares = occupation(states.energies, temperature)
    total = np.einsum("ntd,nd->nt", shares, first) / temperature + np.einsum("ntd,nd->nt", shares, second)
    return float(states.ion.g_J) ** 2 * MU_B * total


def powder_susceptibility(states: States, temperature: np.ndarray) -> np.ndarray:
    """The mean of the three directions [n, t], which is exactly that of a powder in small fields."""
    return sum(susceptibility(states, axis, temperature) for axis in AXES) / 3


def magnetization(ion: Ion, site: Site, values, direction, fields, temperature) -> np.ndarray:
    """The moment along the field [n, f, t] in µ_B.

    Parameters
    ----------
    ion, site, values
        n crystal fields, [n, k] in K.
    direction
        "a", "b", "c" or a vector.
    fields, temperature
        [f] in T and [t] in K.
    """
    fields, temperature = np.atleast_1d(np.asarray(fields, float)), np.atleast_1d(np.asarray(temperature, float))
    states = states_in_field(ion, site, values, direction, fields)
    moments = _diagonal(states, along(ion, direction))
    shares = occupation(states.energies, temperature)
    found = float(ion.g_J) * np.einsum("ntd,nd->nt", shares, moments)
    return found.reshape(-1, len(fields), len(temperature))


def _diagonal(states: States, operator: np.ndarray) -> np.ndarray:
    """⟨i|O|i⟩ [n, d]."""
    return np.einsum("nmi,nmi->ni", states.vectors.conj(), operator @ states.vectors).real


def powder_quadrature(site: Site, polar: int = 6, azimuths: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Directions [p, 3] and weights [p] that average over a powder.

    Gauss and Legendre's points in cos θ of the upper hemisphere; in φ evenly spaced points of the smallest sector that
    the site's symmetry repeats. With 6 · 3 directions the mean of M(H) is good to some 0.1 to 1 % at saturation.

    Parameters
    ----------
    polar, azimuths
        How many polar angles and azimuths.
    """
    nodes, weights = np.polynomial.legendre.leggauss(polar)
    cosines, weights = (nodes + 1) / 2, weights / 2
    sector = {"D4h": np.pi / 4, "Oh": np.pi / 4, "D6h": np.pi / 6, "D3d": np.pi / 3, "D2h": np.pi / 2,
              "Th": np.pi / 2, "C4h": np.pi / 2, "C6h": np.pi / 3, "S6": 2 * np.pi / 3}  # fmt: skip
    width = sector.get(site.laue, np.pi if site.laue == "C2h" else 2 * np.pi)
    count = azimuths if width < np.pi / 2 + 1e-9 else azimuths * round(width / (np.pi / 2) + 0.49)
    angles = (np.arange(count) + 0.5) * width / count
    sines = np.sqrt(1 - cosines**2)
    directions = np.stack(
        [
            sines[:, None] * np.cos(angles),
            sines[:, None] * np.sin(angles),
            np.broadcast_to(cosines[:, None], (polar, count)),
        ],
        axis=-1,
    )
    return directions.reshape(-1, 3), np.repeat(weights / count, count)


def powder_magnetization(
    ion: Ion, site: Site, values, fields, temperature, polar: int = 6, azimuths: int = 3
) -> np.ndarray:
    """The moment along the field of a powder [n, f, t] in µ_B, whose grains do not turn.

    Parameters
    ----------
    ion, site, values, fields, temperature
        As of :func:`magnetization`.
    polar, azimuths
        As of :func:`powder_quadrature`; fewer than 6 and 3 are wrong by per cents.
    """
    directions, weights = powder_quadrature(site, polar, azimuths)
    return sum(
        weight * magnetization(ion, site, values, direction, fields, temperature)
        for direction, weight in zip(directions, weights, strict=True)
    )


def susceptibility_in_field(ion: Ion, site: Site, values, direction, field: float, temperature) -> np.ndarray:
    """M(H)/H [n, t] in µ_B/T at one field in T, which is what a magnetometer calls the susceptibility."""
    if not field > 0:
        raise ScanError("a susceptibility in a field needs a field above 0 T")
    if isinstance(direction, str) and direction == "powder":
        return powder_magnetization(ion, site, values, [field], temperature)[:, 0] / field
    return magnetization(ion, site, values, direction, [field], temperature)[:, 0] / field


def with_molecular_field(chi, molecular_field: float, background: float = 0.0, scale: float = 1.0):
    """scale (χ/(1 - λχ) + χ₀): the susceptibility of ions that feel the field λm of the others.

    Parameters
    ----------
    chi
        The crystal field's susceptibility in µ_B/T.
    molecular_field
        λ in T/µ_B, below zero for antiferromagnetic neighbours: 1/χ = 1/χ_CF - λ.
    background
        χ₀ in µ_B/T.
    scale
        A factor for the sample's mass.
    """
    return scale * (chi / (1 - molecular_field * chi) + background)


def level_groups(energies: np.ndarray, kramers: bool, tolerance: float = 1e-5) -> tuple[np.ndarray, np.ndarray]:
    """The distinct levels and their degeneracies.

    Parameters
    ----------
    energies
        [d] in K, rising.
    kramers
        Whether states come in pairs.
    tolerance
        States closer than this share of the whole splitting are one level.

    Returns
    -------
    levels
        [l] in K above the ground level.
    degeneracies
        [l].
    """
    step = 2 if kramers else 1
    above = (energies - energies[0]).reshape(-1, step).mean(axis=1)
    starts = np.concatenate([[True], np.diff(above) > max(tolerance * above[-1], _SMALLEST_GAP)])
    group = np.cumsum(starts) - 1
    counts = np.bincount(group)
    levels = np.bincount(group, above) / counts
    return levels - levels[0], counts * step


def g_tensor(ion: Ion, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The g tensor of a doublet.

    Parameters
    ----------
    ion
        Of which it is.
    vectors
        The two states as columns [2J+1, 2].

    Returns
    -------
    values
        The principal values [3], rising; only their sizes are determined.
    axes
        The principal axes as columns [3, 3].

    Notes
    -----
    (g gᵀ)_ij = 2 g_J² Re Tr(P J_i P J_j) with P the doublet's projector; its eigenvalues are the squares (A. Abragam
    and B. Bleaney, *Electron Paramagnetic Resonance of Transition Ions*, 1970, chapter 15).
    """
    within = [vectors.conj().T @ one @ vectors for one in angular_momentum(ion.J)]
    within = [one - np.trace(one) / 2 * np.eye(2) for one in within]
    square = 2 * float(ion.g_J) ** 2 * np.array([[np.trace(a @ b).real for b in within] for a in within])
    values, axes = np.linalg.eigh(square)
    return np.sqrt(np.maximum(values, 0.0)), axes
