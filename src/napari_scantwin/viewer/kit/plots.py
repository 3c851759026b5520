"""Plots as all tabs draw them: physical numbers on the axes, no automatic prefixes."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyqtgraph as pg
from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtGui import QColor, QCursor

from napari_scantwin.operations.contrast import GRAPHICS, readable
from napari_scantwin.operations.findings import Plot
from napari_scantwin.viewer.kit.legible import theme_color
from napari_scantwin.viewer.kit.picture import PictureMenu

__all__ = ["as_shown", "give_menu", "new_plot", "theme_colors"]


#: Over fewer decades than these a logarithmic axis has room for 2 and 5.
_DECADES = 4.0


class _Axis(pg.AxisItem):
    """An axis that, where it is logarithmic, names 1, 2 and 5 of each decade, of many decades 1 alone: pyqtgraph names
    all nine, one over the other."""

    def logTickStrings(self, values, scale, spacing):
        named = (1, 2, 5) if abs(self.range[1] - self.range[0]) < _DECADES else (1,)
        texts = []
        for value in values:
            number = 10.0 ** float(value) * scale
            leading = round(number / 10.0 ** math.floor(math.log10(number) + 1e-9))
            texts.append(f"{number:.4g}" if leading in named else "")
        return texts


class _Plot(pg.PlotWidget):
    """A plot in the colours of napari's theme, that asks for no more than its least height (pyqtgraph's asks for
    640 x 480)."""

    #: The colours have changed with the theme: what is drawn is to stand out from another ground.
    themed = Signal()
    _theme = None
    _left = ""
    #: The menu of what is drawn, once its owner can tell what that is.
    picture: PictureMenu | None = None

    def sizeHint(self) -> QSize:
        return QSize(240, self.minimumHeight())

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.StyleChange:  # napari gives its windows another style sheet with the theme
            self.follow_theme()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self.follow_theme()

    def setLabel(self, side: str, text: str | None = None, **more) -> None:
        """Label an axis; one on the left that is longer than the plot is high is broken between its words."""
        if side == "left":
            self._left = text or ""
            text = self._broken(self._left)
        self.plotItem.setLabel(side, text, **more)

    def _broken(self, text: str) -> str:
        room = self.plotItem.vb.height()
        if room < 20 or " " not in text or self.fontMetrics().horizontalAdvance(text) <= room:
            return text
        gaps = [place for place, letter in enumerate(text) if letter == " "]
        middle = min(gaps, key=lambda place: abs(place - len(text) / 2))
        return f"{text[:middle]}<br>{text[middle + 1 :]}"

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        if self._left and self.plotItem is not None:  # none of a plot that is being closed
            self.plotItem.setLabel("left", self._broken(self._left))

    def mouseDoubleClickEvent(self, event) -> None:
        super().mouseDoubleClickEvent(event)
        if self.picture is not None and self.picture.show_all is not None:
            self.picture.show_all()

    def follow_theme(self) -> None:
        """Take the colours of the theme the viewer shows."""
        theme = theme_colors()
        if theme == self._theme:
            return
        self._theme = theme
        paper, ink = theme
        self.setBackground(QColor(paper))
        item = self.getPlotItem()
        for side in ("left", "bottom", "right", "top"):
            axis = item.getAxis(side)
            axis.setPen(ink)
            axis.setTextPen(ink)
        item.titleLabel.setAttr("color", ink)
        item.titleLabel.setText(item.titleLabel.text)
        if item.legend is not None:
            item.legend.setLabelTextColor(ink)
        self.themed.emit()

    @property
    def ground(self) -> str:
        """The colour that curves are drawn on."""
        return self.backgroundBrush().color().name()

    def ink(self, color: str, least: float = GRAPHICS) -> str:
        """A colour made to stand out from the plot's ground, by three to one at least."""
        return readable(color, self.ground, least)


def theme_colors() -> tuple[str, str]:
    """Background and text colour of the viewer's theme."""
    return theme_color("background"), theme_color("text")


def give_menu(plot: pg.PlotWidget, describe: Callable[[], Plot | None], **options) -> PictureMenu:
    """Give a plot the menu of all pictures, in place of pyqtgraph's own, and let a double-click show all.

    Parameters
    ----------
    plot
        What :func:`new_plot` made.
    describe, options
        As :class:`PictureMenu` takes them.
    """
    show_all = options.pop("show_all", None) or (lambda: plot.getPlotItem().enableAutoRange())
    plot.picture = menu = PictureMenu(plot, describe, show_all=show_all, **options)
    plot.hideButtons()

    def clicked(event) -> None:
        if event.button() == Qt.RightButton:
            menu.popup(QCursor.pos())

    plot.scene().sigMouseClicked.connect(clicked)
    return menu


def as_shown(plot: pg.PlotWidget, log: tuple[bool, bool] = (False, False)) -> dict[str, tuple[float, float]]:
    """The ends of a plot's axes on screen, by the names :class:`Plot` has for them."""
    view = plot.getPlotItem().vb
    view.updateAutoRange()  # else done when it is next painted
    ends = view.viewRange()
    shown = [tuple(float(10**end if on else end) for end in pair) for pair, on in zip(ends, log, strict=True)]
    return {"shown_x": shown[0], "shown_y": shown[1]}


def new_plot(height: int) -> pg.PlotWidget:
    """An empty plot at least ``height`` pixels high; "x0.001" never stands beside a unit. pyqtgraph's menu, which takes
    a quarter of the time to make, is left out: :func:`give_menu` gives it ours."""
    plot = _Plot(enableMenu=False, axisItems={side: _Axis(side) for side in ("left", "bottom")})
    plot.setMinimumHeight(height)
    plot.getPlotItem().layout.setContentsMargins(1, 1, 1, 6)  # pyqtgraph lets the lower label's feet hang out
    plot.showGrid(x=True, y=True, alpha=0.15)
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)
    return plot
