"""How a scan differs from another one, as maps, numbers and a histogram."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.findings import COLORS, Curve, DerivedMap, Findings, Plot, Table, plain
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source
from napari_scantwin.physics.comparison import Comparison
from napari_scantwin.physics.comparison import compare as compare_scans
from napari_scantwin.physics.sources import comparable

__all__ = ["compare"]

_MAPS = ("disagreement", "difference", "ratio")
_MEASURED, _TWIN = "measured", "twin"
#: The histogram reaches so many combined errors to either side, in so many bins.
_REACH, _BINS = 6.0, 48


def _alike(scan, own) -> bool:
    return (
        set(scans.axes(scan)) == set(scans.axes(own))
        and units.compatible(scan.attrs["units"], own.attrs["units"])
        and all(comparable(scan[name].attrs["units"], own[name].attrs["units"]) for name in scans.axes(own))
    )


_PARAMETERS = (
    Parameter("second", "Second scan", "scan", optional=True, fits=_alike, explanation="What it is compared with"),
    Parameter(
        "first_as",
        "Compare the",
        "choice",
        _MEASURED,
        choices=(_MEASURED, _TWIN),
        explanation="What of the chosen scan is compared",
    ),
    Parameter(
        "second_as",
        "with its",
        "choice",
        _TWIN,
        choices=(_MEASURED, _TWIN),
        explanation="What of the second scan is compared: its twin can be read anywhere",
    ),
    Parameter(
        "scale",
        "Fit scale first",
        "flag",
        False,
        explanation="Fit a factor on the second scan first: a sample that lost 5 % of its moment",
    ),
    Parameter("offset", "Fit offset first", "flag", False, explanation="Fit a constant added to the second scan first"),
)


@analysis("compare", "Compare two scans", "Any scan", parameters=_PARAMETERS, place=40)
def compare(source, *, second, first_as, second_as, scale, offset, on_progress, stop_event, cache) -> Findings:
    """Difference, ratio and disagreement of a scan and another one, measured or simulated, over what they share."""
    if second is None:
        raise ScanError(
            "Choose the second scan: open another one with the same axes and quantity, and it is offered above"
        )
    first, other = _chosen(source, first_as, "chosen"), _chosen(second, second_as, "second")
    found = compare_scans(first, other, scale=scale, offset=offset, on_progress=on_progress, stop=stop_event)
    names = (f"{source.scan.attrs.get('source', source.scan.name)}, {first_as}", f"{second.name}, {second_as}")
    words = " ".join([f"{found.verdict}.", *(f"{note}." for note in found.notes)])
    plot = Plot(*_histogram(found), words)
    return Findings(
        _figures(found),
        {name: getattr(found, name) for name in _MAPS},
        [f"{found.verdict}.", *(f"{note}." for note in found.notes)],
        plots=dict.fromkeys(_MAPS, plot),
        tables={"Table": Table(*_table(found, *names), _numbers(found))},
        maps={name: [_as_map(found, name)] for name in _MAPS},
        result=found,
    )


def _chosen(source: Source, how: str, which: str):
    """A measurement's scan, or its twin."""
    if how == _MEASURED:
        return source.scan
    if source.twin is None:
        raise ScanError(f"The {which} scan has no twin yet: train it, or compare it as measured")
    return source.twin


def _figures(found: Comparison) -> list:
    figures = [(name, one) for name, one in (("scale", found.scale), ("offset", found.offset)) if one is not None]
    return [
        *figures,
        ("places", found.points),
        ("share beyond two errors", found.beyond_two),
        ("share beyond three errors", found.beyond_three),
        ("chi squared per point", found.chi_square),
    ]


def _as_map(found: Comparison, name: str) -> DerivedMap:
    middle = 1.0 if name == "ratio" else 0.0
    derived = getattr(found, name)
    return DerivedMap(name, name, derived, middle=middle, quantity=name, of_twin=scans.is_gridded(derived))


def _histogram(found: Comparison) -> tuple:
    """How often each disagreement occurs, beside what chance alone would give."""
    pulls = np.asarray(found.disagreement.values, float).ravel()
    pulls = np.clip(pulls[np.isfinite(pulls)], -_REACH, _REACH)
    share, edges = np.histogram(pulls, _BINS, (-_REACH, _REACH))
    places = (edges[1:] + edges[:-1]) / 2
    share = 100 * share / max(len(pulls), 1)
    chance = 100 * np.diff(ndtr(edges))
    curves = [Curve(places, chance, None, COLORS[2], "dashed"), Curve(places, share, None, COLORS[0], "line")]
    key = [("found", COLORS[0]), ("by chance", COLORS[2])]
    return curves, "disagreement (combined errors)", "places (%)", key


def _numbers(found: Comparison) -> tuple[list[str], list[list[str]], list[None]]:
    """The table on screen."""
    unit = units.pretty(found.difference.attrs["units"])
    rows = [["scale", plain(found.scale)]] if found.scale is not None else []
    rows += [[f"offset ({unit})", plain(found.offset)]] if found.offset is not None else []
    values = np.asarray(found.difference.values, float)
    rows += [
        ["places", str(found.points)],
        ["beyond 2 errors (%)", f"{100 * found.beyond_two:.2f} (by chance 4.6)"],
        ["beyond 3 errors (%)", f"{100 * found.beyond_three:.2f} (by chance 0.3)"],
        ["chi squared per point", f"{found.chi_square:.3g}"],
        [f"difference, mean ({unit})", f"{np.nanmean(values):.4g}"],
        [f"difference, rms ({unit})", f"{np.sqrt(np.nanmean(values**2)):.4g}"],
    ]
    return ["number", "value"], rows, [None] * len(rows)


def _table(found: Comparison, first: str, second: str) -> tuple[list[str], list[list], dict[str, str]]:
    """The table as it is written."""
    unit = units.pretty(found.difference.attrs["units"])
    rows: list[list] = []
    for name, quantity, own in (("scale", found.scale, ""), ("offset", found.offset, unit)):
        if quantity is not None:
            rows.append([name, quantity.value, quantity.error, own])
    nan = float("nan")
    rows += [
        ["places", found.points, nan, ""],
        ["share beyond two errors", found.beyond_two, nan, ""],
        ["share beyond three errors", found.beyond_three, nan, ""],
        ["chi squared per point", found.chi_square, nan, ""],
    ]
    about = {"first": first, "second": second, "verdict": found.verdict}
    return (
        ["number", "value", "error", "unit"],
        rows,
        about | ({"notes": "; ".join(found.notes)} if found.notes else {}),
    )
