"""Tables of numbers as CSV."""

from __future__ import annotations

import csv

import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.writers.tables import write_table


def test_numbers_read_back_to_the_last_bit_and_what_is_missing_is_empty(tmp_path):
    third = 1 / 3
    path = write_table(
        tmp_path / "t.csv", ["of", "peak (J/K)"], [["a, b", third], ["c", float("nan")], ["d", 2]], {"source": "x\ny"}
    )
    lines = path.read_text().splitlines()
    assert lines[0] == "# source: x y"
    rows = list(csv.reader(lines[1:]))
    assert rows == [["of", "peak (J/K)"], ["a, b", repr(third)], ["c", ""], ["d", "2"]]


@pytest.mark.parametrize(("name", "rows"), [("t.txt", [[1.0]]), ("t.csv", [])])
def test_another_suffix_and_an_empty_table_are_refused(tmp_path, name, rows):
    with pytest.raises(ScanError):
        write_table(tmp_path / name, ["x"], rows)
    assert not list(tmp_path.iterdir())
