"""Why something cannot be done, said in the form: the field that is wrong is marked, with the sentence below it."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Mapping

from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QBoxLayout, QFormLayout, QLabel, QLayout, QScrollArea, QToolButton, QWidget

from napari_scantwin.core.errors import WrongParameter
from napari_scantwin.operations.contrast import TEXT, readable
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.jobs import in_a_sentence, keep
from napari_scantwin.viewer.kit.plots import theme_colors

__all__ = ["Fields", "Reason", "StandingReason", "in_words", "say_error"]

#: Of a form's fields what each is called, and its widget, by the parameter's name.
Fields = Mapping[str, tuple[str, QWidget]]

_RED = "#e5484d"
_SIGNALS = ("textChanged", "currentIndexChanged", "editTextChanged", "valueChanged", "changed")
#: Sentences name what Python calls something in quotes.
_NAMED = re.compile(r"'([a-z][a-z0-9_]*)'")


def in_words(sentence: str, titles: Mapping[str, str]) -> str:
    """A sentence as a form says it: capital, full stop, and what is known by a title called by that.

    Parameters
    ----------
    sentence
        Such as "give 'begin' another value".
    titles
        What is called how, by the names that the sentence may have in quotes.
    """
    said = _NAMED.sub(lambda found: f"“{titles[found[1]]}”" if found[1] in titles else found[0], sentence).strip()
    if said.split(" ")[0].isalpha():  # no file's name
        said = said[:1].upper() + said[1:]
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


class Reason(QLabel):
    """A line of a form, hidden until something cannot be done.

    Parameters
    ----------
    fields
        The form's fields now. One that an error names is marked in red, the sentence below it, until it is changed or
        :meth:`clear` is called; what names none stands in this line.
    """

    def __init__(self, fields: Callable[[], Fields] = dict, parent=None):
        super().__init__(parent)
        self._fields = fields
        self._marked: list[tuple[QWidget, str, QLabel]] = []
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.hide()

    @property
    def words(self) -> str:
        """What is said now, in this line and below fields."""
        below = [label.text() for _, _, label in self._marked if isalive(label)]
        return " ".join([*below, *([self.text()] if self.text() else [])])

    @property
    def marked(self) -> list[QWidget]:
        """The fields that are marked."""
        return [field for field, _, _ in self._marked if isalive(field)]

    def say(self, reason: BaseException | str, name: str = "") -> bool:
        """Say why something cannot be done, and where; always False.

        Parameters
        ----------
        reason
            An error, which goes to the log too, or a sentence.
        name
            The field that is wrong, where the error does not say it (:class:`WrongParameter`).
        """
        self.clear()
        fields = self._fields()
        keep(reason)
        if isinstance(reason, WrongParameter):
            name = name or reason.parameter
        said = reason.in_form if isinstance(reason, WrongParameter) else in_a_sentence(reason)
        named = [name, *_NAMED.findall(said)]
        wrong = [fields[one][1] for one in dict.fromkeys(named) if one in fields and _can_be_seen(fields[one][1], self)]
        words = in_words(said, {**_step_titles(), **{one: title for one, (title, _) in fields.items()}})
        for number, field in enumerate(wrong):
            self._mark(field, words if number == 0 else "")
        self.setText("" if wrong else words)
        self.setStyleSheet(f"color: {_red()}")
        self.setVisible(not wrong)
        if self.page_is_seen:
            self._uncover(wrong[0] if wrong else self)
        else:
            _say_elsewhere(words, self.parentWidget())
        return False

    def clear(self) -> None:
        """Nothing is wrong, or nothing was tried since."""
        for field, style, label in self._marked:
            if isalive(field):
                field.setStyleSheet(style)
                for signal in _signals_of(field):
                    signal.disconnect(self._changed)
            if isalive(label):
                _take_out(label)
        self._marked = []
        self.setText("")
        self.hide()

    def _changed(self, *what) -> None:
        self.clear()

    def _mark(self, field: QWidget, words: str) -> None:
        style, color = field.styleSheet(), _red()
        field.setStyleSheet(f"{style} {type(field).__name__} {{ border: 1px solid {color}; }}")
        label = QLabel(words)
        label.setWordWrap(True)
        label.setStyleSheet(f"color: {color}")
        if words:
            _put_below(field, label)
        self._marked.append((field, style, label))
        for signal in _signals_of(field):
            signal.connect(self._changed)
        around = field.parentWidget()
        while around is not None:
            if isinstance(around, Folding):
                around.expand(animate=False)
            around = around.parentWidget()

    @property
    def page_is_seen(self) -> bool:
        """Whether the form that it stands in is on screen."""
        parent = self.parentWidget()
        return parent is not None and parent.isVisible()

    def _uncover(self, widget: QWidget) -> None:
        area = widget.parentWidget()
        while area is not None and not isinstance(area, QScrollArea):
            area = area.parentWidget()
        if area is not None:
            area.ensureWidgetVisible(widget, 0)
            area.horizontalScrollBar().setValue(0)


class StandingReason(Reason):
    """The line of a whole panel or dock: what has no form of its own, or one that is not seen, is said here, until its
    cross puts it away or something else is said."""

    def __init__(self, fields: Callable[[], Fields] = dict, parent=None):
        super().__init__(fields, parent)
        self.cross = QToolButton(self)
        self.cross.setText("×")
        self.cross.setAutoRaise(True)
        self.cross.setFixedSize(_CROSS, _CROSS)
        self.cross.setCursor(Qt.ArrowCursor)
        self.cross.setToolTip("Put this away")
        self.cross.clicked.connect(self.clear)
        self.setContentsMargins(0, 0, _CROSS + 2, 0)
        _STANDING.add(self)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self.cross.move(self.width() - _CROSS, 0)


#: The lines of the panels and docks there are.
_STANDING: weakref.WeakSet[StandingReason] = weakref.WeakSet()
_CROSS = 18


def say_error(reason: BaseException | str, near: QWidget | None = None, name: str = "") -> bool:
    """Say why something cannot be done, in the nearest form; always False.

    Parameters
    ----------
    reason
        An error, which goes to the log too, or a sentence.
    near
        Where it was tried. The line (an attribute ``reason``) of it, or of the nearest widget around it that is seen,
        says it; without one, or where none of them has a line, that of the panel or dock on screen; and only where
        there is none of these either, a notice of napari, which fades.
    name
        As :meth:`Reason.say` takes it.
    """
    line = _line_around(near)
    if line is not None:
        return line.say(reason, name)
    keep(reason)
    from napari.utils.notifications import show_error

    show_error(in_words(in_a_sentence(reason), {}))
    return False


def _line_around(widget: QWidget | None) -> Reason | None:
    """The line of reasons that is seen and stands nearest to a widget, or in any panel or dock."""
    while widget is not None:
        line = getattr(widget, "reason", None)
        if isinstance(line, Reason) and line.page_is_seen:
            return line
        widget = widget.parentWidget()
    return next((one for one in _STANDING if isalive(one) and one.page_is_seen), None)


def _say_elsewhere(words: str, page: QWidget | None) -> None:
    """Say what a form says that is not seen: it stands there too, for when it is."""
    say_error(words, None if page is None else page.parentWidget())


def _red() -> str:
    return readable(_RED, theme_colors()[0], TEXT)


def _step_titles() -> dict[str, str]:
    from napari_scantwin.processing import STEPS

    return {name: one.title for name, one in STEPS.items()}


def _can_be_seen(field: QWidget, beside: QWidget) -> bool:
    """Whether a field is shown when its page is, or stands in a part that can be unfolded."""
    around = field
    while around is not None and around is not beside.parentWidget():
        if around.isHidden() and (around is field or not isinstance(around.parentWidget(), Folding)):
            return False
        around = around.parentWidget()
    return True


def _signals_of(field: QWidget) -> list:
    return [getattr(field, name) for name in _SIGNALS if hasattr(field, name)]


def _place_of(layout: QLayout, widget: QWidget) -> tuple[QLayout, int] | None:
    """The layout in which a widget lies, and at which index."""
    for index in range(layout.count()):
        item = layout.itemAt(index)
        if item.widget() is widget:
            return layout, index
        if item.layout() is not None and (found := _place_of(item.layout(), widget)) is not None:
            return found
    return None


def _put_below(field: QWidget, label: QLabel) -> None:
    """Put a label below a field: over the whole width of a form, below the row of a column, or, of a field in a grid,
    below that."""
    widget = field
    while (around := widget.parentWidget()) is not None:
        found = None if around.layout() is None else _place_of(around.layout(), widget)
        while found is not None:
            layout, index = found
            if isinstance(layout, QFormLayout):
                layout.insertRow(layout.getItemPosition(index)[0] + 1, label)
                return
            if _is_column(layout) and not _is_box(around, layout):
                layout.insertWidget(index + 1, label)
                return
            above = layout.parent()
            if not isinstance(above, QLayout):
                break
            found = next((above, number) for number in range(above.count()) if above.itemAt(number).layout() is layout)
        widget = around
    label.setParent(field.parentWidget())


def _is_column(layout: QLayout) -> bool:
    return isinstance(layout, QBoxLayout) and layout.direction() == QBoxLayout.TopToBottom


def _is_box(widget: QWidget, layout: QLayout) -> bool:
    """Whether a layout is that of the box about a single field of a form, whose rows are as high as a field."""
    return widget.layout() is layout and layout.count() == 1


def _take_out(label: QLabel) -> None:
    parent = label.parentWidget()
    found = None if parent is None or parent.layout() is None else _place_of(parent.layout(), label)
    if found is not None and isinstance(found[0], QFormLayout):
        found[0].removeRow(label)
        return
    if found is not None:
        found[0].removeWidget(label)
    label.hide()
    label.deleteLater()
