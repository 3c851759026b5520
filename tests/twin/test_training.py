"""Training: what a twin promises of accuracy, seeds, stopping and bad scans."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.networks.waiting import interruptibly
from napari_scantwin.twin import TwinSettings, train

from .conftest import FIELDS, moving_step, truth


def test_a_twin_fills_a_moving_transition_better_than_linear_interpolation(twin):
    field, temperature = np.meshgrid(np.linspace(0, 9, 37), np.linspace(8, 48, 81), indexing="ij")
    exact = truth(field, temperature).ravel()
    mean, _ = twin.predict(np.stack([field.ravel(), temperature.ravel()], axis=1))
    rows = [truth(known, temperature[0]) for known in FIELDS]
    linear = np.array([[np.interp(f, FIELDS, column) for column in np.array(rows).T] for f in field[:, 0]]).ravel()
    assert np.sqrt(np.mean((mean - exact) ** 2)) < 0.5 * np.sqrt(np.mean((linear - exact) ** 2))


def test_the_score_names_every_sweep_and_every_baselines(twin):
    assert twin.score.methods[0] == "twin"
    assert "monotone spline" in twin.score.methods
    assert twin.score.sweeps == ("0 T", "1 T", "2 T", "4 T", "6 T", "9 T")
    assert twin.score.edge.tolist() == [True, False, False, False, False, True]
    assert twin.score.errors.shape == (len(twin.score.methods), 6)
    assert np.isfinite(twin.score.errors[0]).all()


def test_the_same_seed_gives_the_same_twin(scan, twin):
    again = train(scan, TwinSettings(members=2))
    points = np.random.default_rng(0).uniform(5, 9, (50, 2))
    np.testing.assert_array_equal(again.predict(points)[0], twin.predict(points)[0])


def test_two_thirds_of_held_out_noise_lies_within_one_standard_deviation(twin):
    field, temperature = np.meshgrid(np.linspace(0, 9, 37), np.linspace(8, 48, 81), indexing="ij")
    mean, std = twin.predict(np.stack([field.ravel(), temperature.ravel()], axis=1))
    assert (np.abs(mean - truth(field, temperature).ravel()) < 1.96 * std).mean() > 0.8


def test_the_score_of_a_sweep_is_the_error_of_a_twin_that_never_saw_it():
    """One sweep outweighs all others and lies where the mean is better than any spline: a stacking chosen with it in
    sight would look a seventh better than it is on a sweep that is really new."""
    slow, fast = np.array([1.0, 3, 10, 30, 100, 300, 1000]), np.linspace(0, 10, 24)
    pressure, temperature = np.repeat(slow, len(fast)), np.tile(fast, len(slow))
    new = pressure == 10
    height = np.where(new, np.log10(pressure) / 3, pressure / 1000)
    scan = scans.ragged_scan(
        {"pressure": (pressure, "bar"), "temperature": (temperature, "K")},
        height * (1.5 + np.sin(0.8 * temperature)),
        name="resistance",
        unit="ohm",
    )
    scored = train(scan, TwinSettings(members=2), score_baselines=False).score
    unseen = train(scans.with_masked(scan, new), TwinSettings(members=2), score_baselines=False)
    off = unseen.predict(scans.points(scan).coordinates[new])[0] - scan.values[new]
    assert scored.sweeps[2] == "10 bar"
    assert scored.errors[0, 2] == pytest.approx(np.sqrt(np.mean(off**2)), rel=0.05)


def test_the_log_score_is_that_of_the_noise_where_there_is_nothing_else_to_miss():
    """Readings of a plane scatter by a deviation that is known: its entropy is the best anyone can score."""
    random = np.random.default_rng(4)
    field, temperature = (axis.ravel() for axis in np.meshgrid(np.arange(8.0), np.linspace(5, 50, 50), indexing="ij"))
    values = 2 + 0.1 * field - 0.05 * temperature + 0.02 * random.normal(size=len(field))
    axes = {"magnetic_field": (field, "T"), "temperature": (temperature, "K")}
    scan = scans.ragged_scan(axes, values, name="moment", unit="emu")
    score = train(scan, TwinSettings(members=2), score_baselines=False).score
    best = -np.log(np.sqrt(2 * np.pi * np.e) * 0.02 / np.ptp(values))
    assert best - 0.15 < score.log_score < best + 0.05


def test_uncertainty_grows_outside_the_measured_range_and_is_flagged(twin):
    points = np.array([[9.0, 30.0], [12.0, 30.0], [20.0, 30.0], [9.0, 80.0]])
    _, std = twin.predict(points)
    assert std[0] < std[1] < std[2]
    assert twin.extrapolates(points).tolist() == [False, True, True, True]


def test_a_masked_sweep_takes_no_part(scan):
    left_out = scans.sweep_numbers(scan) == 2
    damaged = scan.copy(data=np.where(left_out, 50.0, scan.values))
    with_damage = train(scans.with_masked(damaged, left_out), TwinSettings(members=2, time_budget=2))
    assert "2 T" not in with_damage.score.sweeps
    assert with_damage.score.value_range < 5


def test_stop_ends_training_and_keeps_the_best(scan):
    stop, after = threading.Event(), []

    def press(progress):
        if stop.is_set():
            after.append(progress)
        elif progress.stage == "training" and progress.held_out_error is not None:
            stop.set()

    twin = train(scan, TwinSettings(preset="thorough", members=2), on_progress=press, stop=stop)
    assert twin.stopped
    assert [progress.stage for progress in after].count("training") <= 1  # the time is in benchmarks/stops.py
    assert np.isfinite(twin.score.inside[0])


def test_stop_before_anything_is_learned_is_cancelled(scan):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        train(scan, on_progress=None, stop=stop)


def test_a_stop_does_not_wait_for_what_cannot_be_interrupted():
    stop = threading.Event()
    began = time.monotonic()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Cancelled):
        interruptibly(lambda: time.sleep(3), stop)
    assert time.monotonic() - began < 1
    with pytest.raises(ZeroDivisionError):
        interruptibly(lambda: 1 / 0, None)


def test_one_axis_and_three_axes_train_as_well():
    x = np.linspace(0, 10, 60)
    line = scans.gridded_scan({"temperature": (x, "K")}, np.sin(x), name="resistance", unit="ohm")
    twin = train(line, TwinSettings(members=2, time_budget=1.5), score_baselines=False)
    assert np.abs(twin.predict(x[:, None])[0] - np.sin(x)).max() < 0.2
    axes = {"sample_temperature": (np.array([10.0, 20, 40, 80]), "K"), "angle": (np.linspace(-5, 5, 9), "deg")}
    axes["energy"] = (np.linspace(-1, 0, 12), "eV")
    t, a, e = np.meshgrid(*(axis for axis, _ in axes.values()), indexing="ij")
    cube = scans.gridded_scan(axes, np.exp(-((e + 0.02 * a**2) ** 2)) * (1 + t / 80), name="intensity", unit="count")
    twin = train(cube, TwinSettings(members=2, time_budget=1.5), score_baselines=False)
    assert twin.score.sweeps == ("10 K", "20 K", "40 K", "80 K")
    assert twin.residual().shape == cube.shape


@pytest.mark.parametrize("sizes", [(4, 3, 4, 9), pytest.param((4, 3, 3, 4, 8), marks=pytest.mark.slow)])
def test_four_and_five_axes_train_as_well(sizes):
    names = ("sample_temperature", "delay", "x", "angle", "energy")[-len(sizes) :]
    columns = [np.linspace(-1, 1, size) for size in sizes]
    mesh = np.meshgrid(*columns, indexing="ij")
    values = np.tanh(2 * (mesh[-1] - 0.5 * mesh[0])) + 0.3 * sum(mesh[1:-1])
    axes = {name: (column, "mm") for name, column in zip(names, columns, strict=True)}
    scan = scans.gridded_scan(axes, values, name="intensity", unit="count")
    twin = train(scan, TwinSettings(members=2, time_budget=1.5), score_baselines=False)
    assert len(twin.score.sweeps) == 4
    grid = {name: np.array([0.1]) for name in names[1:]} | {names[0]: np.array([0.2]), names[-1]: np.linspace(-1, 1, 5)}
    truth = np.tanh(2 * (grid[names[-1]] - 0.1)) + 0.03 * (len(sizes) - 2)
    map_ = twin.simulate(grid)
    assert map_.dims == names
    assert np.abs(map_.values.ravel() - truth).max() < 0.25
    assert (map_["standard_error"].values > 0).all()


def test_points_with_large_error_bars_count_little():
    clean = moving_step()
    random = np.random.default_rng(4)
    bad = random.uniform(size=clean.size) < 0.2
    damaged = clean.copy(data=clean.values + np.where(bad, random.normal(0, 0.5, clean.size), 0))
    told = damaged.assign_coords(standard_error=("point", np.where(bad, 0.5, 0.005), {"units": damaged.attrs["units"]}))
    places = scans.points(clean).coordinates[~bad]
    errors = []
    for scan in (damaged, told):
        twin = train(scan, TwinSettings(members=2, time_budget=1.5), score_baselines=False)
        errors.append(np.sqrt(np.mean((twin.predict(places)[0] - truth(*places.T)) ** 2)))
    assert errors[1] < 0.6 * errors[0]


@pytest.mark.parametrize(
    ("mend", "words"),
    [
        (lambda s: scans.with_masked(s, np.ones(s.size, bool)), "no sweep is selected"),
        (lambda s: s.isel(point=slice(0, 40)), "one value only"),
        (lambda s: s.isel(point=slice(0, 2)), "at least 8"),
        (lambda s: s.copy(data=np.ones(s.size)), "constant"),
    ],
)
def test_a_scan_that_cannot_be_learned_is_refused_in_words(mend, words):
    with pytest.raises(ScanError, match=words):
        train(mend(moving_step()))


def test_settings_refuse_nonsense():
    for wrong in ({"preset": "slow"}, {"members": 1}, {"time_budget": -1.0}):
        with pytest.raises(ScanError):
            TwinSettings(**wrong)
