"""The newest of many pieces of work, in a thread: what the mouse asks for faster than a file can be read."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal

from napari_scantwin.core.errors import ScanError

__all__ = ["LatestJob", "not_read"]

_numbers = itertools.count()


def not_read(what: str, reason: BaseException) -> str:
    """One sentence about something of a file, "The plane", that could not be read."""
    if isinstance(reason, ScanError):
        return str(reason)
    return f"{what} cannot be read ({reason}); the file may be cut off or gone: copy it again."


class LatestJob(QObject):
    """Does what it was asked last, one piece at a time; what was asked in between is dropped.

    ``found(result)`` or ``failed(error)`` arrive in the main thread. What is under way when something newer is asked
    for is finished, and its result arrives too: an older view is better than none.
    """

    found = Signal(object)
    failed = Signal(object)
    _ended = Signal(int, object, object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._number = -1
        self._next: Callable[[], object] | None = None
        self._ended.connect(self._collect, Qt.QueuedConnection)

    @property
    def busy(self) -> bool:
        """Whether anything is under way or waits."""
        return self._number >= 0

    def ask(self, work: Callable[[], object]) -> None:
        """Do ``work()`` as soon as the work under way has ended, unless something newer is asked for by then."""
        if self.busy:
            self._next = work
            return
        self._number = number = next(_numbers)

        def run() -> None:
            found = reason = None
            try:
                found = work()
            except BaseException as error:
                reason = error
            with contextlib.suppress(RuntimeError):  # the window was closed meanwhile
                self._ended.emit(number, found, reason)

        threading.Thread(target=run, daemon=True, name=f"scantwin-latest-{number}").start()

    def skip(self) -> None:
        """Drop what waits, not what is under way."""
        self._next = None

    def forget(self) -> None:
        """Drop whatever was asked for, and the result of what is under way."""
        self._number, self._next = -1, None

    def _collect(self, number: int, found, reason) -> None:
        if number != self._number:
            return
        waiting = self._next
        self.forget()
        if waiting is not None:
            self.ask(waiting)
        if reason is None:
            self.found.emit(found)
        else:
            self.failed.emit(reason)
