"""The same steps over many files, with a table of their results."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_scantwin import processing
from napari_scantwin.core.errors import NotWritten, ScanError
from napari_scantwin.recipes.batch_file import Outputs, done_to
from napari_scantwin.recipes.batch_rows import BatchRow, Store
from napari_scantwin.recipes.recipe import Recipe
from napari_scantwin.recipes.recipe_file import load_recipe
from napari_scantwin.recipes.whole_lines import marks_of

__all__ = ["batch", "in_words"]


def batch(
    recipe: Recipe | str | Path,
    files: Iterable[str | Path],
    folder: str | Path,
    *,
    outputs: Outputs | None = None,
    afresh: bool = False,
    on_row: Callable[[BatchRow], None] | None = None,
    on_progress: Callable[[float, str], None] | None = None,
    stop: threading.Event | None = None,
) -> list[BatchRow]:
    """Do the same to many files: read, process, train, simulate, cut, analyse, write.

    A file that cannot be used does not stop the others; its row says why. The table of results is written anew after
    every file, as ``results.csv`` in ``folder``, beside what is written for each file. Called again with the same
    recipe and folder it goes on: a file that has not changed, and of which everything was done, is not done again, and
    the table has the rows of all calls.

    Parameters
    ----------
    recipe
        What is done, or the file of a session or a recipe (:func:`~napari_scantwin.recipes.load_recipe`). What it says
        of its own files is not looked at, but for the points masked by hand there.
    files
        A scan each: a file, or a folder of the files of one scan.
    folder
        Where everything is written; it is made where it does not exist.
    outputs
        What is written beside the table; by default the twins and the tables of the analyses.
    afresh
        Whether what an earlier call found is done again, and its table replaced.
    on_row
        Called with every row as it is known.
    on_progress
        Called with the share of all that is done, and what is being done.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled` within half a second; rows known by then stay.

    Returns
    -------
    list of BatchRow
        A row a file, in their order.

    Raises
    ------
    ScanError
        Where there is no such recipe, no file is given, or the folder holds the results of another recipe.
    NotWritten
        Where the table itself cannot be written.
    Cancelled
        Where ``stop`` was set.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    outputs, stop = outputs or Outputs(), stop or threading.Event()
    paths = list(dict.fromkeys(Path(one) for one in files))
    if not paths:
        raise ScanError("no file was given to do this to")
    folder = _made(Path(folder))
    store = Store(folder)
    store.begin(_of_any_file(recipe), _about(recipe), afresh)
    stems = _stems(paths, store.taken)
    rows = []
    for number, path in enumerate(paths):

        def report(share: float, words: str, number: int = number, name: str = path.name) -> None:
            if on_progress is not None:
                on_progress((number + share) / len(paths), f"{number + 1} of {len(paths)}, {name}: {words}")

        key, mark = _key(path), [asdict(outputs), marks_of([path])]
        row = store.known(key, mark)
        if row is None:
            row = done_to(path, recipe, folder / stems[path], outputs, report, stop)
            store.keep(key, stems[path], mark, row)
        rows.append(row)
        if on_row is not None:
            on_row(row)
    return rows


def in_words(recipe: Recipe) -> list[str]:
    """What a recipe does, a line each.

    Parameters
    ----------
    recipe
        A recipe.
    """
    from napari_scantwin.analyses import ANALYSES

    lines = []
    if recipe.opening is not None and recipe.opening.answers:
        told = (
            f"{name} {', '.join(one) if isinstance(one, list) else one}" for name, one in recipe.opening.answers.items()
        )
        lines.append(f"Read: {'; '.join(told)}")
    lines += [processing.describe(step) for step in recipe.steps]
    if recipe.settings is not None:
        settings = ", ".join(
            f"{name.replace('_', ' ')} {one}" for name, one in recipe.settings.items() if one is not None
        )
        lines.append(f"Train: {settings or 'as usual'}" + (f"; branch {recipe.branch}" if recipe.branch else ""))
    if recipe.grid is not None:
        lines.append(
            f"Simulate: {' x '.join(f'{len(one)} {axis}' for axis, one in recipe.grid.items())}".replace("_", " ")
        )
    if recipe.cuts:
        lines.append(f"Cut: {', '.join(line.cut.name for line in recipe.cuts)}")
    for run in recipe.analyses:
        title = ANALYSES[run.name].title if run.name in ANALYSES else run.name
        lines.append(f"Analyse: {title}")
    return lines or ["Read"]


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise NotWritten(f"the folder {folder} could not be made: {reason.strerror}") from reason
    return folder


def _of_any_file(recipe: Recipe) -> dict[str, Any]:
    """A recipe as plain values, without where its own files lie on this machine."""
    told = recipe.to_dict()
    if told["opening"] is not None:
        told["opening"]["paths"] = [Path(one).name for one in told["opening"]["paths"]]
    return told


def _about(recipe: Recipe) -> dict[str, str]:
    from napari_scantwin import __version__

    return {"napari-scantwin": __version__, "done": "; ".join(in_words(recipe))}


def _key(path: Path) -> str:
    return str(path.absolute())


def _stems(paths: Sequence[Path], taken: Mapping[str, str]) -> dict[Path, str]:
    """What the files written for each file are called: its own name without its suffix; with its suffix, its folder's
    name or a number where another has that already."""
    found: dict[Path, str] = {path: taken[_key(path)] for path in paths if _key(path) in taken}
    used = {name.casefold() for name in taken.values()} | {"results"}
    for path in paths:
        if path in found:
            continue
        names = [path.stem, path.name.replace(".", "_"), f"{path.absolute().parent.name}_{path.stem}"]
        names += [f"{path.stem}_{number}" for number in range(2, len(paths) + len(taken) + 3)]
        found[path] = next(name for name in names if name.casefold() not in used)
        used.add(found[path].casefold())
    return found
