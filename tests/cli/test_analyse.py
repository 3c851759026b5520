"""``scantwin analyse`` gives the numbers of the physics it names, as text, JSON, a table and a map."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_scantwin.analyses import ANALYSES
from napari_scantwin.cli import app
from napari_scantwin.physics.comparison import compare
from napari_scantwin.physics.entropy_figures import figures
from napari_scantwin.physics.magnetocaloric import Sample, entropy_ensemble
from napari_scantwin.physics.transitions import phase_boundary
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample, sample_path
from napari_scantwin.twin import TwinSettings, train

ERCO2 = ["--axis", "2=magnetic_field[Oe]", "--axis", "1=temperature[K]", "--value", "3=moment[emu]"]


@pytest.fixture
def ask():
    def asked(*arguments, code=0):
        done = CliRunner().invoke(app, ["analyse", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done.output

    return asked


def table(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_every_analysis_and_its_parameters_are_listed(ask):
    listed = ask("--list")
    for name in ANALYSES:
        assert name.replace("_", "-") in listed
    for parameter in ANALYSES["entropy_change"].parameters:
        assert f"--{parameter.name.replace('_', '-')}" in ask("entropy-change", "--list")
    assert set(json.loads(ask("--list", "--json"))) == {name.replace("_", "-") for name in ANALYSES}


def test_the_entropy_change_of_the_published_scan(ask, measured, tmp_path):
    file, mass = measured / "erco2_magnetization.csv", Sample(mass="0.61 mg")
    ask("entropy-change", file, *ERCO2, "--mass", "0.61 mg", "--fields", "10000,50000", "-o", tmp_path / "figures.csv")
    scan = read(file, axes=ERCO2[1:4:2], value=ERCO2[5])
    own = figures(entropy_ensemble(scan, mass, fields=np.array([1e4, 5e4])))
    rows = table(tmp_path / "figures.csv")
    assert [float(row["peak (J/K/kg)"]) for row in rows] == [one.peak.value for one in own]
    assert [float(row["peak error (J/K/kg)"]) for row in rows] == [one.peak.error for one in own]
    found = json.loads(ask("entropy-change", file, *ERCO2, "--mass=0.61 mg", "--fields=50000", "--json"))
    assert found["figures"][0]["value"] == pytest.approx(own[1].peak.value)
    assert found["figures"][0]["unit"] == "J/K/kg"


def test_transitions_as_a_table_a_map_and_text(ask, tmp_path):
    scan, file = load_sample("palladium_hydride"), sample_path("palladium_hydride")
    boundary = phase_boundary(scan, "onset")
    said = ask("transitions", file, "--criterion", "onset", "-o", tmp_path / "boundary.nc")
    np.testing.assert_array_equal(read(tmp_path / "boundary.nc").values, boundary.values)
    assert f"onset, sweeps at 0 Oe: {boundary.values[0]:.3f} ± " in said
    ask("transitions", file, "-o", tmp_path / "table.csv")
    rows = table(tmp_path / "table.csv")
    np.testing.assert_allclose([float(row["onset (K)"]) for row in rows], boundary.values)


def test_two_files_and_a_twin_are_compared(ask, tmp_path):
    scan = load_sample("palladium_hydride")
    twin = train(scan, TwinSettings(members=2, time_budget=1), score_baselines=False)
    twin.save(tmp_path / "first.twin")
    found = json.loads(
        ask("compare", sample_path("palladium_hydride"), "--second", tmp_path / "first.twin", "--scale", "--json")
    )
    scale = compare(scan, twin, scale=True).scale
    figure = found["figures"][0]
    assert (figure["label"], figure["value"], figure["error"]) == ("scale", scale.value, scale.error)
    both = json.loads(ask("transitions", tmp_path / "first.twin", "--json"))
    assert {row[1] for row in both["tables"]["Table"]["rows"]} == {"sweeps", "twin"}
    beside = json.loads(
        ask("transitions", sample_path("palladium_hydride"), "--twin", tmp_path / "first.twin", "--json")
    )
    assert beside["figures"] == both["figures"]


def test_wrong_usage_is_told_from_a_scan_that_does_not_fit(ask, tmp_path):
    file = sample_path("palladium_hydride")
    assert "there is no analysis 'entropy'" in ask("entropy", file, code=2)
    assert "no parameter of transitions" in ask("transitions", file, "--citerion", "onset", code=2)
    assert "needs a value after it" in ask("transitions", file, "--criterion", code=2)
    assert "no magnetic moment" in ask("entropy-change", file, code=3)
    assert "criterion is one of" in ask("transitions", file, "--criterion", "51 %", code=3)
    assert "there is no map 'border'" in ask("transitions", file, "-o", tmp_path / "x.nc", "--map", "border", code=3)
    assert "was not written" in ask("transitions", file, "-o", tmp_path / "none" / "x.csv", code=4)
    assert list(tmp_path.iterdir()) == []
