"""Cube: the map on the canvas, a profile along every axis, and one crosshair through all of them."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_scantwin import sections
from napari_scantwin.viewer.canvas.canvas_crosshair import CanvasCrosshair
from napari_scantwin.viewer.canvas.crosshair import Crosshair
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.cube.axis_block import AxisBlock
from napari_scantwin.viewer.cube.profile_plot import KEY
from napari_scantwin.viewer.cube.profiles import Profiles
from napari_scantwin.viewer.cube.waterfall import Waterfall
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.legible import KeyLabel
from napari_scantwin.viewer.session import scan_of

__all__ = ["CubeWidget"]

#: One step of playing (ms).
_PLAY = 100


class CubeWidget(QWidget):
    """Linked views of the chosen gridded scan: which plane the canvas shows, and a block for every axis with its value,
    its averaging window, a play button and the profile along it. ``line_wanted()`` asks for a line on the map."""

    line_wanted = Signal()

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(parent)
        self._viewer, self._chooser = viewer, chooser
        overlay = attach(viewer)
        self.crosshair = Crosshair(viewer, overlay, self)
        self.on_canvas = None
        if overlay is not None:
            self.on_canvas = CanvasCrosshair(viewer, overlay, self.crosshair, self.isVisible)
        self.blocks: dict[str, AxisBlock] = {}
        self.profiles = Profiles(self)
        self.profiles.taken.connect(self._taken)
        self.profiles.said.connect(self._say)
        self.waterfall: Waterfall | None = None
        self._playing: str | None = None
        self._cubes: dict[int, sections.Cube] = {}
        self._timer, self._player = QTimer(self), QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)  # all views at once when the mouse's events are through, so in one repaint
        self._timer.timeout.connect(self._draw)
        self._player.setInterval(_PLAY)
        self._player.timeout.connect(self._play_on)
        self._build()
        self.crosshair.moved.connect(self._moved)
        chooser.changed.connect(self._choose)
        viewer.dims.events.order.connect(lambda event: self._show_plane())
        viewer.layers.events.removed.connect(lambda event: QTimer.singleShot(0, self.refresh))
        viewer.layers.events.inserted.connect(lambda event: self._moved())
        self._choose(chooser.layer)

    def _build(self) -> None:
        self.up, self.right = Combo(), Combo()
        for combo, where in ((self.up, "upwards"), (self.right, "to the right")):
            combo.setToolTip(f"The axis the map shows {where}; the others are held by the crosshair")
            combo.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
            combo.activated.connect(lambda index, combo=combo: self._plane_chosen(combo))
        self.waterfall_button = QPushButton("Waterfall…")
        self.waterfall_button.setToolTip("EDCs or MDCs above each other, in a window that follows the crosshair")
        self.waterfall_button.clicked.connect(self.show_waterfall)
        self.line_button = QPushButton("Plane under a line…")
        self.line_button.setToolTip("Draw a line at any angle on the map (tab Cuts), then press Plane there")
        self.line_button.clicked.connect(self.line_wanted)
        self.key = KeyLabel(KEY)
        self.key.setStyleSheet("font-size: 8pt")
        self.said = QLabel()
        self.said.setWordWrap(True)
        self._plane_row = QWidget()
        row = QHBoxLayout(self._plane_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Map"))
        row.addWidget(self.up)
        row.addWidget(QLabel("vs"))
        row.addWidget(self.right)
        self.results = QWidget()
        self._blocks = QHBoxLayout(self.results)
        self._blocks.setContentsMargins(0, 0, 0, 0)
        self._blocks.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self._plane_row)
        layout.addWidget(self.said)
        layout.addWidget(self.key)
        layout.addWidget(self.results, 1)
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 0, 0, 0)
        foot.addWidget(self.waterfall_button)
        foot.addWidget(self.line_button)
        layout.addWidget(self._foot)
        layout.addStretch(0)

    # the scan and the plane

    def refresh(self) -> None:
        """Look at the chosen scan again, as after it was replaced."""
        self._choose(self._chooser.layer)

    @property
    def fits(self) -> bool:
        """Whether the chosen scan can be looked into."""
        return bool(self.crosshair.axes)

    def _choose(self, layer) -> None:
        self.play(None)
        self.profiles.forget()
        self.crosshair.choose(layer)
        axes = self.crosshair.axes
        scan = scan_of(self.crosshair.layer)
        if list(self.blocks) != list(reversed(axes)):
            self._rebuild(axes)
        self._plane_row.setVisible(len(axes) > 2)
        self._foot.setVisible(bool(axes))
        self.line_button.setVisible(len(axes) > 2)
        self.said.setVisible(not axes)
        self.said.setText(
            "Open a scan on a grid of two or more axes, such as an ARPES cube, to look along its axes."
            if layer is None
            else "These sweeps lie on no grid, so that no cube can be looked into; the tab Cuts goes through their map."
        )
        for axis, block in self.blocks.items():
            block.set_axis(scan, axis)
        self._show_plane()
        self._draw()

    def _rebuild(self, axes) -> None:
        for block in self.blocks.values():
            self._blocks.removeWidget(block)
            block.deleteLater()
        self.blocks = {}
        for axis in reversed(axes):  # the fast axis, most often the energy, first
            block = self.blocks[axis] = AxisBlock()
            block.value.edited.connect(lambda value, axis=axis: self.crosshair.move(**{axis: value}))
            block.value.stepped.connect(lambda by, axis=axis: self.crosshair.step(axis, by))
            block.plot.line.dragged.connect(lambda value, axis=axis: self._dragged(axis, value))
            block.plot.line.sigPositionChangeFinished.connect(self.crosshair.settle)
            block.width.valueChanged.connect(lambda value, axis=axis: self.crosshair.average(axis, value))
            block.play_button.toggled.connect(lambda on, axis=axis: self.play(axis if on else None))
            self._blocks.addWidget(block, 1)
        for combo in (self.up, self.right):
            combo.clear()
            for axis in axes:
                combo.addItem(axis.replace("_", " "), axis)

    def _show_plane(self) -> None:
        """Let the combo boxes say which plane the canvas shows."""
        for combo, axis in zip((self.up, self.right), self.crosshair.shown(), strict=False):
            combo.setCurrentIndex(combo.findData(axis))

    def _plane_chosen(self, combo) -> None:
        shown = self.crosshair.shown()
        up, right = self.up.currentData(), self.right.currentData()
        if up == right and shown:  # the two change places
            up, right = (shown[1], right) if combo is self.right else (up, shown[0])
        self.show_plane(up, right)

    def show_plane(self, up: str, right: str) -> None:
        """Draw the plane of two axes on the canvas, the others held where the crosshair is."""
        dims = self._viewer.dims
        first = dims.ndim - len(self.crosshair.axes)
        pair = tuple(self.crosshair.axes.index(axis) + first for axis in (up, right))
        dims.order = (*(axis for axis in range(dims.ndim) if axis not in pair), *pair)
        self._show_plane()

    def show_waterfall(self) -> None:
        """Open the window of EDCs or MDCs above each other."""
        if self.waterfall is None:
            self.waterfall = Waterfall(self.crosshair, self.cube_of, self.window())
        self.waterfall.show()
        self.waterfall.raise_()

    # moving

    def _dragged(self, axis: str, value: float) -> None:
        self.crosshair.move(dragged=True, **{axis: value})
        self.blocks[axis].plot.line.follow(self.crosshair.at[axis])  # the line too lies on samples

    def play(self, axis: str | None) -> None:
        """Let the crosshair run along an axis, from its end on at its beginning; None stops it."""
        self._playing = axis
        for name, block in self.blocks.items():
            block.show_playing(name == axis)
        if axis is None:
            self._player.stop()
        else:
            self._player.start()

    def _play_on(self) -> None:
        if self._playing in self.blocks and self.isVisible():
            self.crosshair.step(self._playing, 1)
        else:
            self.play(None)

    def _moved(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._draw()

    def hideEvent(self, event) -> None:
        super().hideEvent(event)
        self.play(None)
        if self.on_canvas is not None:
            self.on_canvas.redraw()

    def _draw(self) -> None:
        """Draw every profile through the crosshair."""
        if self.on_canvas is not None:
            self.on_canvas.redraw()
        layer = self.crosshair.layer
        if layer is None or layer not in self._viewer.layers:
            self.key.hide()
            return
        self.crosshair.show()
        at, widths = self.crosshair.at, self.crosshair.widths
        for axis, block in self.blocks.items():
            block.show_place(at[axis], widths[axis], self.crosshair.bounds(axis))
        twin = self.cube_of(result_of(layer, "simulated", self._viewer))
        self.key.setVisible(twin is not None)
        self.profiles.take(self.cube_of(layer), twin, at, widths)

    def _taken(self, axis: str, measured, twin) -> None:
        if axis in self.blocks:
            self.blocks[axis].plot.show(measured, twin)

    def _say(self) -> None:
        if self.blocks:
            self.said.setText(self.profiles.words)
            self.said.setVisible(bool(self.profiles.words))

    def cube_of(self, layer) -> sections.Cube | None:
        """A layer's scan as a cube, kept while it shows the same scan; None without one."""
        scan = scan_of(layer)
        if scan is None:
            return None
        kept = self._cubes.get(id(layer))
        if kept is None or kept.scan is not scan:
            alive = {id(other) for other in self._viewer.layers}
            self._cubes = {key: cube for key, cube in self._cubes.items() if key in alive}
            kept = self._cubes[id(layer)] = sections.Cube.of(scan)
        return kept

    def shut(self) -> None:
        """Stop playing and reading, and leave the canvas."""
        self.play(None)
        self.profiles.forget()
        if self.waterfall is not None:
            self.waterfall.close()
        if self.on_canvas is not None:
            self.on_canvas.remove()
