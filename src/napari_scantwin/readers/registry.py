"""Every format that can be read, as the modules of the folders beside this one name them in ``FORMATS``."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from pathlib import Path

from napari_scantwin.readers.format import Format

__all__ = ["by_folder", "formats", "formats_by_choice", "suffixes"]


@functools.cache
def by_folder() -> dict[str, tuple[Format, ...]]:
    """The formats by the folder their modules lie in, in the order of the modules' names."""
    package = __name__.rpartition(".")[0]
    found = {}
    for folder in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if folder.ispkg:
            within = f"{package}.{folder.name}"
            names = [one.name for one in pkgutil.iter_modules(importlib.import_module(within).__path__)]
            modules = [importlib.import_module(f"{within}.{name}") for name in names]
            found[folder.name] = tuple(one for module in modules for one in getattr(module, "FORMATS", ()))
    return {folder: named for folder, named in found.items() if named}


@functools.cache
def formats() -> tuple[Format, ...]:
    """The formats that are tried, the most particular first."""
    found = [one for named in by_folder().values() for one in named if not one.by_choice]
    return tuple(sorted(found, key=lambda one: one.level))


@functools.cache
def formats_by_choice() -> tuple[Format, ...]:
    """The formats that are never tried unasked, but chosen by a key."""
    return tuple(one for named in by_folder().values() for one in named if one.by_choice)


def suffixes() -> tuple[str, ...]:
    """Every suffix that can be opened; those of the most particular formats first."""
    return tuple(dict.fromkeys(suffix for one in formats() for suffix in one.all_suffixes))
