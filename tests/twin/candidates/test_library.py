"""The register of interpolators: each saved under a word of its own, and a new one costs a line."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.grids import mesh
from napari_scantwin.interpolators.low_rank import LowRank
from napari_scantwin.interpolators.protocol import FittedInterpolator, Interpolator
from napari_scantwin.twin import Twin, TwinSettings, train
from napari_scantwin.twin.candidates import library
from napari_scantwin.twin.candidates.large_networks import LargeNetworks
from napari_scantwin.twin.candidates.small_networks import SmallNetworks
from napari_scantwin.twin.data import prepare

from ..conftest import FIELDS, truth

PLACES = np.random.default_rng(0).uniform([0, 6], [9, 49], (50, 2))


@dataclass(frozen=True)
class FittedMeans(FittedInterpolator):
    """The mean of the sweep nearest by."""

    knots: np.ndarray
    means: np.ndarray

    kind: ClassVar[str] = "sweep means"
    in_words: ClassVar[str] = "sweep means"
    instant: ClassVar[bool] = True

    def outputs(self, coordinates, stop=None):
        return self.means[np.abs(coordinates[:, :1] - self.knots).argmin(axis=1)][None]

    def to_arrays(self):
        return {"knots": self.knots, "means": self.means}

    @classmethod
    def from_arrays(cls, arrays):
        return cls(**arrays)


@dataclass(frozen=True)
class Means(Interpolator):
    """Fits :class:`FittedMeans`."""

    fitted: ClassVar[type] = FittedMeans
    family: ClassVar[str] = "sweep means"
    instant: ClassVar[bool] = True

    def __str__(self):
        return "sweep means"

    @classmethod
    def candidates(cls, points, training_budget):
        return [cls()]

    def fit(self, points, kept, members=1, seed=0, stop=None):
        means = [points.targets[points.group == number].mean() for number in np.flatnonzero(kept)]
        return FittedMeans(points.knots[kept], np.array(means))


def by_kind(scan) -> dict[str, FittedInterpolator]:
    """One of every kind, fitted to the scan."""
    data, training_budget = prepare(scan, 8), TwinSettings(members=2).training_budget
    everything = np.ones(len(FIELDS), bool)
    small = dataclasses.replace(training_budget, layers=2, nodes=8, steps=60, feature_steps=60)
    chosen = {type(one): one for one in library.candidates(data, small)}
    chosen |= {SmallNetworks: SmallNetworks("plain", (8,), 0.03, 20), LargeNetworks: LargeNetworks("plain", small)}
    chosen |= {LowRank: LowRank()}
    return {
        kind.fitted.kind: chosen[kind].fit(prepare(on_grid(), 8) if kind is LowRank else data, everything, 2)
        for kind in library.INTERPOLATORS
    }


def on_grid():
    """The truth of the scan at the same temperatures in every field."""
    temperature = np.linspace(5, 50, 40)
    axes = {"magnetic_field": (FIELDS, "T"), "temperature": (temperature, "K")}
    values = truth(*np.meshgrid(FIELDS, temperature, indexing="ij"))
    noise = 0.01 * np.random.default_rng(3).normal(size=values.shape)
    return scans.gridded_scan(axes, values + noise, name="moment", unit="emu")


def test_every_kind_comes_back_from_its_arrays_by_its_word(scan):
    fitted = by_kind(scan)
    assert list(fitted) == [one.fitted.kind for one in library.INTERPOLATORS if one.fitted.kind in fitted]
    assert len(fitted) == len(library.INTERPOLATORS) == 7
    for kind, one in fitted.items():
        again = library.fitted_of_kind(kind).from_arrays(one.to_arrays())
        np.testing.assert_array_equal(again.outputs(PLACES), one.outputs(PLACES))
        np.testing.assert_array_equal(again.slopes(PLACES, 1, 45.0, 1), one.slopes(PLACES, 1, 45.0, 1))


def test_every_kind_gives_on_a_grid_what_it_gives_at_its_points(scan):
    field, temperature = np.linspace(-1, 11, 23), np.random.default_rng(3).permutation(np.linspace(0, 60, 91))
    grid = mesh((field, temperature))
    for kind, one in by_kind(scan).items():
        outputs = one.outputs(grid)
        mean, variance = one.moments_on_grid((field, temperature))
        assert mean.shape == variance.shape == (23, 91), kind
        tolerance = 1e-5 * np.ptp(outputs)
        np.testing.assert_allclose(mean.ravel(), outputs.mean(axis=0), rtol=0, atol=tolerance, err_msg=kind)
        np.testing.assert_allclose(np.sqrt(variance.ravel()), outputs.std(axis=0), rtol=0, atol=tolerance, err_msg=kind)


def test_large_networks_fitted_alone_see_no_held_out_sweep(scan):
    data = prepare(scan, 8)
    spoiled = prepare(scan.copy(data=np.where(scan["magnetic_field"] == 4.0, 9.0, scan.values)), 8)
    spoiled = type(data)(**{**vars(data), "targets": np.where(data.group == 3, spoiled.targets, data.targets)})
    budget = TwinSettings().training_budget
    training_budget = dataclasses.replace(budget, members=2, folds=3, layers=2, nodes=8, steps=60)
    one, other = (LargeNetworks("plain", training_budget).fit(each, np.arange(6) != 3, 2) for each in (data, spoiled))
    assert one.outputs(PLACES).shape == (2, 50)
    np.testing.assert_array_equal(one.outputs(PLACES), other.outputs(PLACES))


def test_a_new_interpolator_takes_part_in_a_twin_by_one_line(scan, tmp_path, monkeypatch):
    monkeypatch.setattr(library, "INTERPOLATORS", [Means])
    twin = train(scan, TwinSettings(members=2), score_baselines=False)
    assert twin.mixture.names == ("sweep means",)
    again = Twin.load(twin.save(tmp_path / "means.twin"))
    np.testing.assert_array_equal(again.predict(PLACES)[0], twin.predict(PLACES)[0])
    monkeypatch.undo()
    with pytest.raises(ScanError, match=r"means\.twin cannot be opened: .*no interpolator of the kind 'sweep means'"):
        Twin.load(tmp_path / "means.twin")
