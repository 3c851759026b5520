"""Hydrogen content of the sweeps and of the twin, by a calibration curve the user chooses and names the source of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.sides import Side, sides_of
from napari_scantwin.analyses.transition_sides import used_set_points
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.core.set_points import set_point_texts
from napari_scantwin.operations.findings import Curve, DerivedMap, Findings, Plot, Table, gradient
from napari_scantwin.operations.operation import reason_of
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.calibration import Calibration, read_calibration
from napari_scantwin.physics.hydrogen import hydrogen_content

__all__ = ["Content", "ContentSide", "drawn", "maps_of", "rows_of", "table_of", "worked_out"]

#: Sweeps that are drawn at most.
_DRAWN = 12
_NOT_SAID = "not said"


@dataclass(frozen=True)
class ContentSide(Side):
    """One side's hydrogen content H/Pd.

    Parameters
    ----------
    content
        At every reading; of a twin at the places of the sweeps.
    map
        Over a twin's map; else None.
    """

    content: xr.DataArray
    map: xr.DataArray | None = None


@dataclass(frozen=True)
class Content:
    """The hydrogen content of every side.

    Parameters
    ----------
    sides
        Those that could be worked out, the sweeps' first.
    refused
        A sentence for each that could not.
    """

    sides: list[ContentSide]
    refused: list[str]

    @property
    def first(self) -> xr.DataArray:
        """The first side's H/Pd."""
        return self.sides[0].content


def worked_out(
    sources: Sequence[Source], curve: Calibration, unloaded: Sequence, branch: str | None, stop=None
) -> Content:
    """H/Pd of every side of some measurements.

    Parameters
    ----------
    sources
        The chosen measurement and, where there is one, the second.
    curve
        The calibration curve.
    unloaded
        The resistance of the first and of the second unloaded sample.
    branch
        The branch of the curve, as in :func:`napari_scantwin.physics.hydrogen.hydrogen_content`.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.

    Returns
    -------
    Content
        The sides and the refusals.

    Raises
    ------
    ScanError
        Where no side could be worked out.
    """

    def work(name, source, twin, second):
        options = {"unloaded": unloaded[second], "branch": branch}
        if twin is None:
            return ContentSide(name, False, second, hydrogen_content(source.scan, curve, **options))
        if len(twin.axes) != 2:
            raise ScanError("the twin's hydrogen content is drawn for scans of two axes; this one has another number")
        dense = hydrogen_content(twin.simulate(stop=stop), curve, **options)
        grid = {twin.axes[0]: used_set_points(twin.scan), twin.axes[1]: dense[twin.axes[1]].values}
        return ContentSide(
            name, True, second, hydrogen_content(twin.simulate(grid, stop=stop), curve, **options), dense
        )

    return Content(*sides_of(sources, work, stop=stop))


def maps_of(found: Content) -> list[DerivedMap]:
    """The layers of the chosen scan: the twin's map, the sweeps' points."""
    what, maps = "hydrogen content", []
    for side in found.sides:
        if side.second:
            continue
        if side.twin:
            maps.insert(0, DerivedMap(f"{what} of the twin", "H/Pd", side.map, quantity=what, of_twin=True))
        else:
            key, word = f"{what} of the sweeps", "H/Pd of the sweeps"
            maps.append(DerivedMap(key, word, side.content, points=True, quantity=what))
    return maps


def drawn(found: Content) -> tuple:
    """The plot's curves, axis labels and key: H/Pd along the fast axis, sweep by sweep, with the twin's curves; a
    second measurement's as triangles and dashed lines in the colours of the same slow values."""
    names = scans.axes(found.first)
    shades, curves = _shades(found), []
    for side in found.sides:
        for label, rows, table in _sweeps(side.content):
            if label not in shades:
                continue
            errors = None if table.errors is None else table.errors[rows]
            style = (("points", "line"), ("triangles", "dashed"))[side.second][side.twin]
            curves.append(Curve(table.coordinates[rows, -1], table.values[rows], errors, shades[label], style))
    unit = units.pretty(found.first[names[0]].attrs["units"])
    key = [(f"{text} {unit}".strip(), color) for text, color in shades.items()] if len(names) > 1 else []
    if any(side.second for side in found.sides):
        key.append((f"▲ {next(side.name for side in found.sides if side.second)}", "#ffffff"))
    return curves, scans.axis_label(found.first, names[-1]), "H/Pd", key


