"""Every tab has its page, tips can be read, buttons say why they cannot be pressed, and nothing has to be scrolled."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import setuptools
from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QAbstractButton, QApplication, QWidget

from napari_scantwin.core import scan as scans
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.help_window import PAGES, HelpWindow, pages_folder, readable_page
from napari_scantwin.viewer.kit.tips import wrapped
from napari_scantwin.viewer.open.open_widget import series_name

TOP = Path(__file__).resolve().parents[2]


def test_every_tab_opens_its_page(panel, qtbot):
    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
        panel.help_button.click()
        assert panel.help.page == PAGES[panel.tabs.tabText(number)]
        assert len(panel.help.text.toPlainText()) > 300
    panel.help.close()


def test_links_lead_from_page_to_page_to_headings_and_to_the_web(qtbot, monkeypatch):
    window, opened = HelpWindow(), []
    qtbot.addWidget(window)
    window.show()
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    assert window.show_page("opening.md")
    assert not window.back.isEnabled()
    window.follow(QUrl("twin.md#branches"))
    assert window.page == "twin.md#branches"
    assert window.text.textCursor().block().text() == "Branches"
    window.follow(QUrl("https://doi.org/10.1039/D2DD00124A"))
    assert opened == ["https://doi.org/10.1039/D2DD00124A"]
    window.back.click()
    assert window.page == "opening.md"
    assert not window.show_page("nowhere.md")


@pytest.mark.parametrize("page", sorted(set(PAGES.values())))
def test_a_page_has_no_picture_and_no_link_that_leads_nowhere(page):
    folder = pages_folder()
    text = readable_page(folder / page, folder)
    assert "![" not in text
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert target.startswith(("http", "#")) or (folder / target.partition("#")[0]).is_file(), target


def test_the_pages_are_in_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr(setuptools, "setup", lambda **_: None)
    build = runpy.run_path(str(TOP / "setup.py"))["BuildWithTopLevelFiles"]
    monkeypatch.setattr(build.__mro__[1], "run", lambda self: None)
    command = object.__new__(build)
    command.__dict__.update(editable_mode=False, build_lib=str(tmp_path))
    command.run()
    shipped = tmp_path / "napari_scantwin" / "docs"
    assert {path.name for path in shipped.glob("*.md")} >= set(PAGES.values())
    assert (shipped / "physics" / "hydrogen.md").is_file()


def test_tips_are_broken_and_what_cannot_be_pressed_says_why(panel, open_scan, qtbot):
    def greyed() -> list[QAbstractButton]:
        panels = panel.process, panel.simulate, panel.export
        found = [one for page in panels for one in page.findChildren(QAbstractButton)]
        return [one for one in found if one.isVisible() and not one.isEnabled() and one.text()]

    for tab in (panel.process, panel.simulate, panel.export):
        panel.show_tab(tab)
        assert greyed()
        for button in greyed():
            assert "first" in button.toolTip() or "yet" in button.toolTip(), button.text()
    open_scan(sample_path("ferromagnet"))
    for number in range(panel.tabs.count()):
        panel.tabs.setCurrentIndex(number)
        QApplication.processEvents()
    long = [
        one.toolTip()
        for one in panel.findChildren(QWidget)
        if any(len(line) > 50 and " " in line for line in one.toolTip().split("\n"))
    ]
    assert long == []
    assert all(len(line) <= 50 for line in wrapped("word " * 40).split("\n"))


@pytest.mark.parametrize("sample", ["ferromagnet", "arpes"])
def test_sweeps_need_no_scrolling(panel, open_scan, qtbot, sample):
    open_scan(sample_path(sample))
    panel.show_tab(panel.sweeps)
    qtbot.wait(200)
    assert panel.tabs.currentWidget().verticalScrollBar().maximum() == 0


def test_files_opened_as_one_are_named_by_what_varies():
    axes = {"magnetic_field": (np.array([100.0, 40_000.0]), "Oe"), "temperature": (np.linspace(2, 9, 5), "K")}
    scan = scans.gridded_scan(axes, np.ones((2, 5)), name="moment", unit="emu")
    files = [Path("run_fc_001.dat"), Path("run_fc_002.dat")]
    assert series_name(scan, files) == "run_fc: magnetic field 100 to 40000 Oe"
    assert series_name(scan, [Path("a.dat"), Path("b.dat")]) == "magnetic field 100 to 40000 Oe"
    assert series_name(scan, [Path("/data/monday")]) == "monday: magnetic field 100 to 40000 Oe"
