"""The same over many files: the table, what is beside it, what fails, what is not done twice, and stopping."""

import csv
import itertools
import json
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.processing import apply, history
from napari_scantwin.readers import read
from napari_scantwin.recipes import (
    AnalysisRun,
    BatchRow,
    CutLine,
    Opening,
    Outputs,
    Recipe,
    batch,
    load_recipe,
    results_table,
    save_recipe,
)
from napari_scantwin.recipes.batching import in_words
from napari_scantwin.recipes.session_file import Session, save_session
from napari_scantwin.sections import of_sweep, simulated_along
from napari_scantwin.twin import Twin
from napari_scantwin.writers import write

_SETTINGS = {"members": 2, "time_budget": 1.0, "method": "best", "seed": 1}


def magnet(point: float, unit: str = "T", scale: float = 1.0):
    """M(T) in five fields of a magnet whose transition lies at ``point`` K in zero field."""
    temperatures = np.linspace(10.0, 60.0, 21)
    fields = np.array([0.1, 0.5, 1.0, 2.0, 4.0])
    values = 0.1 / (1 + np.exp((temperatures - point - 1.25 * fields[:, None]) / 2))
    axes = {"magnetic_field": (fields * scale, unit), "temperature": (temperatures, "K")}
    return scans.gridded_scan(axes, values, name="moment", unit="emu")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two magnets, the second with its fields in mT, and a file that is no scan."""
    folder = tmp_path_factory.mktemp("files")
    write(magnet(30.0), folder / "first.nc")
    write(magnet(33.0, "mT", 1e3), folder / "second.nc")
    (folder / "broken.csv").write_text("T (K),H (Oe),R (ohm)\n2.0,0,nothing\n")
    return [folder / "first.nc", folder / "broken.csv", folder / "second.nc"]


@pytest.fixture(scope="module")
def recipe(files):
    """What was done to the first."""
    scan = apply(read(files[0]), "crop", axis="temperature", start="20 K", stop="50 K")
    grid = {"magnetic_field": [0.1, 3.0], "temperature": np.linspace(22, 48, 27).tolist()}
    cut = of_sweep(scan, 1)
    units = {"magnetic_field": "T", "temperature": "K"}
    runs = (AnalysisRun("transitions", {"criterion": "steepest"}), AnalysisRun("hydrogen_content"))
    opening = Opening((str(files[0]),))
    return Recipe(opening, tuple(history(scan)), [3], _SETTINGS, grid, (CutLine(cut, "#fff"),), runs, units=units)


@pytest.fixture(scope="module")
def done(files, recipe, tmp_path_factory):
    """The batch, its folder and what it said on its way."""
    folder, said = tmp_path_factory.mktemp("done") / "results", []
    rows = batch(
        recipe,
        files,
        folder,
        outputs=Outputs(map=".nc", figure=".svg"),
        on_progress=lambda share, words: said.append((share, words)),
    )
    return rows, folder, said


def columns(table):
    lines = [line for line in table.read_text(encoding="utf-8").splitlines(keepends=True) if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_every_file_has_its_row_and_the_broken_one_its_reason(done):
    rows, folder, _ = done
    assert [row.file for row in rows] == ["first.nc", "broken.csv", "second.nc"]
    assert [row.sweeps for row in rows] == [5, 0, 5]
    assert "do not say which are axes" in rows[1].reason
    for row in (rows[0], rows[2]):
        assert row.error.unit == "emu"
        assert 0 < row.error.value < 0.1
        assert row.reason.startswith("hydrogen content: ")  # what cannot be asked of a magnet is said, the rest is done
    table = columns(folder / "results.csv")
    assert [one["file"] for one in table] == ["first.nc", "broken.csv", "second.nc"]
    assert [one["not done because"] for one in table] == [row.reason for row in rows]
    assert float(table[2]["held-out error (emu)"]) == rows[2].error.value


def test_figures_have_units_and_uncertainties_and_move_with_the_transition(done):
    _, folder, _ = done
    table = columns(folder / "results.csv")
    heads = [head for head in table[0] if head.startswith("transitions: ") and "twin at" in head]
    first = [head for head in heads if table[0][head]]
    second = [head for head in heads if table[2][head]]
    assert len(first) == len(second) == 5
    assert all(head.endswith("(K)") and f"standard error of {head}" in table[0] for head in heads)
    moved = [float(table[2][other]) - float(table[0][one]) for one, other in zip(first, second, strict=True)]
    assert np.allclose(moved, 3.0, atol=1.0)


def test_maps_and_cuts_are_of_the_same_places_in_the_units_of_each_file(done):
    _, folder, _ = done
    first, second = read(folder / "first.nc"), read(folder / "second.nc")
    assert first.sizes == second.sizes == {"magnetic_field": 2, "temperature": 27}
    assert np.allclose(first["magnetic_field"], [0.1, 3.0])
    assert np.allclose(second["magnetic_field"], [100, 3000])
    (path,) = folder.glob("second_cut*.csv")
    text = path.read_text()
    assert "magnetic_field (mT)" in text
    curve = simulated_along(Twin.load(folder / "second.twin"), of_sweep(read(folder / "second.twin"), 1))
    assert f"{float(curve.values[7])!r}" in text


def test_what_was_asked_for_lies_beside_the_table(done):
    rows, folder, _ = done
    names = {path.name for path in folder.iterdir()}
    assert {name for row in rows for name in row.written} | {"results.csv", "results.json"} == names
    assert {"first.twin", "first.nc", "first.svg", "first_transitions.csv"} <= names
    assert "<svg" in (folder / "second.svg").read_text()


def test_points_masked_by_hand_are_masked_in_their_own_file_alone(done):
    rows, folder, _ = done
    assert Twin.load(folder / "first.twin").scan["masked"].values.sum() == 1
    assert "masked" not in Twin.load(folder / "second.twin").scan.coords
    assert any("masked in its own file alone" in note for note in rows[2].notes)


def test_progress_goes_on_and_says_where_it_is(done):
    _, _, said = done
    shares = [share for share, _ in said]
    assert all(after > before - 1e-9 for before, after in itertools.pairwise(shares))
    assert shares[0] >= 0
    assert shares[-1] <= 1
    assert said[0][1] == "1 of 3, first.nc: reading"
    assert any(words.startswith("3 of 3, second.nc: ") for _, words in said)


@pytest.fixture
def steps_only(files, tmp_path):
    """A recipe that takes no time, in a file of its own, as it is written by hand."""
    path = tmp_path / "own.json"
    path.write_text('{"analyses": [{"name": "transitions"}]}')
    return path


def test_what_is_there_is_not_done_again_unless_asked(files, steps_only, tmp_path):
    folder = tmp_path / "results"
    assert [row.kept for row in batch(steps_only, files[:1], folder)] == [False]
    more = batch(steps_only, files, folder)
    assert [row.kept for row in more] == [True, False, False]
    again = batch(steps_only, files, folder)
    assert [row.kept for row in again] == [True, False, True]  # what failed is tried again
    assert results_table(again).shown == results_table(more).shown
    (folder / "first_transitions.csv").unlink()
    assert [row.kept for row in batch(steps_only, files, folder)] == [False, False, True]
    assert [row.kept for row in batch(steps_only, files, folder, afresh=True)] == [False, False, False]
    assert len(columns(folder / "results.csv")) == 3


def test_a_file_that_has_changed_is_done_again(steps_only, tmp_path):
    file, folder = tmp_path / "one.nc", tmp_path / "results"
    write(magnet(30.0), file)
    (before,) = batch(steps_only, [file], folder)
    write(magnet(40.0), file)
    (after,) = batch(steps_only, [file], folder)
    assert not after.kept
    assert after.figures[0][1].value > before.figures[0][1].value + 5


def test_results_of_another_recipe_are_not_mixed_in(files, steps_only, tmp_path):
    batch(steps_only, files[:1], tmp_path / "results")
    with pytest.raises(ScanError, match="results of another recipe"):
        batch(Recipe(None), files, tmp_path / "results")
    assert len(batch(Recipe(None), files, tmp_path / "results", afresh=True)) == 3
    (tmp_path / "results" / "results.json").write_text("[]")
    with pytest.raises(ScanError, match="no table of results"):
        batch(Recipe(None), files, tmp_path / "results")


def test_files_of_one_name_do_not_overwrite_each_other(files, steps_only, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(magnet(30.0), tmp_path / name / "scan.nc")
    write(magnet(30.0), tmp_path / "a" / "scan.zarr")
    paths = [tmp_path / "a" / "scan.nc", tmp_path / "b" / "scan.nc", tmp_path / "a" / "scan.zarr"]
    rows = batch(steps_only, paths, tmp_path / "results")
    written = [name for row in rows for name in row.written]
    assert len(set(written)) == len(written) == 3
    assert [row.reason for row in rows] == ["", "", ""]


def test_stopping_in_a_training_keeps_what_was_done(files, recipe, tmp_path):
    stop, told = threading.Event(), []

    def tell(share, words):
        if words.startswith("2 of 2") and "reading" not in words:
            told.append(words)
            stop.set()

    quick = Recipe(None, settings={**_SETTINGS, "time_budget": 20.0, "members": 8, "preset": "thorough"})
    with pytest.raises(Cancelled):
        batch(quick, [files[1], files[0]], tmp_path / "results", on_progress=tell, stop=stop)
    assert len(told) == 1
    assert [one["file"] for one in columns(tmp_path / "results" / "results.csv")] == ["broken.csv"]
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"results.csv", "results.json"}


def test_other_axes_than_the_recipe_has_are_told(recipe, tmp_path):
    scan = magnet(30.0).rename(magnetic_field="pressure")
    scan["pressure"].attrs["units"] = "bar"
    write(scan, tmp_path / "one.nc")
    (row,) = batch(recipe, [tmp_path / "one.nc"], tmp_path / "results")
    assert "the recipe's cut" in row.reason
    assert row.error is not None


def test_recipes_come_from_files(recipe, files, tmp_path):
    assert load_recipe(save_recipe(recipe, tmp_path / "one")) == Recipe.from_dict(
        json.loads(json.dumps(recipe.to_dict()))
    )
    kept = save_session(Session(recipe, read(files[0])), tmp_path / "one")
    assert load_recipe(kept) == load_recipe(tmp_path / "one.json")
    told = in_words(recipe)
    assert told[0].startswith("Crop: ")
    assert any("Transitions" in line for line in told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "holds no recipe"),
        ("[1]", "no object"),
        ('{"step": []}', "step is no part of one"),
        ('{"analyses": [{"title": "transitions"}]}', "cannot be read"),
    ],
)
def test_files_that_hold_none(text, said, tmp_path):
    (tmp_path / "one.json").write_text(text)
    with pytest.raises(ScanError, match=rf"one\.json.*{said}"):
        load_recipe(tmp_path / "one.json")


def test_slips_are_told_before_anything_is_done(files, tmp_path):
    with pytest.raises(ScanError, match="no file"):
        batch(Recipe(None), [], tmp_path / "none")
    with pytest.raises(ScanError, match=r"one\.json"):
        batch(tmp_path / "one.json", files, tmp_path / "none")
    with pytest.raises(ScanError, match="written as"):
        Outputs(map=".xyz")
    assert not (tmp_path / "none").exists()
    (row,) = batch(Recipe(None, settings={"presto": 1}), files[:1], tmp_path / "some")
    assert "settings of the training" in row.reason


_LABELS = st.sampled_from(["one", "two", "held-out error"])
_FIGURES = st.builds(
    Quantity, st.floats(-1e6, 1e6), st.one_of(st.just(np.nan), st.floats(1e-6, 1e6)), st.sampled_from(["kelvin", "emu"])
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # which is judged by the clock
@given(st.lists(st.lists(st.tuples(_LABELS, _FIGURES), max_size=4), min_size=1, max_size=4))
def test_no_figure_is_lost_in_the_table(found):
    rows = [BatchRow(str(number), figures=tuple(figures)) for number, figures in enumerate(found)]
    table = results_table(rows)
    for figures, cells in zip(found, table.rows, strict=True):
        numbers = [one for one in cells if isinstance(one, float) and not np.isnan(one)]
        told = [number for _, one in figures for number in (one.value, one.error) if not np.isnan(number)]
        assert sorted(numbers) == sorted(told)
        assert len(cells) == len(table.heads)
    assert len(set(table.heads)) == len(table.heads)
    again = [BatchRow.from_dict(json.loads(json.dumps(row.to_dict()))) for row in rows]
    assert results_table(again).heads == table.heads
