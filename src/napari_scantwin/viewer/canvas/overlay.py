"""Rulers, colour bar and read-out painted over the canvas, in physical units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from qtpy.QtCore import QEvent, QRectF, Qt, QTimer
from qtpy.QtGui import QColor, QFont, QPainter, QPen
from qtpy.QtWidgets import QWidget

from napari_scantwin.viewer.canvas.colors import follow_scale
from napari_scantwin.viewer.canvas.fit_axes import fill_canvas
from napari_scantwin.viewer.canvas.frame import displayed
from napari_scantwin.viewer.canvas.hatching import Hatching
from napari_scantwin.viewer.canvas.layers import give_units, show_slices, take_units
from napari_scantwin.viewer.canvas.lazy_data import read_in_thread
from napari_scantwin.viewer.canvas.napari_private import canvas_of, draw_in_own_context
from napari_scantwin.viewer.canvas.on_paper import picture_of
from napari_scantwin.viewer.canvas.orientation import Orientation
from napari_scantwin.viewer.canvas.readout import describe, speak_physical
from napari_scantwin.viewer.canvas.rulers import BOTTOM, LEFT, RIGHT, TOP, Rulers
from napari_scantwin.viewer.canvas.set_point_marks import SetPointMarks
from napari_scantwin.viewer.canvas.sliders import Sliders
from napari_scantwin.viewer.canvas.view_menu import ViewMenu
from napari_scantwin.viewer.canvas.visibility import fit_rims, one_quantity
from napari_scantwin.viewer.kit.picture import PictureMenu
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_layers, scan_of

__all__ = ["Overlay", "attach", "canvas_aspect", "fit_view", "show_part"]

#: Space between the map and the rulers, in pixels.
_AIR = 16
#: The read-out keeps so far from the mouse (pixels).
_CLEAR = 36


def attach(viewer) -> Overlay | None:
    """The viewer's overlay, made on first call; None where the viewer has no window (a headless model)."""
    canvas = canvas_of(viewer)
    if canvas is None:
        return None
    return canvas.findChild(Overlay) or Overlay(viewer, canvas)


def fit_view(viewer) -> None:
    """Show the scans that are visible inside the rulers, their axes stretched to fill them; all where none is."""
    overlay = attach(viewer)
    if overlay is None:
        viewer.reset_view()
        return
    if viewer.dims.ndisplay == 3:  # no rulers, and a camera that is turned
        overlay.fitting = True
        try:
            viewer.reset_view(reset_camera_angle=False)
        finally:
            overlay.fitting, overlay.fitted = False, None
        return
    overlay.fitting = overlay.stretching = True
    try:
        fill_canvas(viewer, canvas_aspect(viewer))
        viewer.reset_view()
    finally:
        overlay.fitting = overlay.stretching = False
    camera = viewer.scene.camera
    width, height = max(overlay.width(), 1), max(overlay.height(), 1)
    layers = scan_layers(viewer)
    layers = [layer for layer in layers if layer.visible] or layers
    if not layers or min(displayed(viewer, frame_of(layers[-1]))) < 0:
        return
    shown = np.array(viewer.dims.displayed)[-2:] - viewer.dims.ndim  # counted from the last axis, which all share
    layers = [layer for layer in layers if layer.ndim >= -shown.min()] or layers[-1:]
    low = np.min([layer.extent.world[0][shown] for layer in layers], 0)
    high = np.max([layer.extent.world[1][shown] for layer in layers], 0)
    room = np.array(_room(width, height))
    zoom = float(np.min(room / np.maximum(high - low, 1e-9)))
    camera.zoom = zoom
    middle = (low + high) / 2 + np.array([BOTTOM - TOP, RIGHT - LEFT]) / 2 / zoom * overlay.orientation.signs
    camera.center = (0.0, *middle)
    overlay.fitted = (camera.zoom, *camera.center[-2:])


