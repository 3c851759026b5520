"""The twin: a trained stand-in for one scan that answers everywhere, with an uncertainty."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from napari_scantwin import __version__, units
from napari_scantwin import scan as scans
from napari_scantwin.errors import Cancelled, ScanError
from napari_scantwin.twin.derivatives import derivative
from napari_scantwin.twin.mixture import Mixture
from napari_scantwin.twin.score import Score
from napari_scantwin.twin.settings import Trial, TwinSettings
from napari_scantwin.twin.uncertainty import Uncertainty

__all__ = ["Twin"]

_POINTS_AT_ONCE = 1 << 17
#: Derivatives are five evaluations a point, in double precision: smaller portions, so that progress shows.
_SLOPES_AT_ONCE = 1 << 12
#: Rows between neighbouring sweeps at which costly experts are evaluated for a map with many more.
_ROWS_A_GAP = 12
#: The most values one simulated map may hold in memory (float32 values and errors: 1.6 GB).
_MOST_POINTS = 200_000_000


@dataclass(frozen=True)
class Twin:
    """A trained twin, made by :func:`napari_scantwin.train` or :meth:`load`.

    ``scan`` is the scan it was trained on, ``score`` its held-out score beside the rivals', ``history``
    the course of the training (arrays ``step``, ``train_error``, ``held_out_error``), ``stopped`` whether
    the training was ended early, ``notes`` what else a user should know of it, a sentence each, and
    ``trials`` those of the search for further experts (hand the twin to ``train`` to go on with it).
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

    @property
    def axes(self) -> tuple[str, ...]:
        """Axis names, slow first."""
        return scans.axes(self.scan)

    def predict(self, coordinates: np.ndarray, *, stop=None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation [n] at coordinates [n, axes] in the scan's units, slow axis first."""
        coordinates = self._checked(coordinates)
        return self._calibrated(coordinates, *self.mixture(coordinates, stop))

    def _calibrated(self, coordinates, mean, spread) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation in the scan's unit from the mixture's scaled mean and disagreement."""
        mean = mean * self.spread + self.offset
        return mean, self.uncertainty.std(coordinates, mean, spread * self.spread)

    def _by_rows(self, axes: dict[str, np.ndarray], stop) -> Callable | None:
        """A quicker way to a map of two axes with many rows (see :meth:`Mixture.over_rows`), or None."""
        slow, *rest = axes.values()
        if len(rest) != 1 or len(slow) * len(rest[0]) < _POINTS_AT_ONCE:
            return None
        low, high = float(slow.min()), float(slow.max())
        knots = self.uncertainty.knots
        ends = np.unique([low, *knots[(knots > low) & (knots < high)], high])
        nodes = np.interp(np.linspace(0, len(ends) - 1, _ROWS_A_GAP * (len(ends) - 1) + 1), np.arange(len(ends)), ends)
        return self.mixture.over_rows(nodes, rest[0], stop) if len(nodes) < len(slow) / 2 else None

    def derivative(
        self, coordinates: np.ndarray, axis: str, *, order: int = 1, stop=None
    ) -> tuple[np.ndarray, np.ndarray]:
        """First or second derivative of the twin along ``axis`` [n] and its standard deviation [n] at coordinates
        [n, axes], in the value's unit over the axis's (squared, for the second)."""
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
        """Whether each point [n, axes] is far from every measured one [n]: outside the range of an axis, in a hole, or
        beside a sweep that ended earlier."""
        return self.uncertainty.extrapolates(np.asarray(coordinates, float))

    def simulate(
        self,
        grid: Mapping[str, np.ndarray] | None = None,
        *,
        along: str | None = None,
        order: int = 1,
        on_progress: Callable[[float], None] | None = None,
        stop=None,
    ) -> xr.DataArray:
        """The simulated scan on a grid: axis name to values in the scan's units (default: :meth:`default_grid`).

        With ``along`` the first or second derivative (``order``) along that axis instead of the values themselves, as
        :meth:`derivative` gives it, in the value's unit over the axis's.

        The values are float32, with coordinates ``standard_error`` (one standard deviation) and
        ``extrapolated``. ``stop`` (a ``threading.Event``) raises :class:`~napari_scantwin.errors.Cancelled`.
        """
        axes = self._checked_grid(grid)
        if along is not None:
            self._check_derivative(along, order)
        shape = tuple(len(axis) for axis in axes.values())
        total = int(np.prod(shape))
        mean, std = np.empty(total, np.float32), np.empty(total, np.float32)
        flags = np.empty(total, bool)
        by_rows, block = None, _POINTS_AT_ONCE
        if along is not None:
            block = _SLOPES_AT_ONCE
        else:
            by_rows = self._by_rows(axes, stop)
        if by_rows is not None:
            block = shape[1] * max(1, _POINTS_AT_ONCE // shape[1])

        def fill(start: int) -> int:
            if stop is not None and stop.is_set():
                raise Cancelled
            end = min(start + block, total)
            places = np.unravel_index(np.arange(start, end), shape)
            points = np.stack([axis[place] for axis, place in zip(axes.values(), places, strict=True)], axis=1)
            if along is not None:
                mean[start:end], std[start:end] = self.derivative(points, along, order=order, stop=stop)
            elif by_rows is None:
                mean[start:end], std[start:end] = self.predict(points, stop=stop)
            else:
                mean[start:end], std[start:end] = self._calibrated(points, *by_rows(points[:: shape[1], 0]))
            flags[start:end] = self.extrapolates(points)
            return end

        # Two blocks at a time: while one waits for its networks the other does the rest.
        with ThreadPoolExecutor(2) as pool:
            for done in pool.map(fill, range(0, total, block)):
                if on_progress is not None:
                    on_progress(done / total)
        name, unit, long_name = str(self.scan.name), self.scan.attrs["units"], self.scan.attrs.get("long_name", "")
        if along is not None:
            name, unit, long_name = self._named_derivative(along, order)
        return scans.gridded_scan(
            {axis: (values, self.scan[axis].attrs["units"]) for axis, values in axes.items()},
            mean.reshape(shape),
            name=name,
            unit=unit,
            errors=std.reshape(shape),
            extrapolated=flags.reshape(shape),
            long_names={
                name: long_name or name.replace("_", " "),
                **{axis: self.scan[axis].attrs.get("long_name", axis) for axis in axes},
            },
            attrs={**self._inherited(), "kind": "simulated" if along is None else "derivative"},
        )

    def _named_derivative(self, along: str, order: int) -> tuple[str, str, str]:
        """Name, unit and long name of a derivative: ``d_moment_d_temperature``, emu/K, "d moment / d temperature"."""
        unit = units.ratio(self.scan.attrs["units"], self.scan[along].attrs["units"], order)
        long_name = self.scan.attrs.get("long_name", str(self.scan.name))
        long_along = self.scan[along].attrs.get("long_name", along)
        if order == 1:
            return f"d_{self.scan.name}_d_{along}", unit, f"d {long_name} / d {long_along}"
        return f"d2_{self.scan.name}_d_{along}2", unit, f"d\u00b2 {long_name} / d {long_along}\u00b2"

    def residual(self) -> xr.DataArray:
        """Measured minus simulated at every measured point, shaped like the measured scan."""
        result = self.scan.copy(data=np.full(self.scan.shape, np.nan))
        table = scans.points(self.scan)
        good = np.isfinite(np.asarray(self.scan.values, float)).ravel()
        flat = result.values.ravel()
        flat[good] = table.values - self.predict(table.coordinates)[0]
        result = result.copy(data=flat.reshape(self.scan.shape))
        result.attrs = {**self.scan.attrs, **self._inherited(), "kind": "residual"}
        result.attrs["long_name"] = f"residual of {self.scan.attrs.get('long_name', self.scan.name)}"
        return result

    def default_grid(self, size: tuple[int, int] = (200, 300)) -> dict[str, np.ndarray]:
        """A dense grid over the measured range: ``size`` values along the slowest and the fast axis; further
        axes keep the values they were measured at."""
        grid = {}
        for position, name in enumerate(self.axes):
            column = np.asarray(self.scan[name].values, float)
            if position == 0 or position == len(self.axes) - 1:
                grid[name] = np.linspace(column.min(), column.max(), size[0 if position == 0 else 1])
            else:
                grid[name] = np.unique(scans.set_points(column))
        return grid

    def save(self, path: str | Path) -> Path:
        """Write the twin, its scan, settings, history and score to one ``.twin`` file."""
        from napari_scantwin.twin.storage import save

        return save(self, path)

    @staticmethod
    def load(path: str | Path) -> Twin:
        """Read a ``.twin`` file; raises :class:`~napari_scantwin.errors.ScanError` where it is not whole."""
        from napari_scantwin.twin.storage import load

        return load(path)

    def _inherited(self) -> dict:
        kept = ("source", "sha256", "sample_mass", "sample_mass_units", "instrument", "title", "long_name")
        return {
            **{key: self.scan.attrs[key] for key in kept if key in self.scan.attrs},
            "twin_settings": json.dumps(asdict(self.settings)),
            "twin_score": json.dumps(self.score.to_dict()),
            "seed": self.settings.seed,
            "versions": json.dumps({"napari-scantwin": __version__}),
        }

    def _checked_grid(self, grid) -> dict[str, np.ndarray]:
        grid = dict(self.default_grid() if grid is None else grid)
        for name in grid:
            if name not in self.axes:
                raise ScanError(f"the twin has no axis {name!r}; its axes are {', '.join(self.axes)}")
        default = self.default_grid()
        axes = {name: np.atleast_1d(np.asarray(grid.get(name, default[name]), float)) for name in self.axes}
        for name, axis in axes.items():
            unit = units.pretty(self.scan[name].attrs["units"])
            if axis.ndim != 1 or not len(axis) or not np.isfinite(axis).all():
                raise ScanError(f"the values for {name} must be finite numbers in {unit or 'its unit'}")
            if len(np.unique(axis)) != len(axis):
                raise ScanError(f"the values for {name} name one place twice")
        total = np.prod([float(len(axis)) for axis in axes.values()])
        if total > _MOST_POINTS:
            raise ScanError(f"a map of {total:.2g} points is too large for memory; take at most {_MOST_POINTS:.0e}")
        return axes
