"""An analysis in the window: its form, its plot, its table and its maps, all made from its description."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from qtpy.compat import isalive
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin import writers
from napari_scantwin.analyses import Analysis, Findings
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.operations.source import Source
from napari_scantwin.viewer.analyse.other_scan import OtherScan
from napari_scantwin.viewer.canvas.map_layers import derived_layers, prepare_maps, show_maps, show_or_hide
from napari_scantwin.viewer.kit.beside import beside
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.folders import PICTURES, ask_path, file_name
from napari_scantwin.viewer.kit.form import ParameterForm
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.reasons import Reason, in_words
from napari_scantwin.viewer.kit.tables import NumberTable, fill
from napari_scantwin.viewer.kit.tips import enable
from napari_scantwin.viewer.session import ScanLayer
from napari_scantwin.writers.tables import write_table

__all__ = ["AnalysisWidget"]

#: A setting that changes starts the analysis again after this rest (ms), so that typing does not start ten.
_REST = 250
_LISTS = {"text": "Text (*.txt)", "sequence": "MultiVu sequence (*.seq)"}
_COPY = "Copy the list; Export… saves it, that of sweeps as a MultiVu sequence too"


class AnalysisWidget(QWidget):
    """One analysis: a form, a plot, a table and maps over the scan, from what the analysis says of itself.

    It runs when it is seen and something it rests on has changed, in a thread, one run at a time; ``shown(findings)``
    when a result is on screen, ``mapped`` when its maps are on the canvas. A run that the user cancels leaves the
    earlier result as it is.
    """

    shown = Signal(object)
    mapped = Signal()

    def __init__(self, analysis: Analysis, viewer, chooser, parent=None):
        super().__init__(parent)
        self.analysis = analysis
        self._viewer, self._chooser = viewer, chooser
        self.result: Findings | None = None
        self._prepared: dict[str, list[tuple]] = {}
        self._over: set[str] = set()
        self._subject = None
        self._cache: dict = {}
        self._cache_of: tuple = ()
        self._stale, self._again = True, False
        self.job, self.export_job = Job(self), Job(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(lambda: self.run() if self.isVisible() else None)
        self._build()
        self.job.progressed.connect(lambda share: self.said.setText(f"Calculating … {100 * share:.0f} %"))
        self.job.done.connect(self._done)
        self.job.failed.connect(self._failed)
        self.job.cancelled.connect(lambda: self.said.setText("Cancelled; what is shown is as it was."))
        self.job.ended.connect(self._idle)
        self.export_job.done.connect(lambda paths: self.said.setText(f"Wrote {', '.join(p.name for p in paths)}"))
        self.export_job.failed.connect(lambda reason: self.reason.say(reason))
        self.chosen()

    def _build(self) -> None:
        self.form = ParameterForm(scan_combo=self._scan_combo, further=self.analysis.further)
        self.form.changed.connect(self._asked_otherwise)
        self.form.slid.connect(self._slid)
        self.view, self.on_map = Combo(), QCheckBox("on the map")
        self.view.currentIndexChanged.connect(self._show_view)
        self.on_map.setChecked(True)
        self.on_map.setToolTip("Show the result's maps over the scan")
        self.on_map.toggled.connect(self.put_on_map)
        self.plot, self.table = CurvePlot(name=lambda: self.analysis.title), NumberTable()
        self.plot.on_window = self.form.fill  # which asks for the analysis again
        self.list = QPlainTextEdit()
        self.list.setReadOnly(True)
        self.list.setMinimumHeight(70)
        self.copy = QPushButton("Copy list")
        self.copy.setToolTip(_COPY)
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.list.toPlainText()))
        self.button = QPushButton("Calculate")
        self.button.clicked.connect(self.toggle)
        self.export_button = QPushButton("Export…")
        self.export_button.setMenu(self._export_menu())
        enable(self.export_button, "Calculate first")
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.said.setStyleSheet("font-size: 8pt")  # a fit's figures are many words
        self.reason = Reason(lambda: self.form.named_fields)
        self._asked = False
        self.body = QVBoxLayout()
        self.body.setSpacing(4)
        self.body.addWidget(self.form)
        self.body.addLayout(_row(self.view, self.on_map))
        self.lists = QWidget()
        column = QVBoxLayout(self.lists)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list, 1)
        column.addWidget(self.copy)
        self.results = beside(self.plot.widget, self.table, self.lists)
        self.body.addWidget(self.results, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self.body, 1)
        layout.addLayout(_row(self.button, self.export_button))
        layout.addWidget(self.reason)
        layout.addWidget(self.said)
        layout.addStretch(0)
        self._show_parts(False)

    def _scan_combo(self, parameter) -> OtherScan:
        return OtherScan(self._viewer, self._chooser, parameter.fits)

    # the form

    def chosen(self) -> None:
        """Another scan was chosen: ask for what the analysis needs of it."""
        scan = self._chooser.scan
        if scan is not None and self.analysis.why_not(scan) is None:
            self.form.show_parameters(self.analysis.parameters, scan, self._kept)

    def _kept(self, parameter) -> ScanLayer | None:
        """Where what is typed about a sample stays: with the layer of its scan."""
        layer = self.layer if parameter.belongs_to == "scan" else self.form.fields[parameter.belongs_to].layer
        return None if layer is None else ScanLayer(layer)

    def _asked_otherwise(self) -> None:
        self._stale = True
        if self.isVisible():
            self._timer.start()

    def _slid(self) -> None:
        """A slider was moved: the result follows as fast as it is worked out, nothing being thrown away."""
        self._stale = True
        if self.job.running:
            self._again = True
        elif self.isVisible():
            self._timer.stop()
            self.run()

    def _source(self) -> Source:
        return Source(self._chooser.scan, self.twin)

    def prepare(self) -> Callable:
        """The work ``(report, stop) -> (findings, layers by view)`` with the form's settings; raises
        :class:`ScanError` in words."""
        analysis, source, layer = self.analysis, self._source(), self.layer
        given = self.form.given()
        whose = (source.scan, source.twin)
        if any(one is not other for one, other in zip(whose, self._cache_of or (None, None), strict=True)):
            self._cache, self._cache_of = {}, whose
        cache = self._cache

        def work(report, stop):
            found = analysis(source, on_progress=report, stop_event=stop, cache=cache, **given)
            views = found.plots if any(view for view in found.maps) else [""]
            return found, {view: prepare_maps(layer, found.maps_in(view)) for view in views}

        return work

    # the result

    def show_result(self, found: Findings, prepared: dict[str, list[tuple]]) -> None:
        """Show what was found."""
        self._prepared = prepared
        titles = list(found.plots)
        if titles != [self.view.itemText(k) for k in range(self.view.count())]:
            before = self.view.currentText()
            self.view.blockSignals(True)
            self.view.clear()
            self.view.addItems(titles)
            self.view.setCurrentText(before)
            self.view.blockSignals(False)
        if found.tables:
            fill(self.table, *next(iter(found.tables.values())).in_words)
        self.list.setPlainText(found.text)
        self._show_view()

    def _show_view(self, *index) -> None:
        if self.result is None:
            return
        plot = self.result.plots.get(self.view.currentText())
        if plot is not None:
            self.plot.show(plot)
        words = plot.words if plot is not None and plot.words else "\n".join(self.result.notes)
        self.said.setText(words)
        self.put_on_map()

    def _maps(self) -> list[tuple]:
        return self._prepared.get(self.view.currentText(), self._prepared.get("", []))

    def show_maps(self) -> None:
        """Show the result's maps: in the scan's place, or, such as a boundary, over it."""
        layer, wanted, prepared = self.layer, self.on_map.isChecked(), self._maps()
        over = [one for one in self.result.maps_in(self.view.currentText()) if one.over]
        if not over and not self._over:
            show_or_hide(self._viewer, layer, prepared, wanted, self._tell_mapped)
            return
        keys = {one.key for one in over}
        self._over |= keys
        active = self._viewer.layers.selection.active

        def done() -> None:
            for key in self._over:
                for one in derived_layers(self._viewer, layer, key):
                    one.visible = wanted and key in keys
            if active in self._viewer.layers:  # the rulers and the colour bar stay those of the map
                self._viewer.layers.selection.active = active

        if wanted and prepared:
            show_maps(self._viewer, layer, prepared, done)
        else:
            done()

    def _tell_mapped(self) -> None:
        if isalive(self):  # maps come a turn of the event loop each, and the panel may be closed meanwhile
            self.mapped.emit()

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
        if self._stale:
            self.refresh()

    def refresh(self, *changed) -> None:
        """Calculate again, at once where the analysis is seen, else when it is next seen."""
        self._stale = True
        if self.result is not None and self._subject is not self.layer:
            self._forget()
        if self.isVisible():
            self._timer.start()

    def _forget(self) -> None:
        """Show no result, as it is another scan's."""
        self.result, self._prepared = None, {}
        enable(self.export_button, "Calculate first")
        self.said.setText("")
        self.table.setRowCount(0)
        self._show_parts(False)

    def _show_parts(self, on: bool) -> None:
        """Show the parts that the result fills, or, while there is none, hide them."""
        found = self.result if on else None
        self.plot.widget.setVisible(found is not None and bool(found.plots))
        self.view.setVisible(found is not None and len(found.plots) > 1)
        self.on_map.setVisible(found is not None and bool(found.maps))
        self.table.setVisible(found is not None and bool(found.tables) and not found.text)
        for part in (self.lists, self.list, self.copy):
            part.setVisible(found is not None and bool(found.text))
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
        if self._chooser.scan is None or self.analysis.why_not(self._chooser.scan) is not None:
            return False
        self._stale, self._asked = False, asked
        self.reason.clear()
        try:
            waits = self.analysis.waits
            if not asked and waits is not None and (reason := waits(self._source(), self.form.values)):
                raise ScanError(reason)
            work = self.prepare()
        except ScanError as reason:
            return self._refused(reason)
        layer = self.layer
        self.button.setText("Cancel")
        self.said.setText("Calculating …")
        return self.job.start(lambda report, stop: (layer, work(report, stop)))

    def _done(self, found) -> None:
        layer, (findings, prepared) = found
        if layer is not self.layer or layer not in self._viewer.layers:
            return
        self.result, self._subject = findings, layer
        self._show_parts(True)
        self.show_result(findings, prepared)
        enable(self.export_button)
        self.shown.emit(findings)

    def _refused(self, reason: ScanError) -> bool:
        """Say why it cannot be: beside the field where something wrong stands in it or the button was pressed, else in
        plain words, as nobody has done anything wrong yet."""
        if self._asked or (isinstance(reason, WrongParameter) and self.form.is_typed(reason.parameter)):
            self.said.setText("")
            return self.reason.say(reason)
        titles = {name: title for name, (title, _) in self.form.named_fields.items()}
        self.said.setText(in_words(reason.in_form if isinstance(reason, WrongParameter) else str(reason), titles))
        return False

    def _failed(self, reason) -> None:
        if isinstance(reason, ScanError):
            self._refused(reason)
        else:
            self.said.setText("The calculation did not succeed; what is shown is as it was.")
            self.reason.say(reason)

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
            kinds = PICTURES
        elif words.startswith("List"):
            kinds = next((kind for told, kind in _LISTS.items() if told in words), kinds)
        what = words.removeprefix("Map: ").removeprefix("Plot")
        name = file_name(self.layer.name, self.analysis.title, what) + re.search(r"\*(\.\w+)", kinds).group(1)
        path, _ = ask_path(self, f"Export: {words}", name, kinds)
        if path is not None:
            self.export(words, path)

    def exports(self) -> dict[str, Callable]:
        """What can be exported: the menu's words, and a function of the path that writes it (``stop`` by keyword)."""
        found = self.result
        if found is None:
            return {}
        offered: dict[str, Callable] = {}
        for title, table in found.tables.items():
            offered[title] = lambda path, stop=None, table=table: write_table(
                path, table.heads, table.rows, table.about
            )
        if found.plots:
            offered["Plot"] = self.plot.export
        for title, scan in found.scans.items():
            offered[f"Map: {title}"] = lambda path, stop=None, scan=scan: writers.write(scan, path, stop=stop)
        return offered | dict(found.writers)

    def export(self, words: str, path) -> bool:
        """Write one of :meth:`exports`; plots in this thread (they are widgets), the rest in the background."""
        path = Path(path)
        write = self.exports().get(words)
        if write is None:
            return self.reason.say(f"There is no {words.lower()} to export yet; calculate first.")
        if words.startswith("Plot"):
            try:
                write(path)
            except Exception as reason:
                return self.reason.say(reason)
            self.said.setText(f"Wrote {path.name}")
            return True
        if self.export_job.running:
            return self.reason.say("An export is running; wait for it first.")

        def work(report, stop):
            write(path, stop=stop)
            return [path]

        return self.export_job.start(work)


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget, 0 if isinstance(widget, QCheckBox) else 1)
    return row
