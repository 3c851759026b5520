"""A scan as observations and channels: which axes, what is left out and told, the noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import gridded_scan, with_masked
from napari_scantwin.patterns.matrix import observation_table, proposed_places

from .mixtures import mixture


def scan_of(*axes):
    sizes = {name: (np.arange(3.0 + k), unit) for k, (name, unit) in enumerate(axes)}
    shape = [len(values) for values, _ in sizes.values()]
    return gridded_scan(sizes, np.random.default_rng(0).random(shape), name="intensity", unit="count")


@pytest.mark.parametrize(
    ("axes", "places"),
    [
        ((("y", "um"), ("x", "um"), ("energy", "eV")), ("y", "x")),
        ((("y", "1"), ("x", "1"), ("energy", "eV"), ("angle", "deg")), ("y", "x")),
        ((("temperature", "K"), ("angle", "deg"), ("energy", "eV")), ("temperature",)),
        ((("photon_energy", "eV"), ("angle", "deg"), ("energy", "eV")), ("photon_energy",)),
        ((("magnetic_field", "T"), ("temperature", "K")), ("magnetic_field",)),
        ((("angle", "deg"), ("energy", "eV")), ("angle",)),
        ((("energy", "eV"), ("y", "um"), ("x", "um")), ("y", "x")),
        ((("x", "um"), ("wavelength", "nm")), ("x",)),
    ],
)
def test_places_are_proposed_by_what_the_axes_measure(axes, places):
    assert proposed_places(scan_of(*axes)) == places


@given(gain=st.floats(0.01, 1000), counts=st.sampled_from([2, 10, 100]))
@how(max_examples=8, deadline=None)
def test_the_gain_is_told_from_neighbours(gain, counts):
    scan, _, _ = mixture(counts, gain=gain, seed=3)
    assert observation_table(scan).gain == pytest.approx(gain, rel=0.12)


def test_a_noise_that_is_the_same_everywhere_asks_for_the_gain():
    scan = scan_of(("y", "um"), ("x", "um"), ("energy", "eV"))
    values = np.random.default_rng(1).normal(10 - 8 * np.arange(40)[:, None, None] / 40, 1.0, (40, 30, 20))
    falling = np.random.default_rng(2).normal(size=values.shape) * np.sqrt(values.max() - values + 1)
    axes = {
        name: (np.arange(size), scan[name].attrs["units"]) for name, size in zip(scan.dims, values.shape, strict=True)
    }
    scan = gridded_scan(axes, values + falling, name="intensity", unit="count")
    with pytest.raises(ScanError, match="noise cannot be told from structure along y, x; give the gain"):
        observation_table(scan)
    table = observation_table(scan, gain=0)
    assert table.gain == 0
    assert table.offset == pytest.approx(float(np.median((values.max() - values + 1) + 1)), rel=0.3)


def test_what_is_left_out_is_counted():
    scan, _, _ = mixture(20, shape=(12, 10), channels=30)
    values = scan.values.copy()
    values[3, 4, 5] = np.nan
    values[7, 7] = 0
    values[..., 9] = 4
    masked = np.zeros(values.shape, bool)
    masked[0, 0, 0] = True
    table = observation_table(with_masked(scan.copy(data=values), masked), gain=1)
    assert table.shape == (117, 29)
    assert "2 places with masked values or values that are not numbers left out" in table.notes
    assert "1 place without any intensity left out" in table.notes
    assert any(one.startswith("1 channels that are the same everywhere left out (energy ") for one in table.notes)
    assert not table.used[3, 4]
    assert not table.used[7, 7]
    assert not table.used[0, 0]


def test_a_channel_that_is_mostly_missing_is_left_out_instead_of_the_places():
    scan, _, _ = mixture(20, shape=(12, 10), channels=30)
    values = scan.values.copy()
    values[:, 1:, 3] = np.nan
    assert observation_table(scan.copy(data=values), gain=1).shape == (120, 29)


def test_few_places_for_many_channels_are_told():
    scan, _, _ = mixture(50, shape=(5, 4), channels=95)
    assert any("20 places are few for 95 channels" in one for one in observation_table(scan, gain=1).notes)


@pytest.mark.parametrize("over", [("q",), ("y", "x", "energy"), ("y", "y"), ()])
def test_axes_that_cannot_be_places_are_refused(over):
    scan, _, _ = mixture(5, shape=(6, 5), channels=10)
    with pytest.raises(ScanError, match="places are some of the axes y, x, energy"):
        observation_table(scan, over)


def test_maps_and_spectra_are_scans_on_the_stack_s_axes():
    scan, _, _ = mixture(20, shape=(12, 10), channels=30)
    table = observation_table(scan, gain=1)
    maps = table.as_maps(np.ones((2, 120)), name="share", unit="dimensionless", long_name="share")
    spectra = table.as_spectra(np.ones((2, 30)), name="spectrum", unit="dimensionless", long_name="spectrum")
    assert maps.dims == ("component", "y", "x")
    assert spectra.dims == ("component", "energy")
    assert maps["x"].attrs["units"] == scan["x"].attrs["units"]
    np.testing.assert_array_equal(spectra["energy"], scan["energy"])
    np.testing.assert_array_equal(table.as_scan(table.rows()), scan)
