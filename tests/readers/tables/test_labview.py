"""LabVIEW's measurement files, as text and as TDMS, against the arrays they were written from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nptdms import ChannelObject, GroupObject, RootObject, TdmsWriter

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns, ScanError
from napari_scantwin.readers import open_choices, read, read_table

END = "***End_of_Header***"
KELVIN = np.round(np.linspace(10, 40, 31), 6)
OHM = np.round(0.01 * KELVIN**1.5, 6)
SECONDS = np.round(np.arange(31) * 0.25, 6)


def header(separator="Tab", decimal=".", x_columns="One", **more):
    mark = {"Tab": "\t", "Comma": ","}[separator]
    said = {"Writer_Version": "2", "Reader_Version": "2", "Separator": separator, "Decimal_Separator": decimal,
            "Multi_Headings": "Yes", "X_Columns": x_columns, "Time_Pref": "Relative", "Operator": "me",
            "Date": "2024/05/06", "Time": "12:00:00.5", **more}  # fmt: skip
    lines = [
        f"LabVIEW Measurement{mark}",
        *(f"{key}{mark}{value}" for key, value in said.items()),
        f"{END}{mark}",
        mark,
    ]
    return lines, mark


def lvm(channels, x=SECONDS, *, units=(), dimension="Time", comments=False, segments=1, **how):
    """A file of channels (name to values), with the x values once, a channel, or not at all."""
    lines, mark = header(**how)
    x_columns, decimal = how.get("x_columns", "One"), how.get("decimal", ".")
    gap = [""] if x_columns == "Multi" else []

    def tag(name, cells):
        return mark.join([name, *(one for k, cell in enumerate(cells) for one in (*(gap if k else []), cell))])

    def shown(value):
        return "" if np.isnan(value) else f"{value:.6f}".replace(".", decimal)

    count = len(channels)
    for part in np.array_split(np.arange(len(x)), segments):
        lines.append(tag("Channels", [str(count)]))
        lines.append(tag("Samples", [str(len(part))] * count))
        if units:
            lines.append(tag("Y_Unit_Label", list(units)))
        lines.append(tag("X_Dimension", [dimension] * count))
        lines.append(tag("X0", [f"{x[part[0]]:.16E}".replace(".", decimal)] * count))
        lines.append(tag("Delta_X", [f"{x[1] - x[0]:.6f}".replace(".", decimal)] * count))
        lines.append(END + mark * count)
        names = [one for k, name in enumerate(channels) for one in ([] if k and not gap else ["X_Value"], [name])]
        lines.append(mark.join([*(one for pair in names for one in pair), "Comment"]))
        for row in part:
            cells = []
            for k, values in enumerate(channels.values()):
                if gap or not k:
                    cells.append("" if x_columns == "No" else shown(x[row]))
                cells.append(shown(values[row]))
            lines.append(mark.join([*cells, *(["heater on"] if comments and row == 3 else [])]))
        lines.append("")
    return "\n".join(lines) + "\n"


def opened(tmp_path, text, name="run.lvm", **how):
    path = tmp_path / name
    path.write_bytes(text.replace("\n", "\r\n").encode("cp1252"))
    return read(path, **how)


def same(scan):
    assert (scan.name, scan.attrs["units"], scans.axes(scan)) == ("resistance", "Ω", ("temperature",))
    np.testing.assert_array_equal(scan["temperature"].values, KELVIN)
    np.testing.assert_array_equal(scan.values, OHM)


@pytest.mark.parametrize("x_columns", ["One", "Multi", "No"])
@pytest.mark.parametrize(("separator", "decimal"), [("Tab", "."), ("Tab", ","), ("Comma", ".")])
@pytest.mark.parametrize("segments", [1, 2])
def test_channels_that_say_what_they_are_make_a_scan(tmp_path, x_columns, separator, decimal, segments):
    text = lvm({"Temperature": KELVIN, "Resistance": OHM}, units=("K", "Ohms"), comments=True,
               x_columns=x_columns, separator=separator, decimal=decimal, segments=segments)  # fmt: skip
    scan = opened(tmp_path, text)
    same(scan)
    commented = "1 comment beside"  # in each segment
    assert commented in scan.attrs["notes"]
    assert "left out: column Time" in scan.attrs["notes"]


def test_units_in_the_channel_s_names(tmp_path):
    same(opened(tmp_path, lvm({"T (K)": KELVIN, "R [Ohm]": OHM}, units=("", ""))))
    with pytest.raises(NeedsColumns):  # the name says one thing and the unit another
        opened(tmp_path, lvm({"T (K)": KELVIN, "R [Ohm]": OHM}, units=("Volts", "Volts")))


def test_a_channel_over_time_and_without_x_values(tmp_path):
    for x_columns in ("One", "No"):
        scan = opened(tmp_path, lvm({"Resistance": OHM}, units=("Ohm",), x_columns=x_columns))
        assert scans.axes(scan) == ("time",)
        np.testing.assert_allclose(scan["time"].values, SECONDS, atol=1e-9)
        assert scan["time"].attrs["units"] == "s"


def test_untitled_channels_are_asked_for_and_segments_are_sweeps(tmp_path):
    text = lvm({"Untitled": KELVIN, "Untitled 1": OHM}, segments=3)
    with pytest.raises(NeedsColumns) as question:
        opened(tmp_path, text)
    assert question.value.table.headers == ("Time", "Untitled", "Untitled 1", "sweep")
    scan = opened(tmp_path, text, axes=["Untitled=temperature[K]"], value="Untitled 1=resistance[ohm]")
    np.testing.assert_array_equal(scan.values, OHM)
    assert len(scans.sweeps(scan)) == 3


def test_channels_with_x_values_of_their_own_are_tables_of_their_own(tmp_path):
    text = lvm({"a": KELVIN, "b": OHM}, x_columns="Multi")
    rows = text.splitlines()
    at = next(k for k, line in enumerate(rows) if line.startswith("X_Value")) + 1
    for row in range(at, at + 31):
        cells = rows[row].split("\t")
        cells[2] = f"{float(cells[2]) + 0.1:.6f}"
        rows[row] = "\t".join(cells)
    path = tmp_path / "two.lvm"
    path.write_text("\n".join(rows) + "\n")
    assert read_table(path, sheet="a").headers == ("Time", "a")
    np.testing.assert_allclose(read_table(path, sheet="b").columns["Time"], SECONDS + 0.1)
    with pytest.raises(ScanError, match="no table 'c'; its tables are a, b"):
        read_table(path, sheet="c")


def test_special_blocks_and_one_heading_for_several_packets(tmp_path):
    text = lvm({"Temperature": KELVIN, "Resistance": OHM}, units=("K", "Ohm"), Multi_Headings="No")
    text = text.replace("Channels", "***Start_Special***\nChannels\t9\n1\t2\n***End_Special***\nChannels", 1)
    rows = text.splitlines()
    rows.insert(-12, "")  # a further call writes below a blank line
    same(opened(tmp_path, "\n".join(rows) + "\n"))


def test_a_word_among_the_readings_is_named(tmp_path):
    text = lvm({"Temperature": KELVIN, "Resistance": OHM}, units=("K", "Ohm")).replace("15.000000", "offline")
    with pytest.raises(ScanError, match=r"run\.lvm, line \d+, column 'Temperature': 'offline' is not a number"):
        opened(tmp_path, text)
    with pytest.raises(ScanError, match="does not begin with 'LabVIEW Measurement'"):
        opened(tmp_path, "T\tR\n1\t2\n", "other.lvm")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_to_text_is_said_in_a_sentence(tmp_path, damage, told, data):
    path = tmp_path / "damaged.lvm"
    path.write_bytes(damage(lvm({"Temperature": KELVIN, "Resistance": OHM}, units=("K", "Ohm")).encode(), data))
    told(path)


def tdms(path, groups, **root):
    with TdmsWriter(str(path)) as file:
        objects = [RootObject(properties=root)]
        for group, channels in groups.items():
            objects.append(GroupObject(group))
            for name, (values, said) in channels.items():
                objects.append(ChannelObject(group, name, values, properties=said))
        file.write_segment(objects)
    return path


def plain(factor=1.0):
    return {"Temperature": (KELVIN, {"unit_string": "K"}), "Resistance": (factor * OHM, {"unit_string": "Ohm"})}


def test_a_group_whose_channels_say_what_they_are(tmp_path):
    path = tdms(tmp_path / "run.tdms", {"run": {**plain(), "Remark": (np.array(["x"] * 31, dtype=object), {}),
                                                "Zero": (np.zeros(3), {})}}, title="film 3")  # fmt: skip
    scan = read(path)
    same(scan)
    assert scan.attrs["title"] == "film 3"
    assert "channels of words and dates: Remark" in scan.attrs["notes"]
    assert "channels of another length: Zero" in scan.attrs["notes"]


def test_groups_are_choices_and_what_is_not_clear_is_asked_for(tmp_path):
    other = {"Untitled": (OHM[:9], {}), "x": (KELVIN[:9], {})}
    path = tdms(tmp_path / "ask.tdms", {"long": {"Untitled": (OHM, {}), "x": (KELVIN, {})}, "short": other})
    with pytest.raises(NeedsColumns, match=r"of its tables \(long; short\) choose another"):
        read(path)
    scan = read(path, choice="short", axes=["x=temperature[K]"], value="Untitled=resistance[ohm]")
    np.testing.assert_array_equal(scan.values, OHM[:9])
    path = tdms(tmp_path / "run.tdms", {"a": plain(), "b": plain(2.0), "c": {"Untitled": (OHM, {}), "x": (KELVIN, {})}})
    assert [one.key for one in open_choices(path)] == ["a", "b"]
    scan = read(path, choice="b")
    np.testing.assert_array_equal(scan.values, 2 * OHM)
    assert "c, whose columns do not say what they are" in scan.attrs["notes"]
    scan = read(path, choice="c", axes=["x=temperature[K]"], value="Untitled=resistance[ohm]")
    same(scan)


@pytest.mark.parametrize("same_steps", [True, False])
def test_the_steps_of_a_waveform_are_an_axis(tmp_path, same_steps):
    said = {
        "wf_increment": 0.25,
        "wf_start_offset": 1.0,
        "wf_xname": "Time",
        "wf_xunit_string": "s",
        "unit_string": "V",
    }
    channels = {"U": (OHM, said)}
    if not same_steps:
        channels["W"] = (OHM, said | {"wf_increment": 0.5})
    path = tdms(tmp_path / "wave.tdms", {"wave": channels})
    if same_steps:
        table = read_table(path)
        np.testing.assert_allclose(table.columns["Time"], 1 + SECONDS)
        assert table.units == {"Time": "s", "U": "V"}
    else:
        table = read_table(path)
        assert table.headers == ("U", "W")
        assert "steps of waveforms" in table.attrs["notes"]


def test_tdms_of_scaled_and_whole_numbers(tmp_path):
    counts = np.arange(31, dtype=np.int32)
    path = tdms(
        tmp_path / "run.tdms",
        {"run": {"Temperature": (KELVIN, {"unit_string": "K"}), "Counts": (counts, {"unit_string": "cts"})}},
    )
    scan = read(path, axes=["Temperature"], value="Counts=counts")
    np.testing.assert_array_equal(scan.values, counts)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_to_tdms_is_said_in_a_sentence(tmp_path, damage, told, data):
    path = tdms(tmp_path / "whole.tdms", {"run": plain()})
    (tmp_path / "damaged.tdms").write_bytes(damage(path.read_bytes(), data))
    told(tmp_path / "damaged.tdms")
