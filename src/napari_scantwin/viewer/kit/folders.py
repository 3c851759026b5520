"""Where files are saved: dialogs open in the folder of the last one, with a name that says what it holds."""

from __future__ import annotations

import re
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_scantwin.core.config import config_folder
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.figures.formats import FORMATS

__all__ = ["PICTURES", "ask_file", "ask_files", "ask_folder", "ask_path", "file_name", "last_folder", "remember_folder"]

#: The kinds of picture, as a dialog lists them.
PICTURES = ";;".join(f"{words} (*{suffix})" for suffix, words in FORMATS.items())
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


def ask_files(parent: QWidget | None, title: str, kinds: str) -> tuple[list[Path], str]:
    """Ask which files to open, beginning in the last folder; the files, none where the user cancels, and their kind.

    Parameters
    ----------
    parent, title, kinds
        As :func:`ask_path` takes them.
    """
    paths, kind = QFileDialog.getOpenFileNames(parent, title, str(last_folder()), kinds)
    found = [Path(path) for path in paths]
    if found:
        remember_folder(found[0])
    return found, kind


def ask_file(parent: QWidget | None, title: str, kinds: str) -> Path | None:
    """Ask which one file to open, beginning in the last folder; None where the user cancels.

    Parameters
    ----------
    parent, title, kinds
        As :func:`ask_path` takes them.
    """
    path, _ = QFileDialog.getOpenFileName(parent, title, str(last_folder()), kinds)
    if not path:
        return None
    remember_folder(Path(path))
    return Path(path)


def ask_folder(parent: QWidget | None, title: str) -> Path | None:
    """Ask which folder to open, beginning in the last one; None where the user cancels."""
    path = QFileDialog.getExistingDirectory(parent, title, str(last_folder()))
    if not path:
        return None
    remember_folder(Path(path))
    return Path(path)


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
