"""Small tables as other programs write them: read with the right numbers, or asked for."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns
from napari_scantwin.readers import read

TEMPERATURES = np.arange(10.0, 61.0, 10.0)
FIELDS = (100.0, 1000.0, 5000.0)
#: (T in K, H in Oe, M in emu), one sweep over the temperature a field.
ROWS = [(t, h, round(1e-3 * h / t, 6)) for h in FIELDS for t in TEMPERATURES]


def body(delimiter="\t", rows=ROWS, decimal="."):
    return "".join(delimiter.join(f"{cell:g}".replace(".", decimal) for cell in row) + "\n" for row in rows)


def blocks(gap="\n", delimiter=" "):
    return gap.join(body(delimiter, [row for row in ROWS if row[1] == h]) for h in FIELDS)


def numbered():
    return [(number, *row) for number, row in enumerate(ROWS, 1)]


def quantum_design(delimiter, decimal="."):
    lines = ["[Header]", "TITLE,run", "BYAPP,PPMS,1.0", "INFO,7.5 mg,SAMPLE_MASS", "[Data]"]
    lines.append("Comment,Time Stamp (sec),Temperature (K),Magnetic Field (Oe),Moment (emu),M. Std. Err. (emu)")
    lines += [f",{3600 + k}.0,{t:.3f},{h:.1f},{m:.6f},0.000001" for k, (t, h, m) in enumerate(ROWS)]
    return "\n".join(line.replace(",", delimiter).replace(".", decimal) for line in lines) + "\n"


MAPS = {
    "Origin: names, units, remarks.txt": "Temperature\tField\tMoment\nK\tOe\temu\nFC\tFC\tFC\n" + body(),
    "Origin: few remarks.txt": "Temperature\tField\tMoment\nK\tOe\temu\n\tset\tsample 3\n" + body(),
    "Origin: short and long names.dat": "A(X)\tB(Y)\tC(Y)\nTemperature\tField\tMoment\nK\tOe\temu\nx\tx\tx\n" + body(),
    "Origin: rows labelled.csv": "Long Name,Temperature,Field,Moment\nUnits,K,Oe,emu\nComments,,,\n"
    + body(",", numbered()),
    "PPMS, saved by a spreadsheet.dat": quantum_design("\t"),
    "PPMS, by a German spreadsheet.dat": quantum_design(";", ","),
    "MPMS RSO.rso.dat": "[Header]\n; MPMS MultiVu RSO data\nTITLE,Er\nBYAPP,MPMS,1.62\nINFO,NAME,s\nINFO,WEIGHT,7.5\n"
    "[Data]\nTime,Comment,Field (Oe),Temperature (K),Long Moment (emu),Long Scan Std Dev,Long Reg Fit\n"
    + "".join(f"{1e9 + k:.1f},,{h},{t},{m},1e-7,0.99\n" for k, (t, h, m) in enumerate(ROWS)),
    "Cryogenic.txt": "Cryogenic Ltd S700X\nSample: x\nDate\t01/02/2020\n\n"
    "Sample Temp (K)\tField (Oe)\tMoment (emu)\n" + body(),
    "gnuplot: blocks.dat": "# T (K) H (Oe) M (emu)\n" + blocks(),
    "gnuplot: two blank lines.dat": "# T (K) H (Oe) M (emu)\n" + blocks("\n\n"),
    "gnuplot: a remark above each block.dat": "# T (K)  M (emu)\n"
    + "\n\n".join(f"# H = {f:g} Oe\n" + body(" ", [(t, m) for t, h, m in ROWS if h == f]) for f in FIELDS),
    "QCoDeS.dat": '# temp\tfield\tmoment\n# "Temperature (K)"\t"Magnetic Field (Oe)"\t"Moment (emu)"\n# 3\t6\n'
    + blocks(delimiter="\t"),
    "Quantify.csv": "# Temperature [K], Field [Oe], Moment [emu]\n" + body(","),
    "pymeasure.csv": "#Procedure: <run.MvsT>\n#Parameters:\n#\tDelay: 0.01 s\n#\tUser: me\n#Data:\n"
    "Temperature (K),Field (Oe),Moment (emu)\n" + body(","),
    "Excel: sep line.csv": "sep=;\nTemperature (K);Field (Oe);Moment (emu)\n" + body(";", decimal=","),
    "counted rows.csv": "Index,Temperature (K),Field (Oe),Moment (emu)\n" + body(",", numbered()),
    "a clock beside.csv": "Time (s),Temperature (K),Field (Oe),Moment (emu)\n"
    + body(",", [(1.5 * k, *row) for k, *row in numbered()]),
    "symbols behind names.csv": "Temperature (T) [K],Magnetic field (H) [Oe],Moment (m) [emu]\n" + body(","),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_is_three_sweeps_with_the_right_numbers(tmp_path, name):
    path = tmp_path / name.replace(":", "")
    path.write_text(MAPS[name], encoding="utf-8")
    scan = read(path)
    assert (scan.name, scan.attrs["units"], set(scans.axes(scan))) == (
        "moment",
        "emu",
        {"temperature", "magnetic_field"},
    )
    assert (scan["temperature"].attrs["units"], scan["magnetic_field"].attrs["units"]) == ("K", "Oe")
    points = scans.points(scan)
    place = [scans.axes(scan).index(axis) for axis in ("temperature", "magnetic_field")]
    np.testing.assert_array_equal(np.column_stack([points.coordinates[:, place], points.values]), ROWS)
    assert [one.size for one in scans.sweeps(scan)] == [6, 6, 6]
    if name.startswith(("PPMS", "MPMS")):
        assert (scan.attrs["sample_mass"], scan.attrs["sample_mass_units"]) == (7.5, "mg")
    for column in ("Index", "Time (s)"):
        assert (f"column {column}" in scan.attrs.get("notes", "")) == MAPS[name].startswith(column)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Keithley", "Model,2450\nSerial,04123\n\nIndex,Relative Time (s),Voltage (V),Current (A)\n"
         + "".join(f"{k},{k / 10},{k / 2},{k / 2000}\n" for k in range(20))),
        ("Bruker", "Index\tField [G]\tIntensity [a.u.]\n"
         + "".join(f"{k}\t{3400 + k}\t{k % 7}\n" for k in range(1, 40))),
        ("two values", "Temperature (K),Moment (emu),Resistance (Ohm)\n" + body(",")),
        ("units behind a stroke", "T_K,H_Oe,M_emu\n" + body(",")),
    ],
)  # fmt: skip
def test_what_does_not_say_which_column_is_the_value_is_asked_for(tmp_path, name, text):
    path = tmp_path / f"{name}.csv"
    path.write_text(text)
    with pytest.raises(NeedsColumns):
        read(path)


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("back", [True, False])
def test_passes_of_a_single_axis_are_sweeps_of_their_own(tmp_path, gap, back):
    """Zero-field-cooled and field-cooled, warming and cooling, with a blank line between or without."""
    kelvin = np.arange(2, 100, 2.0)
    second = kelvin[::-1] if back else kelvin
    parts = [[(t, round(factor / t, 6)) for t in one] for factor, one in ((1, kelvin), (2, second))]
    path = tmp_path / "zfc_fc.csv"
    path.write_text("Temperature (K),Moment (emu)\n" + gap.join(body(",", part) for part in parts))
    scan = read(path)
    assert [one.size for one in scans.sweeps(scan)] == [len(kelvin)] * 2
    np.testing.assert_array_equal(scan["temperature"].values, np.concatenate([kelvin, second]))
    np.testing.assert_array_equal(scan.values, [value for part in parts for _, value in part])


def test_remarks_among_the_readings_that_set_nothing_are_said(tmp_path):
    text = "# T (K) M (emu)\n" + "# cooled in 1 T\n".join(
        body(" ", [row[::2] for row in ROWS[k : k + 3]]) for k in (0, 3)
    )
    path = tmp_path / "remarks.dat"
    path.write_text(text)
    scan = read(path)
    assert "left out: 1 remark among the readings" in scan.attrs["notes"]
    assert scan.size == 6


@pytest.mark.parametrize("passes", [1, 2, 3, 6])
def test_a_clock_is_an_axis_only_where_one_axis_is_gone_through_again_and_again(tmp_path, passes):
    up = np.arange(10, 60.0)
    kelvin = np.concatenate([up if k % 2 == 0 else up[::-1] for k in range(passes)])
    path = tmp_path / "clock.csv"
    rows = [(k, t, t / 2) for k, t in enumerate(kelvin)]
    path.write_text("Time (s),Temperature (K),Resistance (Ohm)\n" + body(",", rows))
    scan = read(path)
    assert scans.axes(scan) == (("temperature",) if passes <= 3 else ("time", "temperature"))
    assert len(scans.sweeps(scan)) == passes
    assert ("column Time (s)" in scan.attrs.get("notes", "")) == (passes <= 3)
