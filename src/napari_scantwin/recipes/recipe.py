"""A recipe: how a scan was opened, processed, masked, trained, simulated, cut and analysed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.sections import Cut

__all__ = ["AnalysisRun", "CutLine", "Opening", "Recipe", "masked_points"]


@dataclass(frozen=True)
class Opening:
    """How files were read; the fields are those of :func:`napari_scantwin.readers.read`.

    Parameters
    ----------
    paths
        The files.
    axes, value, error, choice, along
        What was answered where the files do not say; None where nothing was asked.
    """

    paths: tuple[str, ...]
    axes: tuple[str, ...] | None = None
    value: str | None = None
    error: str | None = None
    choice: str | None = None
    along: str | None = None

    @property
    def answers(self) -> dict[str, Any]:
        """What was answered, by name."""
        told = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "paths"}
        return {name: list(one) if name == "axes" else one for name, one in told.items() if one is not None}


@dataclass(frozen=True)
class CutLine:
    """A cut and its colour.

    Parameters
    ----------
    cut
        The line.
    color
        Its colour.
    shown
        Whether it is on the plot.
    """

    cut: Cut
    color: str
    shown: bool = True


@dataclass(frozen=True)
class AnalysisRun:
    """An analysis and what was put in.

    Parameters
    ----------
    name
        Its name in :data:`napari_scantwin.analyses.ANALYSES`.
    given
        Its parameters by name, as plain values; a second scan is left out.
    """

    name: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What was done to one scan.

    Parameters
    ----------
    opening
        How it was read; None for a scan that no file holds.
    steps
        The processing done since, as :func:`napari_scantwin.processing.history` lists it.
    masked
        The points that are masked, by their place in C order; None where the file's own mask stands.
    settings
        Those of the training, as keywords of :class:`~napari_scantwin.twin.TwinSettings`; None without a twin.
    grid
        What the twin was simulated on, axis to values; None for its default grid.
    cuts, analyses
        The cuts and the analyses made.
    branch
        Which branch of a scan with several is looked at; empty where there are none.
    units
        The units of grid and cuts, axis to unit; empty where they are those of whatever scan the recipe meets.
    """

    opening: Opening | None
    steps: Sequence[Mapping[str, Any]] = ()
    masked: Sequence[int] | None = None
    settings: Mapping[str, Any] | None = None
    grid: Mapping[str, Sequence[float]] | None = None
    cuts: Sequence[CutLine] = ()
    analyses: Sequence[AnalysisRun] = ()
    branch: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Recipe:
        """The inverse of :meth:`to_dict`.

        Raises
        ------
        ScanError
            Where something is missing or of another kind.
        """
        try:
            opening = told["opening"]
            if opening is not None:
                axes = opening["axes"]
                opening = Opening(**{**opening, "paths": tuple(opening["paths"]), "axes": axes and tuple(axes)})
            return cls(
                opening,
                tuple(told["steps"]),
                told["masked"],
                told["settings"],
                told["grid"],
                tuple(CutLine(Cut(**one["cut"]), one["color"], one["shown"]) for one in told["cuts"]),
                tuple(AnalysisRun(one["name"], one["given"]) for one in told["analyses"]),
                told["branch"],
                dict(told.get("units", {})),
            )
        except (KeyError, TypeError, ValueError) as reason:
            raise ScanError(f"this recipe cannot be read ({reason}); it was changed or cut off") from reason


def masked_points(scan: xr.DataArray) -> list[int] | None:
    """The places of masked points in C order; None where none is.

    Parameters
    ----------
    scan
        A scan.
    """
    if "masked" not in scan.coords or scans.is_lazy(scan):
        return None
    places = np.flatnonzero(np.asarray(scan["masked"].values, bool).ravel())
    return places.tolist() if places.size else None
