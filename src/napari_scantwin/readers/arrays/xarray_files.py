"""netCDF and zarr as other programs write them with xarray: plain, erlab, PyARPES and peaks.

Units are those the file names. Where it names none, the program that wrote it is recognised by its marks and its
documented units hold: erlab counts angles in degrees, PyARPES in radians, both energies in eV; a dimension called
``eV`` says so itself. Angles become degrees. What nothing says is asked for.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import energies, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.energies import BINDING, FERMI, KINETIC, notation
from napari_scantwin.core.errors import NeedsAxes, ScanError
from napari_scantwin.core.notes import with_notes
from napari_scantwin.core.stored_form import from_dataset
from napari_scantwin.readers.arpes_axes import analyser_attrs, arpes_scan, size_words
from napari_scantwin.readers.arrays.array_files import not_stored, refuse_pickles
from napari_scantwin.readers.arrays.hdf5_open import is_hdf5, refusal, whole_file
from napari_scantwin.readers.arrays.hdf5_tools import SUFFIXES, tree
from napari_scantwin.readers.arrays.lazy import Kept, chunks_of, fits_in_memory, too_large
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "erlab_measurements", "is_xarray", "measurements"]


@dataclass(frozen=True)
class _Writer:
    """A program: the scan's names for its dimensions, the units it documents for them, and its energies."""

    names: dict[str, str]
    units: dict[str, str] = field(default_factory=dict)
    #: What its energies are where a file does not say; whoever documents any has E - E_F for "binding".
    energies: tuple[str, ...] = ()


_MOMENTA = dict.fromkeys(("kx", "ky", "kz", "kp", "ks"), "1/angstrom")
#: erlab's documentation, "Conventions": alpha along the slit, beta across it, chi, xi and delta of the manipulator.
_ERLAB = _Writer(
    {"alpha": "angle", "beta": "manipulator angle", "xi": "manipulator angle", "chi": "manipulator angle",
     "delta": "azimuth", "sample_temp": "sample temperature"},
    {**dict.fromkeys(("alpha", "beta", "xi", "chi", "delta"), "deg"), "hv": "eV", "sample_temp": "K", **_MOMENTA},
    (KINETIC, FERMI),
)  # fmt: skip
#: PyARPES's documentation, "The spectral data model": phi along the slit; every angle in radians.
_PYARPES = _Writer(
    {"phi": "angle", "theta": "manipulator angle", "beta": "manipulator angle", "chi": "azimuth", "psi": "tilt",
     "temperature": "sample temperature"},
    {**dict.fromkeys(("phi", "theta", "beta", "chi", "psi", "alpha"), "rad"), "hv": "eV", "temperature": "K",
     **_MOMENTA},
    (KINETIC, FERMI),
)  # fmt: skip
#: peaks writes units beside every coordinate.
_PEAKS = _Writer(
    {"theta_par": "angle", "polar": "manipulator angle", "tilt": "manipulator angle", "azi": "azimuth",
     "deflector_perp": "manipulator angle", "deflector_parallel": "angle", "y_scale": "y",
     "temperature_sample": "sample temperature", "x1": "x", "x2": "y", "x3": "z"},
    energies=(KINETIC, FERMI),
)  # fmt: skip
_PLAIN = _Writer({})


def is_xarray(file: DataFile) -> bool:
    """Whether a file is netCDF or zarr, or HDF5 that is netCDF by another name, as erlab's ``.h5`` files are."""
    if file.suffix not in SUFFIXES:
        return True
    return "_NCProperties" in tree(file).nodes[""].attributes


def measurements(file: DataFile) -> list[Measurement]:
    """Every variable whose dimensions all have coordinates, the largest first.

    Raises
    ------
    NeedsAxes
        Where units are missing.
    ScanError
        Where the file is damaged.
    """
    return _measurements(file.path, _datasets(file.path))


def erlab_measurements(path: Path, prefix: str, datasets: dict[str, xr.Dataset]) -> list[Measurement]:
    """The measurements in what one of erlab's loaders returned for a file, as :func:`measurements` lists them.

    Parameters
    ----------
    path
        The file.
    prefix
        What their keys begin with.
    datasets
        What the loader returned, by group.
    """
    found = _measurements(path, datasets, _ERLAB)
    return [Measurement(f"{prefix}/{one.key}", one.title, one.scan) for one in found]


