"""Stacks of many places: which are looked at to find the components, and how the rest is done in parts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.patterns.matrix import ObservationTable

__all__ = ["MOST_PLACES", "chosen_places", "in_blocks", "leading_loadings"]

#: Places the components are found on; more are sampled, tile by tile, so that neighbours stay together.
MOST_PLACES = 20_000
_TILE = 8


def chosen_places(table: ObservationTable, most: int = MOST_PLACES, seed: int = 0) -> np.ndarray | None:
    """Numbers, among the used places, of tiles of places spread evenly; None where all are few enough.

    Parameters
    ----------
    table
        The table.
    most
        How many places at most, about.
    seed
        Fixes which.
    """
    count = int(table.used.sum())
    if count <= most:
        return None
    shape = table.used.shape
    side = _TILE if len(shape) > 1 else _TILE**2
    tiles = [-(-one // side) for one in shape]
    of_tile = np.zeros(shape, np.int64)
    for axis, (size, number) in enumerate(zip(shape, tiles, strict=True)):
        place = np.arange(size) // side
        of_tile = of_tile * number + place.reshape([-1 if k == axis else 1 for k in range(len(shape))])
    total = int(np.prod(tiles))
    wanted = max(1, round(total * most / count))
    # One of every so many tiles in a row, at random: evenly spread, without a beat with what is periodic.
    random = np.random.default_rng(seed)
    edges = np.linspace(0, total, wanted + 1)
    picked = np.unique((edges[:-1] + random.uniform(size=wanted) * np.diff(edges)).astype(int))
    flags = np.zeros(total, bool)
    flags[picked] = True
    return np.flatnonzero(flags[of_tile][table.used])


def in_blocks(
    table: ObservationTable,
    work: Callable,
    *,
    scheduler: str | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Iterator[tuple[np.ndarray, object]]:
    """Do something with the rows of all places, part by part.

    Parameters
    ----------
    table
        The table.
    work
        Called with rows [n, p].
    scheduler
        The address of a Dask cluster whose workers do it (extra ``cluster``); by default this process does.
    stop
        Ends the work when it is set.
    on_progress
        Called with the fraction done.

    Yields
    ------
    numbers : numpy.ndarray
        The places of the part, by their number among the used ones.
    done : object
        What ``work`` returned for them.

    Raises
    ------
    ScanError
        Where no scheduler answers.
    Cancelled
        Where ``stop`` was set.
    """
    numbers = np.arange(int(table.used.sum()))
    step = table.step
    parts = [numbers[start : start + step] for start in range(0, len(numbers), step)]
    run = _here if scheduler is None else _on_cluster
    for done, (part, result) in enumerate(zip(parts, run(table, parts, work, scheduler, stop), strict=True), start=1):
        yield part, result
        if on_progress is not None:
            on_progress(done / len(parts))


def _here(table, parts, work, scheduler, stop):
    for part in parts:
        if stop is not None and stop.is_set():
            raise Cancelled
        yield work(table.rows(part))


def _of_rows(table, part, work):
    return work(table.rows(part))


def _on_cluster(table, parts, work, scheduler, stop, ahead: int = 8):
    """The parts in order, done by the workers of ``scheduler``, a few ahead."""
    try:
        from distributed import Client
    except ImportError as reason:
        raise ScanError("a Dask cluster needs the extra 'cluster': pip install napari-scantwin[cluster]") from reason
    try:
        client = Client(scheduler, timeout=20, set_as_default=False)
    except (OSError, ValueError) as reason:
        raise ScanError(f"no Dask scheduler answers at {scheduler}; start one there or leave it out") from reason
    with client:
        known = client.scatter(table, broadcast=True)
        futures: list = []
        for number in range(len(parts)):
            while len(futures) < len(parts) and len(futures) < number + ahead:
                futures.append(client.submit(_of_rows, known, parts[len(futures)], work, pure=False))
            while stop is not None and (stop.is_set() or futures[number].status == "pending"):
                if stop.wait(0.1):
                    client.cancel([one for one in futures if one is not None])
                    raise Cancelled
            yield futures[number].result()
            futures[number] = None


def leading_loadings(table: ObservationTable, start: np.ndarray, weigh: Callable, **how) -> np.ndarray:
    """Leading right singular vectors of all places' weighted rows, from a start near them, in one pass.

    One step of the power iteration on the start, which was found on some places, with some vectors to spare.
    N. Halko, P. G. Martinsson and J. A. Tropp, *SIAM Rev.* **53**, 217 (2011).

    Parameters
    ----------
    table
        The table.
    start
        Vectors [m, p], more than are wanted.
    weigh
        Gives the weighted rows of rows.
    how
        ``scheduler``, ``stop`` and ``on_progress`` of :func:`in_blocks`.

    Returns
    -------
    numpy.ndarray
        Singular vectors [m, p], the leading first.
    """
    gathered = np.zeros((start.shape[1], len(start)))
    for _, part in in_blocks(table, _Gathered(weigh, start.T), **how):
        gathered += part
    basis, _ = np.linalg.qr(gathered)
    gram = np.zeros((basis.shape[1],) * 2)
    for _, part in in_blocks(table, _Squared(weigh, basis), **how):
        gram += part
    _, vectors = np.linalg.eigh(gram)
    loadings = (basis @ vectors[:, ::-1]).T
    signs = np.sign(loadings[np.arange(len(loadings)), np.abs(loadings).argmax(axis=1)])
    return loadings * signs[:, None]


class _Gathered:
    """X'XV of a part, an object that a cluster's workers can be sent."""

    def __init__(self, weigh, vectors):
        self._weigh, self._vectors = weigh, vectors

    def __call__(self, rows):
        weighted = self._weigh(rows)
        return np.asarray(weighted.T @ (weighted @ self._vectors.astype(weighted.dtype)), float)


class _Squared(_Gathered):
    """(XV)'XV of a part."""

    def __call__(self, rows):
        found = np.asarray(self._weigh(rows) @ self._vectors.astype(rows.dtype), float)
        return found.T @ found
