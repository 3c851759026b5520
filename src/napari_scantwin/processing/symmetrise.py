"""Symmetrising about a point of one axis: bands about the zone centre, curves about the Fermi level."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from napari_scantwin.core.axis_roles import energy_axis, fast_axis, find_axis, slit_angle
from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.linear import applied
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.steps import step

__all__ = ["interpolation", "symmetrise"]


@step(
    "symmetrise",
    "Symmetrise",
    "Filter",
    parameters=(
        Parameter(
            "axis", "Along", "axis", lambda scan: find_axis(scan, "momentum") or slit_angle(scan) or fast_axis(scan)
        ),
        Parameter("centre", "About", default=0.0, unit_of="axis", explanation="The place that stays where it is."),
        Parameter(
            "one_sided",
            "Where one side only was measured",
            "choice",
            "take it",
            choices=("take it", "leave it out"),
        ),
    ),
    source="curves about the Fermi level: M. R. Norman et al., Nature 392, 157 (1998)",
)
def symmetrise(scan, *, axis, centre, one_sided):
    """The mean of the scan and its mirror image: (I(c + x) + I(c - x)) / 2, linear between measured values.

    The new axis is even about ``centre`` and has the steps of the longer side. Along the energy, about the Fermi
    level, this takes the Fermi function out of a curve of electron-hole symmetry (the mean here is half the usual sum).
    """
    places = np.asarray(scan[axis].values, float)
    if not places.min() < centre < places.max():
        unit = scan[axis].attrs["units"]
        kinetic = axis == energy_axis(scan) and scan.attrs.get("energy_notation") == KINETIC
        hint = "; these energies are kinetic: give the Fermi level, or count from it first ('correct_fermi_edge')"
        raise ScanError(
            f"the centre {centre:g} {unit} lies outside the axis, which runs from {places.min():g} to {places.max():g}"
            f"{hint if kinetic else ''}"
        )
    below, above = centre - places[places <= centre], places[places >= centre] - centre
    half = np.unique(above if above.max() >= below.max() else below)
    offsets = np.unique(np.concatenate([-half, half]))
    number = scan.dims.index(axis)
    sides, variances = [], []
    for sign in (1, -1):
        matrix, seen = interpolation(places, centre + sign * offsets)
        values, errors = applied(matrix, values_of(scan), errors_of(scan), number, averaging=False, keep_holes=False)
        shape = [1] * scan.ndim
        shape[number] = -1
        sides.append(np.where(seen.reshape(shape), values, np.nan))
        variances.append(None if errors is None else np.where(seen.reshape(shape), errors**2, np.nan))
    both = np.stack(sides)
    count = np.isfinite(both).sum(axis=0)
    wanted = 2 if one_sided == "leave it out" else 1
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(count >= wanted, np.nansum(both, axis=0) / count, np.nan)
        errors = None
        if variances[0] is not None:
            errors = np.sqrt(np.where(np.isfinite(both), np.stack(variances), 0).sum(axis=0)) / count
            errors = np.where(count >= wanted, errors, np.nan)
    axes = {str(name): (np.asarray(scan[name].values, float), scan[name].attrs["units"]) for name in scan.dims}
    axes[axis] = (centre + offsets, axes[axis][1])
    return rebuild(scan, values.astype(values_of(scan).dtype, copy=False), errors=errors, axes=axes)


def interpolation(places: np.ndarray, wanted: np.ndarray) -> tuple[sparse.csr_array, np.ndarray]:
    """The matrix of linear interpolation from one set of places to another.

    A place that is hit exactly (to 1e-9 of a step) takes that value alone, so that a hole beside it does no harm.

    Parameters
    ----------
    places
        Where values are known [n], in any order.
    wanted
        Where they are wanted [m].

    Returns
    -------
    tuple
        The sparse matrix [m, n], and which of ``wanted`` lie inside ``places`` [m].
    """
    order = np.argsort(places, kind="stable")
    ordered = np.asarray(places, float)[order]
    slack = 1e-9 * np.ptp(ordered)
    inside = (wanted >= ordered[0] - slack) & (wanted <= ordered[-1] + slack)
    left = np.clip(np.searchsorted(ordered, wanted, side="right") - 1, 0, len(ordered) - 2)
    share = np.clip((wanted - ordered[left]) / (ordered[left + 1] - ordered[left]), 0, 1)
    share = np.where(share < 1e-9, 0, np.where(share > 1 - 1e-9, 1, share))
    rows = np.repeat(np.arange(len(wanted)), 2)
    columns = np.stack([order[left], order[left + 1]], axis=1).ravel()
    weights = np.stack([1 - share, share], axis=1).ravel()
    used = weights > 0
    matrix = sparse.csr_array((weights[used], (rows[used], columns[used])), shape=(len(wanted), len(places)))
    return matrix, inside
