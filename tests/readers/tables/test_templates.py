"""Usual measurements are told from headers and numbers, and people confirm them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.readers import read_table
from napari_scantwin.readers.tables.table import ColumnTable, table_to_scan
from napari_scantwin.readers.tables.templates import TEMPLATES, Fitted, clearly, usual_units

M, R, C, MAP, CUT = TEMPLATES


def table(**columns) -> ColumnTable:
    arrays = {name.replace("__", " "): np.asarray(column, float) for name, column in columns.items()}
    length = len(next(iter(arrays.values())))
    return ColumnTable("t.csv", arrays, dict.fromkeys(arrays), np.arange(length) + 2)


@pytest.mark.parametrize(
    ("file", "template", "axes", "value"),
    [
        ("erco2_magnetization.csv", M, {"temperature": ("X1_demo1", "K"), "magnetic_field": ("X2_demo1", "Oe")}, "emu"),
        ("pdh_resistance.csv", R, {"temperature": ("X1_demo3", "K"), "magnetic_field": ("X2_demo3", "Oe")}, "ohm"),
        ("arpes_map.csv", MAP, {"angle": ("X1_demo4", "deg"), "manipulator_angle": ("X2_demo4", "deg")}, "count"),
    ],
)
def test_published_files_whose_heads_say_nothing(measured, file, template, axes, value):
    found = read_table(measured / file)
    fitted = template.fit(found)
    assert isinstance(fitted, Fitted)
    assert not fitted.named
    assert clearly(found) is None  # nothing but numbers: people choose
    assert {one.name: (one.source.strip(), one.unit) for one in fitted.choice.axes} == axes
    assert fitted.choice.value.unit == value
    assert set(table_to_scan(found, fitted.choice).coords) >= set(axes)


def test_an_arpes_map_is_neither_of_the_others(measured):
    found = read_table(measured / "arpes_map.csv")
    assert isinstance(M.fit(found), str)  # angles below zero are no temperatures
    assert "no columns can be temperature" in C.fit(found)


def test_heads_without_units_name_a_measurement_clearly():
    named = clearly(table(T=[2.0, 3, 2, 3], H=[0, 0, 9, 9], M=[1, 2, 3, 4]))
    assert named is not None
    assert named.template is M
    assert {one.source: (one.name, one.unit) for one in named.choice.axes} == {
        "T": ("temperature", "K"),
        "H": ("magnetic_field", "T"),  # up to 9: no oersteds
    }
    assert clearly(table(T=[2.0, 3, 4], C=[1, 2, 3])).template is C
    assert clearly(table(theta=[-2.0, 3, 4], E=[-1, -2, 0], counts=[1, 2, 3])).template is CUT


def test_errors_are_error_bars_and_what_contradicts_is_told():
    fitted = M.fit(table(T=[2.0, 3, 4], H=[10, 20, 3000], M=[1, 2, 3], error=[0.1, 0.1, 0.1]))
    assert fitted.choice.error.source == "error"
    assert fitted.choice.error.unit == fitted.choice.value.unit
    assert "needs 3 columns" in M.fit(table(T=[2.0, 3], M=[1, 2]))
    assert "no column can be the resistance" in R.fit(table(T=[2.0, 3], H=[1, 2], M=[1, 2]))


@given(st.permutations(["a", "b"]), st.lists(st.floats(1, 500), min_size=3, max_size=20, unique=True))
def test_no_template_calls_a_negative_or_zero_column_a_temperature(order, numbers):
    columns = {"a": np.array(numbers), "b": np.array(numbers) - max(numbers)}
    fitted = M.fit(table(**{name: columns[name] for name in order}, y=np.ones(len(numbers))))
    assert isinstance(fitted, Fitted)
    assert next(one.source for one in fitted.choice.axes if one.name == "temperature") == "a"


def test_the_usual_unit_of_a_quantity_comes_first():
    assert usual_units("temperature")[0] == "K"
    assert usual_units("magnetic_field")[0] == "Oe"
    assert usual_units("susceptibility")[0] == "emu/Oe"
    assert usual_units("nothing known") == ()
