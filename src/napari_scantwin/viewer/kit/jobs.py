"""Long work in a thread: one job at a time, a stop flag, late results dropped, errors in one sentence."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from logging.handlers import RotatingFileHandler

from qtpy.QtCore import QObject, QTimer, Signal

from napari_scantwin.core.config import log_file
from napari_scantwin.core.errors import Cancelled, ScanError

__all__ = ["Job", "in_a_sentence", "keep"]

_log = logging.getLogger("napari_scantwin")
_numbers = itertools.count()
#: Bytes of the log; what is older is kept in one file more.
_MOST = 1_000_000


def in_a_sentence(reason: BaseException | str) -> str:
    """A reason as the user reads it."""
    if isinstance(reason, BaseException) and not isinstance(reason, ScanError):
        return f"Something went wrong inside napari-scantwin ({type(reason).__name__}); {log_file()} has the details."
    return str(reason)


def keep(reason: BaseException | str) -> None:
    """Write an error with what led to it to the log, and nowhere else."""
    if isinstance(reason, BaseException):
        _keep_log()
        _log.error("%s", reason, exc_info=reason)


def _keep_log() -> None:
    """Have what is logged written to the log's file: without a handler Python would write it to the terminal."""
    path = str(log_file().absolute())
    kept = [one for one in _log.handlers if isinstance(one, RotatingFileHandler)]
    if any(one.baseFilename == path for one in kept):
        return
    for one in kept:
        _log.removeHandler(one)
        one.close()
    try:
        log_file().parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=_MOST, backupCount=1, delay=True, encoding="utf-8"
        )
    except OSError:  # nowhere to keep it
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _log.addHandler(handler)


class Job(QObject):
    """Runs ``work(report, stop)`` in a thread, one at a time.

    ``report(anything)`` hands progress to ``progressed`` (only the newest, every 50 ms); ``stop`` is a
    ``threading.Event`` the work looks at. Signals ``progressed``, ``done(result)``, ``failed(error)``,
    ``cancelled`` and, after any of the last three, ``ended`` arrive in the main thread. A plain thread and a
    queue serve here because the work calls back from deep inside the science, where a generator cannot yield.
    """

    progressed = Signal(object)
    done = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._number = -1
        self._timer = QTimer(self)
        self._timer.setInterval(50)
        self._timer.timeout.connect(self._collect)

    @property
    def running(self) -> bool:
        """Whether a job is under way (stopping ones included)."""
        return self._thread is not None

    @property
    def stopping(self) -> bool:
        """Whether the job was asked to stop."""
        return self._stop.is_set()

    def start(self, work) -> bool:
        """Start ``work``; False, and nothing happens, while another job runs."""
        if self.running:
            return False
        self._stop = stop = threading.Event()
        self._number = number = next(_numbers)
        post = self._queue.put

        def run():
            try:
                post((number, "done", work(lambda news: post((number, "news", news)), stop)))
            except Cancelled:
                post((number, "cancelled", None))
            except BaseException as reason:
                post((number, "failed", reason))

        self._thread = threading.Thread(target=run, daemon=True, name=f"scantwin-{number}")
        self._thread.start()
        self._timer.start()
        return True

    def stop(self) -> None:
        """Ask the job to end; it does within half a second."""
        self._stop.set()

    def abandon(self, wait: float = 5.0) -> None:
        """Stop the job and drop whatever it still brings, as when its widget closes."""
        self._stop.set()
        thread, self._thread, self._number = self._thread, None, -1
        self._timer.stop()
        if thread is not None:
            thread.join(wait)

    def _collect(self) -> None:
        news, final = None, None
        while not self._queue.empty():
            number, what, content = self._queue.get()
            if number != self._number:
                continue
            if what == "news":
                news = content
            else:
                final = (what, content)
        if news is not None:
            self.progressed.emit(news)
        if final is None:
            return
        self._timer.stop()
        self._thread = None
        what, content = final
        if what == "done":
            self.done.emit(content)
        elif what == "cancelled":
            self.cancelled.emit()
        else:
            self.failed.emit(content)
        self.ended.emit()
