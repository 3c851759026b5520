"""The families of KErSe2 (arXiv:2001.03175), whose bulk curves three crystal fields fit."""

import dataclasses
import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.crystal_field import sites
from napari_scantwin.crystal_field.constants import KELVIN_PER_MEV
from napari_scantwin.crystal_field.distinction import TELLING, menu, which_measurement
from napari_scantwin.crystal_field.given import solution_of

NAMES = sites.site("D3d").parameters
FAMILIES = {
    "A": (-247.8, -1.813, -113.9, 0.0143, -0.0625, 0.4825),
    "B": (-140.4, -3.897, -134.9, 0.0280, -0.138, 0.3222),
    "C": (47.9, -1.598, -79.2, -0.0627, 0.589, -0.0385),
}


@pytest.fixture(scope="module")
def families():
    found = []
    for values in FAMILIES.values():
        given = {name: value * 1e-4 * KELVIN_PER_MEV for name, value in zip(NAMES, values, strict=True)}
        found.append(dataclasses.replace(solution_of("Er3+", "D3d", given), probability=1 / 3))
    return found


@pytest.fixture(scope="module")
def ranked(families):
    shares = []
    found = which_measurement(families, on_progress=shares.append)
    assert shares[-1] == 1.0
    return found


def test_the_published_levels_of_the_families(families):
    levels = [one.levels[1:5] / KELVIN_PER_MEV for one in families]
    np.testing.assert_allclose(levels[0], [0.848, 3.359, 4.498, 5.508], rtol=0.02)
    np.testing.assert_allclose(levels[1], [0.869, 3.370, 4.916, 5.507], rtol=0.02)


def test_heat_capacity_in_a_field_along_c_decides_and_susceptibility_does_not(ranked):
    by_label = {one.label: one for one in ranked}
    assert by_label["C(T) in 9 T along c"].weakest > 30
    assert by_label["χ(T) to 300 K along c"].weakest < TELLING
    assert by_label["χ(T) to 300 K along a"].weakest < TELLING
    assert by_label["M(H) at 10 K along a"].weakest < TELLING
    order = [one.label for one in ranked]
    assert order.index("C(T) in 9 T along c") < order.index("C(T) in 9 T along a")
    assert order[0] in ("C(T) in 9 T along c", "C(T) in 5 T along c")
    for one in ranked:
        assert one.curves.shape == (3, len(one.measurement.x))
        np.testing.assert_allclose(one.apart, one.apart.T)


def test_a_free_scale_tells_nothing_apart(families):
    twice = dataclasses.replace(families[0])
    assert max(one.score for one in which_measurement([families[0], twice])) < 1e-9


def test_menus_hold_the_directions_that_differ():
    labels = {group: [one.label for one in menu(sites.site(group))] for group in ("Oh", "D4h", "D2h")}
    assert "χ(T) to 300 K" in labels["Oh"]
    assert "χ(T) to 300 K along b" not in labels["D4h"]
    assert "χ(T) to 300 K along b" in labels["D2h"]


def test_one_solution_and_a_stop(families):
    with pytest.raises(ScanError, match="nothing to tell apart"):
        which_measurement(families[:1])
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        which_measurement(families, stop=stop)
