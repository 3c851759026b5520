"""A recipe as a Python script that does it again, from the file on."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.recipes.recipe import Recipe
from napari_scantwin.twin.settings import TwinSettings

__all__ = ["as_python"]

#: Longer lists of an evenly spaced axis are written by their ends.
_LISTED = 12


def as_python(recipe: Recipe) -> str:
    """The script.

    Parameters
    ----------
    recipe
        What was done.

    Returns
    -------
    str
        Python that reads the files, does the same steps, masks the same points, trains with the same settings and
        seed, simulates, cuts and analyses, and draws the map and the cuts for paper; ready to be run or changed.

    Raises
    ------
    ScanError
        Where no file holds the scan.
    """
    if recipe.opening is None:
        raise ScanError("this scan was made here and is in no file: export it first, and open that file")
    twin = recipe.settings is not None
    body = [*_read(recipe), *_processed(recipe), *_masked(recipe.masked)]
    if twin:
        body += ["", *_trained(recipe), *_simulated(recipe)]
    if recipe.cuts:
        body += ["", *_cuts(recipe, twin)]
    for run in recipe.analyses:
        given = "".join(f", {name}={value!r}" for name, value in run.given.items())
        subject = "twin" if twin else "scan"
        body += ["", f"found = scantwin.analyse({run.name!r}, {subject}{given})"]
        body += ["for label, value in found.figures:", '    print(label, value, sep=": ")']
    body += ["", *_drawn(recipe, twin)]
    return "\n".join([*_imports(recipe, twin), "", *body, ""])


def _imports(recipe: Recipe, twin: bool) -> list[str]:
    lines = ['"""Made by napari-scantwin from what was on screen; run it, or change it."""', ""]
    if recipe.masked is not None or recipe.grid is not None:
        lines += ["import numpy as np", ""]
    lines += ["import napari_scantwin as scantwin"]
    extra = ["from napari_scantwin.figures import save_picture"]
    extra += ["from napari_scantwin.figures.of_scan import picture_of_scan"]
    if recipe.steps:
        extra += ["from napari_scantwin.processing import replay"]
    if recipe.cuts:
        names = ["Cut", "measured_within", *(["simulated_along"] if twin else []), "write_cut"]
        extra += [f"from napari_scantwin.sections import {', '.join(names)}"]
    if recipe.masked is not None:
        extra += ["from napari_scantwin.core.scan import with_masked"]
    return lines + sorted(extra)


def _read(recipe: Recipe) -> list[str]:
    paths = list(recipe.opening.paths)
    what = repr(paths[0]) if len(paths) == 1 else repr(paths)
    told = "".join(f", {name}={value!r}" for name, value in recipe.opening.answers.items())
    return [f"scan = scantwin.read({what}{told})"]


def _processed(recipe: Recipe) -> list[str]:
    if not recipe.steps:
        return []
    lines = ["steps = ["]
    lines += [f"    {dict(step)!r}," for step in recipe.steps]
    return [*lines, "]", "scan = replay(scan, steps)"]


def _masked(masked: Sequence[int] | None) -> list[str]:
    if masked is None:
        return []
    parts = [f"masked[{first}:{last + 1}] = True" for first, last in _runs(masked)]
    return ["masked = np.zeros(scan.size, bool)", *parts, "scan = with_masked(scan, masked)"]


def _runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of whole numbers by their first and last."""
    grouped = itertools.groupby(enumerate(sorted(places)), key=lambda pair: pair[1] - pair[0])
    runs = [[place for _, place in pairs] for _, pairs in grouped]
    return [(run[0], run[-1]) for run in runs]


def _trained(recipe: Recipe) -> list[str]:
    usual = asdict(TwinSettings())
    told = {name: value for name, value in recipe.settings.items() if value != usual.get(name)}
    asked = ", ".join(f"{name}={value!r}" for name, value in told.items())
    lines = [f"twin = scantwin.train(scan, scantwin.TwinSettings({asked}))"]
    lines += [f"twin = twin.of({recipe.branch!r})"] if recipe.branch else []
    return [*lines, "print(twin.score.verdict)", "print(twin.mixture.in_words)"]


def _simulated(recipe: Recipe) -> list[str]:
    if recipe.grid is None:
        return ["dense = twin.simulate()"]
    lines = [f"    {name!r}: {_values(values)}," for name, values in recipe.grid.items()]
    return ["grid = {", *lines, "}", "dense = twin.simulate(grid)"]


def _values(values: Sequence[float]) -> str:
    column = np.asarray(values, float)
    even = np.linspace(column[0], column[-1], len(column))
    if len(column) > _LISTED and np.array_equal(even, column):
        return f"np.linspace({float(column[0])!r}, {float(column[-1])!r}, {len(column)})"
    return f"np.array({column.tolist()!r})"


def _cuts(recipe: Recipe, twin: bool) -> list[str]:
    result = ["cuts = ["]
    for line in recipe.cuts:
        parts = ", ".join(f"{name}={value!r}" for name, value in asdict(line.cut).items())
        result.append(f"    Cut({parts}),")
    subject = "twin.scan" if twin and recipe.branch else "scan"
    result += ["]", "for cut in cuts:", f"    points = measured_within({subject}, cut)"]
    result += [f"    curve = {'simulated_along(twin, cut)' if twin else None}"]
    return [*result, '    write_cut(f"{cut.name}.csv".replace("/", "_"), ' + f"{subject}, cut, points, curve)"]


def _drawn(recipe: Recipe, twin: bool) -> list[str]:
    name = f"{Path(recipe.opening.paths[0]).stem}.pdf"
    what = "picture_of_scan(dense)" if twin else "picture_of_scan(scan)"
    return [f"save_picture({what}, {name!r})"]
