"""How fits of ARPES curves are drawn: what was measured, the fit over it, and the window that it took."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import is_quantity
from napari_scantwin.operations.findings import COLORS, Curve, Plot
from napari_scantwin.operations.window import Window

__all__ = ["channels_plot", "curves_plot", "data_of_edge", "data_of_peaks", "dispersion_plot", "edge_plot"]

#: So many curves of a cut are drawn with their fits.
_DRAWN = 4


def data_of_edge(source, **given) -> Plot:
    """The intensity that an edge is fitted to, with the window that is asked for."""
    from napari_scantwin.processing.fermi_edge import summed

    scan = source.scan
    energy, values, errors = summed(scan)
    ends = tuple(
        float(energy.min() if end == "start" else energy.max()) if given.get(end) is None else float(given[end])
        for end in ("start", "stop")
    )
    curve = Curve(energy, values, errors, COLORS[1], "points")
    window = Window(("start", "stop"), ends)
    return Plot([curve], "energy (eV)", _summed_label(scan), [("measured", COLORS[1])], window=window)


def _summed_label(scan) -> str:
    unit = units.pretty(scan.attrs["units"])
    return scans.label(scan) if scan.ndim == 1 else f"sum ({unit})" if unit else "sum"


def edge_plot(scan, edge) -> Plot:
    """All that was measured, the fit over its window, and the window."""
    from napari_scantwin.processing.fermi_edge import summed

    energy, values, errors = summed(scan)
    fitted = edge.fit["energy"].values
    return Plot(
        [
            Curve(energy, values, errors, COLORS[1], "points"),
            Curve(fitted, edge.fit.values, None, COLORS[0], "line"),
        ],
        "energy (eV)",
        _summed_label(scan),
        [("measured", COLORS[1]), ("fit", COLORS[0])],
        window=Window(("start", "stop"), (float(fitted.min()), float(fitted.max()))),
    )


def channels_plot(scan, axis: str, found) -> Plot:
    """The level of every channel and the polynomial through them."""
    levels = found.fermi_level
    places = levels[axis].values
    in_deg = is_quantity(scan[axis].attrs["units"], "angle")
    at = units.convert(places, scan[axis].attrs["units"], "deg") if in_deg else places
    course = np.polynomial.polynomial.polyval(np.asarray(at, float), found.coefficients)
    return Plot(
        [
            Curve(places, levels.values, levels["standard_error"].values, COLORS[1], "points"),
            Curve(places, course, None, COLORS[0], "line"),
        ],
        scans.axis_label(scan, axis),
        "Fermi level (eV)",
        [("channels", COLORS[1]), ("polynomial", COLORS[0])],
    )


def _few(size: int) -> np.ndarray:
    """Evenly spaced curves, the ends among them, as many as the eye parts."""
    return np.unique(np.linspace(0, size - 1, min(size, _DRAWN)).round().astype(int)) if size else np.zeros(0, int)


def _window_of(scan, along: str, given) -> Window:
    column = scan[along].values
    low, high = given.get("start"), given.get("stop")
    ends = (float(column.min()) if low is None else float(low), float(column.max()) if high is None else float(high))
    return Window(("start", "stop"), ends)


def _curves_of(scan, along: str, across: str, places, fitted=None) -> tuple[list[Curve], list[tuple[str, str]]]:
    drawn, key = [], []
    unit = units.pretty(scan[across].attrs["units"])
    for color, place in zip(COLORS, places, strict=False):
        one = scan.sel({across: place}, method="nearest")
        drawn.append(Curve(scan[along].values, np.asarray(one.values, float), None, color, "points"))
        if fitted is not None:
            model = np.asarray(fitted.sel({across: place}, method="nearest").values, float)
            drawn.append(Curve(scan[along].values, model, None, color, "line"))
        key.append((f"{float(one[across]):.4g} {unit}".rstrip(), color))
    return drawn, key


def data_of_peaks(source, *, along, first=None, last=None, **given) -> Plot:
    """Some of the curves that peaks are fitted to, with the window that is asked for."""
    scan = source.scan
    across = next(name for name in scans.axes(scan) if name != along)
    column = scan[across].values
    inside = column[(column >= (-np.inf if first is None else first)) & (column <= (np.inf if last is None else last))]
    drawn, key = _curves_of(scan, along, across, inside[_few(len(inside))])
    return Plot(drawn, scans.axis_label(scan, along), scans.label(scan), key, window=_window_of(scan, along, given))


def curves_plot(scan, fits, given) -> Plot:
    """Some of the curves, with their fits."""
    whole = np.isfinite(fits.position.values).any(axis=0)
    places = fits.position[fits.across].values[whole]
    drawn, key = _curves_of(scan, fits.along, fits.across, places[_few(len(places))], fits.model)
    return Plot(
        drawn,
        scans.axis_label(scan, fits.along),
        scans.label(scan),
        key,
        styles={"points": "measured", "line": "fit"},
        window=_window_of(scan, fits.along, given),
    )


def dispersion_plot(scan, fits, results) -> Plot:
    """Where the peaks are, with errors, and the lines through them."""
    drawn, key = [], []
    for peak in range(1, fits.position.sizes["peak"] + 1):
        color, one = COLORS[(peak - 1) % len(COLORS)], fits.dispersion(peak)
        errors = one["standard_error"].values
        drawn.append(Curve(one[fits.across].values, one.values, errors, color, "points"))
        key.append((f"peak {peak}", color))
        if (line := results.get(f"line, peak {peak}")) is not None:
            drawn.append(Curve(line[line.dims[-1]].values, line.values, None, color, "line"))
    return Plot(drawn, scans.axis_label(scan, fits.across), scans.axis_label(scan, fits.along), key)
