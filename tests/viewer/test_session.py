"""What a layer knows of its scan: one owner, which other plugins' layers pass unharmed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from napari.components import ViewerModel
from napari.layers import Image

import napari_scantwin.viewer
from napari_scantwin.core import scan as scans
from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.operations.findings import DerivedMap
from napari_scantwin.viewer.canvas.layers import add_scan, layer_data, update_layer
from napari_scantwin.viewer.session import ScanLayer, frame_of, let_go, made_from, scan_layers, scan_of


def a_scan(offset=0.0, **attributes):
    axes = {"magnetic_field": (np.linspace(0, 1, 4), "T"), "temperature": (np.linspace(2, 50, 6), "K")}
    values = offset + np.arange(24.0).reshape(4, 6)
    return gridded_scan(axes, values, name="moment", unit="emu").assign_attrs(attributes)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer):
    return add_scan(viewer, a_scan(), kind="measured")


def test_no_other_file_of_the_viewer_knows_where_a_layer_keeps_its_scan():
    room = Path(napari_scantwin.viewer.__file__).parent
    told = {path.relative_to(room).as_posix() for path in room.rglob("*.py") if "metadata" in path.read_text("utf-8")}
    assert told == {"session.py"}


def test_every_key_is_named_once_for_reading_it_and_has_a_property():
    """A misspelt key would be read as None for ever."""
    text = Path(napari_scantwin.viewer.__file__).with_name("session.py").read_text("utf-8")
    read = set(re.findall(r'(?:_told|_held\.get)\("(\w+)"', text))
    written = set(re.findall(r'_held\["(\w+)"\] = ', text)) | set(re.findall(r'"(\w+)": ', text)) - {"metadata"}
    assert read == written


@pytest.mark.parametrize("held", [{}, {"scan": "tile 4", "kind": 3, "twin": 1}, {"scan": xr.DataArray([1.0])}])
def test_layers_that_are_not_ours_say_nothing(viewer, held):
    other = viewer.add_image(np.zeros((4, 6)), metadata=dict(held))
    told = ScanLayer(other)
    assert (told.scan, told.frame, told.kind, told.word, told.twin, told.measured, told.raw) == (None,) * 7
    assert not told.sample
    assert not told.proposals
    assert scan_layers(viewer) == []
    assert other.metadata == held or "scan" in held  # DataArrays do not compare to one truth
    assert scan_of(None) is None
    assert frame_of(None) is None
    assert made_from(viewer, None) == []


def test_another_scan_leaves_nothing_of_the_old_one(layer):
    held = ScanLayer(layer)
    held.set_twin("twin", ["there"])
    held.continue_from(layer)
    old = held.table
    held.set_scan(a_scan(offset=100.0))
    assert (held.twin, held.raw, tuple(held.proposals)) == (None, None, ())
    assert held.table is not old
    assert held.table.values[0] == 100.0


def test_masking_points_keeps_the_twin_and_the_way_back_but_not_the_table(layer):
    held = ScanLayer(layer)
    held.set_twin("twin", ["there"])
    held.continue_from(layer)
    assert not held.table.masked.any()
    before = scan_of(layer)
    held.set_scan(scans.with_masked(before, np.arange(24) == 5), same_readings=True)
    assert (held.twin, tuple(held.proposals)) == ("twin", ("there",))
    assert held.raw is before
    assert np.flatnonzero(held.table.masked).tolist() == [5]


def test_the_table_is_worked_out_once(layer):
    assert ScanLayer(layer).table is ScanLayer(layer).table


def test_another_twin_brings_its_own_proposals(layer):
    held = ScanLayer(layer)
    held.set_twin("first", ["there"])
    held.set_twin("second")
    assert (held.twin, tuple(held.proposals)) == ("second", ())
    held.set_twin(None)
    assert held.twin is None


def test_a_processed_scan_in_place_is_undone_to_where_it_began_and_keeps_the_sample(layer):
    before = scan_of(layer)
    held = ScanLayer(layer)
    held.set_twin("twin", ["there"])
    held.set_sample("mass", "0.61 mg")
    for offset in (100.0, 200.0):
        data, attributes, layer_type = layer_data(a_scan(offset), frame_of(layer), kind="measured")
        ScanLayer(attributes).continue_from(layer)
        told = []
        layer.events.metadata.connect(lambda event, told=told: told.append(event))
        assert update_layer(layer, data, attributes, layer_type)
        assert told  # napari's own event, for whoever shows what a layer holds
        assert float(scan_of(layer)[0, 0]) == offset
        assert held.raw is before
        assert held.twin is None
        assert held.sample == {"mass": "0.61 mg"}


def test_what_was_made_from_a_layer_is_found_and_let_go(viewer, layer):
    made = [add_scan(viewer, a_scan(1.0), kind=kind) for kind in ("simulated", "residual")]
    add_scan(viewer, a_scan(2.0), kind="simulated")
    for one in made:
        ScanLayer(one).measured = layer
    assert made_from(viewer, layer) == made
    assert made_from(viewer, layer, "residual") == made[1:]
    let_go(viewer, layer)
    assert made_from(viewer, layer) == []
    assert [one.visible for one in made] == [False, False]
    assert layer.visible


def test_a_map_tells_what_an_analysis_said_of_it(viewer, layer):
    one = DerivedMap("entropy", "entropy change", a_scan(), quantity="entropy change", of_twin=True)
    data, attributes, _ = layer_data(a_scan(), frame_of(layer), kind="derived")
    ScanLayer(attributes).describe_map(layer, one, {"size": 3})
    told = ScanLayer(Image(data, **attributes))
    assert (told.kind, told.word, told.analysis, told.quantity) == (
        "derived",
        "entropy change",
        "entropy",
        one.quantity,
    )
    assert told.of_twin
    assert told.measured is layer
    assert told.looks == {"size": 3}


@pytest.mark.parametrize(
    ("of_file", "word"), [("simulated", "simulated"), ("derivative", "derivative"), ("residual", "measured")]
)
def test_what_a_twin_wrote_is_called_simulated_by_whatever_way_it_is_opened(viewer, of_file, word):
    layer = add_scan(viewer, a_scan(kind=of_file), kind="measured")
    assert ScanLayer(layer).kind == "measured"
    assert ScanLayer(layer).word == word


def test_a_duplicate_has_a_sample_of_its_own(viewer, layer):
    from napari.layers._layer_actions import _duplicate_layer

    ScanLayer(layer).set_sample("mass", "1 mg")
    viewer.layers.selection.active = layer
    _duplicate_layer(viewer.layers)
    (twin,) = (one for one in scan_layers(viewer) if one is not layer)
    ScanLayer(twin).set_sample("mass", "2 mg")
    ScanLayer(twin).set_scan(a_scan(5.0))
    assert ScanLayer(layer).sample == {"mass": "1 mg"}
    assert float(scan_of(layer)[0, 0]) == 0.0
