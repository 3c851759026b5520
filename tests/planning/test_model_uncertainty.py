"""What a twin does not know, and what a further sweep would leave of it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.planning.model_uncertainty import ModelUncertainty, nearest, own_variance, shrunk


class Uncertain:
    """A twin that is as uncertain in every gap, but for one where it is five times so."""

    axes = ("magnetic_field", "temperature")

    def __init__(self, fields=(0.0, 1000.0, 2000.0, 3000.0), noise=0.2, worse=1.0):
        self.fields, self.level, self.worse = np.asarray(fields), noise, worse
        field, temperature = np.repeat(self.fields, 6), np.tile(np.linspace(2, 10, 6), len(fields))
        columns = {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")}
        self.scan = scans.ragged_scan(columns, field / 1000, name="moment", unit="emu")

    def predict(self, points):
        away = np.abs(points[:, :1] - self.fields).min(axis=1) / 500
        second = (points[:, 0] > 1000) & (points[:, 0] < 2000)
        return points[:, 0] / 1000, np.hypot(self.level, np.where(second, self.worse, 1) * 0.1 * away**1.5)


def test_the_noise_is_no_ignorance():
    twin = Uncertain(noise=5.0)
    rows = np.array([0.0, 250.0, 500.0, 1000.0, 1500.0])
    found = own_variance(twin, rows, np.linspace(2, 10, 7), twin.fields)
    np.testing.assert_allclose(found[:, 0], [0, 0.01 * 0.5**3, 0.01, 0, 0.01], atol=1e-9)


def test_the_gap_where_the_twin_is_uncertain_holds_most_and_is_measured_in_its_middle():
    # Half a gap away the deviation is 0.1; its mean square over a gap a quarter of 0.01.
    assert ModelUncertainty.of(Uncertain()).error == pytest.approx(0.05, rel=0.02)
    model_uncertainty = ModelUncertainty.of(Uncertain(worse=5.0))
    gap = np.searchsorted([1000.0, 2000.0], model_uncertainty.rows)
    parts = np.array(
        [(model_uncertainty.share * model_uncertainty.variance)[gap == number].sum() for number in range(3)]
    )
    assert parts[0] == pytest.approx(parts[2], rel=0.1)
    assert parts[1] / parts[0] == pytest.approx(25, rel=0.1)
    assert 1400 < model_uncertainty.rows[np.argmax(model_uncertainty.gains(model_uncertainty.rows))] < 1600


def test_a_sweep_shrinks_what_is_nearer_to_it_than_to_any_other():
    rows, known = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([0.0, 4.0])
    before = nearest(rows, known)
    np.testing.assert_array_equal(before, [0, 1, 2, 1, 0])
    np.testing.assert_allclose(shrunk(before, nearest(rows, np.append(known, 2.0))), [0, 1, 0, 1, 0])
    np.testing.assert_allclose(shrunk(before, nearest(rows, np.append(known, 1.5)))[1:4], [1 / 8, 1 / 64, 1])


def test_many_sweeps_are_planned_for_as_well():
    model_uncertainty = ModelUncertainty.of(Uncertain(np.linspace(0, 3000, 400)))
    assert np.isfinite(model_uncertainty.variance).all()
    assert len(model_uncertainty.known) == 400


def test_beyond_the_outermost_sweep_its_end_is_worth_most():
    model_uncertainty = ModelUncertainty.of(Uncertain(), within=(0, 6000))
    rows = model_uncertainty.rows
    assert rows[np.argmax(model_uncertainty.gains(rows))] == 6000
    np.testing.assert_allclose(nearest(np.array([3000.0, 3500.0, 4000.0]), np.array([0.0, 3000.0])), [0, 1000, 1000])
    after = model_uncertainty.measured(6000)
    beyond = rows > 3000
    assert after.variance[beyond].sum() < 0.02 * model_uncertainty.variance[beyond].sum()
