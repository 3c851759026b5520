"""What cannot be done is said where it was tried and stays there; no notice fades away with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

import napari_scantwin.viewer
from napari_scantwin.core.errors import ScanError
from napari_scantwin.recipes.watcher import Watcher
from napari_scantwin.samples import load_sample, sample_path
from napari_scantwin.viewer import plugin
from napari_scantwin.viewer.batch_window import BatchWindow
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.lazy_data import LazyPlanes
from napari_scantwin.viewer.crystal_field.dock import CrystalFieldDock
from napari_scantwin.viewer.kit.reasons import StandingReason, say_error
from napari_scantwin.viewer.patterns.dock import Patterns
from napari_scantwin.viewer.recipe_of import recipe_of
from napari_scantwin.viewer.structures.dock import StructuresDock


@pytest.fixture(autouse=True)
def toasts(monkeypatch):
    """Notices that would fade: there must be none at the end of any test here."""
    import napari.utils.notifications

    faded: list[str] = []
    for name in ("show_error", "show_warning"):
        monkeypatch.setattr(napari.utils.notifications, name, faded.append)
    yield faded
    assert faded == []


def shown(line) -> str:
    """What a line says, and that it is seen."""
    QApplication.processEvents()
    assert line.isVisible() or line.marked
    return line.words


def test_only_one_module_can_make_a_notice_of_an_error():
    room = Path(napari_scantwin.viewer.__file__).parent
    makers = {
        path.relative_to(room).as_posix()
        for path in room.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("show_error", "show_warning"))
    }
    assert makers == {"kit/reasons.py"}


def test_the_menu_of_the_scan_and_watching_say_it_in_the_panel(panel, qtbot, tmp_path):
    assert not panel.menu.copy_python()
    assert "Open a scan" in shown(panel.reason)
    assert not panel.watch.start()
    assert shown(panel.reason) == "Open a scan first."
    panel.reason.cross.click()
    assert not panel.reason.isVisible()
    assert panel.menu.open_batch() is None
    assert "Open a scan" in shown(panel.reason)
    (tmp_path / "broken.scansession").write_text("nothing")
    panel.menu.open(tmp_path / "broken.scansession")
    assert not panel.reason.isVisible()  # what is tried anew is not wrong yet
    qtbot.waitUntil(lambda: not panel.menu.job.running, timeout=20_000)
    assert "broken.scansession" in shown(panel.reason)
    layer = add_scan(panel.viewer, load_sample("palladium_hydride"))
    qtbot.waitUntil(lambda: panel.chooser.layer is layer)
    assert not panel.reason.isVisible()  # it was said of what was chosen before
    assert not panel.watch.start()
    assert "no file of it can be watched" in shown(panel.reason)


def test_trouble_while_watching_stands_in_its_line(panel, qtbot, open_scan, monkeypatch):
    open_scan(sample_path("palladium_hydride"))
    assert panel.watch.start()
    for trouble, words in (
        (ScanError("the file is locked"), "The file is locked; watching goes on."),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ):
        monkeypatch.setattr(Watcher, "look", lambda self, trouble=trouble: (_ for _ in ()).throw(trouble))
        qtbot.waitUntil(lambda: not panel.watch.reading.running, timeout=20_000)
        panel.watch._look()
        qtbot.waitUntil(lambda words=words: words.lower() in panel.watch.status.text().lower(), timeout=20_000)
    panel.watch.stop()


def test_what_has_no_form_is_said_in_the_panel(panel, qtbot, monkeypatch):
    # Of a plane that cannot be read.
    planes = LazyPlanes.__new__(LazyPlanes)
    planes._told, planes._wanted, planes._job = False, None, type("Job", (), {"busy": False})()
    planes._failed(ScanError("the file is gone"))
    assert "he file is gone" in shown(panel.reason)
    # Of the command palette's entries.
    monkeypatch.setattr(plugin, "_panel", lambda: panel)
    plugin.what_next()
    assert "two or more axes" in shown(panel.reason)
    # Of a page that is not in front, beside standing there.
    panel.show_tab(panel.sweeps)
    panel.train.scoring.job.failed.emit(ScanError("the baselines could not be scored"))
    assert shown(panel.reason) == "The baselines could not be scored."
    panel.train.reason.say("Nothing was trained.")
    assert shown(panel.reason) == "Nothing was trained."
    panel.show_tab(panel.train)
    assert shown(panel.train.reason) == "Nothing was trained."


def test_a_waterfall_and_a_batch_say_it_in_their_windows(panel, qtbot, open_scan, tmp_path):
    open_scan(sample_path("arpes"))
    panel.show_tab(panel.cube)
    panel.cube.show_waterfall()
    waterfall = panel.cube.waterfall
    qtbot.waitUntil(lambda: waterfall.stacked is not None, timeout=20_000)
    assert not waterfall.export(tmp_path / "one.doc")
    assert "write a waterfall as .csv, .pdf, .svg or .png" in shown(waterfall.reason)
    assert waterfall.export(tmp_path / "one.csv")
    assert not waterfall.reason.isVisible()
    batch = BatchWindow(recipe_of(panel), "arpes", panel)
    qtbot.addWidget(batch)
    batch.show()
    batch.folder.setText("")
    assert not batch.start()
    assert shown(batch.reason) == "Say which folder the results are written to."
    assert batch.reason.marked == [batch.folder]
    batch.job.failed.emit(ScanError("the disk is full"))
    assert shown(batch.reason) == "The disk is full."


def test_the_crystal_field_dock_marks_what_was_typed(make_napari_viewer, qtbot, tmp_path, monkeypatch):
    viewer = make_napari_viewer(show=True)
    dock = CrystalFieldDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystal field", area="right")
    kelvin = np.geomspace(2, 300, 30)
    rows = "\n".join(f"{t:.6g}\t{1 / (t + 5):.6g}" for t in kelvin)
    (tmp_path / "chi.dat").write_text(f"T (K)\tchi (emu/mol)\n{rows}\n")
    dock.data.open([tmp_path / "chi.dat"])
    qtbot.waitUntil(lambda: dock.data.table.rowCount() == 1, timeout=20_000)
    dock.data.table.selectRow(0)
    form = dock.data.form
    for line, text, words in (
        (form.formula, "Qq5", "no formula"),
        (form.ions, "many", "is a number, not 'many'"),
        (form.low, "few", "se from (K) is a number"),
    ):
        line.setText(text)
        line.editingFinished.emit()
        assert words in shown(form.reason)
        assert form.reason.marked == [line]
        assert line.text() == text  # to be mended
        line.setText("")
        assert not form.reason.marked
        form.show_curves(form._curves)
    form.unit.setCurrentText("furlong/fortnight/banana")
    form.unit.lineEdit().editingFinished.emit()
    assert "banana" in shown(form.reason)
    assert form.reason.marked == [form.unit]
    label = next(label for _, _, label in form.reason._marked if label.text())
    assert label.y() >= form.geometry().bottom() - label.height()  # below the grid, over none of its fields
    dock.data.factor.setEnabled(True)
    dock.data.factor.setText("x")
    dock.data.factor.editingFinished.emit()
    assert dock.data.reason.marked == [dock.data.factor]
    dock.data.open([tmp_path / "missing.dat"])
    qtbot.waitUntil(lambda: not dock.data.job.running, timeout=20_000)
    assert "missing.dat" in shown(dock.data.reason)
    # A search that fails while another tab is in front is said above the tabs too.
    dock.state.job.failed.emit(ScanError("no parameters were found"))
    assert shown(dock.reason) == "No parameters were found."
    dock.show_tab(dock.ion)
    assert shown(dock.ion.reason) == "No parameters were found."
    dock.ion.levels.setText("many")
    dock.ion.levels.editingFinished.emit()
    assert dock.ion.reason.marked == [dock.ion.levels]
    dock.show_tab(dock.answer)
    dock.answer.more.setEnabled(True)
    dock.answer.more.expand(animate=False)
    box = dock.answer.simulate
    monkeypatch.setattr(type(dock.state), "solution", object())
    box.field.setText("1 to")
    box.toggle()
    assert box.reason.marked == [box.field]
    dock.shut()


def test_the_docks_of_structures_and_patterns_say_it_in_themselves(make_napari_viewer, qtbot, tmp_path):
    viewer = make_napari_viewer(show=True)
    dock = StructuresDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystal structures", area="right")
    qtbot.waitUntil(dock.isVisible)
    assert not dock.recognise()
    assert shown(dock.reason) == "Open a cloud of atoms first."
    (tmp_path / "one.cif").write_text("nothing")
    assert not dock.add_own([tmp_path / "one.cif"])
    assert "one.cif" in shown(dock.reason)
    dock.job.failed.emit(ScanError("there are too few atoms"))
    assert shown(dock.reason) == "There are too few atoms."
    dock.card.latest.failed.emit(ScanError("the atom is gone"))
    assert "he atom is gone" in shown(dock.reason)  # the card is behind the classes
    dock.tabs.setCurrentIndex(1)
    assert "he atom is gone" in shown(dock.card.reason)
    dock.shut()
    patterns = Patterns(viewer)
    viewer.window.add_dock_widget(patterns, name="Patterns", area="right")
    qtbot.waitUntil(patterns.components.isVisible)
    patterns.components.job.failed.emit(ScanError("no layers could be made"))
    assert shown(patterns.components.reason) == "No layers could be made."
    patterns.shut()


def test_where_nothing_is_seen_a_notice_is_all_there_is(qtbot, toasts):
    line = StandingReason()
    qtbot.addWidget(line)
    say_error("the disk is full", line)
    assert toasts == ["The disk is full."]
    toasts.clear()
