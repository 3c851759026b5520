"""The twin: a trained stand-in for one scan that answers everywhere, with an uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin.core import branches as history
from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import simulation, storage
from napari_scantwin.twin.derivatives import derivative
from napari_scantwin.twin.mixture import Mixture
from napari_scantwin.twin.settings import Trial, TwinSettings
from napari_scantwin.twin.validation.consistency import Misfit
from napari_scantwin.twin.validation.score import Score
from napari_scantwin.twin.validation.uncertainty import Uncertainty
from napari_scantwin.twin.volume import lazy_arrays

__all__ = ["Branched", "Twin"]


@dataclass(frozen=True)
class Branched:
    """The branches of a scan, each with a twin of its own.

    Parameters
    ----------
    scan
        The scan with all its branches.
    twins
        Their twins, in the order of measuring.
    """

    scan: xr.DataArray
    twins: tuple[Twin, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The branches' names."""
        return tuple(twin.branch for twin in self.twins)


@dataclass(frozen=True)
class Twin:
    """A trained twin, made by :func:`napari_scantwin.train` or :meth:`load`.

    Of a scan with branches (warming and cooling, field up and down) it has a surface a branch, and shows one of them:
    all it says is of that one, the first measured unless another is chosen by :meth:`of`. What it simulates names it
    in the attribute ``branch``.

    Parameters
    ----------
    scan
        The scan it was trained on, of the branch in view; of one too large for memory, the subsampled scan it was
        judged by.
    settings
        How it was trained.
    score
        Its held-out score beside the baselines'.
    history
        The course of the training: arrays ``step``, ``train_error`` and ``held_out_error``, the errors root mean
        squares in the value's unit.
    stopped
        Whether the training was ended early.
    mixture
        The chosen interpolators, fitted to the whole scan, and their weights.
    offset, spread
        The scale of what the interpolators learn: ``value = spread * target + offset``, both in the value's unit.
    uncertainty
        The calibrated predictive uncertainty.
    notes
        What else a user should know of the training, a sentence each.
    trials
        Those of the search for further interpolators; hand the twin to ``train`` to go on with it.
    misfits
        Sweeps that read high, low or late beside the others, and by how much
        (:func:`napari_scantwin.processing.mended` corrects them).
    spikes
        Places [k, axes] of readings far off their neighbours, which had no weight.
    branched
        All branches, where the scan has several.
    """

    scan: xr.DataArray
    settings: TwinSettings
    score: Score
    history: dict[str, np.ndarray]
    stopped: bool
    mixture: Mixture
    offset: float
    spread: float
    uncertainty: Uncertainty
    notes: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    spikes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    branched: Branched | None = None

    @property
    def branch(self) -> str:
        """The branch in view; empty where the scan has none."""
        return str(self.scan.attrs.get(history.BRANCH, ""))

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches that have a surface, in the order of measuring; empty where the scan has none."""
        return () if self.branched is None else self.branched.names

    @property
    def whole(self) -> xr.DataArray:
        """The scan with all its branches."""
        return self.scan if self.branched is None else self.branched.scan

    def of(self, branch: str | None) -> Twin:
        """The twin with another branch in view.

        Parameters
        ----------
        branch
            One of :attr:`branches`; None for the one in view.

        Raises
        ------
        ScanError
            Where there is no such branch.
        """
        if branch is None or branch == self.branch:
            return self
        if self.branched is None or branch not in self.branches:
            offered = f"its branches are {'; '.join(self.branches)}" if self.branches else "its scan has no branches"
            raise ScanError(f"the twin has no branch {branch!r}: {offered}")
        return replace(self.branched.twins[self.branches.index(branch)], branched=self.branched)

    @property
    def verdict(self) -> str:
        """The score in a sentence; of a scan with branches a line for each."""
        if not self.branches:
            return self.score.verdict
        return "\n".join(f"{_capital(one)}: {self.of(one).score.verdict}" for one in self.branches)

    @property
    def made_of(self) -> str:
        """What the twin is made of, in a sentence; of a scan with branches one for each."""
        if not self.branches:
            return self.mixture.in_words
        return "\n".join(f"{_capital(one)}: {self.of(one).mixture.in_words}" for one in self.branches)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes of all branches, each once, those of one branch alone with its name."""
        if not self.branches:
            return self.notes
        said = {one: self.of(one).notes for one in self.branches}
        found = {}
        for one, notes in said.items():
            for note in notes:
                common = all(note in others for others in said.values())
                found[note if common else f"{_capital(one)}: {note}"] = None
        return tuple(found)

    @property
    def axes(self) -> tuple[str, ...]:
        """Axis names, slow first."""
        return scans.axes(self.scan)

    def predict(
        self, coordinates: np.ndarray, *, branch: str | None = None, stop=None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict what a measurement would read, with its standard deviation.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        branch
            One of :attr:`branches`; the one in view by default.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        tuple of arrays
            Mean [n] and standard deviation [n] of a new measurement, its noise included, in the value's unit.

        Raises
        ------
        ScanError
            Where the coordinates do not have the shape [n, axes], or there is no such branch.
        Cancelled
            Where ``stop`` is set.
        """
        if branch is not None and branch != self.branch:
            return self.of(branch).predict(coordinates, stop=stop)
        coordinates = self._checked(coordinates)
        return self.calibrated(coordinates, *self.mixture(coordinates, stop))

    def calibrated(self, coordinates, mean, spread) -> tuple[np.ndarray, np.ndarray]:
        """Turn the mixture's output into a prediction in the scan's unit.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first; or the axes of a grid, for which everything has its
            shape.
        mean, spread
            The mixture's scaled mean [n] and its interpolators' disagreement [n] there.

        Returns
        -------
        tuple of arrays
            Mean [n] and standard deviation [n] in the value's unit.
        """
        mean = np.asarray(mean, float) * self.spread + self.offset
        return mean, self.uncertainty.std(coordinates, mean, spread * self.spread)

    def derivative(
        self, coordinates: np.ndarray, axis: str, *, order: int = 1, branch: str | None = None, stop=None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Differentiate the twin along one axis.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.
        axis
            The name of the axis.
        order
            1 for the first derivative, 2 for the second.
        branch
            One of :attr:`branches`; the one in view by default.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        tuple of arrays
            The derivative [n] and its standard deviation [n], in the value's unit over the axis's (squared, for the
            second).

        Raises
        ------
        ScanError
            Where the twin has no such axis or branch, ``order`` is neither 1 nor 2, or the coordinates do not have the
            shape [n, axes].
        Cancelled
            Where ``stop`` is set.
        """
        if branch is not None and branch != self.branch:
            return self.of(branch).derivative(coordinates, axis, order=order, stop=stop)
        self._check_derivative(axis, order)
        coordinates = self._checked(coordinates)
        position = self.axes.index(axis)
        span = float(np.ptp(self.uncertainty.grid[position]))
        mean, spread = derivative(self.mixture, coordinates, position, span, order, stop)
        return mean * self.spread, self.uncertainty.of_slope(coordinates, position, spread * self.spread)

    def _check_derivative(self, axis: str, order: int) -> None:
        if axis not in self.axes or order not in (1, 2):
            raise ScanError(f"derivatives are the first or second along one of {', '.join(self.axes)}")

    def _checked(self, coordinates) -> np.ndarray:
        coordinates = np.asarray(coordinates, float)
        if coordinates.ndim != 2 or coordinates.shape[1] != len(self.axes):
            raise ScanError(f"coordinates must have the shape (points, {len(self.axes)}): {', '.join(self.axes)}")
        return coordinates

    def extrapolates(self, coordinates: np.ndarray) -> np.ndarray:
        """Whether points are far from every measured one.

        Parameters
        ----------
        coordinates
            Where, [n, axes], in the scan's units, slow axis first.

        Returns
        -------
        array
            True [n] outside the range of an axis, in a hole, or beside a sweep that ended earlier.
        """
        return self.uncertainty.extrapolates(np.asarray(coordinates, float))

    def simulate(
        self,
        grid: Mapping[str, np.ndarray] | None = None,
        *,
        along: str | None = None,
        order: int = 1,
        branch: str | None = None,
        lazy: bool = False,
        on_progress: Callable[[float], None] | None = None,
        stop=None,
    ) -> xr.DataArray:
        """Simulate the scan, or its derivative, on a grid.

        Parameters
        ----------
        grid
            Axis name to values in the scan's units (default: :meth:`default_grid`, also for axes it leaves out).
        along
            The axis along which to differentiate; the values themselves by default. The derivative is what
            :meth:`derivative` gives, in the value's unit over the axis's (squared, for the second).
        order
            Which derivative, 1 or 2.
        branch
            One of :attr:`branches`; the one in view by default. The result's attribute ``branch`` names it.
        lazy
            Whether the arrays are dask's, of any size and with ascending axes: a part is evaluated when it is looked at
            (:func:`napari_scantwin.writers.write_volume` writes them).
        on_progress
            Called with the fraction done.
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        xarray.DataArray
            A gridded scan of float32 values with the coordinates ``standard_error`` (one standard deviation) and
            ``extrapolated``.

        Raises
        ------
        ScanError
            Where the grid or the derivative makes no sense, there is no such branch, or the map is too large for memory
            and not ``lazy``.
        Cancelled
            Where ``stop`` is set.
        """
        if branch is not None and branch != self.branch:
            of = self.of(branch)
            return of.simulate(grid, along=along, order=order, lazy=lazy, on_progress=on_progress, stop=stop)
        axes = simulation.checked_grid(self, grid)
        if along is not None:
            self._check_derivative(along, order)
        if lazy:
            axes = {name: np.sort(values) for name, values in axes.items()}
            arrays = lazy_arrays(self, axes, along, order)
        else:
            arrays = simulation.filled(self, axes, along, order, on_progress, stop)
        return simulation.as_scan(self, axes, *arrays, along, order)

    def residual(self, *, stop=None) -> xr.DataArray:
        """Measured minus simulated at every measured point.

        Parameters
        ----------
        stop
            A ``threading.Event`` that ends the work when it is set.

        Returns
        -------
        xarray.DataArray
            Shaped like the measured scan (:attr:`whole`), in the value's unit: of every reading the one from its own
            branch.

        Raises
        ------
        Cancelled
            Where ``stop`` is set.
        """
        if self.branched is None:
            result = self.scan.copy(data=simulation.residuals(self, stop))
        else:
            said, data = np.asarray(self.whole[history.BRANCH].values), np.full(self.whole.size, np.nan)
            for twin in self.branched.twins:
                data[said == twin.branch] = simulation.residuals(twin, stop)
            result = self.whole.copy(data=data)
        result.attrs = {**self.whole.attrs, **simulation.inherited(self), "kind": "residual"}
        if self.branched is not None:
            result.attrs.pop(history.BRANCH, None)
        result.attrs["long_name"] = f"residual of {self.scan.attrs.get('long_name', self.scan.name)}"
        return result

    def default_grid(self, size: tuple[int, int] = (200, 300)) -> dict[str, np.ndarray]:
        """A dense grid over the measured range.

        Parameters
        ----------
        size
            The number of values along the slowest and along the fast axis; further axes keep the values they were
            measured at.

        Returns
        -------
        dict
            Axis name to ascending values in the axis's unit.
        """
        grid = {}
        for position, name in enumerate(self.axes):
            column = np.asarray(self.scan[name].values, float)
            if position == 0 or position == len(self.axes) - 1:
                grid[name] = np.linspace(column.min(), column.max(), size[0 if position == 0 else 1])
            else:
                grid[name] = np.unique(scans.set_points(column))
        return grid

    def measured_grid(self) -> dict[str, np.ndarray]:
        """The grid the scan was measured on, for a denoised map.

        Returns
        -------
        dict
            Axis name to values in the axis's unit; of a ragged scan its set points, and along the fast axis what
            :meth:`default_grid` has.
        """
        if scans.is_gridded(self.scan):
            return {name: np.asarray(self.scan[name].values, float) for name in self.axes}
        grid = self.default_grid()
        for name in self.axes[:-1]:
            grid[name] = np.unique(scans.set_points(np.asarray(self.scan[name].values, float)))
        return grid

    def save(self, path: str | Path) -> Path:
        """Write the twin, its scan, settings, history and score to one ``.twin`` file.

        Parameters
        ----------
        path
            Where; the suffix ``.twin`` is added where there is none.

        Returns
        -------
        pathlib.Path
            The path written.

        Raises
        ------
        ScanError
            Where it is larger than such a file may be; nothing is written then.
        """
        return storage.save(self, path)

    @staticmethod
    def load(path: str | Path) -> Twin:
        """Read a ``.twin`` file.

        Raises
        ------
        ScanError
            Where the file is missing, cut off, altered, or written by a newer version.
        """
        parts = storage.load(path)
        branch, told = parts.pop("branch", None), parts.pop("branches", None)
        if not told:
            return Twin(**parts)
        whole = parts["scan"]
        twins = tuple(Twin(scan=history.of_branch(whole, name), **own) for name, own in told.items())
        return replace(twins[0], branched=Branched(whole, twins)).of(branch)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
