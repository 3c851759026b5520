"""Plots as all tabs draw them: physical numbers on the axes, no automatic prefixes."""

from __future__ import annotations

import pyqtgraph as pg
from qtpy.QtCore import QSize

__all__ = ["new_plot"]


class _Plot(pg.PlotWidget):
    """A plot that asks for no more than its least height; pyqtgraph's asks for 640 x 480."""

    def sizeHint(self) -> QSize:
        return QSize(240, self.minimumHeight())


def new_plot(height: int) -> pg.PlotWidget:
    """An empty plot at least ``height`` pixels high; "x0.001" never stands beside a unit."""
    plot = _Plot()
    plot.setMinimumHeight(height)
    plot.showGrid(x=True, y=True, alpha=0.15)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    return plot
