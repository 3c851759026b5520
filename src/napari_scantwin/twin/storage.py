"""A twin in one ``.twin`` file: a zip archive of plain arrays (``.npy``) and one JSON text.

Nothing in the file is executed when it is read: no pickle, no code, no Keras model. A SHA-256 over all
other entries stands in the archive, so that a cut or altered file is recognised.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin import __version__
from napari_scantwin.core import attributes
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.notes import notes
from napari_scantwin.core.stored_form import file_names, storable_scan
from napari_scantwin.twin.candidates.library import fitted_of_kind
from napari_scantwin.twin.migration import FORMAT, migrated
from napari_scantwin.twin.mixture import Mixture
from napari_scantwin.twin.settings import Trial, TwinSettings
from napari_scantwin.twin.validation.consistency import Misfit
from napari_scantwin.twin.validation.score import Score
from napari_scantwin.twin.validation.uncertainty import Uncertainty

__all__ = ["TooOld", "left_out", "load", "load_scan", "save", "too_large"]

_ABOUT, _DIGEST = "twin.json", "sha256"
#: Bytes of all entries together: more is not one of ours (a twin of 10^7 points needs 80 MB a column).
_LARGEST = 2_000_000_000
#: Memory that reading takes is bounded: so many bytes, and so many times the file's size; of the description, whose
#: lists take twenty times their text, so many and so many times its packed size.
_ROOM, _TIMES, _ROOM_ABOUT, _TIMES_ABOUT = 64 << 20, 50, 4 << 20, 10
#: Bytes unpacked at once.
_PORTION = 1 << 20
#: Bytes of them that are kept for what was learned.
_ROOM_FOR_TWIN = 200_000_000
#: Bytes an entry takes beside its values, at most: the header of a ``.npy`` file.
_HEADER = 512


class TooOld(ScanError):
    """A twin in a format that can no longer be converted; ``scan`` is the scan it was trained on."""

    def __init__(self, message: str, scan: xr.DataArray):
        super().__init__(message)
        self.scan = scan


def save(twin, path: str | Path) -> Path:
    """Write a twin to one ``.twin`` file, whole or not at all.

    Parameters
    ----------
    twin
        The twin.
    path
        Where; the suffix ``.twin`` is added where there is none.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    ScanError
        Before anything is written, where the twin is larger than such a file may be.
    """
    path = Path(path)
    path = path if path.suffix else path.with_suffix(".twin")
    whole = storable_scan(twin.whole)
    about, arrays = _described(twin, whole)
    described = json.dumps(about, indent=1).encode()
    size = len(described) + sum(array.nbytes + _HEADER for array in arrays.values())
    if size > _LARGEST:
        raise ScanError(
            f"{path.name}: the twin and its scan of {whole.size:,} points take {size / 1e9:.3g} GB, and a .twin "
            f"file holds at most {_LARGEST / 1e9:.3g}; train on fewer sweeps, or export a simulated map instead"
        )
    entries = {_ABOUT: described} | {f"{name}.npy": _packed(array) for name, array in arrays.items()}
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for (name, content), kind in zip(entries.items(), _compression(entries), strict=True):
            archive.writestr(name, content, compress_type=kind)
        archive.writestr(_DIGEST, _digest(entries))
    return path


def left_out(scan: xr.DataArray) -> list[str]:
    """What of a scan a ``.twin`` file would not hold, in words; known before a training."""
    said = notes(scan.attrs)
    return [one.removeprefix("left out: ") for one in notes(storable_scan(scan).attrs) if one not in said]


def too_large(scan: xr.DataArray) -> bool:
    """Whether a scan leaves no room in a ``.twin`` file for its twin."""
    return scan.nbytes + sum(coord.nbytes for coord in scan.coords.values()) > _LARGEST - _ROOM_FOR_TWIN


def load(path: str | Path) -> dict:
    """Read the parts of a twin from a ``.twin`` file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        The parts by the names of :class:`~napari_scantwin.twin.model.Twin`'s fields. Of a scan with branches ``scan``
        is the whole of it, ``branch`` the one in view, and ``branches`` the parts of the twin of each by its name.

    Raises
    ------
    ScanError
        Where the file is missing, cut off, altered, or written by a newer version.
    TooOld
        Where its format can no longer be converted.
    """
    path = Path(path)
    about, arrays, scan = _opened(path)
    try:
        about, arrays = migrated(about, arrays)
    except ScanError as reason:
        raise TooOld(
            f"{path.name} holds a twin from napari-scantwin {about.get('written_by')} that cannot be opened any more "
            f"({reason}); its scan can still be read: train that again",
            scan,
        ) from reason
    except Exception as reason:
        raise _altered(path) from reason
    try:
        for surface in about["branches"] or [about]:
            for one in surface["interpolators"]:
                fitted_of_kind(one["kind"])
    except ScanError as reason:
        raise ScanError(
            f"{path.name} cannot be opened: {reason}, napari-scantwin {__version__}, and the file is from "
            f"{about.get('written_by')}; update, or install what adds it"
        ) from reason
    except Exception as reason:
        raise _altered(path) from reason
    try:
        if not about["branches"]:
            return _rebuilt(about, about, arrays) | {"scan": scan}
        told = {
            one["branch"]: _rebuilt(about, one, _folder(arrays, f"branch{number}"))
            for number, one in enumerate(about["branches"])
        }
        return {"scan": scan, "branch": about["branch"], "branches": told}
    except Exception as reason:
        raise _altered(path) from reason


def load_scan(path: str | Path) -> xr.DataArray:
    """The scan that the twin in a ``.twin`` file was trained on, whether or not the twin itself can be opened.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ScanError
        Where the file is missing, cut off, altered, or written by a newer version.
    """
    return _opened(Path(path))[2]


def _opened(path: Path) -> tuple[dict, dict[str, np.ndarray], xr.DataArray]:
    """The description, the arrays and the scan of a whole file of a format known."""
    try:
        described, arrays = _read(path)
    except FileNotFoundError as reason:
        raise ScanError(f"{path.name}: there is no such file") from reason
    except OSError as reason:
        raise ScanError(f"{path.name}: the file cannot be read ({reason.strerror or reason})") from reason
    except ScanError:
        raise
    except Exception as reason:  # a damaged zip raises many kinds
        raise ScanError(f"{path.name} is not a whole .twin file; it may be cut off: save or copy it again") from reason
    try:
        about = json.loads(described)
        version = int(about["format"])
    except Exception as reason:
        raise ScanError(f"{path.name} is not a .twin file of this program") from reason
    if version > FORMAT:
        raise ScanError(
            f"{path.name} was written by napari-scantwin {about.get('written_by')}, which is newer than this "
            f"{__version__}; update to open it"
        )
    try:
        return about, arrays, _scan(about["scan"], arrays)
    except Exception as reason:
        raise _altered(path) from reason


def _altered(path: Path) -> ScanError:
    return ScanError(f"{path.name} is altered: its parts do not fit together; save or copy it again")


def _described(twin, scan: xr.DataArray) -> tuple[dict, dict]:
    """What ``twin.json`` holds, and the arrays by name; ``scan`` is the whole of what the twin learned."""
    names = file_names([str(name) for name in scan.coords])
    about = {
        "format": FORMAT,
        "written_by": __version__,
        "settings": twin.settings.to_dict(),
        "branch": twin.branch,
        "branches": [],
        "scan": {
            "name": str(scan.name),
            "dims": list(scan.dims),
            "attrs": attributes.to_json(scan.attrs),
            "coords": {
                str(name): {"dims": list(coord.dims), "attrs": attributes.to_json(coord.attrs)}
                | ({} if names[str(name)] == name else {"entry": names[str(name)]})
                for name, coord in scan.coords.items()
            },
        },
    }
    # The scan's arrays stay where they are, on disk perhaps, until it is known that there is room for them.
    arrays = {"scan/values": scan.variable} | {
        f"scan/coords/{names[str(name)]}": coord.variable for name, coord in scan.coords.items()
    }
    if not twin.branches:
        own, columns = _surface(twin)
        return about | own, arrays | columns
    for number, branch in enumerate(twin.branches):
        own, columns = _surface(twin.of(branch))
        about["branches"].append({"branch": branch, **own})
        arrays |= {f"branch{number}/{name}": column for name, column in columns.items()}
    return about, arrays


def _surface(twin) -> tuple[dict, dict]:
    """What a file holds of the twin of one branch, or of a scan without any, beside its scan and settings."""
    mixture = twin.mixture
    about = {
        "score": twin.score.to_dict(),
        "stopped": twin.stopped,
        "notes": list(twin.notes),
        "trials": [asdict(trial) for trial in twin.trials],
        "misfits": [asdict(misfit) for misfit in twin.misfits],
        "offset": twin.offset,
        "spread": twin.spread,
        "interpolators": [
            {"name": name, "kind": one.kind, "weight": float(weight)}
            for name, one, weight in zip(mixture.names, mixture.interpolators, mixture.weights, strict=True)
        ],
    }
    arrays = {f"history/{name}": column for name, column in twin.history.items()}
    for number, one in enumerate(mixture.interpolators):
        arrays |= {f"interpolator{number}/{name}": array for name, array in one.to_arrays().items()}
    arrays["spikes"] = twin.spikes
    arrays |= {f"uncertainty/{name}": array for name, array in twin.uncertainty.to_arrays().items()}
    return about, arrays


def _packed(array) -> bytes:
    """An array as a ``.npy`` file."""
    array = np.asarray(array)
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array) if array.ndim else array, allow_pickle=False)
    return buffer.getvalue()


def _compression(entries: dict[str, bytes]) -> list[int]:
    """How each entry is stored: deflated, but for those that would shrink so much that :func:`_read` had to take the
    file for one that was made to fill memory."""
    packed = {name: len(zlib.compress(content, 1)) for name, content in entries.items()}
    kinds = dict.fromkeys(entries, zipfile.ZIP_DEFLATED)
    if len(entries[_ABOUT]) > _ROOM_ABOUT / 2 + _TIMES_ABOUT / 2 * packed[_ABOUT]:
        kinds[_ABOUT], packed[_ABOUT] = zipfile.ZIP_STORED, len(entries[_ABOUT])
    whole = sum(map(len, entries.values()))
    for name in sorted(entries, key=lambda one: -len(entries[one])):
        if whole <= _ROOM / 2 + _TIMES / 2 * sum(packed.values()):
            break
        kinds[name], packed[name] = zipfile.ZIP_STORED, len(entries[name])
    return list(kinds.values())


def _digest(entries: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(name.encode() + b"\0" + entries[name])
    return digest.hexdigest()


def _read(path: Path) -> tuple[bytes, dict[str, np.ndarray]]:
    """The description as it stands in the file, and the arrays, read one after the other."""
    digest, arrays, described = hashlib.sha256(), {}, b""
    with zipfile.ZipFile(path) as archive:
        entries = {one.filename: one for one in archive.infolist()}
        _must_be_bounded(path, archive)
        told = _content(archive, entries.pop(_DIGEST)).decode()
        for name in sorted(entries):
            content = _content(archive, entries[name])
            digest.update(name.encode() + b"\0" + content)
            if name == _ABOUT:
                described = content
            else:
                arrays[name.removesuffix(".npy")] = np.load(io.BytesIO(content), allow_pickle=False)
    if told != digest.hexdigest():
        raise ValueError("altered")
    return described, arrays


def _must_be_bounded(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that would take far more memory than its size on disk; this program writes none."""
    entries, held = archive.infolist(), path.stat().st_size
    size = sum(entry.file_size for entry in entries)
    about = next((entry for entry in entries if entry.filename == _ABOUT), None)
    if size > min(_LARGEST, _ROOM + _TIMES * held) or (
        about is not None and about.file_size > _ROOM_ABOUT + _TIMES_ABOUT * about.compress_size
    ):
        raise ScanError(
            f"{path.name} unpacks to {size / 1e9:.3g} GB from {held / 1e6:.3g} MB, and a .twin file holds at most "
            f"{_LARGEST / 1e9:.3g} GB and is never packed so densely: this program did not write it"
        )
    kinds = {entry.compress_type for entry in entries}
    if len({entry.filename for entry in entries}) < len(entries) or not kinds <= {
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    }:
        raise ValueError("entries that this program does not write")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """One entry, whole. It is read in portions, because read at once it is unpacked whatever size it says it has."""
    with archive.open(entry) as opened:
        return b"".join(iter(lambda: opened.read(_PORTION), b""))


