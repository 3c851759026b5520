"""The form of What to measure next: the question, the number it is about, what measuring costs."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from napari_scantwin.analyses.planning import MAP, PEAK, POSITION, TRANSITION, Asked, AskedPoints
from napari_scantwin.analyses.transitions import set_points
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.errors import ScanError
from napari_scantwin.physics.transition_curve import CRITERIA
from napari_scantwin.planning import TimeModel
from napari_scantwin.viewer.analyse.base import new_combo
from napari_scantwin.viewer.analyse.entropy import EntropyAnalysis
from napari_scantwin.viewer.analyse.sample_form import SampleForm
from napari_scantwin.viewer.analyse.transitions import TransitionsAnalysis
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.kit.folding import Folding

__all__ = ["COURSE", "NEXT", "STEP", "PlanningForm"]

NEXT, STEP, COURSE = "What next?", "Is the step fine enough?", "Has it converged?"
#: What is measured at once, and what instruments that set every point by themselves measure.
_SWEEPS, _POINTS = "whole sweeps", "single points"
#: Where the axes are: label, placeholder and tool tip, of sweeps and of points.
_START = {
    _SWEEPS: ("Slow axis is at", "", "Its value now; empty: the way to the first sweep does not count"),
    _POINTS: (
        "Axes are at",
        "such as 0, 300",
        "Every axis's value now, slow first; empty: the first way does not count",
    ),
}
#: Key, label, what it says when empty, tool tip; of the time model.
_TIMES = (
    ("point", "A point takes", "10 s", "Time of one reading, with its unit"),
    ("settle", "Settling takes", "1 min", "Time after each change of the slow axis"),
    ("slow_rate", "Slow axis moves", "", "Such as 100 Oe/s; empty: what is usual"),
    ("fast_rate", "Fast axis moves", "", "Such as 3 K/min; empty: what is usual"),
    ("start", *_START[_SWEEPS]),
)


class PlanningForm(QWidget):
    """What is asked; ``changed`` when any of it is."""

    changed = Signal()

    def __init__(self, second, parent=None):
        super().__init__(parent)
        self.second = second
        self.question = new_combo(*((words, words) for words in (NEXT, STEP, COURSE)))
        self.kind = new_combo((_SWEEPS, _SWEEPS), (_POINTS, _POINTS), tip="What your instrument measures at once")
        self.quantity = new_combo((MAP, MAP), tip="The number whose error counts")
        self.at, self.target, self.tolerance, self.among = (QLineEdit() for _ in range(4))
        self.at.setToolTip("The value of the slow axis, or the final field, the number is read at")
        self.criterion = new_combo(*((name, name) for name in CRITERIA), tip="Of the transition")
        self.criterion.setCurrentText("50 %")
        self.count = QSpinBox()
        self.count.setRange(1, 50)
        self.count.setValue(3)
        self.budget = QLineEdit()
        self.budget.setPlaceholderText("none; or such as 4 h")
        self.budget.setToolTip("Time that the whole list may take")
        self.among.setPlaceholderText("anywhere; or 250, 3000 or 0:9000")
        self.among.setToolTip("The values that can be measured (a list), or a range first:last to propose in")
        self.target.setPlaceholderText("none")
        self.target.setToolTip("The list ends once the expected error is down to this")
        self.tolerance.setToolTip("How far the number may be from its value at the finest step")
        self.axis = new_combo(tip="The axis whose step is refined")
        self.timed = QCheckBox("rank by what a minute tells")
        self.timed.setToolTip("Count the time each sweep or point takes, by the times below")
        self.returns = QCheckBox("fast axis goes back before each sweep")
        self.returns.setChecked(True)
        self.times = {}
        self._lay_out()
        for combo in (self.question, self.kind, self.quantity, self.criterion, self.axis):
            combo.currentIndexChanged.connect(self._changed)
        for field in (self.at, self.target, self.tolerance, self.among, self.budget, *self.times.values()):
            field.textChanged.connect(self._changed)
        for box in (self.timed, self.returns):
            box.toggled.connect(self._changed)
        self.count.valueChanged.connect(self._changed)
        second.changed.connect(self._changed)

    def _lay_out(self) -> None:
        self.form = QFormLayout()
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setVerticalSpacing(3)
        self._rows = {}
        for key, label, widget in (
            ("question", "Question", self.question),
            ("kind", "Propose", self.kind),
            ("quantity", "For", self.quantity),
            ("at", "at", self.at),
            ("criterion", "by", self.criterion),
            ("count", "How many", self.count),
            ("among", "Among", self.among),
            ("budget", "Budget", self.budget),
            ("target", "Error to reach", self.target),
            ("tolerance", "Tolerance", self.tolerance),
            ("axis", "Step of", self.axis),
            ("second", "Earlier scan", self.second),
        ):
            self.form.addRow(label, widget)
            self._rows[key] = widget
        inner = QWidget()
        more = QFormLayout(inner)
        more.setContentsMargins(0, 0, 0, 0)
        more.addRow(self.timed)
        for key, label, text, tip in _TIMES:
            self.times[key] = QLineEdit(text)
            self.times[key].setToolTip(tip)
            more.addRow(label, self.times[key])
        self._start_label = more.labelForField(self.times["start"])
        more.addRow(self.returns)
        self.time_model = Folding("Time model")
        self.time_model.layout().setContentsMargins(0, 0, 0, 0)
        self.time_model.addWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self.form)
        layout.addWidget(self.time_model)

    def _changed(self, *what) -> None:
        self.show_fitting()
        self.changed.emit()

    def show_fitting(self) -> None:
        """Show the rows that the question and the number need."""
        question, quantity = self.question.currentData(), self.quantity.currentData()
        shown, points = {"question"}, self.points
        if question == COURSE:
            shown |= {"target", "second"}
        elif points:
            shown |= {"kind", "count", "among", "budget", "target"}
        else:
            shown |= {"kind"} if question == NEXT else set()
            shown |= {"quantity"} | ({"at"} if quantity != MAP else set())
            shown |= {"criterion"} if quantity == TRANSITION else set()
            shown |= {"count", "among", "budget", "target"} if question == NEXT else {"tolerance", "axis"}
        for key, widget in self._rows.items():
            widget.setVisible(key in shown)
            self.form.labelForField(widget).setVisible(key in shown)
        self.time_model.setVisible(question == NEXT)
        label, example, tip = _START[_POINTS if points else _SWEEPS]
        self._start_label.setText(label)
        self.times["start"].setPlaceholderText(example)
        self.times["start"].setToolTip(tip)
        self.returns.setVisible(not points)

    @property
    def points(self) -> bool:
        """Whether single points are asked for."""
        return self.question.currentData() == NEXT and self.kind.currentData() == _POINTS

    def offer(self, scan) -> None:
        """Offer what can be read from the scan's map, and its axes."""
        for widget in (self.quantity, self.axis, self.at, self.tolerance):
            widget.blockSignals(True)
        before = self.quantity.currentData()
        self.quantity.clear()
        names = scans.axes(scan)
        offered = [MAP]
        if len(names) == 2:
            offered += [PEAK] if not EntropyAnalysis.why_not(scan) else []
            offered += [TRANSITION] if not TransitionsAnalysis.why_not(scan) else []
            offered += [POSITION]
        for name in offered:
            self.quantity.addItem(name, name)
        self.quantity.setCurrentIndex(offered.index(before) if before in offered else 0)
        self.axis.clear()
        for name in (names[0], names[-1]):
            self.axis.addItem(name.replace("_", " "), name)
        known = set_points(scan)
        self.at.setText(f"{known[len(known) // 2]:.5g}" if len(known) else "")
        self.form.labelForField(self.at).setText(f"at ({units.pretty(scan[names[0]].attrs['units'])})")
        unit = units.pretty(scan[names[0]].attrs["units"])
        self.form.labelForField(self.among).setText(f"Among ({unit})" if unit else "Among")
        for widget in (self.quantity, self.axis, self.at, self.tolerance):
            widget.blockSignals(False)
        self.show_fitting()

    def asked(self, layer) -> Asked | AskedPoints:
        """What the form asks of a layer's scan; raises :class:`ScanError` in words."""
        quantity = self.quantity.currentData()
        budget = _minutes(self.budget.text())
        among, within = _places(self.among.text())
        start = self.times["start"].text()
        target = number(self.target.text(), "the error to reach")
        options = {"count": self.count.value(), "among": among, "within": within, "budget": budget, "target": target}
        timed = self.timed.isChecked() or budget is not None
        if self.points:
            at = _start(start, scans.axes(scan_of(layer))) if timed else None
            return AskedPoints(**options, model=self._model(layer) if timed else None, at=at)
        where = "where the slow axis is now"
        model = self._model(layer, start=number(start, where), returns=self.returns.isChecked()) if timed else None
        return Asked(
            quantity=quantity,
            at=None if quantity == MAP else number(self.at.text(), "the place the number is read at"),
            criterion=self.criterion.currentData(),
            sample=SampleForm.sample(layer) if quantity == PEAK else None,
            model=model,
            **options,
        )

    def _model(self, layer, **options) -> TimeModel:
        times = {key: field.text().strip() for key, field in self.times.items() if key != "start"}
        return TimeModel.of(scan_of(layer), **{key: text for key, text in times.items() if text}, **options)


