"""Progress of a step and the request to stop it, available to any loop without being passed along.

>>> with reporting(on_progress, stop_event):
...     apply(scan, "smooth", ...)
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator

from napari_scantwin.core.errors import Cancelled

__all__ = ["reporting", "tell"]

_listener: contextvars.ContextVar[tuple[Callable[[float], None] | None, threading.Event | None]] = (
    contextvars.ContextVar("listener", default=(None, None))
)


@contextlib.contextmanager
def reporting(
    on_progress: Callable[[float], None] | None = None, stop_event: threading.Event | None = None
) -> Iterator[None]:
    """Report the progress of the steps within this block, and let them be stopped.

    Parameters
    ----------
    on_progress
        Is called with the share of a pass that is done, from 0 to 1 (a step may make several passes).
    stop_event
        Setting it makes a step raise :class:`Cancelled` soon after; the scan it was given is as it was.
    """
    token = _listener.set((on_progress, stop_event))
    try:
        yield
    finally:
        _listener.reset(token)


def tell(share: float | None = None) -> None:
    """Report progress from within a loop.

    Parameters
    ----------
    share
        The share that is done, from 0 to 1; None only checks whether to stop.

    Raises
    ------
    Cancelled
        Where the ``stop_event`` of :func:`reporting` is set.
    """
    on_progress, stop_event = _listener.get()
    if stop_event is not None and stop_event.is_set():
        raise Cancelled
    if on_progress is not None and share is not None:
        on_progress(share)
