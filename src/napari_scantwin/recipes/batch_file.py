"""A recipe done to one file of many."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from napari_scantwin import processing
from napari_scantwin.core import branches, units
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, NotWritten, ScanError
from napari_scantwin.core.notes import notes
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import Findings
from napari_scantwin.operations.progress import reporting
from napari_scantwin.recipes.batch_rows import BatchRow
from napari_scantwin.recipes.recipe import AnalysisRun, Recipe
from napari_scantwin.sections import Cut, measured_within, simulated_along, write_cut
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.writers import write, write_volume
from napari_scantwin.writers.tables import write_table

__all__ = ["Outputs", "done_to"]

#: What share of a file's time the parts take, about.
_TRAINED, _SIMULATED, _ANALYSED = 0.7, 0.85, 0.95


@dataclass(frozen=True)
class Outputs:
    """What is written for every file, beside the table of results.

    Parameters
    ----------
    twin
        Whether its twin is, as ``.twin``.
    map
        The suffix of the simulated map (of the processed scan, where no twin is trained), such as ``".nc"``; empty for
        none.
    figure
        The suffix of a figure of that map for paper, such as ``".pdf"``; empty for none.
    tables
        Whether the tables of the analyses and the cuts are, as CSV.
    """

    twin: bool = True
    map: str = ""
    figure: str = ""
    tables: bool = True

    def __post_init__(self):
        from napari_scantwin.figures import FORMATS as FIGURES
        from napari_scantwin.writers import FORMATS as MAPS

        for suffix, known, what in ((self.map, MAPS, "map"), (self.figure, FIGURES, "figure")):
            if suffix and suffix not in known:
                raise ScanError(f"a {what} is written as {', '.join(known)}, not as {suffix!r}")


def done_to(
    path: Path,
    recipe: Recipe,
    stem: Path,
    outputs: Outputs,
    report: Callable[[float, str], None],
    stop: threading.Event,
) -> BatchRow:
    """Do a recipe to a file.

    What goes wrong with the file is told in its row; what was found before stays there.

    Parameters
    ----------
    path
        The file, or the folder of a scan of several files.
    recipe
        What is done.
    stem
        What the files written for it are called, without a suffix.
    outputs
        What is written.
    report
        Called with the share that is done and what is being done.
    stop
        Setting it raises :class:`Cancelled` soon after.
    """
    work = _Work(path, recipe, stem, outputs, report, stop)
    try:
        work.do()
    except Cancelled:
        raise
    except ScanError as reason:
        work.trouble(str(reason))
    except OSError as reason:
        work.trouble(f"{path.name} could not be read: {reason.strerror or reason}")
    except Exception as reason:  # of a file that breaks something inside, the others know nothing
        import logging

        logging.getLogger("napari_scantwin").exception("%s in a batch", path)
        work.trouble(f"something went wrong inside ({type(reason).__name__}); the log has the details")
    return work.row


class _Work:
    """One file on its way; ``row`` is what is known of it so far."""

    def __init__(self, path, recipe, stem, outputs, report, stop):
        self._path, self._recipe, self._stem, self._outputs = path, recipe, stem, outputs
        self._report, self._stop = report, stop
        self.row = BatchRow(path.name)

    def trouble(self, reason: str) -> None:
        """Add to why something was not done."""
        self.row = replace(self.row, reason=f"{self.row.reason}; {reason}" if self.row.reason else reason)

    def do(self) -> None:
        """All of it, in order."""
        scan = self._read()
        twin = None if self._recipe.settings is None else self._trained(scan)
        if twin is None and self._recipe.branch:
            scan = branches.of_branch(scan, self._recipe.branch)
        dense = self._tried(lambda: self._simulated(twin, scan))
        for line in self._recipe.cuts if self._outputs.tables else ():
            self._tell(_SIMULATED, "cuts")
            self._tried(lambda cut=line.cut: self._cut(cut, twin, scan))
        runs = self._recipe.analyses
        for number, run in enumerate(runs):
            self._tell(_SIMULATED + (_ANALYSED - _SIMULATED) * number / len(runs), run.name.replace("_", " "))
            self._analysed(run, twin, scan)
        if self._outputs.figure and dense is not None:
            self._tell(_ANALYSED, "figure")
            self._tried(lambda: self._drawn(dense, twin))

    def _tried(self, part: Callable[[], Any]) -> Any:
        """A part that others do without: what it cannot do is told in the row, and None is given."""
        try:
            return part()
        except NotWritten:
            raise
        except ScanError as reason:
            self.trouble(str(reason))
            return None

    def _tell(self, share: float, words: str) -> None:
        if self._stop.is_set():
            raise Cancelled
        self._report(share, words)

    def _wrote(self, *paths: Path) -> None:
        names = [path.name for path in paths]
        self.row = replace(self.row, written=(*self.row.written, *names))

    def _noted(self, *sentences: str) -> None:
        new = [one for one in sentences if one and one not in self.row.notes]
        self.row = replace(self.row, notes=(*self.row.notes, *new))

    def _file(self, *words: str, suffix: str) -> Path:
        """A file for what the words say, among those written for this one."""
        told = re.sub(r"[^\w.+=-]+", "_", " ".join(words)).strip("_.")
        return self._stem.with_name(self._stem.name + (f"_{told}" if told else "") + suffix)

    def _read(self) -> xr.DataArray:
        from napari_scantwin.readers import read

        self._tell(0.0, "reading")
        opening = self._recipe.opening
        scan = read(self._path, stop=self._stop, **({} if opening is None else opening.answers))
        self.row = replace(self.row, sweeps=scans.sweep_count(scan))
        self._noted(*notes(scan.attrs))
        if self._recipe.steps:
            self._tell(0.05, "processing")
            with reporting(stop_event=self._stop):
                scan = processing.replay(scan, self._recipe.steps)
        return self._masked(scan)

    def _masked(self, scan: xr.DataArray) -> xr.DataArray:
        """What was masked by hand is masked in the file it was masked in; places say nothing of another file."""
        masked, opening = self._recipe.masked, self._recipe.opening
        if masked is None:
            return scan
        own = opening is not None and [Path(one).resolve() for one in opening.paths] == [self._path.resolve()]
        if not own or max(masked, default=0) >= scan.size:
            self._noted(f"The {len(masked)} points that the recipe masks are masked in its own file alone.")
            return scan
        flags = np.zeros(scan.size, bool)
        flags[list(masked)] = True
        return scans.with_masked(scan, flags)

    def _trained(self, scan: xr.DataArray) -> Twin:
        self._tell(0.1, "training")
        try:
            settings = TwinSettings.from_dict(dict(self._recipe.settings))
        except TypeError as reason:
            raise ScanError(f"the recipe's settings of the training are not known ({reason})") from reason
        twin = train(
            scan,
            settings,
            on_progress=lambda news: self._report(0.1 + (_TRAINED - 0.1) * news.fraction, news.stage),
            stop=self._stop,
        )
        if self._stop.is_set():
            raise Cancelled
        if self._recipe.branch:
            twin = twin.of(self._recipe.branch)
        score = twin.score
        self.row = replace(
            self.row,
            verdict=score.verdict if self._recipe.branch else twin.verdict,
            made_of=twin.mixture.in_words if self._recipe.branch else twin.made_of,
            error=Quantity(float(score.inside[0]), np.nan, units.standard(scan.attrs["units"])),
            share=float(100 * score.inside[0] / score.value_range),
        )
        self._noted(*twin.remarks)
        if self._outputs.twin:
            self._wrote(twin.save(self._file(suffix=".twin")))
        return twin

    def _simulated(self, twin: Twin | None, scan: xr.DataArray) -> xr.DataArray | None:
        """The map, written where it is asked for; None where nobody asks."""
        suffix = self._outputs.map
        if not suffix and not self._outputs.figure:
            return None
        if twin is None:
            if suffix:
                self._wrote(*write(scan, self._file(suffix=suffix), stop=self._stop))
            return scan
        self._tell(_TRAINED, "simulating")
        told = self._recipe.grid
        grid = twin.default_grid()
        if told is not None:
            if set(told) != set(twin.axes):
                raise ScanError(f"the recipe's map is over {_listed(told)}, this scan's axes are {_listed(twin.axes)}")
            grid = {axis: self._in_units(axis, told[axis], scan) for axis in twin.axes}
        if suffix == ".zarr":
            self._wrote(*write_volume(twin, grid, self._file(suffix=suffix), stop=self._stop))
            if not self._outputs.figure:
                return None
        dense = twin.simulate(grid, stop=self._stop)
        if (outside := float(dense["extrapolated"].mean())) and told is not None:
            self._noted(f"{100 * outside:.3g} % of the map is extrapolated.")
        if suffix and suffix != ".zarr":
            self._wrote(*write(dense, self._file(suffix=suffix), stop=self._stop))
        return dense

    def _in_units(self, axis: str, values, scan: xr.DataArray) -> np.ndarray:
        """Values of the recipe along an axis, in the units that this scan has there."""
        column, unit = np.asarray(values, float), self._recipe.units.get(axis)
        return column if unit is None else np.asarray(units.convert(column, unit, scan[axis].attrs["units"]), float)

    def _cut(self, told: Cut, twin: Twin | None, scan: xr.DataArray) -> None:
        subject = twin.scan if twin is not None and self._recipe.branch else scan
        cut = self._cut_of(told, subject)
        curve = None if twin is None else simulated_along(twin, cut)
        path = self._file("cut", cut.name, suffix=".csv")
        points = measured_within(subject, cut)
        self._wrote(write_cut(path, subject, cut, points, curve, branch=self._recipe.branch))

    def _cut_of(self, cut: Cut, scan: xr.DataArray) -> Cut:
        if set(cut.start) != set(scans.axes(scan)):
            raise ScanError(
                f"the recipe's cut {cut.name!r} runs through {_listed(cut.start)}, this scan's axes are "
                f"{_listed(scans.axes(scan))}"
            )
        ends = [{axis: float(self._in_units(axis, end[axis], scan)) for axis in end} for end in (cut.start, cut.end)]
        width = cut.width
        if cut.across is not None:
            width = float(np.ptp(self._in_units(cut.across, [0.0, width], scan)))
        return replace(cut, start=ends[0], end=ends[1], width=width)

    def _analysed(self, run: AnalysisRun, twin: Twin | None, scan: xr.DataArray) -> None:
        """One analysis; what it cannot do is told in the row, and the next is tried."""
        from napari_scantwin.analyses import analyse

        try:
            found = analyse(run.name, scan if twin is None else twin, stop_event=self._stop, **run.given)
            figures = [(f"{run.name.replace('_', ' ')}: {label}", one) for label, one in _quantities(found)]
            self.row = replace(self.row, figures=(*self.row.figures, *figures))
            self._noted(*found.notes)
            if self._outputs.tables:
                for title, table in found.tables.items():
                    path = self._file(run.name, *([title] if len(found.tables) > 1 else []), suffix=".csv")
                    if table.rows:
                        self._wrote(write_table(path, table.heads, table.rows, table.about))
        except ScanError as reason:
            self.trouble(f"{run.name.replace('_', ' ')}: {reason}")
        except TypeError as reason:
            self.trouble(f"{run.name.replace('_', ' ')} does not take what the recipe gives it ({reason})")

    def _drawn(self, dense: xr.DataArray, twin: Twin | None) -> None:
        from napari_scantwin.figures import save_picture
        from napari_scantwin.figures.of_scan import picture_of_scan

        looks = {}
        if twin is not None and twin.scan.dims == ("point",) and len(twin.axes) == 2:
            looks["points"] = twin.scan
        picture = picture_of_scan(dense, **looks)
        self._wrote(save_picture(picture, self._file(suffix=self._outputs.figure), title=self._path.stem))


def _quantities(found: Findings) -> list[tuple[str, Quantity]]:
    return [
        (label, one if isinstance(one, Quantity) else Quantity(float(one), np.nan, "dimensionless"))
        for label, one in found.figures
    ]


def _listed(axes: Sequence[str]) -> str:
    return scans.listed_axes(axes)
