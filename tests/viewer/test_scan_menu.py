"""Copy as Python: what was clicked, as a script."""

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_scantwin.core import scan as scans
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.canvas.visibility import show_view, view_shown
from napari_scantwin.viewer.kept_view import view_of
from napari_scantwin.viewer.session import ScanLayer, scan_of


def leave_out_second(panel, qtbot):
    panel.show_tab(panel.sweeps)
    qtbot.waitUntil(lambda: panel.sweeps.table.item(1, 0) is not None)
    panel.sweeps.table.item(1, 0).setCheckState(Qt.Unchecked)


def test_what_was_clicked_is_in_the_script(panel, qtbot, open_scan, train_scan):
    layer = open_scan(sample_path("palladium_hydride"))
    leave_out_second(panel, qtbot)
    train_scan()
    panel.cuts.add_sweep(2)
    assert panel.menu.copy_python()
    text = QApplication.clipboard().text()
    compile(text, "script", "exec")
    masked = np.flatnonzero(scan_of(layer)["masked"].values)
    assert np.array_equal(masked, np.flatnonzero(scans.points(scan_of(layer)).sweep == 1))
    assert f"masked[{masked[0]}:{masked[-1] + 1}] = True" in text
    assert "members=2, time_budget=2.0" in text
    assert repr(panel.cuts.lines[0].cut.start["temperature"]) in text
    assert str(sample_path("palladium_hydride").absolute()) in text


def test_without_a_scan_there_is_a_sentence(panel, spoken):
    assert not panel.menu.copy_python()
    assert "Open a scan" in spoken[-1]


def test_a_session_comes_back_as_it_was(panel, qtbot, open_scan, train_scan, tmp_path):
    layer = open_scan(sample_path("palladium_hydride"))
    leave_out_second(panel, qtbot)
    train_scan()
    panel.cuts.add_sweep(2)
    panel.cuts.set_color(0, "#cc79a7")
    cut = panel.cuts.lines[0].cut
    show_view(panel.viewer, layer, "±")
    assert "shown_x" not in view_of(panel)  # what nobody zoomed is fitted again
    panel.viewer.scene.camera.zoom *= 1.7
    panel.show_tab(panel.cuts)
    proposed = [one.value for one in ScanLayer(layer).proposals]
    before, script = view_of(panel), panel.menu.copy_python() and QApplication.clipboard().text()
    values = result_of(layer, "simulated", panel.viewer).data.copy()
    assert panel.menu.save(tmp_path / "one.scansession")
    qtbot.waitUntil(lambda: not panel.menu.job.running and (tmp_path / "one.scansession").exists(), timeout=30_000)
    panel.viewer.layers.clear()
    qtbot.waitUntil(lambda: panel.chooser.layer is None)
    with qtbot.waitSignal(panel.simulate.simulated, timeout=60_000):
        assert panel.menu.open(tmp_path / "one.scansession")
    qtbot.waitUntil(lambda: view_shown(panel.viewer, panel.chooser.layer) == "±")
    assert proposed
    assert [one.value for one in ScanLayer(panel.chooser.layer).proposals] == proposed
    again = panel.chooser.layer
    assert scan_of(again).identical(scan_of(layer))
    assert np.array_equal(result_of(again, "simulated", panel.viewer).data, values)
    assert [(line.cut, line.color) for line in panel.cuts.lines] == [(cut, "#cc79a7")]
    after = view_of(panel)
    assert (after["tab"], after["colormap"]) == (before["tab"], before["colormap"])
    assert np.allclose(after["limits"], before["limits"])
    for axis in ("shown_x", "shown_y"):
        assert np.allclose(after[axis], before[axis], rtol=0.05, atol=0.05 * np.ptp(before[axis]))
    assert panel.menu.copy_python()
    assert QApplication.clipboard().text() == script


def test_a_session_beside_its_first_copy_is_seen_and_its_cut_has_a_name_of_its_own(panel, qtbot, open_scan, tmp_path):
    first = open_scan(sample_path("arpes"))
    panel.show_tab(panel.cuts)
    assert panel.cuts.add_line()
    panel.viewer.dims.set_point(2, panel.viewer.dims.range[2].start + 0.3 * np.ptp(panel.viewer.dims.range[2][:2]))
    before = view_of(panel)
    assert panel.menu.save(tmp_path / "one.scansession")
    qtbot.waitUntil(lambda: not panel.menu.job.running and (tmp_path / "one.scansession").exists(), timeout=30_000)
    assert panel.menu.open(tmp_path / "one.scansession")
    qtbot.waitUntil(lambda: panel.chooser.layer not in (None, first), timeout=30_000)
    second = panel.chooser.layer
    qtbot.waitUntil(lambda: second.visible and not first.visible, timeout=10_000)
    qtbot.wait(300)  # what comes a turn later, as fitting the view does
    assert view_of(panel) == before
    # The middle of the canvas shows the scan's colours, not the bare ground.
    picture = panel.viewer.screenshot(canvas_only=True, flash=False)
    middle = picture[picture.shape[0] // 3 : -picture.shape[0] // 3, picture.shape[1] // 3 : -picture.shape[1] // 3, :3]
    assert len(np.unique(middle.reshape(-1, 3), axis=0)) > 50
    assert [line.cut.name for line in panel.cuts.lines] == ["line 1", "line 2"]
    assert [line.layer for line in panel.cuts.lines] == [first, second]
    panel.cuts.list.item(1).setText("line 1")  # typed, a name that is taken is no other
    assert panel.cuts.lines[1].cut.name == panel.cuts.list.item(1).text() == "line 2"
