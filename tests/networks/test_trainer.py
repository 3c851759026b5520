"""The trainer of stacked networks: each member is trained as Keras would train it alone, and sees only what its weights
let it see."""

from __future__ import annotations

import re
import textwrap
import threading
import time

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks import trainer
from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.dense import DenseNetwork
from napari_scantwin.networks.trainer import TrainingData, train_members, warm_cosine

_SMALL = DenseNetwork(inputs=1, layers=2, nodes=8)
#: Seconds, however busy the machine is: the whole training would take hours. benchmarks/stops.py has the time itself.
SOON = 10.0


def linear():
    keras = tensorflow().keras
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def one_number():
    keras = tensorflow().keras
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])


def sgd():
    return tensorflow().keras.optimizers.SGD(1.0)


def output_itself(targets, outputs):
    return outputs[:, 0]


def upper_tenth(targets, outputs):
    """The pinball loss, least at the 90 % quantile."""
    tf = tensorflow()
    above = targets[:, 0] - outputs[:, 0]
    return tf.maximum(0.9 * above, -0.1 * above)


def _curve(members: int = 2):
    x = np.linspace(-1.5, 1.5, 80)[:, None]
    return TrainingData(x[None], np.sin(2 * x)[None], np.ones((members, 80)))


def test_a_linear_model_recovers_its_coefficients():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3))
    kernel, offset = np.array([[1.0, -0.5], [0.2, 2.0], [-1.5, 0.0]]), np.array([0.3, -0.7])
    data = TrainingData(x[None], (x @ kernel + offset)[None])
    found = train_members(linear, data, members=2, steps=800, rate=warm_cosine(0.1), batch=64)
    for member in range(2):
        np.testing.assert_allclose(found.weights[0][member], kernel, atol=1e-4)
        np.testing.assert_allclose(found.weights[1][member], offset, atol=1e-4)


def test_a_custom_loss_finds_what_it_is_least_at():
    values = np.random.default_rng(1).exponential(size=400)
    data = TrainingData(np.ones((1, 400, 1)), values[None, :, None])
    found = train_members(one_number, data, members=2, steps=1500, loss=upper_tenth, rate=warm_cosine(0.05))
    np.testing.assert_allclose(found.weights[0].ravel(), np.quantile(values, 0.9), rtol=0.02)


def test_a_held_out_target_changes_nothing_in_its_fold_and_what_it_should_elsewhere():
    whole = _curve()
    hidden = whole.inputs[0, :, 0] > 0
    weights = np.ones((2, 80))
    weights[1, hidden] = 0
    spoiled = np.where(hidden[:, None], 99.0, whole.targets)

    def clipped(targets, **options):
        data = TrainingData(whole.inputs, targets, weights)
        return train_members(_SMALL, data, members=2, steps=250, rate=1e-2, optimiser=_clipping, **options).weights

    before, after = clipped(whole.targets), clipped(spoiled)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one[1], other[1])
    assert not np.allclose(before[0][0], after[0][0])


def _clipping():
    """An optimiser that looks at norms, which must not be taken over all members."""
    return tensorflow().keras.optimizers.Adam(global_clipnorm=0.5)


def lamb():
    """Takes each kernel's norm."""
    return tensorflow().keras.optimizers.Lamb(0.01)


@pytest.mark.parametrize("optimiser", ["adam", "nadam", lamb])
def test_a_member_takes_the_steps_that_keras_takes_alone(optimiser):
    _same_as_keras(_SMALL, optimiser, _curve(3))


def convolutional():
    keras = tensorflow().keras
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((16, 1)),
            layers.Conv1D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(0.1)),
            layers.BatchNormalization(),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def test_layers_that_gather_and_regularise_do_so_for_each_member_as_keras_does():
    random = np.random.default_rng(3)
    x = random.normal(size=(1, 40, 16, 1))
    _same_as_keras(convolutional, "adam", TrainingData(x, x[:, :, 3] * x[:, :, 7], np.ones((3, 40))))


def _same_as_keras(network, optimiser, data):
    """Five steps of three members, against Keras's own training of one of them from the same start."""
    start = train_members(network, data, members=3, steps=0, optimiser=optimiser)
    assert not np.allclose(start.weights[0][0], start.weights[0][1])
    found = train_members(network, data, members=3, steps=5, optimiser=optimiser)
    alone = start.keras_model(1)
    alone.compile(optimiser if isinstance(optimiser, str) else optimiser(), "mse")
    for _ in range(5):
        alone.train_on_batch(data.inputs[0], data.targets[0])
    for mine, theirs in zip(found.weights, alone.trainable_variables, strict=True):
        np.testing.assert_allclose(mine[1], theirs.numpy(), atol=3e-5)
    for mine, theirs in zip(found.others, alone.non_trainable_variables, strict=True):
        np.testing.assert_allclose(mine[1], theirs.numpy(), atol=3e-5)


def noisy():
    keras = tensorflow().keras
    return keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(8, "tanh"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )


@pytest.mark.parametrize("network", [_SMALL, noisy], ids=["dense", "dropout"])
def test_the_same_seed_gives_the_same_weights(network):
    def trained(seed, **options):
        return train_members(network, _curve(), members=2, steps=30, batch=16, rate=1e-2, seed=seed, **options).weights

    first, again, other = trained(5), trained(5), trained(6)
    for one, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, different)
        assert not np.array_equal(one[0], one[1])


