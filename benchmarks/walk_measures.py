"""What a walk measures on the screen: contrast of texts and curves against their ground, and the room the data have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QColor, QImage
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QStyle,
    QStyleOptionButton,
    QTabBar,
    QTableView,
    QWidget,
)

from napari_scantwin.viewer.canvas.rulers import BAR, BOTTOM, LEFT
from napari_scantwin.viewer.canvas.view_switch import HEIGHT

#: The least contrast of letters of less than 18 points (14 if bold), and of curves, symbols and larger letters.
SMALL, LARGE = 4.5, 3.0
#: Pixels of a text that have to be as dark, or as light, as it is said to be.
_PIXELS = 3


@dataclass(frozen=True)
class Seen:
    """Something seen on the screen.

    Parameters
    ----------
    what
        Words that find it again.
    contrast
        Against its ground.
    least
        What it should have at least.
    greyed
        Whether it belongs to something that cannot be used for now; no contrast is asked of that.
    """

    what: str
    contrast: float
    least: float
    greyed: bool = False

    @property
    def short(self) -> bool:
        """Whether it should be seen better."""
        return not self.greyed and self.contrast < self.least


def luminance(rgb: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB colours [..., 3] from 0 to 255, as WCAG 2 defines it."""
    share = np.asarray(rgb, float) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Contrast of luminances, 1 to 21."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    return (high + 0.05) / (low + 0.05)


def screen() -> np.ndarray:
    """The whole screen as it is seen [height, width, 3]."""
    image = QApplication.primaryScreen().grabWindow(0).toImage().convertToFormat(QImage.Format_RGB888)
    raw = image.constBits()
    raw = raw.asstring(image.sizeInBytes()) if hasattr(raw, "asstring") else bytes(raw)
    rows = np.frombuffer(raw, np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)


def contrast_in(pixels: np.ndarray) -> float:
    """How much what is drawn in a rectangle [height, width, 3] stands out: the colour that most of it has is the
    ground, and the few pixels that differ most from it are the letters, whose edges are softened."""
    flat = pixels.reshape(-1, 3)
    if len(flat) < 4 * _PIXELS:
        return np.nan
    packed = flat.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    values, counts = np.unique(packed, return_counts=True)
    ground = values[np.argmax(counts)]
    colour = np.array([ground >> 16, (ground >> 8) & 255, ground & 255])
    found = np.sort(ratio(luminance(flat), luminance(colour)))[-_PIXELS]
    return float(found)


def texts(picture: np.ndarray) -> list[Seen]:
    """All texts of the windows that are open, where nothing lies over them."""
    result = []
    for words, widget, rect, greyed in _texts():
        words = " ".join(re.sub("<[^>]*>", " ", words).split())
        where = QRect(widget.mapToGlobal(rect.topLeft()), rect.size()).intersected(
            QApplication.primaryScreen().geometry()
        )
        if not words or where.width() < 4 or where.height() < 6 or not _in_view(widget, where):
            continue
        part = picture[where.top() : where.bottom() + 1, where.left() : where.right() + 1]
        contrast = contrast_in(part)
        if not np.isnan(contrast):
            font = widget.font()
            large = font.pointSizeF() >= 18 or (font.bold() and font.pointSizeF() >= 14)
            what = f"{type(widget).__name__} {words[:40]!r}"
            result.append(Seen(what, contrast, LARGE if large else SMALL, greyed))
    return result


