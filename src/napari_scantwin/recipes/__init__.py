"""What was done to a scan, from the file on, written down so that it can be done again: by a script, by a session, to
many files."""

from napari_scantwin.recipes.batch_file import Outputs
from napari_scantwin.recipes.batch_rows import BatchRow, results_table
from napari_scantwin.recipes.batching import batch
from napari_scantwin.recipes.recipe import AnalysisRun, CutLine, Opening, Recipe
from napari_scantwin.recipes.recipe_file import load_recipe, save_recipe
from napari_scantwin.recipes.script import as_python

__all__ = [
    "AnalysisRun",
    "BatchRow",
    "CutLine",
    "Opening",
    "Outputs",
    "Recipe",
    "as_python",
    "batch",
    "load_recipe",
    "results_table",
    "save_recipe",
]
