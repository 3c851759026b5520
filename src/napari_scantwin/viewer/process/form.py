"""A form made from what a step says about its parameters."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QCheckBox, QFormLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing import Parameter
from napari_scantwin.viewer.kit.combos import Combo

__all__ = ["ParameterForm"]

_LABEL = 150


class ParameterForm(QWidget):
    """One field for each parameter; ``fields`` maps their names to the widgets.

    A number's field takes a bare number, in the unit that stands behind it, or one with a unit of its kind; left empty
    it takes the default that is shown in grey.
    """

    def __init__(self, parent=None):
        super().__init__(parent)
        self.fields: dict[str, QWidget] = {}
        self._parameters: tuple[Parameter, ...] = ()
        self._scan = None
        self._layout = QFormLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setVerticalSpacing(4)
        self._layout.setFieldGrowthPolicy(QFormLayout.ExpandingFieldsGrow)

    def show_parameters(self, parameters: tuple[Parameter, ...], scan) -> None:
        """Ask for these, with the defaults they have for this scan."""
        while self._layout.rowCount():
            self._layout.removeRow(0)
        self.fields, self._parameters, self._scan = {}, parameters, scan
        for one in parameters:
            field = self.fields[one.name] = self._field(one)
            field.setToolTip(one.explanation)
            label = QLabel(one.title)
            label.setToolTip(one.explanation)
            label.setWordWrap(True)
            label.setFixedWidth(_LABEL)
            self._layout.addRow(label, field)
        self._follow()

    def _field(self, one: Parameter) -> QWidget:
        if one.kind == "flag":
            box = QCheckBox()
            box.setChecked(bool(one.default_in(self._scan, {})))
            return box
        if one.kind in ("choice", "axis", "coordinate"):
            combo = Combo()
            combo.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
            if one.optional:
                combo.addItem("none", None)
            for choice in one.choices_in(self._scan):
                combo.addItem(choice if one.kind == "choice" else choice.replace("_", " "), choice)
            chosen = combo.findData(one.default_in(self._scan, {}))
            combo.setCurrentIndex(max(chosen, 0))
            combo.currentIndexChanged.connect(lambda index: self._follow())
            return combo
        return QLineEdit()

    def _follow(self) -> None:
        """Show units and defaults that depend on the axes chosen."""
        decided: dict[str, Any] = {}
        for one in self._parameters:
            field = self.fields[one.name]
            if not isinstance(field, QLineEdit):
                decided[one.name] = self._given(one)
                continue
            unit = units.pretty(self._unit(one, decided))
            default = self._default(one, decided)
            decided[one.name] = default
            if default is None:
                text = "may be empty" if one.optional else "needed"
            elif isinstance(default, list | tuple):
                text = ", ".join(f"{number:.5g}" for number in default)
            else:
                text = f"{default:.5g}"
            field.setPlaceholderText(f"{text} ({unit})" if default is None and unit else f"{text} {unit}".rstrip())

    def _unit(self, one: Parameter, decided) -> str:
        return (one.unit_in(self._scan, decided) if one.kind in ("number", "numbers") else "") or "dimensionless"

    def _default(self, one: Parameter, decided) -> Any:
        if one.unit_of and one.unit_of not in decided and callable(one.default):
            return None
        return one.default_in(self._scan, decided)

    def _given(self, one: Parameter) -> Any:
        field = self.fields[one.name]
        if isinstance(field, QCheckBox):
            return field.isChecked()
        if isinstance(field, Combo):
            return field.currentData()
        text = field.text().strip().replace("−", "-")
        if not text:
            return None
        if one.kind == "numbers":
            return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
        if one.kind == "integer":
            try:
                return float(text)
            except ValueError:
                raise ScanError(f"{one.title.lower()} is a whole number, not {text!r}") from None
        return text

    def given(self) -> dict[str, Any]:
        """What the user has put in, by parameter; what was left empty is left out."""
        found = {one.name: self._given(one) for one in self._parameters}
        return {name: value for name, value in found.items() if value is not None}
