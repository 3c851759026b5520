"""What to measure next."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import planning
from napari_scantwin import scan as scans
from napari_scantwin.errors import ScanError
from napari_scantwin.samples import load_sample
from napari_scantwin.twin import TwinSettings, train


class GapTwin:
    """A twin as uncertain as the distance to the next sweep, and twice so above 5000 Oe."""

    axes = ("magnetic_field", "temperature")

    def __init__(self):
        field = np.repeat([0.0, 1000.0, 3000.0, 4000.0, 6000.0], 5)
        temperature = np.tile(np.linspace(2, 10, 5), 5)
        columns = {"magnetic_field": (field, "Oe"), "temperature": (temperature, "K")}
        self.scan = scans.ragged_scan(columns, field + temperature, name="moment", unit="emu")

    def predict(self, points):
        away = np.abs(points[:, :1] - np.unique(self.scan["magnetic_field"].values)).min(axis=1)
        return points[:, 0], away * np.where(points[:, 0] > 5000, 2.0, 1.0)


def test_proposals_lie_in_the_gaps_where_the_twin_is_least_certain():
    found = planning.next_sweeps(GapTwin(), 3)
    assert 5000 <= found[0].value <= 5200
    assert found[1].value == pytest.approx(2000, abs=100)
    assert 0 < found[2].value < 6000
    assert len({round(one.value, -2) for one in found}) == 3
    assert (found[0].unit, found[0].value_unit) == ("Oe", "emu")
    assert found[0].value == float(f"{found[0].value:.2g}")  # a number one would set


def test_a_gap_left_in_the_sample_is_proposed():
    scan = load_sample("palladium_hydride")
    field = scan["magnetic_field"].values
    without = scans.with_masked(scan, np.isin(field, [3500.0]))
    twin = train(without, TwinSettings(members=2, time_budget=2))
    first = planning.next_sweeps(twin, 1)[0]
    known = np.delete(np.unique(field), 4)
    assert np.abs(known - first.value).min() > 0.2 * np.diff(known).min()
    values = [one.value for one in planning.next_sweeps(twin, 3)]
    assert any(2000 < value < 5000 for value in values)  # the gap that was made is among the first


def test_one_axis_has_no_sweeps():
    scan = scans.gridded_scan({"temperature": (np.arange(9.0), "K")}, np.arange(9.0), name="moment", unit="emu")

    class Single:
        axes = ("temperature",)

    Single.scan = scan
    with pytest.raises(ScanError, match="no sweeps"):
        planning.next_sweeps(Single())
