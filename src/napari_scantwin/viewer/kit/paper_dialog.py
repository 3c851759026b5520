"""The dialog that makes a figure for paper of what is on screen: sizes on one side, the figure itself on the other."""

from __future__ import annotations

import io
import threading
from pathlib import Path

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QApplication, QCheckBox, QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures import FORMATS, MapPicture, PaperStyle, figure_of, save_picture
from napari_scantwin.figures.style import COLUMN, PAGE
from napari_scantwin.operations.findings import Plot
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_path, file_name
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.numbers import CountBox, NumberBox

__all__ = ["PaperDialog"]

_REST = 250
_PREVIEW_DPI = 110
#: Pixels in which four digits and a unit are seen whole.
_FIELD = 124
_ROOM = (520, 420)
#: matplotlib's settings are those of the whole process: one figure is drawn at a time.
_drawing = threading.Lock()


def _number(value: float, suffix: str, low: float, high: float) -> NumberBox:
    box = NumberBox(low=low, high=high, digits=4)
    box.setSuffix(suffix)
    box.setMinimumWidth(_FIELD)
    box.setValue(value)
    return box


class PaperDialog(QDialog):
    """Asks for a figure's sizes, shows it as it will be, and saves or copies it.

    ``job`` draws the preview, ``saving`` the figure itself; ``said`` tells what was written or is wrong.
    """

    def __init__(self, picture: Plot | MapPicture, name: str, parent=None):
        super().__init__(parent)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setWindowTitle("Export for paper")
        self.picture, self._title = picture, name
        self._widths = {"one": COLUMN, "two": PAGE, "other": None}
        usual = PaperStyle()
        self.columns = Combo()
        self.columns.addItems(list(self._widths))
        self.width_mm = _number(usual.width, " mm", 30, 600)
        self.height_mm = _number(round(usual.tall), " mm", 30, 600)
        self.font_size = _number(usual.font_size, " pt", 4, 40)
        self.dpi = CountBox(low=50, high=1200)
        self.dpi.setMinimumWidth(_FIELD)
        self.dpi.setValue(usual.dpi)
        self.grid = QCheckBox("Faint grid")
        self.grid.setVisible(isinstance(picture, Plot))
        self.preview = QLabel("Drawing …")
        self.preview.setFixedSize(*_ROOM)
        self.preview.setAlignment(Qt.AlignCenter)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.save_button, self.copy_button = QPushButton("Save…"), QPushButton("Copy")
        self.save_button.setDefault(True)
        self.copy_button.setToolTip("Put the figure, as it will be saved as PNG, on the clipboard")
        self.job, self.saving = Job(self), Job(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._again = False
        self._lay_out()
        self.columns.currentTextChanged.connect(self._columns_chosen)
        for box in (self.width_mm, self.height_mm, self.font_size, self.dpi):
            box.valueChanged.connect(lambda *changed: self._timer.start())
        self.grid.toggled.connect(lambda *changed: self._timer.start())
        self._timer.timeout.connect(self._draw)
        self.job.done.connect(self._drawn)
        self.job.failed.connect(lambda reason: self._tell(reason))
        self.job.ended.connect(self._ended)
        self.saving.done.connect(lambda done: done())
        self.saving.failed.connect(self._tell)
        self.saving.ended.connect(lambda: self._allow(True))
        self.save_button.clicked.connect(self._ask)
        self.copy_button.clicked.connect(self.copy)
        self._draw()

    def _lay_out(self) -> None:
        form = QFormLayout()
        for words, field in (
            ("Columns", self.columns),
            ("Width", self.width_mm),
            ("Height", self.height_mm),
            ("Letters", self.font_size),
            ("Dots an inch (PNG)", self.dpi),
        ):
            form.addRow(words, field)
        left = QVBoxLayout()
        left.addLayout(form)
        left.addWidget(self.grid)
        left.addStretch(1)
        left.addWidget(self.said)
        row = QHBoxLayout()
        row.addWidget(self.copy_button)
        row.addWidget(self.save_button)
        left.addLayout(row)
        layout = QHBoxLayout(self)
        layout.addLayout(left)
        layout.addWidget(self.preview, 1)

    @property
    def style_asked(self) -> PaperStyle:
        """The sizes that the form holds; raises :class:`ScanError` where they cannot be printed."""
        return PaperStyle(
            self.width_mm.value(),
            self.height_mm.value(),
            self.font_size.value(),
            self.dpi.value(),
            self.grid.isChecked(),
        )

    def _columns_chosen(self, words: str) -> None:
        if (width := self._widths[words]) is not None:
            self.width_mm.setValue(width)

    def _draw(self) -> None:
        try:
            style = self.style_asked
        except ScanError as reason:
            self._tell(reason)
            return
        self.said.setText("")

        def work(report, stop) -> bytes:
            with _drawing:
                return _as_png(self.picture, style, _PREVIEW_DPI)

        self._again = not self.job.start(work)

    def _drawn(self, content: bytes) -> None:
        pixmap = QPixmap()
        pixmap.loadFromData(content)
        if pixmap.width() > _ROOM[0] or pixmap.height() > _ROOM[1]:
            pixmap = pixmap.scaled(*_ROOM, Qt.KeepAspectRatio, Qt.SmoothTransformation)
        self.preview.setPixmap(pixmap)

    def _ended(self) -> None:
        if self._again:
            self._draw()

    def _tell(self, reason) -> None:
        self.said.setText(str(reason))

    def _ask(self) -> None:
        kinds = ";;".join(f"{words} (*{suffix})" for suffix, words in FORMATS.items())
        path, _ = ask_path(self, "Save figure", file_name(self._title) + next(iter(FORMATS)), kinds)
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> bool:
        """Write the figure in the background; False, with a sentence in the dialog, where that cannot begin."""

        def work(style: PaperStyle):
            save_picture(self.picture, path, style, title=self._title)
            return lambda: self._tell(f"Wrote {path.name}")

        return self._begin(work)

    def copy(self) -> bool:
        """Put the figure on the clipboard, as fine as a PNG of it; False, with a sentence, where that cannot begin."""

        def work(style: PaperStyle):
            content = _as_png(self.picture, style, style.dpi)
            return lambda: self._copied(content)

        return self._begin(work)

    def _copied(self, content: bytes) -> None:
        pixmap = QPixmap()
        pixmap.loadFromData(content)
        QApplication.clipboard().setPixmap(pixmap)
        self._tell("Copied")

    def _begin(self, work) -> bool:
        try:
            style = self.style_asked
        except ScanError as reason:
            self._tell(reason)
            return False

        def locked(report, stop):
            with _drawing:
                return work(style)

        started = self.saving.start(locked)
        if started:
            self._tell("Drawing …")
            self._allow(False)
        return started

    def _allow(self, on: bool) -> None:
        for button in (self.save_button, self.copy_button):
            button.setEnabled(on)

    def closeEvent(self, event) -> None:
        self.job.abandon()
        self.saving.abandon()
        super().closeEvent(event)


def _as_png(picture: Plot | MapPicture, style: PaperStyle, dpi: int) -> bytes:
    content = io.BytesIO()
    figure_of(picture, style).savefig(content, format="png", dpi=dpi)
    return content.getvalue()
