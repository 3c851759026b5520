"""The Fermi edge of a metal: its energy, the resolution and the temperature, with errors; for every channel too.

The intensity is [(a + b E) f(E, T)] convolved with a Gaussian, plus a constant or linear background c + d E, with E
counted from the Fermi level. Resolutions are full widths at half maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import energy_axis
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.processing.counting import counts, fit_weighted
from napari_scantwin.processing.fermi_function import BOLTZMANN, broadened_edge
from napari_scantwin.processing.linear import gaussian, per_fwhm
from napari_scantwin.processing.rebuild import errors_of, values_of
from napari_scantwin.processing.windows import within

__all__ = ["BACKGROUNDS", "Edge", "Undetermined", "edge_of_curve", "fit_edge", "fitted_energy", "summed"]

BACKGROUNDS = ("linear", "constant", "none")
_FEWEST = 8
#: The step must be this many times its own error: a smaller one is found in noise.
_SURE = 4.0
#: Residuals are taken for noise where their variance is at most so many times that of noise that jumps as they do from
#: one value to the next.
_NOISE = 2.0
#: The fewest values below an edge that a window is narrowed to.
_LEAST_BELOW = 5


class Undetermined(ScanError):
    """An edge that does not tell its temperature and the resolution apart."""


@dataclass(frozen=True)
class Edge:
    """A fitted Fermi edge.

    Parameters
    ----------
    fermi_level
        In eV, on the scan's energy axis.
    resolution
        Full width at half maximum in eV; an error of NaN means that it was given.
    temperature
        In K; an error of NaN means that it was given.
    reduced_chi_square
        NaN where no errors are known.
    curve
        The measured curve with errors, a scan over the energy (eV).
    fit
        The fitted curve, a scan over the same energies.
    """

    fermi_level: Quantity
    resolution: Quantity
    temperature: Quantity
    reduced_chi_square: float
    curve: xr.DataArray
    fit: xr.DataArray

    def __str__(self) -> str:
        text = f"Fermi level {self.fermi_level}, resolution {self.resolution}, temperature {self.temperature}"
        known = np.isfinite(self.reduced_chi_square)
        return f"{text}, reduced chi-square {self.reduced_chi_square:.3g}" if known else text


def fit_edge(
    scan: xr.DataArray,
    *,
    temperature: float | None = None,
    resolution: float | None = None,
    start: float | None = None,
    stop: float | None = None,
    background: str = "linear",
) -> Edge:
    """Fit the Fermi edge of a scan summed over everything but its energy.

    The model is [(a + b E) f(E, T)] convolved with a Gaussian, plus the background, with E counted from the Fermi
    level. Only channels that see every energy of the window are summed. Counts are weighted as counts, other values by
    their errors or alike.

    Parameters
    ----------
    scan
        A gridded scan with an axis of energy.
    temperature
        In K; fixed where it is given, fitted by default.
    resolution
        Full width at half maximum in eV; fixed where it is given, fitted by default. Fitting both needs many counts,
        because they broaden the edge alike.
    start, stop
        The window of energies in eV. Where neither is given it is all energies, or, where bands below the edge are no
        straight line that the model could follow, the part about the edge; the curves of the result end with it.
    background
        One of :data:`BACKGROUNDS`: "linear", "constant" or "none".

    Returns
    -------
    Edge
        Fermi level (eV), resolution (eV) and temperature (K) with errors, and the curves.

    Raises
    ------
    Undetermined
        Where the edge does not determine both temperature and resolution.
    ScanError
        Where there is no energy axis, or no edge is found in the window.
    """
    how = {"temperature": temperature, "resolution": resolution, "background": background}
    if start is not None or stop is not None:
        return _fit_window(scan, start, stop, **how)
    whole = failed = None
    try:
        whole = _fit_window(scan, None, None, **how)
    except ScanError as reason:
        failed = reason
    if whole is not None and _unlike_noise(whole) <= _NOISE:
        return whole
    low = _described_from(scan, **how)
    if low is None and whole is None:
        raise failed
    return whole if low is None else _fit_window(scan, low, None, **how)


def _described_from(scan: xr.DataArray, temperature, resolution, background) -> float | None:
    """The lower end (eV) of the widest window that the model describes, of windows halved again and again below the
    edge; where none is described, of that which is described best, and None where none holds an edge."""
    energy, values, _ = summed(scan)
    order = np.argsort(energy)
    energy, values = energy[order], values[order]
    level, *_ = _guess(energy, values)
    if temperature is None and resolution is None:
        temperature = 0.0  # the two broaden the edge alike: for its place and width one of them will do
    depth, tried = level - energy[0], []
    while True:
        depth /= 2
        low = level - depth
        if np.count_nonzero((energy >= low) & (energy <= level)) < _LEAST_BELOW:
            break
        try:
            edge = _fit_window(scan, low, None, temperature=temperature, resolution=resolution, background=background)
        except ScanError:
            continue
        level = edge.fermi_level.value
        tried.append((_unlike_noise(edge), low))
        if tried[-1][0] <= _NOISE:
            break
    return min(tried)[1] if tried else None


def _unlike_noise(edge: Edge) -> float:
    """How many times the variance of a fit's residuals is that of noise with their jumps from value to value (J. von
    Neumann, Ann. Math. Stat. 12, 367, 1941); about 1 where they are noise, of whatever size."""
    residual = edge.curve.values - edge.fit.values
    if "standard_error" in edge.curve.coords:
        residual = residual / np.maximum(edge.curve["standard_error"].values, np.finfo(float).tiny)
    jumps = float(np.mean(np.diff(residual) ** 2))
    return float(np.mean(residual**2)) / (jumps / 2) if jumps > 0 else 1.0


def _fit_window(scan, start, stop, *, temperature, resolution, background) -> Edge:
    energy, values, errors = summed(scan, start, stop)
    return edge_of_curve(
        energy, values, errors, counts(scan), temperature, resolution, background, scan.attrs["units"]
    )  # fmt: skip


def summed(
    scan: xr.DataArray, start: float | None = None, stop: float | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """A scan summed over everything but its energy; only channels that see every energy of the window are.

    Parameters
    ----------
    scan
        A gridded scan with an axis of energy.
    start, stop
        The window (eV); by default all energies.

    Returns
    -------
    tuple of numpy.ndarray
        Energies (eV), sums and their errors, or None [n].

    Raises
    ------
    ScanError
        Where there is no energy axis, or no channel sees the whole window.
    """
    energy, axis = fitted_energy(scan, start, stop)
    inside = within(scan, axis, *_in_axis_unit(scan, axis, start, stop), _FEWEST)
    part = scan.isel({axis: np.flatnonzero(inside)})
    others = tuple(i for i, name in enumerate(part.dims) if name != axis)
    values, errors = values_of(part).astype(float), errors_of(part)
    seen = np.isfinite(values)
    # Where some channels do not see an energy the sum would step: only channels that see all of it count.
    whole = seen.all(axis=part.dims.index(axis), keepdims=True)
    if not whole.any():
        raise ScanError("no channel sees the whole window of energies; take a narrower one")
    curve = np.where(whole, values, 0).sum(axis=others)
    own = None if errors is None else np.sqrt(np.where(whole, errors**2, 0).sum(axis=others))
    return energy[inside], curve, own


def fitted_energy(scan: xr.DataArray, start: float | None, stop: float | None) -> tuple[np.ndarray, str]:
    """The energy axis of a scan in eV, and its name.

    Parameters
    ----------
    scan
        A gridded scan with an axis of energy.
    start, stop
        The window the fit will use (eV); only checked for being in order.

    Returns
    -------
    tuple
        The energies (eV) [n] and the axis's name.

    Raises
    ------
    ScanError
        Where the scan has no energy axis or is not gridded, or the window is empty.
    """
    scans.check(scan)
    axis = energy_axis(scan)
    if axis is None or not scans.is_gridded(scan):
        raise ScanError("a Fermi edge is fitted to a gridded scan with an axis of energy")
    if start is not None and stop is not None and start >= stop:
        raise ScanError(f"the window from {start:g} to {stop:g} eV is empty; its lower end comes first")
    return np.asarray(units.convert(scan[axis].values, scan[axis].attrs["units"], "eV"), float), axis


def _in_axis_unit(scan: xr.DataArray, axis: str, *ends: float | None) -> list[float | None]:
    unit = scan[axis].attrs["units"]
    return [None if end is None else float(units.convert(end, "eV", unit)) for end in ends]


def edge_of_curve(
    energy: np.ndarray,
    values: np.ndarray,
    errors: np.ndarray | None,
    counted: bool,
    temperature: float | None,
    resolution: float | None,
    background: str = "linear",
    unit: str = "arb",
    like: Edge | None = None,
) -> Edge:
    """Fit a Fermi edge to one curve, as :func:`fit_edge` does.

    Parameters
    ----------
    energy
        Energies [n] in eV, in any order; eight or more.
    values
        The intensities [n].
    errors
        One standard deviation of each [n], or None.
    counted
        Whether the values are counts, weighted by the variance the model gives.
    temperature, resolution, background
        As in :func:`fit_edge`.
    unit
        The unit of the intensities.
    like
        A fit to start from, such as a neighbouring channel's.

    Returns
    -------
    Edge
        Fermi level (eV), resolution (eV) and temperature (K) with errors, and the curves.

    Raises
    ------
    Undetermined
        Where the edge does not determine both of them.
    ScanError
        Where no edge is found, or a parameter is wrong.
    """
    import lmfit  # takes a second, and menus need the steps only

    if background not in BACKGROUNDS:
        raise ScanError(f"the background is one of {', '.join(BACKGROUNDS)}, not {background!r}")
    for name, given in (("temperature", temperature), ("resolution", resolution)):
        if given is not None and not (np.isfinite(given) and given >= 0):
            raise ScanError(f"the {name} is a number of at least zero, not {given!r}")
    if len(energy) < _FEWEST:
        raise ScanError(f"a Fermi edge needs {_FEWEST} energies or more in its window; this one holds {len(energy)}")
    order = np.argsort(energy)
    energy, values = energy[order], values[order]
    errors = None if errors is None else errors[order]
    level, low, high, width = _guess(energy, values)
    if like is not None:
        level, width = like.fermi_level.value, like.resolution.value
    scale = low - high
    span, step_size = np.ptp(energy), np.median(np.diff(energy))
    parameters = lmfit.Parameters()
    parameters.add("level", value=level, min=energy[0], max=energy[-1])
    # Never quite zero: at a bound there is no derivative.
    parameters.add(
        "fwhm", value=max(width, 2 * step_size) if resolution is None else resolution, min=0, max=span,
        vary=resolution is None,
    )  # fmt: skip
    start = 0.15 * width / BOLTZMANN if temperature is None else temperature  # a thermal edge is 4.4 kT wide
    parameters.add("kelvin", value=start, min=0, max=span / BOLTZMANN, vary=temperature is None)
    parameters.add("a", value=1.0)
    parameters.add("b", value=0.0)
    parameters.add("c", value=high / scale if background != "none" else 0.0, vary=background != "none")
    parameters.add("d", value=0.0, vary=background == "linear")

    def model(p) -> np.ndarray:
        p = p.valuesdict()
        away = energy - p["level"]
        edge = broadened_edge(away, p["kelvin"], p["fwhm"] * per_fwhm, p["a"], p["b"] / span)
        return scale * (edge + p["c"] + p["d"] * away / span)

    found, covariance, chi = fit_weighted(model, values, errors, parameters, counted)
    deviation = dict(zip(found.var_names, np.sqrt(np.diag(covariance)), strict=True))
    p = found.params.valuesdict()
    edge_seen = energy[0] + step_size < p["level"] < energy[-1] - step_size and p["a"] > _SURE * deviation["a"]
    if not edge_seen or not deviation["level"] < span / 4:
        raise ScanError(
            f"no Fermi edge is found between {energy[0]:.4g} and {energy[-1]:.4g} eV; choose a window that holds it"
        )
    if temperature is None and resolution is None:
        told = all(np.isfinite(deviation[name]) and deviation[name] < p[name] for name in ("fwhm", "kelvin"))
        if not told:
            raise Undetermined("this edge does not tell 'temperature' and 'resolution' apart; give one of the two")
    sigma = errors if errors is not None else np.sqrt(np.maximum(model(found.params), 1)) if counted else None

    def curve(what: np.ndarray, name: str, own: np.ndarray | None = None) -> xr.DataArray:
        return scans.gridded_scan({"energy": (energy, "eV")}, what, name=name, unit=unit, errors=own)

    return Edge(
        Quantity(float(p["level"]), float(deviation["level"]), "eV"),
        Quantity(float(p["fwhm"]), float(deviation.get("fwhm", np.nan)), "eV"),
        Quantity(float(p["kelvin"]), float(deviation.get("kelvin", np.nan)), "K"),
        chi,
        curve(values, "intensity", sigma),
        curve(model(found.params), "fitted_intensity"),
    )


def _guess(energy: np.ndarray, values: np.ndarray) -> tuple[float, float, float, float]:
    """The last fall through half the height, the levels before and after it, and its 10-to-90 width."""
    smooth = gaussian(energy, 3 * np.median(np.diff(energy)) * per_fwhm * 2) @ values
    tail = max(2, len(energy) // 12)
    high = float(np.mean(smooth[-tail:]))
    low = float(np.quantile(smooth, 0.9))
    if not low > high:
        raise ScanError(
            "the intensity does not fall towards high energy in this window; choose one that holds an edge, or, where "
            "these are binding energies, say so first ('energy_notation')"
        )

    def last(share: float) -> float:
        above = np.flatnonzero(smooth > high + share * (low - high))
        return float(energy[above[-1]])

    return last(0.5), low, high, max(last(0.15) - last(0.85), np.median(np.diff(energy)))
