"""A solution's maps are ordinary scans, and agree with each other by thermodynamics."""

import threading

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.crystal_field import Nuisance
from napari_scantwin.crystal_field.given import solution_of
from napari_scantwin.crystal_field.simulate import simulated

T, H = np.linspace(4, 40, 73), np.linspace(0, 5, 26)


@pytest.fixture(scope="module")
def solution():
    return solution_of("Er3+", "D3d", {"B20": -0.32, "B40": -4.6e-3, "B43": -0.16, "B60": 3.7e-5, "B63": -8.8e-5,
                                       "B66": 3.8e-4})  # fmt: skip


def test_maps_are_scans_with_units(solution):
    for quantity, dims in {
        "magnetization": ("temperature", "magnetic_field"),
        "heat_capacity": ("magnetic_field", "temperature"),
        "entropy": ("magnetic_field", "temperature"),
        "entropy_change": ("magnetic_field", "temperature"),
    }.items():
        scan = simulated(solution, quantity, T[::9], H[::5], "a")
        assert scans.is_scan(scan)
        assert scan.dims == dims
        assert scan.attrs["units"]
        assert "Er3+" in scan.attrs["long_name"]
    emu = simulated(solution, "magnetization", [5.0], [1.0, 2.0], unit="emu/mol")
    bohr = simulated(solution, "magnetization", [5.0], [1.0, 2.0])
    np.testing.assert_allclose(emu.values / bohr.values, 5584.94, rtol=1e-5)


def test_entropy_heat_capacity_and_magnetization_agree(solution):
    """C = T dS/dT, and Maxwell's relation dS/dH = dM/dT, in J/(mol K) and per tesla."""
    entropy = simulated(solution, "entropy", T, H, "c").values
    heat = simulated(solution, "heat_capacity", T, H, "c").values
    slope = np.gradient(entropy, T, axis=1)
    np.testing.assert_allclose((T * slope)[:, 1:-1], heat[:, 1:-1], rtol=0.01)
    moment = simulated(solution, "magnetization", T, H, "c", unit="emu/mol").values * 1e-3  # J/(T mol)
    by_temperature = np.gradient(moment, T, axis=0).T
    change = np.concatenate(
        [np.zeros((1, len(T))), np.cumsum((by_temperature[1:] + by_temperature[:-1]) / 2 * np.diff(H)[:, None], axis=0)]
    )
    direct = simulated(solution, "entropy_change", T, H, "c").values
    np.testing.assert_allclose(change[:, 2:-2], direct[:, 2:-2], atol=0.02 * np.abs(direct).max())


def test_the_entropy_change_analysis_takes_the_simulated_magnetization(solution):
    from napari_scantwin.physics.magnetocaloric import entropy_change

    measured = simulated(solution, "magnetization", T, H, "a", unit="emu/mol")
    found = entropy_change(measured)
    direct = simulated(solution, "entropy_change", T, H, "a")
    field = float(found["magnetic_field"].values[-1])
    assert field == pytest.approx(5.0, rel=1e-6)
    at = found.sel(magnetic_field=found["magnetic_field"].values[-1]).interp(temperature=T[5:-5])
    np.testing.assert_allclose(at.values, direct.values[-1, 5:-5], atol=0.03 * np.abs(direct.values).max())


def test_the_molecular_field_acts_on_the_moment(solution):
    import dataclasses

    field = Nuisance("molecular field λ along c", "T/µ_B", -0.2, 0.01, 0.0, 0.1)
    with_field = dataclasses.replace(solution, nuisances=(field,))
    moment = simulated(with_field, "magnetization", [2.0, 20.0], [0.5, 3.0], "c").values
    alone = simulated(with_field, "magnetization", [2.0, 20.0], [0.5, 3.0], "c", molecular_field=False).values
    assert (moment < alone).all()
    for i, temperature in enumerate([2.0, 20.0]):
        for j, applied in enumerate([0.5, 3.0]):
            acting = simulated(solution, "magnetization", [temperature], [applied - 0.2 * moment[i, j]], "c").values
            assert acting[0, 0] == pytest.approx(moment[i, j], abs=1e-6)


def test_a_powder_lies_between_its_directions(solution):
    given = ("magnetization", [5.0], [0.02])
    a, c, powder = (simulated(solution, *given, direction).values[0, 0] for direction in ("a", "c", "powder"))
    assert powder == pytest.approx((2 * a + c) / 3, rel=2e-3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quantity": "resistance"}, "cannot be simulated"),
        ({"unit": "emu/g"}, "per mole"),
        ({"direction": "d"}, "no direction"),
        ({"temperature": [0.0, 1.0]}, "above 0 K"),
    ],
)
def test_what_makes_no_sense_is_refused(solution, change, says):
    given = {"quantity": "magnetization", "temperature": [2.0], "field": [1.0], **change}
    with pytest.raises(ScanError, match=says):
        simulated(solution, given.pop("quantity"), given.pop("temperature"), given.pop("field"), **given)


def test_it_can_be_stopped(solution):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        simulated(solution, "entropy", T, H, stop=stop)
