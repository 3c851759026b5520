"""A twin's simulated map, uncertainty and residual as layers over the measured scan."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qtpy.QtCore import QTimer

from napari_scantwin.core import scan as scans
from napari_scantwin.core.branches import BRANCH
from napari_scantwin.viewer.canvas.colors import scale_of, set_scale
from napari_scantwin.viewer.canvas.layers import add_layer, give_rim, layer_data, layer_name, limits, update_layer
from napari_scantwin.viewer.canvas.overlay import fit_view
from napari_scantwin.viewer.session import ScanLayer, frame_of, made_from, scan_of

__all__ = ["placed", "prepare_derivative", "prepare_simulation", "result_of", "show_simulation", "take_turns"]

_KINDS = ("simulated", "uncertainty", "residual")


def result_of(layer, kind: str, viewer):
    """The layer of one kind that was simulated from ``layer``, or None."""
    return next(iter(made_from(viewer, layer, kind)), None)


def prepare_simulation(measured, simulated, residual) -> list[tuple]:
    """The (data, attributes, type) of the layers to show, in the order of showing; runs in any thread.

    ``measured`` is the layer the twin was trained on, whose colour limits the simulated map shares.
    """
    error = simulated["standard_error"]
    uncertainty = simulated.copy(data=error.variable.data).drop_vars("standard_error")
    uncertainty.attrs |= {"kind": "uncertainty", "long_name": "uncertainty"}
    frame, shared = frame_of(measured), limits(scan_of(measured))
    made = []
    for kind, scan, contrast in zip(_KINDS, (simulated, uncertainty, residual), (shared, None, None), strict=True):
        name = layer_name(kind, measured.name, scan.attrs.get(BRANCH, ""))
        data, attributes, layer_type = layer_data(scan, frame, kind=kind, contrast=contrast, name=name)
        ScanLayer(attributes).measured = measured
        attributes["visible"] = kind == "simulated"
        made.append((data, attributes, layer_type))
    return made


def prepare_derivative(measured, derivative) -> list[tuple]:
    """The (data, attributes, type) of the layer of a simulated derivative; runs in any thread.

    There is one such layer for every measured one: another derivative takes its place.
    """
    name = layer_name(derivative.attrs["long_name"], measured.name, derivative.attrs.get(BRANCH, ""))
    data, attributes, layer_type = layer_data(derivative, frame_of(measured), name=name)
    ScanLayer(attributes).measured = measured
    return [(data, attributes, layer_type)]


def show_simulation(
    viewer, measured, prepared: list[tuple], done: Callable[[], None], *, keep_view: bool = False
) -> None:
    """Show prepared layers over the layer ``measured``; an earlier simulation's layers get the new data.

    napari takes some 100 ms to make a layer, so each has a turn of the event loop to itself, and the window
    answers between them. ``done`` is called after the last. With ``keep_view`` neither the camera nor the selected
    layer changes.
    """
    take_turns(_steps(viewer, measured, prepared, done, keep_view))


def take_turns(steps: Iterator[None]) -> None:
    """Run each step in a turn of the event loop of its own, so that the window answers between them."""
    if next(steps, "ended") != "ended":
        QTimer.singleShot(0, lambda: take_turns(steps))


def placed(viewer, old, data, attributes: dict, layer_type: str, update=update_layer) -> Iterator[None]:
    """The steps that show prepared data in the layer ``old``, or, where that is None or cannot take them (``update``
    tells), in a new one."""
    if old is not None and update(old, data, attributes, layer_type):
        old.name = attributes["name"]
        yield
        return
    if old is not None:
        viewer.layers.remove(old)
        yield
    add_layer(viewer, data, attributes, layer_type)
    yield


def _steps(viewer, measured, prepared, done, keep_view: bool) -> Iterator[None]:
    place = viewer.dims.point
    shown = ScanLayer(prepared[0][1]).kind
    first = result_of(measured, shown, viewer) is None
    for data, attributes, layer_type in prepared:
        if measured not in viewer.layers:  # removed by the user meanwhile
            return
        kind = ScanLayer(attributes).kind
        yield from placed(viewer, result_of(measured, kind, viewer), data, attributes, layer_type)
    if first:
        # Points stay seen above the map; a measured image would hide it, so that goes below.
        top = result_of(measured, shown, viewer) if scans.is_gridded(scan_of(measured)) else measured
        viewer.layers.move(viewer.layers.index(top), len(viewer.layers))
        if not scans.is_gridded(scan_of(measured)):
            give_rim(measured, on_map=True)  # a point that the twin meets has the colour of its surroundings
        if (scale := scale_of(measured)) != scale_of(result_of(measured, shown, viewer)) and shown == "simulated":
            set_scale(viewer, measured, scale)  # chosen before there was a twin
        yield
    viewer.dims.point = place  # another grid has other steps: stay at the value, not at the step's number
    if not keep_view:
        viewer.layers.selection.active = result_of(measured, shown, viewer)
        fit_view(viewer)
    done()
