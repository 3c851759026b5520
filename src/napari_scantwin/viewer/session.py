"""What the window knows of a layer that shows a scan: the scan, its twin, what was made from it.

All of it lives in the layer's own metadata, which napari keeps with the layer, copies when the layer is duplicated and
hands to writers. Its keys are named in this module and nowhere else: everyone else looks at a layer through
:class:`ScanLayer`, or, for the two things asked for at every turn, through :func:`scan_of` and :func:`frame_of`.

Whatever rests on a layer's scan (its twin, the proposals of what to measure next, the table of its points, the scan
that undoing goes back to) goes when another scan takes its place: :meth:`ScanLayer.set_scan`,
:meth:`ScanLayer.set_twin` and :meth:`ScanLayer.take_over` see to that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import xarray as xr

from napari_scantwin.core import branches
from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.canvas.frame import Frame

__all__ = ["ScanLayer", "frame_of", "let_go", "made_from", "new_attributes", "scan_layers", "scan_of"]

#: What a twin makes keeps this kind in its file, by whatever way that is shown again.
_MADE_BY_A_TWIN = ("simulated", "derivative")


class ScanLayer:
    """A layer seen as what it shows.

    Parameters
    ----------
    layer
        A layer of napari, or the attributes (a dictionary) such a layer is to be made with, or None. Of a layer that
        shows no scan, such as one of another plugin, and of None, every property is None or empty.
    """

    def __init__(self, layer):
        self.layer = layer
        if isinstance(layer, dict):
            self._held = layer.setdefault("metadata", {})
        else:
            self._held = getattr(layer, "metadata", {})

    # what it shows

    @property
    def scan(self) -> xr.DataArray | None:
        """The scan, with its true coordinates."""
        scan = self._held.get("scan")
        # Another plugin may keep something of its own under this word; a scan of ours is drawn in a frame.
        return scan if isinstance(scan, xr.DataArray) and self.frame is not None else None

    @property
    def frame(self) -> Frame | None:
        """The map between the scan's coordinates and the canvas."""
        frame = self._held.get("frame")
        return frame if isinstance(frame, Frame) else None

    @frame.setter
    def frame(self, frame: Frame) -> None:
        self._held["frame"] = frame

    @property
    def kind(self) -> str | None:
        """``"measured"`` for what can be trained and processed; ``"simulated"``, ``"uncertainty"``, ``"residual"`` or
        ``"derivative"`` for what a twin made of it, ``"derived"`` for what an analysis did."""
        return self._told("kind")

    @property
    def word(self) -> str | None:
        """What its values are called in the read-out: the kind, or a map's own word; a file that a twin wrote is
        simulated although it is handled as something measured."""
        if self.kind == "measured" and self.scan.attrs.get("kind") in _MADE_BY_A_TWIN:
            return self.scan.attrs["kind"]
        return self._told("word", self.kind)

    @property
    def table(self) -> scans.Points:
        """The scan's points, worked out once and kept until another scan takes its place."""
        scan, kept = self.scan, self._held.get("table")
        if kept is None or kept[0] is not scan:
            kept = self._held["table"] = (scan, scans.points(scan))
        return kept[1]

    def set_scan(self, scan: xr.DataArray, *, same_readings: bool = False) -> None:
        """Show another scan of the same axes, and drop what rests on the old one.

        Parameters
        ----------
        scan
            The scan to show.
        same_readings
            Whether only other points of the same readings are masked: the twin then stays until the next training,
            and undoing still goes back to where it began.
        """
        self._drop("table", "branch", *(() if same_readings else ("twin", "proposals", "saved", "raw")))
        self._held["scan"] = scan

    def take_over(self, attributes: dict) -> None:
        """Become the layer that ``attributes`` describe, with nothing left of what was known before."""
        held = dict(ScanLayer(attributes)._held)
        if isinstance(self.layer, dict):
            self._held.clear()
            self._held.update(held)
        else:
            self.layer.metadata = held  # so that napari tells of it

    @property
    def opening(self):
        """How its file was opened (:class:`~napari_scantwin.recipes.Opening`), or None."""
        return self._told("opening", (None, 0))[0]

    @property
    def steps_before(self) -> int:
        """How many steps of its processing its file had already."""
        return self._told("opening", (None, 0))[1]

    def set_opening(self, opening, steps_before: int) -> None:
        """Keep how its file was opened, and how many steps of processing that had."""
        self._held["opening"] = (opening, steps_before)

    # its colours

    @property
    def color_scale(self) -> str:
        """The scale its values are drawn in, one of :data:`~napari_scantwin.figures.color_scale.SCALES`."""
        return self._told("scale", ("linear", 0.0))[0]

    @property
    def middle(self) -> float:
        """The value that a diverging scale has in its middle."""
        return self._told("scale", ("linear", 0.0))[1]

    def set_color_scale(self, scale: str, middle: float | None = None) -> None:
        """Have its values drawn in a scale (what draws them is told elsewhere), about the same middle as before where
        none is given."""
        self._held["scale"] = (scale, self.middle if middle is None else middle)

    # its twin

    @property
    def twin(self):
        """The twin trained on the scan, or None."""
        return self._told("twin")

    @property
    def proposals(self) -> Sequence:
        """What the twin found worth measuring next."""
        return self._told("proposals", ())

    def set_twin(self, twin, proposals: Sequence = ()) -> None:
        """Keep a twin of the scan with its own ``proposals``, in place of an earlier one and its."""
        self._drop("twin", "proposals", "saved")
        if twin is not None:
            self._held |= {"twin": twin, "proposals": tuple(proposals)}

    @property
    def saved(self) -> bool:
        """Whether the twin stands in a file."""
        return bool(self._told("saved"))

    def tell_saved(self) -> None:
        """The twin stands in a file now."""
        self._held["saved"] = True

    def show_branch(self, branch: str) -> None:
        """Have the twin show another of its branches."""
        self._held["twin"] = self.twin.of(branch)

    @property
    def branch_points(self) -> tuple[xr.DataArray, scans.Points]:
        """The scan of the branch that the twin shows and its points; of a scan without branches all of it."""
        twin = self.twin
        branch = "" if twin is None else twin.branch
        if not branch or branch not in branches.names(self.scan):
            return self.scan, self.table
        kept = self._held.get("branch")
        if kept is None or kept[0] is not self.scan or kept[1] != branch:
            part = branches.of_branch(self.scan, branch)
            kept = self._held["branch"] = (self.scan, branch, part, scans.points(part))
        return kept[2:]

    # where it comes from

    @property
    def measured(self):
        """The layer that this one was simulated, worked out or cut from, or None."""
        return self._told("measured")

    @measured.setter
    def measured(self, layer) -> None:
        self._drop("measured")
        if layer is not None:
            self._held["measured"] = layer

    @property
    def seen(self) -> Sequence:
        """The layers of this scan that were visible when another took the canvas."""
        return self._told("seen", ())

    @seen.setter
    def seen(self, layers: Sequence) -> None:
        self._held["seen"] = tuple(layers)

    @property
    def drawn(self) -> tuple[str, str] | None:
        """The axes that were last drawn upwards and to the right; None of a scan that was never in front."""
        return self._told("drawn")

    @drawn.setter
    def drawn(self, axes: tuple[str, str]) -> None:
        self._held["drawn"] = axes

    @property
    def raw(self) -> xr.DataArray | None:
        """The scan that processing began with, to which undoing goes back; None where nothing was done to it here."""
        return self._told("raw")

    def continue_from(self, layer) -> None:
        """Be the processed scan of ``layer``: undone to where that began, and of the same sample."""
        before = ScanLayer(layer)
        self._held["raw"] = before.scan if before.raw is None else before.raw
        self.set_opening(before.opening, before.steps_before)
        if before.sample:
            self._held["sample"] = dict(before.sample)
        if before.drawn is not None and set(before.drawn) <= set(self.frame.axes):
            self.drawn = before.drawn

    def go_on_from(self, layer, measured: xr.DataArray) -> None:
        """Be the longer scan of ``layer``, whose file holds ``measured`` now: undone to that, of the same sample, and
        with the twin of what there was until another is trained."""
        before = ScanLayer(layer)
        undone = before.raw is not None
        self.continue_from(layer)
        self._drop("raw")
        if undone:
            self._held["raw"] = measured
        self.set_twin(before.twin, before.proposals)
        if before.saved:
            self.tell_saved()

    @property
    def sample(self) -> Mapping[str, str]:
        """What was typed about the sample where its file does not say it: ``mass``, ``density``, ``molar_mass``."""
        return self._told("sample", {})

    def set_sample(self, name: str, text: str) -> None:
        """Keep what was typed for one number of the sample."""
        self._held["sample"] = {**self.sample, name: text}  # a new one: a duplicate of the layer has the old

    # a map that an analysis made

    @property
    def analysis(self) -> str | None:
        """The key under which an analysis shows this map, and finds it again."""
        return self._told("analysis")

    @property
    def quantity(self) -> str | None:
        """What the map is of: the sweeps' points and the twin's map of one quantity belong together."""
        return self._told("quantity")

    @property
    def of_twin(self) -> bool:
        """Whether the map was worked out from the twin, not from what was measured."""
        return bool(self._told("of_twin"))

    @property
    def looks(self) -> Mapping[str, object] | None:
        """The looks that all points of the map share; None where every point has its own."""
        return self._told("looks")

    @property
    def paths(self) -> Sequence | None:
        """The lines that the map is drawn as, corners [n, axes] in physical values; None of what is drawn otherwise."""
        return self._told("paths")

    def describe_map(self, measured, one, looks: Mapping[str, object] | None) -> None:
        """Be the map ``one`` (a :class:`~napari_scantwin.operations.findings.DerivedMap`) of the layer ``measured``,
        its points all of the same ``looks`` where these are given."""
        self.measured = measured
        self._held |= {"analysis": one.key, "word": one.word, "quantity": one.quantity, "of_twin": one.of_twin}
        if looks is not None:
            self._held["looks"] = looks
        if len(one.paths):
            self._held["paths"] = tuple(one.paths)

    def _told(self, key: str, otherwise=None):
        return otherwise if self.scan is None else self._held.get(key, otherwise)

    def _drop(self, *keys: str) -> None:
        for key in keys:
            self._held.pop(key, None)


