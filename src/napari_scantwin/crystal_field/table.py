"""A table of directions in the space of parameters, made once per J and site and kept on disk.

C(T; sB) = C(T/s; B) and χT is a function of T/s, so a direction's two or three curves over the logarithm of T/s hold
those of every scale s. Directions are uniform in the ball Σ|x_i| ≤ 1 of Walter's parameters, as in J. Berthusen et al.,
*SciPost Phys.* **11**, 011 (2021), and their norm Σ|x_i| is 1 K. Nothing in the table depends on measured curves.
"""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.core.files import atomic_path
from napari_scantwin.crystal_field import conventions
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.observables import along, heat_capacity, occupation, states_of
from napari_scantwin.crystal_field.sites import Site

__all__ = ["LOG_STEP", "REDUCED", "DirectionTable", "cache_folder", "direction_table", "directions", "table_size"]

#: The grid of T/s: 0.005 … 1000 in steps of 5 %.
LOG_STEP = 0.05
REDUCED = np.exp(np.arange(np.log(0.005), np.log(1000.0), LOG_STEP))
_CHUNK = 100
_VERSION = 1


@dataclass(frozen=True, eq=False)
class DirectionTable:
    """Simulated curves of N directions.

    Parameters
    ----------
    sized
        The directions [N, k], Σ|x_i| = 1 K.
    energies
        [N, 2J+1] in K above the ground state, float32.
    curves
        By name, [t, N] float32 over :data:`REDUCED`: "heat_capacity" (C/k_B) and "a", "b", "c" (χT over Curie's
        constant), of the axes that the site tells apart.
    """

    sized: np.ndarray
    energies: np.ndarray
    curves: dict[str, np.ndarray]

    def __len__(self):
        return len(self.sized)


def cache_folder() -> Path:
    """Where tables are kept: ``$NAPARI_SCANTWIN_CACHE``, else the user's own cache folder."""
    return Path(os.environ.get("NAPARI_SCANTWIN_CACHE") or platformdirs.user_cache_dir("napari-scantwin"))


def table_size(parameters: int) -> int:
    """How many directions a table of so many parameters has."""
    return {1: 2, 2: 2000, 3: 6000, 4: 10_000, 5: 16_000}.get(parameters, 32_000)


def directions(parameters: int, count: int, seed: int) -> np.ndarray:
    """Directions [count, parameters], uniform in the ball Σ|x_i| ≤ 1 and then stretched to Σ|x_i| = 1.

    Of two parameters they are evenly spaced instead of drawn.
    """
    if parameters == 1:
        return np.array([[1.0], [-1.0]])[np.arange(count) % 2]
    if parameters == 2:
        around = (np.arange(count) + 0.5) / count * 4
        first = np.abs((around % 4) - 2) - 1
        return np.stack([first, np.where(around < 2, 1, -1) * (1 - np.abs(first))], axis=1)
    rng = np.random.default_rng(seed)
    drawn = rng.exponential(size=(count, parameters)) * rng.choice([-1.0, 1.0], size=(count, parameters))
    return drawn / np.abs(drawn).sum(axis=1, keepdims=True)


def axes_of(site: Site) -> tuple[str, ...]:
    """The axes whose susceptibilities differ."""
    return ("a",) if site.cubic else ("a", "c") if site.uniaxial else ("a", "b", "c")


def direction_table(
    ion: Ion,
    site: Site,
    *,
    count: int | None = None,
    seed: int = 20_211,
    keep: bool = True,
    on_progress: Callable[[float], None] | None = None,
    stop: threading.Event | None = None,
) -> DirectionTable:
    """The table of an ion's J and a site's Laue class, from memory, from disk, or made now.

    Parameters
    ----------
    ion, site
        Only J and the Laue class matter.
    count
        How many directions; by default :func:`table_size`.
    seed
        Of the drawn directions.
    keep
        Whether to keep the table on disk (atomically: a build that is stopped leaves nothing).
    on_progress
        Is called with the share that is done.
    stop
        Setting it raises :class:`Cancelled` within a fraction of a second.
    """
    count = count or table_size(len(site.parameters))
    key = f"{_VERSION} {ion.J} {site.laue} {site.parameters} {count} {seed} {len(REDUCED)}"
    path = (
        cache_folder() / "crystal_field" / f"{site.laue}_J{ion.J:g}_{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    )
    with _lock:
        if (table := _in_memory.get(key)) is not None:
            return table
    table = _read(path) if keep else None
    if table is None:
        table = _made(ion, site, directions(len(site.parameters), count, seed), on_progress, stop)
        if keep:
            _write(path, table)
    with _lock:
        _in_memory[key] = table
        while len(_in_memory) > 3:
            _in_memory.pop(next(iter(_in_memory)))
    return table


_in_memory: dict[str, DirectionTable] = {}
_lock = threading.Lock()


def _made(ion: Ion, site: Site, sized: np.ndarray, on_progress, stop) -> DirectionTable:
    axes = axes_of(site)
    sizes = conventions.walter_sizes(ion, site)
    energies = np.empty((len(sized), ion.size), np.float32)
    curves = {name: np.empty((len(REDUCED), len(sized)), np.float32) for name in ("heat_capacity", *axes)}
    curie = ion.J * (ion.J + 1) / 3
    for begin in range(0, len(sized), _CHUNK):
        if stop is not None and stop.is_set():
            raise Cancelled
        part = slice(begin, begin + _CHUNK)
        states = states_of(ion, site, sized[part] / sizes)
        energies[part] = states.above_ground
        curves["heat_capacity"][:, part] = heat_capacity(states.energies, REDUCED).T
        shares = occupation(states.energies, REDUCED)
        inverse, same = states.inverse_gaps()
        for axis in axes:
            squares = np.abs(states.elements(along(ion, axis))) ** 2
            a, v = (squares * same).sum(-1), 2 * (squares * inverse).sum(-1)
            chi_t = np.matmul(shares, a[:, :, None])[:, :, 0] + np.matmul(shares, v[:, :, None])[:, :, 0] * REDUCED
            curves[axis][:, part] = (chi_t / curie).T
        if on_progress is not None:
            on_progress(min(1.0, (begin + _CHUNK) / len(sized)))
    return DirectionTable(sized, energies, curves)


def _write(path: Path, table: DirectionTable) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary:
        np.savez(temporary, sized=table.sized, energies=table.energies, **table.curves)


def _read(path: Path) -> DirectionTable | None:
    """The table of a file, or None where there is none or it is damaged, and has to be made again."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return DirectionTable(arrays.pop("sized"), arrays.pop("energies"), arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
