"""Draw a scan, or a twin's map, for paper."""

from __future__ import annotations

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
    check_folder,
    checked,
    in_words,
    say,
)


@app.command()
def figure(
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.pdf, .svg or .png).")],
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    along: Along = None,
    branch: Branch = None,
    curves: Annotated[bool, typer.Option("--curves", help="Every sweep as a curve instead of a map.")] = False,
    at: Annotated[list[str] | None, typer.Option(help="Where a cube is cut: axis=value. Repeat.")] = None,
    width: Annotated[float, typer.Option(help="In millimetres; a column has 86, a page 178.")] = 86.0,
    height: Annotated[float | None, typer.Option(help="In millimetres (default: 0.72 of the width).")] = None,
    font_size: Annotated[float, typer.Option(help="Of all letters, in points.")] = 8.0,
    dpi: Annotated[int, typer.Option(help="Dots an inch of what is made of pixels.")] = 300,
    colormap: Annotated[str | None, typer.Option(help="A colour map that matplotlib knows.")] = None,
    limits: Annotated[str | None, typer.Option(help="The values at the ends of the colours: low:high.")] = None,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic colours (a map) or values (curves).")] = False,
    as_json: Json = False,
) -> None:
    """Draw a scan for paper: a map with its colour bar, or curves; of a .twin file its map with the points."""
    with in_words():
        from dataclasses import replace

        from napari_scantwin.core.branches import of_branch
        from napari_scantwin.core.errors import ScanError
        from napari_scantwin.figures import FORMATS, PaperStyle, save_picture
        from napari_scantwin.figures.of_scan import as_curves, picture_of_scan
        from napari_scantwin.readers import open_file

        if output.suffix.lower() not in FORMATS:
            raise typer.BadParameter(f"{output.name}: write a figure as {', '.join(FORMATS)}")
        style = checked(PaperStyle, width, height, font_size, dpi)
        check_folder(output)
        found = open_file(files).measurement(axes=axis, value=value, error=error, choice=choice, along=along)
        scan, looks = found.scan, {}
        if found.twin is not None:
            twin = found.twin.of(branch)
            scan = twin.simulate()
            if twin.scan.dims == ("point",) and len(twin.axes) == 2:
                looks["points"] = twin.scan
        elif branch is not None:
            scan = of_branch(scan, branch)
        if curves:
            plot = as_curves(scan)
            picture = replace(plot, log=(False, log))
        else:
            places = checked(_places, at or [])
            looks |= {"log": log} | ({"colormap": checked(_known, colormap)} if colormap else {})
            looks |= {"limits": checked(_ends, limits)} if limits else {}
            picture = picture_of_scan(scan, places, **looks)
            if at and not hasattr(picture, "vertical"):
                raise ScanError("a scan of one axis is drawn as a curve, and not cut")
        path = save_picture(picture, output, style, title=files[0].stem)
        say(as_json, {"file": str(path)}, f"Wrote {path}")


def _places(texts: list[str]) -> dict[str, float]:
    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.core.typed import typed_number

    places = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            places[name.strip().replace("-", "_")] = typed_number(number)
        except ValueError:
            raise ScanError(f"--at {text}: write axis=value, such as temperature=20") from None
    return places


def _ends(text: str) -> tuple[float, float]:
    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.core.typed import typed_number

    low, _, high = text.partition(":")
    try:
        ends = typed_number(low), typed_number(high)
    except ValueError:
        raise ScanError(f"--limits {text}: write low:high, such as 0:0.5") from None
    if ends[0] >= ends[1]:
        raise ScanError(f"--limits {text}: the first number must be the smaller one")
    return ends


def _known(name: str) -> str:
    import matplotlib

    from napari_scantwin.core.errors import ScanError

    if name not in matplotlib.colormaps:
        raise ScanError(f"--colormap {name}: matplotlib knows no such colours; try viridis, magma, cividis or coolwarm")
    return name