def _start(text: str, axes: tuple[str, ...]) -> dict[str, float] | None:
    """Where every axis is now, None where nothing is written."""
    if not text.strip():
        return None
    numbers = [number(part, "where an axis is now") for part in text.split(",")]
    if len(numbers) != len(axes) or None in numbers:
        raise ScanError(f"where the axes are now is a number for each of {', '.join(axes)}, not {text!r}")
    return dict(zip(axes, numbers, strict=True))


def number(text: str, what: str) -> float | None:
    """The number written, None where the field is empty; :class:`ScanError` naming ``what`` where it is none."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError as reason:
        raise ScanError(f"{what} must be a number, not {text!r}") from reason


def _minutes(text: str) -> float | None:
    if not text.strip():
        return None
    value, _, unit = text.strip().partition(" ")
    found = number(value, "the budget")
    if not unit.strip():
        raise ScanError("the budget is a number and a unit, such as 4 h or 240 min")
    return float(units.convert(found, unit.strip(), "min"))


def _places(text: str):
    """(values, None) of a list, (None, range) of first:last, (None, None) where nothing is written."""
    if not text.strip():
        return None, None
    if text.count(":") == 1 and "#" not in text:
        low, high = (number(part, "the range to propose in") for part in text.split(":"))
        if low is None or high is None:
            raise ScanError(f"the range to propose in is written first:last, not {text!r}")
        return None, (low, high)
    return parse_values(text, "the values to choose among"), None
