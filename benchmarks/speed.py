"""From scan to chosen twin, against the published search, on the same machine.

``python benchmarks/speed.py [--trials N] [file ...]``. Each runs in a process of its own, so that imports and
compilation count; the twin runs before and after the search, and the ratio is of the search to the slower of
the two. Both run in the project's own compiled trainer, so that the ratio is that of the methods, not of Keras's
loop, in which the search takes several times longer still. A second training in one session is timed to its first step,
and the twin's time is given apart from that of scoring the baselines, with the map on screen before.

``python benchmarks/speed.py --click [file ...]`` times the twin alone: in a fresh process, in one where the idle panel
has loaded and compiled everything before, and a second time; seconds and processor seconds.
``python benchmarks/speed.py --simulate [side]`` times maps of side x side places instead.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from truths import at_hand

#: How much faster the twin is meant to be, by scan.
GOALS = {"ErCo2": 50, "ARPES map": 20}


def twin_once(name: str, ready: bool = False) -> dict:
    """Train the twin of a scan at hand twice, here and now; seconds to the twin and to its baselines, processor seconds
    to the twin, and the held-out error. Where it is to be ready, all is loaded and compiled before the clock starts."""
    from napari_scantwin.twin import train
    from napari_scantwin.twin.training import get_ready

    scan = next(case.scan for case in at_hand() if case.name == name)
    if ready:
        get_ready(scan)
    began, processor = time.perf_counter(), time.process_time()
    handed_out: list[float] = []

    def take(twin):
        handed_out.extend((time.perf_counter() - began, time.process_time() - processor))

    twin = train(scan, on_twin=take)
    whole = time.perf_counter() - began
    moments: list[float] = []
    began, processor_again = time.perf_counter(), time.process_time()
    train(scan, on_progress=lambda news: moments.append(time.perf_counter()), score_baselines=False)
    return {
        "seconds": handed_out[0],
        "processor": handed_out[1],
        "baselines": whole - handed_out[0],
        "again": time.perf_counter() - began,
        "processor_again": time.process_time() - processor_again,
        "starts_within": moments[0] - began,
        "errors": [float(error) for error in twin.score.errors[0]],
        "range": float(np.ptp(scan.values)),
    }


def search_once(name: str, trials: int) -> dict:
    """Run the published search on a scan at hand: seconds, and the error of its network on inner sweeps left out."""
    from napari_scantwin.interpolators.protocol import Folds
    from napari_scantwin.twin.candidates.published import PublishedSearch
    from napari_scantwin.twin.data import prepare
    from napari_scantwin.twin.settings import TwinSettings

    scan = next(case.scan for case in at_hand() if case.name == name)
    began = time.perf_counter()
    data = prepare(scan, TwinSettings().training_budget.folds)
    masks = [data.groups.fold != fold for fold in range(data.groups.folds)]
    found = PublishedSearch(trials).fit_folds(data, Folds(masks))
    seconds = time.perf_counter() - began
    wrong = np.empty(len(data.values))
    for fold, fit in enumerate(found.fits):
        held = data.groups.point_fold == fold
        wrong[held] = data.spread * (fit.outputs(data.coordinates[held])[0] - data.targets[held])
    sweeps = np.flatnonzero(~data.groups.edge)
    error = float(np.sqrt(np.mean(wrong[np.isin(data.group, sweeps)] ** 2)))
    return {"seconds": seconds, "sweeps": sweeps.tolist(), "held_out": error}


def simulate_once(side: int) -> dict:
    """Processor and wall seconds a million places of a simulated map, and MB a second into a zarr folder."""
    from napari_scantwin.samples import load_sample
    from napari_scantwin.twin import train
    from napari_scantwin.writers import write_volume

    twin = train(load_sample("ferromagnet"), score_baselines=False)
    grid = twin.default_grid((side, side))
    twin.simulate(twin.default_grid())
    wall, processor = time.perf_counter(), time.process_time()
    size = twin.simulate(grid).size
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_volume(twin, grid, Path(folder) / "map.zarr")
        written = time.perf_counter() - began
    million = 1e6 / size
    return {"wall": wall * million, "processor": processor * million, "rate": 9e-6 * size / written}


def apart(what: str, name: str, trials: int) -> dict:
    """One of the two in a process of its own; its seconds are those of the whole process for the twin."""
    command = [sys.executable, __file__, "--one", what, "--trials", str(trials), name]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    return json.loads(done.stdout.splitlines()[-1]) | {"process": time.perf_counter() - began}


def click(names: list[str]) -> None:
    """Print the seconds from the click to the twin."""
    print(f"{'seconds (of processor time)':<28} {'fresh':>12} {'ready':>12} {'again':>12} {'baselines':>10}")
    for name in names:
        fresh, ready = apart("twin", name, 0), apart("ready", name, 0)
        columns = [f"{fresh['seconds']:5.1f} ({fresh['processor']:4.1f})"]
        columns += [f"{ready['seconds']:5.1f} ({ready['processor']:4.1f})"]
        columns += [f"{ready['again']:5.1f} ({ready['processor_again']:4.1f})"]
        print(f"{name:<28} {' '.join(f'{column:>12}' for column in columns)} {ready['baselines']:10.1f}", flush=True)


def main() -> None:
    """Print the table of times, ratios and held-out errors, and which goal holds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(GOALS))
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--one", choices=("twin", "ready", "search"))
    parser.add_argument("--click", action="store_true")
    parser.add_argument("--simulate", nargs="?", type=int, const=1000)
    arguments = parser.parse_args()
    if arguments.simulate:
        row = simulate_once(arguments.simulate)
        print(f"a million places: {row['processor']:.2f} s of processor time, {row['wall']:.2f} s (goal 1 s)")
        print(f"into zarr: {row['rate']:.1f} MB/s")
        return
    if arguments.one:
        (name,) = arguments.names
        search = arguments.one == "search"
        print(json.dumps(search_once(name, arguments.trials) if search else twin_once(name, arguments.one == "ready")))
        return
    if arguments.click:
        click(arguments.names)
        return
    for name in arguments.names:
        before = apart("twin", name, 0)
        search = apart("search", name, arguments.trials)
        after = apart("twin", name, 0)
        slower = max(before["seconds"], after["seconds"])
        ratio = search["seconds"] / slower
        ours = np.sqrt(np.mean([before["errors"][number] ** 2 for number in search["sweeps"]]))
        percent = [100 * error / before["range"] for error in (ours, search["held_out"])]
        print(f"{name}: twin {before['seconds']:.1f} and {after['seconds']:.1f} s, again {after['again']:.1f} s")
        print(f"  the baselines after it {before['baselines']:.1f} and {after['baselines']:.1f} s")
        print(f"  the search's {arguments.trials} trials {search['seconds']:.0f} s: {ratio:.0f} times longer", end="")
        if name in GOALS:
            print(f" (goal {GOALS[name]}: {'holds' if ratio >= GOALS[name] else 'does not hold'})", end="")
        print(f"\n  error on {len(search['sweeps'])} inner sweeps left out: ", end="")
        print(f"twin {percent[0]:.2g} %, search {percent[1]:.2g} % of the range")
        print(f"  a second training reports after {1e3 * after['starts_within']:.0f} ms (goal 200 ms)", flush=True)


if __name__ == "__main__":
    main()
