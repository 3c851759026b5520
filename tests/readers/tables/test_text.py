"""Text and spreadsheets: what is understood, what is asked, what is refused and how."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import read, read_table
from napari_scantwin.readers.tables.table import choose, recall, remember

ROWS = [(t, h, 10 * h + t) for h in (1.0, 2.5) for t in (2.125, 3.5, 4.75)]


def written(tmp_path, text, name="scan.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def table(head, delimiter=",", decimal="."):
    lines = [delimiter.join(repr(x).replace(".", decimal) for x in row) for row in ROWS]
    return "\n".join(([head] if head else []) + lines) + "\n"


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (table("T (K),H [Oe],Moment/emu"), {}),
        (table("T (K)\tH [Oe]\tMoment/emu", "\t"), {}),
        (table("T (K);H (Oe);Moment (emu)", ";", ","), {}),
        ("# a comment\n\n" + table("Temperature (K),Magnetic Field (Oe),Moment (emu)"), {}),
        (table("T,H,Moment").replace("\n", "\nK,Oe,emu\n", 1), {}),
        (table("T (K) H (Oe) M".replace(" (", "(").replace("M", "Moment(emu)"), " "), {}),
        (table(None), {"axes": ["1=temperature[K]", "2=magnetic_field[Oe]"], "value": "3=moment[emu]"}),
        (table("a,b,c"), {"axes": ["a=temperature[K]", "b=magnetic_field[Oe]"], "value": "c=moment[emu]"}),
        (table("T (K),H [Oe],Moment/emu").encode("utf-16"), {}),
    ],
)
def test_the_usual_spellings_give_the_same_scan(text, arguments, tmp_path):
    scan = read(written(tmp_path, text), **arguments)
    assert scans.axes(scan) == ("magnetic_field", "temperature")
    assert (scan["temperature"].attrs["units"], scan["magnetic_field"].attrs["units"]) == ("K", "Oe")
    assert scan.attrs["units"] == "emu"
    assert scan.shape == (2, 3)
    np.testing.assert_array_equal(scan.values.ravel(), [value for *_, value in ROWS])
    assert len(scan.attrs["sha256"]) == 64


def test_a_spreadsheet_goes_the_same_way(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for row in [("T (K)", "H (Oe)", "Moment (emu)"), *ROWS]:
        book.active.append(row)
    book.save(tmp_path / "scan.xlsx")
    np.testing.assert_array_equal(read(tmp_path / "scan.xlsx").values.ravel(), [value for *_, value in ROWS])
    (tmp_path / "cut.xlsx").write_bytes((tmp_path / "scan.xlsx").read_bytes()[:2000])
    with pytest.raises(ScanError, match=r"cut\.xlsx is not a whole"):
        read(tmp_path / "cut.xlsx")


def test_error_bars_and_dropped_rows_are_kept_and_counted(tmp_path):
    text = "T (K),H (Oe),Moment (emu),Std. Err. (emu)\n1,1,5,0.5\n2,1,nan,0.5\n3,1,7,0.25\n1,2,8,0.5\n"
    scan = read(written(tmp_path, text))
    assert scan.attrs["dropped_rows"] == 1
    np.testing.assert_array_equal(scan["standard_error"].values, [0.5, 0.25, 0.5])


def test_a_choice_is_remembered_for_the_same_header(tmp_path):
    path = written(tmp_path, table("a,b,c"))
    with pytest.raises(NeedsColumns) as question:
        read(path)
    assert question.value.table.headers == ("a", "b", "c")
    found = read_table(path)
    remember(choose(found, ["a=temperature[K]", "b=magnetic_field[Oe]"], "c=moment[emu]", None), found)
    assert recall(found).value.unit == "emu"
    assert read(written(tmp_path, table("a,b,c"), "next.csv")).attrs["units"] == "emu"


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("", {}, r"scan\.csv is empty"),
        (b"\x89PNG\0\1\2\3" * 40, {}, "binary data"),
        ("# only\n# words\n", {}, "nothing but comments"),
        ("all,words\nno,numbers\n", {}, "no rows of numbers"),
        ("T (K),H (Oe),Moment (emu)\n1,2,3\n1,oops,3\n", {}, r"line 3, column 'H \(Oe\)': 'oops'"),
        ("T (K),H (Oe),Moment (emu)\n1,2,3\n1,2,3,4\n", {}, "line 3: 4 cells where the first row has 3"),
        ("T (K),H (Oe),Moment (emu)\n1,2,3\ninf,2,3\n", {}, r"line 3: 'T \(K\)' is not a finite number"),
        ("T (K),H (Oe),Moment (emu)\n1,2,nan\n1,3,nan\n", {}, "holds no finite numbers"),
        ("T (K),T (K),Moment (emu)\n1,2,3\n2,2,3\n", {}, r"two columns are called 'T \(K\)'"),
        ("T (K),H (blorp),Moment (emu)\n1,2,3\n2,2,3\n", {}, "do not say which are axes"),
        ("a,b,c\n1,2,3\n", {"axes": ["a=x[K]", "d=y[K]"], "value": "c=z[emu]"}, "no column 'd'"),
        ("a,b,c\n1,2,3\n", {"axes": ["a=x[K]", "a=y[K]"], "value": "c=z[emu]"}, "twice"),
        ("a,b,c\n1,2,3\n", {"axes": ["a=x[K]", "b=x[K]"], "value": "c=z[emu]"}, "twice"),
        ("a,b,c\n1,2,3\n", {"axes": ["a=x[K]", "b=y[blorps]"], "value": "c=z[emu]"}, "'blorps' is not known"),
        ("a,b,c\n1,2,3\n", {"axes": ["a=x[K]", "b=y[nan]"], "value": "c=z[emu]"}, "'nan' is not known"),
        ("a,b,c\n1,2,3\n", {"axes": ["a=x", "b=y[K]"], "value": "c=z[emu]"}, "'a' has no unit"),
    ],
)
def test_bad_files_get_one_sentence_that_names_the_place(text, arguments, words, tmp_path):
    with pytest.raises(ScanError, match=words) as error:
        read(written(tmp_path, text), **arguments)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ScanError, match="no such file"):
        read(tmp_path / "none.csv")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_table_is_a_scan_or_a_sentence(tmp_path, data):
    whole = bytearray(table("T (K),H [Oe],Moment/emu").encode())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    try:
        scan = read(written(tmp_path, bytes(cut)))
    except ScanError as error:
        said = str(error)
        assert said
        return
    assert scans.is_scan(scan)


def test_published_measurements_open_when_told_their_columns(measured):
    erco2 = read(
        measured / "erco2_magnetization.csv", axes=["2=magnetic_field[Oe]", "1=temperature[K]"], value="3=moment[emu]"
    )
    assert [sweep.size for sweep in scans.sweeps(erco2)] == [101] * 8
    arpes = read(
        measured / "arpes_map.csv", axes=["2=manipulator_angle[deg]", "1=angle[deg]"], value="3=intensity[count]"
    )
    assert arpes.shape == (31, 967)
    pdh = read(
        measured / "pdh_resistance.csv", axes=["1=temperature[K]", "2=magnetic_field[Oe]"], value="3=resistance[ohm]"
    )
    assert scans.axes(pdh) == ("magnetic_field", "temperature")
    assert len(scans.sweeps(pdh)) == 7
    assert {sweep.size for sweep in scans.sweeps(pdh)} <= set(range(56, 149))
