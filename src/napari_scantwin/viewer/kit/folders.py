"""Where files are saved: dialogs open in the folder of the last one, with a name that says what it holds."""

from __future__ import annotations

import re
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_scantwin.core.config import config_folder
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path

__all__ = ["ask_path", "file_name", "last_folder", "remember_folder"]

_LONGEST = 80


def _file() -> Path:
    return config_folder() / "last_folder"


def last_folder() -> Path:
    """The folder something was last opened from or saved to; the home folder at first, or where it is gone."""
    try:
        folder = Path(_file().read_text("utf-8"))
        return folder if folder.is_dir() else Path.home()
    except (OSError, ValueError):
        return Path.home()


def remember_folder(path: Path) -> None:
    """Begin the next dialog in the folder of ``path``; where that cannot be kept, nothing else is lost."""
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(_file()) as temporary:
            temporary.write_text(str(Path(path).absolute().parent), encoding="utf-8")
    except (OSError, ScanError):
        pass


def file_name(*parts: str) -> str:
    """A name for a file from words that say what it holds: letters, digits, dots and dashes of them."""
    words = " ".join(part for part in parts if part)
    return re.sub(r"[^\w.+=-]+", "_", words).strip("_.")[:_LONGEST] or "scan"


def ask_path(parent: QWidget | None, title: str, name: str, kinds: str) -> tuple[Path | None, str]:
    """Ask where to save.

    Parameters
    ----------
    parent
        What the dialog belongs to.
    title
        What the dialog says.
    name
        The name it begins with (:func:`file_name`), with its suffix.
    kinds
        The kinds of file, as Qt writes them: ``"CSV (*.csv);;SVG (*.svg)"``.

    Returns
    -------
    tuple of (Path or None, str)
        The path, with the suffix of the chosen kind where none was typed, and that kind; None where nothing is to be
        saved.
    """
    path, kind = QFileDialog.getSaveFileName(parent, title, str(last_folder() / name), kinds)
    if not path:
        return None, kind
    found = Path(path)
    if not found.suffix and (suffix := re.search(r"\*(\.\w+)", kind or kinds)):
        found = found.with_name(found.name + suffix.group(1))
    remember_folder(found)
    return found, kind
