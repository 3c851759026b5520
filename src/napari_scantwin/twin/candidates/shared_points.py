"""The points of all branches of a scan, for interpolators that learn from all of them at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from napari_scantwin.core.scan import set_points
from napari_scantwin.twin.data import Data

__all__ = ["SharedPoints"]


class SharedPoints:
    """The points of every branch, one branch after the other, on one scale.

    A set point that is kept from one branch is kept from all: what another branch reads there nearly tells it.

    Parameters
    ----------
    parts
        The branches' training points.

    Attributes
    ----------
    coordinates
        Places [n, axes] in the scan's units.
    targets
        Values [n] scaled to mean 0 and deviation 1 over all branches.
    variance
        The variance of each target's noise [n].
    sweep
        The number of the sweep of each point [n], no two branches' alike.
    knots
        The set points of the slowest axis, of all branches together, ascending.
    switches
        Which branch each point belongs to, as inputs of a network [n, branches - 1].
    """

    def __init__(self, parts: Sequence[Data]):
        self._parts = list(parts)
        sizes = [len(part.values) for part in parts]
        self._branch = np.repeat(np.arange(len(parts)), sizes)
        self.coordinates = np.concatenate([part.coordinates for part in parts])
        values = np.concatenate([part.values for part in parts])
        good = ~np.concatenate([part.spikes for part in parts])
        self.offset, self.spread = float(values[good].mean()), float(values[good].std())
        self.targets = (values - self.offset) / self.spread
        self.variance = np.concatenate([part.variance * (part.spread / self.spread) ** 2 for part in parts])
        numbers = [np.unique(part.sweep, return_inverse=True)[1] for part in parts]
        starts = np.cumsum([0, *(one.max() + 1 for one in numbers)])
        self.sweep = np.concatenate([one + start for one, start in zip(numbers, starts, strict=False)])
        self.knots, self._place = np.unique(set_points(self.coordinates[:, 0]), return_inverse=True)
        self.switches = np.stack([self.switch(number) for number in range(len(parts))])[self._branch]
        self._known: dict = {}
        self._lock = threading.Lock()

    def switch(self, branch: int) -> np.ndarray:
        """The inputs that name a branch by its number [branches - 1]: 1 for its own, else -1; the first has none."""
        return np.where(np.arange(1, len(self._parts)) == branch, 1.0, -1.0)

    def scale(self, branch: int) -> tuple[float, float]:
        """The factor and the shift that turn these targets into those of one branch."""
        part = self._parts[branch]
        return self.spread / part.spread, (self.offset - part.offset) / part.spread

    def seen(self, branch: int, kept: np.ndarray) -> np.ndarray:
        """Which points are left where some set points of a branch are kept out.

        Parameters
        ----------
        branch
            The branch's number.
        kept
            Which of its groups are known, bool [groups].

        Returns
        -------
        array
            Bool [n].
        """
        mine = self._branch == branch
        hidden = np.zeros(len(mine), bool)
        hidden[mine] = ~kept[self._parts[branch].group]
        return ~hidden & ~np.isin(self._place, self._place[hidden])

    def folds(self, branch: int) -> tuple[list[np.ndarray], list[int]]:
        """The points that each fit of all branches' held-out folds may see [n], no two alike, and the numbers of those
        that are one branch's folds, in their order."""
        found: dict[bytes, int] = {}
        masks, mine = [], []
        for number, part in enumerate(self._parts):
            for fold in range(part.groups.folds):
                mask = self.seen(number, part.groups.fold != fold)
                if mask.tobytes() not in found:
                    found[mask.tobytes()] = len(masks)
                    masks.append(mask)
                if number == branch:
                    mine.append(found[mask.tobytes()])
        return masks, mine

    def once(self, key, make: Callable):
        """As :meth:`Data.once`."""
        with self._lock:
            if key not in self._known:
                self._known[key] = make()
            return self._known[key]
