"""erlab's loaders of beamlines' files, where the extra ``arpes`` is installed (erlab is GPL-3; only its ``erlab.io`` is
used, which opens no window and loads no Qt).

A loader is chosen by the key ``erlab:NAME``, as in ``read(path, choice="erlab:i05")``; ``erlab:NAME/REGION`` picks one
of several spectra. What it returns becomes a scan as any erlab file does.
"""

from __future__ import annotations

import functools
import importlib.util
import warnings
from dataclasses import dataclass

import xarray as xr

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arrays.hdf5_tools import SUFFIXES
from napari_scantwin.readers.arrays.xarray_files import erlab_measurements
from napari_scantwin.readers.format import Asks, DataFile, Extra, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "PREFIX", "Loader", "installed", "loaders", "measurements"]

PREFIX = "erlab:"
_EXTRA = Extra("arpes", "erlab", "erlab's loaders")


@dataclass(frozen=True)
class Loader:
    """One of erlab's loaders: the ``key`` to choose it by, a ``title`` for people, the ``suffixes`` of its files."""

    key: str
    title: str
    suffixes: tuple[str, ...]


def installed() -> bool:
    """Whether erlab is there; nothing is imported to find out."""
    return importlib.util.find_spec("erlab") is not None


@functools.cache
def loaders() -> tuple[Loader, ...]:
    """Every loader erlab registers, by name; none where it is not installed. The first call imports it (0.5 s)."""
    if not installed():
        return ()
    return tuple(
        Loader(
            f"{PREFIX}{name}",
            f"{loader.description}, by erlab",
            tuple(sorted(suffix for suffix in loader.extensions or () if suffix)),
        )
        for name, loader in sorted(_registry().items())
    )


def _registry():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # erlab's word on packages it could also use
        import erlab.io
    return erlab.io.loaders


def measurements(file: DataFile, choice: str) -> list[Measurement]:
    """What the loader named by ``choice`` finds in a file, the largest first.

    Raises :class:`ScanError` where erlab is not installed, has no such loader, or cannot read the file, and
    :class:`~napari_scantwin.core.errors.NeedsAxes` where an axis has no unit.
    """
    path = file.path
    name, _, region = choice.removeprefix(PREFIX).partition("/")
    if not installed():
        raise ScanError(_EXTRA.missing(path.name))
    known = [loader.key.removeprefix(PREFIX) for loader in loaders()]
    if name not in known:
        raise ScanError(f"{path.name}: erlab has no loader {name!r}; it has {', '.join(known)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on metadata it misses, which is no matter here
            found = _registry()[name].load(str(path), single=True)
    except Exception as reason:  # each loader raises its own kinds for a file that is not its own
        said = str(reason).strip().splitlines()[0] if str(reason).strip() else type(reason).__name__
        raise ScanError(f"{path.name}: erlab's loader {name} cannot read it ({said})") from reason
    regions = erlab_measurements(path, f"{PREFIX}{name}", _by_group(found))
    if not regions:
        raise ScanError(f"{path.name}: erlab's loader {name} found no spectrum with axes in it")
    if region:
        regions = [one for one in regions if one.key == choice]
        if not regions:
            raise ScanError(f"{path.name}: erlab's loader {name} finds no {region!r} in it")
    return regions


def _by_group(found) -> dict[str, xr.Dataset]:
    """Whatever a loader returned, as datasets by group."""
    if isinstance(found, list):
        return {f"{number}/{key}": one for number, part in enumerate(found) for key, one in _by_group(part).items()}
    if isinstance(found, xr.DataTree):
        return {node.path: node.to_dataset() for node in found.subtree if node.data_vars}
    if isinstance(found, xr.DataArray):
        found = found.to_dataset(name=found.name or "spectrum")
    return {"": found}


def _offer(suffix: str) -> str:
    """A word on the loaders for files of unknown layout."""
    if suffix not in SUFFIXES:
        return ""
    if not installed():
        return "; with pip install napari-scantwin[arpes] erlab's loaders of beamlines can be chosen too"
    fitting = [loader.key for loader in loaders() if suffix in loader.suffixes]
    return f"; or choose one of erlab's loaders ({', '.join(fitting)})" if fitting else ""


FORMATS = (
    Format(
        name="erlab",
        title="erlab's loaders: ALS MAESTRO and HERS, SSRL 5-2, NSLS-II ESM, ALBA LOREA, HiSOR, …",
        suffixes=(),
        level=Level.PROGRAM,
        holds="what erlab returns",
        reads="Every variable that erlab's loader returns, as of any erlab file: angles in degrees, energies as the "
        "loader has them. Chosen by hand only, since a loader gives another beamline's file wrong names without "
        "complaint.",
        measurements=measurements,
        asks=Asks.UNITS,
        extra=_EXTRA,
        layout_after="erlab",
        by_choice=PREFIX,
        offer=_offer,
    ),
)
