"""What stands side by side in an analysis: the measured sweeps, their twin, a second measurement and its twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.operations.source import Source

__all__ = ["Side", "sides_of"]


@dataclass(frozen=True)
class Side:
    """One side: its ``name``, whether it is a ``twin``'s, and whether it is of the ``second`` measurement."""

    name: str
    twin: bool
    second: bool


def sides_of(sources: Sequence[Source], work: Callable, *, measured: str = "sweeps", stop=None) -> tuple[list, list]:
    """Every side that ``work(name, source, twin or None, second)`` can work out, and the sentences of those it cannot;
    ``measured`` names the chosen scan's own. Raises :class:`ScanError` where there is none, in the words of the
    first."""
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
