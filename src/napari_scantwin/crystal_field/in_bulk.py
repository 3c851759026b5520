"""Curves of many random crystal fields at once: what a network learns from, and what a table of examples holds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.crystal_field.constants import MU_B
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.observables import (
    along,
    heat_capacity,
    occupation,
    states_in_field,
    states_of,
    susceptibility,
)
from napari_scantwin.crystal_field.sites import Site

__all__ = ["curves_in_bulk"]

_CHUNK = 400
#: Fields at which M(H) and its slope are worked out, where more are asked for; between them a cubic goes through both.
_NODES_OF_ANY, _NODES_PER_J = 6, 2


def curves_in_bulk(
    ion: Ion,
    site: Site,
    values: np.ndarray,
    temperature: np.ndarray,
    fields: np.ndarray,
    cold: np.ndarray,
    axes: Sequence[str] = ("c",),
    *,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> dict[str, np.ndarray]:
    """C, χ and M of n crystal fields on one grid, as float32.

    Parameters
    ----------
    ion, site, values
        n crystal fields, [n, k] in K.
    temperature
        [t] in K, of C and χ.
    fields, cold
        [f] in T, rising, and [m] in K, of M.
    axes
        Directions of χ and M.
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled`.

    Returns
    -------
    dict
        "heat_capacity" [n, t] in k_B, and by axis "susceptibility a" [n, t] in µ_B/T and "magnetization a" [n, f, m]
        in µ_B. Of more than 6 + 2J fields M is interpolated, to about 1e-4 of saturation; where levels cross at
        1 K, to some 1e-2.
    """
    n = len(values)
    found = {"heat_capacity": np.empty((n, len(temperature)), np.float32)}
    for axis in axes:
        found[f"susceptibility {axis}"] = np.empty((n, len(temperature)), np.float32)
        found[f"magnetization {axis}"] = np.empty((n, len(fields), len(cold)), np.float32)
    for begin in range(0, n, _CHUNK):
        if stop is not None and stop.is_set():
            raise Cancelled
        part = slice(begin, begin + _CHUNK)
        states = states_of(ion, site, values[part])
        found["heat_capacity"][part] = heat_capacity(states.energies, temperature)
        for axis in axes:
            found[f"susceptibility {axis}"][part] = susceptibility(states, axis, temperature)
            found[f"magnetization {axis}"][part] = _moments(ion, site, values[part], axis, fields, cold)
        if on_progress is not None:
            on_progress(min(1.0, (begin + _CHUNK) / n))
    return found


def _moments(ion: Ion, site: Site, values, axis: str, fields: np.ndarray, cold: np.ndarray) -> np.ndarray:
    """M [n, f, m], through values and slopes at few fields, dense at low ones."""
    g, operator = float(ion.g_J), along(ion, axis)
    count = round(_NODES_OF_ANY + _NODES_PER_J * ion.J)
    few = len(fields) <= count
    if few:
        nodes = fields
    else:
        width = 0.15 * fields[-1]
        nodes = width * np.sinh(np.linspace(0, np.arcsinh(fields[-1] / width), count))
        nodes[-1] = fields[-1]
    states = states_in_field(ion, site, values, axis, nodes)
    shares = occupation(states.energies, cold)
    shape = (len(values), len(nodes), len(cold))
    if few:
        own = np.einsum("nmi,nmi->ni", states.vectors.conj(), operator @ states.vectors).real
        return g * np.matmul(shares, own[:, :, None])[:, :, 0].reshape(shape)
    elements = states.elements(operator)
    own = np.einsum("nii->ni", elements).real
    squares = np.abs(elements) ** 2
    inverse, same = states.inverse_gaps()
    within, between = (squares * same).sum(-1), 2 * (squares * inverse).sum(-1)
    moment = np.matmul(shares, own[:, :, None])[:, :, 0]
    slope = np.matmul(shares, within[:, :, None])[:, :, 0] / cold + np.matmul(shares, between[:, :, None])[:, :, 0]
    slope = g * g * MU_B * (slope - moment**2 / cold)
    matrix = _between(nodes, fields)
    return np.matmul(matrix, np.concatenate([(g * moment).reshape(shape), slope.reshape(shape)], axis=1))


def _between(nodes, fields):
    """Hermite's cubic as one matrix [f, 2 nodes] over values and slopes."""
    at = np.clip(np.searchsorted(nodes, fields, side="right") - 1, 0, len(nodes) - 2)
    width = nodes[at + 1] - nodes[at]
    u = (fields - nodes[at]) / width
    matrix = np.zeros((len(fields), 2 * len(nodes)))
    rows = np.arange(len(fields))
    matrix[rows, at] = (1 + 2 * u) * (1 - u) ** 2
    matrix[rows, at + 1] = u**2 * (3 - 2 * u)
    matrix[rows, len(nodes) + at] = width * u * (1 - u) ** 2
    matrix[rows, len(nodes) + at + 1] = -width * u**2 * (1 - u)
    return matrix
