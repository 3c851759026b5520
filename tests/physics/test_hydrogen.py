"""H/Pd from the relative resistance: planted contents, double-valued curves, errors, what lies outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.calibration import Calibration, read_calibration
from napari_scantwin.physics.hydrogen import hydrogen_content, relative_resistance

SOURCE = "made for this test"
TOP = 0.7


def relative_of(content):
    """A curve that rises to 1.8 at H/Pd = 0.7 and falls beyond it."""
    return 1.8 - 0.8 * ((np.asarray(content) - TOP) / TOP) ** 2


@pytest.fixture
def calibration():
    content = np.linspace(0, 1, 201)
    return Calibration(content, relative_of(content), SOURCE)


def loading_of(content, resistance_unit="mohm", unloaded=20.0, noise=0.0, seed=0):
    """The resistance while the sample is loaded at one temperature, against time."""
    content = np.asarray(content, float)
    random = np.random.default_rng(seed)
    value = unloaded * (relative_of(content) + noise * random.normal(size=content.size))
    return scans.ragged_scan(
        {"temperature": (np.full(content.size, 300.0), "K"), "loading_time": (np.arange(content.size) / 10.0, "h")},
        value,
        name="resistance",
        unit=resistance_unit,
        errors=np.full(content.size, max(unloaded * noise, 1e-6)),
    )


def test_planted_contents_come_back_on_either_side(calibration):
    low, high = np.linspace(0, 0.69, 60), np.linspace(0.71, 0.99, 60)
    rising = hydrogen_content(loading_of(low), calibration, unloaded="20 mohm", branch="rising")
    falling = hydrogen_content(loading_of(high), calibration, unloaded=(0.02, "ohm"), branch="falling")
    np.testing.assert_allclose(rising.values, low, atol=2e-3)
    np.testing.assert_allclose(falling.values, high, atol=2e-3)
    assert rising.attrs["calibration"] == SOURCE
    assert (rising.attrs["units"], rising.name) == ("", "hydrogen_content")
    assert "note" not in rising.attrs


def test_two_contents_are_never_resolved_silently(calibration):
    with pytest.raises(ScanError, match=r"30 of 30 readings .* more than one hydrogen content on the curve of made"):
        hydrogen_content(loading_of(np.linspace(0.5, 0.9, 30)), calibration, unloaded="20 mohm")
    with pytest.raises(ScanError, match="branch='rising' or 'falling'"):
        hydrogen_content(loading_of([0.1, 0.6]), calibration, unloaded="20 mohm")


def test_what_is_unambiguous_needs_no_branch(calibration):
    """R/R0 below that of H/Pd = 1 lies on the rising side only."""
    content = np.linspace(0, 0.35, 20)
    found = hydrogen_content(loading_of(content), calibration, unloaded="20 mohm")
    np.testing.assert_allclose(found.values, content, atol=2e-3)


def test_a_branch_for_each_reading(calibration):
    content = np.array([0.3, 0.6, 0.8, 0.95])
    found = hydrogen_content(
        loading_of(content), calibration, unloaded="20 mohm", branch=["rising", "rising", "falling", "falling"]
    )
    np.testing.assert_allclose(found.values, content, atol=2e-3)
    assert found.attrs["branch"] == "given for each reading"


def test_outside_the_curve_is_nan_and_said(calibration):
    scan = loading_of([0.2, 0.3])
    scan.values[0], scan.values[1] = 0.9 * 20, 1.85 * 20
    found = hydrogen_content(scan, calibration, unloaded="20 mohm", branch="rising")
    assert np.isnan(found.values).all()
    assert np.isnan(found["standard_error"].values).all()
    assert found["outside"].values.all()
    assert "2 of 2 readings (R/R0 from 0.9 to 1.85) lie outside the rising branch" in found.attrs["note"]
    assert "which holds R/R0 from 1 to 1.8" in found.attrs["note"]


def test_errors_cover_the_truth(calibration):
    content = np.linspace(0.05, 0.6, 400)
    found = hydrogen_content(loading_of(content, noise=0.005), calibration, unloaded="20 mohm", branch="rising")
    miss = (found.values - content) / found["standard_error"].values
    miss = miss[np.isfinite(miss)]
    assert 0.8 < np.sqrt(np.mean(miss**2)) < 1.2


def test_the_error_of_the_unloaded_resistance_and_of_the_curve_count(calibration):
    scan = loading_of([0.35])
    slope = 1.6 / TOP * (1 - 0.35 / TOP)  # d(R/R0)/d(H/Pd)
    from_r0 = hydrogen_content(scan, calibration, unloaded="20 ± 0.2 mohm", branch="rising")
    assert from_r0["standard_error"].values[0] == pytest.approx(0.01 * relative_of(0.35) / slope, rel=0.05)
    rough = Calibration(calibration.content, calibration.relative, SOURCE, errors=0.01)
    from_curve = hydrogen_content(scan, rough, unloaded="20 mohm", branch="rising")
    assert from_curve["standard_error"].values[0] == pytest.approx(0.01 / slope, rel=0.05)


def test_the_error_stays_honest_at_the_maximum(calibration):
    """The slope vanishes there; the content is known to sqrt(error) and not better."""
    scan = loading_of([0.699])
    scan["standard_error"].values[:] = 20 * 1e-3
    found = hydrogen_content(scan, calibration, unloaded="20 mohm", branch="rising")
    assert found["standard_error"].values[0] == pytest.approx(TOP * np.sqrt(1e-3 / 0.8), rel=0.2)


def test_the_unloaded_sample_measured_against_temperature(calibration):
    kelvin = np.linspace(280, 320, 9)
    bare = scans.gridded_scan(
        {"temperature": (kelvin - 273.15, "degC")}, 0.02 * (1 + 0.004 * (kelvin - 300)), name="resistance", unit="ohm"
    )
    places = np.array([290.0, 310.0, 330.0])
    values = 20 * (1 + 0.004 * (places - 300)) * relative_of(0.3)
    scan = scans.gridded_scan(
        {"loading_time": (np.array([0.0, 1.0]), "h"), "temperature": (places, "K")},
        np.stack([values, values]),
        name="resistance",
        unit="mohm",
        errors=np.full((2, 3), 1e-3),
    )
    found = hydrogen_content(scan, calibration, unloaded=bare, branch="rising")
    np.testing.assert_allclose(found.values[:, :2], 0.3, atol=2e-3)
    assert np.isnan(found.values[:, 2]).all()  # 330 K was not measured unloaded
    assert found.dims == scan.dims


def test_a_ratio_needs_no_unloaded_resistance(calibration):
    scan = loading_of([0.1, 0.2, 0.3], unloaded=1.0, resistance_unit="dimensionless")
    np.testing.assert_allclose(hydrogen_content(scan, calibration).values, [0.1, 0.2, 0.3], atol=2e-3)
    percent = loading_of([0.1], unloaded=100.0, resistance_unit="percent")
    assert relative_resistance(percent, None).values[0] == pytest.approx(relative_of(0.1))


def test_a_curve_of_several_turns_names_its_branches():
    """As silver-palladium's: a maximum, then a minimum."""
    curve = Calibration([0, 0.3, 0.5, 0.8], [1.0, 1.5, 1.2, 1.6], SOURCE)
    assert [piece.name for piece in curve.pieces()] == ["rising 1", "falling", "rising 2"]
    scan = loading_of([0.0], unloaded=1.0, resistance_unit="dimensionless").copy(data=[1.4])
    assert hydrogen_content(scan, curve, branch="rising 2").values[0] == pytest.approx(0.65)
    with pytest.raises(ScanError, match="has the branches rising 1, falling, rising 2, not 'rising'"):
        hydrogen_content(scan, curve, branch="rising")


