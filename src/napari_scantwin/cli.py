"""The command ``scantwin``: train, score, simulate and look at scans without a screen.

Exit codes: 0 done, 2 wrong usage, 3 a file or scan that cannot be used, 4 a file that could not be
written, 130 interrupted.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Digital twins of scanned physical-property measurements.",
)
_BAD_INPUT, _NOT_WRITTEN, _INTERRUPTED = 3, 4, 130

Files = Annotated[list[Path], typer.Argument(help="A scan file, or several with one sweep each.")]
TwinFile = Annotated[Path, typer.Argument(help="A .twin file.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
Axis = Annotated[list[str] | None, typer.Option("--axis", help='An axis column: "COLUMN=name[unit]". Repeat.')]
Value = Annotated[str | None, typer.Option(help='The value column: "COLUMN=name[unit]".')]
Error = Annotated[str | None, typer.Option(help='The standard error column: "COLUMN=name[unit]".')]
Choice = Annotated[str | None, typer.Option(help="Which measurement of an instrument's file (see info).")]


@contextmanager
def _in_words():
    """Turn errors into one sentence on standard error and an exit code."""
    from napari_scantwin.errors import Cancelled, NotWritten, ScanError

    try:
        yield
    except ScanError as reason:
        typer.echo(f"scantwin: {reason}", err=True)
        raise typer.Exit(_NOT_WRITTEN if isinstance(reason, NotWritten) else _BAD_INPUT) from None
    except (Cancelled, KeyboardInterrupt):
        typer.echo("scantwin: interrupted; nothing was written", err=True)
        raise typer.Exit(_INTERRUPTED) from None


def _checked(make, *arguments):
    """``make(*arguments)``, its objections being wrong usage (exit code 2)."""
    from napari_scantwin.errors import ScanError

    try:
        return make(*arguments)
    except ScanError as reason:
        raise typer.BadParameter(str(reason)) from None


def _check_suffix(output: Path) -> None:
    from napari_scantwin.writers import FORMATS

    if output.suffix.lower() not in FORMATS:
        raise typer.BadParameter(f"{output.name}: the suffix names no format; use one of {', '.join(FORMATS)}")


def _check_folder(output: Path) -> None:
    """Say before minutes of work that its result could not be kept."""
    from napari_scantwin.errors import NotWritten

    if not output.parent.is_dir():
        raise NotWritten(f"{output.name} was not written: the folder {output.parent} does not exist")


@contextmanager
def _bar(title: str):
    """A progress bar on standard error; yields a function of (fraction, words)."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda fraction, words=title: bar.update(task, completed=fraction, description=words)


