"""Hydrogen content H/Pd of a loaded metal from its resistance, by a calibration curve the user chooses.

    r = R / R0,     H/Pd = curve^-1(r)

R0 is the resistance of the unloaded sample at the same temperature. Palladium's curve rises to a maximum near
H/Pd = 0.7 and falls beyond it, so one resistance may belong to two contents: which one is the user's to say
(``branch``), and it is never chosen silently.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.physics.branches import reading_errors
from napari_scantwin.physics.calibration import Calibration, Piece

__all__ = ["hydrogen_content", "relative_resistance"]


def relative_resistance(scan: xr.DataArray, unloaded: Quantity | str | tuple | xr.DataArray | None) -> xr.DataArray:
    """R/R0 of a resistance scan, with errors.

    Errors that the scan does not carry are inferred from its scatter; that of a single R0 is shared by all readings.

    Parameters
    ----------
    scan
        A scan of a resistance, or of a ratio.
    unloaded
        R0: a :class:`Quantity`, a text such as ``"12.3 mohm"``, a tuple (value, unit) or (value, error, unit), or a
        scan of the unloaded sample along one axis of this one (usually temperature), interpolated linearly; outside its
        range R/R0 is NaN. It may be None where the scan is a ratio already.

    Returns
    -------
    xarray.DataArray
        R/R0, dimensionless, over the same axes, with ``standard_error``.

    Raises
    ------
    ScanError
        Where R0 is missing, is not positive or does not fit the scan.
    """
    scans.check(scan)
    values = np.asarray(scan.values, float)
    errors = reading_errors(scan)
    if unloaded is None:
        if not units.compatible(scan.attrs["units"], "dimensionless"):
            raise ScanError(
                f"the scan is a resistance in {units.pretty(scan.attrs['units'])}; give that of the unloaded sample, "
                "unloaded='12.3 mohm'"
            )
        factor = float(units.convert(1.0, scan.attrs["units"], "dimensionless"))
        return _like(scan, values * factor, errors * factor, "relative_resistance", "R/R0")
    if isinstance(unloaded, xr.DataArray):
        bottom, deviation = _unloaded_along(scan, unloaded)
    else:
        given = Quantity.of(unloaded, "the unloaded sample's resistance", "12.3 mohm").to(scan.attrs["units"])
        bottom, deviation = given.value, given.error if np.isfinite(given.error) else 0.0
    if not np.nanmin(np.append(bottom, np.inf)) > 0:
        raise ScanError("the unloaded sample's resistance must be positive")
    relative = values / bottom
    spread = np.hypot(errors / bottom, relative * deviation / bottom)
    return _like(scan, relative, spread, "relative_resistance", "R/R0")


def hydrogen_content(
    scan: xr.DataArray,
    calibration: Calibration,
    *,
    unloaded: Quantity | str | tuple | xr.DataArray | None = None,
    branch: str | Sequence[str] | None = None,
) -> xr.DataArray:
    """The hydrogen content H/Pd = curve^-1(R / R0) at every reading of a resistance scan.

    Parameters
    ----------
    scan
        A scan of a resistance, or of a ratio R/R0.
    calibration
        R/R0 against H/Pd, see :func:`napari_scantwin.physics.calibration.read_calibration`.
    unloaded
        R0, see :func:`relative_resistance`.
    branch
        Names a stretch of the curve ("rising", "falling", "rising 2", ...:
        ``[piece.name for piece in calibration.pieces()]``) for all readings, or one for each (an array shaped like the
        scan). Without it every reading must belong to one content only.

    Returns
    -------
    xarray.DataArray
        H/Pd over the same axes. ``standard_error`` is how far the content moves when R/R0 does by its own error and the
        curve's together (the larger side, so that near the maximum, where the slope vanishes, it stays honest). A
        reading that the curve (or the branch) does not hold is NaN, ``outside`` is true there, and ``attrs["note"]``
        says how many and where. ``attrs["calibration"]`` is the curve's source.

    Raises
    ------
    ScanError
        Where readings belong to two contents and no branch is given, or a branch is not one of the curve's.
    """
    ratio = relative_resistance(scan, unloaded)
    pieces = calibration.pieces()
    relative = ratio.values.ravel()
    known = np.isfinite(relative)
    chosen = _chosen(pieces, branch, ratio, calibration)
    content, errors = (np.full(relative.shape, np.nan) for _ in range(2))
    own = np.nan_to_num(ratio["standard_error"].values.ravel())
    outside = known.copy()
    for number, piece in enumerate(pieces):
        mine = known & (chosen == number) & piece.covers(relative)
        content[mine] = piece.read(relative[mine])
        spread = np.hypot(own[mine], np.interp(content[mine], calibration.content, calibration.errors))
        sides = [np.abs(piece.read(relative[mine] + side * spread) - content[mine]) for side in (-1, 1)]
        errors[mine] = np.maximum(*sides)
        outside &= ~mine
    result = _like(scan, content.reshape(ratio.shape), errors.reshape(ratio.shape), "hydrogen_content", "H/Pd")
    result = result.assign_coords(outside=(ratio.dims, outside.reshape(ratio.shape)))
    attrs = {"calibration": calibration.source}
    if branch is not None:
        attrs["branch"] = branch if isinstance(branch, str) else "given for each reading"
    if outside.any():
        attrs["note"] = _note(relative[outside], known.sum(), pieces, branch)
    return result.assign_attrs(attrs)


def _chosen(pieces: list[Piece], branch, ratio: xr.DataArray, calibration: Calibration) -> np.ndarray:
    """The number of the stretch each reading is read from, -1 where none holds it."""
    relative = ratio.values.ravel()
    names = [piece.name for piece in pieces]
    if branch is not None:
        wanted = np.broadcast_to(np.asarray(branch, dtype=object), ratio.shape).ravel()
        unknown = [one for one in wanted if one not in names]
        if unknown:
            raise ScanError(f"the calibration curve has the branches {', '.join(names)}, not {unknown[0]!r}")
        return np.array([names.index(one) for one in wanted])
    held = np.array([piece.covers(relative) for piece in pieces])
    contents = np.array([piece.read(relative) for piece in pieces])
    # Where two stretches meet they give the same content; only different ones are ambiguous.
    low = np.where(held, contents, np.inf).min(axis=0)
    high = np.where(held, contents, -np.inf).max(axis=0)
    double = high - low > 1e-9 * np.ptp(calibration.content)
    if double.any():
        raise ScanError(
            f"{double.sum()} of {np.isfinite(relative).sum()} readings (R/R0 from {relative[double].min():.3g} to "
            f"{relative[double].max():.3g}) belong to more than one hydrogen content on the curve of "
            f"{calibration.source}; say which side they lie on with branch={' or '.join(map(repr, names))}"
        )
    return np.where(held.any(axis=0), held.argmax(axis=0), -1)


def _note(relative: np.ndarray, total: int, pieces: list[Piece], branch) -> str:
    low, high = min(piece.lowest for piece in pieces), max(piece.highest for piece in pieces)
    what = "curve"
    if isinstance(branch, str):
        (piece,) = [one for one in pieces if one.name == branch]
        low, high, what = piece.lowest, piece.highest, f"{branch} branch"
    return (
        f"{len(relative)} of {total} readings (R/R0 from {relative.min():.4g} to {relative.max():.4g}) lie outside the "
        f"{what}, which holds R/R0 from {low:.4g} to {high:.4g}; they are NaN"
    )


def _unloaded_along(scan: xr.DataArray, unloaded: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """R0 and its error at every reading of the scan, from a scan of the unloaded sample along one axis."""
    scans.check(unloaded)
    names = scans.axes(unloaded)
    if len(names) != 1 or names[0] not in scans.axes(scan):
        raise ScanError(
            f"the unloaded sample's scan must run along one axis of this one ({', '.join(scans.axes(scan))}), "
            f"not along {', '.join(names)}"
        )
    axis, unit = names[0], scan[names[0]].attrs["units"]
    table = scans.points(unloaded)
    place = units.convert(table.coordinates[:, 0], unloaded[axis].attrs["units"], unit)
    value = units.convert(table.values, unloaded.attrs["units"], scan.attrs["units"])
    deviation = units.convert(reading_errors(unloaded).ravel(), unloaded.attrs["units"], scan.attrs["units"])
    deviation = deviation[np.isfinite(np.asarray(unloaded.values, float)).ravel()]
    order = np.argsort(place, kind="stable")
    at = xr.broadcast(scan[axis], scan)[0].transpose(*scan.dims).values
    found = [np.interp(at, place[order], column[order], np.nan, np.nan) for column in (value, deviation)]
    if np.isnan(found[0]).all():
        raise ScanError(f"the unloaded sample's scan and this one have no {axis.replace('_', ' ')} in common")
    return found[0], found[1]


def _like(scan: xr.DataArray, values: np.ndarray, errors: np.ndarray, name: str, long_name: str) -> xr.DataArray:
    """A derived ratio over the axes of ``scan``."""
    result = scan.copy(data=values).rename(name)
    result = result.assign_coords(standard_error=(scan.dims, errors, {"units": units.standard("dimensionless")}))
    kept = {key: scan.attrs[key] for key in ("source", "sha256", "title", "axes") if key in scan.attrs}
    result.attrs = {
        **kept,
        "kind": "derived",
        "derived_from": scan.attrs.get("kind", "measured"),
        "units": units.standard("dimensionless"),
        "long_name": long_name,
    }
    return scans.check(result)
