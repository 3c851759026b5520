"""A cube from file to twin to volume: ``python benchmarks/arpes.py [open] [train] [slice] [write] [baselines]``.

open    a 500 x 500 x 200 cube of float32 is read from netCDF, and planes across every axis are shown in napari's viewer
train   the fast preset on 1e7 values
slice   a volume of 1e8 voxels is simulated lazily; a new plane of it across every axis
write   the same volume goes to zarr; the writing process is killed, and started again; what takes longer than
        three minutes is measured in part and extrapolated
baselines  the twin against linear, cubic spline, RBF, Gaussian smoothing, PCA and the others, on the same slices left
out

Every part runs in a process of its own, whose peak of memory is printed. Dragging is in ``arpes_dragging.py``. Goals:
a new plane within 100 ms, training under 3 GB, writing under 1 GB with no half-written store under the final name, the
twin at or below every baseline.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from scale import peak, volume

_SHAPE = (500, 500, 200)
_TRAINED, _VOXELS = 10_000_000, (500, 500, 400)
#: Seconds of writing that are waited for, and parts written before the kill.
_PATIENCE, _PARTS_BEFORE = 170.0, 3
_PLANES = 8


def opened(folder: Path) -> dict:
    """Seconds to read the cube, and ms to show a plane of it across every axis."""
    from napari.components import ViewerModel

    from napari_scantwin.core.scan import gridded_scan
    from napari_scantwin.readers import read
    from napari_scantwin.viewer.canvas.layers import add_scan
    from napari_scantwin.writers import write

    ends = {"manipulator_angle": (-15, 15, "deg"), "analyser_angle": (-15, 15, "deg"), "energy": (-1, 0.1, "eV")}
    axes = {
        name: (np.linspace(low, high, size), unit)
        for (name, (low, high, unit)), size in zip(ends.items(), _SHAPE, strict=True)
    }
    values = np.random.default_rng(0).random(_SHAPE, np.float32)
    path = folder / "cube.nc"
    write(gridded_scan(axes, values, name="photoemission_intensity", unit="count"), path)
    began = time.perf_counter()
    scan = read(path)
    read_s = time.perf_counter() - began
    viewer = ViewerModel()
    began = time.perf_counter()
    add_scan(viewer, scan)
    shown_s = time.perf_counter() - began
    found = {}
    for axis, name in enumerate(axes):
        viewer.dims.order = (axis, *(other for other in range(3) if other != axis))
        places = np.linspace(0, _SHAPE[axis] - 1, _PLANES).astype(int)
        found[name] = _typical([lambda k=k, axis=axis: viewer.dims.set_current_step(axis, int(k)) for k in places])
    return {"read_s": read_s, "shown_s": shown_s, "planes": found, "peak_gb": peak()}


def _typical(calls: list) -> float:
    """The median of what the calls take, in ms; the first, which may compile something, is not counted."""
    spent = []
    for call in calls:
        began = time.perf_counter()
        call()
        spent.append(1e3 * (time.perf_counter() - began))
    return float(np.median(spent[1:]))


def trained(folder: Path) -> dict:
    """Train on 1e7 values and keep the twin for the other parts."""
    from napari_scantwin.core.scan import with_masked
    from napari_scantwin.twin import train

    scan = volume(_TRAINED)
    before = peak()
    began = time.perf_counter()
    twin = train(scan)
    seconds = time.perf_counter() - began
    found = {"points": scan.size, "seconds": seconds, "scan_gb": before, "peak_gb": peak()}
    # Saved with a coarse scan, so that the other parts measure the volume and not the cube.
    coarse = scan.isel({name: slice(None, None, 20) for name in scan.dims[1:]})
    dataclasses.replace(twin, scan=with_masked(coarse, np.zeros(coarse.shape, bool))).save(folder / "cube.twin")
    return found


def _volume(folder: Path):
    from napari_scantwin.twin import Twin

    twin = Twin.load(folder / "cube.twin")
    grid = {
        name: np.linspace(float(twin.scan[name].min()), float(twin.scan[name].max()), size)
        for name, size in zip(twin.axes, _VOXELS, strict=True)
    }
    return twin, grid


def sliced(folder: Path) -> dict:
    """The ms a new plane of the lazy volume takes, across every axis."""
    twin, grid = _volume(folder)
    lazy = twin.simulate(grid, lazy=True)
    found = {}
    for axis, name in enumerate(grid):
        places = np.linspace(0, _VOXELS[axis] - 1, _PLANES).astype(int)
        found[name] = _typical([lambda k=k, name=name: lazy.isel({name: int(k)}).values for k in places])
    return {"planes": found, "peak_gb": peak()}


def writes(folder: Path) -> None:
    """Write the volume, telling of every part, until it is done or time is up."""
    from napari_scantwin.core.errors import Cancelled
    from napari_scantwin.writers import write_volume

    twin, grid = _volume(folder)
    began, stop = time.perf_counter(), threading.Event()

    def tell(fraction: float) -> None:
        spent = time.perf_counter() - began
        print(json.dumps({"fraction": fraction, "seconds": spent, "peak_gb": peak()}), flush=True)
        if spent > _PATIENCE:
            stop.set()

    with contextlib.suppress(Cancelled):
        write_volume(twin, grid, folder / "volume.zarr", on_progress=tell, stop=stop)


def written(folder: Path) -> dict:
    """Start the writing, kill it after some parts, start it again; how fast it is and what it found left."""
    child = subprocess.Popen(_command("writes", folder), stdout=subprocess.PIPE, text=True)
    lines = (json.loads(line) for line in child.stdout if line.startswith("{"))
    before = [next(lines) for _ in range(_PARTS_BEFORE)][-1]["fraction"]
    child.kill()
    child.wait()
    left = (folder / "volume.zarr").exists()
    again = subprocess.run(_command("writes", folder), capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in again.stdout.splitlines() if line.startswith("{")]
    first, last = told[0], told[-1]
    pace = (last["seconds"] - first["seconds"]) / (last["fraction"] - first["fraction"])
    return {
        "killed_at": before,
        "left_under_final_name": left,
        "resumed_at": first["fraction"],
        "reached": last["fraction"],
        "whole_s": pace,
        "peak_gb": max(one["peak_gb"] for one in told),
        "finished": (folder / "volume.zarr").exists(),
    }


def baselines(folder: Path) -> dict:
    """Held-out errors in % of the range on the sample stack and the measured map, and what the training took."""
    from truths import measured, samples

    from napari_scantwin.twin import train

    found = {}
    for case in measured() + samples():
        if case.name in ("ARPES map", "sample arpes"):
            began = time.perf_counter()
            score = train(case.scan).score
            share = 100 * score.inside / score.value_range
            errors = dict(zip(score.methods, map(float, share), strict=True))
            found[case.name] = {"errors": errors, "seconds": time.perf_counter() - began}
    return found


_PARTS = {"open": opened, "train": trained, "slice": sliced, "write": written, "baselines": baselines}


def _command(part: str, folder: Path) -> list[str]:
    return [sys.executable, __file__, "--apart", part, str(folder)]


def _goal(words: str, holds: bool) -> str:
    return f"  goal: {words}: {'holds' if holds else 'DOES NOT HOLD'}"


def tell(part: str, row: dict) -> None:
    """Print one part's figures beside its goals."""
    if part == "baselines":
        for name, one in row.items():
            errors = one["errors"]
            listed = ", ".join(f"{method} {error:.2f}" for method, error in errors.items())
            print(f"left out of {name}, % of the range ({one['seconds']:.0f} s): {listed}")
            print(_goal("the twin at or below every baseline", errors["twin"] <= min(errors.values())))
        return
    planes = ", ".join(f"{name} {ms:.0f}" for name, ms in row.get("planes", {}).items())
    if part == "open":
        size = " x ".join(map(str, _SHAPE))
        print(f"opening {size} float32 from netCDF: {row['read_s']:.1f} s, first shown in {row['shown_s']:.1f} s")
        print(f"  a new plane in the viewer (ms), across {planes}; peak {row['peak_gb']:.2f} GB")
        print(_goal("a new plane within 100 ms", max(row["planes"].values()) <= 100))
    elif part == "train":
        print(f"training on {row['points']} values: {row['seconds']:.0f} s, peak {row['peak_gb']:.2f} GB ", end="")
        print(f"(the cube alone {row['scan_gb']:.2f} GB)")
        print(_goal("under 3 GB", row["peak_gb"] < 3))
    elif part == "slice":
        print(f"lazy volume of {np.prod(_VOXELS)} voxels: a new plane (ms), across {planes}; ", end="")
        print(f"peak {row['peak_gb']:.2f} GB")
        print(_goal("a new plane within 100 ms", max(row["planes"].values()) <= 100))
    else:
        how = "measured" if row["finished"] else f"extrapolated from {100 * row['reached']:.0f} %"
        print(f"writing it to zarr: {row['whole_s']:.0f} s ({how}), peak {row['peak_gb']:.2f} GB")
        print(_goal("under 1 GB", row["peak_gb"] < 1))
        print(f"  killed at {100 * row['killed_at']:.0f} %, went on at {100 * row['resumed_at']:.0f} %")
        clean = not row["left_under_final_name"] and row["resumed_at"] > row["killed_at"]
        print(_goal("nothing under the final name after the kill, and it resumes", clean))


def main() -> None:
    """Run the parts asked for (default: all), each in a process of its own."""
    if sys.argv[1:2] == ["--apart"]:
        part, folder = sys.argv[2], Path(sys.argv[3])
        if part == "writes":
            writes(folder)
        else:
            print(json.dumps(_PARTS[part](folder)))
        return
    wanted = sys.argv[1:] or list(_PARTS)
    if {"slice", "write"} & set(wanted) and "train" not in wanted:
        wanted.insert(0, "train")  # they simulate its twin
    with tempfile.TemporaryDirectory() as folder:
        for part in wanted:
            done = subprocess.run(_command(part, Path(folder)), capture_output=True, text=True)
            if done.returncode:
                print(f"{part} failed: {done.stderr.splitlines()[-1]}", flush=True)
                continue
            tell(part, json.loads(done.stdout.splitlines()[-1]))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
