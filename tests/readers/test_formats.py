"""What the formats' records promise: that pages and manifest say the same, and that a file is parsed once."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_scantwin.core.errors import NeedsAxes, NeedsColumns, NeedsScannedAxis, ScanError
from napari_scantwin.readers import SUFFIXES, open_file, opened, read, read_table, readable
from napari_scantwin.readers.format import Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.registry import by_folder, formats, formats_by_choice
from napari_scantwin.samples import sample_path

ROOT = Path(__file__).resolve().parents[2]
EVERY = [*formats(), *formats_by_choice()]


@pytest.fixture(scope="module")
def tables():
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("format_tables", ROOT / "scripts" / "format_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_and_manifest_say_what_the_records_say(tables):
    for path, text in tables.made().items():
        assert path.read_text("utf-8") == text, f"run python scripts/format_tables.py: {path.name} is behind"


def test_every_format_stands_on_the_pages_and_in_the_manifest():
    page, manifest = (ROOT / "docs" / "formats.md").read_text("utf-8"), (ROOT / "napari.yaml").read_text("utf-8")
    listed = re.search(r"filename_patterns: \[(.*)\]", manifest)[1]
    for one in EVERY:
        assert f"| {one.title} |" in page
        assert one.reads in page
        for suffix in one.suffixes:
            assert suffix in SUFFIXES
            assert (f'"*{suffix}"' in listed) != one.often_pictures


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_record_is_whole(one):
    assert [other.name for other in EVERY].count(one.name) == 1
    assert one.title
    assert one.holds
    assert one.reads.endswith(".")
    assert all(re.fullmatch(r"\.[a-z0-9]+", suffix) for suffix in one.all_suffixes)
    if one.extra is not None:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        assert any(needed.startswith(one.extra.package) for needed in extras[one.extra.name])


def test_every_module_that_reads_is_found():
    """A record that a module keeps to itself would never be tried."""
    folder = ROOT / "src" / "napari_scantwin" / "readers"
    named = {path.parent.name for path in folder.rglob("*.py") if "\nFORMATS = (" in path.read_text("utf-8")}
    assert named == set(by_folder())
    counted = sum(path.read_text("utf-8").count("\n    Format(\n") for path in folder.rglob("*.py"))
    assert counted == len(EVERY)


def test_nothing_heavy_is_imported_before_a_file_needs_it():
    heavy = (
        "h5py",
        "h5netcdf",
        "zarr",
        "tifffile",
        "python_calamine",
        "astropy",
        "igor2",
        "erlab",
        "gemmi",
        "nptdms",
        "tensorflow",
    )
    script = f"""
        import sys
        from napari_scantwin.readers import SUFFIXES, readable
        assert readable("a.csv") and len(SUFFIXES) > 15
        print([name for name in {heavy} if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_the_most_particular_format_that_finds_something_is_taken(tmp_path, monkeypatch):
    """A plain table in a text file, unless an instrument's layout is recognised in it."""
    scan = read(sample_path("ferromagnet"))
    path = tmp_path / "x.txt"
    path.write_text("# LAB 1\nT (K),H (Oe),M (emu)\n" + "".join(f"{t},{h},{t * h}\n" for t in (1, 2) for h in (3, 4)))
    mine = Format("lab", "Lab", (".txt",), Level.INSTRUMENT, "one scan", "All.",
                  measurements=lambda file: [Measurement("a", "A", scan), Measurement("b", "B", scan)],
                  recognises=lambda file: file.head.startswith(b"# LAB 1"))  # fmt: skip
    assert read_table(path).headers[0] == "T (K)"
    assert open_file(path).choices == []
    others = formats()
    monkeypatch.setattr(opened, "formats", lambda: tuple(sorted((*others, mine), key=lambda one: one.level)))
    assert [one.key for one in open_file(path).choices] == ["a", "b"]
    assert open_file(path).scan().attrs["choices"] == "a; b"
    with pytest.raises(ScanError, match="has no measurement 'c'; it has a; b"):
        read(path, choice="c")
    path.write_text(path.read_text().replace("LAB 1", "LAB 2"))
    assert open_file(path).choices == []
    # Two of one level are put together, the file's default first, then the largest.
    small = scan[:1] if scan.ndim == 1 else scan.isel({scan.dims[0]: slice(0, 1)})
    two = replace(mine, name="two", measurements=lambda file: [Measurement("c", "C", small, default=True)])
    one = replace(mine, recognises=lambda file: True)
    two = replace(two, recognises=lambda file: True)
    monkeypatch.setattr(opened, "formats", lambda: tuple(sorted((*others, one, two), key=lambda each: each.level)))
    assert [each.key for each in open_file(path).choices] == ["c", "a", "b"]


def test_a_missing_extra_is_named_by_the_record(tmp_path, monkeypatch):
    igor = next(one for one in formats() if one.name == "igor-binary")

    def without(file):
        raise ModuleNotFoundError("No module named 'igor2'")

    monkeypatch.setattr(opened, "formats", lambda: (replace(igor, measurements=without),))
    (tmp_path / "a.ibw").write_bytes(b"\0")
    with pytest.raises(ScanError, match=r"^a\.ibw: Igor binary files .* pip install napari-scantwin\[igor\]$"):
        read(tmp_path / "a.ibw")


def test_choices_table_and_scan_come_of_one_parse(tmp_path, parses):
    """Whatever is asked of an opened file, and in whatever order."""
    rows = "".join(f"{t},{h},{t * h}\n" for t in (1, 2, 3) for h in (4, 5))
    (tmp_path / "x.csv").write_text("a,b,c\n" + rows)
    file = open_file(tmp_path / "x.csv")
    assert file.choices == []
    with pytest.raises(NeedsColumns) as asked:
        file.scan()
    assert asked.value.table is file.table
    scan = file.scan(axes=["a=temperature[K]", "b=magnetic_field[Oe]"], value="c=moment[emu]")
    assert scan.shape == (3, 2)
    assert parses == ["x.csv"]


def test_arrays_are_listed_once_for_question_and_answer(tmp_path, parses):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["counts"], file["tilt"] = np.ones((3, 4)), np.arange(3.0)
    found = open_file(tmp_path / "x.h5")
    with pytest.raises(NeedsAxes) as asked:
        _ = found.choices
    assert asked.value.contents is found.contents
    listed = len(parses)
    scan = found.scan(axes=["tilt=manipulator_angle[deg]", "1:0.5=kinetic_energy[eV]"], value="counts=signal[count]")
    assert scan.shape == (3, 4)
    assert len(parses) == listed  # the layouts, each once, and the list of arrays
    assert len(parses) == len([one for one in formats() if ".h5" in one.all_suffixes and one.level > Level.OWN]) - 1


def test_a_unit_that_is_left_out_is_answered_without_another_parse(tmp_path, writers, parses):
    """An ARPES text whose axis has no unit: the answer goes to what was parsed."""
    (tmp_path / "a.txt").write_text(
        "[Info]\nNumber of Regions=1\n\n[Region 1]\nRegion Name=cut\nDimension 1 name=Kinetic Energy\n"
        "Dimension 1 size=3\nDimension 1 scale=1 2 3\nDimension 2 name=angle\nDimension 2 size=2\n"
        "Dimension 2 scale=0 1\n\n[Info 1]\n\n[Data 1]\n1 10 20\n2 11 21\n3 12 22\n"
    )
    file = open_file(tmp_path / "a.txt")
    with pytest.raises(NeedsAxes, match="has no unit"):
        _ = file.choices
    scan = file.scan(
        axes=["Kinetic Energy=kinetic_energy[eV]", "angle=angle[deg]"], value="intensity=photoemission_intensity[count]"
    )
    np.testing.assert_array_equal(scan.sel(angle=1).values, [20, 21, 22])
    assert parses == ["a.txt"]


def test_files_of_a_series_are_parsed_once_though_it_is_asked_what_was_scanned(tmp_path, parses):
    for number in range(3):
        with h5py.File(tmp_path / f"cut{number}.nxs", "w") as file:
            group = file.create_group("entry/data")
            group.attrs.update({"NX_class": "NXdata", "signal": "counts", "axes": ["angle", "energy"]})
            group["counts"], group["angle"], group["energy"] = np.ones((4, 6)), np.arange(4.0), np.arange(6.0)
            group["angle"].attrs["units"], group["energy"].attrs["units"] = "deg", "eV"
    assert readable(tmp_path)
    series = open_file(tmp_path)
    assert len(series.choices) == 1
    with pytest.raises(NeedsScannedAxis):
        series.scan()
    told = []
    scan = series.scan(along="3, 1, 2=sample_temperature[K]", on_progress=told.append)
    np.testing.assert_array_equal(scan["sample_temperature"].values, [1, 2, 3])
    assert scan.attrs["source"] == f"{tmp_path.name}, 3 files"
    each = {name: parses.count(name) for name in parses}
    layouts = sum(one.level == Level.INSTRUMENT and ".nxs" in one.all_suffixes for one in formats())
    assert each == {f"cut{number}.nxs": layouts for number in range(3)}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
@pytest.mark.parametrize("suffix", sorted({suffix for one in formats() for suffix in one.all_suffixes}))
def test_a_pipe_is_refused_and_not_waited_for(suffix, tmp_path):
    path = tmp_path / f"pipe{suffix}"
    os.mkfifo(path)
    with pytest.raises(ScanError, match="is a pipe or a device"):
        read(path)
