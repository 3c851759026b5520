"""Numbers read from many maps at once are those read one by one."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import planning
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import PeakEntropyChange, PeakPosition, TransitionTemperature


def changed(scan, count=5):
    """Maps that differ from ``scan`` by up to a hundredth of its range, some of them in a few rows only."""
    random = np.random.default_rng(3)
    values = np.asarray(scan.values, float)
    changes = 0.01 * np.ptp(values) * random.normal(size=(count, *values.shape))
    changes[0] = 0
    changes[1, : len(values) // 2] = 0
    return values + changes


@pytest.mark.parametrize(
    ("twin", "quantity"),
    [
        ("magnet", PeakEntropyChange()),
        ("magnet", PeakEntropyChange(field=20000)),
        ("hydride", TransitionTemperature(at=6100)),
        ("hydride", TransitionTemperature(at=6100, criterion=0.3)),
        ("hydride", PeakPosition(at=6100)),
        ("hydride", PeakPosition(at=5.0, axis="magnetic_field", lowest=True)),
    ],
)
def test_many_maps_are_read_as_one_is(request, twin, quantity):
    scan = request.getfixturevalue(twin).simulate()
    maps = changed(scan)
    alone = [quantity(scan.copy(data=one)) for one in maps]
    np.testing.assert_allclose(quantity.of_maps(scan, maps), alone, rtol=1e-9)
    assert len(set(alone)) > 2


def test_a_transition_lies_between_the_two_rows_about_its_place(hydride):
    """Also where the two nearest rows lie on one side of it."""
    grid = {"magnetic_field": np.array([0.0, 3000, 3500, 7000]), "temperature": np.linspace(2, 15, 200)}
    scan = hydride.simulate(grid)
    ends = [TransitionTemperature(at)(scan) for at in (3500, 7000)]
    assert TransitionTemperature(4200)(scan) == pytest.approx(ends[0] + 0.2 * (ends[1] - ends[0]), abs=0.02)  # K
    assert abs(ends[1] - ends[0]) > 0.5
    with pytest.raises(ScanError, match="outside"):
        TransitionTemperature(9500)(scan)


class Counted(TransitionTemperature):
    """A number that notes how often maps are read."""

    calls = 0

    def of_maps(self, scan, maps):
        type(self).calls += 1
        return super().of_maps(scan, maps)


@pytest.mark.slow
def test_the_maps_of_a_question_are_read_together(hydride):
    quantity = Counted(at=6100)
    Counted.calls = 0
    plan = planning.plan_sweeps(hydride, 3, of=quantity)
    assert len(plan.proposals) >= 1
    # The map itself, all gaps, then the candidates and what is left for each sweep: not gap by gap, draw by draw.
    assert Counted.calls <= 2 + 2 * 3


@pytest.mark.slow
def test_a_function_that_reads_one_map_at_a_time_serves_as_well(hydride):
    middle = TransitionTemperature(at=6100)
    together = planning.plan_sweeps(hydride, 1, of=middle)
    alone = planning.plan_sweeps(hydride, 1, of=lambda scan: middle(scan))
    assert alone.proposals[0].value == pytest.approx(together.proposals[0].value, abs=1500)
    assert alone.errors[0] == pytest.approx(together.errors[0], rel=0.8)
