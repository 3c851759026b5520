"""Where choices are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["config_folder", "log_file"]


def config_folder() -> Path:
    """The folder of remembered choices: ``$NAPARI_SCANTWIN_CONFIG``, else the user's own configuration folder."""
    return Path(os.environ.get("NAPARI_SCANTWIN_CONFIG") or platformdirs.user_config_dir("napari-scantwin"))


def log_file() -> Path:
    """Where what went wrong is kept in full; in the folder of ``$NAPARI_SCANTWIN_CONFIG`` where that is set."""
    folder = os.environ.get("NAPARI_SCANTWIN_CONFIG") or platformdirs.user_log_dir("napari-scantwin")
    return Path(folder) / "scantwin.log"
