"""The one door to TensorFlow.

TensorFlow and Mesa's OpenGL driver both export LLVM's symbols; loaded into one process in the ordinary
way, whichever comes second uses the other's and crashes. Two flags of ``dlopen`` keep them apart:
``RTLD_DEEPBIND`` makes TensorFlow use its own symbols when the driver is already there, and leaving out
``RTLD_GLOBAL``, which TensorFlow sets while it loads itself, hides its symbols from a driver that comes
later. TensorFlow is imported when first needed, normally in a worker thread, because that takes seconds.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from contextlib import contextmanager

__all__ = ["cores", "has_gpu", "is_loaded", "tensorflow"]

_lock = threading.Lock()


@contextmanager
def _private_symbols():
    """Whatever flags are asked for within, load shared libraries with symbols of their own (Linux)."""
    if not sys.platform.startswith("linux"):
        yield
        return
    before, set_flags = sys.getdlopenflags(), sys.setdlopenflags

    def set_private(flags: int) -> None:
        set_flags((flags | os.RTLD_DEEPBIND) & ~os.RTLD_GLOBAL)

    sys.setdlopenflags = set_private
    try:
        set_private(before)
        yield
    finally:
        sys.setdlopenflags = set_flags
        set_flags(before)


def tensorflow():
    """The TensorFlow module, imported safely before or beside an open window on the first call."""
    with _lock:
        if "tensorflow" in sys.modules:
            return sys.modules["tensorflow"]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # Its other code path announces itself on standard error; ours is XLA's and does not use it.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
        with _private_symbols(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import tensorflow as tf  # noqa: TID251
        # A scan is small beside a GPU: take memory as it is needed and leave the rest to others.
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        return tf


def is_loaded() -> bool:
    """Whether TensorFlow's slow first import is already behind us."""
    return "tensorflow" in sys.modules


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tensorflow().config.list_physical_devices("GPU"))


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
