"""What every analysis promises: it describes itself, checks what it is given, and a new one is one module."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import xarray as xr

import napari_scantwin
from napari_scantwin.analyses import ANALYSES, Findings, analyse, as_source
from napari_scantwin.analyses.analysis import Analysis, analysis
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.physics.magnetocaloric import Sample, entropy_ensemble
from napari_scantwin.physics.transitions import phase_boundary
from napari_scantwin.samples import load_sample, sample_path


@pytest.mark.parametrize("name", ANALYSES)
def test_every_analysis_describes_itself(name):
    one = ANALYSES[name]
    assert one.name == name == name.lower()
    assert len(one.explanation) > 40
    assert len({parameter.name for parameter in one.parameters}) == len(one.parameters)
    for sample in ("ferromagnet", "palladium_hydride", "arpes"):
        reason = one.why_not(load_sample(sample))
        assert reason is None or (reason and "\n" not in reason)


def test_the_samples_are_offered_what_fits_them():
    fitting = {
        sample: {name for name, one in ANALYSES.items() if one.why_not(load_sample(sample)) is None}
        for sample in ("ferromagnet", "palladium_hydride", "arpes")
    }
    assert {"entropy_change", "transitions", "what_next", "compare"} <= fitting["ferromagnet"]
    assert {"transitions", "critical_field", "hydrogen_content"} <= fitting["palladium_hydride"]
    assert {"fermi_edge"} <= fitting["arpes"]
    assert not {"entropy_change", "isotherms"} & (fitting["palladium_hydride"] | fitting["arpes"])


def test_a_scan_a_path_and_a_name_with_hyphens_are_the_same_question():
    scan = load_sample("palladium_hydride")
    first = napari_scantwin.analyse("transitions", scan)
    second = analyse("transitions", sample_path("palladium_hydride"))
    boundary = phase_boundary(scan, "50 %")
    for found in (first, second):
        np.testing.assert_array_equal(found.scans["boundary of sweeps"].values, boundary.values)
        assert isinstance(found, Findings)
    assert analyse("critical-field", scan).figures[0][0] == "µ₀Hc2(0), sweeps"


def test_a_sample_number_and_a_field_with_a_unit_are_taken():
    scan = load_sample("ferromagnet")
    found = analyse("entropy_change", scan, fields="20 kOe, 50 kOe", mass="1.22 mg")
    change = found.result.sides[0].change.scan
    np.testing.assert_allclose(change["magnetic_field"].values, [2e4, 5e4], rtol=1e-3)
    fields = change["magnetic_field"].values
    own = entropy_ensemble(scan, Sample.of(scan, mass="1.22 mg"), fields=fields).scan
    np.testing.assert_allclose(change.values, own.values)
    assert isinstance(found.figures[0][1], Quantity)
    table = found.tables["Table of figures"]
    assert len(table.rows) == 2
    assert all(len(row) == len(table.heads) for row in table.rows)
    _, rows, colors = table.in_words
    assert len(rows) == len(colors) == 2


def test_a_second_scan_may_be_a_scan_or_a_path():
    scan = load_sample("palladium_hydride")
    for second in (scan.copy(data=0.9 * scan.values), sample_path("palladium_hydride")):
        found = analyse("compare", scan, second=second, second_as="measured", scale=True)
        assert found.figures[0][0] == "scale"
    with pytest.raises(ScanError, match="Choose the second scan"):
        analyse("compare", scan)
    with pytest.raises(ScanError, match="has no twin yet"):
        analyse("compare", scan, second=scan)


def test_what_will_not_do_is_one_sentence():
    scan = load_sample("palladium_hydride")
    with pytest.raises(ScanError, match="there is no analysis 'entropy'"):
        analyse("entropy", scan)
    with pytest.raises(ScanError, match="no magnetic moment"):
        analyse("entropy_change", scan)
    with pytest.raises(ScanError, match="transitions has no parameter 'citerion'"):
        analyse("transitions", scan, citerion="onset")
    with pytest.raises(ScanError, match="criterion is one of: "):
        analyse("transitions", scan, criterion="51 %")
    with pytest.raises(ScanError, match="needs a scan, a twin or the path"):
        analyse("transitions", 3)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        analyse("transitions", scan, stop_event=stop)


def test_a_cache_spares_what_does_not_change():
    scan, cache = load_sample("palladium_hydride"), {}
    first = analyse("transitions", scan, cache=cache)
    kept = dict(cache)
    second = analyse("transitions", scan, cache=cache, criterion="onset")
    assert kept
    assert {key: id(value) for key, value in cache.items()} == {key: id(value) for key, value in kept.items()}
    assert first.result.sides[0].sweeps is second.result.sides[0].sweeps


def test_a_new_analysis_is_one_function(monkeypatch):
    """Registered, it checks its parameters and is listed in its place."""
    before = dict(ANALYSES)

    @analysis(
        "span",
        "Span of the values",
        "Any scan",
        parameters=(Parameter("axis", "Along", "axis"), Parameter("share", "Share", unit="percent", minimum=0)),
        place=15,
    )
    def span(source, *, axis, share, on_progress, stop_event, cache) -> Findings:
        """How far the values of a scan reach, and nothing else of interest to anybody."""
        return Findings([("span", share / 100 * float(np.ptp(source.scan.values))), ("along", len(axis))])

    try:
        assert list(ANALYSES).index("span") == list(ANALYSES).index("entropy_change") + 1
        assert isinstance(ANALYSES["span"], Analysis)
        scan = scans.gridded_scan({"energy": (np.arange(3.0), "eV")}, np.array([1.0, 2, 9]), name="y", unit="count")
        assert analyse("span", scan, axis="energy", share="0.5 dimensionless").figures[0][1] == pytest.approx(4)
        with pytest.raises(ScanError, match="along is missing"):
            analyse("span", scan, share=3)
        with pytest.raises(ScanError, match="share must be at least 0"):
            analyse("span", scan, axis="energy", share=-1)
    finally:
        ANALYSES.clear()
        ANALYSES.update(before)


def test_a_source_keeps_its_twin():
    class Trained:
        scan = load_sample("palladium_hydride")

    found = as_source(Trained())
    assert isinstance(found.scan, xr.DataArray)
    assert isinstance(found.twin, Trained)
    assert as_source(found) is found