def _in_view(widget: QWidget, where: QRect) -> bool:
    """Whether nothing lies over a widget in its middle and towards its corners."""
    inner = where.adjusted(where.width() // 6, where.height() // 6, -where.width() // 6, -where.height() // 6)
    places = (where.center(), inner.topLeft(), inner.topRight(), inner.bottomLeft(), inner.bottomRight())
    return all(_on_top(widget, place) for place in places)


def _on_top(widget: QWidget, where: QPoint) -> bool:
    found = QApplication.widgetAt(where)
    while found is not None:
        if found is widget:
            return True
        found = found.parentWidget()
    return False


def _texts() -> Iterator[tuple[str, QWidget, QRect, bool]]:
    """Words, the widget that shows them, where in it, and whether it is greyed."""
    for widget in QApplication.allWidgets():
        if not widget.isVisible() or widget.visibleRegion().isEmpty() or _of_napari(widget):
            continue
        seen = widget.visibleRegion().boundingRect()
        greyed = not widget.isEnabled()
        if isinstance(widget, QLabel):
            if widget.pixmap() is None or widget.pixmap().isNull():
                yield widget.text(), widget, seen, greyed
        elif isinstance(widget, QAbstractButton):
            option = QStyleOptionButton()
            option.initFrom(widget)
            inside = widget.style().subElementRect(QStyle.SE_PushButtonContents, option, widget)
            yield widget.text(), widget, seen.intersected(inside), greyed
        elif isinstance(widget, QComboBox):
            yield widget.currentText(), widget, seen.adjusted(3, 3, -22, -3), greyed
        elif isinstance(widget, QLineEdit):
            yield widget.text() or widget.placeholderText(), widget, seen.adjusted(3, 2, -3, -2), greyed
        elif isinstance(widget, QPlainTextEdit):
            yield widget.toPlainText(), widget, seen.adjusted(3, 3, -3, -3), greyed
        elif isinstance(widget, QGroupBox):
            yield widget.title(), widget, seen.intersected(QRect(4, 0, widget.width(), 18)), greyed
        elif isinstance(widget, QTabBar):
            for number in range(widget.count()):
                yield widget.tabText(number), widget, seen.intersected(widget.tabRect(number)), greyed
        elif isinstance(widget, QAbstractItemView) and not isinstance(widget, QHeaderView):
            yield from _cells(widget, greyed)


def _of_napari(widget: QWidget) -> bool:
    """Whether it is one of napari's notices, which fade in and out."""
    while widget is not None:
        if type(widget).__name__ == "NapariQtNotification":
            return True
        widget = widget.parentWidget()
    return False


def _cells(view: QAbstractItemView, greyed: bool) -> Iterator[tuple[str, QWidget, QRect, bool]]:
    model = view.model()
    inside = view.viewport().rect()
    columns = model.columnCount() if isinstance(view, QTableView) else 1
    for row in range(min(model.rowCount(), 60)):
        for column in range(columns):
            index = model.index(row, column)
            whole = view.visualRect(index)
            rect = whole.adjusted(1, 1, -1, -1).intersected(inside)
            if rect.width() < 0.8 * whole.width() or rect.height() < 0.8 * whole.height():
                continue  # scrolled half out of view
            if rect.width() > 8 and rect.height() > 8 and view.indexWidget(index) is None:
                disabled = not (index.flags() & Qt.ItemIsEnabled)
                yield str(index.data() or ""), view.viewport(), rect, greyed or disabled


def on_canvas(picture: np.ndarray, overlay) -> list[Seen]:
    """The numbers beside the map: rulers on the left and below, and the colour bar's."""
    if overlay.layer is None:
        return []
    width, height = overlay.width(), overlay.height()
    parts = {
        "ruler on the left": QRect(2, HEIGHT + BAR, LEFT - 12, height - HEIGHT - BAR - BOTTOM),
        "ruler below": QRect(LEFT, height - BOTTOM + 8, width - LEFT, BOTTOM - 10),
        "colour bar": QRect(LEFT, HEIGHT + BAR // 2 + 8, 460, BAR // 2 - 10),
    }
    result = []
    for what, rect in parts.items():
        place = overlay.mapToGlobal(rect.topLeft())
        part = picture[place.y() : place.y() + rect.height(), place.x() : place.x() + rect.width()]
        if part.size:
            result.append(Seen(what, contrast_in(part), SMALL))
    return result


def curves() -> list[Seen]:
    """All curves and points of the plots that are open."""
    result = []
    for plot in (one for one in QApplication.allWidgets() if isinstance(one, pg.PlotWidget)):
        if not plot.isVisible() or plot.visibleRegion().isEmpty():
            continue
        ground = luminance(np.array(plot.backgroundBrush().color().getRgb()[:3]))
        for item in plot.getPlotItem().listDataItems():
            if not item.isVisible() or not isinstance(item, pg.PlotDataItem) or item.xData is None:
                continue
            for kind in ("pen", "symbolBrush") if item.opts.get("symbol") else ("pen",):
                colour = _colour(item.opts.get(kind))
                if colour is not None and colour.alpha() > 200:
                    contrast = float(ratio(luminance(np.array(colour.getRgb()[:3])), ground))
                    result.append(Seen(f"{'curve' if kind == 'pen' else 'points'} {colour.name()}", contrast, LARGE))
    return result


def _colour(told) -> QColor | None:
    """The colour of what pyqtgraph takes for a pen or a brush; None where nothing, or a list of them, is drawn."""
    try:
        pen = pg.mkPen(told)
    except (TypeError, ValueError):
        try:
            return pg.mkBrush(told).color()
        except (TypeError, ValueError):
            return None
    return None if told is None or pen.style() == Qt.NoPen else pen.color()


def share_of_data(viewer, overlay) -> float:
    """The share of the window's width that the data have on the canvas, between the rulers, in per cent."""
    layer = overlay.layer
    if layer is None:
        return 0.0
    low, high = layer.extent.world
    x = [overlay.pixel(corner[-2], corner[-1])[0] for corner in (low, high)]
    if layer.ndim != 2:
        shown = list(viewer.dims.displayed)[-2:]
        x = [overlay.pixel(corner[shown[0]], corner[shown[1]])[0] for corner in (low, high)]
    left, right = max(min(x), LEFT), min(max(x), overlay.width())
    return 100 * max(right - left, 0) / overlay.window().width()
