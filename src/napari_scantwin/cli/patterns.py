"""What a stack is made of, and where along an axis the behaviour changes."""

from __future__ import annotations

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
    Value,
    app,
    bar,
    check_folder,
    check_suffix,
    in_words,
    say,
)

_Gain = Annotated[
    float | None, typer.Option(help="What one count adds to a value; 0 for even noise (default: measured).")
]


@app.command()
def components(
    files: Files,
    over: Annotated[str | None, typer.Option(help="Axes of the places, such as y,x (default: proposed).")] = None,
    number: Annotated[str, typer.Option("-k", "--number", help="How many, or auto: by two tests.")] = "auto",
    method: Annotated[str, typer.Option(help="parts, variance, groups or latent")] = "parts",
    gain: _Gain = None,
    grouping: Annotated[str, typer.Option(help="Of groups: k-means or HDBSCAN")] = "k-means",
    to: Annotated[Path | None, typer.Option("--to", "-o", help="Write the shares; the spectra beside them.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    scheduler: Annotated[str | None, typer.Option(help="A Dask cluster, such as tcp://host:8786.")] = None,
    recipe: Annotated[bool, typer.Option("--recipe", help="Print the same in plain NumPy.")] = False,
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    along: Along = None,
    as_json: Json = False,
) -> None:
    """Find the components of a stack: how many, their shares at every place, their spectra.

    With --to out.nc the shares are written to out.nc and the spectra to out_spectra.nc.
    """
    with in_words():
        from napari_scantwin.patterns import decompose
        from napari_scantwin.patterns.components import GROUPINGS, METHODS
        from napari_scantwin.readers import read

        if method not in METHODS or grouping not in GROUPINGS:
            raise typer.BadParameter(f"methods: {', '.join(METHODS)}; groupings: {', '.join(GROUPINGS)}")
        count = None if number == "auto" else _whole(number)
        if to is not None:
            check_suffix(to)
            check_folder(to)
        scan = read(files, axes=axis, value=value, error=error, choice=choice, along=along)
        places = None if over is None else tuple(one.strip() for one in over.split(","))
        with bar("components") as tell:
            found = decompose(
                scan,
                places,
                count,
                method,
                gain=gain,
                grouping=grouping,
                seed=seed,
                scheduler=scheduler,
                stop=threading.Event(),
                on_progress=tell,
            )
        written = [] if to is None else _written(found, to)
        say(as_json, _components_data(found, written), _components_words(found, written, recipe))


def _whole(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise typer.BadParameter(f"-k is a whole number from 1 on, or auto; not {text!r}")
    return int(text)


def _written(found, path: Path) -> list[Path]:
    from napari_scantwin.writers import write

    beside = path.with_name(f"{path.stem}_spectra{path.suffix}")
    write(found.shares, path)
    write(found.spectra, beside)
    return [path, beside]


def _means(found) -> list[float]:
    return [float(one.mean(skipna=True)) for one in found.shares]


def _components_data(found, written) -> dict:
    return {
        "components": found.count,
        "above_noise": found.evidence.above_noise,
        "by_neighbours": found.evidence.by_neighbours,
        "places": list(found.table.over),
        "channels": list(found.table.channels),
        "gain": found.gain,
        "gain_measured": found.table.measured,
        "method": found.method,
        "mean_shares": _means(found),
        "misfit": float(found.misfit.mean(skipna=True)),
        "notes": list(found.notes),
        "written": [str(path) for path in written],
    }


def _components_words(found, written, recipe: bool) -> str:
    how = "measured" if found.table.measured else "given"
    lines = [
        f"Places: {', '.join(found.table.over)}; channels: {', '.join(found.table.channels)}",
        f"One count: {found.gain:.4g} ({how})",
        f"{found.evidence.words[0].upper()}{found.evidence.words[1:]}",
    ]
    lines += [f"  {number}  mean {found.shares.name} {mean:.3f}" for number, mean in enumerate(_means(found), start=1)]
    lines += [f"Residual over its noise: {float(found.misfit.mean(skipna=True)):.3f}", *found.notes]
    lines += [f"Wrote {path}" for path in written]
    return "\n".join([*lines, "", found.recipe()] if recipe else lines)


@app.command()
def boundary(
    files: Files,
    axis_along: Annotated[str | None, typer.Option("--along", help="The ordered axis (default: a likely one).")] = None,
    each: Annotated[str | None, typer.Option(help="An axis, or direction: a boundary for every value of it.")] = None,
    method: Annotated[str, typer.Option(help="change, confusion or regression")] = "change",
    gain: _Gain = None,
    seeds: Annotated[int, typer.Option(help="Networks of the learned methods.")] = 5,
    to: Annotated[Path | None, typer.Option("--to", "-o", help="Write the line, or what speaks for it.")] = None,
    branch: Branch = None,
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    series: Annotated[str | None, typer.Option(help='Scanned from file to file: "20, 35=temperature[K]".')] = None,
    as_json: Json = False,
) -> None:
    """Find where along an axis the behaviour changes, or that a smooth change fits as well."""
    with in_words():
        from napari_scantwin.analyses.boundary import likely_axis
        from napari_scantwin.patterns import boundary as find
        from napari_scantwin.patterns.boundaries import METHODS
        from napari_scantwin.readers import read
        from napari_scantwin.writers import write

        if method not in METHODS:
            raise typer.BadParameter(f"methods: {', '.join(METHODS)}")
        if to is not None:
            check_suffix(to)
            check_folder(to)
        scan = read(files, axes=axis, value=value, error=error, choice=choice, along=series)
        with bar("boundary") as tell:
            found = find(
                scan,
                axis_along or likely_axis(scan),
                each,
                method,
                gain=gain,
                branch=branch,
                seeds=seeds,
                stop=threading.Event(),
                on_progress=tell,
            )
        if to is not None:
            write(found.curve if each in (None, "direction") else found.line, to)
        say(as_json, _boundary_data(found), "\n".join([*found.sentences(), *found.notes]))


def _boundary_data(found) -> dict:
    import math

    def number(one):
        return None if isinstance(one, float) and not math.isfinite(one) else one

    return {
        "along": found.along,
        "each": found.each,
        "method": found.method,
        "unit": found.unit,
        "boundaries": [
            {
                "value": one.value,
                "found": one.found,
                "at": number(one.at),
                "low": number(one.low),
                "high": number(one.high),
                "delta_bic": number(one.delta_bic),
                "why_not": one.why_not,
                "warnings": list(one.warnings),
            }
            for one in found.results
        ],
        "notes": list(found.notes),
    }
