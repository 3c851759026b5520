"""Fits of photoemission: the Fermi edge, whole or of every channel, and the peaks of EDCs or MDCs with their band."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QPushButton, QScrollArea

from napari_scantwin import processing, units, writers
from napari_scantwin import scan as scans
from napari_scantwin.errors import ScanError
from napari_scantwin.physics.quantity import Quantity
from napari_scantwin.processing.roles import axes_of
from napari_scantwin.viewer.analyse.base import Analysis, new_combo
from napari_scantwin.viewer.analyse.curves import Curve, CurvePlot, gradient
from napari_scantwin.viewer.analyse.map_layers import DerivedMap, prepare_maps, show_maps
from napari_scantwin.viewer.analyse.tables import fill, new_table
from napari_scantwin.viewer.jobs import say_error
from napari_scantwin.viewer.overlay import canvas_aspect
from napari_scantwin.viewer.process.form import ParameterForm
from napari_scantwin.viewer.process.replace import prepare, put_beside
from napari_scantwin.writers.tables import write_table

__all__ = ["FitsAnalysis"]

_POINTS = "fitted positions"
_STEP = "step"
#: How long (ms) until a plot that appears has its place.
_SETTLED = 100


class FitsAnalysis(Analysis):
    """A fit chosen from a list, its form, its figures, a plot, and the fitted peaks over the map.

    It runs when it is asked to: a fit rests on what the form says. The result is (name, findings, layers).
    """

    title = "Fit bands or a Fermi edge"

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(viewer, chooser, parent)
        self._for = None
        self._build()
        self.chosen()

    @staticmethod
    def why_not(scan) -> str:
        if not any(axes_of(scan, quantity) for quantity in ("energy", "angle", "momentum")):
            return "it needs an axis of energy, angle or momentum"
        reasons = [one.why_not(scan) for one in processing.ANALYSES.values()]
        return "" if None in reasons else reasons[-1]

    def _build(self) -> None:
        self.kind = new_combo(tip="What is fitted")
        self.form = ParameterForm()
        self.plot, self.table = CurvePlot(), new_table()
        self.use = QPushButton("Count energies from it")
        self.use.setToolTip("The chosen scan with its energies counted from the fitted Fermi level, as a new scan")
        for widget in (self.use, self.plot.widget, self.table):  # until there is something in them
            widget.setVisible(False)
        self.use.clicked.connect(self.apply_found)
        self.button.setText("Fit")
        for widget, stretch in ((self.kind, 0), (self.form, 0), (self.plot.widget, 3), (self.table, 2), (self.use, 0)):
            self.body.addWidget(widget, stretch)
        self.kind.currentIndexChanged.connect(self._show_form)

    def chosen(self) -> None:
        scan, before = self._chooser.scan, self.kind.currentData()
        if scan is None or scan is self._for:
            return
        self._for = scan
        self.kind.blockSignals(True)
        self.kind.clear()
        for one in processing.ANALYSES.values():
            if one.why_not(scan) is None:
                self.kind.addItem(one.title, one.name)
        self.kind.setCurrentIndex(max(self.kind.findData(before), 0))
        self.kind.blockSignals(False)
        self._show_form()

    def _show_form(self, *index) -> None:
        one = processing.ANALYSES.get(self.kind.currentData())
        fits = one is not None and one.why_not(self._for) is None
        self.form.show_parameters(one.parameters if fits else (), self._for)
        self.kind.setToolTip(" ".join(one.explanation.split("\n\n")[0].split()) if fits else "")

    def choose(self, name: str) -> None:
        """Choose a fit by its name."""
        self.kind.setCurrentIndex(self.kind.findData(name))

    def refresh(self, *changed) -> None:
        """A fit is begun by the button only."""

    def prepare(self):
        layer, scan = self.layer, self._chooser.scan
        one = processing.ANALYSES.get(self.kind.currentData())
        if one is None:
            raise ScanError("no fit is chosen; choose one above")
        given = self.form.given()
        one.fitting(scan, given)

        def work(report, stop):
            found = one(scan, on_progress=report, stop_event=stop, **given)
            points = _positions(scan, found.scans.get("position"))
            maps = [] if points is None else [_over_the_map(points)]
            return one.name, found, prepare_maps(layer, maps)

        return work

    def _failed(self, reason) -> None:
        super()._failed(reason)
        if isinstance(reason, ScanError):  # the sentence below the form may be out of sight
            say_error(reason)

    def _idle(self) -> None:
        super()._idle()
        self.button.setText("Fit")

    # the result

    def show_result(self, result) -> None:
        if result[0] == _STEP:
            self.result = self._before
            self._chooser.choose(put_beside(self._viewer, result[1]))
            return
        _, found, prepared = result
        fill(self.table, ["figure", "value"], [[label, _text(value)] for label, value in found.figures])
        self.plot.show(*_plotted(found))
        self.said.setText(" ".join(found.notes))
        self.plot.widget.setVisible(True)
        self.table.setVisible(True)
        self.use.setVisible(found.then is not None)
        area = self._scrolled()
        if area is not None:  # the form is long: what was asked for lies below it
            QTimer.singleShot(_SETTLED, lambda: area.ensureWidgetVisible(self.button))
        if prepared:
            show_maps(self._viewer, self.layer, prepared, self.mapped.emit)

    def _scrolled(self) -> QScrollArea | None:
        """The area this stands in, where it is scrolled."""
        above = self.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        return above

    def apply_found(self) -> bool:
        """Do to the chosen scan what the fit is for; False where it is busy or there is nothing to do."""
        if self.result is None or self.result[1].then is None or self.job.running:
            return False
        (name, given), layer, scan = self.result[1].then, self.layer, self._chooser.scan
        aspect, self._before = canvas_aspect(self._viewer), self.result
        title = f"{layer.name} from the Fermi level"

        def work(report, stop):
            with processing.reporting(report, stop):
                return layer, (_STEP, prepare(aspect, layer, processing.apply(scan, name, **given), title))

        return self.job.start(work)

    def exports(self):
        if self.result is None:
            return {}
        name, found, _ = self.result
        offered = {
            "Table": lambda path, stop=None: write_table(path, *_table(found), {"fit": name}),
            "Plot": self.plot.export,
        }
        for title, one in found.scans.items():
            offered[f"Map: {title}"] = lambda path, stop=None, one=one: writers.write(one, path, stop=stop)
        return offered


def _positions(scan, position):
    """The fitted places as points over the axes of the cut, each with its peak's number; None where there are none."""
    if position is None or not np.isfinite(position.values).any():
        return None
    along = position.attrs["fitted_along"]
    across = scans.axes(position)[-1]
    peak, at = np.nonzero(np.isfinite(position.values))
    places = {along: position.values[peak, at], across: position[across].values[at]}
    return scans.ragged_scan(
        {name: (places[name], scan[name].attrs["units"]) for name in scans.axes(scan)},
        peak + 1.0,
        name="peak",
        unit="dimensionless",
        sweep=peak,
    )


