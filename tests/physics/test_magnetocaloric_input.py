"""Awkward and bad input to every magnetocaloric function, and every path of units in SI as in cgs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.sample import Sample
from napari_scantwin.physics.arrott import arrott, arrott_lines
from napari_scantwin.physics.entropy_figures import figures, table
from napari_scantwin.physics.field_exponent import field_exponent
from napari_scantwin.physics.magnetocaloric import entropy_change, entropy_ensemble

MU0 = 4e-7 * np.pi


def bump(tesla, kelvin):
    """M = H exp(-((T - 20) / 5)^2)."""
    return tesla * np.exp(-(((kelvin - 20) / 5) ** 2))


def exact(kelvin, tesla):
    """Its entropy change from zero field."""
    return -2 * (kelvin - 20) / 25 * np.exp(-(((kelvin - 20) / 5) ** 2)) * tesla**2 / 2


def measured(
    tesla, kelvin, *, isotherms=False, unit="emu/g", field_unit="T", temperature_unit="K", values=None, attrs=None
):
    """``bump`` on a grid of sweeps along temperature, or along field."""
    slow, fast = (kelvin, tesla) if isotherms else (tesla, kelvin)
    names = ("temperature", "magnetic_field") if isotherms else ("magnetic_field", "temperature")
    s, f = (axis.ravel() for axis in np.meshgrid(slow, fast, indexing="ij"))
    h, t = (f, s) if isotherms else (s, f)
    shown = {"temperature": t - (273.15 if temperature_unit == "degC" else 0), "magnetic_field": h}
    columns = {
        "temperature": (shown["temperature"], temperature_unit),
        "magnetic_field": (shown["magnetic_field"], field_unit),
    }
    values = bump(h, t) if values is None else values
    return scans.ragged_scan({n: columns[n] for n in names}, values, name="magnetization", unit=unit, attrs=attrs)


TESLA, KELVIN = np.linspace(0, 1, 11), np.linspace(5, 35, 121)


@pytest.mark.parametrize(
    ("unit", "per", "sample", "expected", "shown"),
    [
        # The entropy change of one unit a kelvin over one tesla, in the unit it is shown in.
        ("A*m**2/kg", "mass", Sample(), 1.0, "J/kg/K"),
        ("A*m**2", "mass", Sample(mass="2e-6 kg"), 1 / 2e-6, "J/kg/K"),
        ("mA*m**2", "mass", Sample(mass=(2, "mg")), 1e-3 / 2e-6, "J/kg/K"),
        ("A/m", "volume", Sample(), 1e-3, "mJ/cm**3/K"),
        ("kA/m", "volume", Sample(), 1.0, "mJ/cm**3/K"),
        ("A*m**2/kg", "volume", Sample(density="8000 kg/m**3"), 8.0, "mJ/cm**3/K"),
        ("A/m", "mass", Sample(density="8000 kg/m**3"), 1 / 8000, "J/kg/K"),
        ("A*m**2", "volume", Sample(volume="5e-10 m**3"), 1e-3 / 5e-10, "mJ/cm**3/K"),
        ("A*m**2", "volume", Sample(mass="4 mg", density="8 g/cm**3"), 1e-3 / 5e-10, "mJ/cm**3/K"),
        ("A*m**2/mol", "mole", Sample(), 1.0, "J/mol/K"),
        ("A*m**2/kg", "mole", Sample(molar_mass="0.2 kg/mol"), 0.2, "J/mol/K"),
        ("A*m**2/mol", "mass", Sample(molar_mass="0.2 kg/mol"), 5.0, "J/kg/K"),
        ("A*m**2", "mole", Sample(mass="2 mg", molar_mass="0.2 kg/mol"), 1e5, "J/mol/K"),
        ("A/m", "mole", Sample(density="8000 kg/m**3", molar_mass="0.2 kg/mol"), 0.2 / 8000, "J/mol/K"),
        ("A*m**2", "sample", Sample(), 1.0, "J/K"),
        ("emu/mol", "volume", Sample(density=8.0, molar_mass=200.0), 1e-3 * 8e3 / 0.2 * 1e-3, "mJ/cm**3/K"),
        ("emu/cm**3", "mole", Sample(density=8.0, molar_mass=200.0), 1e3 * 0.2 / 8e3, "J/mol/K"),
    ],
)
@pytest.mark.parametrize("field", [("A/m", 1 / MU0), ("Oe", 1e4)])
def test_every_path_of_units_in_si_and_cgs_fields(unit, per, sample, expected, shown, field):
    """M falls by one unit a kelvin, the field rises to one tesla: the entropy change is the factor itself."""
    kelvin, fields = np.linspace(10, 20, 6), np.array([0, 0.5, 1]) * field[1]
    values = -np.broadcast_to(kelvin, (3, 6))
    axes = {"magnetic_field": (fields, field[0]), "temperature": (kelvin, "K")}
    change = entropy_change(scans.gridded_scan(axes, values, name="moment", unit=unit), sample, per=per, count=2)
    assert change.attrs["units"] == scans.units.standard(shown)
    np.testing.assert_allclose(change.values[-1], -expected, rtol=1e-8)


def test_without_a_mass_nothing_is_per_kilogram():
    scan = measured(TESLA, KELVIN, unit="emu")
    ensemble = entropy_ensemble(scan, count=5)
    assert ensemble.scan.attrs["units"] == "J/K"
    heads, _ = table(figures(ensemble))
    assert "peak (J/K)" in heads
    assert "RCP (J)" in heads
    for function in (entropy_change, arrott):
        with pytest.raises(ScanError, match=r"needs the sample's mass \(such as 0.61 mg\)"):
            function(scan, per="mass")
    for per in ("volume", "mole"):
        with pytest.raises(ScanError, match="needs the sample's mass"):
            entropy_change(scan, per=per)


def test_a_file_s_mass_is_kept_where_only_the_molar_mass_is_given():
    scan = measured(TESLA, KELVIN, unit="emu", attrs={"sample_mass": 2.0, "sample_mass_units": "mg"})
    molar = entropy_change(scan, Sample(molar_mass="200 g/mol"), per="mole", count=2)
    mass = entropy_change(scan, count=2)
    np.testing.assert_allclose(molar.values, 0.2 * mass.values)
    assert arrott(scan, sample=Sample(molar_mass="200 g/mol"), per="mole").attrs["counted_per"] == "mole"


def test_one_field_one_isotherm_or_one_sweep_left():
    one = measured(TESLA[-1:], KELVIN)
    with pytest.raises(ScanError, match="one field only"):
        entropy_change(one)
    with pytest.raises(ScanError, match="three readings or more"):
        arrott_lines(arrott(one))
    two = measured(TESLA[[0, -1]], KELVIN)
    masked = scans.points(two).coordinates[:, 0] == 0
    with pytest.raises(ScanError, match="one field only"):
        entropy_change(scans.with_masked(two, masked))
    with pytest.raises(ScanError, match="no sweep is selected"):
        entropy_change(scans.with_masked(two, np.ones(two.size)))
    with pytest.raises(ScanError, match="isotherms at three temperatures or more"):
        entropy_change(measured(TESLA, KELVIN[:2], isotherms=True))
    with pytest.raises(ScanError, match="three fields or more"):
        field_exponent(entropy_change(two, count=2))
    with pytest.raises(ScanError, match="fewer than five temperatures"):
        figures(entropy_ensemble(two, temperatures=[18, 20, 22], count=2))


@pytest.mark.parametrize("isotherms", [False, True])
def test_celsius_gives_the_same_as_kelvin(isotherms):
    """Also in a place asked for, which is in the scan's unit, and in an Arrott plot."""
    kelvin, celsius = (measured(TESLA, KELVIN, isotherms=isotherms, temperature_unit=unit) for unit in ("K", "degC"))
    asked = np.array([15.0, 20.0, 25.0])
    changes = [
        entropy_change(kelvin, temperatures=asked, count=2),
        entropy_change(celsius, temperatures=asked - 273.15, count=2),
    ]
    np.testing.assert_allclose(changes[1]["temperature"], asked)
    assert changes[1]["temperature"].attrs["units"] == "K"
    np.testing.assert_allclose(changes[1].values, changes[0].values, atol=1e-9)
    np.testing.assert_allclose(changes[1].values[-1], exact(asked, 1.0), atol=2e-3)
    plots = [arrott(kelvin, temperatures=asked), arrott(celsius, temperatures=asked - 273.15)]
    np.testing.assert_allclose(plots[1].values, plots[0].values, rtol=1e-6)
    np.testing.assert_allclose(plots[1]["temperature"], plots[0]["temperature"])


