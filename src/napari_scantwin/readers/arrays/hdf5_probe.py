"""A look at HDF5 files in a process of its own, before anything else opens them.

The HDF5 library trusts what a file says of itself: some damage (about one flipped spot in a thousand) makes it crash,
or ask for all memory there is, and would take the whole session with it. The other process takes 0.2 s, for any number
of files; those that it found sound are remembered, by their size and the time they were written, and not looked at
again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from napari_scantwin.core.config import config_folder
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.readers.arrays.hdf5_open import is_hdf5

__all__ = ["PATIENCE", "refuse_dangerous"]

_SECONDS = 30.0
#: The environment variable that says how many seconds a look may take; 0 for none.
PATIENCE = "SCANTWIN_HDF5_SECONDS"
_ADDRESS_SPACE = 6 << 30
#: Where sound files are remembered between runs, and how many.
_REMEMBERED, _MOST = "sound_hdf5.json", 2000

#: Goes through everything a reader may: each object, its attributes, small datasets whole and a corner of large ones.
_LOOK = f"""
import contextlib, sys
with contextlib.suppress(Exception):  # not on Windows
    import resource
    resource.setrlimit(resource.RLIMIT_AS, ({_ADDRESS_SPACE}, {_ADDRESS_SPACE}))
import h5py
def look(name, thing):
    with contextlib.suppress(Exception):
        dict(thing.attrs)
    with contextlib.suppress(Exception):
        if isinstance(thing, h5py.Dataset):
            thing[()] if thing.nbytes < 1 << 22 else thing[(slice(0, 1),) * thing.ndim]
for path in sys.argv[1:]:
    print(path, flush=True)
    with contextlib.suppress(Exception), h5py.File(path, "r") as file:
        look("/", file)
        file.visititems(look)
"""


#: The files found sound, oldest first; None until the list of earlier runs was read.
_sound: dict[str, None] | None = None


def refuse_dangerous(paths: Sequence[Path]) -> None:
    """Refuse HDF5 files whose damage would crash the program that reads them.

    Parameters
    ----------
    paths
        The files; those of other kinds are passed over. Where no other process can be started nothing is refused.

    Raises
    ------
    ScanError
        Where one of them is damaged so, or the look takes too long.
    """
    chosen = {path: _mark(path) for path in map(Path, paths) if path.is_file() and is_hdf5(path)}
    known = _known()
    chosen = {path: mark for path, mark in chosen.items() if mark not in known}
    seconds = _patience()
    if not chosen or seconds == 0:
        return
    command = [sys.executable, "-c", _LOOK, *map(str, chosen)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        code, said = done.returncode, done.stdout
    except subprocess.TimeoutExpired as reason:
        name = Path(_last(reason.stdout or b"", chosen)).name
        raise ScanError(
            f"{name} took longer than {seconds:g} s to look through for damage, as a large file on a slow disk does; "
            f"copy it to a faster disk, or set the environment variable {PATIENCE} to more seconds (0 to skip the look)"
        ) from reason
    except OSError:
        return
    # 0 is a look to the end, 1 a Python without h5py; anything else is a crash.
    if code == 0:
        _remember(chosen.values())
    elif code != 1:
        raise ScanError(
            f"{Path(_last(said, chosen)).name} is damaged in a way that would crash the HDF5 library; "
            f"copy it again from its source"
        )


def _last(said: bytes, chosen) -> str:
    """The file that the other process looked at last."""
    return (said.decode("utf-8", errors="replace").splitlines()[-1:] or [str(next(iter(chosen)))])[0]


def _patience() -> float:
    """How many seconds the look may take."""
    try:
        return max(float(os.environ.get(PATIENCE, _SECONDS)), 0.0)
    except ValueError:
        return _SECONDS


def _mark(path: Path) -> str:
    """What distinguishes a file, as it is now, from others and from its earlier states."""
    about = path.stat()
    return f"{about.st_size} {about.st_mtime_ns} {path.resolve()}"


def _known() -> dict[str, None]:
    global _sound
    if _sound is None:
        _sound = {}
        with contextlib.suppress(OSError, ValueError, TypeError):
            _sound = dict.fromkeys(map(str, json.loads((config_folder() / _REMEMBERED).read_text("utf-8"))))
    return _sound


def _remember(marks) -> None:
    known = _known()
    known.update(dict.fromkeys(marks))
    for mark in list(known)[:-_MOST]:
        del known[mark]
    with contextlib.suppress(OSError, ScanError):
        config_folder().mkdir(parents=True, exist_ok=True)
        with atomic_path(config_folder() / _REMEMBERED) as temporary:
            temporary.write_text(json.dumps(list(known)), encoding="utf-8")
