"""Writing to a name: whatever somebody keeps there stays, unless this program wrote it itself."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import planning
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NotWritten
from napari_scantwin.readers import read
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.writers import FORMATS, write, write_volume
from napari_scantwin.writers.tables import write_table


def grid(value=1.0):
    axes = {"temperature": (np.linspace(2, 50, 6), "K"), "magnetic_field": (np.linspace(0, 9, 5), "T")}
    return scans.gridded_scan(axes, np.full((6, 5), value), name="moment", unit="emu")


@pytest.fixture(scope="module")
def twin():
    scan = grid()
    values = np.tanh(scan["magnetic_field"] / scan["temperature"]).T.values
    return train(scan.copy(data=values), TwinSettings(members=2, time_budget=1), score_baselines=False)


def thesis(folder):
    folder.mkdir()
    (folder / "thesis.txt").write_text("five years")
    return folder / "thesis.txt"


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_of_somebody_elses_outlives_a_write_to_its_name(tmp_path, suffix):
    kept = thesis(tmp_path / f"notes{suffix}")
    with pytest.raises(NotWritten, match=f"notes{suffix} is a folder"):
        write(grid(), kept.parent)
    assert kept.read_text() == "five years"
    assert [one.name for one in tmp_path.iterdir()] == [f"notes{suffix}"]


def test_so_it_does_for_twins_tables_sequences_and_volumes(tmp_path, twin):
    plan = planning.plan_sweeps(twin, 1)
    for name, work in {
        "a.twin": twin.save,
        "b.csv": lambda path: write_table(path, ["T (K)"], [[1.0]]),
        "c.zarr": lambda path: write_volume(twin, None, path),
        "d.csv": lambda path: planning.write_plan(path, plan, twin.scan),
    }.items():
        kept = thesis(tmp_path / name)
        with pytest.raises(NotWritten, match=f"{name} is a folder"):
            work(kept.parent)
        assert kept.read_text() == "five years"


def test_a_store_of_its_own_is_replaced_and_one_with_something_added_is_not(tmp_path, twin):
    path = tmp_path / "map.zarr"
    write(grid(1.0), path)
    write(grid(2.0), path)
    assert float(read(path).max()) == 2
    write_volume(twin, None, path)
    assert read(path).attrs["kind"] == "simulated"
    write(grid(3.0), path)
    for added in ("thesis.txt", "moment/c/notes", "7", "c"):
        place = path / added
        place.write_text("five years")
        with pytest.raises(NotWritten, match=r"map\.zarr is a folder"):
            write(grid(4.0), path)
        with pytest.raises(NotWritten, match=r"map\.zarr is a folder"):
            write_volume(twin, None, path)
        assert place.read_text() == "five years"
        place.unlink()
    assert float(read(path).max()) == 3


def test_another_programs_store_and_a_link_to_a_folder_stay(tmp_path):
    other = tmp_path / "other.zarr"
    grid().drop_attrs().to_dataset(name="moment").to_zarr(other, zarr_format=3, consolidated=False)
    with pytest.raises(NotWritten):
        write(grid(), other)
    write(grid(), tmp_path / "mine.zarr")
    (tmp_path / "link.zarr").symlink_to(tmp_path / "mine.zarr")
    with pytest.raises(NotWritten):
        write(grid(5.0), tmp_path / "link.zarr")
    assert float(read(tmp_path / "mine.zarr").max()) == 1


def test_a_folder_in_place_of_an_unfinished_volume_stays(tmp_path, twin):
    kept = thesis(tmp_path / ".map.zarr.unfinished")
    with pytest.raises(NotWritten, match="holds other things"):
        write_volume(twin, None, tmp_path / "map.zarr")
    assert kept.read_text() == "five years"


def test_a_store_does_not_replace_a_file(tmp_path):
    path = tmp_path / "map.zarr"
    path.write_text("a file of that name")
    with pytest.raises(NotWritten, match="is a file"):
        write(grid(), path)
    assert path.read_text() == "a file of that name"
