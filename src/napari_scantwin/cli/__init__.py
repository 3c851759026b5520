"""The command ``scantwin``: train, score, simulate, plan and look at scans without a screen.

Exit codes: 0 done, 2 wrong usage, 3 a file or scan that cannot be used, 4 a file that could not be
written, 130 interrupted.
"""

from __future__ import annotations

import logging
import sys

import typer

from napari_scantwin.cli import analyse, batch, commands, crystal_field, figure, patterns, planning, structure, watch
from napari_scantwin.cli.common import app
from napari_scantwin.core.config import log_file

__all__ = [
    "analyse",
    "app",
    "batch",
    "commands",
    "crystal_field",
    "figure",
    "main",
    "patterns",
    "planning",
    "structure",
    "watch",
]


def main() -> None:
    """Run the command; what went wrong inside goes to the log, not to the user."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a letter the terminal's code page lacks is written as a question mark
            stream.reconfigure(errors="replace")
    try:
        app()
    except Exception as reason:
        kept = log_file()
        kept.parent.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=kept)
        logging.getLogger("napari_scantwin").exception("scantwin failed")
        typer.echo(f"scantwin: something went wrong inside ({type(reason).__name__}); see {kept}", err=True)
        raise SystemExit(1) from None
