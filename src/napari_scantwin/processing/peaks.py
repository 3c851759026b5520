"""Peaks of every EDC or MDC of a cut, each curve's fit started from its neighbour's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import energy_axis
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.processing.counting import counts
from napari_scantwin.processing.curve_fit import CurveFit, CurveFitter
from napari_scantwin.processing.peak_model import Occupation
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.windows import within

__all__ = ["PeakFits", "fit_peaks"]

_MOST_PEAKS = 12


@dataclass(frozen=True)
class PeakFits:
    """The peaks of every curve of a cut, as :func:`fit_peaks` returns them.

    Parameters
    ----------
    along
        The axis the curves lie along.
    across
        The other axis, one curve at each of its values.
    position, width, area
        Scans (peak, across) with errors, NaN where a peak was not found; ``width`` is the full width at half maximum of
        the Lorentzian.
    reduced_chi_square
        A scan over ``across``; NaN where no errors are known.
    model
        The fitted cut, as a scan like the measured one.
    """

    along: str
    across: str
    position: xr.DataArray
    width: xr.DataArray
    area: xr.DataArray
    reduced_chi_square: xr.DataArray
    model: xr.DataArray

    def dispersion(self, peak: int = 1) -> xr.DataArray:
        """The positions of one peak with their errors, as a scan over ``across``.

        Parameters
        ----------
        peak
            The peak's number, from 1 upwards along the axis.

        Raises
        ------
        ScanError
            Where there is no peak of that number.
        """
        if not 1 <= peak <= self.position.sizes["peak"]:
            raise ScanError(f"the peaks are numbered from 1 to {self.position.sizes['peak']}; there is none {peak}")
        one = self.position.isel(peak=peak - 1, drop=True)
        return one.assign_attrs(axes=self.across)


def fit_peaks(
    scan: xr.DataArray,
    along: str,
    *,
    peaks: int = 1,
    shape: str = "Lorentzian",
    background: str = "linear",
    positions: Sequence[float] | None = None,
    begin: float | None = None,
    start: float | None = None,
    stop: float | None = None,
    first: float | None = None,
    last: float | None = None,
    gaussian: float | None = None,
    temperature: float | None = None,
    resolution: float = 0.0,
    fermi_level: float = 0.0,
    on_progress: Callable[[float], None] | None = None,
    stop_event: threading.Event | None = None,
) -> PeakFits:
    """Fit peaks to every curve of a cut along one axis: MDCs along a momentum or angle, EDCs along the energy.

    The fit begins at one curve and goes from there to either side, each curve started from its neighbour. Counts are
    weighted as counts, other values by their errors or alike; masked values and holes take no part. The shapes are
    those of :mod:`napari_scantwin.processing.peak_model`.

    Parameters
    ----------
    scan
        A gridded scan of two axes.
    along
        The axis the curves lie along.
    peaks
        How many peaks, from 1 to 12.
    shape
        "Lorentzian" or "Voigt".
    background
        "constant", "linear" or "none".
    positions
        One position a peak at the curve ``begin``, in the unit of ``along``; by default the highest places, found one
        after another.
    begin
        Where on the other axis the fit begins, in its unit; by default at a curve whose peaks stand out.
    start, stop
        The window along the curves, in the unit of ``along``; by default all of it.
    first, last
        The first and last of the curves that are fitted, in the other axis's unit; by default all.
    gaussian
        A Voigt's Gaussian width (FWHM, in the unit of ``along``); fitted by default.
    temperature
        Of an EDC, in K: the model is multiplied by the Fermi function. By default there is none.
    resolution
        The FWHM such an EDC is seen with, in the energy axis's unit; 0: none.
    fermi_level
        Of the Fermi function, in the energy axis's unit.
    on_progress
        Called with the fraction of the curves that is done.
    stop_event
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    PeakFits
        Positions, widths and areas with errors, and the fitted cut.

    Raises
    ------
    ScanError
        Where the scan is no cut, a parameter is wrong, or the first curve cannot be fitted.
    Cancelled
        Where ``stop_event`` was set.
    """
    across = _checked(scan, along, peaks, positions)
    inside = within(scan, along, start, stop, 3 * peaks + 3)
    chosen = np.flatnonzero(within(scan, across, first, last))
    part = scan.isel({along: np.flatnonzero(inside), across: chosen}).transpose(across, along)
    values, errors, seen = _arrays(part)
    x = np.asarray(part[along].values, float)
    occupation = _occupation(scan, along, temperature, resolution, fermi_level)
    # In units of one scale the parameters are of order one, whatever the counts.
    scale = float(np.ptp(values[seen])) if seen.any() else 0.0
    if scale == 0:
        raise ScanError("the window holds no intensity that varies; choose another one")
    fitter = CurveFitter(x, values, errors, seen, counts(scan), scale, peaks, shape, background, gaussian, occupation)

    places = np.asarray(part[across].values, float)
    if begin is None:
        middle, here = fitter.best_beginning(positions)
    else:
        middle = int(np.argmin(np.abs(places - begin)))
        here = fitter.first(middle, positions)
    results: dict[int, CurveFit] = {middle: here}
    fitter.done(1, len(places), on_progress)
    for direction in (1, -1):
        start_from = here.parameters
        numbers = range(middle + 1, len(places)) if direction > 0 else range(middle - 1, -1, -1)
        for number in numbers:
            if stop_event is not None and stop_event.is_set():
                raise Cancelled
            found = fitter.from_neighbour(number, start_from)
            if found is not None:
                results[number] = found
                start_from = found.next_start(start_from)
            fitter.done(len(results), len(places), on_progress)
    return _gathered(scan, along, across, chosen, inside, fitter, results)


def _checked(scan: xr.DataArray, along: str, peaks: int, positions) -> str:
    """The axis across the curves."""
    scans.check(scan)
    names = scans.axes(scan)
    if not scans.is_gridded(scan) or len(names) != 2:
        raise ScanError(f"peaks are fitted to a cut of two axes; this scan has {len(names)}: take one slice of it")
    if along not in names:
        raise ScanError(f"the curves lie along one of {', '.join(names)}, not {along!r}")
    if not (isinstance(peaks, (int, np.integer)) and 1 <= peaks <= _MOST_PEAKS):
        raise ScanError(f"the number of peaks is from 1 to {_MOST_PEAKS}, not {peaks!r}")
    if positions is not None and len(positions) != peaks:
        raise ScanError(f"{len(positions)} positions are given for {peaks} peaks; give one each")
    return next(name for name in names if name != along)


def _arrays(part: xr.DataArray) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    values, errors = values_of(part).astype(float), errors_of(part)
    seen = np.isfinite(values)
    if "masked" in part.coords:
        seen &= ~np.asarray(part["masked"].values, bool)
    if errors is not None:
        seen &= np.isfinite(errors)
    return values, errors, seen


def _occupation(scan, along: str, temperature, resolution: float, fermi_level: float) -> Occupation | None:
    if temperature is None:
        if resolution:
            raise ScanError("a resolution belongs to a Fermi function; give the temperature, or a Voigt's gaussian")
        return None
    if along != energy_axis(scan):
        raise ScanError("a Fermi function belongs to curves along the energy; leave the temperature out for MDCs")
    if not temperature >= 0 or not resolution >= 0:
        raise ScanError("temperature and resolution are not negative")
    # The Fermi function is in eV; so is the model's axis then.
    per = float(units.convert(1.0, scan[along].attrs["units"], "eV"))
    return Occupation(fermi_level, temperature / per, resolution)


def _gathered(scan, along, across, chosen, inside, fitter: CurveFitter, results: dict[int, CurveFit]) -> PeakFits:
    """The results as scans."""
    places, unit = np.asarray(scan[across].values, float)[chosen], scan[across].attrs["units"]
    shape = (fitter.peaks, len(chosen))
    columns = {what: np.full((2, *shape), np.nan) for what in ("position", "width", "area")}
    chi = np.full(len(chosen), np.nan)
    drawn = np.full((scan.sizes[across], scan.sizes[along]), np.nan)
    for number, result in results.items():
        chi[number] = result.chi
        drawn[chosen[number], inside] = result.curve
        for peak, sure in enumerate(result.sure):
            if sure:
                for what, column in columns.items():
                    name = f"{what}_{peak + 1}"
                    column[:, peak, number] = result.parameters[name].value, result.errors[name]
    columns["area"] *= fitter.scale
    along_unit = scan[along].attrs["units"]
    title = scans.label(scan[along]).split(" (")[0]

    def over(what: str, value_unit: str, long_name: str) -> xr.DataArray:
        return scans.gridded_scan(
            {"peak": (np.arange(1.0, fitter.peaks + 1), "dimensionless"), across: (places, unit)},
            columns[what][0],
            name=what,
            unit=value_unit,
            errors=columns[what][1],
            long_names={what: long_name, across: scan[across].attrs.get("long_name", across)},
            attrs={"kind": "fitted", "fitted_along": along, "shape": fitter.shape},
        )

    model = drawn if scan.dims == (across, along) else drawn.T
    area_unit = units.standard(f"({scan.attrs['units'] or 'dimensionless'})*({along_unit or 'dimensionless'})")
    chi_scan = scans.gridded_scan({across: (places, unit)}, chi, name="reduced_chi_square", unit="dimensionless")
    return PeakFits(
        along,
        across,
        over("position", along_unit, title),
        over("width", along_unit, "width (FWHM)"),
        over("area", area_unit, "area"),
        chi_scan,
        rebuild(scan, model, attrs={"kind": "fitted"}, long_name=f"fit of {scan.attrs.get('long_name', scan.name)}"),
    )
