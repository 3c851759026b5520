"""The private corners of napari that this plugin leans on, where napari has no public way.

They stand here and nowhere else. Each function says what is done without where napari names things again: that feature
then left out, with one line in the log, and nothing else suffers. ``tests/viewer/canvas/test_napari_private.py`` fails
when that happens, before anybody's window does.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

import numpy as np
from qtpy.QtGui import QOpenGLContext
from qtpy.QtWidgets import QDockWidget, QFrame, QMainWindow, QWidget

__all__ = [
    "ask_before_closing",
    "can_draw",
    "canvas_of",
    "draw_in_own_context",
    "draw_plane",
    "drawn_once",
    "forget_extent",
    "own_docks",
    "own_words",
    "sliders_of",
    "source_of",
    "speak_status",
    "unwrapped",
    "window_of",
]

_log = logging.getLogger("napari_scantwin")
_left_out: set[str] = set()

#: What is used of one of napari's sliders.
_SLIDER_PARTS = ("axis", "slider", "axis_label", "curslice_label", "totslice_label")


def unwrapped(viewer):
    """The viewer itself, of which napari hands plugins a proxy that hides the canvas."""
    return getattr(viewer, "__wrapped__", viewer)


def window_of(viewer) -> QMainWindow | None:
    """The window of Qt, which napari's ``Window`` hides: to ask before it closes, as napari has no event for that, and
    to stand dialogs before it. None for a viewer without a window; else, without it, the window closes unasked."""
    window = _reached("asking before the window closes", viewer, "window", "_qt_window")
    return window if isinstance(window, QMainWindow) else None


def canvas_of(viewer) -> QWidget | None:
    """The widget that napari draws on, to paint rulers over it. None for a viewer without a window; else, without it,
    there are neither rulers, colour bar nor cuts on the map."""
    canvas = _reached("rulers over the canvas", viewer, "window", "_qt_viewer", "canvas", "native")
    return canvas if isinstance(canvas, QWidget) else None


def own_docks(viewer) -> list[QDockWidget]:
    """napari's own docks, the layer list and the layer controls, to be moved behind the panel. Without them they stay
    where they are: none."""
    found = [
        _reached("napari's lists behind the panel", viewer, "window", "_qt_viewer", name)
        for name in ("dockLayerList", "dockLayerControls")
    ]
    return [dock for dock in found if isinstance(dock, QDockWidget)]


def draw_in_own_context(viewer) -> bool:
    """Have the canvas's OpenGL commands run in no other context than its own; False where that cannot be done.

    When a layer is removed, napari has vispy's waiting commands carried out at once (``context.finish()``), outside any
    painting: Qt's own context is current then, in which the windows are put together. Programs of the removed layer are
    so deleted from a context that never drew them, others' values go to whatever program that context has in use, and
    Mesa takes the shader of the next drawing away: the process dies (``docs/upstream.md``). Without this, it still may.
    """
    feature = "removing layers safely"
    canvas = _reached(feature, viewer, "window", "_qt_viewer", "canvas", "_scene_canvas")
    context = None if canvas is None else _reached(feature, canvas, "context")
    widget = canvas_of(viewer)
    if context is None or widget is None:
        return False
    flush = getattr(context, "flush_commands", None)
    if getattr(flush, "in_own_context", False):
        return True
    if not callable(flush) or not all(hasattr(widget, part) for part in ("context", "isValid", "makeCurrent")):
        _leave_out(feature, "a canvas has no context that can be made current")
        return False

    def flush_commands(event=None) -> None:
        with contextlib.suppress(RuntimeError):  # the widget is gone, and its context with it
            if widget.isValid() and QOpenGLContext.currentContext() is not widget.context():
                widget.makeCurrent()
        flush(event)

    flush_commands.in_own_context = True
    context.flush_commands = flush_commands
    return True


def sliders_of(viewer) -> list[QWidget]:
    """napari's dimension sliders, in which values with units take the place of indices. Without them, napari's own
    words stay: none."""
    feature = "values beside the sliders"
    found = list(_reached(feature, viewer, "window", "_qt_viewer", "dims", "slider_widgets") or ())
    for slider in found:
        missing = [part for part in _SLIDER_PARTS if not hasattr(slider, part)]
        if missing:
            _leave_out(feature, f"a slider has no {missing[0]}")
            return []
    return found


def own_words(slider: QWidget) -> list[QWidget]:
    """What napari itself writes beside a slider of :func:`sliders_of`: the axis's label, index and count."""
    labels = [slider.axis_label, slider.curslice_label, slider.totslice_label]
    return [*labels, *slider.findChildren(QFrame, "slice_label_sep")]


