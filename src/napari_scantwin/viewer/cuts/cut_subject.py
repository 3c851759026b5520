"""What the cuts go through: the chosen scan and its twin, or a map that an analysis made of them."""

from __future__ import annotations

import numpy as np

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.core.branches import BRANCH
from napari_scantwin.viewer.kit.layer_combo import LayerCombo
from napari_scantwin.viewer.session import ScanLayer, made_from, scan_of

__all__ = ["CutSubject", "branch_of", "curve_of", "points_along"]

_SCAN = "the scan and its twin"


class CutSubject(LayerCombo):
    """A combo of what can be cut; ``layer`` and ``scan`` are the chosen one's (the sweeps' points before the twin's map
    of one quantity: both are cut together)."""

    def __init__(self, viewer, chooser, parent=None):
        super().__init__(viewer, chooser, parent)
        self.setToolTip("What the next cut goes through: the scan, or what an analysis made of it")

    @property
    def layer(self):
        """The layer that is cut, or None."""
        own = super().layer
        return self._chooser.layer if own is None else own

    @property
    def scan(self):
        """The chosen layer's scan, or None."""
        return scan_of(self.layer)

    def choose(self, words: str) -> None:
        """Choose by name, where it is offered."""
        self.refresh()
        self.setCurrentText(words)

    def offered(self) -> list[tuple[str, object]]:
        found: dict = {}
        for layer in _maps(self._viewer, self._chooser.layer):
            quantity = ScanLayer(layer).quantity
            if quantity not in found or ScanLayer(found[quantity]).of_twin:
                found[quantity] = layer
        return [(_SCAN, None), *found.items()]

    def kept(self, words: str, layer) -> int:
        return max(self.findText(words), 0)  # a map that is worked out again is another layer

    def refresh(self, *event) -> None:
        """List the maps again, keeping the choice; the row is hidden while there is the scan only."""
        super().refresh()
        self.setVisible(self.count() > 1)


def _maps(viewer, measured) -> list:
    """The maps that analyses made of a layer."""
    made = made_from(viewer, measured, "derived")
    return [one for one in made if ScanLayer(one).quantity and len(scans.axes(scan_of(one))) > 1]


def curve_of(viewer, layer, kept: dict):
    """What draws the curve of a cut through ``layer``: its twin, the map of the same quantity, or None. ``kept`` saves
    making an interpolation again."""
    if ScanLayer(layer).kind != "derived":
        return ScanLayer(layer).twin
    for one in _maps(viewer, ScanLayer(layer).measured):
        if ScanLayer(one).quantity == ScanLayer(layer).quantity and ScanLayer(one).of_twin:
            scan = scan_of(one)
            if kept.get("scan") is not scan:
                kept.update(scan=scan, curve=sections.MapCurve(scan))
            return kept["curve"]
    return None


def points_along(layer, cut: sections.Cut) -> sections.CutValues:
    """The points of a cut: none through a map that only a twin gives, and those of one branch where the twin shows
    it."""
    if ScanLayer(layer).of_twin:
        none = np.empty(0)
        return sections.CutValues(none, none, None, none, np.zeros(0, bool))
    # Of a file only what lies about the cut is read.
    scan, table = (scan_of(layer), None) if scans.is_lazy(scan_of(layer)) else ScanLayer(layer).branch_points
    return sections.measured_within(scan, cut, table)


def branch_of(layer) -> str:
    """The branch that is cut: the one the twin shows, or that a derived map is of; empty where there is none."""
    twin = ScanLayer(layer).twin
    return scan_of(layer).attrs.get(BRANCH, "") if twin is None else twin.branch
