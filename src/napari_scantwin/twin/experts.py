"""The experts a twin is blended from: ways to fill a scan that can each be fitted without some sweeps.

An expert is a frozen description (what to do); fitting it to the sweeps that are kept gives something with
``outputs(coordinates) -> [members, n]``, in units of the scan's spread about its offset, and ``to_arrays()``,
everything it needs to be saved. ``FITTED`` names the fitted kinds for :mod:`napari_scantwin.twin.storage`.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import asdict, dataclass, fields

import numpy as np

from napari_scantwin.interpolators.aligned import MovingMesh, Rows
from napari_scantwin.interpolators.kernel import Kernel, fit_kernel, learn_scales
from napari_scantwin.networks.dense import evaluate, evaluate_slopes
from napari_scantwin.networks.small_network import evaluate_small, fit_small
from napari_scantwin.twin.data import DRAWS, Data
from napari_scantwin.twin.derivatives import difference
from napari_scantwin.twin.features import SCALE_NAMES, FeatureMap

__all__ = [
    "ALIGNED_SHARE",
    "FITTED",
    "FittedLarge",
    "GaussianProcess",
    "Interpolation",
    "Polynomial",
    "SmallNetworks",
    "features_for",
]

#: Share of the plain fast axis in the level that aligns sweeps, so that flat stretches keep a length.
ALIGNED_SHARE = 0.1


# --- what is fitted ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FittedMesh:
    """A moving mesh (or, its level being the fast axis, a spline)."""

    mesh: MovingMesh

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        """The mesh plus each draw of its errors and minus it, so that they average to the mesh."""
        values, *errors = self.mesh.with_errors(coordinates)
        return np.stack([values + error for error in errors] + [values - error for error in errors] or [values])

    def to_arrays(self) -> dict:
        mesh = self.mesh
        kinds = np.array([mesh.position_scale, mesh.value_scale, mesh.spline])
        rows = {"positions": mesh.rows.positions, "values": mesh.rows.values, "errors": mesh.rows.errors}
        return {"kinds": kinds, "knots": mesh.knots, **rows}

    @classmethod
    def from_arrays(cls, arrays: dict) -> FittedMesh:
        rows = Rows(arrays["positions"], arrays["values"], arrays["errors"])
        return cls(MovingMesh(arrays["knots"], rows, *(str(kind) for kind in arrays["kinds"])))


@dataclass(frozen=True)
class FittedPolynomial:
    """``coefficients`` of the products of axes that ``powers`` [terms, axes] names, axes scaled to +-1."""

    low: np.ndarray
    high: np.ndarray
    powers: np.ndarray
    coefficients: np.ndarray

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        return (_terms(coordinates, self.low, self.high, self.powers) @ self.coefficients)[None]

    def to_arrays(self) -> dict:
        return asdict(self)

    @classmethod
    def from_arrays(cls, arrays: dict) -> FittedPolynomial:
        return cls(**arrays)


@dataclass(frozen=True)
class _Described:
    """Something fitted over the features of a :class:`FeatureMap`."""

    features: FeatureMap

    def _feature_arrays(self) -> dict:
        return {f"features/{name}": array for name, array in self.features.to_arrays().items()}

    @staticmethod
    def _features_from(arrays: dict) -> FeatureMap:
        inner = {key.removeprefix("features/"): a for key, a in arrays.items() if key.startswith("features/")}
        return FeatureMap.from_arrays(inner)


@dataclass(frozen=True)
class FittedKernel(_Described):
    """A Gaussian process: its mean and draws from its posterior."""

    kernel: Kernel

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        return self.kernel.predict(self.features(coordinates))

    def to_arrays(self) -> dict:
        return self._feature_arrays() | asdict(self.kernel)

    @classmethod
    def from_arrays(cls, arrays: dict) -> FittedKernel:
        return cls(cls._features_from(arrays), Kernel(**{part.name: arrays[part.name] for part in fields(Kernel)}))


@dataclass(frozen=True)
class FittedSmall(_Described):
    """Small networks, stacked by member."""

    parameters: list[np.ndarray]

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        return evaluate_small(self.parameters, self.features(coordinates))

    def to_arrays(self) -> dict:
        return self._feature_arrays() | {f"network/{i}": tensor for i, tensor in enumerate(self.parameters)}

    @classmethod
    def from_arrays(cls, arrays: dict):
        count = sum(key.startswith("network/") for key in arrays)
        return cls(cls._features_from(arrays), [arrays[f"network/{number}"] for number in range(count)])


@dataclass(frozen=True)
class FittedLarge(FittedSmall):
    """Large networks, stacked by member, evaluated by TensorFlow where there are many points."""

    def outputs(self, coordinates: np.ndarray, stop=None) -> np.ndarray:
        features = self.features(coordinates)
        return evaluate(
            self.parameters, np.broadcast_to(features, (len(self.parameters[0]), *features.shape)), stop=stop
        )

    def slopes(self, coordinates: np.ndarray, axis: int, span: float, order: int, stop=None) -> np.ndarray:
        """First or second derivative [members, n] along ``axis``, whose range is ``span``."""

        def columns(places):
            return self.features(places).T

        orders = range(1, order + 1)
        slopes = [difference(columns, coordinates, axis, span, number).T for number in orders]
        return evaluate_slopes(self.parameters, np.stack([self.features(coordinates), *slopes]), stop=stop)


FITTED = {kind.__name__: kind for kind in (FittedMesh, FittedPolynomial, FittedKernel, FittedSmall, FittedLarge)}


# --- how it is fitted ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interpolation:
    """Moving mesh where ``share`` is small, spline along the slow axis where it is 1; two axes only."""

    position_scale: str
    value_scale: str
    spline: str
    share: float

    #: Whether a fit takes milliseconds, so that a stopped training can still afford it.
    instant = True

    def __str__(self) -> str:
        name = "moving mesh" if self.share < 1 else "spline"
        scales = f"{self.position_scale}/{self.value_scale}" if self.share < 1 else self.value_scale
        return f"{name}, {self.spline}, {scales}"

    def fit(self, data: Data, kept: np.ndarray, members: int = 1, seed: int = 0, stop=None) -> FittedMesh:
        rows = data.rows(self.share)
        knots = data.groups.knots[kept]
        # Experts alike carry different draws, so that together they tell more of them.
        first = DRAWS * (zlib.crc32(str(self).encode()) % (len(rows.errors) // DRAWS))
        rows = Rows(rows.positions[kept], rows.values[kept], rows.errors[first : first + DRAWS, kept])
        return FittedMesh(MovingMesh(knots, rows, self.position_scale, self.value_scale, self.spline))


@dataclass(frozen=True)
class Polynomial:
    """Least squares; degree 0 is the mean, which is right where there is only noise."""

    degree: int
    instant = True

    def __str__(self) -> str:
        return ("mean", "plane", "quadratic")[self.degree]

    def fit(self, data: Data, kept: np.ndarray, members: int = 1, seed: int = 0, stop=None) -> FittedPolynomial:
        low, high = data.coordinates.min(axis=0), data.coordinates.max(axis=0)
        powers = itertools.product(range(self.degree + 1), repeat=data.axes)
        powers = np.array([power for power in powers if sum(power) <= self.degree])
        rows = kept[data.groups.group]
        root = np.sqrt(data.importance[rows])[:, None]
        terms = _terms(data.coordinates[rows], low, high, powers)
        solved = np.linalg.lstsq(root * terms, root[:, 0] * data.targets[rows], rcond=1e-8)
        return FittedPolynomial(low, high, powers, solved[0])


@dataclass(frozen=True)
class GaussianProcess:
    """A Gaussian process. Its few scales are learned once, from the whole scan: learning them for every fold costs
    much. That they have seen the held-out sweep makes its error look a little smaller, most on a sharp step (0.53
    for 0.60 % of the range by ``benchmarks/accuracy.py --nested``); the rivals' is treated alike."""

    scale: str
    instant = False

    def __str__(self) -> str:
        return f"Gaussian process, {SCALE_NAMES[self.scale]}"

    def fit(self, data: Data, kept: np.ndarray, members: int = 1, seed: int = 0, stop=None) -> FittedKernel:
        everything = features_for(self.scale, data, np.ones(len(data.groups.knots), bool))

        def learned():
            return learn_scales(everything(data.coordinates), data.targets, data.importance, stop)

        logs = data.once(("scales", self.scale), learned)
        features = features_for(self.scale, data, kept)
        rows = kept[data.groups.group]
        columns = (features(data.coordinates[rows]), data.targets[rows], data.importance[rows])
        return FittedKernel(features, fit_kernel(*columns, logs, seed))