def test_scatter_of_the_curve_within_its_errors_is_no_branch():
    relative = np.array([1.0, 1.2, 1.19, 1.4, 1.39, 1.6])
    content = np.linspace(0, 0.5, 6)
    assert len(Calibration(content, relative, SOURCE, errors=0.02).pieces()) == 1
    assert len(Calibration(content, relative, SOURCE).pieces()) == 5  # nothing says that it is scatter


@pytest.mark.parametrize(
    ("content", "relative", "source", "words"),
    [
        ([0, 1], [1, 2], " ", "needs its source"),
        ([0, 1, 2], [1, 2], SOURCE, "equal length"),
        ([0, np.nan], [1, 2], SOURCE, "not finite"),
        ([0, 1], [0, 2], SOURCE, "must be positive"),
        ([0.5, 0.5], [1, 2], SOURCE, "two values of R/R0 at the hydrogen content 0.5"),
    ],
)
def test_bad_curves_are_named(content, relative, source, words):
    with pytest.raises(ScanError, match=words):
        Calibration(content, relative, source)


def test_bad_resistances_are_named(calibration):
    with pytest.raises(ScanError, match="give that of the unloaded sample"):
        hydrogen_content(loading_of([0.1]), calibration)
    with pytest.raises(ScanError, match="needs a number and a unit"):
        hydrogen_content(loading_of([0.1]), calibration, unloaded="20")
    with pytest.raises(ScanError, match="cannot be converted"):
        hydrogen_content(loading_of([0.1]), calibration, unloaded="20 K")
    with pytest.raises(ScanError, match="must be positive"):
        hydrogen_content(loading_of([0.1]), calibration, unloaded="-20 mohm")
    with pytest.raises(ScanError, match="does not change beyond its errors"):
        hydrogen_content(loading_of([0.1]), Calibration([0, 1], [1, 1], SOURCE), unloaded="20 mohm")
    bare = loading_of([0.0, 0.0]).drop_vars("temperature").assign_attrs(axes="loading_time")
    with pytest.raises(ScanError, match="no loading time in common"):
        hydrogen_content(
            loading_of([0.1]).assign_coords(loading_time=("point", [9.0], {"units": "h"})), calibration, unloaded=bare
        )


