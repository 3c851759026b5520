"""What to measure next: the curve of expected gain, the list to copy or save, the step, the course."""

from __future__ import annotations

from qtpy.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QPlainTextEdit, QPushButton

from napari_scantwin.analyses.planning import Next, ask, course_of, step_check
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.findings import DerivedMap
from napari_scantwin.planning import as_text, write_plan
from napari_scantwin.viewer.analyse.base import Analysis, said_no
from napari_scantwin.viewer.analyse.planning_form import COURSE, STEP, PlanningForm, number
from napari_scantwin.viewer.analyse.planning_views import drawn, said, table_of
from napari_scantwin.viewer.analyse.second import SecondScan
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.canvas.map_layers import derived_layers, prepare_maps, show_maps
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.session import ScanLayer
from napari_scantwin.writers.tables import write_table

__all__ = ["PlanningAnalysis"]

_LINES, _DOTS = "proposed sweeps", "proposed points"


class PlanningAnalysis(Analysis):
    """Which sweep or point next, is the step fine enough, has it converged."""

    title = "What to measure next"

    @staticmethod
    def why_not(scan) -> str:
        def check() -> None:
            if len(scans.axes(scan)) < 2:
                raise ScanError("a scan of one axis has no sweeps to propose")

        return said_no(check)

    def build(self) -> None:
        self.form = PlanningForm(SecondScan(self._viewer, self._chooser, self._alike))
        self.plot = CurvePlot()
        self.list = QPlainTextEdit()
        self.list.setReadOnly(True)
        self.list.setMinimumHeight(70)
        self.list.setToolTip("What to measure: sweeps best first, points in their order")
        self.copy = QPushButton("Copy list")
        self.copy.setToolTip("Copy the list; Export… saves it, that of sweeps as a MultiVu sequence too")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.list.toPlainText()))
        self.on_map = QCheckBox("on the map")
        self.on_map.setChecked(True)
        self.on_map.setToolTip("Draw what is proposed over the map")
        self.on_map.toggled.connect(self.put_on_map)
        row = QHBoxLayout()
        row.addWidget(self.copy, 1)
        row.addWidget(self.on_map)
        self.body.addWidget(self.form)
        self.body.addWidget(self.plot.widget, 3)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(row)
        self.form.changed.connect(self.refresh)
        self.form.show_fitting()

    def _alike(self, scan) -> bool:
        own = self._chooser.scan
        return own is not None and scans.axes(scan) == scans.axes(own)

    def chosen(self) -> None:
        scan = self._chooser.scan
        if scan is not None and not self.why_not(scan):
            self.form.offer(scan)

    def prepare(self):
        twin, layer, question = self.twin, self.layer, self.form.question.currentData()
        second = self.form.second.layer
        if question == COURSE:
            target = number(self.form.target.text(), "the error to reach")
            earlier = None if second is None else (scan_of(second), ScanLayer(second).twin)
            if earlier is None and not self.asked:
                raise ScanError(
                    "Choose the earlier scan this one goes on from; or press Calculate to replay its own sweeps, which "
                    "trains a twin for each after the fourth and takes minutes"
                )
            scan = self._chooser.scan
            return lambda report, stop: (course_of(scan, twin, earlier, target, report, stop), [])
        if twin is None:
            raise ScanError("Train the scan first; its twin tells what it does not know")
        asked = self.form.asked(layer)
        if question == STEP:
            tolerance = number(self.form.tolerance.text(), "the tolerance")
            if tolerance is None:
                raise ScanError("Say how far the number may be from its value at the finest step")
            axis = self.form.axis.currentData()
            return lambda report, stop: (step_check(twin, asked, tolerance, axis, report, stop), [])

        def work(report, stop):
            result = ask(twin, asked, stop)
            lines = [] if result.lines is None else [_as_map(result)]
            return result, prepare_maps(layer, lines)

        return work

    # the result

    def show_result(self, result) -> None:
        found, self._prepared = result
        self.plot.show(*drawn(found))
        self.said.setText(said(found))
        is_plan = isinstance(found, Next)
        self.list.setVisible(is_plan)
        self.copy.setVisible(is_plan)
        self.on_map.setVisible(is_plan)
        self.list.setPlainText(as_text(found.plan) if is_plan and found.plan.proposals else "Nothing is proposed.")
        self.put_on_map()

    def show_maps(self) -> None:
        shown = self.on_map.isChecked() and bool(self._prepared)
        wanted = _DOTS if shown and self.result[0].points else _LINES
        active = self._viewer.layers.selection.active

        def done() -> None:
            for key in (_LINES, _DOTS):
                for one in derived_layers(self._viewer, self.layer, key):
                    one.visible = shown and key == wanted
            if active in self._viewer.layers:
                self._viewer.layers.selection.active = active

        if shown:
            show_maps(self._viewer, self.layer, self._prepared, done)
        else:
            done()

    def exports(self):
        if self.result is None:
            return {}
        found = self.result[0]
        offered = {"Plot": self.plot.export, "Table": lambda path, stop=None: write_table(path, *table_of(found))}
        if isinstance(found, Next):
            kinds = ("text", "CSV") if found.points else ("text", "CSV", "MultiVu sequence")
            for words in (f"List of {'points' if found.points else 'sweeps'}, {kind}" for kind in kinds):
                offered[words] = lambda path, stop=None: write_plan(path, found.plan, found.scan, found.model)
        return offered


def _as_map(result: Next) -> DerivedMap:
    key, size, border = (_DOTS, 3.0, 0.15) if result.points else (_LINES, 0.9, 0.0)
    return DerivedMap(key, "proposed, twin", result.lines, points=True, color="#f0c0dc", size=size, border=border)