def new_attributes(scan: xr.DataArray, frame: Frame, kind: str) -> dict:
    """What a new layer of a scan begins with, among the attributes it is made with."""
    return {"metadata": {"scan": scan, "frame": frame, "kind": kind}}


def scan_of(layer) -> xr.DataArray | None:
    """The scan a layer shows, or None."""
    return ScanLayer(layer).scan


def frame_of(layer) -> Frame | None:
    """The frame a scan's layer is drawn in, or None."""
    return ScanLayer(layer).frame


def scan_layers(viewer, kind: str | None = None) -> list:
    """The viewer's layers that show scans, of one kind ("measured", "simulated", ...) or of all."""
    layers = [layer for layer in viewer.layers if scan_of(layer) is not None]
    return layers if kind is None else [layer for layer in layers if ScanLayer(layer).kind == kind]


def made_from(viewer, layer, kind: str | None = None) -> list:
    """The viewer's layers that were made from ``layer``, of one kind or of all; none where ``layer`` is None."""
    if layer is None:
        return []
    return [other for other in scan_layers(viewer, kind) if ScanLayer(other).measured is layer]


def let_go(viewer, layer) -> None:
    """Hide what was made from a layer whose scan is about to be another, and part it from the layer: it no longer tells
    of what stands there."""
    for other in made_from(viewer, layer):
        ScanLayer(other).measured = None
        other.visible = False