def show_part(viewer, layer, right: Sequence[float], up: Sequence[float]) -> None:
    """Show a part of a layer's axes inside the rulers, given by the ends of the horizontal and of the vertical one."""
    overlay, frame = attach(viewer), frame_of(layer)
    if overlay is None or min(displayed(viewer, frame)) < 0:
        return
    ends = []
    for axis, pair in zip(overlay.displayed(frame), (up, right), strict=True):
        ends.append(sorted((value - frame.origin[axis]) / frame.step[axis] for value in pair))
    low, high = np.transpose(ends)
    room = np.array([max(overlay.height() - TOP - BOTTOM, 50.0), max(overlay.width() - LEFT - RIGHT, 50.0)])
    zoom = float(np.min(room / np.maximum(high - low, 1e-9)))
    middle = (low + high) / 2 + np.array([BOTTOM - TOP, RIGHT - LEFT]) / 2 / zoom * overlay.orientation.signs
    viewer.scene.camera.zoom = zoom
    viewer.scene.camera.center = (0.0, *middle)


def canvas_aspect(viewer) -> float:
    """Height over width of the room for a map on the canvas; 1 where there is no window."""
    overlay = attach(viewer)
    if overlay is None:
        return 1.0
    height, width = _room(overlay.width(), overlay.height())
    return height / width


def _room(width: int, height: int) -> tuple[float, float]:
    """Height and width left for the map between the rulers, in pixels."""
    return max(height - TOP - BOTTOM - 2 * _AIR, 50.0), max(width - LEFT - RIGHT - 2 * _AIR, 50.0)


