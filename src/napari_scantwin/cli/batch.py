"""Do the same to many files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_scantwin.cli.common import Json, app, bar, checked, in_words, say


@app.command()
def batch(
    recipe: Annotated[Path, typer.Argument(help="A session (.scansession) or a recipe (.json).")],
    files: Annotated[list[Path], typer.Argument(help="A scan each: a file, or a folder of the files of one scan.")],
    folder: Annotated[Path, typer.Option("--to", help="The folder that everything is written to.")],
    maps: Annotated[str, typer.Option("--map", help="Write every map as this: .nc, .zarr, .csv, .h5 or .tif.")] = "",
    figure: Annotated[str, typer.Option("--figure", help="Draw every map for paper as this: .pdf, .svg, .png.")] = "",
    twins: Annotated[bool, typer.Option("--twins/--no-twins", help="Write the twins.")] = True,
    tables: Annotated[bool, typer.Option("--tables/--no-tables", help="Write the analyses' tables and cuts.")] = True,
    afresh: Annotated[bool, typer.Option("--afresh", help="Do again what an earlier run did.")] = False,
    as_json: Json = False,
) -> None:
    """Do what was done to one scan to many files: read, process, train, simulate, cut, analyse.

    A file that cannot be used does not stop the others: its row in results.csv says why. Run again, it goes on with
    what is missing. Exit code 3 where a file could not be done, or not all of it.
    """
    with in_words():
        from napari_scantwin.recipes import Outputs, load_recipe
        from napari_scantwin.recipes import batch as run

        outputs = checked(Outputs, twins, maps, figure, tables)
        told = load_recipe(recipe)
        with bar("batch") as tell:
            rows = run(told, files, folder, outputs=outputs, afresh=afresh, on_progress=tell, on_row=_tell)
        failed = [row for row in rows if row.reason]
        words = f"{len(rows) - len(failed)} of {len(rows)} done; wrote {folder / 'results.csv'}"
        say(as_json, {"table": str(folder / "results.csv"), "rows": [row.to_dict() for row in rows]}, words)
        if failed:
            raise typer.Exit(3)


def _tell(row) -> None:
    """A line for every file, on standard error as its progress is."""
    parts = [] if row.error is None else [f"held-out error {row.error} ({row.share:.2g} % of the range)"]
    parts += [f"not done: {row.reason}"] if row.reason else []
    said = "; ".join(parts) or "done"
    typer.echo(f"{row.file}: {row.sweeps} sweeps, {said}{' (from before)' if row.kept else ''}", err=True)
