"""Comparison: how the chosen scan differs from another one, as maps, numbers and a histogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout
from scipy.special import ndtr

from napari_scantwin import writers
from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.findings import COLORS, Curve, DerivedMap, plain
from napari_scantwin.physics.comparison import Comparison, compare
from napari_scantwin.physics.sources import comparable
from napari_scantwin.viewer.analyse.base import Analysis, new_combo
from napari_scantwin.viewer.analyse.second import SecondScan
from napari_scantwin.viewer.canvas.layers import scan_of
from napari_scantwin.viewer.canvas.map_layers import prepare_maps, show_or_hide
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.tables import Table, fill
from napari_scantwin.writers.tables import write_table

__all__ = ["ComparisonAnalysis"]

_MAPS = ("disagreement", "difference", "ratio")
_MEASURED, _TWIN = "measured", "twin"
#: The histogram reaches so many combined errors to either side, in so many bins.
_REACH, _BINS = 6.0, 48


@dataclass(frozen=True)
class Compared:
    """A comparison with the names of what was compared."""

    found: Comparison
    first: str
    second: str


class ComparisonAnalysis(Analysis):
    """Difference, ratio and disagreement of the chosen scan and another one."""

    title = "Compare two scans"

    @staticmethod
    def why_not(scan) -> str:
        return ""  # which second scan fits is told by the combo

    def build(self) -> None:
        self.second = SecondScan(self._viewer, self._chooser, self._alike)
        words = ((_MEASURED, _MEASURED), (_TWIN, _TWIN))
        self.first_as = new_combo(*words, tip="What of the chosen scan is compared")
        self.second_as = new_combo(*words, tip="What of the second scan is compared: its twin can be read anywhere")
        self.second_as.setCurrentText(_TWIN)
        self.scale, self.offset = QCheckBox("scale"), QCheckBox("offset")
        self.scale.setToolTip("Fit a factor on the second scan first: a sample that lost 5 % of its moment")
        self.offset.setToolTip("Fit a constant added to the second scan first")
        self.view = new_combo(*((name, name) for name in _MAPS), tip="Which map is shown")
        self.on_map = QCheckBox("on the map")
        self.on_map.setChecked(True)
        self.plot, self.table = CurvePlot(), Table()
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(3)
        form.addRow("Second scan", self.second)
        for label, widgets in (
            ("Compared", (self.first_as, self.second_as)),
            ("Fit first", (self.scale, self.offset)),
            ("Map", (self.view, self.on_map)),
        ):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget, 0 if isinstance(widget, QCheckBox) and widget is self.on_map else 1)
            form.addRow(label, row)
        self.body.addLayout(form)
        self.body.addWidget(self.plot.widget, 3)
        self.body.addWidget(self.table, 2)
        for combo in (self.first_as, self.second_as):
            combo.currentIndexChanged.connect(self.refresh)
        for box in (self.scale, self.offset):
            box.toggled.connect(self.refresh)
        self.second.changed.connect(self.refresh)
        self.view.currentIndexChanged.connect(self.put_on_map)
        self.on_map.toggled.connect(self.put_on_map)

    def _alike(self, scan) -> bool:
        own = self._chooser.scan
        return (
            own is not None
            and set(scans.axes(scan)) == set(scans.axes(own))
            and units.compatible(scan.attrs["units"], own.attrs["units"])
            and all(comparable(scan[name].attrs["units"], own[name].attrs["units"]) for name in scans.axes(own))
        )

    def prepare(self):
        layer, second = self.layer, self.second.layer
        if second is None:
            raise ScanError(
                "Choose the second scan: open another one with the same axes and quantity, and it is offered above"
            )
        first, other = (
            _chosen(one, how.currentData(), which)
            for one, how, which in ((layer, self.first_as, "chosen"), (second, self.second_as, "second"))
        )
        options = {"scale": self.scale.isChecked(), "offset": self.offset.isChecked()}
        names = [f"{one.name}, {how.currentData()}" for one, how in ((layer, self.first_as), (second, self.second_as))]

        def work(report, stop):
            found = compare(first, other, on_progress=report, stop=stop, **options)
            return Compared(found, *names), {name: prepare_maps(layer, [_as_map(found, name)]) for name in _MAPS}

        return work

    # the result

    def show_result(self, result) -> None:
        compared, self._prepared = result
        found = compared.found
        self.plot.show(*_histogram(found))
        heads, rows = _numbers(found)
        fill(self.table, heads, rows)
        self.said.setText(" ".join([f"{found.verdict}.", *(f"{note}." for note in found.notes)]))
        self.put_on_map()

    def show_maps(self) -> None:
        wanted, prepared = self.on_map.isChecked(), self._prepared[self.view.currentData()]
        show_or_hide(self._viewer, self.layer, prepared, wanted, self.mapped.emit)

    def exports(self):
        if self.result is None:
            return {}
        compared = self.result[0]
        offered = {
            "Table": lambda path, stop=None: write_table(path, *_table(compared)),
            "Plot": self.plot.export,
        }
        for name in _MAPS:
            offered[f"Map of the {name}"] = lambda path, stop=None, name=name: writers.write(
                getattr(compared.found, name), path, stop=stop
            )
        return offered


def _chosen(layer, how: str, which: str):
    """A layer's scan, or its twin."""
    if how == _MEASURED:
        return scan_of(layer)
    twin = layer.metadata.get("twin")
    if twin is None:
        raise ScanError(f"The {which} scan has no twin yet: train it, or compare it as measured")
    return twin


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


def _numbers(found: Comparison) -> tuple[list[str], list[list[str]]]:
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
    return ["number", "value"], rows


def _table(compared: Compared) -> tuple[list[str], list[list], dict[str, str]]:
    found = compared.found
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
    about = {"first": compared.first, "second": compared.second, "verdict": found.verdict}
    return (
        ["number", "value", "error", "unit"],
        rows,
        about | ({"notes": "; ".join(found.notes)} if found.notes else {}),
    )
