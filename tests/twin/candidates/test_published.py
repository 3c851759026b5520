"""The published search: a network found by trials, held-out sweeps unseen, and a twin that is saved and opened."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.twin.candidates import published
from napari_scantwin.twin.candidates.library import candidates
from napari_scantwin.twin.candidates.published import PublishedSearch
from napari_scantwin.twin.data import prepare

from ..conftest import FIELDS, truth


@pytest.fixture
def short(monkeypatch):
    """Three trials of few epochs, as the real ones take minutes."""
    space = {**published.SPACE, "nodes": (16, 32), "layers": (2, 2), "batch": (32,), "epochs": 60, "check": 20}
    monkeypatch.setattr(published, "SPACE", space)
    monkeypatch.setattr(PublishedSearch, "candidates", classmethod(lambda cls, points, budget: [cls(3)]))


@pytest.mark.usefixtures("short")
def test_it_makes_a_twin_of_one_network_that_is_saved(scan, tmp_path):
    twin = train(scan, TwinSettings(method="published"), score_baselines=False)
    assert twin.mixture.composition == {"neural network": 1.0}
    assert twin.score.methods == ("twin", "network")
    field, kelvin = scan["magnetic_field"].values, scan["temperature"].values
    places = np.stack([field, kelvin], axis=1)
    wrong = twin.predict(places)[0] - truth(field, kelvin)
    assert np.sqrt(np.mean(wrong**2)) < 0.5 * np.std(scan.values)
    again = Twin.load(twin.save(tmp_path / "published.twin"))
    np.testing.assert_array_equal(again.predict(places)[0], twin.predict(places)[0])
    assert again.settings.method == "published"


@pytest.mark.usefixtures("short")
def test_a_fold_sees_nothing_of_its_sweep(scan):
    data = prepare(scan, 8)
    spoiled = prepare(scan, 8)
    spoiled = type(data)(**{**vars(data), "targets": np.where(data.group == 3, 9.0, data.targets), "_known": {}})
    chosen = {"layers": 2, "nodes": 16, "rate": 1e-2, "batch": 32}
    kept = np.arange(len(FIELDS)) != 3
    one, other = (PublishedSearch(3)._trained(each, chosen, [kept], 0, None)[0] for each in (data, spoiled))
    places = np.random.default_rng(0).uniform([0, 6], [9, 49], (50, 2))
    np.testing.assert_array_equal(one.outputs(places), other.outputs(places))


@pytest.mark.usefixtures("short")
def test_a_stop_ends_it_before_anything_was_learned(scan):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        train(scan, TwinSettings(method="published"), stop=stop, score_baselines=False)


def test_a_method_chooses_what_is_tried(scan):
    data, budget = prepare(scan, 8), TwinSettings().training_budget
    kinds = {
        method: {type(one).__name__ for one in candidates(data, budget, method)}
        for method in ("best", "network", "published")
    }
    assert kinds["network"] == {"MovingNetwork"}
    assert kinds["published"] == {"PublishedSearch"}
    assert kinds["best"] == {"Polynomial", "AlignedInterpolation", "GaussianProcess", "MovingNetwork"}
    with pytest.raises(ScanError, match="the method 'other' is not one of best, network, published"):
        TwinSettings(method="other")


def test_the_network_alone_makes_a_twin(scan):
    twin = train(scan, TwinSettings(method="network", members=2), score_baselines=False)
    assert twin.mixture.composition == {"neural network": 1.0}
    assert twin.mixture.in_words == "Made of 100 % neural network."
