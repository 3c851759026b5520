"""Chosen places on napari's canvas: marked by a layer of labels, outlined with the lasso of a layer of shapes.

Both lie over the scan in front, as long as that has the places' axes: the stack itself, its shares, a simulation. Along
its other axes they reach from end to end, so that no slider hides them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from qtpy.QtCore import QObject, QTimer, Signal

from napari_scantwin.patterns.components import Components
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import layer_data
from napari_scantwin.viewer.canvas.overlay import attach
from napari_scantwin.viewer.canvas.visibility import bring_to_front, show_axes
from napari_scantwin.viewer.session import frame_of, scan_of

__all__ = ["CanvasPlaces"]

_COLOR, _OPACITY, _EDGE = "#ff3355", 0.5, 0.6
_LASSO, _STILL = "add_polygon_lasso", "pan_zoom"
#: How much further than the axis itself a layer reaches along an axis that places do not have.
_BEYOND = 1.002
_CORNERS = 3


class CanvasPlaces(QObject):
    """The layers of one stack's chosen places.

    ``outlined(outlines)`` with all outlines on the canvas [m, 2], the last axis of places first, in the axes' units,
    when one was drawn, moved or taken away; ``dropped`` when the user has removed the layer of marks; ``drawing(bool)``
    when the lasso is taken up or laid down.
    """

    outlined = Signal(object)
    dropped = Signal()
    drawing = Signal(bool)

    def __init__(self, viewer, parent=None):
        super().__init__(parent)
        self._viewer = viewer
        self._layer = None
        self._found: Components | None = None
        self._places: np.ndarray | None = None
        #: What the outlines were last drawn in.
        self._frame: Frame | None = None
        self._followed = None
        self._own = False
        self.marks = self.outlines = None
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(self.place)
        viewer.layers.events.removed.connect(self._removed)
        viewer.layers.selection.events.active.connect(self._activated)

    def show(self, layer, found: Components | None) -> None:
        """Work on the places of what was found in a layer's stack; of nothing, leave the canvas."""
        self.forget()
        self._layer, self._found = (layer, found) if found is not None else (None, None)

    @property
    def possible(self) -> bool:
        """Whether the places lie on a map."""
        return self._found is not None and len(self._found.table.over) >= 2

    # marks

    def mark(self, places: np.ndarray | None) -> None:
        """Mark chosen places, bool in their shape; none where None."""
        self._places = places
        if places is None or not self.possible:
            self._take_away("marks")
        else:
            self.place()

    def place(self) -> None:
        """Lay both layers over the scan in front, as it is drawn now; hide them where that has other axes."""
        self._late.stop()
        if not self.possible or (self._places is None and self.outlines is None):
            return
        base = self._base()
        if base is None:
            for one in (self.marks, self.outlines):
                _see(one, False)
            return
        self._follow(base)
        frame = frame_of(base)
        self._place_outlines(frame, base)
        if self._places is not None:
            data, scale, shift = self._marked(frame, base)
            if self.marks is not None and self.marks.ndim == data.ndim:
                self.marks.data, self.marks.scale, self.marks.translate = data, scale, shift
                _see(self.marks, True)
            else:
                self._take_away("marks")
                self.marks = self._added("add_labels", data, scale, shift)
        self._raise(base)

    def _base(self):
        """The scan the places lie on: the one in front, else the stack itself where it is seen; None."""
        overlay = attach(self._viewer)
        for one in (None if overlay is None else overlay.layer, self._layer):
            if one is not None and one in self._viewer.layers and one.visible and self._fits(one):
                return one
        return None

    def _fits(self, layer) -> bool:
        frame, shares = frame_of(layer), self._found.shares
        if frame is None:
            return False
        own = dict(zip(frame.axes, frame.units, strict=True))
        return all(own.get(axis) == shares[axis].attrs["units"] for axis in self._found.table.over)

    def _marked(self, frame: Frame, base) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Labels of the chosen places, with their scale and translation in a frame."""
        over = self._found.table.over
        one = self._found.shares.isel(component=0, drop=True)
        flags = xr.DataArray(
            self._places.astype(float), dims=one.dims, coords=one.coords, name="chosen", attrs=one.attrs
        )
        numbers = [frame.axes.index(axis) for axis in over]
        part = Frame(
            over, *(tuple(whole[number] for number in numbers) for whole in (frame.units, frame.origin, frame.step))
        )
        drawn, attributes, _ = layer_data(flags.assign_attrs(axes=",".join(over)), part)
        scale, shift = self._reach(frame, base)
        scale[numbers], shift[numbers] = attributes["scale"], attributes["translate"]
        order = np.argsort(numbers)
        labels = np.transpose(np.asarray(drawn) > 0.5, order).astype(np.uint8)
        others = tuple(number for number in range(len(frame.axes)) if number not in numbers)
        return np.expand_dims(labels, others), scale, shift

    def _reach(self, frame: Frame, base) -> tuple[np.ndarray, np.ndarray]:
        """Scale and translation of layers with one step from end to end of each axis, in world units."""
        ends = []
        for axis, origin, step in zip(frame.axes, frame.origin, frame.step, strict=True):
            column = (np.asarray(scan_of(base)[axis].values, float) - origin) / step
            ends.append((column.min(), column.max()))
        low, high = np.array(ends).T
        return np.maximum(_BEYOND * (high - low), 1.0), (low + high) / 2

    # outlines

    def draw(self, on: bool) -> bool:
        """Take up the lasso, with the places' axes on the canvas, or lay it down; False where there is no map."""
        if not on:
            if self.outlines is not None and self.outlines.mode == _LASSO:
                self.outlines.mode = _STILL
                if (base := self._base()) is not None:
                    self._viewer.layers.selection.active = base
            self.drawing.emit(False)
            return True
        if not self.possible or self._layer not in self._viewer.layers:
            self.drawing.emit(False)
            return False
        self._viewer.dims.ndisplay = 2
        if self._base() is None:
            bring_to_front(self._viewer, self._layer)
        base = self._base()
        if base is None:
            self.drawing.emit(False)
            return False
        show_axes(self._viewer, base, *self._found.table.over[-2:])
        self.place()
        if self.outlines is None:
            self._frame = frame_of(base)
            scale, shift = self._of_outlines(self._frame, base)
            self.outlines = self._added("add_shapes", None, scale, shift)
            self.outlines.events.data.connect(self._changed)
            self.outlines.events.mode.connect(self._mode_changed)
        self._viewer.layers.selection.active = self.outlines
        self.outlines.mode = _LASSO
        self.drawing.emit(True)
        return True

    def wipe(self) -> None:
        """Take the outlines from the canvas; the lasso stays in hand."""
        if self.outlines is not None and len(self.outlines.data):
            self._own = True
            self.outlines.data = []
            self._own = False

    def _of_outlines(self, frame: Frame, base) -> tuple[np.ndarray, np.ndarray]:
        """Scale and translation of outlines: world units on the map, as pens are round."""
        scale, shift = self._reach(frame, base)
        for axis in self._found.table.over[-2:]:
            scale[frame.axes.index(axis)], shift[frame.axes.index(axis)] = 1.0, 0.0
        return scale, shift

    def _place_outlines(self, frame: Frame, base) -> None:
        if self.outlines is None:
            return
        if self._frame.axes != frame.axes:  # the marks stay; outlines were drawn on a scan of other axes
            self.drawing.emit(False)
            self._take_away("outlines")
            return
        if self._frame != frame and len(self.outlines.data):
            pair = [frame.axes.index(axis) for axis in self._found.table.over[-2:]]
            moved = [np.array(one) for one in self.outlines.data]
            for one in moved:
                for axis in pair:
                    physical = one[:, axis] * self._frame.step[axis] + self._frame.origin[axis]
                    one[:, axis] = (physical - frame.origin[axis]) / frame.step[axis]
            self._own = True
            self.outlines.data = moved
            self._own = False
        self._frame = frame
        scale, shift = self._of_outlines(frame, base)
        self.outlines.scale, self.outlines.translate = scale, shift
        _see(self.outlines, True)

    def _changed(self, event) -> None:
        """A shape was drawn, moved or removed."""
        if self._own or str(getattr(event, "action", "")) not in ("added", "changed", "removed"):
            return
        frame, over = self._frame, self._found.table.over
        down, across = (frame.axes.index(axis) for axis in over[-2:])
        found: list[np.ndarray] = []
        for vertices in self.outlines.data:
            pair = np.asarray(vertices, float)[:, [across, down]]
            if len(pair) >= _CORNERS and (np.ptp(pair, axis=0) > 0).all():
                found.append(pair * [frame.step[across], frame.step[down]] + [frame.origin[across], frame.origin[down]])
        self.outlined.emit(found)

    def _mode_changed(self, event) -> None:
        if self.outlines is not None and self.outlines.mode != _LASSO:
            self.drawing.emit(False)

    # the viewer

    def _added(self, how: str, data, scale: Sequence[float], shift: Sequence[float]):
        """A new layer of ours; what was selected stays so."""
        active = self._viewer.layers.selection.active
        place = {"scale": scale, "translate": shift}
        if how == "add_labels":
            from napari.utils.colormaps import DirectLabelColormap

            colors = DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 1: _COLOR})
            layer = self._viewer.add_labels(
                data, name=f"chosen places: {self._layer.name}", colormap=colors, opacity=_OPACITY, **place
            )
            layer.editable = False
        else:
            layer = self._viewer.add_shapes(
                ndim=len(scale),
                name=f"outlines: {self._layer.name}",
                edge_color=_COLOR,
                face_color="transparent",
                edge_width=_EDGE,
                opacity=1.0,
                **place,
            )
        if active in self._viewer.layers:
            self._viewer.layers.selection.active = active
        return layer

    def _raise(self, base) -> None:
        """Lift our layers above the scan they lie on."""
        layers = self._viewer.layers
        for one in (self.marks, self.outlines):
            if one is not None and layers.index(one) < layers.index(base):
                layers.move(layers.index(one), len(layers))

    def _follow(self, base) -> None:
        """Hear of it when the scan is drawn in another frame, or hidden."""
        if self._followed is base:
            return
        self._unfollow()
        self._followed = base
        for event in (base.events.scale, base.events.translate, base.events.visible):
            event.connect(self._later)

    def _unfollow(self) -> None:
        if self._followed is not None:
            for event in (self._followed.events.scale, self._followed.events.translate, self._followed.events.visible):
                event.disconnect(self._later)
            self._followed = None

    def _later(self, event=None) -> None:
        self._late.start(0)

    def _activated(self, event=None) -> None:
        active = self._viewer.layers.selection.active
        if self.outlines is not None and active is not self.outlines and self.outlines.mode == _LASSO:
            self.outlines.mode = _STILL
        if self.marks is not None or self.outlines is not None:
            self._later()

    def _removed(self, event) -> None:
        """A layer was removed, by the user where it was one of ours."""
        if event.value is self.outlines and not self._own:
            self.outlines = None
            self.drawing.emit(False)
        elif event.value is self.marks and not self._own:
            self.marks, self._places = None, None
            self.dropped.emit()
        elif event.value is self._layer:
            self._late.start(0)

    def _take_away(self, name: str) -> None:
        layer = getattr(self, name)
        setattr(self, name, None)
        if layer is not None and layer in self._viewer.layers:
            self._own = True
            self._viewer.layers.remove(layer)
            self._own = False

    def forget(self) -> None:
        """Leave the canvas."""
        self._late.stop()
        self._unfollow()
        self._places = None
        if self.outlines is not None:
            self.drawing.emit(False)
        for name in ("marks", "outlines"):
            self._take_away(name)

    def shut(self) -> None:
        """Leave the canvas for good."""
        self.forget()
        self._layer = self._found = None
        self._viewer.layers.events.removed.disconnect(self._removed)
        self._viewer.layers.selection.events.active.disconnect(self._activated)


def _see(layer, on: bool) -> None:
    """Show or hide a layer; not anew, as napari lays its tool down each time."""
    if layer is not None and layer.visible != on:
        layer.visible = on
