"""The pages of the documentation in a window: every tab's "?" opens its own."""

from __future__ import annotations

import re
from pathlib import Path

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QColor, QDesktopServices, QPalette, QTextCursor
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPushButton, QTextBrowser, QVBoxLayout

from napari_scantwin.operations.contrast import TEXT, readable
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.plots import theme_colors

__all__ = ["PAGES", "HelpWindow", "pages_folder"]

#: The page of every tab.
PAGES = {
    "Open": "opening.md",
    "Sweeps": "sweeps.md",
    "Train": "twin.md",
    "Simulate": "explore.md",
    "Cuts": "explore.md",
    "Cube": "cubes.md",
    "Analyse": "physics.md",
    "Process": "arpes.md",
    "Export": "figures.md",
}
_LINK = "#3b8eea"
_LINKS = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def pages_folder() -> Path:
    """Where the pages lie: in the installed package, or at the top of the checkout it runs from."""
    package = Path(__file__).parents[1]
    shipped = package / "docs"
    return shipped if shipped.is_dir() else package.parents[1] / "docs"


def _title(path: Path) -> str:
    first = next((line for line in path.read_text("utf-8").splitlines() if line.startswith("# ")), path.stem)
    return first.removeprefix("# ").strip()


def _slug(heading: str) -> str:
    """A heading as links name it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def readable_page(path: Path, folder: Path) -> str:
    """A page's Markdown without pictures, which are not shipped, and with the links only that lead to pages or the web.

    Parameters
    ----------
    path
        The page.
    folder
        The folder of all pages.
    """

    def turned(found: re.Match) -> str:
        picture, text, target = found.groups()
        if picture:
            return ""
        file, _, anchor = target.partition("#")
        if target.startswith(("http://", "https://")) or not file:
            return found[0]
        aimed = (path.parent / file).resolve()
        inside = aimed.is_file() and aimed.suffix == ".md" and folder.resolve() in aimed.parents
        if not inside:
            return text
        return f"[{text}]({aimed.relative_to(folder.resolve()).as_posix()}{f'#{anchor}' if anchor else ''})"

    return re.sub(r"\n{3,}", "\n\n", _LINKS.sub(turned, path.read_text("utf-8")))


class HelpWindow(QDialog):
    """A page with links that work, a list of all pages, and a way back."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setWindowTitle("Scan twin: help")
        self.setWindowFlag(Qt.WindowContextHelpButtonHint, False)
        self._folder, self._before = pages_folder(), []
        self.page = ""
        self.list = Combo()
        for path in sorted(self._folder.glob("*.md")) + sorted(self._folder.glob("physics/*.md")):
            self.list.addItem(_title(path), path.relative_to(self._folder).as_posix())
        self.list.activated.connect(lambda index: self.show_page(self.list.itemData(index)))
        self.back = QPushButton("Back")
        self.back.setAutoDefault(False)
        self.back.clicked.connect(self.go_back)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(self.follow)
        row = QHBoxLayout()
        row.addWidget(self.back)
        row.addWidget(self.list, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(self.text, 1)
        self.resize(720, 640)
        self._free()

    def show_page(self, page: str, *, remember: bool = True) -> bool:
        """Show a page by its file's name, with ``#heading`` where it is to begin there; False where there is none."""
        file, _, anchor = page.partition("#")
        path = self._folder / (file or self.page.partition("#")[0])
        if not path.is_file():
            return False
        if remember and self.page:
            self._before.append(self.page)
        self.page = f"{path.relative_to(self._folder).as_posix()}{f'#{anchor}' if anchor else ''}"
        paper, _ = theme_colors()
        palette = self.text.palette()
        palette.setColor(QPalette.Link, QColor(readable(_LINK, paper, TEXT)))
        self.text.setPalette(palette)
        self.text.setMarkdown(readable_page(path, self._folder))
        self.list.setCurrentIndex(self.list.findData(path.relative_to(self._folder).as_posix()))
        self._go_to(anchor)
        self._free()
        return True

    def _go_to(self, anchor: str) -> None:
        block = self.text.document().begin()
        while anchor and block.isValid():
            if block.blockFormat().headingLevel() and _slug(block.text()) == anchor:
                cursor = QTextCursor(self.text.document().end())
                self.text.setTextCursor(cursor)  # from below, so that the heading stands on top
                self.text.setTextCursor(QTextCursor(block))
                return
            block = block.next()
        self.text.moveCursor(QTextCursor.Start)

    def follow(self, link: QUrl) -> None:
        """Go where a link leads: to a page here, or with the browser to the web."""
        target = link.toString()
        if target.startswith(("http://", "https://")):
            QDesktopServices.openUrl(link)
        else:
            self.show_page(target)

    def go_back(self) -> None:
        """Show the page before."""
        if self._before:
            self.show_page(self._before.pop(), remember=False)

    def _free(self) -> None:
        self.back.setEnabled(bool(self._before))
        self.back.setToolTip("" if self._before else "This is the first page that was opened")
