"""Every table that instruments and people wrote, beside the checkout, against an independent reading of its numbers."""

from __future__ import annotations

import csv
import functools
import math
import os
from pathlib import Path

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import open_choices, open_file, read, read_table

DATA = Path(os.environ.get("SCANTWIN_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
pytestmark = pytest.mark.skipif(not (DATA / "crystal_field").is_dir(), reason="the files are not beside the checkout")

#: Columns of axis and value, both from 1, with their units, of the tables of a compound's crystal field.
PAIRS = [
    *[("kerse2_HC.dat", 1, at, "temperature[K]", f"{at + 1}=heat_capacity[mJ/(mol K)]") for at in (1, 3)],
    *[("kerse2_MT.dat", 2, at, "temperature[K]", f"{at + 1}=susceptibility[emu/(mol Oe)]") for at in (1, 4, 7)],
    *[("kerse2_mh.dat", 1, at, "magnetic_field[Oe]", f"{at + 1}=magnetization[µB/ion]") for at in range(1, 41, 2)],
]


def cells(path, delimiter="\t"):
    with path.open(encoding="cp1252", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


#: Each file is parsed once for all of its columns.
opened = functools.cache(open_file)


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return math.nan


@pytest.mark.parametrize(("name", "headers", "at", "axis", "value"), PAIRS, ids=[f"{p[0]}-{p[2]}" for p in PAIRS])
def test_ragged_pairs_of_columns_open_when_told_what_they_are(name, headers, at, axis, value):
    path = DATA / "crystal_field" / name
    rows = [[number(cell) for cell in row[at - 1 : at + 1]] for row in cells(path)[headers:]]
    expected = np.array([row for row in rows if len(row) == 2 and math.isfinite(row[1])])
    scan = opened(path).scan(axes=[f"{at}={axis}"], value=value)
    np.testing.assert_array_equal(scan[axis.split("[")[0]].values, expected[:, 0])
    np.testing.assert_array_equal(scan.values, expected[:, 1])


def test_names_over_every_other_column_are_kept_and_misplaced_ones_are_not():
    assert read_table(DATA / "crystal_field" / "kerse2_HC.dat").headers == (
        "column 1",
        "0 T KErSe2",
        "column 3",
        "0 T KLuSe2",
    )
    # 16 heads above 9 columns, and 52 above 40: nobody can say which belongs to which.
    for name, count in (("kerse2_MT.dat", 9), ("kerse2_mh.dat", 40)):
        assert read_table(DATA / "crystal_field" / name).headers == tuple(f"column {k}" for k in range(1, count + 1))


@pytest.mark.parametrize(
    ("name", "axes", "value"),
    [
        ("erco2_magnetization.csv", ["2=magnetic_field[Oe]", "1=temperature[K]"], "3=moment[emu]"),
        ("pdh_resistance.csv", ["2=magnetic_field[Oe]", "1=temperature[K]"], "3=resistance[ohm]"),
        ("arpes_map.csv", ["2=manipulator_angle[deg]", "1=angle[deg]"], "3=photoemission_intensity[count]"),
    ],
)
def test_measured_scans_hold_every_row(name, axes, value):
    expected = np.array([[float(cell) for cell in row] for row in cells(DATA / "measured" / name, ",")[1:]])
    scan = read(DATA / "measured" / name, axes=axes, value=value)
    points = scans.points(scan)
    found = np.column_stack([points.coordinates[:, 1], points.coordinates[:, 0], points.values])
    assert found.shape == expected.shape
    order = [np.lexsort(table.T) for table in (found, expected)]
    np.testing.assert_array_equal(found[order[0]], expected[order[1]])


@pytest.mark.parametrize(
    "name",
    [
        "mpms3_fc_sweep_a",
        "mpms3_fc_sweep_b",
        "mpms3_fc_sweep_c",
        "mpms3_m_of_h_no_mass",
        "mpms3_zfc_fc",
        "mpms_sequence_mixed",
    ],
)
def test_every_reading_of_an_instrument_s_file_is_one_of_its_rows(name):
    """Of every choice every reading is a row of the file, and none but what is said to be left out is missing."""
    path = DATA / "instrument" / f"{name}.dat"
    delimiter = "\t" if name == "mpms3_m_of_h_no_mass" else ","
    rows = cells(path, delimiter)
    start = next(at for at, row in enumerate(rows) if row and row[0].strip() == "[Data]") + 1
    heads = [head.strip() for head in rows[start]]
    table = {head: np.array([number(row[at]) if at < len(row) else math.nan for row in rows[start + 1 :]])
             for at, head in enumerate(heads) if head}  # fmt: skip
    choices = open_choices(path)
    assert choices
    best: dict[str, int] = {}
    for one in choices:
        scan, head = one.scan, one.scan.attrs["value_column"]
        rows_of = list(zip(table["Temperature (K)"], table["Magnetic Field (Oe)"], table[head], strict=True))
        fast = scans.axes(scan)[-1]
        place = 0 if fast == "temperature" else 1
        readings = {(row[place], row[2]) for row in rows_of}
        assert {(float(at), float(value)) for at, value in zip(scan[fast].values, scan.values, strict=True)} <= readings
        best[head] = max(best.get(head, 0), scan.size)
    for head, most in best.items():
        held = int(np.isfinite(table[head]).sum())
        together = next(one.scan for one in choices if one.scan.attrs["value_column"] == head and one.scan.size == most)
        assert most == held or "left out" in str(together.attrs.get("notes", "")), (head, most, held)