def _sweeps(content: xr.DataArray):
    """Every sweep's slow value in words, the rows of its points that are used, and the table they are of."""
    table = scans.points(content)
    for number in np.unique(table.sweep):
        rows = np.flatnonzero((table.sweep == number) & ~table.masked)
        if len(rows):
            slow = f"{np.median(table.coordinates[rows, 0]):.4g}" if len(scans.axes(content)) > 1 else ""
            yield slow, rows, table


def _shades(found: Content) -> dict[str, str]:
    """The colour of each slow value that is drawn: of every measured side's sweeps, subsampled where they are many."""
    labels: dict[str, None] = {}
    for side in found.sides:
        if not side.twin:
            mine = list(dict.fromkeys(label for label, _, _ in _sweeps(side.content)))
            labels |= dict.fromkeys(mine[:: max(1, -(-len(mine) // _DRAWN))])
    ordered = sorted(labels, key=lambda label: float(label or 0))
    return dict(zip(ordered, gradient(len(ordered)), strict=True))


def _summary(side: ContentSide):
    """Every sweep's slow values, number of readings, middle, lowest and highest H/Pd, usual error, readings outside."""
    scan = side.content
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


def rows_of(found: Content) -> tuple[list[str], list[list[str]], list[str | None]]:
    """The table on screen, sweep by sweep, the sides below each other: heads, rows, colours."""
    names, shades = scans.axes(found.first)[:-1], _shades(found)
    heads = [scans.axis_label(found.first, name).replace(" ", "\n", 1) for name in names]
    rows, colors = [], []
    listed = _in_order(found)
    texts = [set_point_texts(found.first, name, [one[1][k] for one in listed]) for k, name in enumerate(names)]
    places = zip(*texts, strict=True) if names else [()] * len(listed)
    for at, (side, slow, count, (middle, low, high, error), outside) in zip(places, listed, strict=True):
        told = f"{middle:.4g} ± {error:.2g}" if np.isfinite(middle) else "–"
        span = f"{low:.4g} to {high:.4g}" if np.isfinite(middle) else "–"
        readings = ["–", "–"] if side.twin else [str(count), str(outside)]
        rows.append([*at, side.name, told, span, *readings])
        colors.append(shades.get(f"{slow[0]:.4g}" if slow else ""))
    return [*heads, "of", "H/Pd\n(median)", "range", "readings", "outside\nthe curve"], rows, colors


def _in_order(found: Content) -> list[tuple]:
    """What :func:`_summary` tells of every side, by the slow values."""
    listed = [(side, *told) for side in found.sides for told in _summary(side)]
    return sorted(listed, key=lambda one: [float(f"{value:.4g}") for value in one[1]])


def table_of(found: Content) -> tuple[list[str], list[list], dict[str, str]]:
    """The table as it is written: heads, rows, and where the numbers came from."""
    scan = found.first
    heads = [f"{name} ({scan[name].attrs['units']})" for name in scans.axes(scan)[:-1]]
    heads += ["of", "H/Pd median", "H/Pd lowest", "H/Pd highest", "usual error", "readings", "outside the curve"]
    rows = [
        [*slow, side.name, *read, *((0, 0) if side.twin else (count, outside))]
        for side, slow, count, read, outside in _in_order(found)
    ]
    kept = ("source", "sha256", "calibration", "branch", "note")
    return heads, rows, {key: scan.attrs[key] for key in kept if key in scan.attrs}


def fits(scan: xr.DataArray) -> None:
    """Raise :class:`ScanError` where a scan is no resistance."""
    if not any(units.compatible(scan.attrs["units"], one) for one in ("ohm", "dimensionless")):
        raise ScanError(f"it needs a resistance or R/R0, and these values are {scans.label(scan)}")


def _alike(scan: xr.DataArray, own: xr.DataArray) -> bool:
    """Whether a second scan has the same axes, so that both fit in one plot."""
    return (
        reason_of(fits, scan) is None
        and scans.axes(scan) == scans.axes(own)
        and all(
            units.standard(scan[name].attrs["units"]) == units.standard(own[name].attrs["units"])
            for name in scans.axes(own)
        )
    )


def _curve(given: Mapping[str, Any]) -> Calibration:
    if not given.get("curve"):
        raise ScanError("Choose a calibration curve: a table of H/Pd and R/R0; none is built in, for none fits all")
    columns = {
        key: int(text) if text.isdigit() else text
        for key, text in (("content", given.get("content")), ("relative", given.get("relative")))
        if text
    }
    return read_calibration(given["curve"], source=given.get("curve_source") or "", **columns)


def _branches(scan: xr.DataArray, given: Mapping[str, Any]) -> list[str]:
    try:
        return [_NOT_SAID, *(piece.name for piece in _curve(given).pieces())]
    except ScanError:  # said when the analysis is run
        return [_NOT_SAID]


_COLUMNS = (
    Parameter("content", "H/Pd column", "text", optional=True, further=True, explanation="Its head or number"),
    Parameter("relative", "R/R₀ column", "text", optional=True, further=True, explanation="Its head or number"),
)
_PARAMETERS = (
    Parameter(
        "curve",
        "Curve",
        "file",
        optional=True,
        example="Tables (*.csv *.txt *.dat *.xlsx *.xls *.ods)",
        explanation="A table of H/Pd and R/R0, as published or measured; none is built in",
    ),
    Parameter(
        "curve_source",
        "Its source",
        "text",
        optional=True,
        example="authors, journal, year, figure",
        explanation="Where the curve comes from; it goes with every result",
    ),
    Parameter(
        "unloaded",
        "Unloaded R₀",
        "text",
        optional=True,
        example="such as 12.30 ± 0.02 mohm",
        explanation="The unloaded sample's resistance at the same temperature; empty where the scan is R/R0",
    ),
    *_COLUMNS,
    Parameter(
        "branch",
        "Branch",
        "choice",
        _NOT_SAID,
        choices=_branches,
        explanation="Which side of the curve the readings lie on",
    ),
    Parameter(
        "second",
        "Second scan",
        "scan",
        optional=True,
        further=True,
        fits=_alike,
        explanation="A second measurement, to be shown beside the first",
    ),
    Parameter(
        "second_unloaded",
        "Its R₀",
        "text",
        optional=True,
        further=True,
        example="as of the first",
        shown=lambda scan, given: given.get("second") is not None,
        explanation="The second sample's unloaded resistance; empty: that of the first",
    ),
    Parameter(
        "unloaded_scan",
        "R₀ from scan",
        "scan",
        optional=True,
        further=True,
        fits=lambda scan, own: len(scans.axes(scan)) == 1,
        explanation="Or a scan of the unloaded sample along one axis",
    ),
)


@analysis(
    "hydrogen_content",
    "Hydrogen content",
    "Hydrogen",
    parameters=_PARAMETERS,
    refuses=fits,
    place=60,
    further="Second scan, unloaded scan, columns",
)
def hydrogen(
    source,
    *,
    curve,
    curve_source,
    content,
    relative,
    unloaded,
    second_unloaded,
    unloaded_scan,
    branch,
    second,
    on_progress,
    stop_event,
    cache,
) -> Findings:
    """H/Pd at every reading and over the twin's map, by a calibration curve that the user names the source of."""
    told = _curve({"curve": curve, "curve_source": curve_source, "content": content, "relative": relative})
    own = unloaded_scan.scan if unloaded_scan is not None else unloaded
    sources = [source, *([second] if second is not None else [])]
    side = None if branch == _NOT_SAID else branch
    found = worked_out(sources, told, (own, second_unloaded or own), side, stop_event)
    words = [f"H/Pd by the curve of {found.first.attrs['calibration']}."]
    notes = [(side, side.content.attrs.get("note", "")) for side in found.sides if not side.twin]
    words += [f"{side.name}: {note}." if side.second else f"{note}." for side, note in notes if note]
    words += found.refused
    figures = []
    for one in found.sides:
        values = np.asarray(one.content.values, float)
        if np.isfinite(values).any():
            error = float(np.nanmedian(one.content["standard_error"].values))
            figures.append((f"H/Pd, median, {one.name}", Quantity(float(np.nanmedian(values)), error, "")))
    return Findings(
        figures,
        {
            f"H/Pd of {'' if one.second else 'the '}{one.name}": one.map if one.twin else one.content
            for one in found.sides
        },
        words,
        plots={"H/Pd": Plot(*drawn(found), "\n".join(words))},
        tables={"Table": Table(*table_of(found), rows_of(found))},
        maps={"": maps_of(found)},
        result=found,
    )
