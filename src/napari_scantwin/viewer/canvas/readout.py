"""What lies at a place of the canvas, in words and physical units."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.napari_private import speak_status
from napari_scantwin.viewer.session import ScanLayer, frame_of, scan_layers, scan_of

__all__ = ["decimals_of", "describe", "place", "speak_physical", "written"]

#: A measured point counts as near within this share of the canvas's extent (world units).
_NEAR = 1.5


def speak_physical(layer) -> None:
    """Make napari's status bar name physical values, not canvas coordinates, for a layer that holds a scan."""
    if frame_of(layer) is None:
        return

    def words(position) -> dict[str, str]:
        frame = frame_of(layer)  # asked again: a transposed plane has another
        if position is None or len(position) < len(frame.axes):
            return {}
        world = np.asarray(position, float)[-len(frame.axes) :]
        physical = frame.to_physical(world)
        where = ", ".join(place(frame, physical))
        value = _line(layer, world, physical) or ""
        return {"coordinates": f"{where}: {value}".rstrip(": "), "coords": where, "value": value}

    speak_status(layer, words)


def describe(viewer, frame: Frame, world: np.ndarray) -> list[str]:
    """Lines of text: every axis, the measured value if one is near, the simulated value and its error."""
    world = world[-len(frame.axes) :]
    if len(world) < len(frame.axes):
        return []
    physical = frame.to_physical(world)
    same = [layer for layer in scan_layers(viewer) if frame_of(layer) == frame and layer.visible]
    if not same:
        return []
    lines = place(frame, physical)
    for layer in same:
        line = _line(layer, world, physical)
        if line:
            lines.append(line)
    return lines


def decimals_of(column: np.ndarray) -> int | None:
    """How many decimals tell the neighbours on an axis apart; None where it has one value only."""
    gaps = np.diff(np.unique(column))
    return int(np.clip(np.ceil(1 - np.log10(np.median(gaps))), 0, 9)) if gaps.size else None


def written(value: float, decimals: int | None) -> str:
    """A value of an axis with at most so many decimals (:func:`decimals_of`)."""
    if decimals is None or not np.isfinite(value):
        return f"{value:.6g}"
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def place(frame: Frame, physical) -> list[str]:
    """Every axis with its value and unit."""
    physical = np.where(np.abs(physical) < 1e-9 * np.abs(frame.step), 0.0, physical)  # no 1.8e-15 for a zero
    axes = zip(frame.axes, physical, frame.units, strict=True)
    return [f"{name.replace('_', ' ')} {value:.6g} {units.pretty(unit)}" for name, value, unit in axes]


def _line(layer, world, physical) -> str | None:
    scan = scan_of(layer)
    kind = ScanLayer(layer).word
    unit = units.pretty(scan.attrs["units"])
    if ScanLayer(layer).paths is not None:
        return None
    if kind == "uncertainty":  # it stands behind the simulated value already
        return None
    if not scans.is_gridded(scan):
        away = np.linalg.norm((layer.data[:, -len(physical) :] - physical) / frame_of(layer).step, axis=1)
        nearest = int(np.argmin(away))
        if away[nearest] > _NEAR:
            return None
        table = ScanLayer(layer).table
        error = "" if table.errors is None else f" ± {table.errors[nearest]:.2g}"
        return f"{kind} {table.values[nearest]:.5g}{error} {unit}"
    cell = []
    for name, value in zip(scans.axes(scan), physical, strict=True):
        axis = scan[name].values
        step = np.ptp(axis) / max(len(axis) - 1, 1)
        index = int(np.argmin(np.abs(axis - value)))
        if abs(axis[index] - value) > step:
            return None
        cell.append(index)
    if scans.is_lazy(scan):  # what is on screen is in memory, the file is not to be read at every move
        if getattr(layer.data, "waiting", False):  # another place's plane is on screen
            return None
        shown = layer.get_value(world, view_direction=None, dims_displayed=list(range(layer.ndim))[-2:], world=True)
        return None if shown is None else f"{kind} {float(shown):.5g} {unit}"
    value = float(scan.values[tuple(cell)])
    if not np.isfinite(value):
        return None
    error = f" ± {float(scan['standard_error'].values[tuple(cell)]):.2g}" if "standard_error" in scan.coords else ""
    far = "extrapolated" in scan.coords and bool(scan["extrapolated"].values[tuple(cell)])
    return f"{kind} {value:.5g}{error} {unit}" + ("  (extrapolated)" if far else "")
