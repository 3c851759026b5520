"""Curves made in bulk are those of the plain formulas."""

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.crystal_field import conventions, ions, observables, sites
from napari_scantwin.crystal_field.in_bulk import curves_in_bulk
from napari_scantwin.crystal_field.table import directions

T, COLD = np.linspace(1, 300, 16), np.geomspace(1, 300, 3)


@pytest.mark.parametrize(("name", "group", "axes"), [("Pr3+", "Oh", ("c",)), ("Er3+", "C4v", ("a", "c"))])
@pytest.mark.parametrize("count", [8, 64])
def test_against_the_plain_formulas(name, group, axes, count):
    of, place = ions.ion(name), sites.site(group)
    sizes = np.random.default_rng(0).uniform(0.5, 50, size=(30, 1))
    values = sizes * directions(len(place.parameters), 30, 1) / conventions.walter_sizes(of, place)
    fields = np.linspace(0, 10, count)
    shares = []
    made = curves_in_bulk(of, place, values, T, fields, COLD, axes, on_progress=shares.append)
    states = observables.states_of(of, place, values)
    np.testing.assert_allclose(made["heat_capacity"], observables.heat_capacity(states.energies, T), atol=1e-6)
    for axis in axes:
        chi = observables.susceptibility(states, axis, T)
        np.testing.assert_allclose(made[f"susceptibility {axis}"], chi, rtol=1e-6)
        moment = observables.magnetization(of, place, values, axis, fields, COLD)
        off = np.abs(made[f"magnetization {axis}"] - moment) / of.saturation_moment
        assert off.max() < (1e-6 if count == 8 else 0.02)
        assert np.median(off) < 1e-4
    assert shares == [1.0]


def test_it_can_be_stopped():
    stop = threading.Event()
    stop.set()
    of, place = ions.ion("Pr3+"), sites.site("Oh")
    with pytest.raises(Cancelled):
        curves_in_bulk(of, place, np.ones((3, 2)), T, T, COLD, stop=stop)
