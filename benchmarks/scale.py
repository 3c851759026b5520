"""How training and simulation grow: ``python benchmarks/scale.py [points ...]`` (default 1e5 1e6 1e7).

Trains on an ARPES volume of so many points (the sample's formula with counting noise), each in a process of its
own, and prints seconds and the peak of memory. Then simulates volumes of 1e6 and 1e7 voxels and compares the
rate of the networks' multiply-adds with the machine's own single-precision matrix product.
Goals: training cost linear in the points, under 3 GB; simulation at 60 % of the matrix product's rate, its
memory no larger for the larger volume but for the volume itself.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from napari_scantwin.core import scan as scans


def volume(points: int):
    """An ARPES scan of about ``points`` values: 25 tilts, the rest shared by angles and energies."""
    place = Path(__file__).resolve().parents[1] / "sample_data" / "make_samples.py"
    spec = importlib.util.spec_from_file_location("make_samples", place)
    samples = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(samples)
    side = max(8, int(np.sqrt(points / 25)))
    tilt, angle, energy = np.linspace(-12, 12, 25), np.linspace(-14, 14, side), np.linspace(-0.75, 0.15, side)
    counts = np.random.default_rng(0).poisson(samples.intensity(tilt, angle, energy)).astype(np.float32)
    axes = {"manipulator_angle": (tilt, "deg"), "angle": (angle, "deg"), "energy": (energy, "eV")}
    return scans.gridded_scan(axes, counts, name="photoemission_intensity", unit="count")


def peak() -> float:
    """Peak memory of this process in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def train_once(points: int) -> dict:
    """Train on a volume; seconds, memory before and at the peak."""
    from napari_scantwin.twin import train

    scan = volume(points)
    before = peak()
    began = time.perf_counter()
    twin = train(scan)
    return {
        "points": scan.size,
        "seconds": time.perf_counter() - began,
        "scan_gb": before,
        "peak_gb": peak(),
        "held_out_percent": 100 * float(twin.score.inside[0]) / twin.score.value_range,
        "twin": str(getattr(twin, "mixture", "")),
    }


def matrix_rate() -> float:
    """Multiply-adds a second of the best single-precision matrix product TensorFlow does here."""
    from napari_scantwin.networks.backend import tensorflow

    tf = tensorflow()
    a, b = tf.random.normal((2048, 2048)), tf.random.normal((2048, 2048))
    product = tf.function(lambda: tf.linalg.matmul(a, b))
    best = np.inf
    for _ in range(6):
        began = time.perf_counter()
        product().numpy()
        best = min(best, time.perf_counter() - began)
    return 2048**3 / best


def simulate_once(voxels: int) -> dict:
    """Simulate a volume with a twin of the small stack; the rate of multiply-adds and the peak of memory."""
    from napari_scantwin.twin import train

    twin = train(volume(100_000))
    networks = [interpolator for interpolator in twin.mixture.interpolators if hasattr(interpolator, "parameters")]
    work = sum(
        part.size
        for interpolator in networks
        for part in interpolator.parameters
        if part.ndim == 3 and part.shape[1] > 1
    )
    side = round(voxels ** (1 / 3))
    grid = {
        name: np.linspace(float(twin.scan[name].min()), float(twin.scan[name].max()), side)
        for name in ("manipulator_angle", "angle", "energy")
    }
    twin.simulate({name: axis[:40] for name, axis in grid.items()})  # compiled
    before = peak()
    began = time.perf_counter()
    size = twin.simulate(grid).size
    seconds = time.perf_counter() - began
    rate = work * size / seconds
    return {"voxels": size, "seconds": seconds, "share": rate / matrix_rate(), "grown_gb": peak() - before}


def apart(what: str, size: int) -> dict:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, what, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print both tables and which goal holds."""
    if sys.argv[1:2] and sys.argv[1] in ("train", "simulate"):
        print(json.dumps({"train": train_once, "simulate": simulate_once}[sys.argv[1]](int(sys.argv[2]))))
        return
    sizes = [int(float(word)) for word in sys.argv[1:]] or [100_000, 1_000_000, 10_000_000]
    for size in sizes:
        row = apart("train", size)
        pace = 1e6 * row["seconds"] / row["points"]
        print(f"training on {row['points']:9d} points: {row['seconds']:6.1f} s, {pace:6.1f} us a point", flush=True)
        print(f"  peak {row['peak_gb']:.2f} GB (the scan alone {row['scan_gb']:.2f} GB)")
        print(f"  held-out error {row['held_out_percent']:.2g} % of the range; {row['twin']}", flush=True)
    for size in (1_000_000, 10_000_000):
        row = apart("simulate", size)
        print(
            f"simulating {row['voxels']:9d} voxels: {row['seconds']:6.1f} s, {100 * row['share']:.0f} % of the matrix "
            f"product's rate, memory grows by {row['grown_gb']:.2f} GB",
            flush=True,
        )


if __name__ == "__main__":
    main()
