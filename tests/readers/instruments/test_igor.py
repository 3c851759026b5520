"""Igor files of several waves, folders and uneven axes, written here after WaveMetrics' technical notes TN003 (waves,
version 5) and PTN003 (packed experiments)."""

from __future__ import annotations

import struct
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.readers import open_choices, read

pytest.importorskip("igor2", reason="Igor binary files need igor2; install the extra igor to test them")

CUT = np.arange(12.0).reshape(3, 4)
SIZES = {"Kinetic Energy [eV]": 3, "Y-Scale [deg]": 4}
NOTE = "[SES]\rPass Energy=20\rExcitation Energy=74\rRegion Name=deep"


def wave5(name, values, labels=(), scales=(), unit="", note="", order="<"):
    """A version 5 wave of doubles: ``labels`` of the dimensions, their (offset, step), the data's unit, a note."""
    pad = [("", (0.0, 1.0))] * 4
    given_ = [(label, scale) for label, scale in zip(labels, scales or [(0.0, 1.0)] * 4, strict=False)]
    labels, scales = zip(*(given_ + pad)[:4], strict=True)
    units = [label.encode() for label in labels]
    data = np.asfortranarray(values, f"{order}f8").tobytes(order="F")
    sizes = [*np.shape(values), 0, 0, 0, 0][:4]
    head = struct.pack(f"{order}lLLlhh6sh32slL", 0, 0, 0, np.size(values), 4, 0, b"", 1, name.encode(), 0, 0)
    head += struct.pack(f"{order}4l8d", *sizes, *(step for _, step in scales), *(offset for offset, _ in scales))
    head = head.ljust(320, b"\0")
    tail = note.encode() + unit.encode() + b"".join(units)
    whole = [5, 0, 320 + len(data), 0, len(note), len(unit), *map(len, units), 0, 0, 0, 0, 0, 0, 0]
    first = struct.pack(f"{order}hh15l", *whole)
    first = first[:2] + struct.pack(f"{order}H", -sum(struct.unpack(f"{order}192H", first + head)) & 0xFFFF) + first[4:]
    return first + head + data + tail


def record(kind, content, order="<", version=1):
    return struct.pack(f"{order}Hhl", kind, version, len(content)) + content


def cut(name="cut", **how):
    return wave5(name, CUT, SIZES, [(10, 0.5), (-1, 0.5)], "Counts [a.u.]", NOTE, **how)


PACKED = (
    record(3, cut("region1"))
    + record(3 | 0x8000, cut("older"))
    + record(9, b"second\0")
    + record(3, cut("region1"))
    + record(10, b"second\0")
    + record(3, wave5("scratch", np.zeros((5, 6))))
)


def test_every_region_of_a_packed_experiment_is_offered(tmp_path):
    path = tmp_path / "two.pxp"
    path.write_bytes(PACKED)
    assert [one.key for one in open_choices(path)] == ["region1", "second/region1"]
    scan = read(path, choice="second/region1")
    assert scans.axes(scan) == ("angle", "energy")
    np.testing.assert_array_equal(scan.values, CUT.T)
    np.testing.assert_allclose(scan["energy"].values, [10, 10.5, 11])
    np.testing.assert_allclose(scan["angle"].values, [-1, -0.5, 0, 0.5])
    assert (scan.attrs["pass_energy"], scan.attrs["region"], scan.attrs["units"]) == (20, "deep", "arb")


@pytest.mark.parametrize("versions", [(0, 0), (1, 1), (0, 1), (1, 0)])
@pytest.mark.parametrize("order", ["<", ">"])
def test_packed_experiments_of_both_orders_of_bytes(order, versions, tmp_path):
    path = tmp_path / "two.pxt"
    first, second = (cut(name, order=order) for name in ("one", "two"))
    path.write_bytes(record(3, first, order, versions[0]) + record(3, second, order, versions[1]))
    assert [one.key for one in open_choices(path)] == ["one", "two"]
    scan = read(path, choice="two")
    np.testing.assert_array_equal(scan.values, CUT.T)
    np.testing.assert_allclose(scan["energy"].values, [10, 10.5, 11])
    assert (scan.attrs["pass_energy"], scan.attrs["units"]) == (20, "arb")


