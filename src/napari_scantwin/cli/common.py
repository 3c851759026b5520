"""What every command shares: the options, errors in words and their exit codes, a progress bar, how to answer."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Along",
    "Axis",
    "Branch",
    "Choice",
    "Error",
    "Files",
    "Json",
    "TwinFile",
    "Value",
    "app",
    "bar",
    "check_folder",
    "check_suffix",
    "checked",
    "in_words",
    "say",
]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _say_version(asked: bool) -> None:
    if asked:
        from napari_scantwin import __version__

        typer.echo(f"scantwin {__version__}")
        raise typer.Exit


@app.callback()
def _always(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and exit.")
    ] = False,
) -> None:
    """Digital twins of scanned physical-property measurements."""


_BAD_INPUT, _NOT_WRITTEN, _INTERRUPTED = 3, 4, 130

Files = Annotated[list[Path], typer.Argument(help="A scan file, several of one scan, or a folder of them.")]
TwinFile = Annotated[Path, typer.Argument(help="A .twin file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Axis = Annotated[list[str] | None, typer.Option("--axis", help='An axis column: "COLUMN=name[unit]". Repeat.')]
Value = Annotated[str | None, typer.Option(help='The value column: "COLUMN=name[unit]".')]
Error = Annotated[str | None, typer.Option(help='The standard error column: "COLUMN=name[unit]".')]
Choice = Annotated[str | None, typer.Option(help="Which measurement of an instrument's file (see info).")]
Branch = Annotated[
    str | None,
    typer.Option(help='Which branch of a scan that holds several, such as "cooling" (default: the first measured).'),
]
Along = Annotated[str | None, typer.Option(help='What was scanned from file to file: "20, 35=sample_temperature[K]".')]


@contextmanager
def in_words():
    """Turn errors into one sentence on standard error and an exit code."""
    from napari_scantwin.core.errors import Cancelled, NotWritten, ScanError

    try:
        yield
    except ScanError as reason:
        typer.echo(f"scantwin: {reason}", err=True)
        raise typer.Exit(_NOT_WRITTEN if isinstance(reason, NotWritten) else _BAD_INPUT) from None
    except (Cancelled, KeyboardInterrupt):
        typer.echo("scantwin: interrupted; nothing was written", err=True)
        raise typer.Exit(_INTERRUPTED) from None


def checked(make, *arguments):
    """``make(*arguments)``, its objections being wrong usage (exit code 2)."""
    from napari_scantwin.core.errors import ScanError

    try:
        return make(*arguments)
    except ScanError as reason:
        raise typer.BadParameter(str(reason)) from None


def check_suffix(output: Path) -> None:
    from napari_scantwin.writers import FORMATS

    if output.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"{output.name}: the suffix names no format; use one of {', '.join(FORMATS)}")


def check_folder(output: Path) -> None:
    """Say before minutes of work that its result could not be kept."""
    from napari_scantwin.core.errors import NotWritten

    if not output.parent.is_dir():
        raise NotWritten(f"{output.name} was not written: the folder {output.parent} does not exist")


@contextmanager
def bar(title: str):
    """A progress bar on standard error; yields a function of (fraction, words)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(title, total=1.0)
        yield lambda fraction, words=title: shown.update(task, completed=fraction, description=words)


def say(as_json: bool, data: dict, words: str) -> None:
    typer.echo(json.dumps(data, indent=1) if as_json else words)