def test_a_curve_from_a_file(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("R/R0;H/Pd (%)\n1,0;0\n1,4;30\n1,8;70\n", encoding="utf-8")
    curve = read_calibration(path, source=SOURCE)
    np.testing.assert_allclose(curve.content, [0, 0.3, 0.7])
    np.testing.assert_allclose(curve.relative, [1, 1.4, 1.8])
    path.write_text("x,y,dy\n0,1,0.01\n0.5,1.5,0.02\n", encoding="utf-8")
    named = read_calibration(path, source=SOURCE, content="x", relative=2, errors="dy")
    assert named.errors.tolist() == [0.01, 0.02]
    with pytest.raises(ScanError, match="do not say which is H/Pd and which R/R0"):
        read_calibration(path, source=SOURCE)
    with pytest.raises(ScanError, match="there is no column 'z'"):
        read_calibration(path, source=SOURCE, content="x", relative="z")
    with pytest.raises(ScanError, match="name both columns"):
        read_calibration(path, source=SOURCE, content="x")
    path.write_text("H (Oe),R/R0\n0,1\n1,2\n", encoding="utf-8")
    with pytest.raises(ScanError, match="it must be a plain ratio"):
        read_calibration(path, source=SOURCE, content=1, relative=2)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_a_damaged_curve_is_said_in_a_sentence(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("damaged") / "curve.csv"
    path.write_bytes(content)
    try:
        curve = read_calibration(path, source=SOURCE, content=1, relative=2)
    except ScanError:
        return
    assert len(curve.content) >= 2
    assert np.isfinite(curve.relative).all()


def test_numbers_as_people_write_them():
    assert Quantity.of("12.3 ± 0.1 mohm", "R0", "1 ohm") == Quantity(12.3, 0.1, "mΩ")
    assert Quantity.of((0.5, "bar"), "p", "1 bar").unit == "bar"
    assert Quantity.of("1e-3+/-1e-4 ohm", "R0", "1 ohm").error == 1e-4
    for wrong in ("12.3", "ohm", (1,), 5.0, ("x", "ohm")):
        with pytest.raises(ScanError, match="R0 needs a number and a unit"):
            Quantity.of(wrong, "R0", "1 ohm")