def test_rates_and_schedules_are_obeyed():
    data = TrainingData(np.ones((1, 4, 1)), np.zeros((1, 4, 1)))
    schedules = tensorflow().keras.optimizers.schedules
    halving = schedules.ExponentialDecay(0.5, 10, 0.5, staircase=True)

    def moved(**options):
        options = {"loss": output_itself, "optimiser": sgd, "members": 2} | options
        start, end = (train_members(one_number, data, steps=steps, **options).weights[0] for steps in (0, 20))
        return (start - end).ravel()

    np.testing.assert_allclose(moved(), 20, rtol=1e-5)
    np.testing.assert_allclose(moved(rate=0.1), 2, rtol=1e-5)
    np.testing.assert_allclose(moved(rate=halving), 10 * 0.5 + 10 * 0.25, rtol=1e-5)
    np.testing.assert_allclose(moved(rate=lambda step, total: step / total), np.sum(np.arange(20) / 20), rtol=1e-5)

    def scheduled():
        return tensorflow().keras.optimizers.SGD(halving)

    np.testing.assert_allclose(moved(optimiser=scheduled), 10 * 0.5 + 10 * 0.25, rtol=1e-5)
    with pytest.raises(ValueError, match="schedule of its own"):
        moved(optimiser=scheduled, rate=0.1)


def test_a_warm_cosine_rises_and_ends_at_nothing():
    rate = warm_cosine(0.01, 50)(np.arange(1000), 1000)
    assert rate.argmax() == 49
    assert rate.max() == pytest.approx(0.01, rel=0.01)
    assert rate[0] == pytest.approx(0.01 / 50, rel=0.01)
    assert rate[499] == pytest.approx(0.005, rel=0.01)
    assert rate[-1] == pytest.approx(0, abs=1e-9)


def test_a_stop_is_heard_while_the_step_is_compiled():
    stop, pressed = threading.Event(), []
    threading.Timer(0.2, lambda: (pressed.append(time.monotonic()), stop.set())).start()
    with pytest.raises(Cancelled):
        train_members(DenseNetwork(1, 7, 9), _curve(), members=2, steps=10**6, stop=stop)
    assert time.monotonic() - pressed[0] < SOON


def test_a_stop_is_heard_though_each_step_is_slow():
    random = np.random.default_rng(0)
    data = TrainingData(random.normal(size=(1, 20_000, 4)), random.normal(size=(1, 20_000, 1)))
    stop, pressed = threading.Event(), []

    def press(training):
        if training.done >= 2 and not pressed:
            pressed.append(time.monotonic())
            stop.set()

    found = train_members(DenseNetwork(4, 4, 100), data, members=8, steps=10**6, rate=1e-3, stop=stop, on_steps=press)
    assert time.monotonic() - pressed[0] < SOON
    assert found.stopped
    assert found.steps >= 2
    assert not found.diverged.any()


def test_fresh_data_is_asked_for_and_a_diverged_member_starts_again_while_the_others_go_on():
    good = _curve(3)
    asked = []

    def draw():
        asked.append(len(asked))
        spoilt = good.weights.copy()
        spoilt[1] = np.nan if len(asked) == 1 else 1
        return TrainingData(good.inputs, good.targets, spoilt)

    options = {"members": 3, "steps": 400, "rate": warm_cosine(1e-2)}
    found = train_members(_SMALL, draw, refresh=100, **options)
    assert len(asked) == 4
    assert found.restarted == 1
    assert not found.diverged.any()
    undisturbed = train_members(_SMALL, good, **options)
    for one, other in zip(found.weights, undisturbed.weights, strict=True):
        np.testing.assert_array_equal(one[[0, 2]], other[[0, 2]])
    assert np.sqrt(np.mean((found.predict(good.inputs) - good.targets) ** 2, axis=(1, 2))).max() < 0.1


def test_a_budget_shortens_the_training_and_its_rate():
    totals = []
    began = time.monotonic()
    train_members(_SMALL, _curve(), members=2, steps=3, rate=1e-2)  # compiles
    found = train_members(
        _SMALL,
        _curve(),
        members=2,
        steps=10**7,
        rate=warm_cosine(1e-2),
        budget=0.5,
        on_steps=lambda training: totals.append(training.total),
    )
    assert found.steps < 10**6
    assert totals[-1] == found.steps
    assert time.monotonic() - began < 60


def test_data_that_does_not_fit_is_refused_in_words():
    x = np.zeros((1, 10, 1))
    for data, words in [
        (TrainingData(x, np.zeros((3, 10, 1))), "targets .* do not fit 2 members"),
        (TrainingData(x, np.zeros((1, 9, 1))), "targets .* do not fit"),
        (TrainingData(x, x, np.ones((2, 9))), "weights .* do not fit"),
    ]:
        with pytest.raises(ValueError, match=words):
            train_members(_SMALL, data, members=2, steps=1)


def test_the_examples_of_the_module_run():
    blocks = re.findall(r"::\n\n((?:    .*\n|\n)+)", trainer.__doc__)
    assert len(blocks) == 2
    grid = np.linspace(-1, 1, 64)
    space = {"curves": np.stack([np.sin(k * grid) for k in np.linspace(1, 3, 300)])}
    for block in blocks:
        exec(textwrap.dedent(block).replace("steps=2000", "steps=50"), space)
    x, outputs = space["x"], space["outputs"]
    assert outputs.shape == (2, 200, 2)
    np.testing.assert_allclose(outputs[0], np.hstack([np.sin(3 * x), x**2]), atol=0.1)
    hidden = x[:, 0] > 0.5
    assert np.abs(outputs[1] - np.hstack([np.sin(3 * x), x**2]))[hidden].max() > 0.3
