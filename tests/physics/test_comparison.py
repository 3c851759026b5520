"""Comparing two scans: known scales, offsets and differences are found within their errors, and the rest is refused."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.physics.comparison import compare
from napari_scantwin.readers import read
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.writers import write

FIELDS = np.array([0.5, 1.0, 2.0, 4.0, 6.0, 9.0])


def curve(field, kelvin):
    """A step that moves with the field."""
    return (1 + 0.1 * field) / (1 + np.exp((kelvin - 20 - 2 * field) / 1.5))


def sweeps(function=curve, *, seed=0, noise=0.01, fields=FIELDS, low=5.0, high=50.0, unit="emu", size=40, errors=None):
    """``function`` measured at jittering temperatures, one sweep a field."""
    random = np.random.default_rng(seed)
    kelvin = np.concatenate([np.sort(random.uniform(low, high, size)) for _ in fields])
    field = np.repeat(fields, size)
    values = function(field, kelvin) + noise * random.normal(size=len(field))
    axes = {"magnetic_field": (field, "T"), "temperature": (kelvin, "K")}
    return scans.ragged_scan(axes, values, name="moment", unit=unit, errors=errors)


class Exact:
    """A twin that is ``function`` itself, with ``error`` everywhere and no noise."""

    axes = ("magnetic_field", "temperature")

    def __init__(self, function=curve, error=0.003, low=5.0, high=50.0, unit="emu"):
        self.function, self.error = function, error
        self.scan = sweeps(function, noise=0.0, low=low, high=high, unit=unit)
        grid = (np.linspace(FIELDS[0], FIELDS[-1], 5), np.linspace(low, high, 5))
        self.uncertainty = SimpleNamespace(grid=grid, noise=lambda values: np.zeros(len(values)))

    def predict(self, points, stop=None):
        return self.function(points[:, 0], points[:, 1]), np.full(len(points), self.error)

    def extrapolates(self, points):
        grid = self.uncertainty.grid
        return np.any([(points[:, k] < grid[k][0]) | (points[:, k] > grid[k][-1]) for k in (0, 1)], axis=0)


@pytest.fixture(scope="module")
def trained():
    """Twins of two runs, the second with 5 % less moment."""
    settings = TwinSettings(members=2)
    before = train(sweeps(seed=1), settings, score_baselines=False)
    return before, train(sweeps(lambda h, t: 0.95 * curve(h, t), seed=2), settings, score_baselines=False)


def test_a_sample_that_lost_a_twentieth_of_its_moment(trained):
    before, after = trained
    for first, second in ((after, before), (after.scan, before), (after, before.scan)):
        found = compare(first, second, scale=True)
        assert found.scale.error < 0.01
        assert abs(found.scale.value - 0.95) < 3 * found.scale.error
        assert found.offset is None
        assert found.beyond_three < 0.02
    back = compare(before, after, scale=True).scale
    assert abs(back.value - 1 / 0.95) < 3 * back.error
    unfitted = compare(after.scan, before)
    assert unfitted.scale is None
    assert unfitted.chi_square > 1.5 * compare(after.scan, before, scale=True).chi_square


def test_two_twins_give_maps_over_the_same_grid(trained):
    before, after = trained
    found = compare(after, before)
    assert found.difference.dims == found.disagreement.dims == ("magnetic_field", "temperature")
    assert found.points == found.difference.size
    np.testing.assert_allclose(found.difference.values / found.difference["standard_error"].values, found.disagreement)
    high = found.ratio.sel(temperature=slice(5, 15))
    misses = (high.values - 0.95) / high["standard_error"].values
    assert np.mean(np.abs(misses) < 2) > 0.85
    assert found.difference.attrs["units"] == "emu"
    assert found.ratio.attrs["units"] == ""


def test_a_simulated_map_stands_for_its_twin(trained, tmp_path):
    before, after = trained
    written = write(before.simulate({"magnetic_field": np.linspace(0.5, 9, 40)}), tmp_path / "before.nc")
    found = compare(after.scan, read(written), scale=True)
    assert abs(found.scale.value - 0.95) < 3 * found.scale.error


def test_the_scale_s_error_is_the_scatter_of_repeated_measurements():
    """Sixty measurements of 0.95 M + 0.02 against the exact M scatter as the stated errors say."""
    twin, known = Exact(error=0.0), np.full(240, 0.01)
    runs = [sweeps(lambda h, t: 0.95 * curve(h, t) + 0.02, seed=k, errors=known) for k in range(60)]
    fits = [compare(run, twin, scale=True, offset=True) for run in runs]
    for name, true in (("scale", 0.95), ("offset", 0.02)):
        numbers = [getattr(one, name) for one in fits]
        misses = np.array([(one.value - true) / one.error for one in numbers])
        assert abs(misses.mean()) < 0.4
        assert 0.6 < misses.std() < 1.3
    assert np.mean([one.chi_square for one in fits]) == pytest.approx(1, abs=0.1)
    assert np.mean([one.beyond_two for one in fits]) == pytest.approx(0.046, abs=0.015)


def test_the_second_scan_s_noise_does_not_flatten_the_scale():
    """Half a unit of noise on values of standard deviation 1: plain least squares would give 0.8."""
    random = np.random.default_rng(4)
    field, kelvin = np.repeat(FIELDS, 400), np.tile(np.linspace(5, 50, 400), len(FIELDS))
    axes = {"magnetic_field": (field, "T"), "temperature": (kelvin, "K")}
    truth = np.sqrt(2) * np.sin(kelvin)
    noisy = [
        scans.ragged_scan(
            axes, truth + 0.5 * random.normal(size=2400), name="moment", unit="emu", errors=np.full(2400, 0.5)
        )
        for _ in range(2)
    ]
    found = compare(*noisy, scale=True)
    assert abs(found.scale.value - 1) < 3 * found.scale.error
    assert found.scale.error < 0.03


def test_where_they_disagree_is_found():
    def bumped(field, kelvin):
        return curve(field, kelvin) + 0.2 * np.exp(-(((kelvin - 40) / 2) ** 2) - ((field - 4) / 1.5) ** 2)

    found = compare(sweeps(bumped, seed=3, errors=np.full(240, 0.01)), Exact(), scale=True, offset=True)
    worst = found.disagreement.isel(point=int(np.abs(found.disagreement).argmax()))
    assert float(worst["temperature"]) == pytest.approx(40, abs=2)
    assert float(worst["magnetic_field"]) == 4
    assert float(worst) > 10
    assert 0.01 < found.beyond_three < 0.2
    away = found.disagreement[np.abs(found.disagreement["temperature"].values - 40) > 8]
    assert np.mean(np.abs(away) > 3) < 0.03
    assert "% by more than three after scale" in found.verdict


def test_units_and_the_order_of_axes_are_no_matter():
    twin = Exact()
    scan = sweeps(seed=5, noise=0.0, errors=np.full(240, 0.01))
    field, kelvin = scan["magnetic_field"].values, scan["temperature"].values
    axes = {"temperature": (kelvin - 273.15, "degC"), "magnetic_field": (field * 1e4, "Oe")}
    other = scans.ragged_scan(axes, scan.values * 1e-3, name="moment", unit="A*m**2", errors=np.full(240, 1e-5))
    found = compare(other, twin)
    assert scans.axes(found.difference) == ("temperature", "magnetic_field")
    assert found.difference.attrs["units"] == "A*m**2"
    np.testing.assert_allclose(found.difference.values, 0, atol=1e-12)
    np.testing.assert_allclose(found.difference["standard_error"], np.hypot(1e-5, 0.003e-3))
    turned = compare(twin, other)
    assert turned.difference.attrs["units"] == "emu"
    np.testing.assert_allclose(turned.difference.values, 0, atol=1e-9)


def test_temperatures_as_values_are_compared_in_kelvin():
    def boundary(unit, shift, at):
        axes = {"magnetic_field": (at, "T")}
        return scans.gridded_scan(
            axes, 10 - at + shift, name="transition", unit=unit, errors=np.full(len(at), 0.1), attrs={"kind": "derived"}
        )

    found = compare(boundary("degC", -273.15 + 0.5, np.linspace(0, 5, 11)), boundary("K", 0, np.linspace(0, 5, 26)))
    assert found.difference.attrs["units"] == "K"
    np.testing.assert_allclose(found.difference.values, 0.5)
    np.testing.assert_allclose(found.difference["standard_error"].values, 0.1 * np.sqrt(2), rtol=1e-6)


def test_only_the_common_range_and_what_was_left_out_is_said():
    short = Exact(high=30.0)
    found = compare(sweeps(seed=6), short)
    inside = int((sweeps(seed=6)["temperature"] <= 30).sum())
    assert found.points == found.difference.size == inside
    assert f"compared at {inside} of the first scan's 240 points" in found.notes[0]
    assert "temperature 5 to 30 K" in found.notes[0]
    maps = compare(short, Exact(low=10.0))
    assert maps.difference["temperature"].values[[0, -1]].tolist() == [10, 30]
    assert any("temperature 30 to 50 K of the second scan" in note for note in maps.notes)
    assert any("temperature 5 to 10 K of the first scan" in note for note in maps.notes)
    assert maps.notes[0] in maps.difference.attrs["notes"]
    wide = compare(short, Exact(low=10.0), extrapolate=True)
    assert wide.difference["temperature"].values[[0, -1]].tolist() == [5, 50]
    assert wide.difference["extrapolated"].values.mean() == pytest.approx(25 / 45, abs=0.01)
    assert any("are extrapolated" in note for note in wide.notes)
    kept = compare(sweeps(seed=6), short, extrapolate=True)
    assert kept.points == 240
    assert int(kept.difference["extrapolated"].sum()) == 240 - inside


def test_a_gridded_measurement_keeps_its_shape_descending_axes_and_blanks():
    fields, kelvin = FIELDS[::-1], np.linspace(50, 5, 30)
    values = curve(fields[:, None], kelvin[None])
    values[0, 0] = np.nan
    masked = np.zeros(values.shape, bool)
    masked[1] = True
    axes = {"magnetic_field": (fields, "T"), "temperature": (kelvin, "K")}
    scan = scans.gridded_scan(
        axes, values, name="moment", unit="emu", errors=np.full(values.shape, 0.01), masked=masked
    )
    found = compare(scan, Exact())
    assert found.difference.shape == scan.shape
    np.testing.assert_array_equal(found.difference["temperature"], kelvin)
    blank = np.isnan(found.difference.values)
    np.testing.assert_array_equal(blank, masked | np.isnan(values))
    np.testing.assert_allclose(found.difference.values[~blank], 0, atol=1e-12)
    assert "30 masked points of the first scan take no part" in found.notes


def test_a_map_is_read_between_its_points_and_blank_beside_holes():
    def plane(fields, kelvin, errors=True):
        values = fields[:, None] + 2 * kelvin[None]
        axes = {"magnetic_field": (fields, "T"), "temperature": (kelvin, "K")}
        return scans.gridded_scan(
            axes,
            values,
            name="moment",
            unit="emu",
            errors=np.full(values.shape, 0.1) if errors else None,
            extrapolated=np.broadcast_to(kelvin > 8, values.shape),
            attrs={"kind": "simulated"},
        )

    coarse = plane(np.linspace(5, 0, 6), np.linspace(0, 10, 11), errors=False)
    fine = plane(np.linspace(0, 5, 41), np.linspace(0, 10, 101))
    found = compare(fine, coarse)
    assert found.difference.shape == fine.shape
    good = np.isfinite(found.difference.values)
    np.testing.assert_allclose(found.difference.values[good], 0, atol=1e-12)
    assert found.difference["temperature"].values[good.any(axis=0)].max() == pytest.approx(8)
    assert "the second scan carries no errors, so that only the other's count" in found.notes


def test_the_ratio_is_blank_where_the_second_is_not_told_from_zero():
    found = compare(Exact(lambda h, t: 0 * t + 1), Exact(error=0.05))
    tail = found.ratio.sel(temperature=slice(45, 50), magnetic_field=slice(0, 4))
    assert np.isnan(tail.values).all()
    assert np.isfinite(found.difference.values).all()
    assert any(note.startswith("the ratio is left blank at") for note in found.notes)


def test_a_loop_folded_into_one_sweep_keeps_both_branches():
    """Warming agrees with the twin, cooling lags by 3 K: the cooling points disagree, none is averaged away."""
    kelvin = np.concatenate([np.linspace(5, 50, 46), np.linspace(50, 5, 46)])
    lag = np.repeat([0.0, 3.0], 46)
    field, t = np.repeat(FIELDS, 92), np.tile(kelvin, len(FIELDS))
    values = curve(field, t + np.tile(lag, len(FIELDS)))
    axes = {"magnetic_field": (field, "T"), "temperature": (t, "K")}
    loop = scans.ragged_scan(axes, values, name="moment", unit="emu", errors=np.full(len(t), 0.01))
    found = compare(loop, Exact())
    cooling = np.tile(lag > 0, len(FIELDS))
    assert found.points == len(t)
    np.testing.assert_allclose(found.disagreement.values[~cooling], 0, atol=1e-9)
    assert np.abs(found.disagreement.values[cooling]).max() > 10
    with pytest.raises(ScanError, match="more than once"):
        compare(loop, loop)


def test_two_measurements_at_the_same_places_need_no_twin():
    one, other = sweeps(seed=7), sweeps(seed=7)
    other = other.copy(data=other.values + 0.5)
    found = compare(other, one, offset=True)
    assert found.offset.value == pytest.approx(0.5)
    np.testing.assert_allclose(found.difference.values, 0, atol=1e-9)


def test_a_grid_of_one_s_own_and_files_of_it(tmp_path):
    found = compare(
        Exact(), Exact(), grid={"temperature": np.arange(10.0, 20.0), "magnetic_field": [2.0, 4.0]}, scale=True
    )
    assert found.disagreement.shape == (2, 10)
    for suffix in (".csv", ".nc"):
        write(found.disagreement, tmp_path / f"map{suffix}")
    again = read(tmp_path / "map.nc")
    np.testing.assert_allclose(again.values, found.disagreement.values)
    assert again.attrs["scale"] == pytest.approx(1.0)


def test_the_published_sample_with_a_twentieth_taken_off(measured):
    scan = read(
        measured / "erco2_magnetization.csv",
        axes=["2=magnetic_field[Oe]", "1=temperature[K]"],
        value="3=moment[emu]",
    )
    twin = train(scan, TwinSettings(members=2), score_baselines=False)
    lost = scan.copy(data=0.95 * scan.values)
    found = compare(lost, twin, scale=True)
    assert found.points == scan.size
    assert abs(found.scale.value - 0.95) < 3 * found.scale.error
    assert found.scale.error < 0.02


@pytest.mark.parametrize(
    ("first", "second", "options", "words"),
    [
        (sweeps(unit="emu/g"), Exact(), {}, "the values are in emu/g in the first scan and in emu in the second"),
        (sweeps(unit="ohm"), Exact(), {"scale": True}, "measure different things"),
        (sweeps().rename(temperature="pressure").assign_attrs(axes="magnetic_field,pressure"), Exact(), {}, "rename"),
        (sweeps(low=60, high=90), Exact(), {}, "share no measured place .*temperature 60.*5 to 50 K"),
        (Exact(low=60, high=90), Exact(), {}, "no range of temperature: 60 to 90 K in the first, 5 to 50 K"),
        (sweeps(seed=1), sweeps(seed=2), {}, "train a twin of one of them"),
        (sweeps(), Exact(), {"grid": {"temperature": [10.0, 20.0]}}, "hand over its twin"),
        (Exact(), Exact(), {"grid": {"angle": [10.0]}}, "no axis 'angle'"),
        (3.0, Exact(), {}, "neither a scan nor a twin"),
        (scans.with_masked(sweeps(), np.ones(240)), Exact(), {}, "no point of the first scan is selected"),
        (sweeps(), Exact(lambda h, t: 0 * t), {"scale": True}, "no scale can be fitted"),
        (sweeps(), Exact(lambda h, t: 0 * t + 1), {"scale": True, "offset": True}, "cannot be told apart"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_sentence(first, second, options, words):
    with pytest.raises(ScanError, match=words) as caught:
        compare(first, second, **options)
    assert "\n" not in str(caught.value)


def test_a_comparison_can_be_stopped_and_tells_its_progress():
    heard, stop = [], threading.Event()
    compare(Exact(), Exact(), on_progress=heard.append)
    assert heard[-1] == 1
    stop.set()
    with pytest.raises(Cancelled):
        compare(Exact(), Exact(), stop=stop)