class Overlay(QWidget):
    """A sheet over the canvas that lets the mouse through and paints what napari's canvas lacks."""

    def __init__(self, viewer, canvas):
        super().__init__(canvas)
        self._viewer = viewer
        self._text: list[str] = []
        #: Where the mouse is on the canvas, in pixels; None where it is elsewhere, or on a ruler.
        self._pointer: tuple[float, float] | None = None
        self._place: np.ndarray | None = None
        self._moved, self._corner = False, 0
        self.fitted: tuple | None = None
        #: Functions of the painter that draw on the map, between the map and the rulers.
        self.painters: list[Callable[[QPainter], None]] = []
        #: Tells the lines over the map for paper, (x, y, name, colour) each, of the axes drawn up and to the right.
        self.traces: Callable[[tuple[str, str]], list[tuple]] = lambda names: []
        #: What holds the mouse while it is dragged on the map, so that nothing else takes hold of it too.
        self.holder: object = None
        #: True while axes are stretched again: sliders then stand for moments where nobody put them.
        self.stretching = False
        #: True while the view is fitted by us: napari's own fit, as by its button Home, is followed by ours.
        self.fitting = False
        self.orientation = Orientation(viewer)
        self._rulers, self._hatching = Rulers(viewer, self), Hatching(viewer, self)
        self._marks = SetPointMarks(self)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(lambda: fit_view(viewer))
        draw_in_own_context(viewer)  # for as long as the window lives, whoever's layers are removed
        self.setAttribute(Qt.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WA_NoSystemBackground)
        canvas.installEventFilter(self)
        self.resize(canvas.size())
        viewer.scene.camera.events.connect(self._refresh)
        viewer.dims.events.connect(self._refresh)
        viewer.layers.events.connect(self._refresh)
        viewer.layers.events.inserted.connect(lambda event: self._welcome(event.value))
        viewer.layers.events.inserting.connect(lambda event: take_units(viewer))
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(lambda event: give_units(viewer))
        give_units(viewer)
        viewer.dims.events.range.connect(lambda event: show_slices(viewer), position="last")
        for layer in viewer.layers:
            self._welcome(layer)
        viewer.layers.selection.events.connect(self._refresh)
        viewer.mouse_double_click_callbacks.append(self._double_clicked)
        viewer.events.reset_view.connect(self._home)
        # napari fits its own view after these; the axes are stretched once that is done.
        viewer.dims.events.order.connect(lambda event: self._late.start(0))
        self.sliders = Sliders(viewer, lambda: self.layer)
        self.picture = PictureMenu(canvas, lambda: picture_of(viewer, self), name=self._name)
        self.view_menu = ViewMenu(self.picture.menu, viewer, lambda: self.layer)
        viewer.layers.events.connect(lambda event: self.picture.button.setVisible(bool(scan_layers(viewer))))
        self.picture.button.setVisible(bool(scan_layers(viewer)))
        self.show()

    def _refresh(self, event=None) -> None:
        self._moved = True  # something else may lie under the mouse now
        self.update()

    def _name(self) -> str:
        """What the map on the canvas is called."""
        return "map" if self.layer is None else str(self.layer.name)

    def _welcome(self, layer) -> None:
        speak_physical(layer)
        for settle in (one_quantity, fit_rims):
            layer.events.visible.connect(lambda event, settle=settle: settle(self._viewer, layer))
            settle(self._viewer, layer)
        follow_scale(layer)
        read_in_thread(layer.data, layer.refresh)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Resize:
            self.resize(watched.size())
            if self.untouched:
                # Keep the map filling the canvas as that changes.
                self._late.start(0)
        elif event.type() == QEvent.MouseMove:
            self.point_at(event.pos().x(), event.pos().y())
        elif event.type() == QEvent.Leave:
            self.point_at(-1, -1)
        return False

    @property
    def untouched(self) -> bool:
        """Whether the view is as it was fitted: the user has not moved the map."""
        camera = self._viewer.scene.camera
        return self.fitted is not None and np.allclose(self.fitted, (camera.zoom, *camera.center[-2:]))

    def fit_soon(self) -> None:
        """Fit the view in a turn of the event loop of its own."""
        self._late.start(0)

    def _home(self, event=None) -> None:
        """napari has fitted its own view, which knows of no rulers."""
        if not self.fitting and scan_layers(self._viewer):
            self._late.start(0)

    def _double_clicked(self, viewer, event) -> None:
        if self.holder is None:
            self._late.start(0)

    @property
    def text(self) -> list[str]:
        """The read-out's lines as they stand on the screen."""
        self._read()
        return list(self._text)

    def _read(self) -> None:
        """Describe again what lies under the mouse, where it or the map has moved."""
        if self._moved:
            self._moved = False
            world, layer = self._there(), self.layer
            known = layer is not None and world is not None
            self._text = describe(self._viewer, frame_of(layer), world) if known else []

    def point_at(self, x: float, y: float) -> None:
        """Show what lies under a pixel of the canvas, pressed or not; nothing where that is a ruler, or beyond."""
        inside = LEFT <= x < self.width() and TOP <= y < self.height() - BOTTOM
        pointer = (float(x), float(y)) if inside else None
        if pointer is None and self._pointer is None and self._place is None:
            return
        self._pointer, self._place, self._moved = pointer, None, True
        self.update()

    def show_at(self, world: np.ndarray) -> None:
        """Show what lies at world coordinates [axes]."""
        self._pointer, self._place, self._moved = None, np.asarray(world, float), True
        self.update()

    def _there(self) -> np.ndarray | None:
        """The world coordinates that are read out: those under the mouse, at the sliders' values where an axis is not
        drawn."""
        if self._pointer is None:
            return self._place
        world = np.array(self._viewer.dims.point, float)
        world[list(self._viewer.dims.displayed)[-2:]] = self.world(*self._pointer)
        return world

    @property
    def layer(self):
        """The scan whose axes the rulers show: the selected one, else the topmost visible; of lines, what they lie
        over."""
        active = self._viewer.layers.selection.active
        if ScanLayer(active).paths is not None:
            active = ScanLayer(active).measured
        if scan_of(active) is not None:
            return active
        visible = [one for one in scan_layers(self._viewer) if one.visible and ScanLayer(one).paths is None]
        return visible[-1] if visible else None

    def world(self, x: float, y: float) -> tuple[float, float]:
        """World (row, column) at a pixel of the canvas."""
        camera, (down, right) = self._viewer.scene.camera, self.orientation.signs
        row = camera.center[-2] + down * (y - self.height() / 2) / camera.zoom
        return row, camera.center[-1] + right * (x - self.width() / 2) / camera.zoom

    def pixel(self, row: float, column: float) -> tuple[float, float]:
        """The (x, y) pixel of the canvas at world (row, column)."""
        camera, (down, right) = self._viewer.scene.camera, self.orientation.signs
        x = self.width() / 2 + right * (column - camera.center[-1]) * camera.zoom
        return x, self.height() / 2 + down * (row - camera.center[-2]) * camera.zoom

    def displayed(self, frame) -> tuple[int, int]:
        """Which of the frame's axes are drawn along the canvas's height and width."""
        return displayed(self._viewer, frame)

    def paintEvent(self, event) -> None:
        layer = self.layer
        if layer is None or self._viewer.dims.ndisplay != 2:
            return
        frame = frame_of(layer)
        if len(frame.axes) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setFont(QFont("DejaVu Sans", 9))
        dark = self._viewer.theme != "light"
        self._ink = QColor(230, 230, 230) if dark else QColor(20, 20, 20)
        self._paper = QColor(20, 22, 26, 225) if dark else QColor(250, 250, 250, 225)
        vertical, horizontal = self.displayed(frame)
        if min(vertical, horizontal) < 0:  # sliders of other layers: none of this scan's axes to draw
            painter.end()
            return
        self._hatching.paint(painter, self._flagged(layer))
        for paint in self.painters:
            paint(painter)
        held = self.sliders.held()
        self._rulers.paint(painter, layer, vertical, horizontal, self._ink, self._paper, ", ".join(held))
        self._marks.paint(painter, layer, vertical, horizontal)
        painter.setPen(QPen(self._ink, 1))
        self._read_out(painter)
        painter.end()

    def _flagged(self, layer):
        """The layer whose extrapolated places are hatched: the one in the rulers, else the topmost map over it."""
        seen = [one for one in scan_layers(self._viewer) if one.visible and frame_of(one) == frame_of(layer)]
        maps = [one for one in (*seen, layer) if "extrapolated" in scan_of(one).coords]
        return maps[-1] if maps else layer

    def _read_out(self, painter) -> None:
        self._read()
        lines = self._text
        if not lines:
            return
        metrics = painter.fontMetrics()
        room = max(self.width() - LEFT - RIGHT - 24, 60)  # cut in the middle: the value stands at the end
        lines = [metrics.elidedText(line, Qt.ElideMiddle, room) for line in lines]
        width, height = max(metrics.horizontalAdvance(line) for line in lines) + 16, 17 * len(lines) + 8
        box = self.box_of(width, height)
        painter.fillRect(box, self._paper)
        for number, line in enumerate(lines):
            painter.drawText(QRectF(box.x() + 8, box.y() + 4 + 17 * number, width, 16), Qt.AlignLeft, line)

    def box_of(self, width: float, height: float) -> QRectF:
        """Where a read-out of a size stands: in the corner it is in, until the mouse comes near; then in the corner
        across, so that it never covers what it names."""
        left, right = LEFT + 8, self.width() - RIGHT - width - 4
        top, bottom = TOP + 6, self.height() - BOTTOM - height - 6
        corners = [QRectF(left, top, width, height), QRectF(max(left, right), max(top, bottom), width, height)]
        if self._pointer is not None:
            away = [_distance(box, self._pointer) for box in corners]
            if away[self._corner] < _CLEAR and away[1 - self._corner] > away[self._corner]:
                self._corner = 1 - self._corner
        return corners[self._corner]


def _distance(box: QRectF, place: tuple[float, float]) -> float:
    """How far a place lies outside a box, in pixels; 0 within."""
    x, y = place
    return float(np.hypot(max(box.left() - x, 0, x - box.right()), max(box.top() - y, 0, y - box.bottom())))
