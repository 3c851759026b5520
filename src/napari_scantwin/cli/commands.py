"""Train, score, simulate, look at and export scans."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Annotated

import typer

from napari_scantwin.cli.common import (
    Along,
    Axis,
    Branch,
    Choice,
    Error,
    Files,
    Json,
    TwinFile,
    Value,
    app,
    bar,
    check_folder,
    check_suffix,
    checked,
    in_words,
    say,
)

#: After so many corrections of sweeps a training is the last.
_MOST_MENDED = 3


@app.command()
def train(
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .twin file to write.")],
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    along: Along = None,
    preset: Annotated[str, typer.Option(help="fast or thorough")] = "fast",
    method: Annotated[
        str, typer.Option(help="best (of all), network (neural networks alone) or published (Terashima 2023, minutes)")
    ] = "best",
    members: Annotated[int | None, typer.Option(help="Networks in the ensemble.")] = None,
    time_budget: Annotated[float | None, typer.Option(help="Seconds to spend on training.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    trials: Annotated[int | None, typer.Option(help="Trials of a search for further interpolators, in all.")] = None,
    storage: Annotated[str | None, typer.Option(help="Journal or Optuna address the search is kept in.")] = None,
    every: Annotated[int | None, typer.Option(help="Learn from every n-th value of a slow axis, such as 2.")] = None,
    within: Annotated[str | None, typer.Option(help="Learn from this range of it only, such as -5:5.")] = None,
    among: Annotated[str | None, typer.Option(help="Learn from these of its values only, such as 20,40,80.")] = None,
    slow_axis: Annotated[
        str | None, typer.Option(help="The axis that --every, --within and --among speak of (default: the slowest).")
    ] = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Correct sweeps found to read high, low or late, and train again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the twin of a scan and save it; given a .twin file, go on with its search."""
    with in_words():
        from napari_scantwin.processing import mended, mendings
        from napari_scantwin.readers import read
        from napari_scantwin.twin import Twin, TwinSettings
        from napari_scantwin.twin import train as train_twin

        settings = checked(TwinSettings, preset, members, time_budget, seed, trials, storage, method)
        if len(files) == 1 and files[0].suffix == ".twin":
            scan = Twin.load(files[0])
        else:
            scan = read(files, axes=axis, value=value, error=error, choice=choice, along=along)
        scan = _part(scan, every, within, among, slow_axis)
        check_folder(output)
        for count in range(_MOST_MENDED + 1):
            with bar("training") as tell:
                twin = train_twin(
                    scan, settings, on_progress=lambda p, tell=tell: tell(p.fraction, p.stage), stop=threading.Event()
                )
            better = mended(twin) if mend and count < _MOST_MENDED else twin.whole
            if better is twin.whole:
                break
            scan = better
        path = twin.save(output)
        words = "\n".join([twin.verdict, twin.made_of, *mendings(twin.whole), *twin.remarks, f"Saved {path}"])
        say(as_json, {"twin": str(path), **_about_twin(twin), "mended": mendings(twin.whole)}, words)


def _about_twin(twin) -> dict:
    """Score, composition and notes for JSON; of a scan with branches those of each under ``branches``."""
    about = {"score": twin.score.to_dict(), "made_of": twin.mixture.composition, "notes": list(twin.notes)}
    if twin.branches:
        each = {one: twin.of(one) for one in twin.branches}
        about |= {"branch": twin.branch, "branches": {name: _about_twin(_alone(one)) for name, one in each.items()}}
    return about


def _alone(twin):
    return dataclasses.replace(twin, branched=None)


