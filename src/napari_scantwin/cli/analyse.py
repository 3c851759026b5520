"""Ask a scan or a twin one of the analyses, as the window does."""

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
    Json,
    Value,
    app,
    bar,
    check_folder,
    in_words,
    say,
)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def analyse(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="An analysis; --list names them.")] = None,
    file: Annotated[Path | None, typer.Argument(help="A scan file, a folder of them, or a .twin file.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the analyses; with a name, its parameters.")] = False,
    twin: Annotated[Path | None, typer.Option(help="The .twin file of the scan.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the table (.csv), or a derived map (.nc, .zarr, .h5, .tif)."),
    ] = None,
    which: Annotated[
        str | None, typer.Option("--map", help="Which derived map -o writes (default: the first).")
    ] = None,
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    along: Along = None,
    branch: Branch = None,
    as_json: Json = False,
) -> None:
    """Work something out of a scan: entropy change, transitions, critical field, comparison and more.

    Name parameters as options: --fields 10000,50000 --mass "0.61 mg". Numbers may have units. Given a .twin file, or
    --twin, the twin's answer stands beside that of the sweeps.
    """
    with in_words():
        from napari_scantwin.analyses import ANALYSES, as_source
        from napari_scantwin.core.errors import ScanError

        if listed:
            say(as_json, _described(name), _listing(name))
            return
        if name is None or file is None:
            raise typer.BadParameter("name an analysis and a file; --list names the analyses")
        one = _named(name)
        given = _given(context.args, one)
        if file.suffix.lower() == ".twin":
            source = as_source(file)
        else:
            from napari_scantwin.operations.source import Source
            from napari_scantwin.readers import read
            from napari_scantwin.twin import Twin

            scan = read(file, axes=axis, value=value, error=error, choice=choice, along=along)
            source = Source(scan, None if twin is None else Twin.load(twin))
        if output is not None:
            check_folder(output)
        with bar(one.title.lower()) as tell:
            found = ANALYSES[one.name](
                source, on_progress=tell, stop_event=threading.Event(), **{"branch": branch} | given
            )
        if output is not None:
            write_found(found, output, which)
        elif which is not None:
            raise ScanError("--map says which map is written; say with -o where to")
        say(as_json, as_data(one, found), in_lines(found, output))


def _named(name: str):
    from napari_scantwin.analyses import ANALYSES

    known = name.replace("-", "_")
    if known not in ANALYSES:
        raise typer.BadParameter(f"there is no analysis {name!r}; there are {', '.join(map(_slug, ANALYSES))}")
    return ANALYSES[known]


def _slug(name: str) -> str:
    return name.replace("_", "-")


def _given(arguments: list[str], one) -> dict:
    """Parameters from ``--name value`` pairs; a flag may stand alone."""
    kinds = {parameter.name: parameter.kind for parameter in one.parameters}
    words = [part for argument in arguments for part in _split(argument)]
    given: dict[str, object] = {}
    while words:
        option = words.pop(0)
        name = option.removeprefix("--").replace("-", "_")
        if not option.startswith("--") or name not in kinds:
            offered = ", ".join(f"--{_slug(known)}" for known in kinds) or "none"
            raise typer.BadParameter(f"{option} is no parameter of {_slug(one.name)}; it has {offered}")
        alone = not words or words[0].startswith("--")
        if alone and kinds[name] != "flag":
            raise typer.BadParameter(f"{option} needs a value after it")
        given[name] = True if alone else words.pop(0)
    return given


def _split(argument: str) -> list[str]:
    return argument.split("=", 1) if argument.startswith("--") and "=" in argument else [argument]


def _described(name: str | None) -> dict:
    from napari_scantwin.analyses import ANALYSES

    if name is None:
        return {_slug(one.name): {"title": one.title, "group": one.group} for one in ANALYSES.values()}
    one = _named(name)
    return {
        _slug(parameter.name): {"title": parameter.title, "kind": parameter.kind, "about": parameter.explanation}
        for parameter in one.parameters
    }


def _listing(name: str | None) -> str:
    from napari_scantwin.analyses import ANALYSES

    if name is None:
        width = max(map(len, ANALYSES)) + 2
        return "\n".join(
            f"{_slug(one.name):<{width}}{' '.join(one.explanation.split(chr(10) * 2)[0].split())}"
            for one in ANALYSES.values()
        )
    one = _named(name)
    lines = [" ".join(one.explanation.split()), ""]
    for parameter in one.parameters:
        unit = f" ({parameter.unit})" if isinstance(parameter.unit, str) else ""
        choices = f" [{' | '.join(parameter.choices)}]" if isinstance(parameter.choices, tuple) else ""
        default = "" if parameter.default is None or callable(parameter.default) else f" (default {parameter.default})"
        about = f": {parameter.explanation}" if parameter.explanation else ""
        choices = "" if choices == " []" else choices
        lines.append(f"  --{_slug(parameter.name)}{unit}{choices}{default}{about}")
    return "\n".join(lines)


def write_found(found, output: Path, which: str | None) -> None:
    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.writers import write
    from napari_scantwin.writers.tables import write_table

    if output.suffix.lower() == ".csv" and which is None and found.tables:
        table = next(iter(found.tables.values()))
        write_table(output, table.heads, table.rows, table.about)
        return
    if not found.scans:
        raise ScanError("this analysis gives no map; its table is written as .csv")
    if which is not None and which not in found.scans:
        raise ScanError(f"there is no map {which!r}; there are {', '.join(found.scans)}")
    write(found.scans[which] if which is not None else next(iter(found.scans.values())), output)


def as_data(one, found) -> dict:
    """The findings as JSON holds them."""
    figures = []
    for label, value in found.figures:
        if hasattr(value, "unit"):
            figures.append({"label": label, "value": value.value, "error": value.error, "unit": value.unit})
        else:
            figures.append({"label": label, "value": float(value)})
    return {
        "analysis": _slug(one.name),
        "figures": figures,
        "tables": {
            title: {"heads": list(t.heads), "rows": [_row(r) for r in t.rows]} for title, t in found.tables.items()
        },
        "maps": list(found.scans),
        "notes": list(found.notes),
        "list": found.text,
    }


def _row(row) -> list:
    return [one if isinstance(one, str) else float(one) for one in row]


def in_lines(found, output: Path | None) -> str:
    lines = [f"{label}: {value if hasattr(value, 'unit') else format(value, '.5g')}" for label, value in found.figures]
    if found.text:
        lines += ["", found.text]
    else:
        for title, table in found.tables.items():
            lines += ["", f"{title}:", *_columns(*table.in_words[:2])]
    lines += ["", *found.notes] if found.notes else []
    if found.scans:
        lines += ["", f"Maps (--map, -o): {'; '.join(found.scans)}"]
    if output is not None:
        lines += [f"Wrote {output}"]
    return "\n".join(lines).strip("\n")


def _columns(heads, rows) -> list[str]:
    """A table for a terminal."""
    cells = [[head.replace("\n", " ") for head in heads], *([str(one) for one in row] for row in rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(heads))]
    return [
        "  " + "  ".join(f"{one:<{width}}" for one, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
