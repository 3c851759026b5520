"""A twin in one ``.twin`` file: a zip archive of plain arrays (``.npy``) and one JSON text.

Nothing in the file is executed when it is read: no pickle, no code, no Keras model. A SHA-256 over all
other entries stands in the archive, so that a cut or altered file is told from a whole one.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin import __version__
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.twin.experts import FITTED
from napari_scantwin.twin.mixture import Mixture
from napari_scantwin.twin.model import Twin
from napari_scantwin.twin.score import Score
from napari_scantwin.twin.settings import Trial, TwinSettings
from napari_scantwin.twin.uncertainty import Uncertainty

__all__ = ["load", "save"]

_FORMAT = 4
_DIGEST = "sha256"
#: A member of the archive larger than this is not one of ours (a twin of 10^7 points needs 80 MB a column).
_LARGEST = 2_000_000_000


def save(twin: Twin, path: str | Path) -> Path:
    """Write ``twin`` to ``path`` (the suffix ``.twin`` is added where there is none); returns the path."""
    path = Path(path)
    path = path if path.suffix else path.with_suffix(".twin")
    entries = _entries(twin)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        archive.writestr(_DIGEST, _digest(entries))
    return path


def load(path: str | Path) -> Twin:
    """Read the twin in ``path``.

    Raises :class:`~napari_scantwin.core.errors.ScanError` where the file is missing, cut off, altered, or
    written by a newer version.
    """
    path = Path(path)
    try:
        entries = _read(path)
    except FileNotFoundError as reason:
        raise ScanError(f"{path.name}: there is no such file") from reason
    except OSError as reason:
        raise ScanError(f"{path.name}: the file cannot be read ({reason.strerror or reason})") from reason
    except Exception as reason:  # a damaged zip raises many kinds
        raise ScanError(f"{path.name} is not a whole .twin file; it may be cut off: save or copy it again") from reason
    try:
        about = json.loads(entries["twin.json"])
        version = int(about["format"])
    except Exception as reason:
        raise ScanError(f"{path.name} is not a .twin file of this program") from reason
    if version > _FORMAT:
        raise ScanError(
            f"{path.name} was written by napari-scantwin {about.get('written_by')}, which is newer than this "
            f"{__version__}; update to open it"
        )
    if version < _FORMAT:
        raise ScanError(
            f"{path.name} is a twin of an older kind, from napari-scantwin {about.get('written_by')}; open its scan "
            "and train it again"
        )
    try:
        return _rebuild(about, entries)
    except Exception as reason:
        raise ScanError(f"{path.name} is altered: its parts do not fit together; save or copy it again") from reason


def _entries(twin: Twin) -> dict[str, bytes]:
    scan = twin.scan
    about = {
        "format": _FORMAT,
        "written_by": __version__,
        "settings": asdict(twin.settings),
        "score": twin.score.to_dict(),
        "stopped": twin.stopped,
        "notes": list(twin.notes),
        "trials": [asdict(trial) for trial in twin.trials],
        "offset": twin.offset,
        "spread": twin.spread,
        "experts": [
            {"name": name, "kind": type(expert).__name__, "weight": float(weight)}
            for name, expert, weight in zip(twin.mixture.names, twin.mixture.experts, twin.mixture.weights, strict=True)
        ],
        "scan": {
            "name": str(scan.name),
            "dims": list(scan.dims),
            "attrs": _plain(scan.attrs),
            "coords": {
                str(name): {"dims": list(coord.dims), "attrs": _plain(coord.attrs)}
                for name, coord in scan.coords.items()
            },
        },
    }
    arrays = {"scan/values": scan.values}
    arrays |= {f"scan/coords/{name}": coord.values for name, coord in scan.coords.items()}
    arrays |= {f"history/{name}": column for name, column in twin.history.items()}
    for number, expert in enumerate(twin.mixture.experts):
        arrays |= {f"expert{number}/{name}": array for name, array in expert.to_arrays().items()}
    arrays |= {f"uncertainty/{name}": array for name, array in twin.uncertainty.to_arrays().items()}
    entries = {"twin.json": json.dumps(about, indent=1).encode()}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(array) if np.ndim(array) else np.asarray(array), allow_pickle=False)
        entries[f"{name}.npy"] = buffer.getvalue()
    return entries


def _plain(attrs) -> dict:
    """Attributes as JSON holds them; NumPy numbers become Python's."""
    return {str(key): value.item() if isinstance(value, np.generic) else value for key, value in attrs.items()}


def _digest(entries: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(name.encode() + b"\0" + entries[name])
    return digest.hexdigest()


def _read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
            raise ScanError("too large")
        entries = {name: archive.read(name) for name in archive.namelist()}
    told = entries.pop(_DIGEST).decode()
    if told != _digest(entries):
        raise ScanError("altered")
    return entries


def _rebuild(about: dict, entries: dict[str, bytes]) -> Twin:
    arrays = {
        name.removesuffix(".npy"): np.load(io.BytesIO(content), allow_pickle=False)
        for name, content in entries.items()
        if name.endswith(".npy")
    }

    def folder(name: str) -> dict[str, np.ndarray]:
        return {key.removeprefix(f"{name}/"): array for key, array in arrays.items() if key.startswith(f"{name}/")}

    described = about["scan"]
    scan = xr.DataArray(
        arrays["scan/values"],
        dims=described["dims"],
        coords={
            name: (coord["dims"], arrays[f"scan/coords/{name}"], coord["attrs"])
            for name, coord in described["coords"].items()
        },
        name=described["name"],
        attrs=described["attrs"],
    )
    return Twin(
        scan=scans.check(scan),
        settings=TwinSettings(**about["settings"]),
        score=Score.from_dict(about["score"]),
        history=folder("history"),
        stopped=about["stopped"],
        mixture=Mixture(
            tuple(one["name"] for one in about["experts"]),
            tuple(
                FITTED[one["kind"]].from_arrays(folder(f"expert{number}"))
                for number, one in enumerate(about["experts"])
            ),
            np.array([one["weight"] for one in about["experts"]]),
        ),
        offset=about["offset"],
        spread=about["spread"],
        uncertainty=Uncertainty.from_arrays(folder("uncertainty")),
        notes=tuple(about.get("notes", ())),
        trials=tuple(Trial(**trial) for trial in about.get("trials", ())),
    )
