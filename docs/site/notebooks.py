"""Run the tutorials and turn each into a page: ``python docs/site/notebooks.py FOLDER [NAME ...]``.

A tutorial is a Python file in jupytext's percent form, so that it can be read, checked and compared like code, and
opens as a notebook in Jupyter. Every cell has to run; one that fails, or a tutorial that takes too long, ends the gate.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from traitlets.config import Config

TUTORIALS = Path(__file__).parents[1] / "tutorials"
#: Seconds a cell may take on a busy machine; a whole tutorial needs about 50 of processor time.
LONGEST_CELL = 300
_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's greetings
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # Cells in the shell find `python` and `scantwin` of the environment that runs this.
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
}
#: What of a result is shown, the first that there is.
_SHOWN = ["image/png", "text/markdown", "text/plain"]
_HOW = "\n---\n\nThis page is `docs/tutorials/{name}`, run when the site was built. Jupyter opens it with jupytext.\n"


def page_of(tutorial: Path, folder: Path) -> float:
    """Run a tutorial in a folder of its own and write its page and pictures.

    Parameters
    ----------
    tutorial
        The Python file.
    folder
        Where ``NAME.md`` and ``NAME_files/`` go.

    Returns
    -------
    float
        The seconds it took.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        Where a cell fails.
    """
    notebook = jupytext.read(tutorial)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        resources = {"metadata": {"path": work}}
        NotebookClient(notebook, timeout=LONGEST_CELL, coalesce_streams=True, resources=resources).execute()
    took = time.monotonic() - began
    _without_warnings(notebook)
    exporter = MarkdownExporter(config=Config({"NbConvertBase": {"display_data_priority": _SHOWN}}))
    body, resources = exporter.from_notebook_node(
        notebook, {"output_files_dir": f"{tutorial.stem}_files", "unique_key": tutorial.stem}
    )
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in resources["outputs"].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (folder / f"{tutorial.stem}.md").write_text(body + _HOW.format(name=tutorial.name), encoding="utf-8")
    return took


def _without_warnings(notebook) -> None:
    """Drop what libraries print to stderr; an error would have ended the run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]


def main(folder: Path, names: list[str]) -> None:
    """Run the named tutorials, or all of them, two at a time: each keeps one core busy for most of its time."""
    os.environ.update(_SETTINGS)
    chosen = [one for one in sorted(TUTORIALS.glob("*.py")) if not names or one.stem in names]
    with ThreadPoolExecutor(max_workers=2) as pool:
        for tutorial, took in zip(chosen, pool.map(lambda one: page_of(one, folder), chosen), strict=True):
            print(f"{took:5.0f} s  {tutorial.name}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
