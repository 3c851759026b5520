"""Waiting for what cannot be interrupted (an import, a compilation) without making a stop wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from napari_scantwin.core.errors import Cancelled

__all__ = ["patiently"]

#: Seconds between looks at the stop flag.
_LOOK = 0.05


def patiently(work: Callable[[], None], stop: threading.Event | None) -> None:
    """Do ``work()`` in a thread and wait for it; raises :class:`Cancelled` as soon as ``stop`` is set, leaving the
    work to end by itself, and whatever the work raised otherwise."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as reason:
            failed.append(reason)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        if stop is not None and stop.is_set():
            raise Cancelled
        thread.join(_LOOK)
    if failed:
        raise failed[0]
