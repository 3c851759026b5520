"""The colours of a layer: which scale its values are drawn in, and napari's colour map made so that they are.

napari draws values evenly between two limits, raised to a power (gamma). A logarithmic scale is made of both: the power
spreads the small values over the colour map, whose colours stand where the logarithm puts them. The layer's data, and
its limits, stay the physical values.
"""

from __future__ import annotations

import numpy as np
from napari.utils.colormaps import AVAILABLE_COLORMAPS, Colormap, ensure_colormap

from napari_scantwin.core import scan as scans
from napari_scantwin.figures.color_scale import (
    base_colors,
    fitted_limits,
    least_positive,
    usual_scale,
    why_not,
)
from napari_scantwin.viewer.session import ScanLayer, made_from, scan_of

__all__ = [
    "apply_scale",
    "base_of",
    "first_colors",
    "fit_scale",
    "follow_scale",
    "like",
    "limits",
    "limits_of",
    "scale_of",
    "set_scale",
    "update_masked",
    "why_no_scale",
]

#: The power by which small values are spread before the logarithm's colours are looked up; the steps of those.
_GAMMA, _STEPS = 0.25, 257
_LIMITS = (0.002, 0.998)
_ENDING = " by logarithm"
#: Of a scan that is read in parts, so many slices and values tell the colour limits.
_SLICES_SAMPLED, _MOST_SAMPLED = 5, 2_000_000


