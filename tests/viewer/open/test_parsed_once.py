"""A file that is opened in the window is parsed once, questions and answers included."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import SUFFIXES, read_table
from napari_scantwin.readers.registry import formats
from napari_scantwin.readers.tables.table import choose
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.open import opening

TWO_REGIONS = (
    "[Info]\nNumber of Regions=2\n\n[Region 1]\nRegion Name=first\nDimension 1 name=Kinetic Energy [eV]\n"
    "Dimension 1 size=3\nDimension 1 scale=1 2 3\nDimension 2 name=Angle [deg]\nDimension 2 size=2\n"
    "Dimension 2 scale=0 1\n\n[Info 1]\n\n[Data 1]\n1 10 20\n2 11 21\n3 12 22\n"
)
TWO_REGIONS += TWO_REGIONS[TWO_REGIONS.index("[Region 1]") :].replace(" 1]", " 2]").replace("first", "second")


def test_a_measurement_that_is_chosen(panel, open_scan, tmp_path, monkeypatch, parses):
    (tmp_path / "two.txt").write_text(TWO_REGIONS)
    monkeypatch.setattr(opening, "ask_choice", lambda name, choices, parent: choices[1])
    scan = scan_of(open_scan(tmp_path / "two.txt"))
    assert scan.attrs["region"] == "second"
    np.testing.assert_array_equal(scan.sel(angle=1).values, [20, 21, 22])
    assert parses == ["two.txt"]
    assert panel.open._plan.file is None  # the region that was not wanted does not stay in memory


@pytest.mark.parametrize("ticked", [False, True])
def test_a_table_whose_columns_are_asked(panel, qtbot, monkeypatch, tmp_path, parses, ticked):
    """Because it does not say them itself, or because the user ticked that they want to be asked."""
    path = tmp_path / "x.csv"
    path.write_text("a,b,c\n" + "".join(f"{t},{h},{t * h}\n" for t in (1, 2, 3) for h in (4, 5)))
    axes, value = ["1=temperature[K]", "2=magnetic_field[Oe]"], "3=moment[emu]"
    chosen = choose(read_table(path), axes, value, None)
    parses.clear()
    monkeypatch.setattr(opening, "ask_columns", lambda table, parent: chosen)
    panel.open.asking.setChecked(ticked)
    with qtbot.waitSignal(panel.open.opened, timeout=20_000) as signal:
        panel.open.open([path])
    assert set(scans.axes(scan_of(signal.args[0]))) == {"temperature", "magnetic_field"}
    assert parses == [path.name]


def test_the_file_dialog_offers_every_suffix_of_the_records(panel, monkeypatch):
    offered = []
    monkeypatch.setattr(
        QFileDialog, "getOpenFileNames", lambda parent, title, folder, filters: (offered.append(filters), ([], ""))[1]
    )
    panel.open.button.click()
    kinds = offered[0].split(";;")[0].removeprefix("Scans (").removesuffix(")").split()
    assert kinds == [f"*{suffix}" for suffix in SUFFIXES]
    assert set(kinds) == {f"*{suffix}" for one in formats() for suffix in one.all_suffixes}
