"""A twin of several branches on the command line and in analyses: one is asked for, and it is said which."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_scantwin import analyse
from napari_scantwin.cli import app
from napari_scantwin.core import branches
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import read
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.writers import write

FIELDS = (0.0, 1.0, 2.0, 4.0, 6.0, 9.0)


def hysteretic():
    """A step at 23 K + 2 K/T H on warming, 6 K lower on cooling."""
    kelvin = np.linspace(5, 50, 46)
    passes = [(field, sense) for field in FIELDS for sense in (1, -1)]
    field = np.repeat([one for one, _ in passes], len(kelvin))
    temperature = np.concatenate([kelvin[::sense] for _, sense in passes])
    place = np.repeat([20 + 2 * one + 3 * sense for one, sense in passes], len(kelvin))
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    about = {"sample_mass": 1.0, "sample_mass_units": "mg"}
    return scans.ragged_scan(
        axes, 1 / (1 + np.exp((temperature - place) / 1.5)), name="moment", unit="emu", attrs=about
    )


@pytest.fixture(scope="module")
def twin():
    return train(hysteretic(), TwinSettings(members=2, time_budget=0.01), score_baselines=False)


@pytest.fixture
def twin_file(twin, tmp_path):
    return twin.save(tmp_path / "both.twin")


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def place_of(scan, field):
    row = scan.sel(magnetic_field=field)
    return float(row["temperature"][np.argmin(np.abs(row.values - 0.5))])


def test_simulate_writes_the_branch_that_is_asked_for(twin_file, tmp_path):
    places = {}
    for branch in (None, "cooling"):
        path = tmp_path / "map.nc"
        asked = [] if branch is None else ["--branch", branch]
        done = run("simulate", twin_file, "-o", path, "--magnetic-field", "0,2,4", *asked)
        assert done.exit_code == 0, done.stderr
        assert f", branch {branch or 'warming'}" in done.stdout
        written = read(path)
        assert written.attrs["branch"] == (branch or "warming")
        places[branch] = place_of(written, 2.0)
    assert places[None] - places["cooling"] == pytest.approx(6, abs=0.5)


def test_an_unknown_branch_is_refused_with_the_names_of_those_that_are(twin_file, tmp_path):
    done = run("simulate", twin_file, "-o", tmp_path / "map.nc", "--branch", "heating")
    assert done.exit_code == 3
    assert "its branches are warming; cooling" in done.stderr
    assert not (tmp_path / "map.nc").exists()


def test_score_and_info_tell_of_every_branch(twin_file):
    done = run("score", twin_file)
    assert done.stdout.index("Branch: warming") < done.stdout.index("Branch: cooling")
    assert "Branch: warming" not in run("score", twin_file, "--branch", "cooling").stdout
    assert set(json.loads(run("score", twin_file, "--json").stdout)["branches"]) == {"warming", "cooling"}
    assert "branches: warming (6 sweeps); cooling (6 sweeps)" in run("info", twin_file).stdout


@pytest.mark.parametrize("suffix", ["nc", "h5", "csv", "zarr"])
def test_files_keep_the_branches(suffix, tmp_path):
    scan = branches.marked(hysteretic())
    (path,) = write(scan, tmp_path / f"scan.{suffix}")
    again = read(path)
    assert again["branch"].values.tolist() == scan["branch"].values.tolist()
    assert branches.names(again) == ("warming", "cooling")


def test_analyses_are_of_one_branch_and_say_which(twin, twin_file):
    peaks = {}
    for branch in ("warming", "cooling"):
        found = analyse("entropy_change", twin, branch=branch, fields="4 T", mass="1 mg")
        assert f"Branch: {branch}." in found.notes
        assert {scan.attrs["branch"] for scan in found.scans.values()} == {branch}
        assert {table.about["branch"] for table in found.tables.values()} == {branch}
        table = next(iter(found.tables.values()))
        (of_twin,) = (dict(zip(table.heads, row, strict=True)) for row in table.rows if "twin" in row)
        assert of_twin["branch"] == branch
        peaks[branch] = of_twin["peak temperature (K)"]
    assert peaks["warming"] - peaks["cooling"] == pytest.approx(6, abs=0.3)
    by_view = analyse("entropy_change", twin.of("cooling"), fields="4 T", mass="1 mg")
    assert "Branch: cooling." in by_view.notes
    done = run("analyse", "entropy-change", twin_file, "--branch", "cooling", "--fields", "4 T", "--mass", "1 mg")
    assert "Branch: cooling." in done.stdout


def test_a_scan_alone_is_analysed_whole_or_by_branch():
    scan = hysteretic()
    found = analyse("transitions", scan, branch="cooling")
    assert "Branch: cooling." in found.notes
    assert not any("Branch" in note for note in analyse("transitions", scan).notes)
    with pytest.raises(ScanError, match="no branch 'heating'"):
        analyse("transitions", scan, branch="heating")


def test_a_twin_that_was_opened_is_trained_again_on_all_its_branches(twin_file):
    again = train(Twin.load(twin_file).of("cooling"), score_baselines=False)
    assert again.branches == ("warming", "cooling")
    assert again.whole.size == 552
