"""The one way to open an HDF5 file (netCDF 4 and NeXus are such), whatever reads it.

What goes wrong is told in one sentence, a file that another program holds open is read where HDF5 allows it, and none
leads out of itself: a link, a virtual dataset or external storage could make any file's bytes appear as a scan. Only a
beamline's master file may name files, and only such that lie beside it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from napari_scantwin.core.errors import ScanError

if TYPE_CHECKING:
    import h5py

__all__ = ["Node", "Tree", "is_hdf5", "opened", "refusal", "tree_of", "whole_file"]

_MAGIC = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does, or does so behind a block of the user's own (at 512, 1024, … bytes)."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        place, size = 0, path.stat().st_size
        while place < size:
            file.seek(place)
            if file.read(len(_MAGIC)) == _MAGIC:
                return True
            place = max(512, 2 * place)
    return False


def refusal(path: Path, reason: Exception, kind: str = "HDF5") -> ScanError:
    """The sentence for an exception that HDF5 raised over a file; ``kind`` is what people call such files."""
    said = str(reason)
    if isinstance(reason, FileNotFoundError):
        return ScanError(f"{path.name}: there is no such file in {path.parent}")
    if isinstance(reason, PermissionError):
        return ScanError(f"{path.name} cannot be read: {reason.strerror or 'it is not allowed'}")
    if isinstance(reason, BlockingIOError) or "unable to lock" in said:
        return ScanError(
            f"{path.name} is being written by another program; close it there, or wait until it has finished, and open "
            "it again"
        )
    if "already open for write" in said or "not already open for SWMR" in said:
        return ScanError(
            f"{path.name} is open for writing in another program, or was when that one stopped; close it there, or run "
            f"'h5clear -s {path.name}' where nothing writes it any more"
        )
    if isinstance(reason, MemoryError):
        return ScanError(f"{path.name} asks for more memory than there is; it is altered: copy it again")
    return ScanError(f"{path.name} is not a whole {kind} file; it may be cut off: save or copy it again")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file, open for reading.

    Parameters
    ----------
    path
        The file. One that another program is writing is read in HDF5's mode for that (SWMR), where that program
        writes in it.

    Raises
    ------
    ScanError
        Where it, or what is read of it, is damaged, or another program keeps it from being read.
    """
    try:
        with opened(path) as file:
            yield file
    except ScanError:
        raise
    except Exception as reason:  # damaged HDF5 raises many kinds
        raise refusal(path, reason) from reason


def opened(path: Path) -> h5py.File:
    """An HDF5 file as :func:`whole_file` opens it, for those who tell themselves what goes wrong."""
    import h5py

    try:
        return h5py.File(path, "r")
    except OSError as reason:
        if "already open for write" not in str(reason):
            raise
    return h5py.File(path, "r", swmr=True)


@dataclass(frozen=True)
class Node:
    """A group or dataset.

    Parameters
    ----------
    group
        Whether it is a group.
    nx_class
        The class NeXus gives it, such as ``NXdata``; empty without one.
    attributes
        The names of its other attributes.
    """

    group: bool
    nx_class: str
    attributes: frozenset[str]


@dataclass
class Tree:
    """What stands in an HDF5 file, gone through once for all its readers.

    Parameters
    ----------
    nodes
        Every group and dataset by its path; the file itself is ``""``.
    outside
        What lies in other files, as (path, what leads there, the other file's name).
    beside
        Of those, the files that are read with it.
    missing
        Of those, the paths that lead to files which are not there.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    outside: list[tuple[str, str, str]] = field(default_factory=list)
    beside: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What is to be said of it."""
        read = [f"read together with {one.name} beside it" for one in self.beside]
        return read + [f"left out: {path}, which lies in a file that is not there" for path in self.missing]


def tree_of(path: Path) -> Tree:
    """Go through a file, and refuse one that leads out of itself.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Tree
        What stands in it.

    Raises
    ------
    ScanError
        Where a link, virtual dataset or external storage leads to another file, other than from a NeXus file to one
        beside it that leads nowhere itself; where it is damaged.
    """
    tree = _walked(path)
    master = any(node.nx_class for node in tree.nodes.values())
    for where, what, target in tree.outside:
        other = path.parent / target
        plain = Path(target).name == target and "\\" not in target and "%" not in target
        if not master or not plain or what == "external storage" or other.is_symlink() or other.is_dir():
            hint = "copy the data into it" if not master else "only files beside it are read with it"
            raise ScanError(f"{path.name}: {where} lies in another file ({target}, {what}); {hint}")
        if not other.exists():
            if what != "link":
                raise ScanError(f"{path.name}: {where} lies in {target}, which is not beside it; copy that too")
            tree.missing.append(where)
        elif other not in tree.beside:
            if _walked(other).outside:
                raise ScanError(f"{path.name}: {where} lies in {target}, which leads on to another file")
            tree.beside.append(other)
    return tree


def _walked(path: Path) -> Tree:
    """What stands in a file, each object looked at once, links as they are."""
    import h5py

    tree = Tree()

    def note_link(name: bytes, about) -> None:
        if about.type == h5py.h5l.TYPE_EXTERNAL:
            target, _ = file.id.links.get_val(name)
            tree.outside.append((_text(name), "link", _text(target)))

    def note_object(name: bytes, about) -> None:
        if about.type in (h5py.h5o.TYPE_GROUP, h5py.h5o.TYPE_DATASET):
            thing, where = file[name], _text(name)
            tree.nodes[where] = _node(thing, about.type == h5py.h5o.TYPE_GROUP)
            if not tree.nodes[where].group:
                tree.outside += [(where, what, target) for what, target in _sources(thing)]

    with whole_file(path) as file:
        tree.nodes[""] = _node(file, True)
        file.id.links.visit(note_link, info=True)
        h5py.h5o.visit(file.id, note_object, info=True)
    return tree


def _node(thing: h5py.Group | h5py.Dataset, group: bool) -> Node:
    attributes = frozenset(thing.attrs)
    return Node(group, _text(thing.attrs["NX_class"]) if "NX_class" in attributes else "", attributes)


def _sources(data: h5py.Dataset) -> Iterator[tuple[str, str]]:
    """The other files that hold a dataset's values."""
    for name, *_ in data.external or ():
        yield "external storage", _text(name)
    if data.is_virtual:
        for name in dict.fromkeys(source.file_name for source in data.virtual_sources()):
            if name != ".":
                yield "virtual dataset", name


def _text(value) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
