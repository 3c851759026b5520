"""Why something cannot be done stands in the form, in its words, beside the field that is wrong."""

from __future__ import annotations

import logging

import pytest
from qtpy.QtWidgets import QApplication, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from napari_scantwin.core.config import log_file
from napari_scantwin.core.errors import ScanError, WrongParameter
from napari_scantwin.operations.parameters import Parameter, in_running_text
from napari_scantwin.samples import load_sample
from napari_scantwin.viewer.kit.folding import Folding
from napari_scantwin.viewer.kit.form import ParameterForm
from napari_scantwin.viewer.kit.reasons import Reason, in_words

SCAN = load_sample("arpes")
PARAMETERS = (
    Parameter("fwhm", "Width (FWHM)", unit="eV", minimum=0, above=True),
    Parameter("begin", "Begin at", unit="eV", optional=True, further=True),
)


@pytest.fixture
def page(qtbot):
    """A page with a form of two parameters, one of them folded away, and its reason."""
    page = QWidget()
    qtbot.addWidget(page)
    page.form = ParameterForm(further="More")
    page.form.show_parameters(PARAMETERS, SCAN)
    page.reason = Reason(lambda: page.form.named_fields)
    layout = QVBoxLayout(page)
    layout.addWidget(page.form)
    layout.addWidget(page.reason)
    page.show()
    return page


def refused(parameter: Parameter, value) -> WrongParameter:
    with pytest.raises(WrongParameter) as caught:
        parameter.checked(SCAN, value, {})
    return caught.value


def below(page) -> list[str]:
    return [one.text() for one in page.form.findChildren(QLabel) if one.isVisible() and one.text().endswith(".")]


def test_a_wrong_field_is_marked_with_the_sentence_below_it_until_it_is_changed(page):
    line = page.form.fields["fwhm"]
    assert page.reason.say(refused(PARAMETERS[0], "-1")) is False
    QApplication.processEvents()
    assert page.reason.marked == [line]
    assert "border" in line.styleSheet()
    assert below(page) == ["Width (FWHM) must be above 0 eV, not -1."]
    assert not page.reason.isVisible()
    line.setText("2")
    QApplication.processEvents()
    assert page.reason.marked == []
    assert line.styleSheet() == ""
    assert below(page) == []


def test_what_is_missing_is_asked_for_in_the_forms_words_and_in_pythons(page):
    reason = refused(PARAMETERS[0], None)
    assert "fwhm=" in str(reason)
    page.reason.say(reason)
    assert page.reason.words == "Width (FWHM) is missing; type it."


def test_names_of_python_are_titles_and_their_fields_are_unfolded_and_marked(page):
    begin = page.form.fields["begin"]
    assert not begin.isVisible()
    page.reason.say(ScanError("choose another curve to 'begin' at, or convert it with 'to_momentum' first"))
    QApplication.processEvents()
    assert begin.isVisible()
    assert page.reason.marked == [begin]
    assert page.reason.words == "Choose another curve to “Begin at” at, or convert it with “Angle to momentum” first."


def test_what_names_no_field_stands_in_a_line_of_its_own_and_the_last_reason_only(page):
    page.reason.say(refused(PARAMETERS[0], "x"))
    page.reason.say("Open a scan first.")
    assert page.reason.isVisible()
    assert page.reason.words == "Open a scan first."
    assert page.reason.marked == []
    page.reason.clear()
    assert not page.reason.isVisible()


def test_a_form_that_is_built_anew_leaves_nothing_marked(page):
    page.reason.say(refused(PARAMETERS[0], "x"))
    page.form.show_parameters(PARAMETERS[:1], SCAN)
    QApplication.processEvents()
    assert page.reason.words == ""
    page.reason.clear()


def test_a_page_that_is_not_seen_says_it_in_a_notification(page, spoken):
    page.hide()
    page.reason.say("The disk is full.")
    assert spoken == ["The disk is full."]


def test_fields_of_any_layout_are_marked(qtbot):
    page = QWidget()
    qtbot.addWidget(page)
    rows, low, high, folded = QVBoxLayout(page), QLineEdit(), QLineEdit(), QLineEdit()
    row = QHBoxLayout()
    for field in (QLabel("from"), low, QLabel("to"), high):
        row.addWidget(field)
    rows.addLayout(row)
    folding, inner = Folding("Settings"), QWidget()
    QFormLayout(inner).addRow("Members", folded)
    folding.addWidget(inner)
    rows.addWidget(folding)
    reason = Reason(lambda: {"from": ("from", low), "to": ("to", high), "members": ("Members", folded)})
    rows.addWidget(reason)
    page.show()
    for name, field in (("to", high), ("members", folded)):
        reason.say(WrongParameter("this is wrong", name))
        QApplication.processEvents()
        assert reason.marked == [field]
        label = next(one for one in page.findChildren(QLabel) if one.text() == "This is wrong.")
        assert label.isVisible()
        assert label.mapTo(page, label.rect().topLeft()).y() >= field.mapTo(page, field.rect().bottomLeft()).y()
    reason.clear()
    assert not [one for one in page.findChildren(QLabel) if one.text() == "This is wrong." and one.isVisible()]


def test_a_slip_leaves_no_traceback_on_the_terminal_but_in_the_log(page, capfd):
    page.reason.say(refused(PARAMETERS[0], "-1"))
    page.reason.say(KeyError("inside"))
    logging.getLogger("napari_scantwin").handlers[-1].flush()
    assert "Traceback" not in "".join(capfd.readouterr())
    assert "KeyError" in page.reason.words
    assert str(log_file()) in page.reason.words
    kept = log_file().read_text()
    assert "must be above 0 eV" in kept
    assert "KeyError: 'inside'" in kept


def test_titles_within_a_sentence_keep_symbols_and_abbreviations():
    cases = {
        "Width (FWHM)": "width (FWHM)",
        "H/Pd column": "H/Pd column",
        "R₀ from scan": "R₀ from scan",
        "Along": "along",
    }
    assert {title: in_running_text(title) for title in cases} == cases


def test_a_sentence_has_a_capital_and_one_full_stop():
    assert in_words("give 'unknown' a value", {}) == "Give 'unknown' a value."
    assert in_words("Wait for it.", {}) == "Wait for it."
