"""Hydrogen content of the sweeps and of the twin, and how it is shown; no widget is touched here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from napari_scantwin import scan as scans
from napari_scantwin import units
from napari_scantwin.errors import ScanError
from napari_scantwin.physics.calibration import Calibration
from napari_scantwin.physics.hydrogen import hydrogen_content
from napari_scantwin.viewer.analyse.curves import Curve, gradient
from napari_scantwin.viewer.analyse.map_layers import DerivedMap
from napari_scantwin.viewer.analyse.transitions_work import set_points

__all__ = ["Content", "drawn", "maps_of", "rows_of", "table_of", "worked_out"]

#: Sweeps that are drawn at most.
_DRAWN = 12


@dataclass(frozen=True)
class Content:
    """H/Pd of the sweeps, of the twin's map and of the twin along the sweeps' places (both None without a twin), with
    the sentence of a twin that could not be worked out."""

    sweeps: xr.DataArray
    twin: xr.DataArray | None
    along: xr.DataArray | None
    refused: str


def worked_out(scan: xr.DataArray, twin, curve: Calibration, options: dict, stop=None) -> Content:
    """H/Pd of a scan and of its twin (or None); ``options`` are those of
    :func:`napari_scantwin.physics.hydrogen.hydrogen_content`."""
    sweeps = hydrogen_content(scan, curve, **options)
    if twin is None or len(twin.axes) != 2:
        return Content(sweeps, None, None, "")
    try:
        dense = hydrogen_content(twin.simulate(stop=stop), curve, **options)
        grid = {twin.axes[0]: set_points(twin.scan), twin.axes[1]: dense[twin.axes[1]].values}
        along = hydrogen_content(twin.simulate(grid, stop=stop), curve, **options)
    except ScanError as reason:
        return Content(sweeps, None, None, f"twin: {reason}")
    return Content(sweeps, dense, along, "")


def maps_of(found: Content) -> list[DerivedMap]:
    """The layers: the twin's map, the sweeps' points."""
    what = "hydrogen content"
    sweeps = DerivedMap(f"{what} of the sweeps", "H/Pd of the sweeps", found.sweeps, points=True, quantity=what)
    if found.twin is None:
        return [sweeps]
    return [DerivedMap(f"{what} of the twin", "H/Pd", found.twin, quantity=what, of_twin=True), sweeps]


def drawn(found: Content) -> tuple:
    """H/Pd along the fast axis, sweep by sweep, with the twin's curves."""
    table, curves, key = scans.points(found.sweeps), [], []
    names = scans.axes(found.sweeps)
    numbers = np.unique(table.sweep)
    numbers = numbers[:: max(1, -(-len(numbers) // _DRAWN))]
    for number, color in zip(numbers, gradient(len(numbers)), strict=True):
        mine = (table.sweep == number) & ~table.masked
        if not mine.any():
            continue
        errors = None if table.errors is None else table.errors[mine]
        curves.append(Curve(table.coordinates[mine, -1], table.values[mine], errors, color, "points"))
        if len(names) < 2:
            continue
        slow = float(np.median(table.coordinates[mine, 0]))
        key.append((f"{slow:.4g}", color))
        if found.along is not None:
            line = found.along.sel({names[0]: slow}, method="nearest")
            errors = np.where(np.isfinite(line.values), line["standard_error"].values, np.nan)
            curves.append(Curve(line[names[-1]].values, line.values, errors, color, "line"))
    if key:
        key[-1] = (f"{key[-1][0]} {units.pretty(found.sweeps[names[0]].attrs['units'])}", key[-1][1])
    return curves, scans.axis_label(found.sweeps, names[-1]), "H/Pd", key


def _summary(found: Content):
    """Every sweep's slow values, number of readings, middle, lowest and highest H/Pd, usual error, readings outside."""
    scan = found.sweeps
    names = scans.axes(scan)
    numbers = scans.sweep_numbers(scan)
    values, errors = (np.asarray(part, float).ravel() for part in (scan.values, scan["standard_error"].values))
    outside = np.asarray(scan["outside"].values, bool).ravel()
    if scans.is_gridded(scan):
        columns = [one.ravel() for one in np.meshgrid(*(scan[name].values for name in names), indexing="ij")[:-1]]
    else:
        columns = [np.asarray(scan[name].values, float) for name in names[:-1]]
    for number in np.unique(numbers):
        mine = numbers == number
        told = mine & np.isfinite(values)
        read = [float("nan")] * 4
        if told.any():
            inside = values[told]
            read = [float(np.median(inside)), float(inside.min()), float(inside.max()), float(np.median(errors[told]))]
        yield [float(np.median(column[mine])) for column in columns], int(mine.sum()), read, int(outside[mine].sum())


def rows_of(found: Content) -> tuple[list[str], list[list[str]]]:
    """The table on screen."""
    names = scans.axes(found.sweeps)[:-1]
    heads = [scans.axis_label(found.sweeps, name).replace(" ", "\n", 1) for name in names]
    rows = []
    for slow, count, (middle, low, high, error), outside in _summary(found):
        told = f"{middle:.4g} ± {error:.2g}" if np.isfinite(middle) else "–"
        span = f"{low:.4g} to {high:.4g}" if np.isfinite(middle) else "–"
        rows.append([*(f"{value:.5g}" for value in slow), told, span, str(count), str(outside)])
    return [*heads, "H/Pd\n(median)", "range", "readings", "outside\nthe curve"], rows


def table_of(found: Content) -> tuple[list[str], list[list], dict[str, str]]:
    """The table as it is written."""
    scan = found.sweeps
    heads = [f"{name} ({scan[name].attrs['units']})" for name in scans.axes(scan)[:-1]]
    heads += ["H/Pd median", "H/Pd lowest", "H/Pd highest", "usual error", "readings", "outside the curve"]
    rows = [[*slow, *read, count, outside] for slow, count, read, outside in _summary(found)]
    kept = ("source", "sha256", "calibration", "branch", "note")
    return heads, rows, {key: scan.attrs[key] for key in kept if key in scan.attrs}
