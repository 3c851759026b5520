"""How one curve of a cut is fitted: started from peaks that are found one after another, or from a neighbour's fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.processing.counting import fit_weighted
from napari_scantwin.processing.linear import gaussian as gaussian_mean
from napari_scantwin.processing.linear import per_fwhm
from napari_scantwin.processing.peak_model import CurveModel

if TYPE_CHECKING:
    import lmfit

__all__ = ["CurveFit", "CurveFitter"]

#: A peak counts where what of it neither the background nor the other peaks can take over stands out of the noise by
#: this many standard deviations: the highest of some ten places in pure noise hardly ever does.
_SURE = 5.0
#: Widths a new peak is tried with, as shares of the window.
_WIDTHS = (0.03, 0.1, 0.25)
#: Width of the mean a curve's highest place is looked for in, as a share of the window.
_SMOOTH = 0.03
#: Evenly spaced curves that are tried as the beginning.
_CANDIDATES = 7
#: The area of a Lorentzian over its height and width.
_LORENTZIAN = np.pi / 2


@dataclass
class CurveFit:
    """The fit of one curve.

    Parameters
    ----------
    parameters
        lmfit's parameters.
    errors
        One standard deviation of each free parameter.
    chi
        The reduced chi-square.
    stands_out
        By how many standard deviations each peak stands out; 0 where it is none.
    curve
        The fitted curve [n].
    """

    parameters: lmfit.Parameters
    errors: dict[str, float]
    chi: float
    stands_out: list[float]
    curve: np.ndarray

    @property
    def sure(self) -> list[bool]:
        """Which peaks stand out enough to count."""
        return [one > _SURE for one in self.stands_out]

    def next_start(self, before: lmfit.Parameters) -> lmfit.Parameters:
        """Where the next curve's fit starts: here; peaks that were not found here stay where they were ``before``."""
        start = self.parameters.copy()
        for number, sure in enumerate(self.sure, 1):
            if not sure:
                for what in ("position", "width", "area"):
                    start[f"{what}_{number}"].value = before[f"{what}_{number}"].value
        return start