def limits(scan) -> tuple[float, float]:
    """The colour limits that leave out one value in 500 at either end, so that a few hot pixels do not
    darken a map; a little apart where they are equal."""
    values = np.asarray(_sample(scan).values)
    values = values[np.isfinite(values)]
    low, high = map(float, np.quantile(values, _LIMITS)) if values.size else (0.0, 1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _sample(scan):
    """The scan itself; of one that is read in parts, a few evenly spaced slices of its slowest axis, subsampled."""
    if not scans.is_lazy(scan):
        return scan
    slow, *others = scan.dims
    chosen = scan.isel({slow: np.unique(np.linspace(0, scan.sizes[slow] - 1, _SLICES_SAMPLED).astype(int))})
    for name in others:
        chosen = chosen.isel({name: slice(None, None, max(1, -(-chosen.size // _MOST_SAMPLED)))})
    return chosen


def _prefix(layer) -> str:
    return "" if hasattr(layer, "contrast_limits") else "face_"


def limits_of(layer) -> tuple[float, float]:
    """The values at the ends of a layer's colours."""
    low, high = getattr(layer, f"{_prefix(layer)}contrast_limits")
    return float(low), float(high)


def scale_of(layer) -> str:
    """The scale that a layer's values are drawn in."""
    return ScanLayer(layer).color_scale


def base_of(layer) -> Colormap:
    """A layer's colours in even steps from one end of its scale to the other."""
    shown = getattr(layer, f"{_prefix(layer)}colormap")
    if not shown.name.endswith(_ENDING):
        return shown
    return ensure_colormap(shown.name.removesuffix(_ENDING))


def like(viewer, layer) -> list:
    """The layers that are drawn in a layer's colours: a scan and its simulation, the sweeps' and the twin's map of one
    quantity; others alone."""
    shown = ScanLayer(layer)
    if shown.kind in ("measured", "simulated"):
        head = shown.measured or layer
        return [head, *made_from(viewer, head, "simulated")]
    if shown.kind == "derived" and shown.quantity:
        alike = made_from(viewer, shown.measured, "derived")
        own = [one for one in alike if ScanLayer(one).quantity == shown.quantity and ScanLayer(one).looks is None]
        return own or [layer]
    return [layer]


def why_no_scale(layer, scale: str) -> str:
    """Why a layer's values are not drawn in a scale; empty where they are."""
    return why_not(scale, limits(scan_of(layer)))


def set_scale(viewer, layer, scale: str) -> None:
    """Draw a layer, and those that share its colours, in another scale, over all values there are."""
    alike = like(viewer, layer)
    ends = _fitted(alike[0], scale, limits(scan_of(alike[0])))
    for one in alike:
        shown = ScanLayer(one)
        if (scale == "diverging") != (shown.color_scale == "diverging"):
            _put(one, "colormap", base_colors(shown.kind, scale))
        shown.set_color_scale(scale)
        if hasattr(one, "contrast_limits_range"):
            one.contrast_limits_range = ends
        _put(one, "contrast_limits", ends)
        apply_scale(one)


def fit_scale(layer) -> None:
    """Fit a layer's limits to its scale, as after they were taken from its values."""
    _put(layer, "contrast_limits", _fitted(layer, scale_of(layer), limits_of(layer)))
    apply_scale(layer)


def _fitted(layer, scale: str, ends: tuple[float, float]) -> tuple[float, float]:
    """Limits fitted to a scale; where a logarithm has to begin above zero, what was measured tells where, for the
    twin's map too."""
    shown, least = ScanLayer(layer), None
    if scale == "logarithmic" and ends[0] <= 0:
        least = least_positive(_sample(scan_of((shown.kind == "simulated" and shown.measured) or layer)))
    return fitted_limits(scale, ends, shown.middle, least)


def _put(layer, name: str, value) -> None:
    setattr(layer, _prefix(layer) + name, value)


def apply_scale(layer) -> None:
    """Give a layer napari's colour map for its scale and its limits; follow both from now on."""
    scale, base = scale_of(layer), base_of(layer)
    shown = getattr(layer, f"{_prefix(layer)}colormap")
    if scale == "logarithmic":
        ends = limits_of(layer)
        if ends[0] <= 0:
            ends = _fitted(layer, scale, ends)
            _put(layer, "contrast_limits", ends)
        wanted = _by_logarithm(base, ends, 1.0 if _prefix(layer) else _GAMMA)
        if shown.name == wanted.name and np.array_equal(shown.controls, wanted.controls):
            return
        AVAILABLE_COLORMAPS.pop(wanted.name, None)  # napari keeps colour maps by name, and would take the old one
        _put(layer, "colormap", wanted)
        if hasattr(layer, "gamma"):
            layer.gamma = _GAMMA
    elif shown is not base:
        _put(layer, "colormap", base)
        if hasattr(layer, "gamma"):
            layer.gamma = 1.0
    if _prefix(layer):
        layer.face_color = "value"  # by value again: fading what is masked gave each point its own
        layer.refresh_colors()
        update_masked(layer)


def follow_scale(layer) -> None:
    """Have the colours of a layer follow limits and colour maps that are set in napari's own controls."""
    if scan_of(layer) is None or not hasattr(layer, "contrast_limits"):
        return
    for event in (layer.events.contrast_limits, layer.events.colormap):
        event.connect(lambda told: apply_scale(layer) if scale_of(layer) == "logarithmic" else None)


def update_masked(layer) -> None:
    """Fade the points that are kept from training."""
    if layer.__class__.__name__ != "Points":
        return
    masked = scans.points(scan_of(layer)).masked
    colors = np.array(layer.face_color)
    if len(colors) == len(masked) and (masked.any() or (colors[:, 3] < 1).any()):
        colors[:, 3] = np.where(masked, 0.15, 1.0)
        layer.face_color = colors


def _by_logarithm(base: Colormap, ends: tuple[float, float], power: float) -> Colormap:
    """The colour map whose colours stand where the logarithm of values between the ends puts them, once napari has
    scaled these from 0 to 1 and raised them to a power."""
    low, high = ends
    even = np.linspace(0, 1, _STEPS)
    places = ((low * (high / low) ** even - low) / (high - low)) ** power
    places[[0, -1]] = 0.0, 1.0
    return Colormap(base.map(even), name=base.name + _ENDING, controls=places)


def first_colors(kind: str, ends: tuple[float, float], middle: float | None = None) -> tuple[str, str, tuple]:
    """The scale, the colour map and the limits that a layer begins with."""
    scale = usual_scale(kind, ends) if middle is None else "diverging"
    return scale, base_colors(kind, scale), fitted_limits(scale, ends, middle or 0.0)
