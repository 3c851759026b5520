"""From scan to chosen twin with its held-out table, against the published search, on the same machine.

``python benchmarks/speed.py [--trials N] [file ...]``. Each runs in a process of its own, so that imports and
compilation count; the twin runs before and after the search, and the ratio is of the search to the slower of
the two. A second training in one session is timed to its first step.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from truths import at_hand

#: How much faster the twin is meant to be, by scan.
GOALS = {"ErCo2": 50, "ARPES map": 20}


def twin_once(name: str) -> dict:
    """Train the twin of a scan at hand twice, here and now; seconds, and the held-out error."""
    from napari_scantwin.twin import train

    scan = next(case.scan for case in at_hand() if case.name == name)
    began = time.perf_counter()
    twin = train(scan)
    first = time.perf_counter() - began
    moments: list[float] = []
    began = time.perf_counter()
    train(scan, on_progress=lambda news: moments.append(time.perf_counter()))
    return {
        "seconds": first,
        "again": time.perf_counter() - began,
        "starts_within": moments[0] - began,
        "errors": [float(error) for error in twin.score.errors[0]],
        "range": float(np.ptp(scan.values)),
    }


def search_once(name: str, trials: int) -> dict:
    """Run the published search on a scan at hand."""
    import published_search

    return published_search.run(next(case.scan for case in at_hand() if case.name == name), trials)


def apart(what: str, name: str, trials: int) -> dict:
    """One of the two in a process of its own; its seconds are those of the whole process for the twin."""
    command = [sys.executable, __file__, "--one", what, "--trials", str(trials), name]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    return json.loads(done.stdout.splitlines()[-1]) | {"process": time.perf_counter() - began}


def main() -> None:
    """Print the table of times, ratios and held-out errors, and which goal holds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(GOALS))
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--one", choices=("twin", "search"))
    arguments = parser.parse_args()
    if arguments.one:
        (name,) = arguments.names
        print(json.dumps(twin_once(name) if arguments.one == "twin" else search_once(name, arguments.trials)))
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
        print(f"  the search's {arguments.trials} trials {search['seconds']:.0f} s: {ratio:.0f} times longer", end="")
        if name in GOALS:
            print(f" (goal {GOALS[name]}: {'holds' if ratio >= GOALS[name] else 'does not hold'})", end="")
        print(f"\n  error on {len(search['sweeps'])} inner sweeps left out: ", end="")
        print(f"twin {percent[0]:.2g} %, search {percent[1]:.2g} % of the range (chosen {search['chosen']})")
        print(f"  a second training reports after {1e3 * after['starts_within']:.0f} ms (goal 200 ms)", flush=True)


if __name__ == "__main__":
    main()
