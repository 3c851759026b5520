"""Tables as other programs write them: whatever their preamble, delimiter, decimals and header, the same scan."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import read

FIELDS = (50.0, 1000.0, 12_500.0)
TEMPERATURES = np.arange(10, 40, 2.5)
ROWS = [(t, h, round(1e-3 * h * np.exp(-t / 20), 6)) for h in FIELDS for t in TEMPERATURES]


def opened(tmp_path, text, name="scan.csv", **arguments):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, **arguments)


def cell(number, decimal, grouped):
    text = f"{number:,.6f}" if grouped else f"{number:.6f}"
    return text.translate(str.maketrans(",.", ".,")) if decimal == "," else text


def same_scan(scan):
    assert scans.axes(scan) == ("magnetic_field", "temperature")
    assert scan["temperature"].attrs["units"] == "K"
    assert scan["magnetic_field"].attrs["units"] == "Oe"
    assert scan.attrs["units"] == "emu"
    np.testing.assert_array_equal(scan["magnetic_field"].values, FIELDS)
    np.testing.assert_array_equal(scan["temperature"].values, TEMPERATURES)
    np.testing.assert_array_equal(scan.values.ravel(), [value for *_, value in ROWS])


_WORD = st.text(st.characters(codec="utf-8", categories=("L", "Nd"), include_characters=" :.-()"), max_size=12)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    grouped=st.booleans(),
    quoted=st.booleans(),
    hashed=st.booleans(),
    units_row=st.booleans(),
    trailing=st.booleans(),
    words=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    padding=st.integers(0, 40),
    preamble=st.lists(st.lists(_WORD, min_size=1, max_size=2), max_size=50),
)
def test_a_table_in_any_dialect_is_the_same_scan(
    tmp_path,
    delimiter,
    decimal,
    grouped,
    quoted,
    hashed,
    units_row,
    trailing,
    words,
    ending,
    encoding,
    padding,
    preamble,
):
    quoted = quoted or (delimiter == "," and (decimal == "," or grouped))
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator=ending
    )
    for line in preamble:
        writer.writerow(["x" + word.strip() for word in line])
    heads = ["T", "H", "Moment"] if units_row else ["T (K)", "H (Oe)", "Moment (emu)"]
    state = ["State"] if words else []
    for row in [heads + state, *([["K", "Oe", "emu", *[""] * words]] if units_row else [])]:
        out.write("# " * hashed)
        writer.writerow(row + [""] * trailing)
    for number, row in enumerate(ROWS):
        cells = [cell(one, decimal, grouped) for one in row] + [f"ok, step {number}"] * words
        writer.writerow(cells + [""] * trailing)
    content = out.getvalue().encode(encoding) + b"\0" * (padding * 2)
    scan = opened(tmp_path, content)
    same_scan(scan)
    assert ("State" in scan.attrs.get("notes", "")) == words
    assert ("zero byte" in scan.attrs.get("notes", "")) == (padding > 0 and "16" not in encoding)


def test_a_long_table_is_read_the_quick_way_and_gives_the_same(tmp_path):
    """Above some hundreds of rows pandas reads what is plain; both ways give every bit of every number."""
    random = np.random.default_rng(0)
    rows = [(t, h, float(random.normal() * 10.0 ** random.integers(-9, 9))) for h in range(40) for t in range(40)]
    plain = "T (K),H (Oe),Moment (emu)\n" + "".join(f"{t},{h},{m!r}\n" for t, h, m in rows)
    quick = opened(tmp_path, plain)
    careful = opened(tmp_path, plain.replace("\n0,0,", '\n"0",0,', 1), "careful.csv")
    np.testing.assert_array_equal(quick.values.ravel(), [m for *_, m in rows])
    np.testing.assert_array_equal(careful.values, quick.values)


@pytest.mark.parametrize("bad", ["1,2\n", "1,2,3,4\n", "1,oops,3\n"])
def test_a_long_table_with_one_bad_row_names_its_line(tmp_path, bad):
    rows = "".join(f"{t},{h},{t * h}\n" for h in range(1, 30) for t in range(30))
    with pytest.raises(ScanError, match="line 872"):
        opened(tmp_path, "T (K),H (Oe),Moment (emu)\n" + rows + bad)


@pytest.mark.parametrize(
    ("first", "second"), [("0,5", "0.5"), ("12,34", "1,234.5"), ("1.000,5", "2.25")], ids=["plain", "grouped", "both"]
)
def test_both_decimal_marks_in_one_table_are_a_slip(tmp_path, first, second):
    with pytest.raises(ScanError, match=r"decimal comma .* and with a decimal point"):
        opened(tmp_path, f"T (K);H (Oe);Moment (emu)\n1;2;{first}\n1;3;{second}\n")


def test_a_comma_that_may_be_either_is_not_guessed(tmp_path):
    with pytest.raises(ScanError, match="may be 10 or 10000"):
        opened(tmp_path, "T (K);H (Oe);Moment (emu)\n1;10,000;3\n1;20,000;3\n")


def test_unquoted_decimal_commas_between_commas_are_refused(tmp_path):
    rows = "".join(f"{t},5,{h},0,0,{m}\n" for h in (1, 2) for t in (2, 3) for m in (7,))
    with pytest.raises(ScanError, match="3 names stand above 6 cells"):
        opened(tmp_path, "T (K),H (Oe),Moment (emu)\n" + rows)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1.5D-03", 1.5e-3),
        ("−1.25", -1.25),
        ("1 234.5", 1234.5),
        ("1\N{NARROW NO-BREAK SPACE}234\N{NARROW NO-BREAK SPACE}567", 1234567),
        ("12'500.5", 12500.5),
        ("+.5", 0.5),
        ("1e5", 1e5),
    ],
)
def test_numbers_as_they_are_written_elsewhere(tmp_path, written, number):
    scan = opened(tmp_path, f"T (K);H (Oe);Moment (emu)\n1;1;{written}\n2;1;0.5\n3;1;0.25\n1;2;0.5\n2;2;1.5\n")
    assert scan.values.ravel()[0] == number


@pytest.mark.parametrize("written", ["nan", "--", "#N/A", "N/A", "", "1.#QNAN", "—"])
def test_what_stands_for_no_number_is_counted(tmp_path, written):
    scan = opened(tmp_path, f"T (K),H (Oe),Moment (emu)\n1,1,{written}\n2,1,5\n3,1,5\n1,2,5\n")
    assert scan.attrs["dropped_rows"] == 1
    assert "'Moment (emu)' is no finite number" in scan.attrs["notes"]


@pytest.mark.parametrize(
    ("head", "value", "unit"),
    [
        ("T (K),100 Oe,1000 Oe,5000 Oe", "value", "Oe"),
        ("T (K),M (emu) 100 Oe,M (emu) 1000 Oe,M (emu) 5000 Oe", "M (emu)", "Oe"),
        ("T (K),H=100 Oe,H=1000 Oe,H=5000 Oe", "value", "Oe"),
        ("T (K),R at 0.1 T,R at 1 T,R at 5 T", "R", "T"),
        ("T (K),100,1000,5000", "value", None),
    ],
)
def test_a_column_for_each_sweep_is_put_below_one_another(tmp_path, head, value, unit):
    text = head + "\n" + "".join(f"{t},{t + 1},{t + 2},{t + 3}\n" for t in range(5, 12))
    try:
        opened(tmp_path, text)
    except NeedsColumns as question:
        table = question.table
    else:
        table = None
    if value == "M (emu)":
        assert table is None
        scan = opened(tmp_path, text)
    else:
        assert value in table.headers
        axis = table.headers[1]
        scan = opened(
            tmp_path,
            text,
            axes=["T (K)=temperature", f"{axis}=magnetic_field" + ("" if unit else "[Oe]")],
            value=f"{value}=signal[arb]",
        )
    places = scan["magnetic_field"].values
    np.testing.assert_array_equal(places, [0.1, 1, 5] if unit == "T" else [100, 1000, 5000])
    np.testing.assert_array_equal(scan.values, [[t + n for t in range(5, 12)] for n in (1, 2, 3)])


def test_columns_that_are_only_numbered_are_not_sweeps(tmp_path):
    text = "T (K),Ch1 (ohm),Ch2 (ohm)\n" + "".join(f"{t},{t + 1},{t + 2}\n" for t in range(5, 12))
    with pytest.raises(NeedsColumns) as question:
        opened(tmp_path, text)
    assert question.value.table.headers == ("T (K)", "Ch1 (ohm)", "Ch2 (ohm)")


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        ("", 12),  # whole: as many decimals as all others
        ("4,2,8.0", 11),
        ("4,2,", 11),
        ("4,", 11),
    ],
)
def test_a_last_line_that_may_be_cut_is_left_out_and_said(tmp_path, cut, kept):
    rows = [f"{t},{h},{t * h:.2f}" for h in (1, 2) for t in range(-1, 5)]
    text = "T (K),H (Oe),Moment (emu)\n" + "\n".join([*rows[:-1], cut or rows[-1]])
    scan = opened(tmp_path, text)
    assert scan.size == kept
    said = scan.attrs.get("notes", "")
    assert ("no line end" in said or "no finite number" in said) == (kept == 11)


def test_rows_of_words_among_the_readings_are_counted(tmp_path):
    rows = "".join(f"{t},{h},{t * h}\n" for h in (1, 2) for t in range(5))
    again = "T (K),H (Oe),Moment (emu)\n"
    scan = opened(tmp_path, again + rows + again + rows.replace(",1,", ",3,").replace(",2,", ",4,") + "end of data,,\n")
    assert scan.size == 20
    assert "2 rows without numbers" in scan.attrs["notes"]


def test_a_name_whose_unit_measures_something_else_is_asked_for(tmp_path):
    rows = "".join(f"{t},{h},{t * h}\n" for h in (1, 2) for t in range(5))
    with pytest.raises(NeedsColumns, match=r"'emu' in 'T \(emu\)' does not fit"):
        opened(tmp_path, "T (emu),H (Oe),Moment (emu)\n" + rows)
    with pytest.raises(NeedsColumns, match=r"'blorp' in 'H \(blorp\)' is not known"):
        opened(tmp_path, "T (K),H (blorp),Moment (emu)\n" + rows)
    with pytest.raises(ScanError, match="cannot be a temperature in Oe"):
        opened(tmp_path, "a,b,c\n" + rows, axes=["a=temperature[Oe]", "b=magnetic_field[Oe]"], value="c=moment[emu]")


def test_set_points_stand_for_readings_that_wander_and_it_is_said(tmp_path):
    random = np.random.default_rng(0)
    rows = [(t + random.normal(0, 0.01), h) for t in (2, 4, 6) for h in np.linspace(0, 5e4, 26)]
    text = "T (K),H (Oe),M (emu)\n" + "".join(f"{t:.5f},{h:.2f},{h / t:.6f}\n" for t, h in rows)
    scan = opened(tmp_path, text)
    assert [sweep.size for sweep in scans.sweeps(scan)] == [26] * 3
    assert len(np.unique(scan["temperature"].values)) == 3
    assert "off the set point" in scan.attrs["notes"]
