"""The one door to TensorFlow.

TensorFlow and Mesa's OpenGL driver both export LLVM's symbols; loaded into one process in the ordinary
way, whichever comes second crashes. ``RTLD_DEEPBIND`` makes TensorFlow use its own. It is imported when
first needed, normally in a worker thread, because the import takes seconds.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings

__all__ = ["is_loaded", "tensorflow"]

_lock = threading.Lock()


def tensorflow():
    """The TensorFlow module, imported safely beside an open window on the first call."""
    with _lock:
        if "tensorflow" in sys.modules:
            return sys.modules["tensorflow"]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # Its other code path announces itself on standard error; ours is XLA's and does not use it.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
        flags = sys.getdlopenflags() if sys.platform.startswith("linux") else None
        try:
            if flags is not None:
                sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import tensorflow as tf  # noqa: TID251
        finally:
            if flags is not None:
                sys.setdlopenflags(flags)
        # A scan is small beside a GPU: take memory as it is needed and leave the rest to others.
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        return tf


def is_loaded() -> bool:
    """Whether TensorFlow's slow first import is already behind us."""
    return "tensorflow" in sys.modules
