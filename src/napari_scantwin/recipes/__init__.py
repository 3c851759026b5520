"""What was done to a scan, from the file on, written down so that it can be done again: by a script, by a session."""

from napari_scantwin.recipes.recipe import AnalysisRun, CutLine, Opening, Recipe
from napari_scantwin.recipes.script import as_python

__all__ = ["AnalysisRun", "CutLine", "Opening", "Recipe", "as_python"]
