"""Tell the crystal structure of a cloud of atoms."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from napari_scantwin.cli.common import Choice, Json, app, bar, check_folder, check_suffix, in_words, say


@app.command()
def structure(
    file: Annotated[Path, typer.Argument(help="A file of atoms: xyz, POSCAR, cif, LAMMPS, .pos, .apt, a table.")],
    local: Annotated[bool, typer.Option("--local", help="About every atom, not the whole as one crystal.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--to", help="Write the map (.nc, .csv, …); without --local the table (.csv).")
    ] = None,
    window: Annotated[int, typer.Option(min=40, help="Atoms of a window.")] = 150,
    every: Annotated[int | None, typer.Option(min=1, help="Only every so-manieth atom.")] = None,
    confidence: Annotated[float, typer.Option(min=0, max=1, help="Less probable atoms count as undecided.")] = 0.5,
    separate: Annotated[bool, typer.Option("--separate", help="Part hexagonal from rhombohedral.")] = False,
    own: Annotated[list[Path] | None, typer.Option(help="A file of one cell: a class of its own. Repeat.")] = None,
    choice: Choice = None,
    as_json: Json = False,
) -> None:
    """Tell the crystal structure of a cloud of atoms, whatever its orientation, with vacancies and displacements.

    The first call makes the recogniser, which takes some minutes once.
    """
    with in_words():
        from napari_scantwin.analyses import ANALYSES
        from napari_scantwin.cli.analyse import as_data, in_lines, write_found
        from napari_scantwin.readers import read

        if output is not None:
            check_folder(output)
            check_suffix(output)
            if not local and output.suffix.lower() != ".csv":
                raise typer.BadParameter(f"{output.name}: the table of a whole cloud is written as .csv")
        scan = read(file, choice=choice)
        one = ANALYSES["structure"]
        given = {"local": local, "merged": not separate, "window": window, "every": every}
        given |= {"confidence": confidence} if local else {}
        given |= {"own": "; ".join(map(str, own))} if own else {}
        with bar("crystal structure") as tell:
            found = one(scan, on_progress=tell, stop_event=threading.Event(), **given)
        if output is not None:
            write_found(found, output, "structure map" if local else None)
        say(as_json, as_data(one, found), in_lines(found, output))
