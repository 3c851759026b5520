"""Plots as all tabs draw them: physical numbers on the axes, no automatic prefixes."""

from __future__ import annotations

import pyqtgraph as pg

__all__ = ["new_plot"]


def new_plot(height: int) -> pg.PlotWidget:
    """An empty plot at least ``height`` pixels high; "x0.001" never stands beside a unit."""
    plot = pg.PlotWidget()
    plot.setMinimumHeight(height)
    plot.showGrid(x=True, y=True, alpha=0.15)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    return plot
