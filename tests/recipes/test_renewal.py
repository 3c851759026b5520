"""A twin that keeps up with a scan that grows."""

import numpy as np
import pytest

from napari_scantwin.core import in_progress
from napari_scantwin.readers import read
from napari_scantwin.recipes.renewal import Renewal
from napari_scantwin.twin import TwinSettings, train

from ..growing import growing_mpms3

SETTINGS = TwinSettings(members=2, time_budget=2.0)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The scan of 5 sweeps, of 5 with a part of the sixth, and of 6."""
    file = growing_mpms3(tmp_path_factory.mktemp("course") / "run.dat")
    for number in range(5):
        file.add(number)
    found = [in_progress.marked(read(file.path))]
    file.add(5, 0, 0.1)
    found.append(in_progress.marked(read(file.path)))
    file.add(5, 0.1, 0.6)
    found.append(in_progress.marked(read(file.path)))
    file.add(5, 0.6, 1)
    return [*found, in_progress.marked(read(file.path))]


@pytest.fixture(scope="module")
def first(course):
    return train(course[0], SETTINGS, score_baselines=False)


def test_it_is_due_with_a_part_of_a_sweep_and_at_its_end(course, first):
    renewal = Renewal(SETTINGS, first)
    assert [renewal.due(scan) for scan in course] == [False, False, True, True]
    assert Renewal(SETTINGS).due(course[0])
    assert not Renewal(SETTINGS).due(course[0].isel(point=np.arange(101)))


def test_it_goes_on_from_what_the_twin_is_made_of(course, first):
    twin, proposals = Renewal(SETTINGS, first).train(course[3])
    assert any(note.startswith("Trained on from an earlier twin, not trying again:") for note in twin.notes)
    assert len(twin.score.sweeps) == 6
    assert proposals
    again = train(course[3], SETTINGS, begin=first, score_baselines=False)
    assert set(again.mixture.names) == set(twin.mixture.names)


def test_with_half_as_many_sweeps_more_everything_is_tried(course, first):
    renewal = Renewal(SETTINGS, first)
    renewal._tried_at = 4
    twin, _ = renewal.train(course[3])
    assert not any("earlier twin" in note for note in twin.notes)


def test_nothing_is_judged_by_a_sweep_in_progress(course, first):
    twin, _ = Renewal(SETTINGS, first).train(course[2])
    assert twin.score.sweeps[0] == "5000 Oe in progress"
    # The sweep beside it is outermost where that one has not been yet.
    assert twin.score.edge.tolist() == [True, True, False, False, False, True]
    inner = twin.score.errors[0][~twin.score.edge]
    assert twin.score.inside[0] == pytest.approx(np.sqrt(np.mean(inner**2)), rel=0.01)