def test_a_place_asked_for_in_the_wrong_scale_is_refused():
    with pytest.raises(ScanError, match="share fewer than three temperatures"):
        entropy_change(measured(TESLA, KELVIN, temperature_unit="degC"), temperatures=[15.0, 20.0, 25.0])


@pytest.mark.parametrize("isotherms", [False, True])
def test_descending_axes_are_no_matter(isotherms):
    up = measured(TESLA, KELVIN, isotherms=isotherms)
    down = measured(TESLA[::-1], KELVIN[::-1], isotherms=isotherms)
    changes = [entropy_change(scan, count=2) for scan in (up, down)]
    np.testing.assert_allclose(changes[1].values, changes[0].values, atol=1e-12)
    for name in ("temperature", "magnetic_field"):
        assert np.all(np.diff(changes[1][name].values) > 0)
    n = field_exponent(changes[1]).values
    np.testing.assert_allclose(n[np.isfinite(n)], 2.0, atol=1e-6)
    plots = [arrott(scan) for scan in (up, down)]
    np.testing.assert_allclose(plots[1].values, plots[0].values, atol=1e-12)


@pytest.mark.parametrize("isotherms", [False, True])
def test_a_gridded_scan_with_both_axes_descending(isotherms):
    tesla, kelvin = TESLA[::-1], KELVIN[::-1]
    values = bump(tesla[:, None], kelvin[None])
    axes = {"magnetic_field": (tesla, "T"), "temperature": (kelvin, "K")}
    if isotherms:
        axes, values = dict(reversed(axes.items())), values.T
    change = entropy_change(scans.gridded_scan(axes, values, name="magnetization", unit="emu/g"), count=2)
    np.testing.assert_allclose(change.values[-1], exact(change["temperature"].values, 1.0), atol=3e-3)


