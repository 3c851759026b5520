"""Every step and analysis on scans of any shape: a scan that is whole, or one sentence; never anything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.analyses import ANALYSES
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import STEPS, history, replay
from napari_scantwin.processing.rebuild import errors_of
from napari_scantwin.readers import read

GIVEN = {
    "to_momentum": {"kinetic_energy": 20},
    "to_kz": {"work_function": 4.4, "inner_potential": 12},
    "correct_fermi_edge": {"coefficients": [0.01, 1e-3]},
    "mend_sweeps": {"sweeps": [10.0], "scale": 0.1, "lag": 3.0},
}

AXES = {
    "photon_energy": ("eV", 40, 60),
    "manipulator_angle": ("deg", -10, 10),
    "angle": ("mrad", -200, 200),
    "kx": ("1/angstrom", -1, 1),
    "energy": ("meV", -500, 100),
    "sample_temperature": ("K", 10, 100),
}


@st.composite
def any_scan(draw):
    names = draw(st.lists(st.sampled_from(list(AXES)), min_size=1, max_size=3, unique=True))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    axes = {}
    for name in names:
        unit, low, high = AXES[name]
        places = np.sort(random.uniform(low, high, draw(st.integers(1, 9))))
        axes[name] = (places[::-1] if draw(st.booleans()) else places, unit)
    shape = [len(column) for column, _ in axes.values()]
    kind = draw(st.sampled_from(["counts", "zeros", "holes", "negative"]))
    values = random.poisson(20, shape).astype(draw(st.sampled_from([np.int32, np.float32, np.float64])))
    if kind == "zeros":
        values = values * 0
    if kind == "holes":
        values = np.where(random.random(shape) < 0.3, np.nan, values)
    if kind == "negative":
        values = -values.astype(float)
    more = {"errors": np.sqrt(np.abs(np.nan_to_num(values)))} if draw(st.booleans()) else {}
    return scans.gridded_scan(axes, values, name="photoemission_intensity", unit="count", **more)


def outcome(run):
    """What ``run`` gives and None, or None and the sentence it refuses with."""
    try:
        return run(), None
    except ScanError as reason:
        return None, str(reason)


@pytest.mark.parametrize("name", STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(scan=any_scan())
def test_a_step_gives_a_scan_or_a_sentence(name, scan):
    before = scan.copy(deep=True)
    done, refusal = outcome(lambda: STEPS[name](scan, **GIVEN.get(name, {})))
    np.testing.assert_array_equal(scan.values, before.values)
    if done is None:
        assert len(refusal) > 20
        assert "\n" not in refusal
        return
    assert scans.check(done) is done
    assert not np.isinf(done.values.astype(float)).any()
    errors = errors_of(done)
    if errors is not None:
        assert (errors[np.isfinite(errors)] >= 0).all()
        assert errors.shape == done.shape
    again = replay(scan, history(done))
    np.testing.assert_array_equal(again.values, done.values)


@pytest.mark.parametrize("name", ANALYSES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(scan=any_scan())
def test_an_analysis_gives_findings_or_a_sentence(name, scan):
    found, refusal = outcome(lambda: ANALYSES[name](scan))
    if found is None:
        assert "\n" not in refusal
        return
    for one in found.scans.values():
        scans.check(one)


FILES = ["arpes_merlin_cut.h5", "arpes_bloch_da30_cut.zip", "arpes_hers_cut.pxt", "arpes_cassiopee_ses_cut.txt"]


@pytest.mark.parametrize("file", FILES)
def test_every_step_runs_on_cuts_as_beamlines_wrote_them(instrument, file):
    scan = read(instrument / file)
    scan = scan.isel({name: slice(None, None, max(1, scan.sizes[name] // 120)) for name in scan.dims})
    given = {
        **GIVEN,
        "to_momentum": {"work_function": 4.4},
        "correct_fermi_edge": {"coefficients": [float(scan["energy"].values[-20])]},
    }
    for name, step in STEPS.items():
        if step.why_not(scan) is None:
            done = step(scan, **given.get(name, {}))
            assert np.isfinite(done.values).mean() > 0.5, name
