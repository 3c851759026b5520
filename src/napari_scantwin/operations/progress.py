"""Progress of a step and the wish to stop it, handed down to whatever loop is running without passing it along.

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
    """Within this block steps call ``on_progress`` with the share of a pass that is done (a step may make several) and
    raise :class:`Cancelled` soon after ``stop_event`` is set; the scan they were given is as it was."""
    token = _listener.set((on_progress, stop_event))
    try:
        yield
    finally:
        _listener.reset(token)


def tell(share: float | None = None) -> None:
    """Report a ``share`` from 0 to 1 (None: only look whether to stop)."""
    on_progress, stop_event = _listener.get()
    if stop_event is not None and stop_event.is_set():
        raise Cancelled
    if on_progress is not None and share is not None:
        on_progress(share)
