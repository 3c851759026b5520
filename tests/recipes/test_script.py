"""A recipe as a script: run, it does what was done."""

import json
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from napari_scantwin import processing
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import history, replay
from napari_scantwin.readers import read
from napari_scantwin.recipes import AnalysisRun, CutLine, Opening, Recipe, as_python
from napari_scantwin.recipes.recipe import masked_points
from napari_scantwin.samples import sample_path
from napari_scantwin.sections import measured_within, of_sweep
from napari_scantwin.twin import TwinSettings


@pytest.fixture(scope="module")
def done():
    """A processed scan with a sweep left out, and the recipe of it."""
    path = sample_path("ferromagnet")
    scan = processing.apply(read(path), "per_amount", per="mass", mass="0.85 mg")
    masked = scans.points(scan).sweep == 2
    scan = scans.with_masked(scan, masked)
    settings = asdict(TwinSettings(members=2, time_budget=1.5, seed=3))
    cut = of_sweep(scan, 3)
    recipe = Recipe(
        Opening((str(path),)),
        tuple(history(scan)),
        masked_points(scan),
        settings,
        {"magnetic_field": [100.0, 20000.0], "temperature": np.linspace(10, 60, 40).tolist()},
        (CutLine(cut, "#e69f00"),),
        (AnalysisRun("transitions"),),
    )
    return scan, recipe, cut


def test_the_script_does_it_again(done, tmp_path):
    scan, recipe, cut = done
    file = tmp_path / "again.py"
    told = "\nnp.savez('numbers.npz', values=scan.values, masked=scan['masked'].values, dense=dense.values)\n"
    file.write_text(as_python(recipe) + told, encoding="utf-8")
    run = subprocess.run([sys.executable, file.name], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    numbers = np.load(tmp_path / "numbers.npz")
    assert np.array_equal(numbers["values"], scan.values)
    assert np.array_equal(numbers["masked"], scan["masked"].values)
    assert numbers["dense"].shape == (2, 40)
    assert (tmp_path / f"{sample_path('ferromagnet').stem}.pdf").read_bytes().startswith(b"%PDF")
    written = np.genfromtxt(tmp_path / f"{cut.name}.csv", delimiter=",", comments="#", skip_header=5, usecols=3)
    points = measured_within(scan, cut)
    assert np.allclose(written[: len(points.values)], points.values)
    assert "Made of" in run.stdout


def test_a_recipe_goes_through_json(done):
    _, recipe, _ = done
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert as_python(again) == as_python(recipe)
    assert replay(read(recipe.opening.paths[0]), again.steps).shape == done[0].shape


@pytest.mark.parametrize("lost", ["opening", "cuts", "steps"])
def test_a_recipe_cut_off_is_refused_in_a_sentence(done, lost):
    told = done[1].to_dict()
    told.pop(lost)
    with pytest.raises(ScanError, match="cannot be read"):
        Recipe.from_dict(told)


def test_answers_that_were_given_are_given_again():
    opening = Opening(("a.csv",), axes=("2=magnetic_field[Oe]", "1=temperature[K]"), value="3=moment[emu]")
    text = as_python(Recipe(opening))
    assert "scantwin.read('a.csv', axes=['2=magnetic_field[Oe]', '1=temperature[K]'], value='3=moment[emu]')" in text
    assert "train" not in text


def test_the_branch_that_was_looked_at_is_named(done):
    text = as_python(replace(done[1], branch="cooling"))
    assert "twin = twin.of('cooling')" in text
    assert "measured_within(twin.scan, cut)" in text


def test_a_scan_in_no_file():
    with pytest.raises(ScanError, match="export it first"):
        as_python(Recipe(None))