def _over_the_map(points) -> DerivedMap:
    return DerivedMap(_POINTS, "peak", points, points=True, color="#ffffff", size=1.7, border=0.2)


def _text(value: Quantity | float | int) -> str:
    return str(value) if isinstance(value, Quantity | int) else f"{value:.4g}"


def _table(found) -> tuple[list[str], list[list]]:
    rows: list[list] = []
    for label, value in found.figures:
        known = isinstance(value, Quantity)
        unit = units.pretty(value.unit) if known else ""
        rows.append([label, value.value if known else value, value.error if known else float("nan"), unit])
    return ["figure", "value", "standard_error", "unit"], rows


def _plotted(found) -> tuple[list[Curve], str, str, list[tuple[str, str]]]:
    """The curves of a result, the labels below and to the left, the key."""
    if "position" in found.scans:
        position = found.scans["position"]
        across = scans.axes(position)[-1]
        colors = gradient(position.sizes["peak"])
        curves, key = [], []
        for number, color in enumerate(colors):
            one = position.isel(peak=number)
            curves.append(Curve(one[across].values, one.values, one["standard_error"].values, color, "points"))
            line = found.scans.get(f"line, peak {number + 1}")
            if line is not None and across in line.dims:
                curves.append(Curve(line[across].values, line.values, line["standard_error"].values, color, "line"))
            key.append((f"peak {number + 1}", color))
        return curves, scans.axis_label(position, across), scans.label(position), key
    first, *others = found.scans.values()
    if "fitted edge" not in found.scans:
        others = []  # levels and resolutions have axes of their own
    curves = [_curve(first, "#e69f00", "points"), *(_curve(one, "#56b4e9", "line") for one in others)]
    return curves, scans.axis_label(first, scans.axes(first)[0]), scans.label(first), []


def _curve(scan, color: str, style: str) -> Curve:
    errors = scan["standard_error"].values if "standard_error" in scan.coords else None
    return Curve(scan[scans.axes(scan)[0]].values, scan.values, errors, color, style)
