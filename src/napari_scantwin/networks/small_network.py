"""Small networks for small scans: tanh layers fitted by L-BFGS on every point at once.

A few hundred second-order steps in NumPy fit such a network before a compiler has looked at a large one,
and fit it more closely than thousands of steps of Adam. The loss is::

    L = sum_i w_i (f(x_i) - y_i)^2 / 2 n + decay * sum W^2 / 2 n

with W the matrices (not the offsets), so that the decay counts as ``decay`` points would.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from napari_scantwin.core.errors import Cancelled

__all__ = ["evaluate_small", "fit_small"]

_CHUNK = 8192


def fit_small(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, *, nodes, decay: float, steps: int, seed: int, stop
) -> list[np.ndarray]:
    """Fit one network by L-BFGS on every point at once (the module has the loss).

    Parameters
    ----------
    features
        Inputs [n, inputs], of order one.
    targets
        Targets [n], of order one.
    weights
        Sample weights [n].
    nodes
        The hidden layers' widths.
    decay
        The weight decay, in points.
    steps
        The most steps.
    seed
        Fixes the starting weights.
    stop
        A ``threading.Event`` that ends the fit at the next step, or None.

    Returns
    -------
    list of arrays
        A matrix [in, out] and an offset [out] for each layer, float32.

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    start = _initial((features.shape[1], *nodes, 1), seed)
    shapes = [part.shape for part in start]
    cuts = np.cumsum([part.size for part in start])[:-1]
    x, y, w = (np.ascontiguousarray(part, np.float32) for part in (features, targets, weights))

    def unpack(flat):
        return [part.reshape(shape) for part, shape in zip(np.split(flat, cuts), shapes, strict=True)]

    def objective(flat):
        return _loss(unpack(flat.astype(np.float32)), x, y, w, decay)

    def look(_):
        if stop is not None and stop.is_set():
            raise Cancelled

    look(None)
    flat = np.concatenate([part.ravel() for part in start])
    found, *_ = fmin_l_bfgs_b(objective, flat, maxiter=steps, maxfun=2 * steps, callback=look)
    return [part.astype(np.float32) for part in unpack(found)]


def _initial(sizes, seed: int) -> list[np.ndarray]:
    """Glorot's uniform start."""
    random = np.random.default_rng(seed)
    parameters = []
    for inputs, outputs in itertools.pairwise(sizes):
        bound = np.sqrt(6 / (inputs + outputs))
        parameters += [random.uniform(-bound, bound, (inputs, outputs)), random.uniform(-bound, bound, outputs)]
    return parameters


def _loss(parameters, x, y, w, decay: float) -> tuple[float, np.ndarray]:
    """The loss and its gradient as one flat float64 array."""
    count = len(y)
    signals = [x]
    for layer in range(0, len(parameters), 2):
        signal = signals[-1] @ parameters[layer]
        signal += parameters[layer + 1]
        signals.append(np.tanh(signal, out=signal) if layer < len(parameters) - 2 else signal)
    residual = signals.pop()[:, 0] - y
    loss = float(np.dot(w * residual, residual)) / (2 * count)
    back = (w * residual / count)[:, None]
    gradients = []
    for layer in range(len(parameters) - 2, -1, -2):
        matrix, signal = parameters[layer], signals[layer // 2]
        loss += decay / (2 * count) * float(np.sum(matrix**2))
        gradients = [signal.T @ back + (decay / count) * matrix, back.sum(axis=0), *gradients]
        if layer:
            back = back @ matrix.T
            back *= 1 - signal * signal
    return loss, np.concatenate([part.ravel() for part in gradients]).astype(float)


def evaluate_small(parameters: list[np.ndarray], features: np.ndarray) -> np.ndarray:
    """Outputs of stacked networks, in double precision.

    Parameters
    ----------
    parameters
        For each layer a matrix [members, in, out] and an offset [members, out].
    features
        Inputs [n, inputs].

    Returns
    -------
    array
        Outputs [members, n].
    """
    members, points = len(parameters[0]), len(features)
    result = np.empty((members, points))
    for start in range(0, points, _CHUNK):
        part = features[start : start + _CHUNK]
        for member in range(members):
            signal = part
            for layer in range(0, len(parameters), 2):
                signal = signal @ parameters[layer][member].astype(float) + parameters[layer + 1][member]
                if layer < len(parameters) - 2:
                    np.tanh(signal, out=signal)
            result[member, start : start + len(part)] = signal[:, 0]
    return result