def _measurements(path: Path, datasets: dict[str, xr.Dataset], writer: _Writer | None = None) -> list[Measurement]:
    found, lacks = [], []
    for group, dataset in datasets.items():
        for name, array in dataset.data_vars.items():
            if dataset.attrs.get("scan", name) != name:  # this program's own file names its scan
                continue
            stored = "/".join(part for part in (group.strip("/"), str(name)) if part)
            array = from_dataset(dataset, array)
            name = array.name
            ragged = array.dims == (scans.POINT,) and "axes" in array.attrs
            placed = ragged or all(dim in array.coords for dim in array.dims)
            if array.ndim < 1 or array.dtype.kind not in "iuf" or not placed:
                continue
            key = "/".join(part for part in (group.strip("/"), str(name)) if part)
            try:
                scan = _scan(path, dataset, array, writer or _writer(dataset, array))
                scan.attrs = with_notes(scan.attrs, _not_stored(path, stored))
            except NeedsAxes as reason:
                lacks.append((array.size, reason))
                continue
            found.append(Measurement(key, f"{key}: {size_words(scan)}", scan))
    # A scan that lacks a unit is asked about before some lesser array is opened in its place.
    if lacks and max(size for size, _ in lacks) > max((one.scan.size for one in found), default=0):
        raise max(lacks, key=lambda lack: lack[0])[1]
    return sorted(found, key=lambda one: -one.scan.size)


def _datasets(path: Path) -> dict[str, xr.Dataset]:
    """The datasets of the file by group, lazily opened where they are large."""
    if path.is_file() and _head(path) == b"CDF":
        raise ScanError(f"{path.name} is netCDF 3; save it as netCDF 4, in xarray by to_netcdf(..., engine='h5netcdf')")
    options: dict = {"engine": "h5netcdf", "phony_dims": "sort"}
    if path.suffix.lower() == ".zarr":
        refuse_pickles(path)
        options = {"engine": "zarr", "consolidated": False}
    elif is_hdf5(path):
        with whole_file(path) as file:
            options["driver_kwds"] = {"swmr": True} if file.swmr_mode else {}
    try:
        found = xr.open_groups(path, **options)
        size = max((array.nbytes for dataset in found.values() for array in dataset.values()), default=0)
        if too_large(size, path):
            raise ScanError(f"{path.name} says it holds more values than it has room for; it is altered: copy it again")
        if not fits_in_memory(size, path):
            return {group: _in_parts(dataset) for group, dataset in found.items()}
        return {group: _closed(dataset) for group, dataset in found.items()}
    except ScanError:
        raise
    except Exception as reason:  # damaged HDF5 and zarr raise many kinds
        if path.suffix.lower() != ".zarr":
            raise refusal(path, reason, "netCDF") from reason
        raise ScanError(f"{path.name} is not a whole zarr file; it may be cut off: save or copy it again") from reason


def _not_stored(path: Path, key: str) -> str:
    if path.suffix.lower() != ".zarr":
        return ""
    import zarr

    return not_stored(zarr.open_group(path, mode="r").get(key), key)