def test_a_dimension_without_a_label_takes_the_wave_that_fits(tmp_path):
    stack = np.arange(24.0).reshape(3, 4, 2)
    labels, scales = [*SIZES, ""], [(10, 0.5), (-1, 0.5), (0, 1)]
    temperatures = record(3, wave5("temperature", np.array([5.4, 2.0]), unit="K"))
    counts = record(3, wave5("total", np.array([7.0, 8.0]), unit="counts"))
    path = tmp_path / "stack.pxt"
    path.write_bytes(record(3, wave5("stack", stack, labels, scales)) + temperatures + counts)
    scan = read(path)
    assert scans.axes(scan) == ("sample_temperature", "angle", "energy")
    assert scan["sample_temperature"].values.tolist() == [2.0, 5.4]
    np.testing.assert_array_equal(scan.values, stack.T[::-1])
    path.write_bytes(record(3, wave5("stack", stack, labels, scales)) + counts)
    with pytest.raises(ScanError, match=r"stack\.pxt: the axis 'axis 3' has no unit"):
        read(path)


def test_a_single_wave_and_what_is_no_data(tmp_path):
    path = tmp_path / "cut.ibw"
    path.write_bytes(cut())
    assert read(path).values.tolist() == CUT.T.tolist()
    path.write_bytes(wave5("one", np.array([1.0])))
    with pytest.raises(ScanError, match="holds no wave of numbers"):
        read(path)


def test_columns_of_igor_text_are_axis_and_value(tmp_path):
    path = tmp_path / "edc.itx"
    body = "1.0 5\n1.1 6\n1.3 8\nEND\n"
    scale = 'X SetScale d, 0, 0, "eV", ekin\nX SetScale d, 0, 0, "cps (Intensity)", counted\n'
    path.write_text("IGOR\nWAVES/D\tekin, counted\nBEGIN\n" + body + scale)
    scan = read(path)
    assert scans.axes(scan) == ("energy",)
    np.testing.assert_allclose(scan["energy"].values, [1.0, 1.1, 1.3])
    assert scan.values.tolist() == [5, 6, 8]
    assert scan.attrs["units"] == "count/s"


def test_a_note_of_igor_text_is_kept(tmp_path):
    path = tmp_path / "cut.itx"
    commands = 'X SetScale/P x 1,0.1,"eV", c\nX SetScale/P y 1,1,"deg", c\nX Note c, "Pass Energy=5\\rLens Mode=A30"\n'
    path.write_text("IGOR\nWAVES/S/N=(2,2) c\nBEGIN\n1 2\n3 4\nEND\n" + commands)
    scan = read(path)
    assert scans.axes(scan) == ("angle", "energy")
    assert (scan.attrs["pass_energy"], scan.attrs["lens_mode"]) == (5, "A30")


def test_igor_text_without_an_end_takes_no_longer_than_its_length(tmp_path):
    whole = (
        'WAVES/D/N=(2,2) good\nBEGIN\n1 2\n3 4\nEND\nX SetScale/P x 1,1,"eV", good\nX SetScale/P y 1,1,"deg", good\n'
    )
    path = tmp_path / "long.itx"
    path.write_text("IGOR\n" + whole + "WAVES/D w\nBEGIN\n" * 30_000)
    start = time.process_time()
    assert read(path).values.tolist() == [[1, 3], [2, 4]]
    path.write_text("IGOR\n" + "WAVES/D w\nBEGIN\n" * 30_000)
    with pytest.raises(ScanError, match="holds no whole wave"):
        read(path)
    assert time.process_time() - start < 2  # it took minutes


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["cut.ibw", "two.pxp", "two.pxt"]), data=st.data())
def test_damage_is_told_in_one_sentence(kind, data, tmp_path, damage, told):
    (tmp_path / kind).write_bytes(damage(cut() if kind == "cut.ibw" else PACKED, data))
    told(tmp_path / kind)


def test_a_wave_without_end_is_left_out_and_said(tmp_path):
    path = tmp_path / "cut.itx"
    whole = (
        'WAVES/D/N=(2,2) good\nBEGIN\n1 2\n3 4\nEND\nX SetScale/P x 1,1,"eV", good\n'
        'X SetScale/P y 1,1,"deg", good\nX SetScale d 0,0,"counts", good\n'
    )
    path.write_text("IGOR\n" + whole)
    assert not notes(read(path).attrs)
    path.write_text("IGOR\n" + whole + "WAVES/D/N=(2,2) late\nBEGIN\n1 2\n3")
    scan = read(path)
    np.testing.assert_array_equal(scan.values, [[1, 3], [2, 4]])
    assert any("1 of 2 blocks of waves that are not whole" in note for note in notes(scan.attrs))
