"""How long a stop takes to be heard: ``python benchmarks/stops.py [name ...]``.

Every long piece of work is begun in a thread and stopped a quarter of a second, one second and three seconds later
(at its first report where it ends sooner). What is printed is the time from the stop to the end of the work, the median
and the worst, and whether anything was left behind. Goal: half a second.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scale import volume

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.samples import load_sample
from napari_scantwin.writers import FORMATS, write

GOAL = 0.5
MOMENTS = (0.25, 1.0, 3.0)


def heard(work: Callable, after: float) -> float | None:
    """Seconds from the stop to the end of ``work(stop, on_progress)``; None where it ended before it was stopped."""
    stop, ended = threading.Event(), []

    def whole():
        with contextlib.suppress(Cancelled):
            work(stop, lambda *told: None)
        ended.append(time.perf_counter())

    thread = threading.Thread(target=whole)
    thread.start()
    thread.join(after)
    asked = time.perf_counter()
    stop.set()
    thread.join()
    return None if ended[0] < asked else ended[0] - asked


def works(folder: Path) -> dict[str, Callable]:
    """What can be stopped, each as ``work(stop, on_progress)``."""
    from napari_scantwin import TwinSettings, read, train
    from napari_scantwin.patterns import boundary, decompose

    ferromagnet, cube = load_sample("ferromagnet"), volume(200_000)
    large = volume(6_000_000)
    twin = train(ferromagnet, TwinSettings(members=2, time_budget=3))
    fine = {"magnetic_field": np.linspace(100, 50_000, 3000), "temperature": np.linspace(10, 70, 3000)}
    found = {
        "training, points": lambda stop, tell: train(
            ferromagnet, TwinSettings(preset="thorough"), on_progress=tell, stop=stop
        ),
        "training, cube": lambda stop, tell: train(cube, TwinSettings(preset="thorough"), on_progress=tell, stop=stop),
        "published search": lambda stop, tell: train(
            ferromagnet, TwinSettings(method="published"), on_progress=tell, stop=stop
        ),
        "simulating": lambda stop, tell: twin.simulate(fine, on_progress=tell, stop=stop),
        "components": lambda stop, tell: decompose(large, stop=stop, on_progress=tell),
        "boundary": lambda stop, tell: boundary(cube, "manipulator_angle", each="angle", stop=stop, on_progress=tell),
    }
    for suffix in FORMATS:
        found[f"writing {suffix}"] = lambda stop, tell, suffix=suffix: write(
            large, folder / f"volume{suffix}", on_progress=tell, stop=stop
        )
    cloud = Path(__file__).resolve().parents[2] / "shared" / "data" / "atoms" / "four_grains.xyz"
    if cloud.exists():
        from napari_scantwin.structures import recogniser, structure_map

        atoms, knows = read(cloud), recogniser()
        found["map of a cloud"] = lambda stop, tell: structure_map(atoms, knows, every=1, stop=stop, on_progress=tell)
    return found


def emptied(folder: Path) -> None:
    """Take everything out of a folder."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def main() -> None:
    """Stop what is asked for, or everything."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        print(f"{'work':24} {'median s':>9} {'worst s':>9}   left behind   (goal {GOAL} s)")
        for name, work in works(place).items():
            if sys.argv[1:] and not any(asked in name for asked in sys.argv[1:]):
                continue
            took = []
            for after in MOMENTS:
                if (seconds := heard(work, after)) is not None:
                    took.append(seconds)
                else:
                    emptied(place)  # what was written whole is not left behind
            if not took:
                print(f"{name:24} ended before it could be stopped")
                continue
            left = ", ".join(sorted(path.name for path in place.iterdir())) or "nothing"
            print(f"{name:24} {np.median(took):9.2f} {max(took):9.2f}   {left}", flush=True)
            emptied(place)


if __name__ == "__main__":
    main()