@pytest.mark.parametrize("isotherms", [False, True])
def test_fields_of_the_other_direction_give_the_same_entropy(isotherms):
    """M and H both turned round: dS is even in the field."""
    plus, minus = (measured(sign * TESLA, KELVIN, isotherms=isotherms) for sign in (1, -1))
    wanted, found = (entropy_change(scan, count=2) for scan in (plus, minus))
    assert wanted.values.min() < -0.05
    np.testing.assert_allclose(found.values, wanted.values, atol=1e-12)
    np.testing.assert_allclose(arrott(minus).values, arrott(plus).values, atol=1e-12)


def loop(kelvin):
    """M(H) down from 1 to -1 T and up again at each temperature: a square root with a coercive field of 0.1 T."""
    down, up = np.linspace(1, -1, 41), np.linspace(-1, 1, 41)
    field = np.concatenate([down, up])
    shifted = field + np.repeat([0.1, -0.1], 41)
    t = np.repeat(kelvin, len(field))
    values = np.tile(np.sign(shifted) * np.abs(shifted) ** 0.5, len(kelvin)) * (40 - t)
    axes = {"temperature": (t, "K"), "magnetic_field": (np.tile(field, len(kelvin)), "T")}
    return scans.ragged_scan(axes, values, name="magnetization", unit="emu/g")


