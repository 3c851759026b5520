"""Observables with their slopes along every parameter, for least squares.

Where the parameters B move the Hamiltonian by O_k, first-order perturbation gives ∂E_i/∂B_k = ⟨i|O_k|i⟩ and the change
of the states, so one diagonalisation serves a curve and all of its derivatives. States of one energy are treated
together: where symmetry makes them so, an allowed operator is a number among them, and the sums over a level are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.crystal_field.constants import MU_B
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.observables import States, along, diagonalised, occupation

__all__ = ["Response", "SmallField", "in_field", "small_field"]


@dataclass(frozen=True, eq=False)
class SmallField:
    """n crystal fields without a field.

    Parameters
    ----------
    states
        Energies and states.
    slopes
        ∂E/∂B [n, d, k].
    curie, constant
        Per direction, the a and v of Van Vleck's formula [n, d], each followed by its derivatives [n, d, k].
    """

    states: States
    slopes: np.ndarray
    curie: dict[str, tuple[np.ndarray, np.ndarray]]
    constant: dict[str, tuple[np.ndarray, np.ndarray]]

    def heat_capacity(self, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """C/k_B [n, t] and its derivatives [n, t, k]."""
        return _heat_capacity(self.states.energies, self.slopes, temperature)

    def susceptibility(self, axis: str, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """χ [n, t] in µ_B/T and its derivatives [n, t, k]."""
        shares = occupation(self.states.energies, temperature)
        (a, slope_a), (v, slope_v) = self.curie[axis], self.constant[axis]
        cold = shares / temperature[:, None]
        each = a[:, None, :] / temperature[:, None] + v[:, None, :]
        value = np.einsum("ntd,ntd->nt", shares, each)
        derived = cold @ slope_a + shares @ slope_v - (cold * (each - value[:, :, None])) @ self.slopes
        factor = float(self.states.ion.g_J) ** 2 * MU_B
        return factor * value, factor * derived


@dataclass(frozen=True, eq=False)
class Response:
    """n crystal fields in f fields along one direction; arrays have n·f rows.

    Parameters
    ----------
    states
        Energies and states.
    slopes
        ∂E/∂B [n f, d, k].
    moments
        ⟨i|J·n|i⟩ [n f, d].
    first, second
        What J·n and each O_k have in common, within levels and between them [n f, d, k].
    own_first, own_second
        The same of J·n with itself [n f, d].
    shape
        (n, f).
    """

    states: States
    slopes: np.ndarray
    moments: np.ndarray
    first: np.ndarray
    second: np.ndarray
    own_first: np.ndarray
    own_second: np.ndarray
    shape: tuple[int, int]

    def heat_capacity(self, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """C/k_B [n, f, t] and its derivatives [n, f, t, k]."""
        value, derived = _heat_capacity(self.states.energies, self.slopes, temperature)
        return value.reshape(*self.shape, -1), derived.reshape(*self.shape, len(temperature), -1)

    def moment(self, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """M [n, f, t] in µ_B, its derivatives along the parameters [n, f, t, k] and along the field (µ_B/T)."""
        g = float(self.states.ion.g_J)
        shares = occupation(self.states.energies, temperature)
        cold = shares / temperature[:, None]
        mean = np.einsum("ntd,nd->nt", shares, self.moments)
        derived = shares @ self.second - cold @ self.first + (mean[:, :, None] * cold) @ self.slopes
        steep = np.einsum("ntd,nd->nt", cold, self.own_first) + np.einsum("ntd,nd->nt", shares, self.own_second)
        steep = steep - mean**2 / temperature
        n, f, t = *self.shape, len(temperature)
        return g * mean.reshape(n, f, t), g * derived.reshape(n, f, t, -1), g * g * MU_B * steep.reshape(n, f, t)


def _heat_capacity(energies, slopes, temperature) -> tuple[np.ndarray, np.ndarray]:
    shares, above = occupation(energies, temperature), energies - energies[:, :1]
    mean = np.einsum("ntd,nd->nt", shares, above)
    off = above[:, None, :] - mean[:, :, None]
    square = shares * off * off
    variance = square.sum(axis=2)
    along_energies = 2 * shares * off - (square - shares * variance[:, :, None]) / temperature[:, None]
    return variance / temperature**2, (along_energies / temperature[:, None] ** 2) @ slopes


def _moved(states: States, operators: np.ndarray):
    """Elements of the parameters' operators, ∂E/∂B, 1/(E_j - E_i) and which states are of one energy."""
    elements = states.elements(operators)
    slopes = np.einsum("nkii->nik", elements).real
    return elements, np.ascontiguousarray(slopes), *states.inverse_gaps()


def small_field(ion: Ion, operators: np.ndarray, values: np.ndarray, axes=()) -> SmallField:
    """Diagonalise without a field, and derive what is needed of the axes.

    Parameters
    ----------
    ion
        Whose operators.
    operators
        What each parameter multiplies [k, d, d].
    values
        The parameters [n, k].
    axes
        Directions ("a", "b", "c") of susceptibilities.
    """
    states = States(ion, *diagonalised(np.tensordot(values, operators, 1)))
    elements, slopes, inverse, same = _moved(states, operators)
    curie, constant = {}, {}
    turned = elements * -inverse[:, None]  # the states move by V G, G_ij = X_ij/(E_j - E_i), which is -(this)ᵀ …
    turned = np.swapaxes(turned, -1, -2).conj()
    for axis in axes:
        operator = along(ion, axis)
        if np.iscomplexobj(operator) and not np.iscomplexobj(states.vectors):
            operator, sign = operator.imag, -1  # i times a real antisymmetric matrix
        else:
            sign = 1
        moment = states.elements(operator)
        product = moment[:, None] @ turned
        change = product + sign * np.swapaxes(product, -1, -2).conj()
        squares, derived = np.abs(moment) ** 2, 2 * (moment.conj()[:, None] * change).real
        curie[axis] = (squares * same).sum(-1), np.swapaxes((derived * same[:, None]).sum(-1), 1, 2)
        weighted = squares * inverse**2
        second = (derived * inverse[:, None]).sum(-1) - np.einsum("nij,njk->nki", weighted, slopes)
        second = second + weighted.sum(-1)[:, None] * np.swapaxes(slopes, 1, 2)
        constant[axis] = 2 * (squares * inverse).sum(-1), 2 * np.swapaxes(second, 1, 2)
    return SmallField(states, slopes, curie, constant)


def in_field(ion: Ion, operators: np.ndarray, values: np.ndarray, direction, fields: np.ndarray) -> Response:
    """Diagonalise in fields along one direction.

    Parameters
    ----------
    ion, operators, values
        As of :func:`small_field`.
    direction
        "a", "b", "c" or a vector.
    fields
        [f] in T.
    """
    moment = along(ion, direction)
    whole = np.tensordot(values, operators, 1)[:, None] - float(ion.g_J) * MU_B * fields[:, None, None] * moment
    states = States(ion, *diagonalised(whole.reshape(-1, *moment.shape)))
    elements, slopes, inverse, same = _moved(states, operators)
    own = states.elements(moment)
    common = (own.conj()[:, None] * elements).real
    squares = np.abs(own) ** 2
    return Response(
        states,
        slopes,
        np.einsum("nii->ni", own).real,
        np.swapaxes((common * same[:, None]).sum(-1), 1, 2),
        -2 * np.swapaxes((common * inverse[:, None]).sum(-1), 1, 2),
        (squares * same).sum(-1),
        2 * (squares * inverse).sum(-1),
        (len(values), len(fields)),
    )
