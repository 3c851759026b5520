"""The one door to TensorFlow.

TensorFlow and Mesa's OpenGL driver both export LLVM's symbols; loaded into one process in the ordinary
way, whichever comes second uses the other's and crashes. Two flags of ``dlopen`` keep them apart:
``RTLD_DEEPBIND`` makes TensorFlow use its own symbols when the driver is already there, and leaving out
``RTLD_GLOBAL``, which TensorFlow sets while it loads itself, hides its symbols from a driver that comes
later. TensorFlow is imported when first needed, normally in a worker thread, because that takes seconds.

Python's ``import`` holds the interpreter's lock while a shared library is loaded, a second for TensorFlow's gigabyte,
and the collector of garbage holds it while it looks through all objects, again and again as an import makes a million
of them: other threads, that of the window among them, stand still meanwhile. So the libraries are loaded beforehand by
a plain call of ``dlopen``, which lets others run, and the collector rests during the import. What is there then is put
aside (``gc.freeze``): it lives as long as the process, and the first collection afterwards, which would look through
all of it, takes most of a second. ``gc.unfreeze()`` takes that back.
"""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path

__all__ = ["cores", "has_gpu", "is_loaded", "tensorflow"]

_lock = threading.Lock()
#: In the order in which they need each other.
_LIBRARIES = ("libtensorflow_framework.so.2", "libtensorflow_cc.so.2")


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


def _load_libraries() -> None:
    """Load TensorFlow's large libraries without the interpreter's lock, with symbols of their own (Linux); where that
    fails the import loads them."""
    found = importlib.util.find_spec("tensorflow")
    if not sys.platform.startswith("linux") or found is None or found.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    for name in _LIBRARIES:
        dlopen(os.fsencode(Path(found.origin).parent / name), os.RTLD_NOW | os.RTLD_DEEPBIND)


@contextmanager
def _collector_at_rest():
    """Without collections of garbage within, where they were on, and of what is there at the end."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if on:
            gc.enable()


def tensorflow():
    """The TensorFlow module, imported safely before or beside an open window on the first call."""
    with _lock:
        if "tensorflow" in sys.modules:
            return sys.modules["tensorflow"]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        # Its other code path announces itself on standard error; ours is XLA's and does not use it.
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
        _load_libraries()
        with _private_symbols(), _collector_at_rest(), warnings.catch_warnings():
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
