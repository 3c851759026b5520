"""Open, train, simulate, cut, export, reopen: the real widgets in a real window."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.twin import Twin
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of
from napari_scantwin.viewer.twin import simulate_widget


def whole_way(panel, qtbot, tmp_path, layer, train_scan):
    viewer = panel._viewer
    measured = scan_of(layer)
    assert train_scan() is layer
    for kind in ("simulated", "uncertainty", "residual"):
        assert result_of(layer, kind, viewer) is not None
    simulated = result_of(layer, "simulated", viewer)
    shared = layer.contrast_limits if hasattr(layer, "contrast_limits") else layer.face_contrast_limits
    assert tuple(simulated.contrast_limits) == tuple(shared)
    np.testing.assert_allclose(simulated.extent.world[0][-1], layer.extent.world[0][-1], atol=2)
    np.testing.assert_allclose(simulated.extent.world[1][-1], layer.extent.world[1][-1], atol=2)
    qtbot.waitUntil(lambda: len(ScanLayer(layer).twin.score.methods) >= 6, timeout=120_000)  # the baselines follow
    assert panel.train.table.rowCount() == len(ScanLayer(layer).twin.score.methods) >= 6
    assert "on sweeps left out" in panel.train.status.text()
    assert "Worth measuring next" in panel.train.status.text()

    assert panel.cuts.add_line()
    panel.cuts.add_sweep(scans.sweeps(measured)[1].number)
    on_sweep, curve = panel.cuts.values_of(panel.cuts.lines[1])
    assert len(on_sweep.values) >= 8
    assert np.isfinite(curve.values).all()
    assert (curve.errors > 0).all()
    for suffix in (".csv", ".svg", ".png"):
        assert panel.cuts.export(tmp_path / f"cut{suffix}")
        assert (tmp_path / f"cut{suffix}").stat().st_size > 500

    with qtbot.waitSignal(panel.simulate.export_job.done, timeout=30_000):
        assert panel.simulate.export(tmp_path / "volume.nc", simulated.name)
    again = read(tmp_path / "volume.nc")
    np.testing.assert_array_equal(again.values, scan_of(simulated).values)
    assert "twin_score" in again.attrs
    assert panel.train.save(tmp_path / "kept.twin")
    points = scans.points(measured).coordinates[:50]
    kept = Twin.load(tmp_path / "kept.twin")
    np.testing.assert_array_equal(kept.predict(points)[0], ScanLayer(layer).twin.predict(points)[0])


@pytest.mark.parametrize("key", ["ferromagnet", pytest.param("arpes", marks=pytest.mark.slow)])
def test_the_samples_go_the_whole_way(key, panel, qtbot, tmp_path, open_scan, train_scan):
    whole_way(panel, qtbot, tmp_path, open_scan(sample_path(key)), train_scan)


@pytest.mark.parametrize(
    "name",
    [
        "erco2_magnetization.csv",
        pytest.param("pdh_resistance.csv", marks=pytest.mark.slow),
        pytest.param("arpes_map.csv", marks=pytest.mark.slow),
    ],
)
def test_the_published_measurements_go_the_whole_way(name, measured, panel, qtbot, tmp_path, open_scan, train_scan):
    whole_way(panel, qtbot, tmp_path, open_scan(measured / name), train_scan)


def test_three_instrument_files_go_the_whole_way_as_one_scan(instrument, panel, qtbot, tmp_path, open_scan, train_scan):
    layer = open_scan(*(instrument / f"mpms3_fc_sweep_{one}.dat" for one in "abc"))
    assert len(scans.sweeps(scan_of(layer))) == 3
    whole_way(panel, qtbot, tmp_path, layer, train_scan)


def test_a_kept_twin_opens_with_its_scan_and_simulates_elsewhere(panel, qtbot, tmp_path, open_scan, train_scan):
    first = open_scan(sample_path("palladium_hydride"))
    train_scan()
    assert panel.train.save(tmp_path / "kept.twin")
    layer = open_scan(tmp_path / "kept.twin")
    assert layer is not first
    panel.simulate.fields["temperature"].setText("3:20:0.5")
    assert "measured range" in panel.simulate.said.text()
    with qtbot.waitSignal(panel.simulate.simulated, timeout=30_000):
        panel.simulate.button.click()
    scan = scan_of(result_of(layer, "simulated", panel._viewer))
    assert bool(scan["extrapolated"].any())
    assert not bool(scan["extrapolated"].all())


def test_a_derivative_of_the_twin_is_a_layer_of_its_own(panel, qtbot, open_scan, train_scan):
    layer = open_scan(sample_path("ferromagnet"))
    train_scan()
    viewer = panel._viewer
    panel.simulate.fields["temperature"].setText("5:60#50")
    panel.simulate.fields["magnetic_field"].setText("1000:50000#20")
    for text, unit in (("d moment / d temperature", "emu/K"), ("d² moment / d temperature²", "emu/K²")):
        panel.simulate.what.setCurrentText(text)
        with qtbot.waitSignal(panel.simulate.simulated, timeout=30_000):
            panel.simulate.button.click()
        shown = result_of(layer, "derivative", viewer)
        assert text in shown.name
        assert units.pretty(scan_of(shown).attrs["units"]) == unit
        assert shown.contrast_limits[0] == -shown.contrast_limits[1]
        assert (scan_of(shown)["standard_error"].values > 0).mean() > 0.99
    assert result_of(layer, "simulated", viewer) is not None
    assert len([one for one in viewer.layers if ScanLayer(one).kind == "derivative"]) == 1


def drag(qtbot, canvas, path, modifiers=Qt.NoModifier):
    """Press the left button at the first pixel, move along the path, release at its end."""
    for kind, place, button, held in (
        (QEvent.MouseMove, path[0], Qt.NoButton, Qt.NoButton),
        (QEvent.MouseButtonPress, path[0], Qt.LeftButton, Qt.LeftButton),
        *((QEvent.MouseMove, place, Qt.NoButton, Qt.LeftButton) for place in path[1:]),
        (QEvent.MouseButtonRelease, path[-1], Qt.LeftButton, Qt.NoButton),
    ):
        QApplication.sendEvent(canvas, QMouseEvent(kind, QPointF(*place), button, held, modifiers))
        qtbot.wait(20)  # moves in quick succession are dropped, and napari delivers them by a timer


def pixel(panel, layer, place):
    return panel.overlay.pixel(*frame_of(layer).to_world([[place[axis] for axis in frame_of(layer).axes]])[0])


def test_the_mouse_drags_a_line_whatever_layer_is_selected(panel, qtbot, open_scan, train_scan):
    layer = open_scan(sample_path("ferromagnet"))
    train_scan()
    panel.cuts.add_line({"magnetic_field": 1e4, "temperature": 12.0}, {"magnetic_field": 1e4, "temperature": 55.0})
    before = panel.cuts.values_of(panel.cuts.lines[0])[1].values
    camera = panel._viewer.scene.camera
    center = tuple(camera.center)
    canvas = panel.overlay.parent()
    target = {"magnetic_field": 3e4, "temperature": 50.0}
    end = np.array(pixel(panel, layer, panel.cuts.lines[0].cut.end))
    goal = np.array(pixel(panel, layer, target))
    for selected in (layer, result_of(layer, "simulated", panel._viewer)):
        panel._viewer.layers.selection.active = selected
        drag(qtbot, canvas, [end, (end + goal) / 2, goal])
        cut = panel.cuts.lines[0].cut
        assert abs(cut.end["magnetic_field"] - 3e4) < 400
        assert abs(cut.end["temperature"] - 50) < 0.5
        assert cut.start == {"magnetic_field": 1e4, "temperature": 12.0}
        assert tuple(camera.center) == center
        end, goal = goal, goal  # the second time the end is only picked up and put down
    assert (cut.running, cut.across) == ("temperature", "magnetic_field")
    qtbot.wait(50)
    curve = panel.cuts.values_of(panel.cuts.lines[0])[1]
    assert not np.allclose(curve.values, before)
    drawn = panel.cuts.plot._drawn[panel.cuts.lines[0].key].curve.yData
    np.testing.assert_allclose(drawn, curve.values)
    exact = ScanLayer(layer).twin.predict(np.array([[1e4, 12.0]]))[0][0]
    np.testing.assert_allclose(curve.values[0], exact, rtol=1e-5)


def test_a_whole_line_is_dragged_and_empty_canvas_still_pans(panel, qtbot, open_scan):
    layer = open_scan(sample_path("ferromagnet"))
    panel.cuts.add_line({"magnetic_field": 1e4, "temperature": 12.0}, {"magnetic_field": 1e4, "temperature": 55.0})
    middle = np.array(pixel(panel, layer, {"magnetic_field": 1e4, "temperature": 33.0}))
    goal = np.array(pixel(panel, layer, {"magnetic_field": 2e4, "temperature": 33.0}))
    drag(qtbot, panel.overlay.parent(), [middle, goal])
    cut = panel.cuts.lines[0].cut
    for place in (cut.start, cut.end):
        assert abs(place["magnetic_field"] - 2e4) < 400
    center = tuple(panel._viewer.scene.camera.center)
    away = np.array(pixel(panel, layer, {"magnetic_field": 4.5e4, "temperature": 33.0}))
    drag(qtbot, panel.overlay.parent(), [away, away + 10, away + 20])
    assert tuple(panel._viewer.scene.camera.center) != center
    assert panel.cuts.lines[0].cut is cut


def test_cuts_are_renamed_coloured_averaged_and_told_when_empty(panel, open_scan, train_scan):
    open_scan(sample_path("ferromagnet"))
    train_scan()
    panel.cuts.add_line()
    assert panel.cuts.values_of(panel.cuts.lines[0])[0].values.size > 50
    panel.cuts.list.item(0).setText("plateau")
    panel.cuts.set_color(0, "#ff0000")
    panel.cuts.add_line()
    colors = [line.color for line in panel.cuts.lines]
    assert panel.cuts.lines[0].cut.name == "plateau"
    assert colors[0] == "#ff0000" != colors[1]
    sharp = panel.cuts.values_of(panel.cuts.lines[1])[1].values
    panel.cuts.width.setValue(15_000)
    panel.cuts.averaged.setChecked(True)
    assert panel.cuts.lines[1].cut.averaged
    assert np.abs(panel.cuts.values_of(panel.cuts.lines[1])[1].values - sharp).max() > 1e-4
    panel.cuts.add_line({"magnetic_field": 2.5e4, "temperature": 12.0}, {"magnetic_field": 2.5e4, "temperature": 55.0})
    assert "No measured point" in panel.cuts.said.text()
    for _ in range(3):
        panel.cuts.delete(0)
    assert panel.cuts.plot.keys == []


def test_what_was_opened_is_offered_again(panel, qtbot, open_scan):
    open_scan(sample_path("palladium_hydride"))
    assert panel.open.recent.item(0).text() == "palladium_hydride.csv"
    with qtbot.waitSignal(panel.open.opened, timeout=10_000):
        panel.open.recent.itemClicked.emit(panel.open.recent.item(0))
    assert panel.open.recent.count() == 1


def test_the_status_bar_names_physical_values(panel, open_scan):
    layer = open_scan(sample_path("ferromagnet"))
    world = frame_of(layer).to_world([[1e4, 33.0]])[0]
    status = layer.get_status(world, view_direction=None, dims_displayed=[0, 1], world=True)
    assert status["coordinates"].startswith("magnetic field 10000 Oe, temperature 33 K")


def test_the_read_out_speaks_physical_units(panel, open_scan, train_scan):
    layer = open_scan(sample_path("ferromagnet"))
    train_scan()
    point = scans.points(scan_of(layer)).coordinates[150]
    panel.overlay.show_at(frame_of(layer).to_world(point[None])[0])
    text = "\n".join(panel.overlay.text)
    assert f"temperature {point[1]:.6g} K" in text
    assert f"magnetic field {point[0]:.6g} Oe" in text
    assert "measured" in text
    assert "simulated" in text
    assert "±" in text


def test_a_map_too_large_for_memory_is_shown_and_written_in_parts(
    panel, qtbot, open_scan, train_scan, tmp_path, monkeypatch, spoken
):
    monkeypatch.setattr(simulate_widget, "_MOST_AT_ONCE", 100_000)
    layer = open_scan(sample_path("arpes"))
    train_scan()
    viewer = panel._viewer
    for name, text in zip(panel.simulate.fields, ("-12:12#40", "-14:14#50", "-0.7:0.1#60"), strict=True):
        panel.simulate.fields[name].setText(text)
    with qtbot.waitSignal(panel.simulate.simulated, timeout=30_000):
        panel.simulate.button.click()
    simulated = result_of(layer, "simulated", viewer)
    assert scans.is_lazy(scan_of(simulated))
    assert simulated.data.shape == (40, 50, 60)
    viewer.dims.set_point(0, 1.0)
    qtbot.waitUntil(lambda: not simulated.data.waiting, timeout=20_000)
    assert np.isfinite(np.asarray(simulated._slice.image.view)).all()
    assert not panel.simulate.export(tmp_path / "map.nc", simulated.name)
    assert "only .zarr can" in spoken[-1]
    with qtbot.waitSignal(panel.simulate.export_job.done, timeout=60_000):
        assert panel.simulate.export(tmp_path / "map.zarr", simulated.name)
    np.testing.assert_allclose(read(tmp_path / "map.zarr").values, scan_of(simulated).values, rtol=1e-4, atol=1e-3)
