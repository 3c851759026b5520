"""How far a window lies from all that was learned, over how far one as noisy and as ordered as it is wont to lie.

Distances are those of descriptors along the forty axes in which the windows learned from differ most, measured in the
spread within classes (their pooled covariance, a fiftieth of its mean added): what sets classes apart counts, what
vacancies and displacements change does not. They grow with the noise of a window and with the strength of its order,
so the logarithm of the distance to the fifth nearest window of another block is fitted by those of both. The noise is
seen in the window itself: the power of a degree is never negative but by noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

__all__ = ["Strangeness"]

#: Of windows of known classes so many are called unlike them.
_FALSE_ALARMS = 0.01
_COMPONENTS, _NEIGHBOUR, _RIDGE = 40, 5, 0.02
#: Windows of the same block that may be nearer than the neighbour that counts.
_SIBLINGS = 8


@dataclass(frozen=True)
class Strangeness:
    """What was learned.

    Parameters
    ----------
    axes
        By which scaled descriptors are turned and measured [132, components].
    known
        The windows learned from along them [n, components].
    expected
        The logarithm of the distance, as shares of that of the noise, that of the order, and 1 [3].
    threshold
        The distance, over the expected one, that one in a hundred windows of known classes exceeds which were not
        learned from.
    """

    axes: np.ndarray = field(repr=False)
    known: np.ndarray = field(repr=False)
    expected: np.ndarray = field(repr=False)
    threshold: float = 1.0

    def __call__(self, features: np.ndarray, scaled: np.ndarray) -> np.ndarray:
        """The strangeness of windows [n], 1 at the threshold.

        Parameters
        ----------
        features, scaled
            Their descriptors as they are, and scaled [n, 132].
        """
        from sklearn.neighbors import NearestNeighbors

        turned = scaled @ self.axes
        near = NearestNeighbors(n_neighbors=min(_NEIGHBOUR, len(self.known))).fit(self.known)
        distance = near.kneighbors(turned)[0][:, -1]
        return distance / np.exp(_signs(features, turned) @ self.expected) / self.threshold

    @classmethod
    def learned(cls, features, scaled, shares: np.ndarray, block: np.ndarray, held: np.ndarray) -> Strangeness:
        """Learn from windows.

        Parameters
        ----------
        features, scaled
            Their descriptors as they are, and scaled [n, 132].
        shares, block
            Their shares of the classes [n, classes], and the block of each [n].
        held
            Which are kept from learning, for the threshold [n].
        """
        axes = _axes(scaled[~held], shares[~held])
        turned = scaled[~held] @ axes
        distance = _of_others(turned, block[~held])
        usual = np.isfinite(distance) & (distance > 0)
        signs = _signs(features[~held], turned)[usual]
        expected = np.linalg.lstsq(signs, np.log(distance[usual]), rcond=None)[0]
        made = cls(axes.astype(np.float32), turned.astype(np.float32), expected)
        threshold = float(np.quantile(made(features[held], scaled[held]), 1 - _FALSE_ALARMS))
        return cls(made.axes, made.known, expected, threshold)


def _signs(features: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """What the distance is expected by: the logarithms of noise and order, and 1 [n, 3]."""
    roots = features[:, features.shape[1] // 6 :]
    noise = np.sqrt((np.minimum(roots, 0) ** 2).mean(axis=1))
    order = np.linalg.norm(turned, axis=1)
    return np.stack([np.log(noise + 1e-3), np.log(order + 1.0), np.ones(len(turned))], axis=1)


def _axes(scaled: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Axes in which the spread within classes is one, those along which windows differ most."""
    pure, label = shares.max(axis=1) > 0.999, shares.argmax(axis=1)
    within, count = np.zeros((scaled.shape[1],) * 2), 0
    for one in np.unique(label[pure]):
        apart = scaled[pure & (label == one)]
        apart = apart - apart.mean(axis=0)
        within, count = within + apart.T @ apart, count + len(apart)
    within /= count
    values, vectors = np.linalg.eigh(within + _RIDGE * np.trace(within) / len(within) * np.eye(len(within)))
    whitened = vectors / np.sqrt(values)
    turned = scaled @ whitened
    main = np.linalg.svd(turned - turned.mean(axis=0), full_matrices=False)[2][:_COMPONENTS]
    return whitened @ main.T


def _of_others(turned: np.ndarray, block: np.ndarray) -> np.ndarray:
    """The distance of each window to the fifth nearest one of another block [n]; infinite where there are no five."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=min(_NEIGHBOUR + _SIBLINGS, len(turned))).fit(turned)
    distances, numbers = near.kneighbors(turned)
    distances[block[numbers] == block[:, None]] = np.inf
    distances.sort(axis=1)
    return distances[:, min(_NEIGHBOUR, distances.shape[1]) - 1]
