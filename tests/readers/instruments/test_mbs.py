"""MBS files, written here after the layout in github.com/mueslo/mbs (``mbs/krx.py``) and erlab's and peaks'
loaders: a table of (place, angles, energies), ``int32`` images, a header of tab-separated lines behind each."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import open_choices, read

IMAGE = np.arange(20).reshape(5, 4)  # angle x energy


def header(**change) -> str:
    fields = {
        "Lines": "72", "Frames Per Step": "500", "No. Steps": "4", "Pass Energy": "PE020", "Lens Mode": "L4Ang0d8",
        "No Scans": "3", "RegNo": "7", "Start K.E.": "40.75", "Step Size": "0.005", "End K.E.": "40.77",
        "DeflX": "-2.7", "DeflY": "0", "AcqMode": "Swept", "NoS": "5", "RegName": "cut", "ScaleMult": "0.5",
        "ScaleMin": "-1", "ScaleMax": "1", "ScaleName": "Y Angle(Degrees)", "PCntON?": "Yes",
        "XMapScaleName": "X Map Angle(Degrees)", "STim": "29/05/2026   00:21",
    }  # fmt: skip
    return "\r\n".join(f"{key}\t{value}" for key, value in (fields | change).items()) + "\r\nDATA:\t\r\n"


def krx(images, head: str, bits: int = 64) -> bytes:
    place = (bits // 8 * (1 + 3 * len(images)) + 3) // 4 + 5
    table, blobs = [3 * len(images)], b""
    text = head.encode("latin-1")
    for image in images:
        table += [place + len(blobs) // 4, *image.shape]
        blob = image.astype("<i4").tobytes() + np.int32(len(text)).tobytes() + text
        blobs += blob + b"\0" * (-len(blob) % 4)
    start = np.array(table, f"<i{bits // 8}").tobytes()
    return start.ljust(place * 4, b"\0") + blobs


def text(head: str, image: np.ndarray, energies: bool = True) -> bytes:
    rows = [
        "\t".join([f"{40.75 + 0.005 * row:.7f}"] * energies + [f"{count:.7f}" for count in counts])
        for row, counts in enumerate(image.T)
    ]
    return (head + "\r\n".join(rows) + "\r\n").encode("latin-1")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.krx", krx([IMAGE], header())),
        ("old.krx", krx([IMAGE], header(), bits=32)),
        ("cut.txt", text(header(), IMAGE)),
        ("bare.txt", text(header(), IMAGE, energies=False)),
        ("comma.txt", text(header(), IMAGE).replace(b".", b",").replace(b"K,E,", b"K.E.")),
        ("old_header.krx", krx([IMAGE], header().replace("\nScale", "\nXScale"))),
    ],
)
def test_a_cut_is_the_same_from_every_kind_of_file(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    scan = read(tmp_path / name)
    assert scans.axes(scan) == ("angle", "energy")
    np.testing.assert_array_equal(scan.values, IMAGE)
    np.testing.assert_allclose(scan["energy"].values, [40.75, 40.755, 40.76, 40.765])
    np.testing.assert_allclose(scan["angle"].values, [-1, -0.5, 0, 0.5, 1])
    assert (scan["energy"].attrs["units"], scan["angle"].attrs["units"], scan.attrs["units"]) == ("eV", "deg", "count")
    assert scan.attrs["energy_notation"] == "kinetic"
    assert (scan.attrs["pass_energy"], scan.attrs["lens_mode"], scan.attrs["region"]) == (20, "L4Ang0d8", "cut")
    assert (scan.attrs["deflector_x"], scan.attrs["deflector_x_units"]) == (-2.7, "deg")
    assert json.loads(scan.attrs["settings"])["Frames Per Step"] == "500"


def test_a_deflector_map_that_was_stopped_keeps_its_steps(tmp_path):
    head = header(MapNoXSteps="5", MapStartX="-2", MapEndX="2", MapNoYSteps="1")
    (tmp_path / "map.krx").write_bytes(krx([IMAGE, IMAGE + 100, IMAGE + 200], head))
    scan = read(tmp_path / "map.krx")
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    np.testing.assert_allclose(scan["manipulator_angle"].values, [-2, -1, 0])
    assert scan["manipulator_angle"].attrs["units"] == "deg"
    assert scan.values[1, 2, 3] == 111
    assert "deflector_x" not in scan.attrs


def test_a_constant_energy_map_and_a_spectrum_from_text(tmp_path):
    head = header(MapNoXSteps="3", MapStartX="0", MapEndX="1")
    (tmp_path / "map.txt").write_bytes(head.encode() + b"\n".join(b"1\t2\t3" for _ in range(5)))
    scan = read(tmp_path / "map.txt")
    assert scans.axes(scan) == ("manipulator_angle", "angle")
    assert scan.values.tolist() == [[1] * 5, [2] * 5, [3] * 5]
    (tmp_path / "edc.txt").write_bytes(text(header(), IMAGE[:1]))
    scan = read(tmp_path / "edc.txt")
    assert scans.axes(scan) == ("energy",)
    assert scan.values.tolist() == [0, 1, 2, 3]


def test_spin_directions_are_offered_one_by_one(tmp_path):
    extra = {"SpinSystemOn": "YES", "MainDetOn": "NO", "SpinComp#0": "<0,0> +X", "SpinComp#1": "<90,180> +X"}
    (tmp_path / "spin.krx").write_bytes(krx([IMAGE[:1], IMAGE[1:2]], header(**extra)))
    assert [one.key for one in open_choices(tmp_path / "spin.krx")] == ["spin 0 <0,0> +X", "spin 1 <90,180> +X"]
    scan = read(tmp_path / "spin.krx", choice="spin 1 <90,180> +X")
    assert scans.axes(scan) == ("energy",)
    assert scan.values.tolist() == [4, 5, 6, 7]
    assert scan.attrs["spin_component"] == "<90,180> +X"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.krx", bytes([3, *bytes(7), *[255] * 90]), "its table of images does not fit its length"),
        ("b.krx", krx([IMAGE, IMAGE[:4]], header()), "its images differ in size"),
        ("c.krx", krx([IMAGE] * 4, header(MapNoXSteps="2", MapNoYSteps="2")), "both deflector directions"),
        ("d.krx", krx([IMAGE] * 4, header(MapNoXSteps="2", MapStartX="0", MapEndX="1")), "4 images, but"),
        ("e.krx", krx([IMAGE], header())[:-200], "the header behind an image is cut off"),
        ("f.txt", text(header(), IMAGE)[:-30], "not as long as each other"),
        ("g.txt", text(header(NoS="9"), IMAGE), "do not fit the header's 9 slices"),
        ("h.txt", text(header(**{"Start K.E.": "30"}), IMAGE), "not those of its header"),
        ("i.krx", krx([IMAGE], header(ScaleName="Y Pixel")), "has no unit"),
    ],
    ids="abcdefghi",
)
def test_what_is_wrong_is_said(name, content, words, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScanError, match=f"{name}.*{words}"):
        read(tmp_path / name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["cut.krx", "old.krx", "cut.txt"]), data=st.data())
def test_damage_is_told_in_one_sentence(kind, data, tmp_path, damage, told):
    head = header(MapNoXSteps="2", MapStartX="-2", MapEndX="2", MapNoYSteps="1")
    whole = {
        "cut.krx": krx([IMAGE, IMAGE], head),
        "old.krx": krx([IMAGE], header(), bits=32),
        "cut.txt": text(header(), IMAGE),
    }[kind]
    (tmp_path / kind).write_bytes(damage(whole, data))
    told(tmp_path / kind)
