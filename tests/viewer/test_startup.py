"""Starting is quick: what takes seconds to import is imported by the work that needs it, not by the window."""

from __future__ import annotations

import json
import os
import subprocess
import sys

#: Packages that each take a good part of a second, or much more.
HEAVY = (
    "dask",
    "h5py",
    "lmfit",
    "python_calamine",
    "optuna",
    "pandas",
    "scipy",
    "sklearn",
    "tensorflow",
    "xarray",
    "zarr",
)
#: Of these the window needs xarray with what it brings, and h5py to know an HDF5 file; dask comes with pint.
NOT_FOR_THE_WINDOW = ("dask.array", "lmfit", "python_calamine", "optuna", "scipy.stats", "sklearn", "tensorflow")

_SAY = "import json, sys\nprint('found', json.dumps([one for one in {names!r} if one in sys.modules]), flush=True)\n"


def loaded(program: str, names: tuple[str, ...]) -> list[str]:
    """Which of ``names`` a fresh interpreter has imported after running ``program``."""
    ending = "import os; os._exit(0)  # napari's window is not waited for"
    done = subprocess.run(
        [sys.executable, "-c", program + "\n" + _SAY.format(names=names) + ending],
        capture_output=True,
        text=True,
        timeout=120,
        env=dict(os.environ),
        check=False,
    )
    said = [line for line in done.stdout.splitlines() if line.startswith("found ")]
    assert said, done.stderr
    return json.loads(said[-1].removeprefix("found "))


def test_this_test_sees_an_import():
    assert loaded("import xarray", ("xarray", "lmfit")) == ["xarray"]


def test_importing_the_package_imports_nothing_heavy():
    assert loaded("import napari_scantwin", HEAVY) == []


def test_asking_the_command_for_help_imports_nothing_heavy():
    for option in ("--help", "--version"):
        program = f"from napari_scantwin.cli import app\napp([{option!r}], standalone_mode=False)"
        assert loaded(program, (*HEAVY, "napari", "qtpy")) == [], option


def test_the_panel_is_imported_without_the_libraries_of_its_work():
    assert loaded("import napari_scantwin.viewer.panel", NOT_FOR_THE_WINDOW) == []


def test_the_panel_opens_without_the_libraries_of_its_work():
    program = """
import napari
viewer = napari.Viewer()
from napari_scantwin.viewer.panel import Panel
viewer.window.add_dock_widget(Panel(viewer), name="Scan twin", area="right")
"""
    # napari itself imports dask.array, for its own layers.
    assert loaded(program, tuple(one for one in NOT_FOR_THE_WINDOW if one != "dask.array")) == []
