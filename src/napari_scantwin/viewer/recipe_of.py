"""What is on screen, written down as a recipe."""

from __future__ import annotations

from dataclasses import asdict

from napari_scantwin import processing
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
    grid = None
    if twin is not None and panel.simulate.fields:
        try:
            grid = {name: values.tolist() for name, values in panel.simulate.grid().items()}
        except ScanError:
            grid = None  # half typed
    cuts = [CutLine(line.cut, line.color, line.shown) for line in panel.cuts.lines if line.layer is layer]
    branch = twin.branch if twin is not None and twin.branches else ""
    return Recipe(shown.opening, steps, masked_points(shown.scan), settings, grid, cuts, _analyses(panel), branch)


def _analyses(panel) -> list[AnalysisRun]:
    """The analysis on screen, once it has found something; a second scan it compares with has a file of its own."""
    widget = panel.analyse.current
    if widget is None or widget.result is None:
        return []
    given = widget.form.given()
    return [AnalysisRun(widget.analysis.name, {name: one for name, one in given.items() if isinstance(one, _PLAIN)})]