def _scan(described: dict, arrays: dict[str, np.ndarray]) -> xr.DataArray:
    scan = xr.DataArray(
        arrays["scan/values"],
        dims=described["dims"],
        coords={
            name: (
                coord["dims"],
                arrays[f"scan/coords/{coord.get('entry', name)}"],
                attributes.from_json(coord["attrs"]),
            )
            for name, coord in described["coords"].items()
        },
        name=described["name"],
        attrs=attributes.from_json(described["attrs"]),
    )
    return scans.check(scan)


def _folder(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}


def _rebuilt(about: dict, surface: dict, arrays: dict[str, np.ndarray]) -> dict:
    """Every part of the twin of one branch, or of a scan without any, but its scan."""
    described = surface["interpolators"]
    return {
        "settings": TwinSettings.from_dict(about["settings"]),
        "score": Score.from_dict(surface["score"]),
        "history": _folder(arrays, "history"),
        "stopped": surface["stopped"],
        "mixture": Mixture(
            tuple(one["name"] for one in described),
            tuple(
                fitted_of_kind(one["kind"]).from_arrays(_folder(arrays, f"interpolator{number}"))
                for number, one in enumerate(described)
            ),
            np.array([one["weight"] for one in described]),
        ),
        "offset": surface["offset"],
        "spread": surface["spread"],
        "uncertainty": Uncertainty.from_arrays(_folder(arrays, "uncertainty")),
        "notes": tuple(surface.get("notes", ())),
        "trials": tuple(Trial(**trial) for trial in surface.get("trials", ())),
        # Files written before these were kept have neither.
        "misfits": tuple(Misfit.from_dict(one) for one in surface.get("misfits", ())),
        "spikes": arrays.get("spikes", np.zeros((0, len(about["scan"]["dims"])))),
    }
