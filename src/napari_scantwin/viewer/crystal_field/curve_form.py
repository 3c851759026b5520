"""What is said of the curves that are selected in the list: one form for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QWidget

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.core.sample import EXAMPLES, Sample
from napari_scantwin.crystal_field.measured.data import MEASURED_KINDS
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.per_ion import UNITS, needs
from napari_scantwin.crystal_field.measured.problem import UsedCurve
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.legible import Line
from napari_scantwin.viewer.kit.numbers import NumberLine
from napari_scantwin.viewer.kit.reasons import Reason

__all__ = ["CurveForm"]

_DIRECTIONS = {"a": "a", "b": "b", "c": "c", "powder": "powder"}
_FIELD_UNITS, _TEMPERATURE_UNITS = ("Oe", "T", "kOe", "A/m", "mT"), ("K", "mK", "degC")
_SEVERAL = "—"


class CurveForm(QWidget):
    """One field for each thing that can be said; what differs between the selected curves is left blank, and blank
    fields change nothing."""

    def __init__(self, say: Callable[[Callable[[UsedCurve], UsedCurve]], None], parent=None):
        super().__init__(parent)
        self._say, self._curves = say, []
        self._showing = False
        self.kind, self.direction, self.x_unit = Combo(), Combo(), Combo()
        self.unit = QComboBox()
        self.unit.setEditable(True)
        self.unit.setLineEdit(Line())
        self.unit.setInsertPolicy(QComboBox.NoInsert)
        self.unit.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.held, self.low, self.high = NumberLine(), NumberLine(), NumberLine()
        self.mass, self.molar_mass, self.formula, self.ions = NumberLine(), NumberLine(), NumberLine(), NumberLine()
        self.held_label, self.range_label = QLabel("at (K)"), QLabel("use from")
        self._labels = {self.held: self.held_label}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(2)
        rows = (
            ("what", self.kind, "field ∥", self.direction),
            ("unit", self.unit, "unit of x", self.x_unit),
            (self.held_label, self.held, "ions per f.u.", self.ions),
            (self.range_label, self.low, "to", self.high),
            ("formula", self.formula, "molar mass", self.molar_mass),
            ("mass", self.mass, None, None),
        )
        for row, (one, first, other, second) in enumerate(rows):
            for column, (label, field) in enumerate(((one, first), (other, second))):
                if field is None:
                    continue
                label = QLabel(label) if isinstance(label, str) else label
                self._labels[field] = label
                grid.addWidget(label, row, 2 * column)
                grid.addWidget(field, row, 2 * column + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        self.reason = Reason(self._named)
        grid.addWidget(self.reason, len(rows), 0, 1, 4)
        for field in (self.unit, self.held, self.low, self.high, self.mass, self.molar_mass, self.formula, self.ions):
            field.setMinimumWidth(60)
        self.kind.setToolTip("What was measured")
        self.direction.setToolTip("The direction of the field: c is the site's z, a its x or anywhere in the plane")
        self.unit.setToolTip("The unit of the values; one of the list, or typed")
        self.held.setToolTip("M(H): the temperature; C, χ, M(T): the field")
        self.ions.setToolTip("Magnetic ions in a formula unit")
        self.molar_mass.setToolTip("Of a formula unit; with a formula it is worked out")
        self.low.setToolTip("Only readings from here on are fitted; may be empty")
        self.high.setToolTip("Only readings up to here are fitted; may be empty")
        for combo in (self.kind, self.direction, self.x_unit):
            combo.activated.connect(self._put)
        self.unit.activated.connect(self._put)
        self.unit.lineEdit().editingFinished.connect(self._put)
        for line in (self.held, self.low, self.high, self.mass, self.molar_mass, self.formula, self.ions):
            line.editingFinished.connect(self._put)

    def _named(self) -> dict[str, tuple[str, QWidget]]:
        fields = ("unit", "held", "ions", "low", "high", "formula", "mass", "molar_mass")
        return {name: (self._labels[getattr(self, name)].text(), getattr(self, name)) for name in fields}

    def show_curves(self, curves: list[UsedCurve]) -> None:
        """Show what is known of curves."""
        self._showing = True
        self._curves = curves
        self.reason.clear()
        self.setEnabled(bool(curves))
        measured = [one.measured for one in curves]
        kind = _one(one.kind for one in measured)
        swept = kind == "magnetization"
        _list(self.kind, MEASURED_KINDS, kind)
        _list(self.direction, _DIRECTIONS, _one(one.direction for one in measured))
        _list(self.x_unit, {one: one for one in (_FIELD_UNITS if swept else _TEMPERATURE_UNITS)}, _x_unit(measured))
        self.unit.clear()
        for one in UNITS.get(kind or "", ()):
            self.unit.addItem(units.pretty(one), one)
        unit = _one(one.y_unit for one in measured)
        self.unit.setCurrentText("" if unit is None else units.pretty(unit))
        self.unit.lineEdit().setPlaceholderText("unit?" if any(one.y_unit is None for one in measured) else _SEVERAL)
        self.held_label.setText("at (K)" if swept else "in field (T)")
        self._number(self.held, [one.temperature if swept else one.field for one in measured])
        self.range_label.setText("use from (T)" if swept else "use from (K)")
        self._number(self.low, [one.low for one in curves])
        self._number(self.high, [one.high for one in curves])
        self._number(self.ions, [one.ions for one in measured])
        self._text(self.formula, [one.formula.text if one.formula else "" for one in measured], "KErSe2")
        self._text(self.mass, [_told(one.sample.mass) for one in measured], EXAMPLES["mass"])
        self._text(self.molar_mass, [_told(one.sample.molar_mass) for one in measured], _molar(measured))
        wanted = {name for one in measured if one.y_unit is not None for name in _needs(one)}
        for field, name in ((self.mass, "mass"), (self.molar_mass, "molar_mass")):
            field.setVisible(name in wanted)
            self._labels[field].setVisible(name in wanted)
        self._showing = False

    @staticmethod
    def _number(line: NumberLine, values) -> None:
        value = _one(values)
        line.show_held("" if value is None else f"{value:.6g}", value)
        line.setPlaceholderText(_SEVERAL if len(set(values)) > 1 else "")

    @staticmethod
    def _text(line: NumberLine, texts, example: str) -> None:
        text = _one(texts)
        line.show_held(text or "", text or "")
        line.setPlaceholderText(_SEVERAL if len(set(texts)) > 1 else example)

    def _put(self, *event) -> None:
        if self._showing or not self._curves:
            return
        try:
            change = self._change()
            self.reason.clear()
            if change is not None:
                self._say(change)
        except ScanError as reason:  # what was typed stays, to be mended
            self.reason.say(reason)

    def _change(self) -> Callable[[UsedCurve], UsedCurve] | None:
        """What the fields say that the curves do not."""
        measured: dict = {}
        how: dict = {}
        sample: dict = {}
        first = self._curves[0].measured
        swept = first.kind == "magnetization"
        for name, combo in (("kind", self.kind), ("direction", self.direction), ("x_unit", self.x_unit)):
            value = combo.currentData()
            if value is not None and value != _one(getattr(one.measured, name) for one in self._curves):
                measured[name] = value
        if unit := self.unit.currentText().strip():
            spelled = _naming("unit", units.standard, unit)
            if spelled != _one(one.measured.y_unit for one in self._curves):
                measured["y_unit"] = spelled
        held = "temperature" if swept else "field"
        for line, name, target in (
            (self.held, held, measured),
            (self.ions, "ions", measured),
            (self.low, "low", how),
            (self.high, "high", how),
        ):
            known = line.held is None and line.text().strip()
            cleared = line.held is None and not line.text().strip() and name in ("low", "high")
            if known:
                target[name] = self._typed(line)
            elif cleared and any(getattr(one, name) is not None for one in self._curves) and not line.placeholderText():
                target[name] = None
        if self.formula.held is None and self.formula.text().strip():
            formula = Formula.of(self.formula.text())
            if formula is None:
                wrong = f"{self.formula.text().strip()!r} is no formula; write it such as KErSe2"
                raise WrongParameter(wrong, "formula")
            measured["formula"] = formula
        for line, name in ((self.mass, "mass"), (self.molar_mass, "molar_mass")):
            if line.held is None and line.text().strip():
                sample[name] = line.text().strip()
                _naming(name, lambda text, name=name: Sample(**{name: text}), sample[name])
        if not (measured or how or sample):
            return None

        def change(one: UsedCurve) -> UsedCurve:
            curve = one.measured.told(**measured)
            if sample:
                known = {name: getattr(curve.sample, name) for name in ("mass", "molar_mass", "density")}
                curve = replace(curve, sample=Sample(**(known | sample)))
            return replace(one, measured=curve, **how)

        return change

    def _typed(self, line: NumberLine) -> float:
        try:
            return line.number(0.0)
        except ValueError:
            name, (title, _) = next(one for one in self._named().items() if one[1][1] is line)
            wrong = f"{title} is a number, not {line.text().strip()!r}"
            raise WrongParameter(wrong, name) from None


def _naming(name: str, work: Callable, *given):
    """What some work gives; an error of it names the field that it was given."""
    try:
        return work(*given)
    except ScanError as reason:
        raise WrongParameter(str(reason), name) from None


def _one(values):
    """The one value that all have, or None."""
    found = list(values)
    return found[0] if found and all(one == found[0] for one in found) else None


def _x_unit(measured):
    unit = _one(one.x_unit for one in measured)
    return None if unit is None else next((one for one in (*_FIELD_UNITS, *_TEMPERATURE_UNITS) if one == unit), unit)


def _list(combo: Combo, words: dict, chosen) -> None:
    combo.blockSignals(True)
    combo.clear()
    if chosen not in words:
        combo.addItem(_SEVERAL if chosen is None else str(chosen), chosen)
    for value, text in words.items():
        combo.addItem(text, value)
    combo.setCurrentIndex(max(combo.findData(chosen), 0))
    combo.blockSignals(False)


def _told(given) -> str:
    if given is None:
        return ""
    return f"{given[0]:.6g} {units.pretty(given[1])}" if isinstance(given, tuple) else str(given)


def _molar(measured) -> str:
    formula = _one(one.formula.text if one.formula else None for one in measured)
    return f"{Formula.of(formula).molar_mass:.5g} g/mol" if formula else EXAMPLES["molar_mass"]


def _needs(curve) -> tuple[str, ...]:
    try:
        return needs(curve)
    except ScanError:  # a unit that fits nothing is said where the curve is used
        return ()
