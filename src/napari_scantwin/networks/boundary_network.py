"""One network for all boundaries of an ordered axis: a hidden layer of tanh and a sigmoid for each boundary.

Boundary b stands between the b-th and the next value of the axis, and its sigmoid learns on which side an observation
lies: learning by confusion, all confusions at once (E. P. L. van Nieuwenburg, Y.-H. Liu and S. D. Huber, *Nat. Phys.*
**13**, 435, 2017; J. Arnold, F. Schäfer and N. Lörch, arXiv:2311.09128). The two sides of every boundary weigh the
same. Fitted by L-BFGS on all observations at once, in NumPy: so small a network is learned before a compiler has looked
at a larger one.
"""

from __future__ import annotations

import threading

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from napari_scantwin.core.errors import Cancelled

__all__ = ["fit_boundaries", "sides"]


def fit_boundaries(
    features: np.ndarray,
    classes: np.ndarray,
    count: int,
    *,
    nodes: int = 24,
    decay: float = 1e-2,
    steps: int = 150,
    seed: int = 0,
    stop: threading.Event | None = None,
) -> list[np.ndarray]:
    """Fit the network.

    Parameters
    ----------
    features
        Inputs [n, p], of order one.
    classes
        Which value of the axis each belongs to [n], from 0 to ``count - 1``.
    count
        How many values the axis has.
    nodes
        Width of the hidden layer.
    decay
        Weight decay: the sum of the squared weights counts so much a mean loss.
    steps
        Steps at most.
    seed
        Fixes the starting weights.
    stop
        Ends the fit when it is set.

    Returns
    -------
    list of arrays
        Kernel [p, nodes], offset [nodes], kernel [nodes, count - 1], offset [count - 1].

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    x = np.ascontiguousarray(features, np.float32)
    above = (classes[:, None] > np.arange(count - 1)).astype(np.float32)
    share = np.clip(above.mean(axis=0), 1e-6, 1 - 1e-6)
    # The sides of a boundary weigh the same, whichever has more observations.
    weights = np.where(above > 0, 0.5 / share, 0.5 / (1 - share)).astype(np.float32) / above.size
    random = np.random.default_rng(seed)
    sizes = ((x.shape[1], nodes), (nodes,), (nodes, count - 1), (count - 1,))
    start = [
        random.normal(0, 1 / np.sqrt(sizes[0][0]), sizes[0]),
        random.uniform(-1, 1, sizes[1]),
        random.normal(0, 1 / np.sqrt(nodes), sizes[2]),
        np.zeros(sizes[3]),
    ]
    cuts = np.cumsum([part.size for part in start])[:-1]

    def unpack(flat):
        return [part.reshape(size) for part, size in zip(np.split(flat, cuts), sizes, strict=True)]

    def objective(flat):
        first, offset, second, last = unpack(flat.astype(np.float32))
        hidden = np.tanh(x @ first + offset)
        signal = hidden @ second + last
        loss = float(np.sum(weights * (np.logaddexp(0, signal) - above * signal)))
        loss += 0.5 * decay * float(np.sum(first**2) / len(first) + np.sum(second**2) / nodes)
        back = weights * (_sigmoid(signal) - above)
        of_second = hidden.T @ back + decay / nodes * second
        below = (back @ second.T) * (1 - hidden**2)
        of_first = x.T @ below + decay / len(first) * first
        return loss, np.concatenate(
            [part.ravel() for part in (of_first, below.sum(axis=0), of_second, back.sum(axis=0))]
        ).astype(float)

    def look(_):
        if stop is not None and stop.is_set():
            raise Cancelled

    look(None)
    found, *_ = fmin_l_bfgs_b(
        objective, np.concatenate([part.ravel() for part in start]), maxiter=steps, maxfun=2 * steps, callback=look
    )
    return [part.astype(np.float32) for part in unpack(found)]


def sides(parameters: list[np.ndarray], features: np.ndarray) -> np.ndarray:
    """The probability that each observation lies above each boundary [n, boundaries]."""
    first, offset, second, last = parameters
    return _sigmoid(np.tanh(features.astype(np.float32) @ first + offset) @ second + last)


def _sigmoid(signal: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * signal)
