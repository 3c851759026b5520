"""Several files as one scan: grids one behind the other along what was scanned, sweeps as one ragged scan."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import branches, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import NOTES, notes, with_notes
from napari_scantwin.readers.format import ending
from napari_scantwin.readers.series.scanned_axis import ScannedAxis, noted, scanned_axis

__all__ = ["files_of_folder", "joined"]

#: Axes of two files are the same where they differ by less than this part of a step.
_SAME = 0.05


def files_of_folder(
    folder: Path, suffixes: Sequence[str], plain: Sequence[str], level: Callable[[Path], int | None]
) -> tuple[list[Path], list[str]]:
    """The files of a series in a folder, in the order of the numbers in their names, and those passed over.

    Parameters
    ----------
    folder
        The folder.
    suffixes
        Suffixes of files that can be opened.
    plain
        Suffixes of files that hold notes as often as scans: they count only where there is nothing else.
    level
        Of one such file, how particular the format is that recognises it, the least first; None of a note without a
        table. Beside files that an instrument wrote, plain ones are notes.

    Returns
    -------
    files
        The files.
    passed_over
        What is to be said of notes beside them.

    Raises
    ------
    ScanError
        Where there are none, or of more kinds than one.
    """
    try:
        files = [one for one in folder.iterdir() if ending(one) in suffixes and not one.name.startswith(".")]
    except OSError as reason:
        raise ScanError(f"{folder.name} cannot be read: {reason.strerror}") from reason
    if any(re.search(r"_ROI\d+_?\.txt$", one.name) for one in files):  # beside each cut lies what the beamline notes
        files = [one for one in files if not re.search(r"_i\.txt$", one.name)]
    everything = files
    kinds = {ending(one) for one in files}
    if len(kinds) > 1 and kinds - set(plain):
        files = [one for one in files if ending(one) not in plain]
    elif len(files) > 1:
        levels = {one: level(one) for one in files if ending(one) in plain}
        least = min((one for one in levels.values() if one is not None), default=None)
        if least is not None:
            files = [one for one in files if levels.get(one, least) == least]
    kinds = {ending(one) for one in files}
    passed_over = [f"{one.name}, which is no scan as the others are" for one in sorted(set(everything) - set(files))]
    stems = {kind: sorted(one.stem for one in files if ending(one) == kind) for kind in kinds}
    if len(kinds) > 1 and len({tuple(names) for names in stems.values()}) == 1:
        kind = min(kinds, key=list(suffixes).index)  # the same measurements saved in several formats
        files = [one for one in files if ending(one) == kind]
        kinds = {kind}
    if not files:
        raise ScanError(f"the folder {folder.name} holds no file of a kind that can be opened")
    if len(kinds) > 1:
        raise ScanError(f"the folder {folder.name} holds {', '.join(sorted(kinds))} files; choose those of one kind")
    files.sort(key=lambda one: [(int(part), "") if part.isdecimal() else (-1, part) for part in _parts(one)])
    return files, passed_over


def _parts(path: Path) -> list[str]:
    return [part for part in re.split(r"(\d+)", path.name) if part]


def joined(parts: Sequence[xr.DataArray], names: Sequence[str], along: str | None = None) -> xr.DataArray:
    """Join several scans to one.

    Gridded ARPES scans, and any gridded scans where ``along`` is given, are joined along the scanned axis; other sweeps
    become one ragged scan.

    Parameters
    ----------
    parts
        The scans, of the same axes and value.
    names
        Their files' names.
    along
        The axis from file to file, as in :func:`~napari_scantwin.readers.series.scanned_axis.scanned_axis`.

    Returns
    -------
    xarray.DataArray
        The scan, with the attributes all files agree in.

    Raises
    ------
    ScanError
        Naming the file that does not fit.
    NeedsScannedAxis
        Where nothing says along which axis they were scanned.
    """
    first = parts[0]
    for part, name in zip(parts, names, strict=True):
        same = scans.axes(part) == scans.axes(first) and part.name == first.name
        if not same or any(part[a].attrs["units"] != first[a].attrs["units"] for a in scans.axes(first)):
            raise ScanError(f"{name} does not hold the same axes and value as {names[0]}; open it on its own")
        if part.attrs["units"] != first.attrs["units"]:
            raise ScanError(f"{name} is in {part.attrs['units']}, {names[0]} in {first.attrs['units']}; open it alone")
    gridded = all(scans.is_gridded(part) for part in parts)
    if gridded and (along is not None or first.name == "photoemission_intensity"):
        return _stacked(parts, names, along)
    joined_scan = _ragged(parts, None if along is None else scanned_axis(parts, names, along), _branch(parts, names))
    return branches.marked(joined_scan)


def _branch(parts: Sequence[xr.DataArray], names: Sequence[str]) -> np.ndarray | None:
    """The branch of every point, where the files' names or all files say it; None where it has to be found."""
    said = [branches.said_in(name) for name in names]
    if all(said) and len(set(said)) > 1:
        return np.repeat(said, [len(scans.points(part).values) for part in parts])
    told = [one for one in map(branches.told, parts) if one is not None]
    return np.concatenate(told) if len(told) == len(parts) else None


