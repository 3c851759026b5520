"""A twin's simulated map, uncertainty and residual as layers over the measured scan."""

from __future__ import annotations

from napari_scantwin import scan as scans
from napari_scantwin.viewer.layers import add_scan, frame_of, limits, scan_layers, scan_of
from napari_scantwin.viewer.overlay import fit_view

__all__ = ["result_of", "show_simulation"]


def result_of(layer, kind: str, viewer):
    """The layer of one kind that was simulated from ``layer``, or None."""
    return next(
        (other for other in scan_layers(viewer, kind) if other.metadata.get("measured") is layer),
        None,
    )


def show_simulation(viewer, measured, simulated, residual) -> None:
    """Show a simulation of the scan in layer ``measured``; an earlier one of it is replaced.

    The simulated map shares the measured layer's limits; it lies below the measured points and above a
    measured image, so that both can be seen by hiding one.
    """
    error = simulated["standard_error"]
    uncertainty = simulated.copy(data=error.values).drop_vars("standard_error")
    uncertainty.attrs["kind"] = "uncertainty"
    uncertainty.attrs["long_name"] = "uncertainty"
    shared = limits(scan_of(measured))
    frame = frame_of(measured)
    for scan, kind, contrast in (
        (residual, "residual", None),
        (uncertainty, "uncertainty", None),
        (simulated, "simulated", shared),
    ):
        old = result_of(measured, kind, viewer)
        if old is not None:
            viewer.layers.remove(old)
        layer = add_scan(viewer, scan, kind=kind, contrast=contrast, name=f"{measured.name} {kind}", frame=frame)
        layer.metadata["measured"] = measured
        layer.visible = kind == "simulated"
    if scans.is_gridded(scan_of(measured)):
        viewer.layers.move(viewer.layers.index(result_of(measured, "simulated", viewer)), len(viewer.layers))
    else:
        viewer.layers.move(viewer.layers.index(measured), len(viewer.layers))
    viewer.layers.selection.active = result_of(measured, "simulated", viewer)
    fit_view(viewer)
