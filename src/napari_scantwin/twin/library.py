"""Every interpolator a twin may be made of: one line each."""

from __future__ import annotations

from napari_scantwin.core.errors import ScanError
from napari_scantwin.interpolators.aligned_interpolation import AlignedInterpolation
from napari_scantwin.interpolators.gaussian_process import GaussianProcess
from napari_scantwin.interpolators.polynomial import Polynomial
from napari_scantwin.interpolators.protocol import FittedInterpolator, Interpolator, TrainingPoints
from napari_scantwin.twin.large_networks import LargeNetworks
from napari_scantwin.twin.moving_network import MovingNetwork
from napari_scantwin.twin.settings import TrainingBudget
from napari_scantwin.twin.small_networks import SmallNetworks

__all__ = ["INTERPOLATORS", "candidates", "fitted_of_kind"]

#: In the order in which they are tried, cheapest first.
INTERPOLATORS: list[type[Interpolator]] = [
    Polynomial,
    AlignedInterpolation,
    GaussianProcess,
    SmallNetworks,
    MovingNetwork,
    LargeNetworks,
]


def candidates(points: TrainingPoints, training_budget: TrainingBudget) -> list[Interpolator]:
    """The interpolators worth trying on a scan.

    Parameters
    ----------
    points
        The scan's points.
    training_budget
        What the chosen preset allows.

    Returns
    -------
    list
        Cheapest first.
    """
    return [one for interpolator in INTERPOLATORS for one in interpolator.candidates(points, training_budget)]


def fitted_of_kind(kind: str) -> type[FittedInterpolator]:
    """The class of the fitted interpolator that a saved twin calls by a word.

    Parameters
    ----------
    kind
        The word.

    Raises
    ------
    ScanError
        Where nothing here goes by it.
    """
    for interpolator in INTERPOLATORS:
        if interpolator.fitted.kind == kind:
            return interpolator.fitted
    raise ScanError(f"there is no interpolator of the kind {kind!r} in this version")