@dataclass(frozen=True)
class SmallNetworks:
    """An ensemble of small networks over described points."""

    scale: str
    nodes: tuple[int, ...]
    decay: float
    steps: int
    instant = False

    def __str__(self) -> str:
        layers = "x".join(str(width) for width in self.nodes)
        return f"networks {layers}, decay {self.decay:g}, {SCALE_NAMES[self.scale]}"

    def fit(self, data: Data, kept: np.ndarray, members: int = 1, seed: int = 0, stop=None) -> FittedSmall:
        features = features_for(self.scale, data, kept)
        rows = kept[data.groups.group]
        columns = (features(data.coordinates[rows]), data.targets[rows], data.importance[rows])
        options = {"nodes": self.nodes, "decay": self.decay, "steps": self.steps, "stop": stop}
        fitted = [fit_small(*columns, seed=seed + 1000 * member, **options) for member in range(members)]
        return FittedSmall(features, [np.stack(parts) for parts in zip(*fitted, strict=True)])


def features_for(scale: str, data: Data, kept: np.ndarray) -> FeatureMap:
    """The feature map of a scan whose sweeps ``kept`` (bool [groups]) are known."""
    return FeatureMap.fit(scale, data.coordinates, data.groups.knots[kept])


def _terms(coordinates, low, high, powers) -> np.ndarray:
    scaled = 2 * (coordinates - low) / (high - low) - 1
    return np.stack([np.prod(scaled**power, axis=1) for power in powers], axis=1)
