"""The twin as a scikit-learn estimator, for pipelines, cross-validation and comparisons."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin.settings import TwinSettings
from napari_scantwin.twin.training import train

__all__ = ["TwinRegressor"]

_MOST_AXES = 10


class TwinRegressor(RegressorMixin, BaseEstimator):
    """A twin as a scikit-learn regressor, for points ``X`` [n, axes] and values ``y`` [n].

    The slowest axis stands first, the fast axis last.

    Points that share their slow-axis values are a sweep; where points are scattered, blocks along the first axis are
    held out instead.

    Parameters
    ----------
    preset, members, time_budget, seed
        Those of :class:`TwinSettings`.

    Attributes
    ----------
    twin_
        The :class:`Twin`, after :meth:`fit`; None where ``y`` is one value throughout.
    """

    def __init__(self, preset="fast", members=None, time_budget=None, seed=0):
        self.preset = preset
        self.members = members
        self.time_budget = time_budget
        self.seed = seed

    def fit(self, X, y):
        """Train the twin.

        Parameters
        ----------
        X
            Points [n, axes], the slowest axis first.
        y
            Values [n].

        Returns
        -------
        TwinRegressor
            Itself.

        Raises
        ------
        ScanError
            Where the points are too few, or there are more than ten axes that vary.
        """
        X, y = validate_data(self, X, y, y_numeric=True, dtype=float, ensure_min_samples=8)
        settings = TwinSettings(self.preset, self.members, self.time_budget, self.seed)
        # An axis held at one value tells nothing.
        self.varied_ = np.flatnonzero(np.ptp(X, axis=0) > 0)
        if len(self.varied_) > _MOST_AXES:
            raise ScanError(f"a twin has at most {_MOST_AXES} axes, not {len(self.varied_)}")
        self.mean_ = float(np.mean(y))
        self.twin_ = None
        if np.ptp(y) > 0 and len(self.varied_):
            axes = {f"axis_{number}": (X[:, number], "1") for number in self.varied_}
            scan = scans.ragged_scan(axes, y, name="value", unit="1")
            self.twin_ = train(scan, settings, score_baselines=False)
        return self

    def predict(self, X, return_std=False):
        """Predict values, with their standard deviations if wanted.

        Parameters
        ----------
        X
            Points [n, axes], the slowest axis first.
        return_std
            Whether the standard deviations are returned as well.

        Returns
        -------
        array or tuple of arrays
            Values [n], or these and their standard deviations [n].
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=float, reset=False)
        if self.twin_ is None:
            mean, std = np.full(len(X), self.mean_), np.zeros(len(X))
        else:
            mean, std = self.twin_.predict(X[:, self.varied_])
        return (mean, std) if return_std else mean
