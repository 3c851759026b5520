"""Linear algebra on one thread, without looking through the process's libraries each time it is asked for."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext

__all__ = ["one_thread"]


@functools.cache
def _libraries():
    import numpy  # noqa: F401  its library is to be there before libraries are looked for
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def one_thread() -> AbstractContextManager:
    """A block within which NumPy's products of matrices take one thread: many small ones would only wait for each
    other, on a busy machine a hundred times as long. The limit is the whole process's while it lasts."""
    found = _libraries()
    if all(one.num_threads == 1 for one in found.lib_controllers):
        return nullcontext()
    return found.limit(limits=1)
