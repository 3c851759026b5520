"""A form made from what an operation says about its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.operations.parameters import Parameter, in_running_text
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_file
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.legible import Line
from napari_scantwin.viewer.kit.numbers import NumberLine

__all__ = ["FileField", "ParameterForm"]

_LABEL, _BETWEEN = 150, 4
_FURTHER = "Further settings"
#: What is typed for one scan is not kept for the next.
_OF_A_SCAN = ("number", "numbers")


class SampleNumbers(Protocol):
    """Where what is typed about a sample stays."""

    sample: Mapping[str, str]

    def set_sample(self, name: str, text: str) -> None: ...


class FileField(QPushButton):
    """A button that asks for a file and shows its name; ``changed`` when another is chosen."""

    changed = Signal()

    def __init__(self, title: str, kinds: str, parent=None):
        super().__init__("Choose…", parent)
        self.path: Path | None = None
        self._title, self._kinds = title, kinds
        self.clicked.connect(self._ask)

    def _ask(self) -> None:
        path = ask_file(self, self._title, ";;".join(filter(None, (self._kinds, "All (*)"))))
        if path is not None:
            self.choose(path)

    def choose(self, path) -> None:
        """Take a file."""
        self.path = Path(path)
        self.setText(self.path.name)
        self.changed.emit()


class ParameterForm(QWidget):
    """One field for each parameter; ``fields`` maps their names to the widgets.

    A number's field takes a bare number, in the unit that stands behind it, or one with a unit of its kind; left empty
    it takes the default that is shown in grey. ``changed`` when anything was put in, ``slid`` when a slider was moved.
    ``scan_combo(parameter)`` makes the combo of a parameter that is another scan: it has a ``source`` or None, and a
    signal ``changed``.
    """

    changed = Signal()
    slid = Signal()

    def __init__(self, parent=None, *, scan_combo: Callable[[Parameter], QWidget] | None = None, further: str = ""):
        super().__init__(parent)
        self.fields: dict[str, QWidget] = {}
        self._labels: dict[str, QLabel] = {}
        self._boxes: dict[str, QWidget] = {}
        self._values: dict[str, Any] = {}
        self._parameters: tuple[Parameter, ...] = ()
        self._scan = None
        self._scan_combo, self._label_width = scan_combo, None if further else _LABEL
        self._kept: Callable[[Parameter], SampleNumbers | None] = lambda parameter: None
        self._following = False
        self._layout, self._more = _new_layout(), _new_layout()
        inner = QWidget()
        inner.setLayout(self._more)
        self.further = Folding(further or _FURTHER)
        self.further.layout().setContentsMargins(0, 0, 0, 0)
        self.further.addWidget(inner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addLayout(self._layout)
        whole.addWidget(self.further)
        self.further.hide()

    # what is asked

    def show_parameters(
        self,
        parameters: Sequence[Parameter],
        scan,
        kept: Callable[[Parameter], SampleNumbers | None] = lambda parameter: None,
    ) -> None:
        """Ask for these, with the defaults they have for this scan. ``kept`` tells where what is typed about a sample
        stays (by name), for the parameters that belong to one."""
        self._kept = kept
        new_scan, self._scan = scan is not self._scan, scan
        if tuple(parameters) != self._parameters or not self.fields:
            self._build(tuple(parameters))
        elif new_scan:
            for one in self._parameters:
                if one.kind in _OF_A_SCAN and isinstance(self.fields[one.name], QLineEdit):
                    _quietly(self.fields[one.name], QLineEdit.clear)
        if new_scan:  # axes are this scan's
            for one in self._parameters:
                if one.kind in ("axis", "coordinate"):
                    _quietly(self.fields[one.name], Combo.clear)
        self._follow()

    def _build(self, parameters: tuple[Parameter, ...]) -> None:
        for layout in (self._layout, self._more):
            while layout.rowCount():
                layout.removeRow(0)
        self.fields, self._labels, self._boxes, self._parameters = {}, {}, {}, parameters
        for one in parameters:
            field = self.fields[one.name] = self._field(one)
            field.setToolTip(one.explanation)
            if one.ends in self._boxes:
                self._end_range(one, field)
                continue
            layout = self._more if one.further else self._layout
            box = self._boxes[one.name] = _boxed(field)
            if isinstance(field, QCheckBox) and self._label_width is None:
                field.setText(one.title)
                layout.addRow(box)
                continue
            label = self._labels[one.name] = QLabel(one.title)
            label.setToolTip(one.explanation)
            if self._label_width is not None:
                label.setWordWrap(True)
                label.setFixedWidth(self._label_width)
            layout.addRow(label, box)

    def _end_range(self, one: Parameter, field: QWidget) -> None:
        """Put a field into the row of that which begins its range."""
        first, box = self.fields[one.ends], self._boxes[one.ends].layout()
        pair, self._boxes[one.name], self._labels[one.name] = QWidget(), QWidget(), QLabel("to")
        row, end = QHBoxLayout(pair), QHBoxLayout(self._boxes[one.name])
        for part in (row, end):
            part.setContentsMargins(0, 0, 0, 0)
        box.removeWidget(first)
        row.addWidget(first, 1)
        row.addWidget(self._boxes[one.name], 1)
        end.addWidget(self._labels[one.name])
        end.addWidget(field, 1)
        box.addWidget(pair)

    def _field(self, one: Parameter) -> QWidget:
        if one.kind == "flag":
            box = QCheckBox()
            box.setChecked(bool(one.default_in(self._scan, {})))
            box.toggled.connect(self._changed)
            return box
        if one.kind in ("choice", "axis", "coordinate"):
            combo = Combo()
            combo.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
            combo.currentIndexChanged.connect(self._changed)
            return combo
        if one.kind == "scan":
            combo = self._scan_combo(one)
            combo.changed.connect(self._changed)
            return combo
        if one.kind == "file":
            button = FileField(one.title, one.example)
            button.changed.connect(self._changed)
            return button
        if one.slider:
            slider = QSlider(Qt.Horizontal)
            slider.setRange(round(one.minimum), round(one.maximum))
            slider.setValue(round(one.default))
            slider.valueChanged.connect(lambda value: self.slid.emit())
            return slider
        line = Line() if one.kind == "text" else NumberLine()
        line.textChanged.connect(lambda text, one=one: self._typed(one, text))
        return line

    @property
    def named_fields(self) -> dict[str, tuple[str, QWidget]]:
        """Title and widget of every field, as a :class:`~napari_scantwin.viewer.kit.reasons.Reason` takes them."""
        return {one.name: (one.title, self.fields[one.name]) for one in self._parameters}

    # what depends on what

    def _changed(self, *what) -> None:
        if not self._following:
            self._follow()
            self.changed.emit()

    def _typed(self, one: Parameter, text: str) -> None:
        where = self._kept(one) if one.belongs_to else None
        if where is not None:
            where.set_sample(_name_of(one), text.strip())
        self._changed()

    def _follow(self) -> None:
        """Show the fields, units, defaults and choices that fit the scan and what was chosen."""
        if self._scan is None and not self._parameters:
            return
        self._following = True
        further = False
        decided: dict[str, Any] = {}
        for one in self._parameters:
            field = self.fields[one.name]
            shown = one.is_shown(self._scan, decided)
            self._show_row(one, field, shown)
            further |= shown and one.further
            if isinstance(field, Combo) and one.kind != "scan":
                self._list_choices(one, field, decided)
            if isinstance(field, QLineEdit):
                self._show_default(one, field, decided)
            decided[one.name] = self._decided(one, decided) if shown else None
        self.further.setVisible(further)
        self._following = False
        self._values = decided

    def _show_row(self, one: Parameter, field: QWidget, shown: bool) -> None:
        field.setVisible(shown)
        for part in (self._boxes.get(one.name), self._labels.get(one.name)):
            if part is not None:
                part.setVisible(shown)

    def _list_choices(self, one: Parameter, combo: Combo, decided) -> None:
        choices = list(one.choices_in(self._scan, decided))
        listed = ([None] if one.optional else []) + choices
        if listed == [combo.itemData(k) for k in range(combo.count())]:
            return
        before = combo.currentData()
        combo.clear()
        for choice in listed:
            by_itself = choice if one.kind == "choice" else str(choice).replace("_", " ")
            combo.addItem("none" if choice is None else one.words.get(choice, by_itself), choice)
        wanted = before if before is not None and before in listed else self._default(one, decided)
        combo.setCurrentIndex(max(listed.index(wanted) if wanted in listed else 0, 0))

    def _show_default(self, one: Parameter, line: QLineEdit, decided) -> None:
        where = self._kept(one) if one.belongs_to else None
        kept = "" if where is None else where.sample.get(_name_of(one), "")
        if one.belongs_to and kept != line.text().strip():
            _quietly(line, lambda field: field.setText(kept))
        unit = units.pretty(self._unit(one, decided))
        default = self._default(one, decided)
        in_a_row = one.ends in self._boxes or any(other.ends == one.name for other in self._parameters)
        if (
            self._label_width is None and one.kind in _OF_A_SCAN and not in_a_row
        ):  # a list of defaults may be too long to show it
            self._labels[one.name].setText(f"{one.title} ({unit})" if unit else one.title)
            unit = ""
        if default is None and in_a_row:  # half a row has no room for more than the unit
            line.setPlaceholderText(unit or one.example)
            return
        if default is None and one.example:
            text = one.example
        elif default is None:
            text = "may be empty" if one.optional else "needed"
        elif isinstance(default, list | tuple):
            text = ", ".join(f"{number:.5g}" for number in default)
        else:
            text = default if isinstance(default, str) else f"{default:.5g}"
        line.setPlaceholderText(f"{text} ({unit})" if default is None and unit else f"{text} {unit}".rstrip())

    def _unit(self, one: Parameter, decided) -> str:
        return (one.unit_in(self._scan, decided) if one.kind in ("number", "numbers") else "") or "dimensionless"

    def _default(self, one: Parameter, decided) -> Any:
        if one.unit_of and one.unit_of not in decided and callable(one.default):
            return None
        return one.default_in(self._scan, decided)

    def _decided(self, one: Parameter, decided) -> Any:
        """What a parameter is now, as far as others depend on it."""
        try:
            given = self._given(one)
        except ScanError:  # said when it is used
            return None
        return self._default(one, decided) if given is None else given

    # what was put in

    def _given(self, one: Parameter) -> Any:
        field = self.fields[one.name]
        if one.kind == "scan":
            return field.source
        if isinstance(field, QCheckBox):
            return field.isChecked()
        if isinstance(field, Combo):
            return field.currentData()
        if isinstance(field, FileField):
            return None if field.path is None else str(field.path)
        if isinstance(field, QSlider):
            return field.value()
        text = field.text().strip()
        if one.kind == "text":
            return text or None
        if not text:
            return None
        if one.kind == "integer":
            try:
                return field.number(0)
            except ValueError:
                raise WrongParameter(
                    f"{in_running_text(one.title)} is a whole number, not {text!r}", one.name
                ) from None
        return text

    def fill(self, given: Mapping[str, Any]) -> None:
        """Put in what :meth:`given` told; what is asked for no longer is passed over."""
        for name, value in given.items():
            field = self.fields.get(name)
            if isinstance(field, QCheckBox):
                field.setChecked(bool(value))
            elif isinstance(field, FileField):
                field.choose(value)
            elif isinstance(field, Combo):
                field.setCurrentIndex(field.findData(value))
            elif isinstance(field, QSlider):
                field.setValue(round(value))
            elif isinstance(field, QLineEdit):
                field.setText(str(value))

    def given(self) -> dict[str, Any]:
        """What the user has put in, by parameter; what was left empty, and what is not asked for, is left out."""
        asked = [one for one in self._parameters if self._values.get(one.name) is not None or self._is_asked(one)]
        found = {one.name: self._given(one) for one in asked}
        return {name: value for name, value in found.items() if value is not None}

    def _is_asked(self, one: Parameter) -> bool:
        return one.is_shown(self._scan, self._values)

    def is_typed(self, name: str) -> bool:
        """Whether something stands in the line of a parameter."""
        field = self.fields.get(name)
        return isinstance(field, QLineEdit) and bool(field.text().strip())

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter as it is now, defaults filled in; None where it is not asked for."""
        return dict(self._values)


def _new_layout() -> QFormLayout:
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setVerticalSpacing(0)  # a hidden row would keep its spacing: the boxes around the fields have it
    layout.setFieldGrowthPolicy(QFormLayout.ExpandingFieldsGrow)
    return layout


def _boxed(field: QWidget) -> QWidget:
    """The field with the space between two rows about it."""
    box = QWidget()
    inside = QVBoxLayout(box)
    inside.setContentsMargins(0, _BETWEEN // 2, 0, _BETWEEN // 2)
    inside.addWidget(field)
    return box


def _name_of(one: Parameter) -> str:
    """What a number of a sample is called, whosever it is."""
    return one.name.removeprefix(f"{one.belongs_to}_")


def _quietly(field: QWidget, change: Callable[[QWidget], None]) -> None:
    field.blockSignals(True)
    change(field)
    field.blockSignals(False)
