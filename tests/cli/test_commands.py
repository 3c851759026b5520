"""The command line, as a user types it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_scantwin.cli import app
from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample, sample_path
from napari_scantwin.twin import Twin
from napari_scantwin.writers import write

run = CliRunner()


@pytest.fixture(scope="module")
def twin_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "scan.twin"
    arguments = [
        "train",
        str(sample_path("palladium_hydride")),
        "-o",
        str(path),
        "--members",
        "2",
        "--time-budget",
        "1.5",
    ]
    done = run.invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["score"]["methods"][0] == "twin"
    return path


def test_score_and_info_speak_of_the_same_twin(twin_file):
    table = run.invoke(app, ["score", str(twin_file)])
    assert "monotone spline" in table.stdout
    about = json.loads(run.invoke(app, ["info", str(twin_file), "--json"]).stdout)
    assert about["sweeps"] == 7
    assert about["axes"]["temperature"]["unit"] == "K"
    assert about["score"]["unit"] == "Ω"
    said = json.loads(run.invoke(app, ["score", str(twin_file), "--json"]).stdout)
    assert said["log_score"] == Twin.load(twin_file).score.log_score > 0
    assert about["settings"]["members"] == 2


def test_simulate_takes_the_twins_axes_as_options(twin_file, tmp_path):
    arguments = ["simulate", str(twin_file), "--temperature", "3:7:0.5", "--magnetic-field", "100,500,900"]
    done = run.invoke(app, [*arguments, "-o", str(tmp_path / "map.nc")])
    assert done.exit_code == 0, done.output
    scan = read(tmp_path / "map.nc")
    assert scan.shape == (3, 9)
    assert scan["temperature"].values[-1] == 7.0
    done = run.invoke(app, [*arguments, "--along", "magnetic-field", "-o", str(tmp_path / "slope.nc")])
    assert done.exit_code == 0, done.output
    assert read(tmp_path / "slope.nc").name == "d_resistance_d_magnetic_field"


def test_a_zarr_map_is_written_part_by_part(twin_file, tmp_path):
    arguments = ["simulate", str(twin_file), "--temperature", "3:7:0.5", "--magnetic-field", "100,500,900", "--json"]
    done = run.invoke(app, [*arguments, "-o", str(tmp_path / "map.zarr")])
    assert done.exit_code == 0, done.output
    about = json.loads(done.stdout)
    assert about["shape"] == {"magnetic_field": 3, "temperature": 9}
    again = run.invoke(app, [*arguments, "-o", str(tmp_path / "map.nc")])
    assert json.loads(again.stdout)["extrapolated"] == pytest.approx(about["extrapolated"])
    np.testing.assert_allclose(read(tmp_path / "map.zarr").values, read(tmp_path / "map.nc").values, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["info", "none.csv"], 3, "no such file"),
        (["score", "none.twin"], 3, "no such file"),
        (["train", "SAMPLE", "-o", "no/such/folder/x.twin"], 4, "does not exist"),
        (["simulate", "TWIN", "--pressure", "1:2:1", "-o", "x.nc"], 2, "no axis of this twin"),
        (["simulate", "TWIN", "--temperature", "ten", "-o", "x.nc"], 2, "is no range"),
        (["simulate", "TWIN", "-o", "x.docx"], 2, "names no format"),
        (["train", "SAMPLE", "-o", "x.twin", "--preset", "best"], 2, "not one of"),
        (["simulate", "TWIN", "-o", "no/such/folder/x.nc"], 4, "does not exist"),
        (["simulate", "TWIN", "-o", "x.nc", "--scheduler", "tcp://127.0.0.1:1"], 3, "a cluster writes"),
        (["simulate"], 2, ""),
    ],
)
def test_what_goes_wrong_has_its_code_and_one_sentence(arguments, code, words, twin_file):
    named = {"SAMPLE": str(sample_path("ferromagnet")), "TWIN": str(twin_file)}
    done = run.invoke(app, [named.get(word, word) for word in arguments])
    assert done.exit_code == code
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.output


def test_next_says_which_sweeps_and_writes_their_sequence(twin_file, tmp_path):
    told = run.invoke(app, ["next", str(twin_file)])
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("1. ")
    assert "Expected error of the map" in told.stdout
    path = tmp_path / "list.seq"
    arguments = ["next", str(twin_file), "--budget", "200", "--point", "20 s", "--start", "0", "--sequence", str(path)]
    done = run.invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    about = json.loads(done.stdout)
    assert 0 < about["minutes"] <= 200
    assert about["order"] == sorted(about["order"]) == sorted(one["value"] for one in about["sweeps"])
    assert path.read_text().count("FLD FIELD") == len(about["sweeps"])


def test_next_keeps_to_the_values_that_can_be_measured(twin_file):
    done = run.invoke(app, ["next", str(twin_file), "--count", "2", "--among", "250,3000,6000", "--json"])
    assert {one["value"] for one in json.loads(done.stdout)["sweeps"]} < {250, 3000, 6000}


def test_next_says_which_points(twin_file, tmp_path):
    path = tmp_path / "points.csv"
    arguments = ["next", str(twin_file), "--points", "--count", "4", "--among", "250,3000,6000", "--start", "0,5"]
    told = run.invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("1. ")
    assert "In this order" in told.stdout
    done = run.invoke(app, [*arguments, "--sequence", str(path), "--json"])
    about = json.loads(done.stdout)
    assert len(about["points"]) == 4
    assert {one["place"]["magnetic_field"] for one in about["points"]} <= {250, 3000, 6000}
    assert about["minutes"] == pytest.approx(sum(one["minutes"] for one in about["points"]))
    assert about["errors"] == sorted(about["errors"], reverse=True)
    assert len(path.read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--points", "--start", "0"], 2, "a number for magnetic_field, temperature"),
        (["--points", "--sequence", "list.seq"], 3, "lists sweeps"),
        (["--start", "zero"], 2, "a number for magnetic_field"),
        (["--sequence", "list.docx"], 2, "names no list"),
        (["--sequence", "no/such/folder/list.seq"], 4, "does not exist"),
        (["--within", "low"], 2, "is no range"),
        (["--point", "ten"], 2, "number and a unit"),
        (["--budget", "-3"], 2, "leaves no time"),
        (["--count", "0"], 2, "one or more"),
    ],
)
def test_what_next_cannot_do_has_its_code_and_one_sentence(arguments, code, words, twin_file):
    done = run.invoke(app, ["next", str(twin_file), *arguments])
    assert done.exit_code == code
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.output


def test_a_folder_of_files_becomes_one_scan_along_what_is_said(tmp_path):
    for field in (100, 500):
        (tmp_path / f"sweep_{field}.csv").write_text("T (K),M (emu)\n2,1\n3,2\n4,4\n")
    told = ["info", str(tmp_path), "--json", "--along"]
    about = json.loads(run.invoke(app, [*told, "number=magnetic_field[Oe]"]).stdout)
    assert about["axes"]["magnetic_field"] == {"low": 100, "high": 500, "unit": "Oe"}
    wrong = run.invoke(app, [*told, "1, 2, 3=magnetic_field[Oe]"])
    assert wrong.exit_code == 3
    assert "3 values of magnetic_field are given for 2 files" in wrong.output


def test_a_twin_is_trained_on_a_part_of_a_cube(tmp_path):
    path = tmp_path / "coarse.twin"
    (small,) = write(
        load_sample("arpes").isel(analyser_angle=slice(8, 40, 8), energy=slice(0, 64, 8)), tmp_path / "a.nc"
    )
    arguments = ["train", str(small), "-o", str(path), "--members", "2", "--time-budget", "1"]
    done = run.invoke(app, [*arguments, "--every", "2", "--within", "-9:9", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["score"]["sweeps"] == ["-9 deg", "-3 deg", "3 deg", "9 deg"]
    assert json.loads(run.invoke(app, ["info", str(path), "--json"]).stdout)["sweeps"] == 9 * 4


def test_a_sweep_that_reads_high_is_mended_on_the_way(tmp_path):
    field, kelvin = (axis.ravel() for axis in np.meshgrid(np.linspace(1, 8, 8), np.linspace(5, 50, 31), indexing="ij"))
    values = 4 / (1 + np.exp((kelvin - 15 - 2 * field) / 4)) + 1
    values = values * np.where(field == 4, 1.08, 1) + 0.003 * np.random.default_rng(0).normal(size=len(values))
    axes = {"magnetic_field": (field, "T"), "temperature": (kelvin, "K")}
    (path,) = write(scans.ragged_scan(axes, values, name="moment", unit="emu"), tmp_path / "high.nc")
    arguments = ["train", str(path), "-o", str(tmp_path / "high.twin"), "--members", "2", "--json"]
    done = run.invoke(app, [*arguments, "--mend"])
    assert done.exit_code == 0, done.output
    about = json.loads(done.stdout)
    (said,) = about["mended"]
    assert said.startswith("Mended the sweep at 4 T: readings divided by 1.0")
    assert not any("reads about" in note for note in about["notes"])
    mine = field == 4
    kept = read(tmp_path / "high.twin").values
    np.testing.assert_array_equal(kept[~mine], values[~mine])
    np.testing.assert_allclose(kept[mine], values[mine] / 1.08, rtol=0.005)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["CUBE", "--every", "9"], 2, "leaves 1 of the 9 values of manipulator angle"),
        (["CUBE", "--every", "2", "--slow-axis", "energy"], 2, "no slow axis"),
        (["CUBE", "--among", "ten"], 2, "is no range"),
        (["CUBE", "--within", "5"], 2, "--within: '5' is no range"),
        (["CUBE", "--slow-axis", "analyser-angle"], 2, "add --every"),
        (["TWIN", "--every", "2"], 3, "give the scan's file"),
    ],
)
def test_what_part_cannot_be_trained_on_is_said(arguments, code, words, twin_file, tmp_path):
    named = {"CUBE": str(sample_path("arpes")), "TWIN": str(twin_file)}
    done = run.invoke(app, ["train", *[named.get(word, word) for word in arguments], "-o", str(tmp_path / "x.twin")])
    assert done.exit_code == code
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.output


def test_info_parses_a_file_once_and_lists_its_measurements(tmp_path, parses):
    head = "[Header]\nBYAPP, MPMS3\n[Data]\nTemperature (K),Magnetic Field (Oe),Moment (emu)\n"
    rows = [f"{t},{h},{t * h}" for h in (100, 200, 300) for t in range(10, 20)]
    (tmp_path / "x.dat").write_text(head + "\n".join(rows) + "\n")
    about = json.loads(run.invoke(app, ["info", str(tmp_path / "x.dat"), "--json"]).stdout)
    assert parses == ["x.dat"]
    assert about["value"] == "moment"
    assert len(about["choices"]) >= 1
    parses.clear()
    columns = ["--axis", "1=temperature[K]", "--axis", "2=magnetic_field[Oe]", "--value", "3=moment[emu]"]
    rows = ["a,b,c", *rows]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    about = json.loads(run.invoke(app, ["info", str(tmp_path / "x.csv"), "--json", *columns]).stdout)
    assert (parses, about["points"], about["choices"]) == (["x.csv"], 30, [])


def test_info_loads_a_twin_once(twin_file, parses):
    assert json.loads(run.invoke(app, ["info", str(twin_file), "--json"]).stdout)["choices"] == []
    assert parses == [twin_file.name]