def forget_extent(viewer) -> bool:
    """Have napari work out anew what its layers extend over, which it keeps while a layer is being added: it would else
    count the new one's axes out. Where it cannot be told to, nothing is to be changed in that moment: False."""
    forget = _reached("units while a layer is added", viewer.layers, "_clean_cache")
    if not callable(forget):
        return False
    forget()
    return True


def can_draw(viewer, layer) -> bool:
    """Whether :func:`draw_plane` can draw on an image's picture. Where not, planes are shown by napari's sliders, which
    takes longer."""
    return _picture(viewer, layer) is not None


def draw_plane(viewer, layer, plane: np.ndarray) -> bool:
    """Put a plane [upwards, rightwards] on an image's picture past napari's models, which take too long for a dragged
    one; False where that cannot be done."""
    picture = _picture(viewer, layer)
    if picture is None:
        return False
    try:
        picture.set_data(np.ascontiguousarray(plane, dtype=np.float32))
        picture.update()
    except Exception as reason:  # whatever a picture made otherwise does not take
        _leave_out("drawing dragged planes", reason)
        return False
    return True


@contextlib.contextmanager
def drawn_once(viewer, layer) -> Iterator[None]:
    """Have napari draw points once at the end of what is changed of them, not at each change: it takes some 20 ms for
    every ten thousand. Without that, it draws at each."""
    feature = "drawing changed points once"
    visuals = _reached(feature, viewer, "window", "_qt_viewer", "canvas", "layer_to_visual")
    visual = visuals.get(layer) if hasattr(visuals, "get") else None
    draw = getattr(visual, "_on_data_change", None)
    if visual is None or not callable(draw):
        if visual is not None:
            _leave_out(feature, "a layer's visual has no _on_data_change")
        yield
        return
    visual._on_data_change = lambda *event: None  # its events look it up by name
    try:
        yield
    finally:
        del visual._on_data_change
        draw()


def _picture(viewer, layer):
    feature = "drawing dragged planes"
    pictures = _reached(feature, viewer, "window", "_qt_viewer", "canvas", "layer_to_visual")
    if not hasattr(pictures, "get"):
        return None
    visual = pictures.get(layer)
    picture = None if visual is None else _reached(feature, visual, "node")
    return picture if hasattr(picture, "set_data") else None


def speak_status(layer, words: Callable[[tuple | None], dict[str, str]]) -> bool:
    """Have napari's status bar say ``words(position)`` of a layer, beside where it came from: ``coordinates``,
    ``coords`` and ``value``. Without it, napari's own words stay: False."""
    if not callable(getattr(layer, "get_status", None)):
        _leave_out("physical values in the status bar", "a layer has no get_status")
        return False

    def get_status(position=None, *rest, **details) -> dict[str, str]:
        return source_of(layer) | words(position)

    try:
        layer.get_status = get_status
    except (AttributeError, TypeError, ValueError) as reason:
        _leave_out("physical values in the status bar", reason)
        return False
    return True


def source_of(layer) -> dict[str, str]:
    """Where a layer came from, as napari words it for its status bar; without that, its name."""
    asked = _reached("a layer's source in the status bar", layer, "_get_source_info")
    told = asked() if callable(asked) else None
    named = {"layer_name": layer.name, "layer_base": layer.name, "source_type": "", "plugin": ""}
    return named if told is None else dict(told)


def ask_before_closing(dock: QDockWidget, may_close: Callable[[], bool]) -> bool:
    """Have a dock's cross ask ``may_close()`` first: it calls the dock's ``destroyOnClose`` and nothing that could be
    refused. Without that, it closes unasked: False."""
    destroy = getattr(dock, "destroyOnClose", None)
    if getattr(destroy, "asks_first", False):
        return True
    if not callable(destroy):
        _leave_out("asking before the panel closes", "a dock has no destroyOnClose")
        return False

    def close() -> None:
        if may_close():
            destroy()

    close.asks_first = True
    dock.destroyOnClose = close
    return True


def _reached(feature: str, thing, *names: str):
    """What stands at the end of a path of attributes; None, which is logged, where napari has named one again."""
    for name in names:
        if name == "window" and getattr(thing, name, None) is None:  # a viewer model on its own
            return None
        try:
            thing = getattr(thing, name)
        except (AttributeError, RuntimeError) as reason:
            _leave_out(feature, reason)
            return None
    return thing


def _leave_out(feature: str, reason) -> None:
    """Say once what cannot be done with this napari."""
    if feature not in _left_out:
        _left_out.add(feature)
        _log.warning("This napari does not allow %s, which is left out (%s)", feature, reason)
