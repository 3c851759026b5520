"""A small file takes little memory, whatever it says it holds; and what this program writes always opens again."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import read
from napari_scantwin.twin import Twin, TwinSettings, storage, train
from napari_scantwin.writers import write

#: Opens a file in a process of its own, and prints the memory that took in megabytes, and what was said.
_OPEN = """
import sys, resource
from napari_scantwin.readers import read
from napari_scantwin.twin import Twin
from napari_scantwin.core.errors import ScanError
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
import h5py, h5netcdf, pandas, xarray.backends
before = most()
try:
    said = str(read(sys.argv[1]).shape)
except ScanError as reason:
    said = str(reason)
print(most() - before, said, sep="|")
"""


def taken_by(path) -> tuple[float, str]:
    done = subprocess.run([sys.executable, "-c", _OPEN, str(path)], capture_output=True, text=True, check=True)
    megabytes, said = done.stdout.strip().splitlines()[-1].split("|", 1)
    return float(megabytes), said


def _npy(array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def grid():
    axes = {"temperature": (np.linspace(2, 50, 6), "K"), "magnetic_field": (np.linspace(0, 9, 8), "T")}
    return scans.gridded_scan(axes, np.random.default_rng(0).random((6, 8)), name="moment", unit="emu")


@pytest.fixture(scope="module")
def twin(grid):
    return train(grid, TwinSettings(members=2, time_budget=1.0), score_baselines=False)


def _archive(path, entries: dict[str, bytes]):
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(name.encode() + b"\0" + entries[name])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        archive.writestr("sha256", digest.hexdigest())
    return path


def _entries(path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "sha256"}


@pytest.mark.parametrize("entry", ["further.npy", "twin.json"])
def test_a_twin_of_zeros_is_refused_before_it_is_unpacked(twin, tmp_path, entry):
    entries = _entries(twin.save(tmp_path / "kept.twin"))
    entries[entry] = _npy(np.zeros(50_000_000)) if entry == "further.npy" else b"[" + b"[]," * 100_000_000 + b"[]]"
    path = _archive(tmp_path / "bomb.twin", entries)
    assert path.stat().st_size < 1_000_000
    megabytes, said = taken_by(path)
    assert "this program did not write it" in said
    assert megabytes < 100


def test_a_twin_that_lies_about_its_size_is_refused_and_not_unpacked(twin, tmp_path):
    entries = _entries(twin.save(tmp_path / "kept.twin"))
    path = _archive(tmp_path / "lies.twin", entries | {"further.npy": bytes(400_000_000)})
    content = path.read_bytes()
    for place in (content.index(b"further.npy") - 8, content.rindex(b"further.npy") - 22):
        content = content[:place] + (1000).to_bytes(4, "little") + content[place + 4 :]
    path.write_bytes(content)
    megabytes, said = taken_by(path)
    assert said.startswith("lies.twin is")
    assert megabytes < 100


def test_a_twin_of_a_monotonous_scan_is_saved_so_that_it_opens(twin, tmp_path, monkeypatch):
    """Nothing this program writes is taken for a file that was made to fill memory."""
    monkeypatch.setattr(storage, "_ROOM", 10_000)
    monkeypatch.setattr(storage, "_ROOM_ABOUT", 10_000)
    import dataclasses

    axes = {"temperature": (np.arange(400.0), "K"), "magnetic_field": (np.arange(500.0), "T")}
    flat = scans.gridded_scan(axes, np.zeros((400, 500)), name="moment", unit="emu", attrs={"long": "x" * 500_000})
    saved = dataclasses.replace(twin, scan=flat).save(tmp_path / "flat.twin")
    again = Twin.load(saved)
    assert not again.scan.any()
    assert again.scan.attrs["long"] == flat.attrs["long"]


def _own(path, shape, chunks, written: bool):
    """An ``.h5`` as this program writes it, with values of any size."""
    axes = {f"axis{number}": (np.arange(3.0), "K") for number in range(len(shape))}
    write(scans.gridded_scan(axes, np.zeros((3,) * len(shape)), name="moment", unit="emu"), path)
    with h5py.File(path, "a") as file:
        about = json.loads(file.attrs["layout"])
        for number, size in enumerate(shape):
            attrs = dict(file[f"coordinates/axis{number}"].attrs)
            del file[f"coordinates/axis{number}"]
            data = file.create_dataset(f"coordinates/axis{number}", data=np.arange(float(size)), compression="gzip")
            data.attrs.update({key: attrs[key] for key in ("attrs", "units")})
        del file["values"]
        data = file.create_dataset("values", shape, float, chunks=chunks, compression="gzip", shuffle=True)
        data.attrs["units"] = "emu"
        if written:
            block = zlib.compress(bytes(8 * int(np.prod(chunks))), 9)
            for start in range(0, shape[0], chunks[0]):
                data.id.write_direct_chunk((start, 0), block)
        file.attrs["layout"] = json.dumps(about)
    return path


@pytest.mark.parametrize("written", [False, True])
def test_hdf5_that_claims_more_than_it_holds_is_read_in_parts(tmp_path, written):
    path = _own(tmp_path / "claims.h5", (6000, 10_000), (500, 10_000), written)
    assert path.stat().st_size < 1_000_000
    megabytes, said = taken_by(path)
    assert said == "(6000, 10000)"
    assert megabytes < 150
    scan = read(path)
    assert scans.is_lazy(scan)
    assert not scan.isel(axis0=slice(5)).values.any()
    assert notes(scan.attrs) == ["the values take 0.48 GB in memory, far more than the file, and are read in parts"]


def test_hdf5_that_claims_more_than_any_disk_or_one_enormous_chunk_is_refused(tmp_path):
    path = _own(tmp_path / "claims.h5", (20_000, 20_000), (20_000, 20_000), False)
    megabytes, said = taken_by(path)
    assert said.startswith("claims.h5: /values ")
    assert "\n" not in said
    assert megabytes < 150
    with h5py.File(path, "a") as file:
        del file["values"]
        file.create_dataset("values", (20_000, 10**8), float, chunks=(100, 100)).attrs["units"] = "emu"
    with pytest.raises(ScanError, match=r"claims\.h5: /values says it holds .* far more than the file has room for"):
        read(path)


def test_texts_of_a_csv_that_would_fill_memory_are_refused(tmp_path, grid):
    notes = np.array([["x"] * 8] * 6)
    (path,) = write(grid.assign_coords(note=(grid.dims, notes)), tmp_path / "scan.csv")
    size = 40_000
    lines = path.read_text().splitlines()
    layout = json.loads(lines[0].removeprefix("# scan: ")) | {"dims": ["point"], "shape": [size]}
    layout["columns"], layout["coords"] = [None, "note"], {"note": ["str", {}]}
    rows = [f'{number}.0,"x"' for number in range(size - 1)] + [f'1.0,"{"x" * 30_000}"']
    path.write_text("\n".join([f"# scan: {json.dumps(layout)}", "moment (emu),note", *rows]) + "\n")
    megabytes, said = taken_by(path)
    assert said.startswith("scan.csv is not the whole")
    assert megabytes < 100
