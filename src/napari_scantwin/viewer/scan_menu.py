"""The menu beside the chosen scan: what was done as a script, over more files, as a session to be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QApplication, QMenu, QToolButton

from napari_scantwin import processing
from napari_scantwin.core.errors import ScanError
from napari_scantwin.planning import Proposal, next_sweeps
from napari_scantwin.recipes import as_python
from napari_scantwin.recipes.session_file import SUFFIX, Session, load_session, save_session
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.overlay import canvas_aspect
from napari_scantwin.viewer.canvas.visibility import show_alone
from napari_scantwin.viewer.kept_view import bring_back, view_of
from napari_scantwin.viewer.kit.folders import ask_file, ask_path, file_name
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.recipe_of import recipe_of
from napari_scantwin.viewer.session import ScanLayer, scan_of

if TYPE_CHECKING:
    from napari_scantwin.viewer.batch_window import BatchWindow

__all__ = ["ScanMenu"]

_KINDS = f"Session (*{SUFFIX})"


class ScanMenu(QToolButton):
    """A button that opens the menu; ``job`` saves and opens sessions, ``saved`` follows a session that was written."""

    saved = Signal()

    def __init__(self, panel):
        super().__init__(panel)
        self._panel = panel
        self.batch: BatchWindow | None = None
        self.job = Job(self)
        self.job.done.connect(lambda done: done())
        self.job.failed.connect(lambda reason: panel.reason.say(reason))
        self.setText("⋮")
        self.setPopupMode(QToolButton.InstantPopup)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { font-size: 12pt; }")
        self.setFixedSize(24, 24)
        self.setToolTip("Copy as Python; more files; save or open a session; watch a file that grows")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.python = menu.addAction("Copy as Python", self.copy_python)
        self.python.setToolTip("A script that does from the file on what is on screen: reading, steps, training, cuts")
        self.more = menu.addAction("Same steps over more files…", self.open_batch)
        self.more.setToolTip("What was done to this scan, done to other files, with a table of their results")
        menu.addSeparator()
        self.keep = menu.addAction("Save session…", self.ask_save)
        self.keep.setToolTip("The scan, its twin, cuts and view in one file, to be opened again as they are")
        menu.addAction("Open session…", self._ask_open)
        menu.addSeparator()
        self.lists = menu.addAction("Layer list on the left")
        self.lists.setCheckable(True)
        self.lists.setToolTip("napari's layer list and controls beside the canvas; else tabs behind this panel")
        self.lists.triggered.connect(lambda on: panel.put_lists(behind=not on))
        self.watching = menu.addAction("Watch its file")
        self.watching.setCheckable(True)
        self.watching.setToolTip("Follow a run in progress: new sweeps join the scan, and its twin is trained again")
        self.watching.triggered.connect(lambda on: panel.watch.start() if on else panel.watch.stop())
        menu.aboutToShow.connect(self._enable)
        self.setMenu(menu)

    def _enable(self) -> None:
        for action in (self.python, self.more, self.keep):
            action.setEnabled(self._panel.chooser.layer is not None)
        layer = self._panel.chooser.layer
        self.watching.setEnabled(layer is not None)
        self.watching.setChecked(layer is not None and self._panel.watch.layer is layer)

    def copy_python(self) -> bool:
        """Put the script on the clipboard; False, with a sentence, where there is none."""
        self._panel.reason.clear()
        try:
            text = as_python(recipe_of(self._panel))
        except ScanError as reason:
            return self._panel.reason.say(reason)
        QApplication.clipboard().setText(text)
        _tell("Copied a script that does this again from the file on; paste it into a .py file or a notebook.")
        return True

    def open_batch(self) -> BatchWindow | None:
        """Open the window that does what is on screen to more files; one at a time, which comes to the front again."""
        if self.batch is not None:
            self.batch.raise_()
            return self.batch
        self._panel.reason.clear()
        try:
            recipe = recipe_of(self._panel)
        except ScanError as reason:
            self._panel.reason.say(reason)
            return None
        from napari_scantwin.viewer.batch_window import BatchWindow

        self.batch = BatchWindow(recipe, str(self._panel.chooser.layer.name), self.window())
        self.batch.destroyed.connect(self._batch_closed)
        self.batch.show()
        return self.batch

    def _batch_closed(self, *gone) -> None:
        self.batch = None

    def shut(self) -> None:
        """Close the window of the batch and stop what it does."""
        if self.batch is not None:
            self.batch.close()

    def ask_save(self) -> None:
        """Ask where to save the session, and save it."""
        name = file_name(Path(str(self._panel.chooser.layer.name)).stem) + SUFFIX
        path, _ = ask_path(self, "Save session", name, _KINDS)
        if path is not None:
            self.save(path)

    def save(self, path) -> bool:
        """Write the session in the background; False, with a sentence, where that cannot begin."""
        self._panel.reason.clear()
        try:
            recipe = recipe_of(self._panel)
        except ScanError as reason:
            return self._panel.reason.say(reason)
        layer = self._panel.chooser.layer
        session = Session(recipe, scan_of(layer), ScanLayer(layer).twin, view_of(self._panel), str(layer.name))

        def work(report, stop):
            written = save_session(session, path)
            return lambda: self._saved(layer, written)

        return self.job.start(work)

    def _saved(self, layer, path: Path) -> None:
        if layer in self._panel.viewer.layers and ScanLayer(layer).twin is not None:
            ScanLayer(layer).tell_saved()
        self.saved.emit()
        _tell(f"Wrote {path.name}")

    def _ask_open(self) -> None:
        path = ask_file(self, "Open session", _KINDS)
        if path is not None:
            self.open(path)

    def open(self, path) -> bool:
        """Open a session in the background; False while another is being opened or saved."""

        def work(report, stop):
            session = load_session(path)
            twin = session.twin
            proposals = next_sweeps(twin) if twin is not None and len(twin.axes) > 1 else []
            return lambda: self._show(session, proposals)

        self._panel.reason.clear()
        return self.job.start(work)

    def _show(self, session: Session, proposals: Sequence[Proposal]) -> None:
        panel, viewer = self._panel, self._panel.viewer
        aspect = canvas_aspect(viewer)
        layer = add_scan(viewer, session.scan, kind="measured", name=session.name or None, aspect=aspect)
        ScanLayer(layer).set_twin(session.twin, proposals)
        if session.twin is not None:
            ScanLayer(layer).tell_saved()
        before = len(processing.history(session.scan)) - len(session.recipe.steps)
        ScanLayer(layer).set_opening(session.recipe.opening, before)
        show_alone(viewer, layer)
        panel.chooser.choose(layer)
        for line in session.recipe.cuts:
            panel.cuts.add(line.cut, line.color, line.shown)
        for run in session.recipe.analyses:
            panel.analyse.show_again(run.name, run.given)
        if session.twin is None:
            bring_back(panel, session.view)
            return
        grid = {axis: values for axis, values in (session.recipe.grid or {}).items()} or None

        def seen(shown) -> None:
            if shown is layer:
                panel.simulate.simulated.disconnect(seen)
                bring_back(panel, session.view)

        panel.simulate.simulated.connect(seen)
        panel.simulate.refresh(layer)
        panel.simulate.simulate(session.twin.default_grid() if grid is None else as_arrays(grid))


def as_arrays(grid) -> dict:
    """A grid kept as lists, as arrays."""
    import numpy as np

    return {axis: np.asarray(values, float) for axis, values in grid.items()}


def _tell(words: str) -> None:
    from napari.utils.notifications import show_info

    show_info(words)
