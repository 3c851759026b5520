"""Numbers are read as people type them, by anyone's habits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.core.sample import Sample
from napari_scantwin.core.typed import leading_number, typed_number
from napari_scantwin.operations.parameters import Parameter

#: How thousands and decimals are parted: English, German, French, Swiss, Swedish, Arabic, the SI's own.
HABITS = [(",", "."), (".", ","), ("\u202f", ","), ("’", "."), ("'", ","), ("\xa0", ","), ("٬", "٫"), ("\u2009", ".")]
_EASTERN = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")

numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(numbers, st.sampled_from(".,"), st.sampled_from("eED"), st.sampled_from("-−–"), st.booleans())
def test_every_number_comes_back(number, decimal, exponent, minus, eastern):
    text = repr(number).replace(".", decimal).replace("e", exponent).replace("-", minus)
    assert typed_number(f" {text.translate(_EASTERN) if eastern else text} ") == number


@given(
    st.integers(1_000, 10**12),
    st.none() | st.text("0123456789", min_size=1, max_size=6),
    st.sampled_from(HABITS),
    st.sampled_from(["", "-", "+", "−"]),
)
def test_thousands_are_parted_by_any_habit(whole, fraction, habit, sign):
    thousands, decimal = habit
    if fraction is None and thousands in ".," and whole < 10**6:
        return  # 1,234 alone is a little more than one: the next test
    text = sign + f"{whole:,}".replace(",", thousands) + ("" if fraction is None else decimal + fraction)
    expected = float(f"{whole}.{fraction or 0}")
    assert typed_number(text) == (-expected if sign in ("-", "−") else expected)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234", 1.234),
        ("1.234", 1.234),
        ("0,125", 0.125),
        (",5", 0.5),
        ("5.", 5),
        ("1,5 ×10^-3", 0.0015),
        ("1d3", 1e3),
    ],
)
def test_one_separator_is_the_decimal_one(text, number):
    assert typed_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "-", ".", ",", "e5", "1e", "1,2,3", "1.2.3", "1,23,456", "12 34", "1,234,56.7", "0x10", "nan", "inf",
             "1e999", "2*105", "1_000", "1 2", "1-2", "five"]
)  # fmt: skip
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"number"):
        typed_number(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,5 meV", (12.5, "meV")),
        ("20meV", (20.0, "meV")),
        ("1 234,5 Oe", (1234.5, "Oe")),
        ("2 1/cm", (2.0, "1/cm")),
        ("−3e-2 K", (-0.03, "K")),
        ("5 eV", (5.0, "eV")),
    ],
)
def test_a_unit_may_stand_behind(text, expected):
    assert leading_number(text) == expected


def test_ranges_lists_and_parameters_take_decimal_commas():
    assert list(parse_values("1,5:2,5:0,5")) == [1.5, 2.0, 2.5]
    assert list(parse_values("1,5:2,5#3")) == [1.5, 2.0, 2.5]
    assert list(parse_values("1,5; 2,5;3")) == [1.5, 2.5, 3.0]
    assert list(parse_values("100, 200; 300")) == [100.0, 200.0, 300.0]
    assert list(parse_values("10,20 30")) == [10.0, 20.0, 30.0]
    with pytest.raises(ScanError, match="no range"):
        parse_values("1,5:2,5:x")
    width = Parameter("width", "Width", unit="eV")
    assert width.checked(None, "12,5 meV", {}) == pytest.approx(0.0125)
    fields = Parameter("fields", "Fields", kind="numbers", unit="Oe")
    assert fields.checked(None, "1,5 kOe; 2,5 kOe", {}) == pytest.approx([1500, 2500])
    assert fields.checked(None, "1.5 kOe, 2 kOe", {}) == pytest.approx([1500, 2000])
    assert Sample(mass="0,61 mg").si("mass") == pytest.approx(0.61e-6)
    assert Quantity.of("12,3 ± 0,1 mohm", "it", "1 ohm") == Quantity.of("12.3 ± 0.1 mohm", "it", "1 ohm")
