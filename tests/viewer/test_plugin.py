"""Through napari's own menus: open, sample, save, the panel in the Plugins menu."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import samples
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import read
from napari_scantwin.viewer.plugin import get_reader, write_layer
from napari_scantwin.viewer.session import frame_of, scan_of

PLUGIN = "napari-scantwin"


def test_napari_opens_a_file_as_dropped_on_the_window(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    (layer,) = viewer.open(samples.sample_path("palladium_hydride"), plugin=PLUGIN)
    assert scan_of(layer).attrs["source"] == "palladium_hydride.csv"
    qtbot.wait(50)
    (again,) = viewer.open(samples.sample_path("palladium_hydride"), plugin=PLUGIN)
    assert frame_of(again) is frame_of(layer)
    # What a person reads is physical: the middle of the canvas is a place within the scan.
    where = frame_of(layer).to_physical(layer.extent.world[1])
    np.testing.assert_allclose(where, [7000, scan_of(layer)["temperature"].values.max()], rtol=0.02)


@pytest.mark.parametrize("key", samples.SAMPLES)
def test_every_sample_is_in_the_menu(key, make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    (layer,) = viewer.open_sample(PLUGIN, key)
    assert scan_of(layer).size == samples.load_sample(key).size


def test_several_files_dropped_together_are_one_scan(make_napari_viewer, instrument):
    viewer = make_napari_viewer(show=True)
    paths = [str(instrument / f"mpms3_fc_sweep_{one}.dat") for one in "abc"]
    (layer,) = viewer.open(paths, stack=True, plugin=PLUGIN)
    assert len(np.unique(scan_of(layer)["sweep"].values)) == 3


def test_napari_saves_a_scan_with_its_units(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer(show=True)
    (layer,) = viewer.open_sample(PLUGIN, "ferromagnet")
    assert layer.save(str(tmp_path / "kept.nc"), plugin=PLUGIN) == [str(tmp_path / "kept.nc")]
    np.testing.assert_array_equal(read(tmp_path / "kept.nc").values, scan_of(layer).values)
    assert read(tmp_path / "kept.nc").attrs["units"] == scan_of(layer).attrs["units"]


def test_the_panel_is_in_the_plugins_menu(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    dock, panel = viewer.window.add_plugin_dock_widget(PLUGIN)
    assert panel.tabs.count() == 8
    panel.shut()
    del dock, panel


def test_what_is_not_ours_is_left_to_others(tmp_path):
    assert get_reader("picture.jpg") is None
    assert get_reader([]) is None
    with pytest.raises(ScanError, match="holds no scan"):
        write_layer(str(tmp_path / "x.nc"), np.zeros((2, 2)), {"metadata": {}})
