"""Through napari's own menus: open, sample, save, the panel in the Plugins menu."""

from __future__ import annotations

from pathlib import Path

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
    assert list(panel.path.steps) == ["Open", "Sweeps", "Train", "Explore", "Analyse", "Export"]
    panel.shut()
    del dock, panel


def test_what_is_not_ours_is_left_to_others(tmp_path):
    assert get_reader("picture.jpg") is None
    assert get_reader([]) is None
    with pytest.raises(ScanError, match="holds no scan"):
        write_layer(str(tmp_path / "x.nc"), np.zeros((2, 2)), {"metadata": {}})


def test_every_entry_of_the_command_palette_works(make_napari_viewer, monkeypatch, tmp_path, qtbot):
    import yaml
    from napari._app_model import get_app_model
    from qtpy.QtWidgets import QFileDialog

    manifest = Path(__file__).resolve().parents[2] / "napari.yaml"
    commands = [one["id"] for one in yaml.safe_load(manifest.read_text(encoding="utf-8"))["contributions"]["commands"]]
    viewer = make_napari_viewer(show=True)
    asked = []
    chosen = str(samples.sample_path("ferromagnet"))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *a, **k: asked.append("open") or ([chosen], ""))
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *a, **k: asked.append("save") or (str(tmp_path / "a.nc"), "")
    )
    model = get_app_model()
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN)
    with qtbot.waitSignal(panel.open.opened, timeout=20_000):
        model.commands.execute_command("napari-scantwin.read").result()
    model.commands.execute_command("napari-scantwin.write").result()
    qtbot.waitUntil(lambda: (tmp_path / "a.nc").exists() and not panel.busy, timeout=20_000)
    assert asked == ["open", "save"]
    assert read(tmp_path / "a.nc").size == 808
    assert {"napari-scantwin.read", "napari-scantwin.write"} <= set(commands)
    panel.shut()


def test_a_twin_opened_by_napari_shows_its_map_and_its_panel(make_napari_viewer, tmp_path, qtbot):
    from napari_scantwin import TwinSettings, train

    train(samples.load_sample("ferromagnet"), TwinSettings(members=2, time_budget=2)).save(tmp_path / "kept.twin")
    viewer = make_napari_viewer(show=True)
    viewer.open(str(tmp_path / "kept.twin"), plugin=PLUGIN)
    for kind in ("twin: ", "residual: "):
        qtbot.waitUntil(lambda kind=kind: any(kind in one.name for one in viewer.layers), timeout=60_000)
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN)
    qtbot.waitUntil(lambda: not panel.busy, timeout=20_000)
    qtbot.wait(500)
    assert panel.isVisible()
    panel.shut()


def test_napari_s_own_writer_writes_physical_positions(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer(show=True)
    (layer,) = viewer.open_sample(PLUGIN, "ferromagnet")
    # npe2 takes any plugin whose name begins like the one asked for: "napari" alone may mean this one
    layer.save(str(tmp_path / "points.csv"), plugin="napari.write_points")
    rows = np.genfromtxt(tmp_path / "points.csv", delimiter=",", skip_header=1)
    scan = scan_of(layer)
    np.testing.assert_allclose(rows[:, 1], scan["magnetic_field"].values)
    np.testing.assert_allclose(rows[:, 2], scan["temperature"].values)
    again = viewer.open(str(tmp_path / "points.csv"))  # and napari opens it again as it does its own
    assert again[0].__class__.__name__ == "Points"
    assert scan_of(again[0]) is None
