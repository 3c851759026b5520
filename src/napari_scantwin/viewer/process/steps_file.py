"""Files of processing steps, to be done again to other scans."""

from __future__ import annotations

import json
from pathlib import Path

from napari_scantwin import processing
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path

__all__ = ["read_steps", "write_steps"]

_MOST_TEXT = 400_000  # characters that are read


def write_steps(path: Path, steps: list) -> None:
    """Write a history of steps as JSON; :class:`ScanError` where that cannot be done."""
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps({"steps": steps}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as reason:
        raise ScanError(f"{path.name} could not be written: {reason.strerror}") from reason


def read_steps(path: Path, scan) -> list:
    """The steps of a file of :func:`write_steps`, for a ``scan``; :class:`ScanError` where it is another file."""
    try:
        text = path.read_text(encoding="utf-8")
        if len(text) > _MOST_TEXT:
            raise ValueError
        steps = json.loads(text)["steps"]
        holder = scan.isel(dict.fromkeys(scan.dims, slice(0, 1))).assign_attrs({processing.HISTORY: json.dumps(steps)})
        return processing.history(holder)
    except OSError as reason:
        raise ScanError(f"{path.name} could not be read: {reason.strerror}") from reason
    except (ValueError, KeyError, TypeError, RecursionError, ScanError):
        raise ScanError(f"{path.name} holds no steps; choose a file written by Save steps") from None
