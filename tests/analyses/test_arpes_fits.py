"""Analyses describe themselves as steps do, and their findings are figures with errors and scans that can be kept."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from napari_scantwin.analyses import ANALYSES, analyse
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import apply
from napari_scantwin.processing.fermi_edge import fit_edge
from napari_scantwin.samples import load_sample

from ..processing.test_fermi_edge import gold
from ..processing.test_peaks import KF, VELOCITY, mdc_cut


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_describes_itself_for_a_form(name):
    one = ANALYSES[name]
    assert one.title
    assert len(one.explanation) > 40
    cut = mdc_cut(0)
    if one.why_not(cut) is None:
        decided = one.checked(cut, {})
        for parameter in one.parameters:
            parameter.unit_in(cut, decided)
            assert parameter.kind != "choice" or parameter.choices


def test_the_edge_of_a_reference_is_a_step_for_other_scans():
    found = analyse("fermi_edge", gold(1, 20, level=(16.9,)), temperature="30 K", start="16700 meV")
    figures = dict(found.figures)
    assert figures["Fermi level"].value == pytest.approx(16.9, abs=4 * figures["Fermi level"].error)
    assert figures["Reduced chi-square"] == pytest.approx(1, abs=0.5)
    step, given = found.then
    shifted = apply(gold(2, 20), step, **given)
    assert shifted.attrs["energy_notation"] == "fermi"


def test_the_edges_of_channels_are_a_step_for_other_scans():
    shares = []
    found = analyse("fermi_edges", gold(3), temperature=30, channels=6, on_progress=shares.append)
    assert shares[-1] == 1
    step, given = found.then
    straight = apply(gold(7, counts=300), step, **given)
    assert fit_edge(straight, temperature=30, start=-0.2, stop=0.12).fermi_level.value == pytest.approx(0, abs=1e-3)
    assert [label for label, _ in found.figures][:3] == ["Level, power 0", "Level, power 1", "Level, power 2"]
    assert str(found.figures[1][1]).endswith("eV/deg")


def test_peaks_give_crossings_and_scans():
    found = analyse("peaks", mdc_cut(0), peaks=2, crossing_stop=0, begin="0 meV")
    figures = dict(found.figures)
    momentum, velocity = figures["Fermi momentum, peak 2"], figures["Fermi velocity, peak 2"]
    assert momentum.value == pytest.approx(KF, abs=4 * momentum.error)
    assert velocity.value == pytest.approx(VELOCITY, abs=4 * velocity.error)
    assert figures["Fermi velocity, peak 2, m/s"].unit == "m/s"
    assert figures["Whole curves"] == 13
    for one in found.scans.values():
        scans.check(one)
    np.testing.assert_allclose(found.scans["fit"].values + found.scans["residual"].values, mdc_cut(0).values)
    far = analyse("peaks", mdc_cut(0), peaks=2, begin=0, crossing_start=1)
    assert len(far.notes) == 2
    assert "widen the window" in far.notes[0]


def test_what_does_not_fit_is_said_before_anything_runs():
    with pytest.raises(ScanError, match="take a slice"):
        analyse("peaks", load_sample("arpes"))
    with pytest.raises(ScanError, match="there is no analysis"):
        analyse("peak", load_sample("arpes"))
    with pytest.raises(ScanError, match="no parameter 'kind'"):
        analyse("peaks", mdc_cut(0), kind="Voigt")
    with pytest.raises(ScanError, match="gridded"):
        analyse("fermi_edge", load_sample("ferromagnet"))


def test_a_slice_of_a_cube_is_a_cut():
    scan = load_sample("arpes")
    cut = apply(scan, "take_slice", axis="manipulator_angle", at="9 deg")
    assert scans.axes(cut) == ("analyser_angle", "energy")
    np.testing.assert_array_equal(cut.values, scan.sel(manipulator_angle=9).values)
    assert cut.attrs["manipulator_angle"] == 9
    wide = apply(scan, "take_slice", axis="manipulator_angle", at=0, width=6, how="sum")
    np.testing.assert_allclose(wide.values, scan.values[3:6].sum(axis=0))
    with pytest.raises(ScanError, match="outside"):
        apply(scan, "take_slice", axis="manipulator_angle", at=20)


def test_the_registries_load_without_the_fitting_library():
    import subprocess

    code = "import napari_scantwin.processing, sys; sys.exit('lmfit' in sys.modules or 'qtpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
