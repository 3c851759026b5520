"""Tables side by side in one file."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_scantwin.core.errors import NeedsColumns
from napari_scantwin.readers import open_file

_LENGTHS = st.lists(st.integers(3, 9), min_size=2, max_size=5)


def _rows(columns: list[np.ndarray], missing: str = "--") -> list[str]:
    """Lines of columns of different lengths, the shorter ones filled up."""
    longest = max(map(len, columns))
    return [
        "\t".join(repr(float(column[row])) if row < len(column) else missing for column in columns)
        for row in range(longest)
    ]


def _curves(lengths) -> list[np.ndarray]:
    rng = np.random.default_rng(sum(lengths))
    return [
        column for length in lengths for column in (np.sort(rng.uniform(2, 300, length)), rng.uniform(1, 2, length))
    ]


@settings(max_examples=25, deadline=None)
@given(lengths=_LENGTHS)
def test_heads_that_come_back(lengths, tmp_path_factory):
    """Each pair is a measurement of its own length, whatever its neighbours' lengths are."""
    columns = _curves(lengths)
    heads = "\t".join(["T (K)", "C (J/mol/K)"] * len(lengths))
    titles = "\t".join(cell for number in range(len(lengths)) for cell in (f"sample {number}", ""))
    path = tmp_path_factory.mktemp("pairs") / "c.dat"
    path.write_text("\n".join([titles, heads, *_rows(columns)]) + "\n")
    found = open_file(path).measurements()
    assert [one.scan.size for one in found] == lengths
    for number, one in enumerate(found):
        assert one.scan.attrs["title"] == f"sample {number}"
        assert one.scan.name == "heat_capacity"
        np.testing.assert_array_equal(one.scan["temperature"].values, columns[2 * number])
        np.testing.assert_array_equal(one.scan.values, columns[2 * number + 1])


@settings(max_examples=25, deadline=None)
@given(lengths=_LENGTHS, lost=st.integers(0, 4))
def test_heads_of_the_measured_columns_alone(lengths, lost, tmp_path_factory):
    """Heads without one above the scanned columns are told by their order, also where they have lost their places."""
    columns = _curves(lengths)
    names = [f"{number}.5K H//ab" for number in range(len(lengths))]
    heads = "\t" + ("\t\t" + "\t" * lost).join(names)
    path = tmp_path_factory.mktemp("pairs") / "m.dat"
    path.write_text("\r\n".join([heads, *_rows(columns)]) + "\r\n")
    table = open_file(path).table
    assert [group.values for group in table.groups] == [(name,) for name in names]
    for number, group in enumerate(table.groups):
        np.testing.assert_array_equal(table.columns[group.x][: lengths[number]], columns[2 * number])
        assert np.isnan(table.columns[group.x][lengths[number] :]).all()


def test_a_unit_that_stands_once(tmp_path):
    """One unit above all columns is each measured column's, and its inverse is that of an inverse quantity."""
    path = tmp_path / "chi.dat"
    rows = _rows([np.array([2.0, 3.0, 4.0]), np.array([0.5, 0.4, 0.25]), np.array([2.0, 2.5, 4.0])] * 2)
    path.write_text("\n".join(["\temu/mol Oe\t\t\t\t", "\tchi\t1/chi\t\tchi c\t1/chi c", *rows]) + "\n")
    table = open_file(path).table
    first, second = table.groups
    assert [table.units[head] for head in (first.x, *first.values)] == [None, "emu/mol/Oe", "mol*Oe/emu"]
    assert second.values == ("chi c", "1/chi c")
    assert "stands once" in table.attrs["notes"]


def test_units_left_out_are_asked_for_by_the_head(tmp_path):
    """Nothing is guessed: who opens the file is told the columns by the heads of what was measured."""
    path = tmp_path / "m.dat"
    path.write_text("\n".join(["\t2 K\t\t5 K", *_rows(_curves([5, 5]))]) + "\n")
    file = open_file(path)
    assert file.measurements() == []
    with pytest.raises(NeedsColumns, match="x of 2 K"):
        file.scan()
    scan = file.scan(axes=["x of 2 K=magnetic_field[Oe]"], value="2 K=magnetization[µB/f.u.]")
    assert scan.size == 5


@pytest.mark.parametrize(
    ("head", "heads"),
    [
        ("\tT (K)\tM (emu)", ("column 1", "T (K)", "M (emu)")),  # rows numbered without a name
        ("T (K)\tM (emu)\tH (Oe)", ("T (K)", "M (emu)", "H (Oe)")),
    ],
)
def test_one_table_stays_one(tmp_path, head, heads):
    path = tmp_path / "one.dat"
    path.write_text("\n".join([head, *_rows([np.arange(4.0), np.arange(4.0) + 2, np.ones(4)])]) + "\n")
    table = open_file(path).table
    assert table.groups == ()
    assert table.headers == heads


def test_large_files_have_the_same_groups(tmp_path):
    """The quick way through a large table and the careful one agree."""
    columns = _curves([700, 700])
    lines = ["T (K)\tC (J/mol/K)\tT (K)\tC (J/mol/K)", *_rows(columns)]
    for name, count in (("small", 20), ("large", 700)):
        (tmp_path / f"{name}.dat").write_text("\n".join(lines[: count + 1]) + "\n")
    small, large = (open_file(tmp_path / f"{name}.dat") for name in ("small", "large"))
    assert large.table.groups == small.table.groups
    np.testing.assert_array_equal(large.measurements()[1].scan.values, columns[3])
