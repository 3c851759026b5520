"""Waiting for what cannot be interrupted (an import, a compilation) without making a stop wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from napari_scantwin.core.errors import Cancelled

__all__ = ["interruptibly"]

Result = TypeVar("Result")

#: Seconds between looks at the stop flag.
_LOOK = 0.05


def interruptibly(work: Callable[[], Result], stop: threading.Event | None) -> Result:
    """Do some work in a thread and wait for what it returns.

    Parameters
    ----------
    work
        Called without arguments.
    stop
        The wait ends when it is set; None to wait in any case.

    Returns
    -------
    object
        What the work returned.

    Raises
    ------
    Cancelled
        As soon as ``stop`` is set; the work is left to end by itself, and what it returns is dropped.
    BaseException
        Whatever the work raised.
    """
    failed: list[BaseException] = []
    done: list[Result] = []

    def run() -> None:
        try:
            done.append(work())
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
    return done[0]
