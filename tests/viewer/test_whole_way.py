"""Open, train, simulate, cut, export, reopen: the real widgets in a real window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin import scan as scans
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.twin import Twin
from napari_scantwin.viewer.layers import frame_of, scan_of
from napari_scantwin.viewer.show_twin import result_of


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
    assert panel.train.table.rowCount() == len(layer.metadata["twin"].score.methods) >= 6
    assert "on sweeps left out" in panel.train.status.text()

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
    np.testing.assert_array_equal(kept.predict(points)[0], layer.metadata["twin"].predict(points)[0])


@pytest.mark.parametrize("key", ["ferromagnet", "arpes"])
def test_the_samples_go_the_whole_way(key, panel, qtbot, tmp_path, open_scan, train_scan):
    whole_way(panel, qtbot, tmp_path, open_scan(sample_path(key)), train_scan)


@pytest.mark.parametrize("name", ["erco2_magnetization.csv", "pdh_resistance.csv", "arpes_map.csv"])
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


def test_a_dragged_line_moves_its_cut_in_physical_units(panel, qtbot, open_scan, train_scan):
    layer = open_scan(sample_path("ferromagnet"))
    train_scan()
    panel.cuts.add_line({"magnetic_field": 1e4, "temperature": 12.0}, {"magnetic_field": 1e4, "temperature": 55.0})
    panel._viewer.layers.selection.active = layer
    shapes = panel.cuts._shapes
    frame = frame_of(layer)
    shapes.data = [frame.to_world([[2e4, 20.0], [3e4, 50.0]])]
    qtbot.waitUntil(lambda: abs(panel.cuts.lines[0].cut.start["magnetic_field"] - 2e4) < 1, timeout=2000)
    cut = panel.cuts.lines[0].cut
    assert cut.running == "temperature"
    assert cut.across == "magnetic_field"
    np.testing.assert_allclose(cut.end["magnetic_field"], 3e4)
    curve = panel.cuts.values_of(panel.cuts.lines[0])[1]
    twin = layer.metadata["twin"]
    np.testing.assert_allclose(curve.values[0], twin.predict(np.array([[2e4, 20.0]]))[0][0], rtol=1e-5)


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
