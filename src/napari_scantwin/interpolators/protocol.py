"""What an interpolator is: a way to fill the space between sweeps that can be fitted without some of them.

An :class:`Interpolator` is a frozen description of what to do; fitting it to the sweeps that are kept gives a
:class:`FittedInterpolator`, which answers everywhere. A new one is a module with these two classes and one line in
:mod:`napari_scantwin.twin.candidates.library`; nothing else asks what kind an interpolator is.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from napari_scantwin.core.grids import mesh
from napari_scantwin.interpolators.aligned import Rows
from napari_scantwin.interpolators.difference import difference

__all__ = [
    "ALIGNED",
    "LOW_RANK",
    "NETWORKS",
    "SMALL",
    "SPLINE",
    "FittedFolds",
    "FittedInterpolator",
    "Folds",
    "Interpolator",
    "TrainingPoints",
]

#: Scans of at most so many points are fitted whole, by second-order steps and Gaussian processes.
SMALL = 5000
#: Families of interpolators that are named elsewhere.
ALIGNED, LOW_RANK, NETWORKS, SPLINE = "aligned interpolation", "low rank", "network", "spline"


class TrainingPoints(Protocol):
    """The points of a scan as an interpolator sees them.

    Attributes
    ----------
    coordinates
        Places [n, axes] in the scan's units, slow axis first.
    targets
        Values [n] scaled to mean 0 and deviation 1.
    sample_weight
        Sample weights [n], of mean 1.
    group
        The number of the sweep each point is held out with [n].
    knots
        The sweeps' places on the slowest axis [groups], ascending.
    sweeps
        Whether the points lie in sweeps; false where they are scattered and the groups mere blocks.
    axes
        How many axes were scanned.
    sweep
        The number of the sweep of each point [n].
    variance
        The variance of each target's noise [n].
    shared
        The points of all branches where these are one of several, for those that learn from all at once; else None.
    branch
        Which of those they are.
    """

    coordinates: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    sweep: np.ndarray
    shared: Any
    branch: int

    @property
    def variance(self) -> np.ndarray: ...

    @property
    def group(self) -> np.ndarray: ...

    @property
    def knots(self) -> np.ndarray: ...

    @property
    def sweeps(self) -> bool: ...

    @property
    def axes(self) -> int: ...

    def once(self, key, make: Callable[[], Any]) -> Any:
        """``make()``, computed the first time ``key`` is asked for and kept; safe from several threads."""

    def rows(self, share: float) -> Rows:
        """The sweeps by level, smoothed, with draws of their errors (two axes only).

        Parameters
        ----------
        share
            The share of the plain fast axis in the level, 0 to 1.
        """


class FittedInterpolator(ABC):
    """A fitted interpolator: it answers everywhere, in units of the values' spread about their offset."""

    #: The word a saved twin knows it by; never changed once files hold it.
    kind: ClassVar[str]
    #: What it is in words; neural networks of all kinds are one.
    in_words: ClassVar[str]
    #: Whether a map of millions of points takes it seconds at most.
    instant: ClassVar[bool] = False

    @abstractmethod
    def outputs(self, coordinates: np.ndarray, stop: threading.Event | None = None) -> np.ndarray:
        """Values of every member.

        Parameters
        ----------
        coordinates
            Places [n, axes] in the scan's units, slow axis first.
        stop
            A ``threading.Event`` that ends the work where it is long enough to look at it; never by default.

        Returns
        -------
        array
            Values [members, n] in units of the values' spread. Their mean is the prediction, their scatter what the
            interpolator knows of its own error.

        Raises
        ------
        Cancelled
            Where ``stop`` is set.
        """

    def moments_on_grid(
        self, axes: Sequence[np.ndarray], stop: threading.Event | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the members on a grid: what :meth:`outputs` at its points gives.

        One that works out only once what depends on few of the axes is many times faster; here each point is asked for.

        Parameters
        ----------
        axes
            Values of each axis in the scan's units, slow axis first.
        stop
            As in :meth:`outputs`.

        Returns
        -------
        tuple of arrays
            Mean and variance [slow, ..., fast], in units of the values' spread and its square, to single precision.
        """
        outputs = self.outputs(mesh(axes), stop)
        shape = [len(axis) for axis in axes]
        return outputs.mean(axis=0).reshape(shape), outputs.var(axis=0).reshape(shape)

    def slopes(
        self,
        coordinates: np.ndarray,
        axis: int,
        span: float,
        order: int,
        stop: threading.Event | None = None,
    ) -> np.ndarray:
        """First or second derivative of every member along one axis.

        Parameters
        ----------
        coordinates
            Places [n, axes] in the scan's units, slow axis first.
        axis
            The number of the axis, 0 being the slowest.
        span
            The measured range of that axis, in its unit.
        order
            Which derivative, 1 or 2.
        stop
            As in :meth:`outputs`.

        Returns
        -------
        array
            Derivatives [members, n], per unit of the axis (squared, for the second).
        """

        def values(places: np.ndarray) -> np.ndarray:
            return np.asarray(self.outputs(places, stop), float)

        return difference(values, coordinates, axis, span, order, self.held_range(axis))

    def held_range(self, axis: int) -> tuple[float, float] | None:
        """The ends along ``axis`` beyond which the values stay what they are there; None where they go on."""
        return None

    @abstractmethod
    def to_arrays(self) -> dict[str, np.ndarray]:
        """Everything as plain arrays by name, for saving."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> FittedInterpolator:
        """The inverse of :meth:`to_arrays`."""


@dataclass(frozen=True)
class Folds:
    """A request for the fits that judge an interpolator.

    Parameters
    ----------
    masks
        Which sweeps are kept, one array of bool [groups] for each fit, the held-out folds first.
    members
        The size of the ensemble that a fit of everything has.
    seed
        Fixes every random choice.
    stop
        Ends the work when it is set.
    workers
        How many fits may run at once.
    stream
        Draws from the whole scan, however large, for those that train all folds together.
    budget
        Seconds these may take; as long as it takes by default.
    report
        Called by these with (done, total, train_error, held_out_error); errors in the value's unit, or None.
    """

    masks: list[np.ndarray]
    members: int = 1
    seed: int = 0
    stop: threading.Event | None = None
    workers: int = 1
    stream: Any = None
    budget: float | None = None
    report: Callable[..., None] = lambda *_: None


@dataclass(frozen=True)
class FittedFolds:
    """What came of a request of :class:`Folds`.

    Parameters
    ----------
    fits
        The fit of every mask.
    steps
        The steps that took.
    whole
        The fit of everything, where it was made along with them.
    notes
        What a user should read, a sentence each.
    """

    fits: list[FittedInterpolator]
    steps: int
    whole: FittedInterpolator | None = None
    notes: tuple[str, ...] = ()


class Interpolator(ABC):
    """A way to fill the space between sweeps; ``str()`` of it names it in tables."""

    #: What fitting it gives.
    fitted: ClassVar[type[FittedInterpolator]]
    #: Whether a fit takes milliseconds, so that a stopped training can still afford it.
    instant: ClassVar[bool] = False
    #: Roughly how long judging it takes, in fits of a spline.
    cost: ClassVar[int] = 1
    #: The word for its kind, by which a choice is made in two steps (:mod:`napari_scantwin.twin.validation.stacking`).
    family: ClassVar[str]
    #: Whether a twin that has tried nothing else has learned something.
    learns: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def candidates(cls, points: TrainingPoints, training_budget) -> list[Interpolator]:
        """The interpolators of this kind worth trying on a scan.

        Parameters
        ----------
        points
            The scan's points.
        training_budget
            What the chosen preset allows (:class:`napari_scantwin.twin.settings.TrainingBudget`).

        Returns
        -------
        list
            Cheapest first; empty where the kind does not apply.
        """

    @abstractmethod
    def fit(
        self,
        points: TrainingPoints,
        kept: np.ndarray,
        members: int = 1,
        seed: int = 0,
        stop: threading.Event | None = None,
    ) -> FittedInterpolator:
        """Fit to some sweeps.

        Parameters
        ----------
        points
            The whole scan; of the sweeps that are not kept nothing but their range may be used.
        kept
            Which sweeps are known, bool [groups].
        members
            Size of the ensemble, for those that have one.
        seed
            Fixes every random choice.
        stop
            A ``threading.Event`` that ends the fit.

        Raises
        ------
        Cancelled
            Where ``stop`` was set.
        """

    def fit_folds(self, points: TrainingPoints, folds: Folds) -> FittedFolds:
        """Make the fits by which it is judged: here each by itself, several at a time."""

        def one(mask: np.ndarray) -> FittedInterpolator:
            return self.fit(points, mask, 1, folds.seed, folds.stop)

        with ThreadPoolExecutor(folds.workers) as pool:
            fits = list(pool.map(one, folds.masks))
        return FittedFolds(fits, steps=len(fits))

    def get_ready(self, say: Callable[[str], None], stop: threading.Event | None) -> None:
        """Load what takes long to load; here nothing.

        Parameters
        ----------
        say
            Called with what is being loaded, in words.
        stop
            A ``threading.Event`` that ends the wait.
        """
        return

    def compile_for(self, points: TrainingPoints, folds: Folds) -> None:
        """Compile what :meth:`fit_folds` will run with the same arguments, and fit nothing; here nothing."""
        return
