"""What every analysis of the tab shares: when it runs, how it is stopped, what it says, how it is exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from napari_scantwin import writers
from napari_scantwin.core.errors import ScanError
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.jobs import Job, say_error
from napari_scantwin.viewer.kit.tables import Table
from napari_scantwin.viewer.session import ScanLayer

__all__ = ["Analysis", "new_combo", "said_no"]

#: A setting that changes starts the analysis anew after this rest (ms), so that typing does not start ten.
_REST = 250
_LISTS = {"text": "Text (*.txt)", "sequence": "MultiVu sequence (*.seq)"}


def said_no(check: Callable[[], object]) -> str:
    """The sentence with which ``check`` refuses, empty where it does not."""
    try:
        check()
    except ScanError as reason:
        return str(reason)
    return ""


def new_combo(*choices: tuple[str, object], tip: str = "") -> Combo:
    """A combo of (words, data) that may be narrower than its longest words."""
    combo = Combo()
    for words, data in choices:
        combo.addItem(words, data)
    combo.setToolTip(tip)
    return combo


class Analysis(QWidget):
    """One analysis: a form, a plot, a table. Subclasses give ``title``, :meth:`why_not`, :meth:`build`,
    :meth:`prepare` and :meth:`show_result`.

    It runs when it is seen and something it rests on has changed, in a thread, one run at a time; ``shown(result)``
    when a result is on screen. A run that the user cancels leaves the earlier result as it is.
    """

    title = ""
    shown = Signal(object)
    #: When the result's maps are on the canvas.
    mapped = Signal()

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        self.result = self._subject = None
        self._stale, self._again = True, False
        #: Whether the run being prepared was asked for by the button.
        self.asked = False
        self.job, self.export_job = Job(self), Job(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(lambda: self.run() if self.isVisible() else None)
        self.body = QVBoxLayout()
        self.button = QPushButton("Calculate")
        self.button.clicked.connect(self.toggle)
        self.export_button = QPushButton("Export…")
        self.export_button.setMenu(self._export_menu())
        self.export_button.setEnabled(False)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.said.setStyleSheet("font-size: 8pt")  # a fit's figures are many words
        below = QHBoxLayout()
        below.addWidget(self.button)
        below.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self.body.setSpacing(4)
        layout.addLayout(self.body, 1)
        layout.addLayout(below)
        layout.addWidget(self.said)
        layout.addStretch(0)
        self.job.progressed.connect(lambda share: self.said.setText(f"Calculating … {100 * share:.0f} %"))
        self.job.done.connect(self._done)
        self.job.failed.connect(self._failed)
        self.job.cancelled.connect(lambda: self.said.setText("Cancelled; what is shown is as it was."))
        self.job.ended.connect(self._idle)
        self.export_job.done.connect(lambda paths: self.said.setText(f"Wrote {', '.join(p.name for p in paths)}"))
        self.export_job.failed.connect(say_error)
        self.build()
        self.chosen()

    # what a subclass gives

    def build(self) -> None:
        """Make the form, the plot and the table, and put them into ``body``."""
        raise NotImplementedError

    @staticmethod
    def why_not(scan) -> str:
        """Why the analysis does not fit a scan, in a sentence; empty where it does. Quick: it looks at axes and
        units only."""
        raise NotImplementedError

    def prepare(self) -> Callable:
        """The work ``(report, stop) -> result`` with the form's settings; raises :class:`ScanError` in words."""
        raise NotImplementedError

    def show_result(self, result) -> None:
        """Show what the work brought."""
        raise NotImplementedError

    def show_maps(self) -> None:
        """Show the result's maps over the scan, or take them away where they are not wanted."""

    def chosen(self) -> None:
        """Another scan was chosen: offer its axes, units and neighbours in the form."""

    def exports(self) -> dict[str, Callable]:
        """What can be exported: the menu's words, and a function of the path that writes it (``stop`` by keyword)."""
        return {}

    def put_on_map(self, *changed) -> None:
        """Have the result's maps shown, unless another analysis is on screen or another scan was chosen since."""
        stack = self.parent()
        in_front = not isinstance(stack, QStackedWidget) or stack.currentWidget() is self
        if self.result is not None and self._subject is self.layer and self.layer in self._viewer.layers and in_front:
            self.show_maps()

    # running

    @property
    def layer(self):
        """The chosen layer, or None."""
        return self._chooser.layer

    @property
    def twin(self):
        """The chosen scan's twin, or None."""
        return ScanLayer(self.layer).twin

    def showEvent(self, event) -> None:
        super().showEvent(event)
        if self.result is None:
            self._show_parts(False)
        if self._stale:
            self.refresh()

    def refresh(self, *changed) -> None:
        """Calculate anew, at once where the analysis is seen, else when it is next seen."""
        self._stale = True
        if self.result is not None and self._subject is not self.layer:
            self._forget()
        if self.isVisible():
            self._timer.start()

    def _forget(self) -> None:
        """Show no result, as it is another scan's."""
        self.result = None
        self.export_button.setEnabled(False)
        self.said.setText("")
        for table in self.findChildren(Table):
            table.setRowCount(0)
        self._show_parts(False)

    def _show_parts(self, on: bool) -> None:
        """Show the plot and the tables, or, while they are empty, hide them."""
        for part in (*self.findChildren(Table), self.plot.widget):
            part.setVisible(on)
        # While they are hidden the room is left below the button and what is said, so that both are seen.
        layout = self.layout()
        layout.setStretch(0, int(on))
        layout.setStretch(layout.count() - 1, int(not on))

    def toggle(self) -> None:
        """Calculate, or stop a calculation that runs."""
        if self.job.running:
            self._again = False
            self.job.stop()
            self.button.setText("Stopping…")
        else:
            self.run(asked=True)

    def run(self, asked: bool = False) -> bool:
        """Start calculating; False, with a sentence (beside the form, or aloud where it was ``asked``), where that
        cannot be."""
        self._timer.stop()
        if self.job.running:
            self._again = True
            self.job.stop()
            return False
        if self._chooser.scan is None or self.why_not(self._chooser.scan):
            return False
        self._stale, self.asked = False, asked
        try:
            work = self.prepare()
        except ScanError as reason:
            self.said.setText(str(reason))
            if asked:
                say_error(reason)
            return False
        layer = self.layer
        self.button.setText("Cancel")
        self.said.setText("Calculating …")
        return self.job.start(lambda report, stop: (layer, work(report, stop)))

    def _done(self, found) -> None:
        layer, result = found
        if layer is not self.layer or layer not in self._viewer.layers:
            return
        self.result, self._subject = result, layer
        self.said.setText("")
        self._show_parts(True)
        self.show_result(result)
        self.export_button.setEnabled(True)
        self.shown.emit(result)

    def _failed(self, reason) -> None:
        if isinstance(reason, ScanError):
            self.said.setText(str(reason))
        else:
            self.said.setText("The calculation did not succeed; what is shown is as it was.")
            say_error(reason)

    def _idle(self) -> None:
        self.button.setText("Calculate")
        if self._again:
            self._again = False
            self.run()

    # export

    def _export_menu(self) -> QMenu:
        menu = QMenu(self)

        def fill() -> None:
            menu.clear()
            for words in self.exports():
                menu.addAction(words, lambda words=words: self._ask_export(words))

        menu.aboutToShow.connect(fill)
        return menu

    def _ask_export(self, words: str) -> None:
        kinds = "CSV (*.csv)"
        if words.startswith("Map"):
            kinds = ";;".join(f"{title} (*{suffix})" for suffix, title in writers.FORMATS.items())
        elif words.startswith("Plot"):
            kinds = "SVG (*.svg);;PNG (*.png)"
        elif words.startswith("List"):
            kinds = next((kind for told, kind in _LISTS.items() if told in words), kinds)
        path, chosen = QFileDialog.getSaveFileName(self, f"Export: {words}", "", kinds)
        if path:
            if not Path(path).suffix:
                path += chosen[chosen.rindex("*") + 1 : -1]
            self.export(words, path)

    def export(self, words: str, path) -> bool:
        """Write one of :meth:`exports`; plots in this thread (they are widgets), the rest in the background."""
        path = Path(path)
        write = self.exports().get(words)
        if write is None:
            say_error(f"There is no {words.lower()} to export yet; calculate first.")
            return False
        if words.startswith("Plot"):
            try:
                write(path)
            except Exception as reason:
                say_error(reason)
                return False
            self.said.setText(f"Wrote {path.name}")
            return True
        if self.export_job.running:
            say_error("An export is running; wait for it first.")
            return False

        def work(report, stop):
            write(path, stop=stop)
            return [path]

        return self.export_job.start(work)
