"""What is on screen, written down as a recipe."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.recipes import AnalysisRun, CutLine, Recipe
from napari_scantwin.recipes.recipe import masked_points
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["recipe_of"]

_PLAIN = (str, int, float, bool)


def recipe_of(panel) -> Recipe:
    """The recipe of the chosen scan: how it was opened, what was done to it, its training, grid, cuts and the analysis
    on screen; raises :class:`ScanError` where none is chosen."""
    layer = panel.chooser.layer
    if layer is None:
        raise ScanError("Open a scan first.")
    shown = ScanLayer(layer)
    steps = processing.history(shown.scan)[shown.steps_before :]
    twin = shown.twin
    settings = None
    if twin is not None:
        settings = {name: value for name, value in asdict(twin.settings).items() if name != "storage"}
    grid = None if twin is None else _grid(panel, twin)
    cuts = [CutLine(line.cut, line.color, line.shown) for line in panel.cuts.lines if line.layer is layer]
    branch = twin.branch if twin is not None and twin.branches else ""
    units = {axis: str(shown.scan[axis].attrs["units"]) for axis in scans.axes(shown.scan)}
    masked = masked_points(shown.scan)
    return Recipe(shown.opening, steps, masked, settings, grid, cuts, _analyses(panel), branch, units)


def _grid(panel, twin) -> dict[str, list[float]] | None:
    """What was typed for the grid; None for the twin's own, and where it is half typed."""
    if not panel.simulate.fields:
        return None
    try:
        typed, usual = panel.simulate.grid(), twin.default_grid()
    except ScanError:
        return None
    if typed.keys() == usual.keys() and all(_same(typed[axis], usual[axis]) for axis in usual):
        return None
    return {axis: values.tolist() for axis, values in typed.items()}


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether axes are one, but for the digits that a field shows."""
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-6, atol=1e-6 * np.ptp(other)))


def _analyses(panel) -> list[AnalysisRun]:
    """The analysis on screen, once it has found something; a second scan it compares with has a file of its own."""
    widget = panel.analyse.current
    if widget is None or widget.result is None:
        return []
    given = widget.form.given()
    return [AnalysisRun(widget.analysis.name, {name: one for name, one in given.items() if isinstance(one, _PLAIN)})]
