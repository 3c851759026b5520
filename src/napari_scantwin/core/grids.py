"""Places of a grid, as the product of its axes: what depends on few of them is worked out once for all others.

Wherever places are asked for, they are either points, an array [n, axes], or a grid, a tuple of one array an axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["Places", "columns", "mesh"]

#: Points [n, axes], or the axes of a grid, slow axis first.
Places = np.ndarray | Sequence[np.ndarray]


def columns(places: Places) -> list[np.ndarray]:
    """The coordinates of places along each axis.

    Parameters
    ----------
    places
        Points [n, axes] or the axes of a grid.

    Returns
    -------
    list of arrays
        One an axis, [n] for points; for a grid of the lengths that make them broadcast to its shape.
    """
    if isinstance(places, np.ndarray):
        return list(places.T)
    return list(np.ix_(*places))


def mesh(axes: Sequence[np.ndarray]) -> np.ndarray:
    """The points [n, axes] of a grid, in C order.

    Parameters
    ----------
    axes
        One array an axis, slow axis first.
    """
    return np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
