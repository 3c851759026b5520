"""How long opening takes beside what it cannot do without: ``python benchmarks/reading.py [csv] [dat] [info] [hdf5]``.

csv     a table of 1e6 rows, beside pandas reading the same numbers
dat     a Quantum Design file of 3e5 readings in 100 sweeps, likewise
info    ``scantwin info`` on a small CSV in a process of its own, beside one that imports NumPy and xarray
hdf5    a 2 GB array opened lazily and one plane of it read, beside h5py doing the same

Ratios are of paired runs, one behind the other, the median of five. Goals: csv and dat within 5, info within 1.5.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

_RUNS = 5


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _paired(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    ours()  # imports
    theirs()
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(_RUNS)]
    ratio = statistics.median(one / other for one, other in pairs)
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{name:6} {mine:8.3f} s beside {other:8.3f} s: {ratio:6.2f} times", flush=True)


def _rows(count: int, sweeps: int):
    random = np.random.default_rng(0)
    each = count // sweeps
    temperature = np.tile(np.linspace(2, 300, each), sweeps) + random.normal(0, 0.01, each * sweeps)
    field = np.repeat(np.linspace(100, 7e4, sweeps), each)
    return zip(temperature, field, random.normal(size=each * sweeps) * 1e-3, strict=True)


def csv(folder: Path) -> None:
    """A table of temperature, field and moment."""
    import pandas as pd

    from napari_scantwin.readers import read

    path = folder / "table.csv"
    path.write_text(
        "T (K),H (Oe),M (emu)\n" + "".join(f"{t:.4f},{h:.2f},{m:.6e}\n" for t, h, m in _rows(1_000_000, 200))
    )
    _paired("csv", lambda: read(path), lambda: pd.read_csv(path))


def dat(folder: Path) -> None:
    """A Quantum Design file."""
    import pandas as pd

    from napari_scantwin.readers import read

    path = folder / "sequence.dat"
    head = "[Header]\nBYAPP,MPMS3,1.0\nINFO,1.5,SAMPLE_MASS\n[Data]\n"
    columns = "Comment,Time Stamp (sec),Temperature (K),Magnetic Field (Oe),Moment (emu),M. Std. Err. (emu)\n"
    rows = (f",{i},{t:.4f},{h:.2f},{m:.6e},1e-8\n" for i, (t, h, m) in enumerate(_rows(300_000, 100)))
    path.write_text(head + columns + "".join(rows))
    _paired("dat", lambda: read(path), lambda: pd.read_csv(path, skiprows=4))


def info(folder: Path) -> None:
    """The command on a small table."""
    path = folder / "small.csv"
    path.write_text("T (K),H (Oe),M (emu)\n" + "".join(f"{t},{h},{t * h}\n" for h in (1, 2, 3) for t in range(5, 25)))

    def run(*words: str) -> None:
        subprocess.run([sys.executable, *words], check=True, capture_output=True)

    command = "from napari_scantwin.cli import main; main()"
    _paired("info", lambda: run("-c", command, "info", str(path)), lambda: run("-c", "import numpy, xarray"))


def hdf5(folder: Path) -> None:
    """A large array, of which a plane is looked at."""
    import h5py

    from napari_scantwin.readers import read

    path = folder / "cube.h5"
    shape = (512, 1024, 1024)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("signal", shape, "f4", chunks=(1, 1024, 1024))
        for number in range(shape[0]):
            data[number] = number
        for name, size in zip("xyz", shape, strict=True):
            file[name] = np.arange(size, dtype=float)

    def ours() -> None:
        scan = read(path, axes=["x=x[mm]", "y=y[mm]", "z=z[mm]"], value="signal=signal[arb]")
        np.asarray(scan[100])

    def theirs() -> None:
        with h5py.File(path) as file:
            _ = file["signal"][100], [file[name][:] for name in "xyz"]

    _paired("hdf5", ours, theirs)


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["csv", "dat", "info", "hdf5"]
    with tempfile.TemporaryDirectory() as kept:
        for part in chosen:
            {"csv": csv, "dat": dat, "info": info, "hdf5": hdf5}[part](Path(kept))
