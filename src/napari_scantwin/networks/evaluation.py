"""Evaluating stacked networks at many points: in chunks of constant memory, several at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.backend import cores, has_gpu, tensorflow

__all__ = ["in_chunks"]

#: Points evaluated at once: enough to keep the matrix product busy, few enough to stay in the processor's cache; a
#: GPU wants more.
_CHUNK, _CHUNK_GPU = 4096, 1 << 17


def in_chunks(
    forward: Callable, features: np.ndarray, members: int, *, stop=None, on_progress=None, widest: int = 64
) -> np.ndarray:
    """Evaluate a compiled function of stacked networks at many points.

    Parameters
    ----------
    forward
        Turns a tensor [members, chunk, ...] into one [members, chunk, ...].
    features
        Inputs [members or 1, points, ...].
    members
        How many networks are stacked.
    stop
        A ``threading.Event`` that ends the work when it is set.
    on_progress
        Called with the fraction done.
    widest
        Features of more numbers a point than this are taken in chunks of fewer points.

    Returns
    -------
    array
        Outputs [members, points, ...].

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    """
    tf = tensorflow()
    points = features.shape[1]
    features = np.broadcast_to(features, (members, *features.shape[1:]))
    wide = max(1, int(np.prod(features.shape[2:])) // widest)
    chunk = max(1, (_CHUNK_GPU if has_gpu() else _CHUNK) // wide)
    kind = features.dtype if np.issubdtype(features.dtype, np.integer) else np.float32
    result: list[np.ndarray] = []

    def evaluated(start: int) -> int:
        if stop is not None and stop.is_set():
            raise Cancelled
        part = np.asarray(features[:, start : start + chunk], kind)
        filled = part.shape[1]
        # One size of chunk, so that the compiler is asked for one program.
        part = np.pad(part, ((0, 0), (0, chunk - filled), *[(0, 0)] * (part.ndim - 2)))
        outputs = forward(tf.constant(part)).numpy()[:, :filled]
        if start == 0:
            result.append(np.empty((members, points, *outputs.shape[2:]), outputs.dtype))
        result[0][:, start : start + filled] = outputs
        return start + filled

    def tell(done: int) -> None:
        if on_progress is not None:
            on_progress(done / max(points, 1))

    tell(evaluated(0))  # which also makes room for the results
    with ThreadPoolExecutor(cores()) as pool:
        for done in pool.map(evaluated, range(chunk, points, chunk)):
            tell(done)
    return result[0]