def _part(scan, every: int | None, within: str | None, among: str | None, slow_axis: str | None):
    """The scan with all masked but the values asked for; the same scan where none are."""
    from napari_scantwin.cli.planning import as_range
    from napari_scantwin.core.axis_values import parse_values
    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.core.training_mask import train_on
    from napari_scantwin.twin import Twin

    asked = {
        "every": every,
        "within": None if within is None else checked(as_range, within),
        "among": None if among is None else checked(parse_values, among, "--among"),
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    if not asked and slow_axis is None:
        return scan
    if isinstance(scan, Twin):
        raise ScanError("a search goes on with what its twin was trained on; give the scan's file to train on a part")
    if not asked:
        raise typer.BadParameter("--slow-axis says of what; add --every, --within or --among")
    return checked(lambda: train_on(scan, slow_axis and slow_axis.replace("-", "_"), **asked))


@app.command()
def score(file: TwinFile, branch: Branch = None, as_json: Json = False) -> None:
    """Show a twin's held-out errors beside the baselines', branch by branch where its scan holds several."""
    with in_words():
        from napari_scantwin.twin import Twin

        twin = Twin.load(file)
        shown = [twin.of(one) for one in twin.branches] if twin.branches and branch is None else [twin.of(branch)]
        about = {**shown[0].score.to_dict(), "made_of": shown[0].mixture.composition}
        if twin.branches:
            about |= {"branch": shown[0].branch, "branches": _about_twin(twin)["branches"]}
        texts = [f"{_score_text(one.score)}\n{one.mixture.in_words}" for one in shown]
        if twin.branches:
            texts = [f"Branch: {one.branch}\n{text}" for one, text in zip(shown, texts, strict=True)]
        say(as_json, about, "\n\n".join(texts))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(
    context: typer.Context,
    file: TwinFile,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.nc, .zarr, .csv, .h5, .tif).")],
    along: Annotated[str | None, typer.Option(help="Export the derivative along this axis instead.")] = None,
    order: Annotated[int, typer.Option(min=1, max=2, help="First or second derivative.")] = 1,
    branch: Branch = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask cluster that evaluates a .zarr map, such as tcp://host:8786.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Simulate a twin on a grid and export the map.

    Name the twin's axes as options: --temperature 10:60:0.5 --magnetic-field 100,500,1000. An axis that is not
    named takes a dense default over its measured range.
    """
    with in_words():
        from napari_scantwin.core.errors import ScanError
        from napari_scantwin.twin import Twin
        from napari_scantwin.writers import write, write_volume

        check_suffix(output)
        if scheduler and output.suffix != ".zarr":
            raise ScanError("a cluster writes .zarr maps; give the output that suffix or leave --scheduler out")
        twin = Twin.load(file).of(branch)
        grid = {**twin.default_grid(), **checked(_grid, context.args, twin.axes)}
        check_folder(output)
        wanted = {"along": along and along.replace("-", "_"), "order": order}
        with bar("simulating") as tell:
            if output.suffix == ".zarr":
                (path,) = write_volume(twin, grid, output, **wanted, scheduler=scheduler, on_progress=tell)
                sizes, outside = _of_volume(path)
            else:
                scan = twin.simulate(grid, **wanted, on_progress=tell)
                sizes, outside = dict(scan.sizes), float(scan["extrapolated"].mean())
                (path,) = write(scan, output)
        words = f"Wrote {path}: {' x '.join(f'{name} {size}' for name, size in sizes.items())}"
        words += f", branch {twin.branch}" if twin.branch else ""
        if outside:
            words += f"; {100 * outside:.3g} % of it lies outside the measured range"
        about = {"file": str(path), "shape": sizes, "extrapolated": outside}
        say(as_json, about | ({"branch": twin.branch} if twin.branch else {}), words)


def _of_volume(path: Path) -> tuple[dict, float]:
    """Sizes and extrapolated share of a zarr map, read chunk by chunk."""
    import xarray as xr

    with xr.open_zarr(path, chunks={}, consolidated=False) as written:
        flags = written["extrapolated"]
        return dict(flags.sizes), float(flags.mean())


def _grid(arguments: list[str], axes: tuple[str, ...]) -> dict:
    """Grid values by axis from ``--axis-name values`` pairs."""
    from napari_scantwin.core.axis_values import parse_values
    from napari_scantwin.core.errors import ScanError

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
    along: Along = None,
    as_json: Json = False,
) -> None:
    """Say what is in a scan or twin file."""
    with in_words():
        from napari_scantwin.core import branches
        from napari_scantwin.core import scan as scans
        from napari_scantwin.core.energies import LONG_NAMES
        from napari_scantwin.core.notes import notes
        from napari_scantwin.readers import open_file

        file = open_file(files)
        found = file.measurement(axes=axis, value=value, error=error, choice=choice, along=along)
        twin, scan = found.twin, found.scan
        # Named columns or arrays are all there is to say; of several files the choices are each one's own.
        several = axis or value or len(files) > 1
        choices = [] if several else [one.key for one in file.measurements(choice) if one.key]
        about = _about(scan) | {"choices": choices}
        if twin:
            about |= {"score": twin.score.to_dict(), "settings": dataclasses.asdict(twin.settings)}
        lines = [f"{about['value']} ({about['unit']}), {about['points']} points in {about['sweeps']} sweeps"]
        lines += [f"  {name}: {a['low']:.6g} to {a['high']:.6g} {a['unit']}" for name, a in about["axes"].items()]
        if parts := branches.parted(scan):
            about["branches"] = {name: scans.sweep_count(part) for name, part in parts.items()}
            sizes = (f"{name} ({count} sweep{'s' if count > 1 else ''})" for name, count in about["branches"].items())
            lines.append(f"  branches: {'; '.join(sizes)}")
        if said := scan.attrs.get("energy_notation"):
            lines.append(f"  energies: {LONG_NAMES.get(said, said)}")
        lines += [f"  {key}: {scan.attrs[key]}" for key in ("source", "instrument") if key in scan.attrs]
        lines += [f"  note: {one}" for one in notes(scan.attrs)]
        if "sample_mass" in scan.attrs:
            lines.append(f"  sample mass: {scan.attrs['sample_mass']:g} {scan.attrs['sample_mass_units']}")
        lines += [f"  measurement: {key}" for key in choices] if len(choices) > 1 else []
        if twin:
            settings = ", ".join(f"{key} {value}" for key, value in about["settings"].items() if value is not None)
            lines += [f"  twin: {settings}", twin.verdict]
        say(as_json, about, "\n".join(lines))


def _about(scan) -> dict:
    from napari_scantwin.core import scan as scans
    from napari_scantwin.core import units

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
    along: Along = None,
) -> None:
    """Write a scan in another format."""
    with in_words():
        from napari_scantwin.readers import read
        from napari_scantwin.writers import left_out, write

        check_suffix(output)
        scan = read(files, axes=axis, value=value, error=error, choice=choice, along=along)
        (path,) = write(scan, output)
        typer.echo("\n".join([f"Wrote {path}", *(f"  note: {one}" for one in left_out(scan, path))]))


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
