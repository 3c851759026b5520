"""Fits of ARPES curves: Fermi edges, and peaks of EDCs and MDCs.

They do not change the scan. What can be done with the result (counting energies from a fitted Fermi level) is named as
a step with its parameters, so that it enters the history of whatever scan it is applied to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.analyses import arpes_views
from napari_scantwin.analyses.analysis import FIT, analysis
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import energy_axis, find_axis, is_quantity, slit_angle
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import Findings
from napari_scantwin.operations.parameters import OTHER_AXIS, Parameter

__all__: list[str] = []


def _channels(scan: xr.DataArray) -> str | None:
    """The angle along the slit, else the axis beside the energy."""
    others = [name for name in scans.axes(scan) if name != energy_axis(scan)]
    return slit_angle(scan) or (others[-1] if others else None)


_EDGE = (
    Parameter(
        "temperature", "Temperature", unit="K", minimum=0, optional=True, explanation="Fixed where given, else fitted."
    ),
    Parameter(
        "resolution",
        "Resolution (FWHM)",
        unit="eV",
        minimum=0,
        optional=True,
        explanation="Fixed where given, else fitted.",
    ),
    Parameter(
        "start",
        "From",
        unit="eV",
        optional=True,
        example="empty: by itself",
        explanation="Lower end of the energies that are fitted. Empty at both ends: as many as the model describes.",
    ),
    Parameter(
        "stop",
        "To",
        unit="eV",
        optional=True,
        example="empty: by itself",
        ends="start",
        explanation="Upper end of the energies that are fitted.",
    ),
    Parameter("background", "Background", "choice", "linear", choices=("linear", "constant", "none")),
)

_LINE = "Energies the line is fitted over."
_PEAKS = (
    Parameter(
        "along",
        "Curves along",
        "axis",
        lambda scan: find_axis(scan, "momentum") or slit_angle(scan) or energy_axis(scan),
        explanation="A momentum or angle: MDCs; the energy: EDCs.",
    ),
    Parameter("peaks", "Peaks", "integer", 1, minimum=1, maximum=12),
    Parameter("shape", "Shape", "choice", "Lorentzian", choices=("Lorentzian", "Voigt")),
    Parameter("background", "Background", "choice", "linear", choices=("constant", "linear", "none")),
    Parameter("start", "Window from", unit_of="along", optional=True, explanation="Along each curve."),
    Parameter("stop", "Window to", unit_of="along", optional=True, ends="start", explanation="Along each curve."),
    Parameter("first", "Curves from", unit_of=OTHER_AXIS, optional=True),
    Parameter("last", "Curves to", unit_of=OTHER_AXIS, optional=True, ends="first"),
    Parameter(
        "begin",
        "Begin at",
        unit_of=OTHER_AXIS,
        optional=True,
        further=True,
        explanation="Empty: where all peaks stand out.",
    ),
    Parameter(
        "positions",
        "Peaks there at",
        "numbers",
        unit_of="along",
        optional=True,
        further=True,
        explanation="One place a peak at the curve to begin with; empty: the highest places.",
    ),
    Parameter(
        "gaussian",
        "Gaussian width (FWHM) of a Voigt",
        unit_of="along",
        minimum=0,
        optional=True,
        further=True,
        explanation="The resolution along the curve; empty: fitted.",
    ),
    Parameter(
        "temperature",
        "Temperature of an EDC's Fermi function",
        unit="K",
        minimum=0,
        optional=True,
        further=True,
        explanation="Empty: no Fermi function.",
    ),
    Parameter("resolution", "Resolution of an EDC (FWHM)", unit_of="along", minimum=0, optional=True, further=True),
    Parameter("crossing_start", "Line from", unit="eV", optional=True, further=True, explanation=_LINE),
    Parameter(
        "crossing_stop", "Line to", unit="eV", optional=True, further=True, ends="crossing_start", explanation=_LINE
    ),
    Parameter("degree", "Degree of the line", "integer", 1, minimum=1, maximum=5, further=True),
)


# The fits import lmfit, which takes a second: only when they are called.


@analysis(
    "fermi_edge",
    "Fermi edge",
    FIT,
    parameters=_EDGE,
    needs=("energy",),
    gridded=True,
    uses_twin=False,
    data=arpes_views.data_of_edge,
)
def fermi_edge(source, *, on_progress, stop_event, cache, **given) -> Findings:
    """Fit the Fermi edge of the scan summed over everything but its energy: level, resolution (FWHM), temperature.

    [(a + b E) f(E, T)] convolved with a Gaussian, plus a background. A temperature or resolution that is given is
    fixed. An edge seldom determines both: where it does not, its whole width is given as the resolution.
    """
    from napari_scantwin.processing.fermi_edge import fit_edge

    edge, notes = _one_width(lambda **how: fit_edge(source.scan, **how), given)
    return Findings(
        _edge_figures(edge),
        {"edge": edge.curve, "fitted edge": edge.fit},
        notes,
        ("correct_fermi_edge", {"coefficients": [edge.fermi_level.value], **_rising(source.scan)}),
        {"Edge": arpes_views.edge_plot(source.scan, edge)},
    )


_WHOLE_WIDTH = (
    "The edge does not tell temperature and resolution apart: the resolution is its whole width, as at 0 K; give the "
    "temperature for the resolution alone."
)


def _one_width(fit: Callable[..., Any], given: dict) -> tuple[Any, list[str]]:
    """A fit, and a note where it was one at 0 K because neither temperature nor resolution are given and the edge does
    not determine both."""
    try:
        return fit(**given), []
    except ScanError as reason:
        if given["temperature"] is not None or given["resolution"] is not None:
            raise
        try:
            return fit(**given | {"temperature": 0.0}), [_WHOLE_WIDTH]
        except ScanError:
            raise reason from None


def _rising(scan) -> dict:
    """What is known of the energies once an edge that falls towards high ones was found: against binding energies it
    would rise."""
    from napari_scantwin.processing.emission import KINETIC

    return {} if scan.attrs.get("energy_notation") else {"energies": KINETIC}


def _edge_figures(edge) -> list[tuple[str, Quantity | float | int]]:
    figures = [
        ("Fermi level", edge.fermi_level),
        ("Resolution (FWHM)", edge.resolution),
        ("Temperature", edge.temperature),
    ]
    known = np.isfinite(edge.reduced_chi_square)
    return [*figures, ("Reduced chi-square", edge.reduced_chi_square)] if known else figures


@analysis(
    "fermi_edges",
    "Fermi edge of every channel",
    FIT,
    parameters=(
        Parameter("axis", "Channels along", "axis", _channels),
        *_EDGE,
        Parameter("degree", "Degree of the polynomial", "integer", 2, minimum=0, maximum=8),
        Parameter("channels", "Channels joined", "integer", 1, minimum=1, maximum=1000),
    ),
    needs=("energy",),
    axes=2,
    gridded=True,
    uses_twin=False,
    data=arpes_views.data_of_edge,
)
def fermi_edges(source, *, axis, degree, channels, on_progress, stop_event, cache, **given) -> Findings:
    """Fit the Fermi edge of every channel of a gold reference, and a polynomial through the levels.

    The polynomial is what other scans of the same channels are corrected by.
    """
    from napari_scantwin.processing.edge_correction import fit_edges

    scan = source.scan
    how = {"degree": degree, "channels": channels, "on_progress": on_progress, "stop_event": stop_event}
    found, notes = _one_width(lambda **edge: fit_edges(scan, axis, **how, **edge), given)
    powers = [f"Level, power {number}" for number in range(len(found.coefficients))]
    unit = "deg" if is_quantity(scan[axis].attrs["units"], "angle") else scan[axis].attrs["units"]
    each = ["eV", *(units.standard(f"eV/({unit})**{number}") for number in range(1, len(powers)))]
    figures: list = [
        (title, Quantity(value, error, one))
        for title, value, error, one in zip(powers, found.coefficients, found.errors, each, strict=True)
    ]
    missing = int(np.isnan(found.fermi_level.values).sum())
    return Findings(
        [*figures, ("Polynomial's reduced chi-square", found.reduced_chi_square), *_edge_figures(found.whole)],
        {"Fermi level of the channels": found.fermi_level, "resolution of the channels": found.resolution},
        [*notes, *([f"{missing} of {found.fermi_level.size} channels show no edge."] if missing else [])],
        ("correct_fermi_edge", {"axis": axis, "coefficients": found.coefficients, **_rising(scan)}),
        {"Edge": arpes_views.edge_plot(scan, found.whole), "Channels": arpes_views.channels_plot(scan, axis, found)},
    )


@analysis(
    "peaks",
    "Peaks of EDCs or MDCs",
    FIT,
    parameters=_PEAKS,
    axes=2,
    most_axes=2,
    gridded=True,
    uses_twin=False,
    data=arpes_views.data_of_peaks,
)
def peaks(
    source, *, along, crossing_start, crossing_stop, degree, resolution, on_progress, stop_event, cache, **given
) -> Findings:
    """Fit peaks to every curve of a cut along one axis, each started from its neighbour: MDCs along a momentum or
    angle, EDCs along the energy; dispersion, widths, and where each band crosses the Fermi level, with errors."""
    from napari_scantwin.processing.dispersion import fermi_crossing
    from napari_scantwin.processing.peaks import fit_peaks

    scan = source.scan
    fits = fit_peaks(scan, along, resolution=resolution or 0.0, on_progress=on_progress, stop_event=stop_event, **given)
    results = {"position": fits.position, "width": fits.width, "area": fits.area, "fit": fits.model}
    residual = scan.copy(data=np.asarray(scan.values, float) - fits.model.values)
    results["residual"] = residual.assign_attrs(long_name="measured minus fitted", kind="fitted")
    figures: list = [("Whole curves", int(np.isfinite(fits.position.values).all(axis=0).sum()))]
    notes = []
    energy = energy_axis(scan)
    if energy is not None:
        ends = [
            None if end is None else float(units.convert(end, "eV", scan[energy].attrs["units"]))
            for end in (crossing_start, crossing_stop)
        ]
        for peak in range(1, fits.position.sizes["peak"] + 1):
            try:
                crossing = fermi_crossing(fits, peak, start=ends[0], stop=ends[1], degree=degree)
            except ScanError as reason:
                notes.append(f"Peak {peak}: {reason}.")
                continue
            figures += [(f"Fermi momentum, peak {peak}", crossing.momentum)]
            figures += [(f"Fermi velocity, peak {peak}", crossing.velocity)]
            if is_quantity(crossing.momentum.unit, "momentum"):
                figures += [(f"Fermi velocity, peak {peak}, m/s", crossing.speed)]
            results[f"line, peak {peak}"] = crossing.line
    plots = {
        "Curves": arpes_views.curves_plot(scan, fits, given),
        "Dispersion": arpes_views.dispersion_plot(scan, fits, results),
    }
    return Findings(figures, results, notes, plots=plots)
