"""Every interpolator a twin may be made of: one line each."""

from __future__ import annotations

from napari_scantwin.core.errors import ScanError
from napari_scantwin.interpolators.aligned_interpolation import AlignedInterpolation
from napari_scantwin.interpolators.gaussian_process import GaussianProcess
from napari_scantwin.interpolators.low_rank import LowRank
from napari_scantwin.interpolators.polynomial import Polynomial
from napari_scantwin.interpolators.protocol import FittedInterpolator, Interpolator, TrainingPoints
from napari_scantwin.twin.candidates.large_networks import LargeNetworks
from napari_scantwin.twin.candidates.moving_network import MovingNetwork
from napari_scantwin.twin.candidates.published import PublishedSearch
from napari_scantwin.twin.candidates.small_networks import SmallNetworks
from napari_scantwin.twin.settings import TrainingBudget

__all__ = ["INTERPOLATORS", "candidates", "fitted_of_kind", "is_network"]

#: In the order in which they are tried, cheapest first.
INTERPOLATORS: list[type[Interpolator]] = [
    Polynomial,
    AlignedInterpolation,
    LowRank,
    GaussianProcess,
    SmallNetworks,
    MovingNetwork,
    LargeNetworks,
]


#: Those that are neural networks; what the method "network" tries, and the row "network" of a score is made of.
_NETWORKS = (SmallNetworks, MovingNetwork, LargeNetworks)
_METHODS = {"network": _NETWORKS, "published": (PublishedSearch,)}


def is_network(interpolator: Interpolator) -> bool:
    """Whether an interpolator is a neural network."""
    return isinstance(interpolator, (*_NETWORKS, PublishedSearch))


def candidates(points: TrainingPoints, training_budget: TrainingBudget, method: str = "best") -> list[Interpolator]:
    """The interpolators worth trying on a scan.

    Parameters
    ----------
    points
        The scan's points.
    training_budget
        What the chosen preset allows.
    method
        One of :data:`napari_scantwin.twin.settings.METHODS`.

    Returns
    -------
    list
        Cheapest first.
    """
    return [
        one
        for interpolator in _METHODS.get(method, INTERPOLATORS)
        for one in interpolator.candidates(points, training_budget)
    ]


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
    for interpolator in (*INTERPOLATORS, PublishedSearch):
        if interpolator.fitted.kind == kind:
            return interpolator.fitted
    raise ScanError(f"there is no interpolator of the kind {kind!r} in this version")
