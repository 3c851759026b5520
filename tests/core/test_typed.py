"""Numbers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.core.sample import Sample
from napari_scantwin.core.typed import typed_number


@given(number=st.floats(allow_nan=False, allow_infinity=False), comma=st.booleans(), minus=st.sampled_from("-−–"))
def test_comma_and_point_exponent_and_any_minus_are_the_same_number(number, comma, minus):
    text = f"  {number!r} ".replace("-", minus)
    assert typed_number(text.replace(".", ",") if comma else text) == number


@pytest.mark.parametrize(
    "text", ["", "-", "1,2,3", "1.2.3", "1,234.5", "e5", "12 K", "nan", "inf", "0x10", "1_000", "1e"]
)
def test_what_is_no_number_is_none(text):
    with pytest.raises(ValueError, match=r"is no number"):
        typed_number(text)


def test_ranges_lists_quantities_and_masses_take_commas_too():
    assert parse_values("0,5:2,5:0,5").tolist() == [0.5, 1, 1.5, 2, 2.5]
    assert parse_values("0,5; 1; 2,5").tolist() == [0.5, 1, 2.5]
    assert parse_values("100, 200, 500").tolist() == [100, 200, 500]
    quantity = Quantity.of("12,3 ± 0,1 mohm", "it", "1 ohm")
    assert (quantity.value, quantity.error) == (12.3, 0.1)
    assert Sample(mass="0,61 mg").si("mass") == pytest.approx(0.61e-6)
