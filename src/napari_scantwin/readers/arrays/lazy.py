"""Arrays as they stand in a file: read whole where they are small, opened chunk by chunk where they are not.

What is larger than :data:`MOST_IN_MEMORY`, or fifty times its file, becomes a dask array, of which only the chunks that
are looked at are ever read. It holds no file open: every chunk opens the file, so that it can be sent to another
process.
"""

from __future__ import annotations

import math
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arrays.hdf5_open import opened, refusal

__all__ = ["MOST_IN_MEMORY", "Kept", "Stored", "chunks_of", "fits_in_memory", "hdf5_array", "to_array", "too_large"]

#: Arrays of more bytes than this are opened lazily.
MOST_IN_MEMORY = 512 << 20
#: Bytes of one chunk of a lazily opened array.
CHUNK = 16 << 20
#: No compression used in such files shrinks more than this (gzip at most 1032 times), and this much may be empty.
_MOST_SHRUNK, _EMPTY = 2000, 1 << 30
_MOST_OF_A_FOLDER = 1 << 46
#: An array of so many bytes and so many times its file's size is still read whole.
_ROOM, _TIMES = 64 << 20, 50


class _Recent:
    """The parts read last, so that a plane that is looked at again, or slid through, is not read again."""

    def __init__(self, most: int):
        self._most, self._held = most, 0
        self._parts: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, wanted: tuple, read: Callable[[], np.ndarray]) -> np.ndarray:
        """The part under a key, read where it is not held; not to be written to."""
        with self._lock:
            if wanted in self._parts:
                self._parts.move_to_end(wanted)
                return self._parts[wanted]
        part = read()
        part.flags.writeable = False
        with self._lock:
            if wanted not in self._parts and part.nbytes <= self._most:
                self._parts[wanted] = part
                self._held += part.nbytes
            while self._held > self._most:
                self._held -= self._parts.popitem(last=False)[1].nbytes
        return part


_recent = _Recent(256 << 20)


@dataclass(frozen=True)
class Stored:
    """An array in a file, read when it is sliced like a numpy array; :class:`ScanError` where the file is damaged or
    gone.

    Parameters
    ----------
    path
        The file.
    key
        The array's place in the file.
    shape, dtype
        Those of the array.
    read
        ``read(path, key, slices)`` returns a part of it.
    """

    path: Path
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[Path, str, tuple], np.ndarray]

    @property
    def ndim(self) -> int:
        """How many dimensions it has."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Its size in memory in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def __getitem__(self, slices) -> np.ndarray:
        if slices is Ellipsis:
            return self._read(slices)
        try:
            about = self.path.stat()
            wanted = (str(self.path), self.key, about.st_mtime_ns, about.st_size, repr(slices))
        except OSError:
            return self._read(slices)
        return _recent.get(wanted, lambda: self._read(slices))

    def _read(self, slices) -> np.ndarray:
        try:
            return self.read(self.path, self.key, slices)
        except BlockingIOError as reason:
            raise refusal(self.path, reason) from reason
        except Exception as reason:  # each library raises many kinds for damage
            raise ScanError(
                f"{self.path.name}: {self.key} cannot be read; the file may be cut off or gone: copy it again"
            ) from reason


class Kept:
    """Anything that slices lazily, such as an xarray variable; the parts read last are kept in memory."""

    def __init__(self, source):
        self._source, self._token = source, uuid.uuid4().hex
        self.shape, self.dtype, self.ndim = source.shape, source.dtype, source.ndim

    def __getitem__(self, slices) -> np.ndarray:
        return _recent.get((self._token, repr(slices)), lambda: np.array(self._source[slices]))


def too_large(nbytes: int, path: Path) -> bool:
    """Whether a file promises more than it can hold, as one with a damaged header does.

    Parameters
    ----------
    nbytes
        The size in bytes of the array that it promises.
    path
        The file. A folder's size is not known without going through it; for one, only what no disk holds is too large.
    """
    try:
        held = path.stat().st_size
    except OSError:
        return False
    if path.is_dir():
        return nbytes > _MOST_OF_A_FOLDER
    return nbytes > _EMPTY + _MOST_SHRUNK * held


def fits_in_memory(nbytes: int, path: Path) -> bool:
    """Whether arrays of a file are read whole: where they are small, and no more than a multiple of the file, which one
    that was never written to, or packs the same number a thousand times, is not.

    Parameters
    ----------
    nbytes
        Their size in bytes.
    path
        The file; of a folder the size is not known without going through it.
    """
    if path.is_file():
        return nbytes <= min(MOST_IN_MEMORY, _ROOM + _TIMES * path.stat().st_size)
    return nbytes <= MOST_IN_MEMORY


def to_array(stored: Stored, chunks: tuple[int, ...] | None = None):
    """The array, in memory or as a dask array.

    Parameters
    ----------
    stored
        The array in its file.
    chunks
        The file's own chunks, where it has some.

    Returns
    -------
    numpy.ndarray or dask.array.Array
        numpy where :func:`fits_in_memory` allows it, else dask, in chunks that are whole multiples of the
        file's own.

    Raises
    ------
    ScanError
        Where its size cannot be true.
    """
    if too_large(stored.nbytes, stored.path):
        size = " x ".join(map(str, stored.shape))
        raise ScanError(
            f"{stored.path.name}: {stored.key} says it holds {size} values, far more than the file has room for; it "
            "is altered: copy it again"
        )
    if fits_in_memory(stored.nbytes, stored.path):
        return np.asarray(stored[...])
    if chunks is not None and math.prod(chunks) * stored.dtype.itemsize > MOST_IN_MEMORY:
        raise ScanError(  # no part of it can be read without unpacking as much
            f"{stored.path.name}: {stored.key} is packed in one piece of {math.prod(chunks)} values, too large to read "
            "in parts; save it again with smaller chunks"
        )
    import dask.array

    return dask.array.from_array(stored, chunks=chunks_of(stored.shape, stored.dtype, chunks), name=False, asarray=True)


def chunks_of(shape: tuple[int, ...], dtype: np.dtype, own: tuple[int, ...] | None) -> tuple[int, ...]:
    """The chunks an array is read in.

    They are grown from the last dimension on, so that planes of the last two dimensions, as they are looked at, lie in
    few of them.

    Parameters
    ----------
    shape, dtype
        Those of the array.
    own
        The file's chunks, or None.

    Returns
    -------
    tuple of int
        Whole multiples of the file's chunks, one number a dimension.
    """
    size = list(own or (1,) * len(shape))
    for dimension in reversed(range(len(shape))):
        room = CHUNK // max(math.prod(size) * dtype.itemsize, 1)
        size[dimension] *= max(1, min(room, -(-shape[dimension] // size[dimension])))
    return tuple(min(one, whole) for one, whole in zip(size, shape, strict=True))


def _read_hdf5(path: Path, key: str, slices) -> np.ndarray:
    with opened(path) as file:
        return file[key][slices]


def hdf5_array(path: Path, data):
    """A dataset of an open HDF5 file, or of one linked to it, as an array, lazily opened where it is large."""
    return to_array(
        Stored(path.with_name(Path(data.file.filename).name), data.name, data.shape, data.dtype, _read_hdf5),
        data.chunks,
    )
