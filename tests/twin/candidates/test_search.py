"""The thorough search: interrupted, resumed, continued from a file, and its storages."""

from __future__ import annotations

import threading

import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import Twin, TwinSettings, train

from ..conftest import moving_step


def settings(count: int, storage, **more) -> TwinSettings:
    return TwinSettings(members=2, trials=count, storage=str(storage), **more)


@pytest.fixture(scope="module")
def noisy():
    return moving_step(0.02).isel(point=slice(None, None, 2))


@pytest.fixture(scope="module")
def searched(noisy, tmp_path_factory):
    return train(noisy, settings(9, tmp_path_factory.mktemp("search") / "whole.journal"), score_baselines=False)


def test_a_search_lists_every_trial_with_its_error_in_the_value_s_unit(searched, noisy):
    assert [trial.number for trial in searched.trials] == list(range(9))
    assert all(0 < trial.error < float(noisy.std()) * 2 and trial.interpolator for trial in searched.trials)
    assert len({trial.settings["kind"] for trial in searched.trials}) > 1
    # The best of the search can only add to what the library's interpolators reach by their own.
    alone = train(noisy, TwinSettings(members=2), score_baselines=False)
    assert searched.score.inside[0] < 1.1 * alone.score.inside[0]


def test_an_interrupted_search_goes_on_to_the_same_twin(searched, noisy, tmp_path):
    journal, stop = tmp_path / "part.journal", threading.Event()

    def press(news):
        if len(news.trials) == 4:
            stop.set()

    part = train(noisy, settings(9, journal), score_baselines=False, on_progress=press, stop=stop)
    assert part.stopped
    assert len(part.trials) == 4
    whole = train(noisy, settings(9, journal), score_baselines=False)
    assert [trial.settings for trial in whole.trials] == [trial.settings for trial in searched.trials]
    assert whole.score.to_dict() == searched.score.to_dict()


@pytest.mark.slow
def test_a_search_goes_on_from_a_saved_twin_where_its_journal_is_lost(searched, tmp_path):
    again = Twin.load(searched.save(tmp_path / "searched.twin"))
    assert again.trials == searched.trials
    further = train(again, settings(7, tmp_path / "other.journal"), score_baselines=False)
    best = sorted(searched.trials, key=lambda trial: trial.error)[:6]
    assert [trial.settings for trial in further.trials[:6]] == [trial.settings for trial in best]
    assert len(further.trials) == 7


@pytest.mark.slow
def test_an_optuna_address_is_a_storage_too(noisy, tmp_path):
    address = f"sqlite:///{tmp_path}/search.db"
    train(noisy, settings(2, address), score_baselines=False)
    steps = []
    more = train(noisy, settings(3, address), score_baselines=False, on_progress=lambda news: steps.append(news))
    assert len(more.trials) == 3
    assert min(len(news.trials) for news in steps if news.stage == "searching") == 2


def test_a_storage_that_cannot_be_used_is_said_in_a_sentence(noisy, tmp_path):
    (tmp_path / "file").write_text("")
    for storage in ("nonsense://x", tmp_path / "file" / "below.journal"):
        with pytest.raises(ScanError, match="the storage of the search"):
            train(noisy, settings(2, storage, time_budget=0.5), score_baselines=False)
