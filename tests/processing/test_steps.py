"""The registry: steps describe themselves, check what they are given, keep a history, can be replayed and undone."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import GROUPS, STEPS, apply, describe, history, replay, steps_for, undone
from napari_scantwin.processing.filters import smooth
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample
from napari_scantwin.writers import write

#: Parameters without a default, or with one that fills the hole from its mirror image.
GIVEN: dict[str, dict] = {
    "mend_sweeps": {"sweeps": [-2.7], "scale": 0.1, "lag": 0.01},
    "symmetrise": {"one_sided": "leave it out"},
    "take_slice": {"axis": "angle", "at": -2.7},
    "to_momentum": {"kinetic_energy": 20, "energies": "from the Fermi level"},
    "correct_fermi_edge": {"coefficients": [0.01]},
}


def processed(scan):
    binned = apply(scan, "bin", axis="energy", count=3, how="sum")
    smoothed = smooth(binned, axis="angle", fwhm="3 deg")
    return apply(smoothed, "second_derivative", axis="energy")


@pytest.mark.parametrize("name", STEPS)
def test_every_step_describes_itself_for_a_form(name):
    step = STEPS[name]
    assert step.title
    assert step.group in GROUPS
    assert len(step.explanation) > 40
    for one in step.parameters:
        assert one.title
        assert one.kind != "choice" or one.choices


@pytest.mark.parametrize("name", STEPS)
def test_no_step_changes_what_it_is_given(name, cut):
    step = STEPS[name]
    if step.why_not(cut) is not None:
        pytest.skip(f"{name} does not fit a cut: {step.why_not(cut)}")
    before = cut.copy(deep=True)
    done = step(cut, **GIVEN.get(name, {}))
    xr.testing.assert_identical(cut, before)
    assert np.isnan(done.values).any()  # the hole stays one
    assert scans.check(done) is done
    assert history(done)[-1]["step"] == name


def test_the_history_survives_every_format_that_keeps_attributes(cut, tmp_path):
    done = processed(cut)
    assert [entry["step"] for entry in history(done)] == ["bin", "smooth", "second_derivative"]
    assert history(done)[1] == {
        "step": "smooth",
        "parameters": {"axis": "angle", "fwhm": 3.0},
        "units": {"fwhm": "deg"},
    }
    for suffix in (".nc", ".zarr", ".h5"):
        (path,) = write(done, tmp_path / f"done{suffix}")
        assert history(read(path)) == history(done)
        xr.testing.assert_equal(replay(cut, history(read(path))), done)


def test_a_history_is_replayed_on_a_scan_in_other_units(cut):
    milli = scans.gridded_scan(
        {"angle": (cut["angle"].values, "deg"), "energy": (1e3 * cut["energy"].values, "meV")},
        cut.values,
        name="photoemission_intensity",
        unit="count",
    )
    steps = history(apply(cut, "smooth", axis="energy", fwhm=0.1))
    again = replay(milli, steps)
    np.testing.assert_allclose(again.values, replay(cut, steps).values, rtol=1e-12)
    assert history(again)[0]["units"] == {"fwhm": "meV"}


def test_undo_is_all_but_the_last_step(cut):
    done = processed(cut)
    once = undone(done, cut)
    assert [entry["step"] for entry in history(once)] == ["bin", "smooth"]
    xr.testing.assert_identical(undone(undone(once, cut), cut), cut)
    with pytest.raises(ScanError, match="nothing to undo"):
        undone(cut, cut)
    with pytest.raises(ScanError, match="did not begin"):
        undone(apply(cut, "smooth", axis="angle", fwhm=3), done)


def test_what_is_wrong_is_said_in_a_sentence(cut):
    for name, given, words in [
        ("smoth", {}, "there is no step 'smoth'"),
        ("smooth", {"axis": "momentum"}, "one of: angle, energy"),
        ("smooth", {"fwhm": -1}, "above 0 eV"),
        ("smooth", {"fwhm": "2 K"}, "measure different things"),
        ("smooth", {"fwhm": "wide"}, "is a number"),
        ("smooth", {"fwhm": "nan"}, "finite|above|is a number"),
        ("smooth", {"width": 1}, "no parameter 'width'"),
        ("bin", {"count": 2.5}, "whole number"),
        ("bin", {"count": 20}, "fewer than two"),
        ("bin", {"how": "median"}, "one of: mean, sum"),
        ("second_derivative", {"peaks_up": "maybe"}, "True or False"),
        ("crop", {"start": 3}, "holds 0 values"),
        ("normalise_by_profile", {"profile": [1.0, 2.0]}, "2 numbers"),
        ("normalise_by_profile", {"profile": "flat"}, "is no range|or a list"),
    ]:
        with pytest.raises(ScanError, match=words):
            apply(cut, name, **given)
    with pytest.raises(ScanError, match="gridded"):
        apply(load_sample("ferromagnet"), "smooth")
    assert [one.name for one in steps_for(load_sample("ferromagnet"))] == ["mend_sweeps", "per_amount"]
    with pytest.raises(ScanError, match="read-back"):
        apply(cut.drop_vars("mirror_current"), "normalise_by_readback")


@pytest.mark.parametrize("text", ["[", "{}", "3", '["smooth"]', '[{"step": 3, "parameters": {}}]', "[" * 100000])
def test_a_broken_history_is_an_error_not_a_guess(cut, text):
    broken = cut.assign_attrs(processing=text)
    with pytest.raises(ScanError, match="not a history"):
        history(broken)


def test_a_step_reads_well(cut):
    assert describe(history(smooth(cut, axis="energy", fwhm="50 meV"))[0]) == (
        "Smooth: along energy, width (FWHM) 0.05 eV"
    )
    assert json.loads(processed(cut).attrs["processing"]) == history(processed(cut))
