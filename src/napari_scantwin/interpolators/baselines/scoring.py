"""Every baseline by name, and their predictions of held-out sweeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.interpolators.baselines.slices import GaussianSmoothing, PrincipalComponents
from napari_scantwin.interpolators.baselines.smoothers import (
    GaussianProcessBaseline,
    KernelRidgeRegression,
    Mlp,
    RandomForest,
    Rbf,
)
from napari_scantwin.interpolators.baselines.sweepwise import AlignedSweeps, Cubic, Linear, Monotone

__all__ = ["BASELINES", "score_baselines"]

#: Every baseline by the name shown in tables.
BASELINES: dict[str, type] = {
    "linear": Linear,
    "cubic spline": Cubic,
    "monotone spline": Monotone,
    "aligned interpolation": AlignedSweeps,
    "RBF": Rbf,
    "Gaussian process": GaussianProcessBaseline,
    "kernel ridge": KernelRidgeRegression,
    "random forest": RandomForest,
    "MLP": Mlp,
    "Gaussian smoothing": GaussianSmoothing,
    "PCA": PrincipalComponents,
}


def score_baselines(
    scan: xr.DataArray,
    folds: np.ndarray,
    *,
    names: Iterable[str] | None = None,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, np.ndarray]:
    """Held-out predictions of the baselines.

    Parameters
    ----------
    scan
        The scan.
    folds
        For each sweep with unmasked points [m], in the order of their numbers, the fold that holds it out; a sweep at
        -1 is never held out.
    names
        Which baselines (default: all).
    stop
        Ends the work at the next fit when it is set.
    on_progress
        Called with the fraction done.

    Returns
    -------
    dict
        Name to values [n] at the points of ``scan.points(scan)``, NaN for points that are masked or never held out. A
        baseline that cannot fit this scan is left out.

    Raises
    ------
    Cancelled
        Where ``stop`` is set.
    ScanError
        Where there is not one fold a sweep.
    """
    table = scans.points(scan)
    numbers = np.unique(table.sweep[~table.masked])
    folds = np.asarray(folds, int)
    if folds.shape != numbers.shape:
        raise ScanError(f"{len(numbers)} sweeps need a fold each, but {folds.size} folds were given")
    place = np.clip(np.searchsorted(numbers, table.sweep), 0, max(len(numbers) - 1, 0))
    fold = np.where(table.masked, -1, folds[place])
    names = list(BASELINES if names is None else names)
    held_folds = [k for k in np.unique(folds) if k >= 0]
    predictions: dict[str, np.ndarray] = {}
    for done, name in enumerate(names):
        result = np.full(len(table.values), np.nan)
        try:
            # One thread: for matrices this small, threads that wait for each other cost more than they bring.
            with threadpool_limits(1):
                settings = BASELINES[name]().settings(scan)
                for step, k in enumerate(held_folds):
                    if stop is not None and stop.is_set():
                        raise Cancelled
                    held = fold == k
                    rows = ~table.masked & ~held
                    if held.any() and rows.any():
                        result[held] = BASELINES[name]().fit(scan, rows, settings).predict(table.coordinates[held])
                    if on_progress is not None:
                        on_progress((done + (step + 1) / len(held_folds)) / len(names))
        except (ScanError, np.linalg.LinAlgError):
            continue  # not applicable to this scan: no row in the table
        predictions[name] = result
    return predictions