def _stacked(parts: Sequence[xr.DataArray], names: Sequence[str], along: str | None) -> xr.DataArray:
    """Grids of one shape, one behind the other in the order of the scanned axis."""
    first = parts[0]
    for part, name in zip(parts, names, strict=True):
        if part.shape != first.shape:
            raise ScanError(f"{name} is {_size(part)}, but {names[0]} {_size(first)}; files of a series have one shape")
    shifts = _shifts(parts, names)
    axis = scanned_axis(parts, names, along)
    if axis.name in first.dims:
        raise ScanError(f"each file has the axis {axis.name} already; say what was scanned from file to file")
    if shifts.any() and axis.name != "photon_energy":
        moved = names[int(np.argmax(shifts != 0))]
        raise ScanError(f"{moved} was not measured at the energies of {names[0]}; files of a series have one window")
    values = np.array(axis.values)
    order = np.argsort(values, kind="stable")
    for one, other in itertools.pairwise(order):
        if values[one] == values[other]:
            at = f"{values[one]:.6g} {axis.unit}"
            raise ScanError(f"{names[one]} and {names[other]} are both at {axis.name} {at}; leave one of them out")
    ordered = [parts[number] for number in order]
    about = {"units": units.standard(axis.unit), "long_name": axis.name.replace("_", " ")}
    coords: dict = {axis.name: (axis.name, values[order], about)} | {str(dim): first[dim] for dim in first.dims}
    for key in ("standard_error", "masked", "extrapolated"):
        if all(key in part.coords for part in parts):
            coords[key] = xr.Variable.concat([part[key].variable for part in ordered], axis.name)
    if shifts.any():
        coords["kinetic_energy_shift"] = (axis.name, shifts[order], {"units": first["energy"].attrs["units"]})
    for other in noted(parts):  # what went along: read-backs of motors and sensors
        if other.source != axis.source and other.source not in coords:
            coords[other.source] = (axis.name, np.array(other.values)[order], {"units": other.unit})
    variable = xr.Variable.concat([part.variable for part in ordered], axis.name)
    attrs = _common(parts) | {"axes": scans.listed_axes((axis.name, *scans.axes(first)))}
    attrs = {key: value for key, value in attrs.items() if key.removesuffix("_units") not in coords}
    return scans.check(xr.DataArray(variable.data, dims=variable.dims, coords=coords, name=first.name, attrs=attrs))


def _size(part: xr.DataArray) -> str:
    return " x ".join(f"{size} {dim}" for dim, size in part.sizes.items())


def _shifts(parts: Sequence[xr.DataArray], names: Sequence[str]) -> np.ndarray:
    """How far each file's kinetic energies lie above the first's, 0 where they are the same; other axes must be the
    same."""
    first = parts[0]
    shifts = np.zeros(len(parts))
    for number, (part, name) in enumerate(zip(parts, names, strict=True)):
        for dim in first.dims:
            apart = np.asarray(part[dim].values - first[dim].values, float)
            allowed = _SAME * np.ptp(first[dim].values) / max(first.sizes[dim] - 1, 1)
            if np.abs(apart).max() <= allowed:
                continue
            if dim != "energy" or np.ptp(apart) > allowed or first.attrs.get("energy_notation") != "kinetic":
                raise ScanError(f"{name} has another {dim} axis than {names[0]}; files of a series have the same axes")
            shifts[number] = apart.mean()
    return shifts


def _common(parts: Sequence[xr.DataArray]) -> dict:
    """The attributes all files agree in; their names and hashes one after the other."""
    first = parts[0].attrs
    attrs = {key: value for key, value in first.items() if all(_same(part.attrs.get(key), value) for part in parts)}
    for key in ("source", "sha256"):
        attrs[key] = "; ".join(str(part.attrs.get(key, "")) for part in parts)
    if dropped := sum(part.attrs.get("dropped_rows", 0) for part in parts):
        attrs["dropped_rows"] = dropped
    attrs.pop("choices", None)
    attrs.pop(NOTES, None)
    attrs = with_notes(
        attrs,
        *(f"{part.attrs.get('source', 'a file')}: {said}" for part in parts for said in notes(part.attrs)),
    )
    try:
        kept = [json.loads(part.attrs["settings"]) for part in parts]
        same = {key: text for key, text in kept[0].items() if all(one.get(key) == text for one in kept)}
        attrs["settings"] = json.dumps(same, ensure_ascii=False)
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    return attrs


def _same(one, other) -> bool:
    return type(one) is type(other) and bool(np.all(one == other))


def _ragged(parts: Sequence[xr.DataArray], axis: ScannedAxis | None, branch: np.ndarray | None) -> xr.DataArray:
    """Scans of several files as one ragged scan, their sweeps numbered on; ``axis`` is one axis more, the slowest, and
    ``branch`` names every point's branch."""
    first = parts[0]
    tables = [scans.points(part) for part in parts]
    sweep, offset = [], 0
    for table in tables:
        _, numbers = np.unique(table.sweep, return_inverse=True)
        sweep.append(numbers + offset)
        offset += numbers.max() + 1
    coordinates = np.concatenate([table.coordinates for table in tables])
    axes = {name: (coordinates[:, i], first[name].attrs["units"]) for i, name in enumerate(scans.axes(first))}
    if axis is not None:
        if axis.name in axes:
            raise ScanError(f"each file has the axis {axis.name} already; say what was scanned from file to file")
        lengths = [len(table.values) for table in tables]
        axes = {axis.name: (np.repeat(np.array(axis.values), lengths), axis.unit)} | axes
    errors = None
    if all(table.errors is not None for table in tables):
        errors = np.concatenate([table.errors for table in tables])
    return scans.ragged_scan(
        axes,
        np.concatenate([table.values for table in tables]),
        name=str(first.name),
        unit=first.attrs["units"],
        errors=errors,
        sweep=np.concatenate(sweep),
        masked=np.concatenate([table.masked for table in tables]),
        branch=branch,
        attrs={**first.attrs, **{key: value for key, value in _common(parts).items() if key != "settings"}},
    )
