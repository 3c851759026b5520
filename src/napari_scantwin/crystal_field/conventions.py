"""Crystal-field parameters in the conventions in use, from and to the Stevens parameters B_kq of this room.

Stevens      H = Σ B_kq O_kq(J), Hutchings' normalisation; that of Mantid, PyCrystalField and McPhase.
Wybourne     B_kq = l_kq θ_k Re B_kq(Wybourne) for q ≥ 0, and l_k|q| θ_k Im B_k|q| for a sine parameter, where
             H = Σ_k B_k0 C_k0 + Σ_q>0 Re B_kq (C_k,-q + (-1)^q C_kq) + i Im B_kq (C_k,-q - (-1)^q C_kq).
A<r^k>       A_kq ⟨r^k⟩ = B_kq/θ_k.
Lea, Leask and Wolf (*J. Phys. Chem. Solids* **23**, 1381, 1962), cubic: H = W [x O4/F4 + (1 - |x|) O6/F6].
Walter (*J. Phys. Chem. Solids* **45**, 401, 1984): H = x0 Σ x_i Ô_i, Tr Ô_i² = (2J+1)², Σ|x_i| = 1, x0 > 0.
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field import stevens
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.sites import Site

__all__ = [
    "LLW_FACTORS",
    "from_lea_leask_wolf",
    "from_radial",
    "from_walter",
    "from_wybourne",
    "lea_leask_wolf",
    "radial",
    "walter",
    "walter_sizes",
    "wybourne",
]

#: F4 and F6 of Lea, Leask and Wolf by J; None where the rank is above 2J.
LLW_FACTORS = {
    2.0: (12, None), 2.5: (60, None), 3.0: (60, 180), 3.5: (60, 1260), 4.0: (60, 1260), 4.5: (60, 2520),
    5.0: (14, 1260), 5.5: (60, 3780), 6.0: (60, 7560), 6.5: (60, 7560), 7.0: (60, 3780), 7.5: (60, 13860),
    8.0: (60, 13860),
}  # fmt: skip


def _theta(ion: Ion, k: int) -> float:
    if ion.theta is None:
        raise ScanError(f"the Stevens factors of {ion.name} are not known; use Stevens parameters")
    factor = float(ion.theta[k // 2 - 1])
    if not factor:
        raise ScanError(f"{ion.name} has no Stevens factor of rank {k}; leave those parameters out")
    return factor


def wybourne(ion: Ion, parameters: dict[str, float]) -> dict[str, float]:
    """Wybourne's parameters (real part for q ≥ 0, imaginary for q < 0) from Stevens parameters, in the same unit."""
    return {
        name: value / stevens.normalisation(*_kq(name)) / _theta(ion, _kq(name)[0])
        for name, value in parameters.items()
    }


def from_wybourne(ion: Ion, parameters: dict[str, float]) -> dict[str, float]:
    """Stevens parameters from Wybourne's, in the same unit."""
    return {
        name: value * stevens.normalisation(*_kq(name)) * _theta(ion, _kq(name)[0])
        for name, value in parameters.items()
    }


def radial(ion: Ion, parameters: dict[str, float]) -> dict[str, float]:
    """A_kq ⟨r^k⟩ from Stevens parameters, in the same unit."""
    return {name: value / _theta(ion, _kq(name)[0]) for name, value in parameters.items()}


def from_radial(ion: Ion, parameters: dict[str, float]) -> dict[str, float]:
    """Stevens parameters from A_kq ⟨r^k⟩, in the same unit."""
    return {name: value * _theta(ion, _kq(name)[0]) for name, value in parameters.items()}


def _kq(name: str) -> tuple[int, int]:
    return stevens.rank_and_order(name)


def _factors(J: float) -> tuple[int, int | None]:
    if float(J) not in LLW_FACTORS:
        raise ScanError(f"Lea, Leask and Wolf give no factors for J = {J:g}; use Stevens parameters")
    return LLW_FACTORS[float(J)]


def lea_leask_wolf(J: float, B40: float, B60: float = 0.0) -> tuple[float, float]:
    """W (in the unit of the parameters) and x of a cubic field with parameters B40 and B60."""
    four, six = _factors(J)
    first, second = B40 * four, B60 * (six or 0)
    if six is None or second == 0:
        return (first, 1.0) if first or six is None else (0.0, 0.0)
    sign = np.sign(second)
    return float(sign * (abs(first) + abs(second))), float(sign * first / (abs(first) + abs(second)))


def from_lea_leask_wolf(J: float, W: float, x: float) -> tuple[float, float]:
    """B40 and B60 (in the unit of W) of Lea, Leask and Wolf's W and x, -1 ≤ x ≤ 1."""
    if not -1 <= x <= 1:
        raise ScanError(f"x of Lea, Leask and Wolf lies between -1 and 1, which {x:g} does not")
    four, six = _factors(J)
    return W * x / four, 0.0 if six is None else W * (1 - abs(x)) / six


def walter_sizes(ion: Ion, site: Site) -> np.ndarray:
    """How much each parameter [k] of the site is worth in K: x0 x_i = size_i B_i, so that Tr Ô² = (2J+1)²."""
    operators = site.operators(ion.J)
    return np.sqrt(np.einsum("kab,kba->k", operators, operators).real) / ion.size


def walter(ion: Ion, site: Site, values) -> tuple[np.ndarray, np.ndarray]:
    """x0 [n] > 0 in K and x_i [n, k] with Σ|x_i| = 1 from the site's parameters [n, k] in K."""
    sized = np.atleast_2d(np.asarray(values, float)) * walter_sizes(ion, site)
    total = np.abs(sized).sum(axis=1)
    return total, sized / np.where(total > 0, total, 1.0)[:, None]


def from_walter(ion: Ion, site: Site, x0, x) -> np.ndarray:
    """The site's parameters [n, k] in K from x0 [n] in K and x_i [n, k]."""
    return np.asarray(x0, float)[..., None] * np.asarray(x, float) / walter_sizes(ion, site)
