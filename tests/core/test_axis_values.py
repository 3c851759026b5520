"""Grids as people write them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core.axis_values import parse_values
from napari_scantwin.core.errors import ScanError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("10:12:0.5", [10, 10.5, 11, 11.5, 12]),
        ("0:0.3:0.1", [0, 0.1, 0.2, 0.3]),
        ("10:20#3", [10, 15, 20]),
        ("100, 200; 500", [100, 200, 500]),
        ("-5", [-5]),
    ],
)
def test_ranges_and_lists_are_understood(text, values):
    np.testing.assert_allclose(parse_values(text), values)


@pytest.mark.parametrize("text", ["", "a", "1:2", "1:2:0", "2:1:1", "1:2#0", "nan", "1:inf:1", "0:1e9:1e-3"])
def test_the_rest_is_refused_with_an_example(text):
    with pytest.raises(ScanError, match=r"10:60:0\.5"):
        parse_values(text, "temperature")
