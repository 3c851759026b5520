"""Tables of numbers that fit the panel: long heads and words are broken into lines before anything scrolls sideways."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QTableWidget, QTableWidgetItem

from napari_scantwin.viewer.kit.legible import on_table

__all__ = ["NumberTable", "fill", "shared_out"]

#: Space beside a cell's text, in pixels, and a text as wide as a tick.
_AIR, _TICK = 12, "00\N{NO-BREAK SPACE}"
#: Where an item keeps the colour of its curve, as it is on any ground.
_INK = Qt.UserRole + 1


class NumberTable(QTableWidget):
    """A table that is read, not edited, and shares the width it has among its columns."""

    def __init__(self, height: int = 96, parent=None):
        super().__init__(parent)
        self.setMinimumHeight(height)
        self.setEditTriggers(QTableWidget.NoEditTriggers)
        self.verticalHeader().hide()

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.StyleChange:  # of napari's theme
            for row in range(self.rowCount()):
                item = self.item(row, 0)
                if item is not None and item.data(_INK):
                    item.setForeground(QColor(on_table(item.data(_INK))))

    def fit(self) -> None:
        """Share out the width again, as after a change of what the table holds."""
        if not self.columnCount():
            return
        heads = [self._head(column) for column in range(self.columnCount())]
        cells = [self._texts(column) for column in range(self.columnCount())]
        broken = [head.split() for head in heads]
        wide = [self._widest([head, *texts]) for head, texts in zip(heads, cells, strict=True)]
        narrow = [self._widest([*words, *texts]) for words, texts in zip(broken, cells, strict=True)]
        least = [
            self._widest([*words, *(word for text in texts for word in _words(text))])
            for words, texts in zip(broken, cells, strict=True)
        ]
        room = self.viewport().width()
        # Heads are broken into lines before cells are.
        widths = shared_out(wide, narrow, room) if sum(narrow) <= room else shared_out(narrow, least, room)
        for column, (width, head) in enumerate(zip(widths, heads, strict=True)):
            self.setColumnWidth(column, width)
            if head:
                self.horizontalHeaderItem(column).setText("\n".join(self._lines(head, width)))
        self.resizeRowsToContents()

    def _head(self, column: int) -> str:
        """A column's head on one line."""
        item = self.horizontalHeaderItem(column)
        return "" if item is None or self.horizontalHeader().isHidden() else item.text().replace("\n", " ")

    def _texts(self, column: int) -> list[str]:
        items = [self.item(row, column) for row in range(self.rowCount())]
        return [_TICK * bool(item.flags() & Qt.ItemIsUserCheckable) + item.text() for item in items if item is not None]

    def _widest(self, texts: Sequence[str]) -> int:
        return max(map(self._width, texts), default=0)

    def _width(self, text: str) -> int:
        return self.fontMetrics().horizontalAdvance(text) + _AIR

    def _lines(self, text: str, width: int) -> list[str]:
        """A text's words in lines of a width."""
        lines: list[str] = []
        for word in text.split():
            if lines and self._width(f"{lines[-1]} {word}") <= width:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return lines


def _words(text: str) -> list[str]:
    """A text's words; a number and its error are one."""
    return text.replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}").split(" ")


def shared_out(wanted: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of columns that would like some pixels, need some, and have ``room`` together."""
    spare = room - sum(wanted)
    if spare >= 0:
        return [width + spare // len(wanted) for width in wanted]
    spare = max(room - sum(least), 0)
    more = [max(one - other, 0) for one, other in zip(wanted, least, strict=True)]
    return [width + spare * one // max(sum(more), 1) for width, one in zip(least, more, strict=True)]


def fill(
    table: NumberTable, heads: Sequence[str], rows: Sequence[Sequence[str]], colors: Sequence[str | None] = ()
) -> None:
    """Fill a table with texts; ``colors`` give each row's first cell the colour of its curve."""
    table.setColumnCount(len(heads))
    table.setRowCount(len(rows))
    table.setHorizontalHeaderLabels(list(heads))
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            item = QTableWidgetItem(text)
            item.setTextAlignment(Qt.AlignVCenter | (Qt.AlignLeft if column == 0 else Qt.AlignRight))
            if column == 0 and number < len(colors) and colors[number]:
                item.setData(_INK, colors[number])
                item.setForeground(QColor(on_table(colors[number])))
            table.setItem(number, column, item)
    table.fit()
