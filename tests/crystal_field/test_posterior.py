"""The network's draws are good starts, cover the truth, and are kept."""

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.crystal_field import IonCurve, Priors, conventions, find, ions, observables, sites
from napari_scantwin.crystal_field.posterior import train_posterior

ION, SITE = ions.ion("Pr3+"), sites.site("Oh")
PRIORS = Priors(0.05, 0.1, 0, 0, 0, 0, 0)
T = np.geomspace(2, 300, 24)


def curves_of(values, rng, T=T):
    states = observables.states_of(ION, SITE, values)
    heat = observables.heat_capacity(states.energies, T)[0]
    chi = observables.susceptibility(states, "a", T)[0]
    made = []
    for kind, y in (("heat_capacity", heat), ("susceptibility", chi)):
        error = 0.02 * np.abs(y) + 0.006 * np.abs(y).max()
        made.append(IonCurve(kind, "a", T, y + error * rng.normal(size=y.shape), error))
    return made


def drawn(seed):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-0.9, 0.9)
    return conventions.from_walter(ION, SITE, rng.uniform(3, 40), [x, rng.choice([-1, 1]) * (1 - abs(x))]), rng


@pytest.fixture(scope="module")
def posterior():
    values, rng = drawn(1000)
    shares = []
    made = train_posterior(
        curves_of(values, rng), ION, SITE, priors=PRIORS, examples=2000, steps=400, on_progress=shares.append
    )
    assert shares[-1] == 1.0
    return made


def test_draws_lie_around_the_truth(posterior):
    sizes = conventions.walter_sizes(ION, SITE)
    near, inside = [], []
    for seed in range(20):
        values, rng = drawn(seed)
        samples = posterior.samples(curves_of(values, rng), 100)
        size, true = np.abs(samples * sizes).sum(axis=1), np.abs(values * sizes).sum()
        near.append(np.min(np.abs((samples - values) * sizes).sum(axis=1) / true))
        inside.append(np.mean(size < true))
    assert np.median(near) < 0.12
    assert np.mean((np.array(inside) > 0.02) & (np.array(inside) < 0.98)) >= 0.85


def test_draws_are_starts_for_the_fit(posterior):
    values, rng = drawn(5)
    curves = curves_of(values, rng)
    best = find(curves, ION, SITE, priors=PRIORS, starts=1, extra_starts=posterior.samples(curves, 8)).solutions[0]
    np.testing.assert_allclose(best.values, values, rtol=0.15, atol=0.05 * np.abs(values).max())


def test_other_places_and_missing_curves(posterior):
    values, rng = drawn(7)
    dense = curves_of(values, rng, np.geomspace(1.9, 310, 90))
    assert posterior.samples(dense, 16).shape == (16, 2)
    wide = posterior.samples(dense[1:], 200)
    assert wide.std() > 0
    bands = posterior.band(dense, 20)
    assert [len(one[0]) for one in bands] == [24, 24]
    assert (bands[0][0] <= bands[0][1]).all()
    other = IonCurve("magnetization", "a", [1.0, 2.0], [1.0, 2.0], [0.1, 0.1], temperature=2.0)
    with pytest.raises(ScanError, match="none of these curves"):
        posterior.samples([other])


def test_it_is_kept_and_a_stopped_training_is_not(posterior, monkeypatch, tmp_path):
    values, rng = drawn(1000)
    curves = curves_of(values, rng)
    told = []
    again = train_posterior(curves, ION, SITE, priors=PRIORS, examples=2000, steps=400, on_progress=told.append)
    assert told == []
    np.testing.assert_array_equal(again.samples(curves, 5), posterior.samples(curves, 5))
    monkeypatch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        train_posterior(curves, ION, SITE, priors=PRIORS, examples=500, steps=50, stop=stop)
    assert not list(tmp_path.rglob("*.npz"))


def test_levels_alone_are_refused():
    levels = IonCurve("levels", "powder", [1.0], [30.0], [1.0])
    with pytest.raises(ScanError, match="a network learns from"):
        train_posterior([levels], ION, SITE)