@app.command()
def train(
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .twin file to write.")],
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    preset: Annotated[str, typer.Option(help="fast or thorough")] = "fast",
    members: Annotated[int | None, typer.Option(help="Networks in the ensemble.")] = None,
    time_budget: Annotated[float | None, typer.Option(help="Seconds to spend on training.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    trials: Annotated[int | None, typer.Option(help="Trials of a search for further experts, in all.")] = None,
    storage: Annotated[str | None, typer.Option(help="Journal or Optuna address the search is kept in.")] = None,
    as_json: Json = False,
) -> None:
    """Train the twin of a scan and save it; given a .twin file, go on with its search."""
    with _in_words():
        from napari_scantwin.readers import read
        from napari_scantwin.twin import Twin, TwinSettings
        from napari_scantwin.twin import train as train_twin

        settings = _checked(TwinSettings, preset, members, time_budget, seed, trials, storage)
        if len(files) == 1 and files[0].suffix == ".twin":
            scan = Twin.load(files[0])
        else:
            scan = read(files, axes=axis, value=value, error=error, choice=choice)
        _check_folder(output)
        with _bar("training") as tell:
            twin = train_twin(scan, settings, on_progress=lambda p: tell(p.fraction, p.stage), stop=threading.Event())
        path = twin.save(output)
        words = "\n".join([twin.score.verdict, *twin.notes, f"Saved {path}"])
        _say(as_json, {"twin": str(path), "score": twin.score.to_dict(), "notes": list(twin.notes)}, words)


@app.command()
def score(file: TwinFile, as_json: Json = False) -> None:
    """Show a twin's held-out errors beside the rivals'."""
    with _in_words():
        from napari_scantwin.twin import Twin

        found = Twin.load(file).score
        _say(as_json, found.to_dict(), _score_text(found))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(
    context: typer.Context,
    file: TwinFile,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.nc, .zarr, .csv, .h5, .tif).")],
    as_json: Json = False,
) -> None:
    """Simulate a twin on a grid and export the map.

    Name the twin's axes as options: --temperature 10:60:0.5 --magnetic-field 100,500,1000. An axis that is not
    named takes a dense default over its measured range.
    """
    with _in_words():
        from napari_scantwin.twin import Twin
        from napari_scantwin.writers import write

        _check_suffix(output)
        twin = Twin.load(file)
        grid = {**twin.default_grid(), **_checked(_grid, context.args, twin.axes)}
        _check_folder(output)
        with _bar("simulating") as tell:
            scan = twin.simulate(grid, on_progress=tell)
        (path,) = write(scan, output)
        outside = float(scan["extrapolated"].mean())
        words = f"Wrote {path}: {' x '.join(f'{n} {a}' for a, n in zip(scan.dims, scan.shape, strict=True))}"
        if outside:
            words += f"; {100 * outside:.3g} % of it lies outside the measured range"
        _say(as_json, {"file": str(path), "shape": dict(scan.sizes), "extrapolated": outside}, words)


def _grid(arguments: list[str], axes: tuple[str, ...]) -> dict:
    """Grid values by axis from ``--axis-name values`` pairs."""
    from napari_scantwin.errors import ScanError
    from napari_scantwin.grids import parse_values

    words = [part for argument in arguments for part in (argument.split("=", 1) if "=" in argument else [argument])]
    if len(words) % 2:
        raise ScanError(f"each axis needs a range or a list after it: {' '.join(arguments)}")
    grid = {}
    for option, text in zip(words[::2], words[1::2], strict=True):
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or name not in axes:
            offered = ", ".join("--" + axis.replace("_", "-") for axis in axes)
            raise ScanError(f"{option} is no axis of this twin; it has {offered}")
        grid[name] = parse_values(text, name)
    return grid


@app.command()
def info(
    files: Files,
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    as_json: Json = False,
) -> None:
    """Say what is in a scan or twin file."""
    with _in_words():
        from napari_scantwin.readers import open_choices, read
        from napari_scantwin.twin import Twin

        twin = Twin.load(files[0]) if files[0].suffix == ".twin" else None
        scan = twin.scan if twin else read(files, axes=axis, value=value, error=error, choice=choice)
        choices = [] if twin or len(files) > 1 else [one.key for one in open_choices(files[0])]
        about = _about(scan) | {"choices": choices}
        if twin:
            about |= {"score": twin.score.to_dict(), "settings": dataclasses.asdict(twin.settings)}
        lines = [f"{about['value']} ({about['unit']}), {about['points']} points in {about['sweeps']} sweeps"]
        lines += [f"  {name}: {a['low']:.6g} to {a['high']:.6g} {a['unit']}" for name, a in about["axes"].items()]
        lines += [
            f"  {key}: {scan.attrs[key]}" for key in ("source", "instrument", "dropped_rows") if key in scan.attrs
        ]
        if "sample_mass" in scan.attrs:
            lines.append(f"  sample mass: {scan.attrs['sample_mass']:g} {scan.attrs['sample_mass_units']}")
        lines += [f"  measurement: {key}" for key in choices] if len(choices) > 1 else []
        if twin:
            settings = ", ".join(f"{key} {value}" for key, value in about["settings"].items() if value is not None)
            lines += [f"  twin: {settings}", twin.score.verdict]
        _say(as_json, about, "\n".join(lines))


def _about(scan) -> dict:
    from napari_scantwin import scan as scans
    from napari_scantwin import units

    return {
        "value": str(scan.name),
        "unit": units.pretty(scan.attrs["units"]),
        "points": int(scan.size),
        "sweeps": len(scans.sweeps(scan)),
        "axes": {
            name: {
                "low": float(scan[name].min()),
                "high": float(scan[name].max()),
                "unit": units.pretty(scan[name].attrs["units"]),
            }
            for name in scans.axes(scan)
        },
        "attrs": {key: value for key, value in scan.attrs.items() if isinstance(value, (str, int, float))},
    }


@app.command()
def export(
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.nc, .zarr, .csv, .h5, .tif).")],
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
) -> None:
    """Write a scan in another format."""
    with _in_words():
        from napari_scantwin.readers import read
        from napari_scantwin.writers import write

        _check_suffix(output)
        (path,) = write(read(files, axes=axis, value=value, error=error, choice=choice), output)
        typer.echo(f"Wrote {path}")


def _score_text(found) -> str:
    """The score as a table for a terminal: sweeps down, methods across would not fit; so methods down."""
    lines = [f"Root-mean-square error on sweeps left out, in {found.unit} (and % of the range)", ""]
    order = sorted(
        range(len(found.methods)), key=lambda row: (found.inside[row] != found.inside[row], found.inside[row])
    )
    for row in order:
        share = 100 * found.inside[row] / found.value_range
        lines.append(
            f"  {found.methods[row]:<18} inner {found.inside[row]:<10.3g} ({share:.2g} %)  all {found.overall[row]:.3g}"
        )
    shown = order[:6]
    lines += ["", f"  {'sweep':<18}" + "".join(f"{found.methods[row][:14]:>16}" for row in shown)]
    for column, (name, edge) in enumerate(zip(found.sweeps, found.edge, strict=True)):
        numbers = "".join(f"{found.errors[row][column]:>16.3g}" for row in shown)
        lines.append(f"  {name:<18}{numbers}{'  (edge: extrapolated)' if edge else ''}")
    if len(order) > len(shown):
        lines.append("  (the best six; --json lists all)")
    return "\n".join([*lines, "", found.verdict])


def _say(as_json: bool, data: dict, words: str) -> None:
    typer.echo(json.dumps(data, indent=1) if as_json else words)


def main() -> None:
    """Run the command; what went wrong inside goes to the log, not to the user."""
    try:
        app()
    except Exception as reason:
        import platformdirs

        folder = Path(platformdirs.user_log_dir("napari-scantwin", ensure_exists=True))
        logging.basicConfig(filename=folder / "scantwin.log")
        logging.getLogger("napari_scantwin").exception("scantwin failed")
        typer.echo(
            f"scantwin: something went wrong inside ({type(reason).__name__}); see {folder / 'scantwin.log'}", err=True
        )
        raise SystemExit(1) from None
