"""`scantwin batch`, as a user types it."""

import json

from typer.testing import CliRunner

from napari_scantwin.cli import app
from napari_scantwin.samples import sample_path


def test_many_files_and_their_table(tmp_path):
    recipe, broken, folder = tmp_path / "own.json", tmp_path / "broken.csv", tmp_path / "results"
    recipe.write_text('{"analyses": [{"name": "transitions"}]}')
    broken.write_text("T (K),H (Oe),R (ohm)\n2.0,0,nothing\n")
    words = ["batch", str(recipe), str(sample_path("palladium_hydride")), str(broken), "--to", str(folder)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 3, done.output
    assert done.stdout.splitlines()[-1] == f"1 of 2 done; wrote {folder / 'results.csv'}"
    assert "broken.csv: 0 sweeps, not done: broken.csv: the columns" in done.stderr
    again = CliRunner().invoke(app, [*words[:3], "--to", str(folder), "--json"])
    assert again.exit_code == 0
    assert "(from before)" in again.stderr
    (row,) = json.loads(again.stdout)["rows"]
    assert row["sweeps"] == 7
    assert row["figures"][0][1]["unit"] == "K"
    assert "another recipe" in CliRunner().invoke(app, ["batch", *_other(tmp_path), "--to", str(folder)]).stderr


def _other(folder):
    (folder / "other.json").write_text("{}")
    return [str(folder / "other.json"), str(sample_path("palladium_hydride"))]


def test_slips_are_told_before_anything_is_done(tmp_path):
    words = ["batch", *_other(tmp_path), "--to", str(tmp_path / "results"), "--map", ".xyz"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert not (tmp_path / "results").exists()
