"""Which experts are worth fitting to a scan, cheapest first."""

from __future__ import annotations

import itertools

from napari_scantwin.interpolators.aligned import SPLINES
from napari_scantwin.twin.data import Data
from napari_scantwin.twin.experts import ALIGNED_SHARE, GaussianProcess, Interpolation, Polynomial, SmallNetworks
from napari_scantwin.twin.features import scales
from napari_scantwin.twin.large_networks import LargeNetworks
from napari_scantwin.twin.settings import Effort

__all__ = ["SMALL", "alignable", "experts_for"]

#: Scans of at most so many points are fitted whole, by second-order steps and Gaussian processes.
SMALL = 5000
#: Decay of small networks, in points: enough to keep flat what the points do not say.
_DECAY = 0.03


def experts_for(data: Data, effort: Effort) -> list:
    """The experts for a scan."""
    slow = scales(data.groups.knots) if data.axes > 1 else ["plain"]
    found: list = [Polynomial(degree) for degree in range(3)]
    if data.axes == 2 and data.groups.sweeps:
        found += [Interpolation("plain", scale, spline, 1.0) for scale in slow for spline in SPLINES]
    if alignable(data):
        found += [
            Interpolation(position, value, spline, ALIGNED_SHARE)
            for position, value in itertools.product(slow, slow)
            for spline in SPLINES
        ]
    if len(data.values) <= SMALL:
        found.append(GaussianProcess(slow[:2][-1]))
        found += [SmallNetworks(scale, effort.small_nodes, _DECAY, effort.small_steps) for scale in slow[:2]]
    else:
        found.append(LargeNetworks(slow[:2][-1], effort))
    return found


def alignable(data: Data) -> bool:
    """Whether sweeps can be lined up: that needs one slow axis, and enough sweeps for positions to be interpolated
    between them."""
    return data.axes == 2 and data.groups.sweeps and len(data.groups.knots) >= 3
