"""Spreadsheets of every kind: exact numbers, what is passed over is said, damage and bombs are one sentence."""

from __future__ import annotations

import datetime
import resource
import zipfile

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import open_file, read, read_table
from napari_scantwin.readers.tables.sheet_cells import cells_of

HEADS = ["T (K)", "H (Oe)", "M (emu)"]
ROWS = [[t, h, m] for h in (100.0, 5e4) for t, m in ((2.125, 0.1 + 0.2), (3.5, 1 / 3), (1e-300, -1.5e300))]
ERROR = object()


def _xlsx(path, sheets: dict[str, list[list]]) -> None:
    """The bytes themselves, so that the numbers in the file are known to the last digit."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    part = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{part}.worksheet+xml"/>'
            for n in range(len(sheets))
        )
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{part}.sheet.main+xml"/>'
            f"{parts}</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        named = "".join(f'<sheet name="{name}" sheetId="{n + 1}" r:id="r{n}"/>' for n, name in enumerate(sheets))
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{named}</sheets></workbook>'
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(len(sheets))
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}/relationships">{targets}</Relationships>'
        )
        for n, rows in enumerate(sheets.values()):
            lines = []
            for number, row in enumerate(rows, 1):
                cells = "".join(
                    _xlsx_cell(f"{chr(65 + column)}{number}", cell) for column, cell in enumerate(row) if cell != ""
                )
                lines.append(f'<row r="{number}">{cells}</row>' if cells else "")
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>',
            )


def _xlsx_cell(place: str, cell) -> str:
    if cell is ERROR:
        return f'<c r="{place}" t="e"><v>#N/A</v></c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{cell}</t></is></c>'
    return f'<c r="{place}"><f>1+1</f><v>{cell!r}</v></c>'  # a formula with its stored value


def _ods(path, sheets: dict[str, list[list]]) -> None:
    names = "urn:oasis:names:tc:opendocument:xmlns"
    tables = []
    for name, rows in sheets.items():
        lines = []
        for row in rows:
            cells = "".join(_ods_cell(cell) for cell in row)
            lines.append(f"<table:table-row>{cells}</table:table-row>")
        # As LibreOffice ends each sheet: emptiness to the last row and column.
        rest = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        rest += 'table:number-columns-repeated="16384"/></table:table-row>'
        tables.append(f'<table:table table:name="{name}">{"".join(lines)}{rest}</table:table>')
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
            'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
            f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet>{"".join(tables)}'
            "</office:spreadsheet></office:body></office:document-content>",
        )


def _ods_cell(cell) -> str:
    if cell == "":
        return "<table:table-cell/>"
    if cell is ERROR or isinstance(cell, str):
        text = "" if cell is ERROR else cell
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
    return f'<table:table-cell office:value-type="float" office:value="{cell!r}"><text:p>0</text:p></table:table-cell>'


def _xls(path, sheets: dict[str, list[list]]) -> None:
    import xlwt

    book = xlwt.Workbook()
    for name, rows in sheets.items():
        sheet = book.add_sheet(name)
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell is ERROR:
                    sheet.row(number).set_cell_error(column, "#N/A!")
                elif cell != "":
                    sheet.write(number, column, cell)
    book.save(str(path))


KINDS = {".xlsx": _xlsx, ".ods": _ods, ".xls": _xls}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def _values(scan) -> np.ndarray:
    return np.sort(scan.values.ravel())


def test_numbers_are_exact_wherever_the_table_stands(kind, tmp_path):
    """Empty rows and columns before it, a title over it, and two further sheets."""
    rows = [[], [], ["", "", "A film on sapphire"], ["", "", *HEADS], *[["", "", *row] for row in ROWS]]
    KINDS[kind](tmp_path / f"scan{kind}", {"data": rows, "notes": [["five"]], "empty": []})
    scan = read(tmp_path / f"scan{kind}")
    np.testing.assert_array_equal(_values(scan), np.sort([row[2] for row in ROWS]))
    np.testing.assert_array_equal(np.unique(scan["temperature"].values), [1e-300, 2.125, 3.5])
    assert scan.attrs["units"] == "emu"
    said = notes(scan.attrs)
    assert "left out: the sheet 'notes'" in said
    assert len(scan.attrs["sha256"]) == 64


def test_cells_with_errors_and_empty_cells_are_missing(kind, tmp_path):
    rows = [HEADS, *[list(row) for row in ROWS]]
    rows[2][2], rows[4][2] = ERROR, ""
    KINDS[kind](tmp_path / f"scan{kind}", {"data": rows})
    scan = read(tmp_path / f"scan{kind}")
    assert np.isfinite(scan.values).sum() == 4
    assert scan.attrs["dropped_rows"] == 2


def test_a_sheet_is_chosen_by_name_and_an_empty_first_one_passed_over(kind, tmp_path):
    path = tmp_path / f"scan{kind}"
    KINDS[kind](path, {"cover": [], "one": [HEADS, *ROWS], "two": [HEADS, *[[t, h, 2 * m] for t, h, m in ROWS]]})
    np.testing.assert_array_equal(_values(read(path)), np.sort([row[2] for row in ROWS]))
    two = open_file(path, sheet="two").scan()
    np.testing.assert_array_equal(_values(two), np.sort([2 * row[2] for row in ROWS]))
    with pytest.raises(ScanError, match=rf"scan\{kind} has no sheet 'three'; its sheets are cover, one, two"):
        open_file(path, sheet="three").scan()


def test_an_empty_book_is_said(kind, tmp_path):
    KINDS[kind](tmp_path / f"scan{kind}", {"a": []})
    with pytest.raises(ScanError, match=r"scan\.\w+ has an empty sheet"):
        read(tmp_path / f"scan{kind}")


def test_a_file_cut_off_or_of_another_kind_is_one_sentence(kind, tmp_path):
    KINDS[kind](tmp_path / f"whole{kind}", {"data": [HEADS, *ROWS]})
    whole = (tmp_path / f"whole{kind}").read_bytes()
    for number, content in enumerate((whole[: len(whole) // 2], whole[:100], b"PK\x03\x04" + bytes(200))):
        path = tmp_path / f"cut{number}{kind}"
        path.write_bytes(content)
        with pytest.raises(ScanError, match=rf"cut{number}\{kind} (is not a whole|cannot be read)") as error:
            read(path)
        assert "\n" not in str(error.value)


def test_dates_times_and_truth_are_words(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append([*HEADS, "when", "of day", "good"])
    for number, row in enumerate(ROWS):
        when = datetime.datetime(2024, 2, 29, 12, 0, number)
        book.active.append([*row, when, when.time(), number % 2 == 0])
    book.save(tmp_path / "scan.xlsx")
    _, _, rows = cells_of(tmp_path / "scan.xlsx")
    assert rows[1][1][3:] == ["2024-02-29 12:00:00", "12:00:00", "True"]
    table = read_table(tmp_path / "scan.xlsx")
    assert "when" not in table.columns
    assert notes(table.attrs) == ["left out: columns of words: when, of day"]


def test_text_that_is_called_xls_is_read_as_text(tmp_path):
    lines = ["\t".join(HEADS), *["\t".join(map(repr, row)) for row in ROWS]]
    (tmp_path / "labview.xls").write_text("\n".join(lines) + "\n")
    np.testing.assert_array_equal(_values(read(tmp_path / "labview.xls")), np.sort([row[2] for row in ROWS]))


def _rows_of(archive_path, path, old: bytes, new: bytes) -> None:
    """A spreadsheet with one part of its XML replaced."""
    with zipfile.ZipFile(archive_path) as archive, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as changed:
        for name in archive.namelist():
            changed.writestr(name, archive.read(name).replace(old, new))


@pytest.mark.parametrize(
    ("suffix", "old", "new"),
    [
        (".xlsx", b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
        (".ods", b"</table:table>", b'<table:table-row table:number-rows-repeated="9000000"><table:table-cell '
         b'table:number-columns-repeated="9000000" office:value-type="float" office:value="1"/></table:table-row>'
         b"</table:table>"),
    ],
    ids=["a cell in the last corner", "a cell repeated without end"],
)  # fmt: skip
def test_a_sheet_larger_than_memory_ends_no_session(suffix, old, new, tmp_path):
    KINDS[suffix](tmp_path / f"whole{suffix}", {"data": [HEADS, *ROWS]})
    path = tmp_path / f"bomb{suffix}"
    _rows_of(tmp_path / f"whole{suffix}", path, old, new)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ScanError, match=rf"bomb\{suffix} (cannot be read|is not a whole)") as error:
        read(path)
    assert "\n" not in str(error.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes
