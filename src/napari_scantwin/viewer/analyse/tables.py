"""Tables of numbers with their errors, on screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QTableWidget, QTableWidgetItem

from napari_scantwin.physics.quantity import Quantity

__all__ = ["fill", "new_table", "plain"]


def new_table(height: int = 96) -> QTableWidget:
    """An empty table that is read, not edited."""
    table = QTableWidget()
    table.setMinimumHeight(height)
    table.setEditTriggers(QTableWidget.NoEditTriggers)
    table.verticalHeader().hide()
    return table


def plain(quantity: Quantity | None) -> str:
    """Value and error without the unit, which stands in the column's head; a dash where there is none."""
    if quantity is None or np.isnan(quantity.value):
        return "–"
    return str(replace(quantity, unit="dimensionless"))


def fill(
    table: QTableWidget, heads: Sequence[str], rows: Sequence[Sequence[str]], colors: Sequence[str | None] = ()
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
                item.setForeground(QColor(colors[number]))
            table.setItem(number, column, item)
    table.resizeColumnsToContents()
    table.resizeRowsToContents()
