"""What a training takes is loaded and compiled while the panel stands idle, so that a click finds it ready."""

from __future__ import annotations

import gc
import logging
import threading

from qtpy.QtCore import QObject, QTimer

from napari_scantwin.core.errors import Cancelled, ScanError

__all__ = ["Readiness"]

_log = logging.getLogger("napari_scantwin")
#: Milliseconds for which the panel has been open, or a scan chosen, before anything begins.
DELAY = 1500


class Readiness(QObject):
    """Loads TensorFlow soon after the panel was opened, and compiles for each scan that is chosen.

    It works in a thread of its own that nobody waits for but the end of the process: an import cannot be broken off,
    and one that the process ends under may crash it. The thread has the usual priority, since one that holds the
    interpreter's lock while it waits for a processor would make the window wait with it.
    """

    def __init__(self, train_widget, chooser, parent=None):
        super().__init__(parent)
        self._train, self._chooser = train_widget, chooser
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._wanted = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._look)
        chooser.changed.connect(self._want)
        self._timer.start()

    @property
    def working(self) -> bool:
        """Whether something is being loaded or compiled."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def ready(self) -> bool:
        """Whether nothing is left to be loaded or compiled for the scan that is chosen."""
        return not self._wanted and not self.working

    def shut(self) -> None:
        """Begin nothing more, and end what runs at its next step."""
        self._timer.stop()
        self._stop.set()
        gc.unfreeze()

    def _want(self, layer) -> None:
        self._wanted = True
        if not self._stop.is_set():
            self._timer.start()

    def _look(self) -> None:
        if self.working or self._train.job.running:
            self._timer.start()  # later
        elif self._wanted:
            self._wanted = False
            arguments = (self._chooser.scan, self._settings(), self._stop)
            self._thread = threading.Thread(target=_get_ready, args=arguments, name="scantwin-readiness")
            self._thread.start()
            self._timer.start()
        else:
            # What was compiled lives as long as the process too: no collection of garbage is to look through it while
            # the window waits (see networks.backend).
            gc.freeze()

    def _settings(self):
        try:
            return self._train.chosen_settings()
        except ScanError:  # said when it is to be trained
            return None


def _get_ready(scan, settings, stop: threading.Event) -> None:
    from napari_scantwin.networks.backend import tensorflow
    from napari_scantwin.twin.training import get_ready

    try:
        tensorflow()
        if scan is not None:
            get_ready(scan, settings, stop)
    except (Cancelled, ScanError):
        return
    except Exception:  # the training says it, where somebody looks
        _log.exception("getting ready for a training failed")
