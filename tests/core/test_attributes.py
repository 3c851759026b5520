"""Attributes of any kind: each comes back as it was, or is named among what was left out."""

from __future__ import annotations

import datetime
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_scantwin.core import attributes
from napari_scantwin.core.notes import notes

numbers = st.floats() | st.integers() | st.booleans() | st.complex_numbers()
dates = st.datetimes() | st.dates() | st.times() | st.datetimes(timezones=st.just(datetime.UTC))
of_numpy = hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes()
arrays = hnp.arrays(of_numpy, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
leaves = (
    st.none()
    | numbers
    | st.text()
    | st.binary()
    | dates
    | arrays
    | arrays.map(lambda one: one.ravel()[0] if one.size else one)
)
values = st.recursive(
    leaves,
    lambda part: st.lists(part, max_size=3) | st.tuples(part, part) | st.dictionaries(st.text(), part, max_size=3),
    max_leaves=6,
)
any_attributes = st.dictionaries(st.text(), values, max_size=4)


def same(one, other) -> bool:
    """Whether two values are the same; NaN is itself, and NumPy's numbers are Python's."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.shape == other.shape and same(one.tolist(), other.tolist())
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return bool(one == other) or repr(one) == repr(other) or bool(one != one and other != other)


@settings(max_examples=80, deadline=None)
@given(attrs=any_attributes)
def test_every_attribute_comes_back_through_json_or_is_named(attrs):
    again = attributes.from_json(json.loads(json.dumps(attributes.to_json(attrs))))
    assert len(again) + len(attributes.left_out(attrs)) == len(attrs)
    for key, value in again.items():
        assert same(attrs[key], value) or same(np.asarray(attrs[key]).tolist(), value), (attrs[key], value)


class Instrument:
    """Something of another program's."""


def cyclic() -> list:
    one: list = []
    one.append(one)
    return one


@pytest.mark.parametrize(
    "value",
    [Instrument(), len, {1, 2}, cyclic(), 10**5000, np.array([Instrument()]), np.zeros(2, "i4,f8"), "x" * (17 << 20),
     np.ma.array([1, 2], mask=[0, 1]), np.zeros(10_000_000)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_has_no_form_is_left_out_and_named(value):
    kept = attributes.storable({"detector": value, "pass_energy": 20})
    assert kept.pop("notes").startswith("left out: the attribute 'detector', which is a ")
    assert kept == {"pass_energy": 20}


def test_a_key_that_is_no_text_is_named_and_notes_stay_apart():
    kept = attributes.storable({3: 1.0, "a; b": object(), "notes": "a sensor failed"})
    assert list(kept) == ["notes"]
    assert [note.split(",")[0] for note in notes(kept)] == [
        "a sensor failed",
        "left out: the attribute 'int'",
        "left out: the attribute 'a? b'",
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"is": "array", "dtype": "O", "shape": [1], "values": [{"is": "module"}]},
        {"is": "array", "dtype": "U400000000", "shape": [1], "values": ["x"]},
        {"is": "array", "dtype": "f8", "shape": [3], "values": [1.0]},
        {"is": "array", "dtype": "V800000000", "shape": [1], "values": [0]},
        {"is": "unheard of"},
    ],
)
def test_a_form_that_is_none_of_ours_is_refused(form):
    with pytest.raises((ValueError, TypeError, KeyError)):
        attributes.from_json({"x": form})
