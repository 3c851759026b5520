"""A run in progress in the window: the layer grows where it stands, and nothing is taken from the user."""

import numpy as np
import pytest
from napari.utils.colormaps import ensure_colormap
from qtpy.QtCore import Qt

from napari_scantwin.core import scan as scans
from napari_scantwin.sections import Cut
from napari_scantwin.viewer.canvas.layers import limits
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_of
from napari_scantwin.viewer.watch import watch as watching

from ...growing import growing_csv, growing_mpms3


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Looks at the file ten times a second."""
    monkeypatch.setattr(watching, "LOOK", 100)


@pytest.fixture
def run(tmp_path, open_scan):
    """A file of four sweeps, open."""
    file = growing_mpms3(tmp_path / "run.dat")
    for number in range(4):
        file.add(number)
    return file, open_scan(file.path)


def view_of(panel, layer):
    """What must not change by itself: camera, frame, tab and selected layers."""
    camera, viewer = panel.viewer.scene.camera, panel.viewer
    view = (camera.zoom, tuple(camera.center), frame_of(layer))
    return (*view, panel.tabs.currentIndex(), set(viewer.layers.selection))


def sweeps_of(layer):
    return scans.sweep_count(scan_of(layer))


def test_new_sweeps_join_where_they_stand(panel, qtbot, run):
    file, layer = run
    camera = panel.viewer.scene.camera
    assert panel.watch.start()
    qtbot.waitUntil(lambda: "4 sweeps, last at" in panel.watch.status.text())
    panel.show_tab(panel.sweeps)
    qtbot.waitUntil(lambda: panel.sweeps.table.rowCount() == 4)
    panel.sweeps.table.item(1, 0).setCheckState(Qt.Unchecked)
    panel.sweeps.table.selectRow(2)
    panel.sweeps.choice.low.setText("200")
    layer.face_colormap = "magma"
    layer.face_contrast_limits = (0.0, 0.05)
    panel.cuts.add_sweep(2)
    cut = panel.cuts.lines[0].cut
    assert isinstance(cut, Cut)
    camera.zoom *= 1.5
    camera.center = (0.0, camera.center[1] + 5, camera.center[2] + 3)
    before = view_of(panel, layer)
    file.add(4, 0, 0.5)
    qtbot.waitUntil(lambda: sweeps_of(layer) == 5, timeout=15_000)
    assert "5 sweeps, 10000 Oe in progress" in panel.watch.status.text()
    file.add(4, 0.5, 1)
    qtbot.waitUntil(lambda: scan_of(layer).size == 505, timeout=15_000)
    qtbot.waitUntil(lambda: "5 sweeps, last at" in panel.watch.status.text())
    assert view_of(panel, layer) == before
    assert panel.chooser.layer is layer
    assert np.array_equal(np.flatnonzero(scan_of(layer)["masked"].values), np.arange(101, 202))
    assert np.allclose(layer.face_color[101:202, 3], 0.15)
    assert np.allclose(layer.face_color[202:, 3], 1.0)
    expected = ensure_colormap("magma").map(np.clip(scan_of(layer).values / 0.05, 0, 1))
    assert np.allclose(layer.face_color[:, :3], expected[:, :3], atol=0.01)
    assert layer.face_colormap.name == "magma"
    assert tuple(layer.face_contrast_limits) == (0.0, 0.05)
    assert panel.sweeps.table.rowCount() == 5
    assert {index.row() for index in panel.sweeps.table.selectedIndexes()} == {2}
    assert panel.sweeps.choice.low.text() == "200"
    assert [line.cut for line in panel.cuts.lines] == [cut]
    assert ScanLayer(layer).twin is None


def test_a_view_that_nobody_moved_shows_what_is_new(panel, qtbot, tmp_path, open_scan):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1), file.add(2, 0, 0.4)  # points: a part of a row
    layer = open_scan(file.path)
    qtbot.waitUntil(lambda: panel.overlay.untouched)
    assert panel.watch.start()
    file.add(2, 0.4, 1), file.add(3), file.add(4)
    qtbot.waitUntil(lambda: sweeps_of(layer) == 5, timeout=15_000)

    def within() -> bool:
        pixels = [panel.overlay.pixel(row, column) for row, column in layer.extent.world]
        size = (panel.overlay.width(), panel.overlay.height())
        return all(-1 <= at <= most + 1 for pixel in pixels for at, most in zip(pixel, size, strict=True))

    qtbot.waitUntil(within)
    assert panel.overlay.untouched
    assert tuple(layer.face_contrast_limits) == pytest.approx(limits(scan_of(layer)))


def test_a_grid_stays_the_image_it_is(panel, qtbot, tmp_path, open_scan):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1), file.add(2)
    layer = open_scan(file.path)
    layer.contrast_limits = (10.0, 300.0)
    layer.colormap = "magma"
    assert panel.watch.start()
    file.add(3, 0, 0.4)
    qtbot.waitUntil(lambda: scan_of(layer).shape == (4, 30), timeout=15_000)
    assert layer in panel.viewer.layers
    assert np.isfinite(layer.data).sum(axis=1).tolist() == [30, 30, 30, 12]
    file.add(3, 0.4, 1)
    qtbot.waitUntil(lambda: bool(np.isfinite(layer.data).all()), timeout=15_000)
    assert np.asarray(layer.data)[3] == pytest.approx(4000 / (np.linspace(2, 40, 30) + 5), rel=1e-4)
    assert tuple(layer.contrast_limits) == (10.0, 300.0)
    assert layer.colormap.name == "magma"


def test_the_twin_its_map_and_the_next_sweep_are_renewed(panel, qtbot, run, train_scan):
    file, layer = run
    train_scan()
    viewer, twin = panel.viewer, ScanLayer(layer).twin
    shown = result_of(layer, "simulated", viewer)
    panel.show_tab(panel.simulate)
    panel.simulate.fields["temperature"].setText("20:40#50")
    viewer.scene.camera.zoom *= 1.3
    before = view_of(panel, layer)
    assert panel.watch.start()
    file.add(4)
    qtbot.waitUntil(lambda: sweeps_of(layer) == 5, timeout=15_000)
    assert ScanLayer(layer).twin.mixture is twin.mixture  # the last one stays until there is another
    qtbot.waitUntil(lambda: ScanLayer(layer).twin.mixture is not twin.mixture, timeout=120_000)
    qtbot.waitUntil(lambda: scan_of(shown).sizes["temperature"] == 50, timeout=15_000)
    new = ScanLayer(layer).twin
    assert len(new.score.sweeps) == 5
    assert new.settings == twin.settings
    assert result_of(layer, "simulated", viewer) is shown
    assert float(scan_of(shown)["magnetic_field"].min()) == pytest.approx(10_000, abs=1)
    assert panel.simulate.fields["temperature"].text() == "20:40#50"
    assert panel.simulate.fields["magnetic_field"].held[0] == pytest.approx(10_000, abs=1)
    qtbot.waitUntil(lambda: f"{ScanLayer(layer).proposals[0].value:g}" in panel.card.words, timeout=15_000)
    assert view_of(panel, layer) == before
    panel.train.scoring.stop()


def test_it_waits_while_the_user_works(panel, qtbot, run, monkeypatch):
    file, layer = run
    assert panel.watch.start()
    qtbot.waitUntil(lambda: "4 sweeps" in panel.watch.status.text())
    done = []
    panel.process.job.start(lambda report, stop: done.append(stop.wait(20)) or (None, None, None))
    file.add(4)
    qtbot.wait(1500)
    assert sweeps_of(layer) == 4
    monkeypatch.setattr(panel.process, "_show", lambda found: None)
    panel.process.job.abandon()
    qtbot.waitUntil(lambda: sweeps_of(layer) == 5, timeout=15_000)


def test_a_lost_file_is_one_sentence_and_it_goes_on(panel, qtbot, run, spoken):
    file, layer = run
    assert panel.watch.start()
    qtbot.waitUntil(lambda: "4 sweeps" in panel.watch.status.text())
    file.lose()
    qtbot.waitUntil(lambda: "any more; watching goes on until it is back." in panel.watch.status.text())
    assert sweeps_of(layer) == 4
    file.bring_back()
    file.add(4)
    qtbot.waitUntil(lambda: sweeps_of(layer) == 5, timeout=15_000)
    assert "any more" not in panel.watch.status.text()
    assert spoken == []


def test_it_is_begun_and_ended_in_the_menu_and_ends_with_its_layer(panel, qtbot, run, spoken):
    _, layer = run
    panel.menu.menu().aboutToShow.emit()
    assert panel.menu.watching.isEnabled()
    panel.menu.watching.trigger()
    assert panel.watch.isVisible()
    panel.menu.menu().aboutToShow.emit()
    assert panel.menu.watching.isChecked()
    panel.watch.stop_button.click()
    assert not panel.watch.isVisible()
    assert panel.watch.start()
    panel.viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: panel.watch.layer is None)
    assert not panel.watch.isVisible()
    assert not panel.watch.start()
    assert "Open a scan first" in spoken[-1]
