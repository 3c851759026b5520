"""Sweeps that read high, low or late, corrected by an amount that is stated and stays in the scan's history.

A twin names such sweeps and fits the amount (:mod:`napari_scantwin.twin.validation.mending`);
:func:`mended` applies it::

    twin = train(scan)
    twin = train(mended(twin))  # as long as twin.misfits names one
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.interpolate import PchipInterpolator

from napari_scantwin.core import branches, training_mask, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.rebuild import errors_of, values_of
from napari_scantwin.processing.steps import history, step
from napari_scantwin.twin.model import Twin
from napari_scantwin.twin.validation.consistency import KINDS, Misfit
from napari_scantwin.twin.validation.mending import corrected

__all__ = ["mend_sweeps", "mended", "mendings"]


def _two_axes(scan: xr.DataArray) -> None:
    if len(scans.axes(scan)) != 2:
        raise ScanError("sweeps are mended in scans of two axes; crop this one to a map first")


def _slow_unit(scan: xr.DataArray) -> str:
    return scan[scans.axes(scan)[0]].attrs["units"]


def _fast_unit(scan: xr.DataArray) -> str:
    return scan[scans.axes(scan)[-1]].attrs["units"]


_ERROR = "One standard error of it; kept in the history, since it is common to the sweep's readings."


@step(
    "mend_sweeps",
    "Mend sweeps",
    "Normalise",
    parameters=(
        Parameter(
            "sweeps",
            "Sweeps at",
            "numbers",
            unit=_slow_unit,
            explanation="The slow axis's values of the sweeps to mend.",
        ),
        Parameter(
            "scale",
            "Reads high by (share)",
            optional=True,
            minimum=-1,
            above=True,
            explanation="Readings are divided by 1 + this: 0.05 where they are five per cent high.",
        ),
        Parameter(
            "offset",
            "Reads high by",
            optional=True,
            unit_of="value",
            explanation="It is taken off the readings.",
        ),
        Parameter(
            "lag",
            "Lies too far up by",
            optional=True,
            unit=_fast_unit,
            explanation="It is taken off the places on the fast axis; on a grid the readings are interpolated "
            "(monotone cubic), and places that no reading reaches are left empty.",
        ),
        Parameter("scale_error", "Error of the share", optional=True, minimum=0, further=True, explanation=_ERROR),
        Parameter(
            "offset_error",
            "Error of the offset",
            optional=True,
            unit_of="value",
            minimum=0,
            further=True,
            explanation=_ERROR,
        ),
        Parameter(
            "lag_error", "Error of the lag", optional=True, unit=_fast_unit, minimum=0, further=True, explanation=_ERROR
        ),
        Parameter(
            "branch",
            "Branch",
            "text",
            optional=True,
            further=True,
            explanation="Of a scan with branches (warming, cooling) the one whose sweeps are meant; both by default.",
        ),
    ),
    axes=2,
    gridded=False,
    refuses=_two_axes,
)
def mend_sweeps(scan, *, sweeps, scale, offset, lag, scale_error, offset_error, lag_error, branch):
    """Take a scale, an offset or a lag off some sweeps: M(T) becomes (M(T + lag) - offset) / (1 + scale)."""
    amounts = {"lag": lag, "offset": offset, "scale": scale}
    amounts = {kind: amount for kind, amount in amounts.items() if amount}
    if not amounts:
        raise ScanError("nothing is to be mended; give a scale, an offset or a lag")
    names = scans.axes(scan)
    chosen = training_mask.nearest_values(scan, names[0], sweeps)
    wrong = np.isin(training_mask.value_numbers(scan, names[0]), np.flatnonzero(chosen)).reshape(scan.shape)
    if branch:
        wrong &= branches.mine(scan, branch)
    fast = np.broadcast_to(np.asarray(scan[names[-1]].values, float), scan.shape)
    values, errors = values_of(scan).astype(float), errors_of(scan)
    for kind, amount in amounts.items():
        fast, values = corrected(kind, amount, wrong, fast, values)
    if errors is not None and "scale" in amounts:
        errors = np.where(wrong, errors / (1 + scale), errors)
    if scans.is_gridded(scan) and "lag" in amounts:
        grid = np.asarray(scan[names[-1]].values, float)
        for row in np.flatnonzero(wrong.any(axis=1)):
            values[row] = _read(fast[row], values[row], grid)
            if errors is not None:
                errors[row] = np.where(np.isfinite(values[row]), _read(fast[row], errors[row], grid), np.nan)
    done = scan.copy(data=values)
    if errors is not None:
        done = done.assign_coords(standard_error=scan["standard_error"].copy(data=errors))
    if not scans.is_gridded(scan) and "lag" in amounts:
        done = done.assign_coords({names[-1]: scan[names[-1]].copy(data=fast)})
    return done


def _read(places: np.ndarray, column: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """A sweep's ``column`` [n] at ``places`` [n] on another ``grid`` [n], empty outside and across places that are."""
    good = np.isfinite(column)
    if good.sum() < 2:
        return np.full(len(grid), np.nan)
    order = np.argsort(places[good])
    read = PchipInterpolator(places[good][order], column[good][order], extrapolate=False)(grid)
    # A place between a reading and a hole has none.
    order = np.argsort(places)
    near = np.interp(grid, places[order], np.where(good, 0.0, 1.0)[order])
    return np.where(near > 0.5, np.nan, read)


def given_by(misfit: Misfit, branch: str = "") -> dict:
    """The parameters of :func:`mend_sweeps` that take a misfit away, in one branch of a scan that has several."""
    given = {"sweeps": list(misfit.places), misfit.kind: misfit.amount} | ({"branch": branch} if branch else {})
    return given | ({f"{misfit.kind}_error": misfit.error} if np.isfinite(misfit.error) else {})


def mendings(scan: xr.DataArray) -> list[str]:
    """What was mended in a scan, a sentence for each time.

    Parameters
    ----------
    scan
        A scan.

    Raises
    ------
    ScanError
        Where the scan's attribute is not a history of steps.
    """
    said = []
    for entry in history(scan):
        if entry["step"] != "mend_sweeps":
            continue
        given, shown = entry["parameters"], {key: units.pretty(unit) for key, unit in entry["units"].items()}
        sweeps = tuple(f"{place:.6g} {shown.get('sweeps', '')}".strip() for place in given["sweeps"])
        found = [
            Misfit(sweeps, kind, given[kind], given.get(f"{kind}_error", np.nan)).correction(
                shown.get("offset", ""), shown.get("lag", "")
            )
            for kind in KINDS
            if given.get(kind)
        ]
        sweep = "sweep" if len(sweeps) == 1 else "sweeps"
        said.append(f"Mended the {sweep} at {', '.join(sweeps)}: {', '.join(found)}.")
    return said


def mended(twin: Twin, scan: xr.DataArray | None = None) -> xr.DataArray:
    """The scan of a twin with the sweeps corrected that the twin found to read high, low or late.

    Parameters
    ----------
    twin
        A twin; its ``misfits`` say which sweeps, and by how much; of one with branches those of each.
    scan
        The scan as it is now, where other points were masked since (default: the twin's).

    Returns
    -------
    xarray.DataArray
        The scan, the correction at the end of its history (:func:`napari_scantwin.processing.undone` takes it back);
        the scan itself where the twin found nothing wrong.
    """
    scan = twin.whole if scan is None else scan
    for branch in twin.branches or ("",):
        for misfit in twin.of(branch or None).misfits:
            scan = mend_sweeps(scan, **given_by(misfit, branch))
    return scan
