"""The entropy change: units, analytic limits, bad input, and the published sample."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.physics.magnetocaloric import entropy_change, entropy_ensemble
from napari_scantwin.readers import read


def plane(unit, field_unit="Oe", fields=(0, 500, 1000), attrs=None):
    """M falls by one a kelvin at every field."""
    field, temperature = np.array(fields, float), np.linspace(10, 20, 11)
    values = -np.broadcast_to(temperature, (len(field), 11))
    axes = {"magnetic_field": (field, field_unit), "temperature": (temperature, "K")}
    return scans.gridded_scan(axes, values, name="magnetization", unit=unit, attrs=attrs)


@pytest.mark.parametrize(
    ("unit", "per", "sample", "expected", "shown"),
    [
        ("emu/g", "mass", Sample(), 1.0, "J/kg/K"),  # 1 emu/g = 1 A m2/kg, 1 Oe = 1e-4 T
        ("A*m**2/kg", None, Sample(), 1.0, "J/kg/K"),
        ("emu", "mass", Sample(mass="2 mg"), 1e-3 / 2e-6, "J/kg/K"),
        ("emu", None, Sample(mass=(2e-3, "g")), 1e-3 / 2e-6, "J/kg/K"),
        ("emu", None, Sample(), 1e-3, "J/K"),
        ("A*m**2", "sample", Sample(mass=2.0), 1.0, "J/K"),
        ("emu/g", "volume", Sample(density="8 g/cm^3"), 8.0, "mJ/cm**3/K"),
        ("emu/cm**3", "volume", Sample(), 1e3 * 1e-3, "mJ/cm**3/K"),
        ("emu/cm**3", "mass", Sample(density=8.0), 1e3 / 8e3, "J/kg/K"),
        ("emu/g", "mole", Sample(molar_mass="200 g/mol"), 0.2, "J/mol/K"),
        ("emu/mol", "mole", Sample(), 1e-3, "J/mol/K"),
        ("emu", "volume", Sample(volume="0.5 mm^3"), 1e-3 / 5e-10 * 1e-3, "mJ/cm**3/K"),
        ("emu", "mole", Sample(mass="2 mg", molar_mass=200.0), 1e-3 / 1e-5, "J/mol/K"),
    ],
)
def test_every_path_of_units(unit, per, sample, expected, shown):
    change = entropy_change(plane(unit), sample, per=per)
    assert scans.units.standard(shown) == change.attrs["units"]
    # One unit a kelvin over 1000 Oe: 1e-4 T an oersted.
    np.testing.assert_allclose(change.sel(magnetic_field=1000).values, -expected * 1e-4 * 1000, rtol=1e-8)


@pytest.mark.parametrize(("field_unit", "per_tesla"), [("T", 1.0), ("kOe", 10.0), ("A/m", 1e7 / (4 * np.pi))])
def test_fields_of_any_unit(field_unit, per_tesla):
    change = entropy_change(plane("emu/g", field_unit, fields=(0, 0.5 * per_tesla, per_tesla)))
    np.testing.assert_allclose(change.values[-1], -1.0, rtol=1e-8)


def test_the_file_tells_the_mass_and_celsius_is_no_matter():
    scan = plane("emu", attrs={"sample_mass": 2.0, "sample_mass_units": "mg"})
    scan = scan.assign_coords(temperature=scan["temperature"] - 273.15)
    scan["temperature"].attrs["units"] = "degC"
    change = entropy_change(scan)
    assert change.attrs["counted_per"] == "mass"
    np.testing.assert_allclose(change["temperature"].values, np.linspace(10, 20, 11))
    np.testing.assert_allclose(change.values[-1], -0.1 / 2e-3, rtol=1e-6)


@pytest.mark.parametrize(
    ("scan", "options", "words"),
    [
        (plane("emu"), {"per": "mass"}, "mass .such as 0.61 mg"),
        (plane("emu/g"), {"per": "volume"}, "density"),
        (plane("emu/g"), {"per": "mole"}, "molar mass"),
        (plane("ohm"), {}, "no magnetic moment"),
        (plane("emu", "V"), {}, "axis of magnetic field"),
        (plane("emu", fields=(1000,)), {}, "one field only"),
        (plane("emu", fields=(-1000, 1000)), {}, "both signs"),
        (plane("emu"), {"fields": [2000.0]}, "within the measured fields"),
    ],
)
def test_what_is_missing_is_said(scan, options, words):
    with pytest.raises(ScanError, match=words):
        entropy_change(scan, **options)


def test_a_sample_without_unit_is_refused():
    with pytest.raises(ScanError, match="needs a number and a unit"):
        Sample(mass="0.61")
    with pytest.raises(ScanError, match="must be positive"):
        Sample(mass="-1 mg")
    with pytest.raises(ScanError, match="cannot be converted"):
        Sample(mass="1 K")


def test_the_start_of_the_integral():
    scan = plane("emu/g", fields=(500, 1000))
    first = entropy_change(scan)
    np.testing.assert_allclose(first.values[-1], -0.05)
    assert first.attrs["integral_from"] == "the first measured field, 500 Oe"
    zero = entropy_change(scan, from_zero=True)
    assert "zero field" in zero.attrs["integral_from"]
    # From M = 0 at H = 0 the magnetization rises along a line to 500 Oe.
    np.testing.assert_allclose(zero.values, [[-0.025] * 11, [-0.075] * 11])


def test_mean_field_magnet_within_a_tenth_of_a_percent(mean_field, magnet_scan):
    kelvin = magnet_scan["temperature"].values
    exact = mean_field.entropy(kelvin, 5.0) - mean_field.entropy(kelvin, 0.0)
    along_temperature = entropy_change(magnet_scan, count=2)
    np.testing.assert_allclose(along_temperature.values[-1], exact, rtol=1e-3)
    turned = magnet_scan.transpose()
    turned.attrs["axes"] = "temperature,magnetic_field"
    along_field = entropy_change(turned, count=2)
    np.testing.assert_allclose(along_field.values[-1], exact, rtol=1e-3)


def test_second_order_on_uneven_temperatures():
    """The error falls fourfold where the uneven steps are halved."""

    def error(size):
        random = np.random.default_rng(3)
        base = np.linspace(0, 1, size)
        kelvin = 10 + 10 * np.interp(base, np.linspace(0, 1, 9), np.sort(np.r_[0, random.uniform(0, 1, 7), 1]))
        values = np.stack([0 * kelvin, np.sin(kelvin)])
        axes = {"magnetic_field": (np.array([0.0, 1.0]), "T"), "temperature": (kelvin, "K")}
        scan = scans.gridded_scan(axes, values, name="magnetization", unit="A*m**2/kg")
        return np.abs(entropy_change(scan, count=2).values[-1] - np.cos(kelvin) / 2).max()

    assert error(161) < error(81) / 3.5


def ragged(order, noise=0.0, ends=(30, 30, 30), direction=1):
    """M = H exp(-((T - 20)/5)^2) as sweeps along the last axis named in ``order``."""
    random = np.random.default_rng(0)
    field = np.linspace(0.1, 1, 3 if order[-1] == "temperature" else 30)
    if order[-1] == "temperature":
        kelvin = [np.linspace(10, end, 60)[::direction] for end in ends]
        h, t = np.repeat(field, 60), np.concatenate(kelvin)
    else:
        t, h = (axis.ravel() for axis in np.meshgrid(np.linspace(10, 30, 61), field, indexing="ij"))
    values = h * np.exp(-(((t - 20) / 5) ** 2)) + noise * random.normal(size=len(t))
    columns = {"temperature": (t, "K"), "magnetic_field": (h, "T")}
    errors = np.full(len(t), noise) if noise else None
    return scans.ragged_scan(
        {name: columns[name] for name in order}, values, name="magnetization", unit="emu/g", errors=errors
    )


@pytest.mark.parametrize("order", [("magnetic_field", "temperature"), ("temperature", "magnetic_field")])
def test_errors_cover_the_truth(order):
    change = entropy_change(ragged(order, noise=1e-3))
    kelvin = change["temperature"].values
    exact = -2 * (kelvin - 20) / 25 * np.exp(-(((kelvin - 20) / 5) ** 2)) * (1 - 0.01) / 2
    misses = (change.values[-1] - exact) / change["standard_error"].values[-1]
    assert 0.7 < np.std(misses) < 1.4


def test_only_shared_temperatures_and_descending_sweeps():
    change = entropy_change(ragged(("magnetic_field", "temperature"), ends=(30, 25, 28), direction=-1))
    assert change["temperature"].values.max() <= 25
    assert np.all(np.diff(change["temperature"].values) > 0)
    with pytest.raises(ScanError, match="reach beyond 10 to 25 K"):
        entropy_change(
            ragged(("magnetic_field", "temperature"), ends=(30, 25, 28)), temperatures=[12.0, 20.0, 23.0, 27.0]
        )


def test_a_loop_in_one_sweep_is_not_averaged():
    kelvin = np.concatenate([np.linspace(10, 30, 40), np.linspace(30, 10, 40)])
    field = np.repeat([0.1, 0.5, 1.0], 80)
    lag = np.tile(np.repeat([0.0, -2.0], 40), 3)
    t = np.tile(kelvin, 3)
    values = field * np.exp(-(((t - 20 - lag) / 5) ** 2))
    scan = scans.ragged_scan(
        {"magnetic_field": (field, "T"), "temperature": (t, "K")}, values, name="magnetization", unit="emu/g"
    )
    with pytest.raises(ScanError, match="direction='rising' or 'falling'"):
        entropy_change(scan)
    rising, falling = (entropy_change(scan, direction=one).values[-1] for one in ("rising", "falling"))
    assert abs(np.argmax(rising) - np.argmax(falling)) >= 3


class FormulaTwin:
    """Two members, one with a tenth more moment, of M = (20 - T) H (emu/g, T), that may both be off by 2 %."""

    axes = ("magnetic_field", "temperature")
    offset, spread = 0.0, 1.0

    class uncertainty:
        grid, factor = (np.linspace(0.1, 1, 5), np.linspace(10, 30, 5)), 1.0

        @staticmethod
        def model_uncertainty(points, spread):
            return spread + 0.02 * (20 - points[:, 1]) * points[:, 0]

        @staticmethod
        def shared_slope(points, axis):
            return -0.02 * points[:, 0]

    class mixture:
        @staticmethod
        def members(points, stop=None):
            value = (20 - points[:, 1]) * points[:, 0]
            return np.stack([0.95 * value, 1.05 * value]), np.array([0.5, 0.5])

        @staticmethod
        def slopes(points, axis, span, order, stop=None):
            assert (axis, order) == (1, 1)
            return np.stack([-0.95 * points[:, 0], -1.05 * points[:, 0]]), np.array([0.5, 0.5])

    def __init__(self):
        self.scan = ragged(self.axes)

    def extrapolates(self, points):
        return points[:, 1] > 30


def test_a_twin_gives_its_exact_derivative_and_its_spread():
    ensemble = entropy_ensemble(ragged(FormulaTwin.axes), twin=FormulaTwin(), temperatures=[15, 20, 31], from_zero=True)
    field = ensemble.scan["magnetic_field"].values
    np.testing.assert_allclose(ensemble.scan.values, -np.repeat(field[:, None] ** 2 / 2, 3, axis=1), rtol=1e-6)
    np.testing.assert_allclose(
        ensemble.scan["standard_error"].values, np.hypot(0.05, 0.02) * field[:, None] ** 2 / 2 + 0 * ensemble.scan
    )
    assert ensemble.scan["extrapolated"].values[0].tolist() == [False, False, True]
    assert ensemble.scan.attrs["temperatures"] == "filled by the twin"


class MovingTwin(FormulaTwin):
    """A step of 0.1 K that moves up by 9 K over the fields: a ridge of dM/dT far narrower than the fields asked for
    are apart."""

    class mixture:
        @staticmethod
        def slopes(points, axis, span, order, stop=None):
            return -1 / (0.1 * np.cosh(_from_the_step(points) / 0.1) ** 2)[None], np.ones(1)


def _from_the_step(points):
    return points[..., 1] - 12 - 10 * points[..., 0]


def test_the_integral_does_not_depend_on_the_fields_asked_for():
    kelvin = np.linspace(12, 24, 90)
    ensemble = entropy_ensemble(ragged(MovingTwin.axes), twin=MovingTwin(), temperatures=kelvin, fields=[0.6, 1.0])
    lowest = ragged(MovingTwin.axes)["magnetic_field"].values.min()
    for field, found in zip([0.6, 1.0], ensemble.scan.values, strict=True):
        high, low = (np.tanh((kelvin - 12 - 10 * h) / 0.1) for h in (field, lowest))
        np.testing.assert_allclose(found, (high - low) / 10, atol=0.02 * 2 / 10)  # 2 % of the plateau


def published(measured):
    return read(
        measured / "erco2_magnetization.csv",
        axes=["2=magnetic_field[Oe]", "1=temperature[K]"],
        value="3=moment[emu]",
    )


def test_the_published_sample(measured, only_real_files):
    """The reference, -51.94 J/kg/K at 36.70 K, is what the plain quotient of neighbours gives on these uneven steps,
    to first order; to second order it is 4 % more, and the peak stands at the same temperature."""
    scan = published(measured)
    change = entropy_change(scan, Sample(mass="0.61 mg")).sel(magnetic_field=50_000)
    lowest = int(np.argmin(change.values))
    assert change["temperature"].values[lowest] == pytest.approx(36.70, abs=0.005)
    assert change.values[lowest] == pytest.approx(-51.94, rel=0.05)
    table = scans.points(scan)
    fields = np.unique(table.coordinates[:, 0])
    slopes = []
    for field in fields:
        rows = np.flatnonzero(table.coordinates[:, 0] == field)
        rows = rows[np.argsort(table.coordinates[rows, 1])]
        kelvin, moment = table.coordinates[rows, 1], table.values[rows] / 0.61e-3
        slopes.append(np.interp(36.70, kelvin, np.gradient(moment) / np.gradient(kelvin)))
    assert np.trapezoid(slopes, fields * 1e-4) == pytest.approx(-51.94, abs=0.005)