def _in_parts(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset, its arrays of several dimensions read in parts; the file stays open for them."""
    import dask.array

    parts = {}
    for name, array in dataset.variables.items():
        if array.ndim > 1 and array.dtype.kind in "iuf":
            own = array.encoding.get("chunks") or array.encoding.get("chunksizes")
            chunks = chunks_of(array.shape, array.dtype, own)
            parts[name] = array.copy(data=dask.array.from_array(Kept(array), chunks=chunks, name=False, asarray=True))
    return dataset.assign({name: part for name, part in parts.items() if name in dataset.data_vars}).assign_coords(
        {name: part for name, part in parts.items() if name in dataset.coords}
    )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(3)


def _closed(dataset: xr.Dataset) -> xr.Dataset:
    with contextlib.closing(dataset):
        return dataset.load()


def _writer(dataset: xr.Dataset, array: xr.DataArray) -> _Writer:
    """The program that wrote an array, by marks that only it leaves."""
    attrs, names = {**dataset.attrs, **array.attrs}, {str(name) for name in (*dataset.coords, *array.dims)}
    if "metadata_models" in attrs:
        return _PEAKS
    if "data_loader_name" in attrs or ({"alpha", "eV"} <= names and names & {"xi", "delta"}):
        return _ERLAB
    # PyARPES gives every spectrum all six angles, whether they were scanned or not.
    if {"chi", "psi"} <= names and names & {"phi", "theta"} and "eV" in names | set(attrs):
        return _PYARPES
    return _PLAIN


def _unit(writer: _Writer, name: str, coord: xr.DataArray) -> str | None:
    """The unit of a coordinate: as the file names it, else as its writer documents it."""
    said = str(coord.attrs.get("units", ""))
    if said and units.is_known(said):
        return units.standard(said)
    return "eV" if name == "eV" else writer.units.get(name)


def _scan(path: Path, dataset: xr.Dataset, array: xr.DataArray, writer: _Writer) -> xr.DataArray:
    if writer is _PLAIN and "eV" not in array.dims:
        return _plain(path, array)
    dims = [str(dim) for dim in array.dims]
    axes, along, attrs = [], {}, _about(dataset, array)
    for name in dims:
        label = {"eV": "energy", "hv": "photon energy"}.get(name, writer.names.get(name, name))
        axes.append((label, *_in_degrees(_unit(writer, name, array[name]), array[name].values)))
    for key, coord in array.coords.items():
        name, unit = str(key), _unit(writer, str(key), coord)
        if name in dims or coord.dtype.kind not in "iuf":
            continue
        unit, values = _in_degrees(unit, coord.values)
        if values.size == 1:
            kept = {"hv": "photon_energy", "sample_temp": "sample_temperature"}.get(name, name)
            attrs |= {kept: float(values.ravel()[0])} | ({} if unit is None else {f"{kept}_units": unit})
        elif coord.ndim == 1 and not hasattr(coord.data, "dask"):
            along[f"{name}_readback"] = (dims.index(str(coord.dims[0])), unit, values)
    said = _said_of_energies(writer, array, attrs.pop("energy_is", None)) if "eV" in dims else ()
    unit = str(array.attrs.get("units", "")) or None
    return arpes_scan(
        path.name, array.data, axes, unit=unit, said=said, documented=writer.energies, attrs=attrs, along=along
    )


def _in_degrees(unit: str | None, values: np.ndarray) -> tuple[str | None, np.ndarray]:
    values = np.asarray(values, float)
    return ("deg", np.rad2deg(values)) if unit in ("rad", "radian") else (unit, values)


#: Attributes, of the energies or of the whole array, that may say what the energies are.
_SAYING = ("energy_notation", "notation", "type", "eV_type", "Energy Scale", "energy_scale", "long_name", "description")


def _said_of_energies(writer: _Writer, array: xr.DataArray, noted: str | None) -> list[str]:
    """What the file says of its energies. Where a program means E - E_F by "binding", its word is put so."""
    about = [array["eV"].attrs.get(key) for key in _SAYING]
    about += [array.attrs.get(key) for key in _SAYING if key not in ("long_name", "description", "type")]
    said = [str(one) for one in (*about, noted) if one]
    return [FERMI if writer.energies and notation(one) == BINDING else one for one in said]


def _about(dataset: xr.Dataset, array: xr.DataArray) -> dict:
    """Attributes worth keeping; peaks has the analyser's as JSON."""
    said = {str(key): value for key, value in {**dataset.attrs, **array.attrs}.items()}
    texts = {key: str(value) for key, value in said.items() if isinstance(value, (str, int, float, np.number))}
    attrs = analyser_attrs(texts)
    for key in ("lens_mode", "pass_energy"):
        if key in texts:
            attrs[key] = texts[key]
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        scanned = json.loads(texts.get("_analyser", "{}")).get("scan") or {}
        kept = {"lens_mode": scanned.get("lens_mode"), "energy_is": scanned.get("eV_type")}
        attrs |= {key: str(value) for key, value in kept.items() if value}
    return attrs


def _plain(path: Path, array: xr.DataArray) -> xr.DataArray:
    """An array whose names and order are its own: a scan where its axes and values have units."""
    for name in (*(axis for axis in scans.axes(array) if axis in array.coords), None):
        about = array if name is None else array[name]
        # A unit that is there and empty is a pure number's; only one that is missing says nothing.
        if "units" not in about.attrs or not units.is_known(str(about.attrs["units"])):
            what = f"the values of {array.name!r} have" if name is None else f"the axis {name!r} has"
            raise NeedsAxes(f"{path.name}: {what} no unit that is known; name the axes and the value with their units")
    array.encoding = {}
    for coord in array.coords.values():
        coord.encoding = {}
    for flag in ("masked", "extrapolated"):
        if flag in array.coords:
            array[flag] = array[flag].astype(bool)
    said = {name: (name, *(array[name].attrs.get(key) for key in _SAYING)) for name in scans.axes(array)}
    try:
        return energies.named(scans.check(array), said)
    except ScanError as reason:
        raise ScanError(f"{path.name}: {reason}") from reason


FORMATS = (
    Format(
        name="xarray",
        title="netCDF 4, zarr of this program, xarray, erlab, PyARPES, peaks",
        suffixes=(".nc", ".zarr", ".h5"),
        also=SUFFIXES,
        level=Level.PROGRAM,
        holds="every variable with coordinates, groups too; of this program a whole scan with its errors and masks",
        reads="Every variable whose dimensions all have coordinates, with the units the file names. Where it names "
        "none, those count that the program documents which wrote it (erlab: degrees; PyARPES: radians; both eV; told "
        "by marks that only they leave). Of ARPES a dimension's name is translated (`eV`, `alpha`, `beta`, `phi`, "
        "`theta`, `hv`, `theta_par`, `polar`, …), angles become degrees. Energies are what names and attributes say; "
        "those of erlab, PyARPES and peaks are kinetic or from the Fermi level, whichever their values allow. "
        "Variables without coordinates along some dimension are left out.",
        measurements=measurements,
        recognises=is_xarray,
        asks=Asks.ARRAYS,
        layout_after="erlab 3.28 and PyARPES 3.0 files, phrgab/peaks",
    ),
)
