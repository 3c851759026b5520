"""Simulated volumes larger than memory, straight from the twin to a zarr folder, part by part.

The folder grows beside the final name and is renamed when it is whole. Its journal has a line for every part that is
completely written; a run that was stopped or killed goes on after the last of them, provided that twin and grid are the
same.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import locks
from napari_scantwin.core.errors import Cancelled, NotWritten, ScanError
from napari_scantwin.core.files import may_replace, not_written, only_store, replace
from napari_scantwin.core.stored_form import as_dataset, dataset_names
from napari_scantwin.twin import simulation
from napari_scantwin.twin.volume import blocks
from napari_scantwin.writers.formats import chunked
from napari_scantwin.writers.provenance import with_provenance

__all__ = ["write_volume"]

#: Values of one part: 4 MB an array, few enough that a stop is noticed soon.
_PART = 1 << 20
#: Parts a cluster is given ahead of those that are written.
_AHEAD = 8
#: glibc's name for the number of arenas its malloc shares out among threads, and how many of them.
_M_ARENA_MAX, _ARENAS = -8, 2
#: In an unfinished volume's folder: which parts are written.
_JOURNAL = "parts.txt"
_OPTIONS = {"consolidated": False, "zarr_format": 3}


def write_volume(
    twin,
    grid: Mapping[str, np.ndarray] | None,
    path: str | Path,
    *,
    along: str | None = None,
    order: int = 1,
    scheduler: str | None = None,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> list[Path]:
    """Simulate a twin on a grid of any size, straight into a zarr folder.

    Parameters
    ----------
    twin
        The twin.
    grid
        Values of each axis by name, as for :meth:`Twin.simulate`; None: the twin's default grid.
    path
        The folder, with the suffix ``.zarr``.
    along, order
        As for :meth:`Twin.simulate`: the axis and order of a derivative.
    scheduler
        The address of a Dask cluster, ``tcp://host:8786``, whose workers evaluate the parts (extra ``cluster``); by
        default nothing but this process works, and nothing listens.
    on_progress
        Called with the fraction of the parts that is written.
    stop
        Setting it ends the run and keeps the parts written so far, hidden beside ``path``: the same call goes on from
        there.

    Returns
    -------
    list of Path
        The folder.

    Raises
    ------
    ScanError
        For a suffix other than ``.zarr``, a disk that is full or may not be written to, a ``path`` that is a folder of
        other things or that another process simulates into, or a scheduler that does not answer.
    Cancelled
        Where ``stop`` was set.
    """
    path = Path(path)
    if path.suffix.lower() != ".zarr":
        raise ScanError(f"{path.name}: a volume is written as .zarr; give it that suffix")
    may_replace(path)
    scan = with_provenance(twin.simulate(grid, along=along, order=order, lazy=True))
    _use_few_arenas()
    parts = blocks(scan.shape, _PART)
    key = _key(twin, scan, along, order)
    unfinished = path.parent / f".{path.name}.unfinished"
    journal = unfinished / _JOURNAL
    with _alone(path):
        try:
            os.scandir(path.parent).close()  # zarr would make the folder
            done = _done(journal, key)
            if not done:
                if not only_store(unfinished, also=(_JOURNAL,)):
                    raise NotWritten(
                        f"{unfinished.name} holds other things than an unfinished volume; move it away first"
                    )
                shutil.rmtree(unfinished, ignore_errors=True)
                _prepared(scan, parts[0], unfinished)
                _note(journal, key)
            left = [number for number in range(len(parts)) if number not in done]
            axes = {str(name): scan[name].values for name in scan.dims}
            tasks = [{name: axis[one] for (name, axis), one in zip(axes.items(), parts[k], strict=True)} for k in left]
            evaluated = _on_cluster if scheduler else _here
            for number, arrays in zip(left, evaluated(twin, tasks, along, order, scheduler, stop), strict=True):
                _put(unfinished, scan, parts[number], arrays)
                _note(journal, str(number))
                done.add(number)
                if on_progress is not None:
                    on_progress(len(done) / len(parts))
            journal.unlink()
            replace(unfinished, path)
        except OSError as reason:
            raise not_written(path, reason) from reason
    return [path]


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from simulating into the same folder: both would write the same parts, and the first to end
    would take the folder away from the other."""
    try:
        with locks.taken(path.parent / f".{path.name}.lock"):
            yield
    except locks.Busy as holder:
        raise NotWritten(
            f"{path.name} is being simulated by {holder}: wait until that is done, or choose another name"
        ) from holder


