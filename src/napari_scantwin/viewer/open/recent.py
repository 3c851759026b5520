"""Which files were opened lately."""

from __future__ import annotations

import json
from pathlib import Path

from napari_scantwin.core.config import config_folder
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path

__all__ = ["recent_paths", "remember_paths"]

_MOST = 6


def _file() -> Path:
    return config_folder() / "recent.json"


def recent_paths() -> list[list[Path]]:
    """Lists of files opened together, the latest first; those that are gone are left away."""
    try:
        found = [[Path(str(path)) for path in paths] for paths in json.loads(_file().read_text("utf-8"))]
    except (OSError, ValueError, TypeError):  # nothing kept yet, or not in a form we wrote
        return []
    return [paths for paths in found if paths and all(path.exists() for path in paths)]


def remember_paths(paths: list[Path]) -> None:
    """Put files at the head of the list; where it cannot be kept, nothing is lost but the convenience."""
    paths = [Path(path).absolute() for path in paths]
    kept = [paths, *(other for other in recent_paths() if other != paths)][:_MOST]
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(_file()) as temporary:
            temporary.write_text(json.dumps([[str(path) for path in paths] for paths in kept]), encoding="utf-8")
    except (OSError, ScanError):
        pass