def test_a_hysteresis_loop_in_one_isotherm_is_never_averaged():
    scan = loop(np.linspace(10, 30, 6))
    for function in (entropy_change, arrott):
        with pytest.raises(ScanError, match="goes up and down; choose direction='rising' or 'falling'"):
            function(scan)
        with pytest.raises(ScanError, match="'rising' or 'falling', not 'both'"):
            function(scan, direction="both")
    falling, rising = (entropy_change(scan, direction=one, count=2) for one in ("falling", "rising"))
    top = np.linspace(0, 1, 20001)
    np.testing.assert_allclose(falling.values[-1], -np.trapezoid(np.sqrt(top + 0.1), top), rtol=2e-3)
    assert np.all(rising.values[-1] > falling.values[-1] + 0.1)


def test_an_arrott_plot_of_a_loop_holds_one_branch_and_positive_fields():
    scan = loop(np.linspace(10, 30, 6))
    plot = arrott(scan, direction="falling")
    one = plot[plot["temperature"].values == 10]
    moment = np.sqrt(one.values)
    tesla = one["field_over_magnetization"].values * moment
    np.testing.assert_allclose(moment, 30 * np.sqrt(tesla + 0.1), rtol=1e-9)
    assert len(tesla) == 20
    assert arrott(scan, direction="rising").size < plot.size  # below the coercive field M is still negative


def test_a_loop_of_temperature_sweeps_is_not_mixed_in_an_arrott_plot():
    kelvin = np.concatenate([KELVIN, KELVIN[::-1]])
    lag = np.tile(np.repeat([0.0, -2.0], len(KELVIN)), 3)
    h, t = np.repeat([0.2, 0.6, 1.0], len(kelvin)), np.tile(kelvin, 3)
    scan = measured(np.array([0.2, 0.6, 1.0]), kelvin, values=bump(h, t - lag))
    with pytest.raises(ScanError, match="choose direction"):
        arrott(scan, temperatures=[15.0, 20.0, 25.0])
    warming, cooling = (arrott(scan, temperatures=[15.0, 20.0, 25.0], direction=d) for d in ("rising", "falling"))
    np.testing.assert_allclose(warming.values[3:6], np.square([0.2, 0.6, 1.0]), rtol=1e-9)
    assert np.all(cooling.values[3:6] < 0.9 * warming.values[3:6])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_twin_in_celsius_and_of_negative_fields(sign):
    """Two members of M = (20 K - T) H about their mean: dS = -H^2 / 2 at every temperature, in kelvin."""

    def slopes(points, axis, span, order, stop=None):
        assert (axis, order) == (1, 1)
        return np.stack([-0.9 * points[:, 0], -1.1 * points[:, 0]]), np.array([0.5, 0.5])

    scan = measured(sign * TESLA, KELVIN, temperature_unit="degC")
    grid = (np.sort(sign * TESLA), KELVIN - 273.15)
    twin = SimpleNamespace(
        scan=scan,
        axes=scans.axes(scan),
        offset=0.0,
        spread=1.0,
        uncertainty=SimpleNamespace(grid=grid, factor=1.0, shared_slope=lambda points, axis: np.zeros(len(points))),
        mixture=SimpleNamespace(slopes=slopes),
        extrapolates=lambda points: np.zeros(len(points), bool),
    )
    change = entropy_change(scan, twin=twin)
    assert change["temperature"].values[[0, -1]] == pytest.approx([5, 35])
    assert change["temperature"].attrs["units"] == "K"
    field = change["magnetic_field"].values
    assert np.abs(field).max() == pytest.approx(1)
    np.testing.assert_allclose(change.values, np.broadcast_to(-(field[:, None] ** 2) / 2, change.shape), rtol=1e-6)
    np.testing.assert_allclose(change["standard_error"].values, 0.1 * np.abs(change.values), rtol=1e-6)
