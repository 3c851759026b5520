"""What a twin has learned: sweeps that carry it, worst and usual changes, regularisation, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import TwinSettings, analyse, train
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.patterns.understand import fragility, influence, regularisation


@pytest.fixture(scope="module")
def twin():
    """A twin of sweeps that are alike but for one, which has a bump that no other tells of."""
    field, temperature = np.linspace(0, 6, 7), np.linspace(0, 10, 41)
    values = 2 * temperature[None] + 0 * field[:, None]
    values = values + np.where(field == 3, 1.0, 0.0)[:, None] * 5 * np.exp(-((temperature - 5) ** 2) / 2)
    values = values + np.random.default_rng(0).normal(0, 0.02, values.shape)
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    scan = gridded_scan(axes, values, name="resistance", unit="ohm")
    return train(scan, TwinSettings(time_budget=4))


def test_the_sweep_with_the_bump_carries_its_place(twin):
    found = influence(twin)
    assert found.labels[int(np.argmax(found.overall))].startswith("3 ")
    here = found.carrier.sel(magnetic_field=3, temperature=5, method="nearest")
    assert float(here) == 3
    assert float(found.most.sel(magnetic_field=3, temperature=5, method="nearest")) > 1
    assert found.change.dims == ("left_out", "magnetic_field", "temperature")


def test_worst_and_usual_changes_are_those_of_the_derivatives(twin):
    found = fragility(twin, {"temperature": 0.1})
    flat = found.worst.sel(magnetic_field=0, temperature=2, method="nearest")
    assert float(flat) == pytest.approx(0.2, rel=0.1)  # 2 ohm a kelvin
    np.testing.assert_allclose(found.ratio, 1)
    both = fragility(twin, {"temperature": 0.1, "magnetic_field": 0.1})
    assert (both.worst.values >= both.usual.values - 1e-12).all()
    assert float(both.ratio.max()) <= np.sqrt(2) + 1e-9
    for wrong in ({"pressure": 1.0}, {"temperature": -1.0}, {"temperature": 0.0}):
        with pytest.raises(ScanError):
            fragility(twin, wrong)


@pytest.mark.slow
def test_choices_of_regularisation_have_both_errors(twin):
    found = regularisation(twin)
    errors = {one.words: one.held_out for one in found}
    assert len(found) == 7
    assert all(np.isfinite(one.held_out) and one.seen < one.held_out * 1.5 for one in found)
    assert errors["weight decay of 30 points"] != errors["weight decay of 0.03 points"]


def test_it_is_an_analysis_that_needs_a_twin(twin):
    found = analyse("what_it_learned", twin, question="How inputs' errors change it", fast_error="0.1 K")
    assert set(found.scans) >= {"worst change", "fragility", "sensitivity to temperature"}
    with pytest.raises(ScanError, match="train it first"):
        analyse("what_it_learned", twin.scan)