def _use_few_arenas() -> None:
    """Keep glibc's malloc from holding freed memory for every thread that ever worked on a part, which over hundreds of
    parts adds up to a fifth of the whole; other systems do not need it."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _key(twin, scan: xr.DataArray, along, order) -> str:
    """What distinguishes this twin on this grid from any other."""
    digest = hashlib.sha256()
    for name in scan.dims:
        digest.update(scan[name].values.tobytes())
    few = np.stack([np.resize(scan[name].values, 64) for name in scan.dims], axis=1)
    for array in (*twin.predict(few), twin.mixture.weights):
        digest.update(np.ascontiguousarray(array, float).tobytes())
    return f"{digest.hexdigest()} {along} {order}"


def _done(journal: Path, key: str) -> set[int]:
    """Numbers of the parts an earlier run of the same twin and grid has written; empty where there are none. What
    follows the journal's last whole line is cut off, or the next line would be written to its end."""
    try:
        text = journal.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    whole = text[: text.rfind("\n") + 1]
    first, *lines = whole.splitlines() or [""]
    if first != key:
        return set()
    if whole != text:
        with journal.open("w", encoding="utf-8", newline="\n") as file:
            file.write(whole)
    return {int(line) for line in lines if line.isdigit()}


def _note(journal: Path, line: str) -> None:
    with journal.open("a", encoding="utf-8", newline="\n") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _prepared(scan: xr.DataArray, part: tuple[slice, ...], folder: Path) -> None:
    """The folder with everything but the volume's values, whose chunks are the parts."""
    dataset = as_dataset(scan)
    sizes, dims = tuple(one.stop for one in part), next(iter(dataset.data_vars.values())).dims
    whole = {name: {"chunks": sizes} for name, variable in dataset.variables.items() if variable.dims == dims}
    parts = chunked(dataset, dict(zip(dims, sizes, strict=True)), str(dims[0]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's word that string attributes may change their form
        parts.to_zarr(folder, mode="w", compute=False, encoding=whole, **_OPTIONS)


def _put(folder: Path, scan: xr.DataArray, part: tuple[slice, ...], arrays) -> None:
    import zarr

    store = zarr.open_group(folder, mode="r+", zarr_format=3)
    value, names = dataset_names(scan)
    for name, array in zip((value, names["standard_error"], names["extrapolated"]), arrays, strict=True):
        store[name][part] = array.astype(store[name].dtype)


def _here(twin, tasks: list[dict], along, order, scheduler, stop) -> Iterator[tuple]:
    for axes in tasks:
        yield simulation.filled(twin, axes, along, order, None, stop)


def _on_cluster(twin, tasks: list[dict], along, order, scheduler: str, stop) -> Iterator[tuple]:
    """The parts in order, evaluated by the workers of ``scheduler``, a few ahead."""
    try:
        from distributed import Client
    except ImportError as reason:
        raise ScanError("a Dask cluster needs the extra 'cluster': pip install napari-scantwin[cluster]") from reason
    try:
        client = Client(scheduler, timeout=20, set_as_default=False)
    except (OSError, ValueError) as reason:
        raise ScanError(
            f"no Dask scheduler answers at {scheduler}; start one there or leave --scheduler out"
        ) from reason
    with client:
        known = client.scatter(twin, broadcast=True)
        futures: list = []
        for number in range(len(tasks)):
            while len(futures) < len(tasks) and len(futures) < number + _AHEAD:
                axes = tasks[len(futures)]
                futures.append(client.submit(simulation.filled, known, axes, along, order, None, None, pure=False))
            while futures[number].status == "pending":
                if stop is not None and stop.wait(0.1):
                    client.cancel([future for future in futures if future is not None])
                    raise Cancelled
                if stop is None:
                    break
            yield futures[number].result()
            futures[number] = None
