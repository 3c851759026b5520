"""The sides an analysis compares: the measured sweeps, their twin, a second measurement and its twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.operations.source import Source

__all__ = ["Side", "sides_of"]


@dataclass(frozen=True)
class Side:
    """One side of a comparison.

    Parameters
    ----------
    name
        What a key or table calls it.
    twin
        Whether it is a twin's.
    second
        Whether it is of the second measurement.
    """

    name: str
    twin: bool
    second: bool


def sides_of(sources: Sequence[Source], work: Callable, *, measured: str = "sweeps", stop=None) -> tuple[list, list]:
    """Work out every side of some measurements: each as measured and, where it has one, its twin.

    Parameters
    ----------
    sources
        The chosen measurement and those it is compared with.
    work
        ``work(name, source, twin or None, second)`` makes one side; :class:`ScanError` refuses it.
    measured
        The name of the chosen scan's own side, where its source has none.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    tuple
        The sides, and a sentence for each that was refused.

    Raises
    ------
    ScanError
        Where there is no side at all, in the words of the first.
    Cancelled
        Where ``stop`` was set.
    """
    sides, refused = [], []
    for number, source in enumerate(sources):
        for twin in (None, source.twin) if source.twin is not None else (None,):
            name = f"{source.name} twin".strip() if twin is not None else source.name or measured
            if stop is not None and stop.is_set():
                raise Cancelled
            try:
                sides.append(work(name, source, twin, number > 0))
            except ScanError as reason:
                refused.append((name, str(reason)))
    if not sides:
        raise ScanError(refused[0][1])
    return sides, [f"{name}: {words}" for name, words in refused]
