"""What starting costs: processor seconds of the main thread for an import, a command and the panel.

``python benchmarks/startup.py [--repeats 3]`` runs each in a fresh interpreter and prints the least of its repeats.
The panel needs a screen (``xvfb-run`` serves); what it costs is printed beside what napari's own empty window costs.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

#: Each part prints its processor seconds, a line each; the interpreter's own start is not counted.
_CLOCK = "import time; start = time.thread_time()\n"
_IMPORT = _CLOCK + "import napari_scantwin\nprint('seconds', time.thread_time() - start)\n"
_HELP = (
    _CLOCK
    + """
import contextlib, io
from napari_scantwin.cli import app
with contextlib.redirect_stdout(io.StringIO()):
    app(["--help"], standalone_mode=False)
print('seconds', time.thread_time() - start)
"""
)
_INFO = (
    _CLOCK
    + """
import contextlib, io
from napari_scantwin.cli import app
from napari_scantwin.samples import sample_path
with contextlib.redirect_stdout(io.StringIO()):
    app(["info", str(sample_path("ferromagnet"))], standalone_mode=False)
print('seconds', time.thread_time() - start)
"""
)
_PANEL = (
    _CLOCK
    + """
import napari
from qtpy.QtWidgets import QApplication
viewer = napari.Viewer()
QApplication.processEvents()
print('seconds', time.thread_time() - start)
start = time.thread_time()
from napari_scantwin.viewer.panel import Panel
print('seconds', time.thread_time() - start)
start = time.thread_time()
viewer.window.add_dock_widget(Panel(viewer), name="Scan twin", area="right")
QApplication.processEvents()
print('seconds', time.thread_time() - start)
sys.stdout.flush()
os._exit(0)  # closing a window is no part of starting
"""
).replace("import napari\n", "import os, sys, napari\n", 1)


def seconds(program: str, repeats: int) -> list[float]:
    """The least processor seconds of each part of ``program`` over ``repeats`` fresh interpreters."""
    runs = []
    for _ in range(repeats):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ)
        )
        if done.returncode:
            sys.exit(done.stderr)
        # napari and Qt say things of their own
        runs.append([float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("seconds ")])
    return [min(part) for part in zip(*runs, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    for title, program in (
        ("import napari_scantwin", _IMPORT),
        ("scantwin --help", _HELP),
        ("scantwin info of a sample, imports and all", _INFO),
    ):
        print(f"{title:48s} {seconds(program, repeats)[0]:6.2f} s", flush=True)
    parts = seconds(_PANEL, repeats)
    for title, part in zip(
        ("napari's empty window", "the panel: its imports", "the panel: built and shown"), parts, strict=True
    ):
        print(f"{title:48s} {part:6.2f} s")
    print(f"{'the panel beyond napari':48s} {sum(parts[1:]):6.2f} s")


if __name__ == "__main__":
    main()
