"""A scan that holds branches has a surface for each, never an average of them, and says which."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core import branches
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.twin.candidates.shared_points import SharedPoints
from napari_scantwin.twin.data import prepare

from .conftest import FIELDS, hysteretic, truth

PLACES = np.stack(np.meshgrid(np.linspace(0, 9, 31), np.linspace(8, 48, 61), indexing="ij"), axis=-1).reshape(-1, 2)


def error(twin, branch, late):
    mean, _ = twin.predict(PLACES, branch=branch)
    return np.sqrt(np.mean((mean - truth(PLACES[:, 0], PLACES[:, 1] + late)) ** 2))


def test_each_branch_is_met_and_an_average_of_both_is_not(branched):
    assert branched.branches == ("warming", "cooling")
    assert error(branched, "warming", 0) < 0.05
    assert error(branched, "cooling", 4.0) < 0.05
    assert error(branched, "warming", 4.0) > 0.2


def test_a_branch_of_few_sweeps_is_learned_from_the_others(branched):
    alone = train(branched.of("cooling").scan, TwinSettings(members=2), score_baselines=False)
    assert alone.branches == ()
    assert error(branched, "cooling", 4.0) < error(alone, None, 4.0)


def test_the_first_branch_is_shown_and_whatever_is_said_names_its_branch(branched):
    assert branched.branch == "warming"
    assert branched.simulate(branched.default_grid((9, 20))).attrs["branch"] == "warming"
    cooling = branched.of("cooling")
    assert cooling.branch == "cooling"
    grid = cooling.default_grid((9, 20))
    np.testing.assert_array_equal(cooling.simulate(grid).values, branched.simulate(grid, branch="cooling").values)
    slope = branched.simulate(grid, along="temperature", branch="cooling")
    assert slope.attrs["branch"] == "cooling"
    points = PLACES[:5]
    np.testing.assert_array_equal(
        branched.derivative(points, "temperature", branch="cooling")[0], cooling.derivative(points, "temperature")[0]
    )
    assert cooling.of("warming").branch == "warming"
    assert branched.verdict.startswith("Warming: ")
    assert "\nCooling: " in branched.verdict
    assert branched.made_of.count("Made of") == 2


def test_a_branch_that_is_not_there_is_refused_with_the_names_of_those_that_are(branched, twin):
    with pytest.raises(ScanError, match="no branch 'heating': its branches are warming; cooling"):
        branched.predict(PLACES, branch="heating")
    with pytest.raises(ScanError, match="its scan has no branches"):
        twin.simulate(branch="warming")


def test_the_residual_is_of_every_reading_from_its_own_branch(branched):
    residual = branched.residual()
    assert residual.shape == branched.whole.shape
    assert np.sqrt(np.mean(residual.values**2)) < 0.02
    assert branches.names(residual) == ("warming", "cooling")
    assert "branch" not in residual.attrs


def test_a_saved_twin_has_all_its_branches_and_shows_the_one_it_showed(branched, tmp_path):
    again = Twin.load(branched.of("cooling").save(tmp_path / "both.twin"))
    assert (again.branch, again.branches) == ("cooling", ("warming", "cooling"))
    assert again.whole.identical(branched.whole)
    for branch in again.branches:
        one, other = again.of(branch), branched.of(branch)
        for found, said in zip(one.predict(PLACES), other.predict(PLACES), strict=True):
            np.testing.assert_array_equal(found, said)
        assert one.score.to_dict() == other.score.to_dict()
        assert one.notes == other.notes
        assert one.scan.identical(other.scan)


def test_set_points_are_kept_out_of_all_branches():
    scan = branches.marked(hysteretic())
    parts = list(branches.parted(scan).values())
    data = [prepare(part, 8) for part in parts]
    shared = SharedPoints(data)
    fields = shared.coordinates[:, 0]
    for number, part in enumerate(data):
        masks, mine = shared.folds(number)
        assert len({mask.tobytes() for mask in masks}) == len(masks)
        for fold, place in enumerate(mine):
            hidden = np.unique(part.coordinates[part.groups.point_fold == fold, 0])
            np.testing.assert_array_equal(masks[place], ~np.isin(fields, hidden))
        factor, shift = shared.scale(number)
        own = shared.switches[:, 0] == shared.switch(number)[0]
        np.testing.assert_allclose(factor * shared.targets[own] + shift, part.targets, atol=1e-12)
    assert len(shared.folds(0)[0]) == len(FIELDS)  # cooling was at fewer of the same fields


def test_one_name_for_all_asks_for_one_surface():
    scan = hysteretic()
    one = scan.assign_coords(branch=("point", np.full(scan.size, "")))
    stop = threading.Event()
    twin = train(one, TwinSettings(members=2, method="network"), score_baselines=False, stop=stop)
    assert (twin.branches, twin.branch) == ((), "")


def test_a_branch_of_one_sweep_has_no_surface_and_that_is_said():
    scan = branches.marked(hysteretic(cooled=(2,)))
    assert branches.names(scan) == ("warming", "cooling")
    twin = train(scan, TwinSettings(members=2), score_baselines=False)
    assert twin.branches == ("warming",)
    assert any(note.startswith("The branch 'cooling' has no surface: ") for note in twin.remarks)
    assert error(twin, None, 0) < 0.05


def test_where_no_branch_can_be_learned_the_branches_are_named():
    scan = hysteretic()
    kept = np.isin(scan["magnetic_field"].values, FIELDS[2:3])
    with pytest.raises(ScanError, match="the scan has the branches warming; cooling; of 'warming'"):
        train(scan.isel({scans.POINT: np.flatnonzero(kept)}))


def test_a_training_that_is_stopped_keeps_the_branches_it_has_learned():
    stop = threading.Event()

    def watch(progress):
        if progress.stage.startswith("cooling: "):
            stop.set()

    twin = train(hysteretic(), TwinSettings(members=2), score_baselines=False, on_progress=watch, stop=stop)
    assert twin.branches[0] == "warming"
    if twin.branches == ("warming",):
        assert any("stopped before the branch 'cooling'" in note for note in twin.remarks)
    else:
        assert twin.of("cooling").stopped