class CurveFitter:
    """The curves of a cut and how one of them is fitted.

    Parameters
    ----------
    x
        The axis along the curves [n].
    values, errors, seen
        The curves, their errors (or None) and which values take part [m, n].
    counted
        Whether the values are counts.
    scale
        The intensity in whose units the parameters are.
    peaks, shape, background, gaussian, occupation
        As in :class:`~napari_scantwin.processing.peak_model.CurveModel`.
    """

    def __init__(
        self, x, values, errors, seen, counted, scale, peaks, shape, background, gaussian, occupation
    ):  # fmt: skip
        self.x, self.values, self.errors, self.seen, self.counted, self.scale = x, values, errors, seen, counted, scale
        self.peaks, self.shape, self.background, self.gaussian = peaks, shape, background, gaussian
        self.occupation = occupation
        self.whole = CurveModel(x, peaks, shape, background, gaussian, occupation)

    def done(self, count: int, total: int, tell) -> None:
        """Tell ``tell``, where there is one, that ``count`` of ``total`` curves are fitted."""
        if tell is not None:
            tell(count / total)

    def best_beginning(self, positions) -> tuple[int, CurveFit]:
        """The curve to begin with and its fit.

        Of the curve that stands out most and some evenly spaced ones, it is the one whose least certain peak is the
        most certain (bands that cross in the strongest curve are apart in another).

        Parameters
        ----------
        positions
            One position a peak, or None: the highest places.

        Returns
        -------
        tuple
            The curve's number and its :class:`CurveFit`.

        Raises
        ------
        ScanError
            Where no curve shows all peaks.
        """
        smooth = self._smooth(np.where(self.seen, self.values, 0.0))
        usable = self.seen.sum(axis=1) > 0.8 * self.seen.sum(axis=1).max()
        height = np.where(usable, smooth.max(axis=1) - np.median(smooth, axis=1), -np.inf)
        candidates = [int(np.argmax(height))]
        if self.peaks > 1:
            candidates += [int(one) for one in np.linspace(0, len(height) - 1, _CANDIDATES) if usable[int(one)]]
        found: list[tuple[float, int, CurveFit]] = []
        failed = None
        for number in dict.fromkeys(candidates):
            try:
                fit = self.first(number, positions)
            except ScanError as reason:
                failed = failed or reason
                continue
            if all(fit.sure):
                found.append((min(fit.stands_out), number, fit))
        if not found:
            raise failed or ScanError(f"no curve shows {self.peaks} peaks; fit fewer, or give their positions")
        _, number, fit = max(found, key=lambda one: one[0])
        return number, fit

    def _smooth(self, curves: np.ndarray) -> np.ndarray:
        width = max(3 * self.whole.step, _SMOOTH * self.whole.span)
        return (gaussian_mean(self.x, width * per_fwhm) @ curves.T).T

    def _model(self, number: int, peaks: int) -> CurveModel:
        if peaks == self.peaks and self.seen[number].all():
            return self.whole
        x = self.x[self.seen[number]]
        return CurveModel(x, peaks, self.shape, self.background, self.gaussian, self.occupation)

    def _fit(self, number: int, peaks: int, parameters: lmfit.Parameters) -> CurveFit:
        seen = self.seen[number]
        model = self._model(number, peaks)
        errors = None if self.errors is None else self.errors[number, seen]
        # The model is in counts where they weigh as counts, so that its variance is itself.
        found, covariance, chi = fit_weighted(
            lambda p: self.scale * model(p), self.values[number, seen], errors, parameters, self.counted
        )
        deviation = dict(zip(found.var_names, np.sqrt(np.maximum(np.diag(covariance), 0)), strict=True))
        p = found.params.valuesdict()
        fitted = self.scale * model(found.params)
        variance = (
            errors**2 if errors is not None else np.maximum(fitted, 0.5) if self.counted else np.ones(len(fitted))
        )
        misfit = np.sum((fitted - self.values[number, seen]) ** 2 / variance) / (len(fitted) - len(found.var_names))
        known = errors is not None or self.counted
        stands_out = self._standing_out(model, found.params, variance * (max(misfit, 1.0) if known else misfit))
        edge = 0.5 * self.whole.step
        for peak in range(1, peaks + 1):
            inside = self.x.min() + edge < p[f"position_{peak}"] < self.x.max() - edge
            told = 0 < deviation[f"position_{peak}"] < self.whole.span / 4
            if not (inside and told and p[f"width_{peak}"] < self.whole.span):
                stands_out[peak - 1] = 0.0
        whole = self.whole if peaks == self.peaks else model
        curve = self.scale * whole(found.params) if peaks == self.peaks else np.empty(0)
        return CurveFit(found.params, deviation, chi, stands_out, curve)

    def _standing_out(self, model: CurveModel, parameters: lmfit.Parameters, variance: np.ndarray) -> list[float]:
        """The length of each peak over the noise, without what background and other peaks could take over."""
        peaks, below = (self.scale * part / np.sqrt(variance) for part in model.parts(parameters))
        found = []
        for number, peak in enumerate(peaks):
            others = np.vstack([np.delete(peaks, number, axis=0), below])
            taken, *_ = np.linalg.lstsq(others.T, peak, rcond=None)
            found.append(float(np.linalg.norm(peak - others.T @ taken)))
        return found

    def first(self, number: int, positions) -> CurveFit:
        """The fit of the curve to begin with: peaks at some positions, or found one after another.

        Parameters
        ----------
        number
            The curve's number.
        positions
            One position a peak, or None.

        Raises
        ------
        ScanError
            Where the curve was hardly measured or does not show all peaks.
        """
        if self.seen[number].sum() <= 3 * self.peaks + 2:
            raise ScanError("the curve to begin with was hardly measured; choose another one for 'begin'")
        x, curve = self.x[self.seen[number]], self.values[number, self.seen[number]] / self.scale
        level = float(np.quantile(curve, 0.1))
        span = self.whole.span
        if positions is not None:
            ordered = np.sort(np.asarray(positions, float))
            heights = np.maximum(np.interp(ordered, x[np.argsort(x)], curve[np.argsort(x)]) - level, 0.05)
            tried = []
            for width in _WIDTHS:
                start = self._model(number, self.peaks).parameters(
                    ordered,
                    [width * span / self.peaks] * self.peaks,
                    heights * width * span / self.peaks * _LORENTZIAN,
                    level,
                )
                tried.append(self._fit(number, self.peaks, start))
            return self._best(number, tried)
        known: list[tuple[float, float, float]] = []
        slope = 0.0
        for count in range(1, self.peaks + 1):
            tried = []
            rest = curve - self._drawn(number, known, level, slope)
            smooth = gaussian_mean(x, max(3 * self.whole.step, _SMOOTH * span) * per_fwhm) @ rest
            place = float(x[np.argmax(smooth)])
            for width in _WIDTHS:
                new = (place, width * span, max(float(smooth.max()), 0.02) * width * span * _LORENTZIAN)
                starts = [*known, new]
                model = self._model(number, count)
                tried.append(self._fit(number, count, model.parameters(*zip(*starts, strict=True), level, slope)))
            best = self._best(number, tried) if count == self.peaks else min(tried, key=self._badness(number, count))
            p = best.parameters.valuesdict()
            known = [tuple(p[f"{what}_{one}"] for what in ("position", "width", "area")) for one in range(1, count + 1)]
            level, slope = p["level"], p["slope"]
        return self._sorted(number, best)

    def _drawn(self, number: int, known, level: float, slope: float) -> np.ndarray:
        model = self._model(number, len(known))
        if not known:
            return np.full(int(self.seen[number].sum()), level)
        return model(model.parameters(*zip(*known, strict=True), level, slope))

    def _badness(self, number: int, peaks: int):
        seen = self.seen[number]

        def misfit(result: CurveFit) -> float:
            model = self._model(number, peaks)
            return float(np.sum((self.scale * model(result.parameters) - self.values[number, seen]) ** 2))

        return misfit

    def _best(self, number: int, tried: list[CurveFit]) -> CurveFit:
        good = [one for one in tried if all(one.sure)]
        if not good:
            sure = max(sum(one.sure) for one in tried)
            raise ScanError(
                f"the first curve shows {sure} of {self.peaks} peaks; fit fewer 'peaks', give 'positions', or "
                "another curve to 'begin' at"
            )
        return min(good, key=self._badness(number, self.peaks))

    def _sorted(self, number: int, result: CurveFit) -> CurveFit:
        """Peaks numbered upwards along the axis: fitted once more in that order."""
        p = result.parameters.valuesdict()
        order = np.argsort([p[f"position_{one}"] for one in range(1, self.peaks + 1)]) + 1
        columns = [[p[f"{what}_{one}"] for one in order] for what in ("position", "width", "area")]
        start = self.whole.parameters(*columns, p["level"], p["slope"], p.get("gaussian"))
        return self._fit(number, self.peaks, start)

    def from_neighbour(self, number: int, start: lmfit.Parameters) -> CurveFit | None:
        """The fit of a curve started from its neighbour's.

        Parameters
        ----------
        number
            The curve's number.
        start
            The neighbour's parameters.

        Returns
        -------
        CurveFit or None
            None where hardly anything of the curve was measured.
        """
        if self.seen[number].sum() <= 3 * self.peaks + 4:
            return None
        p = start.valuesdict()
        columns = [[p[f"{what}_{one}"] for one in range(1, self.peaks + 1)] for what in ("position", "width", "area")]
        model = self._model(number, self.peaks)
        return self._fit(number, self.peaks, model.parameters(*columns, p["level"], p["slope"], p.get("gaussian")))
