"""Stevens operators O_kq(J) and the angular momentum, as matrices over ⟨m|, m = J … -J.

Normalised as by M. T. Hutchings, *Solid State Physics* **16**, 227 (1964): O20 = 3 J_z² - J(J+1). An operator with a
negative q is the sine operator that goes with the cosine operator of |q|. They are made for any J by lowering from the
top of each rank (I. D. Ryabov, *J. Magn. Reson.* **140**, 141, 1999):

    T_kk = (-1)^k √((2k)!)/(2^k k!) J_+^k,      T_k,q-1 = [J_-, T_kq]/√(k(k+1) - q(q-1)),
    O_k0 = T_k0/l_k0,      O_kq = (T_k,-q + (-1)^q T_kq)/l_kq,      O_k,-q = i (T_k,-q - (-1)^q T_kq)/l_kq.
"""

from __future__ import annotations

import functools
import math
import re

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = ["NAMES", "angular_momentum", "name_of", "normalisation", "operator", "rank_and_order"]

#: l_kq of the tesseral tensors, q = 0 … k.
_TESSERAL = {
    2: (1 / 2, math.sqrt(6), math.sqrt(6) / 2),
    4: (1 / 8, math.sqrt(5) / 2, math.sqrt(10) / 4, math.sqrt(35) / 2, math.sqrt(70) / 8),
    6: (
        1 / 16,
        math.sqrt(42) / 8,
        math.sqrt(105) / 16,
        math.sqrt(105) / 8,
        3 * math.sqrt(14) / 16,
        3 * math.sqrt(77) / 8,
        math.sqrt(231) / 16,
    ),
}

#: All parameters of even rank, by rank and then by |q|, cosine before sine.
NAMES = tuple(f"B{k}{q}" for k in (2, 4, 6) for order in range(k + 1) for q in ((order, -order) if order else (0,)))


def rank_and_order(name: str) -> tuple[int, int]:
    """Rank k and order q of a parameter's name: "B40" gives (4, 0), "B6-3" gives (6, -3).

    Raises
    ------
    ScanError
        Where the name is of no parameter of rank 2, 4 or 6.
    """
    found = re.fullmatch(r"[BO]_?([246])_?(-?[0-6])", name)
    if found is None or abs(int(found[2])) > int(found[1]):
        raise ScanError(f"{name} is no crystal-field parameter; write B20, B44, B6-3 and the like")
    return int(found[1]), int(found[2])


def name_of(k: int, q: int) -> str:
    """The name of the parameter of rank ``k`` and order ``q``."""
    return f"B{k}{q}"


def normalisation(k: int, q: int) -> float:
    """The factor l_kq between a Stevens operator and the tesseral tensor of rank ``k`` and order ``q``."""
    return _TESSERAL[k][abs(q)]


def _size(J: float) -> int:
    size = round(2 * J + 1)
    if size < 2 or abs(2 * J + 1 - size) > 1e-9:
        raise ScanError(f"J = {J} is no angular momentum with levels to split; give a multiple of one half above zero")
    return size


@functools.cache
def angular_momentum(J: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """J_x, J_y and J_z [2J+1, 2J+1], the first and last real, J_y complex.

    Parameters
    ----------
    J
        The total angular momentum, a multiple of one half.
    """
    m = J - np.arange(_size(J))
    plus = np.diag(np.sqrt(J * (J + 1) - m[1:] * (m[1:] + 1)), 1)
    return (plus + plus.T) / 2, (plus - plus.T) / 2j, np.diag(m)


@functools.cache
def _tensors(k: int, J: float) -> dict[int, np.ndarray]:
    """T_kq for q = -k … k, real."""
    x, y, _ = angular_momentum(J)
    plus = (x + 1j * y).real
    minus = plus.T
    tensor = (-1) ** k * math.sqrt(math.factorial(2 * k)) / (2**k * math.factorial(k)) * np.linalg.matrix_power(plus, k)
    found = {k: tensor}
    for q in range(k, -k, -1):
        tensor = (minus @ tensor - tensor @ minus) / math.sqrt(k * (k + 1) - q * (q - 1))
        found[q - 1] = tensor
    return found


@functools.cache
def operator(k: int, q: int, J: float) -> np.ndarray:
    """The Stevens operator O_kq.

    Parameters
    ----------
    k, q
        Rank (2, 4 or 6) and order, -k … k.
    J
        The total angular momentum. For k > 2J the operator is zero.

    Returns
    -------
    numpy.ndarray
        The matrix [2J+1, 2J+1]: real for q ≥ 0, imaginary for q < 0; Hermitian. Not to be written to.
    """
    if k > 2 * J:
        made = np.zeros((_size(J), _size(J)))
    else:
        tensors, order = _tensors(k, J), abs(q)
        length = normalisation(k, q)
        if q == 0:
            made = tensors[0] / length
        elif q > 0:
            made = (tensors[-order] + (-1) ** order * tensors[order]) / length
        else:
            made = 1j * (tensors[-order] - (-1) ** order * tensors[order]) / length
    made = np.ascontiguousarray(made)
    made.flags.writeable = False
    return made
