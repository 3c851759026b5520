"""The trainer of stacked Keras networks: an ensemble's members, and its held-out folds, trained as one.

Any network that Keras can describe is trained so: give a function that builds one member's model. Its weights are
stacked, ``[member, in, out]`` for a dense kernel, and all members take their steps together in one compiled loop.
``weights[member, point]`` says how much each member sees of each point: a member whose weight is zero on a sweep is
that sweep's held-out network and costs no separate fit, and random whole weights (how often a point was drawn) make
a bootstrap. Any number of outputs, any loss, any Keras optimiser and schedule.

Examples
--------
Two members that learn two outputs from one input; the second never sees x > 0::

    import numpy as np
    from napari_scantwin.networks.dense import DenseNetwork
    from napari_scantwin.networks.trainer import TrainingData, train_members, warm_cosine

    x = np.linspace(-1, 1, 200)[:, None]
    weights = np.ones((2, 200))
    weights[1, x[:, 0] > 0] = 0
    data = TrainingData(x[None], np.hstack([np.sin(3 * x), x**2])[None], weights)
    network = DenseNetwork(inputs=1, layers=2, nodes=16, outputs=2)
    trained = train_members(network, data, members=2, steps=500, rate=warm_cosine(1e-2))
    outputs = trained.predict(x[None])  # [member, point, output]

A room's own network, its loss and its optimiser are functions of the module (they are compared when a second training
asks for what is compiled already), and reach Keras through the one door::

    from napari_scantwin.networks.backend import tensorflow

    def autoencoder():
        keras = tensorflow().keras
        layers = keras.layers
        return keras.Sequential([
            keras.Input((64,)), layers.Dense(32, "gelu"), layers.Dense(2), layers.Dense(32, "gelu"), layers.Dense(64)
        ])

    def optimiser():
        keras = tensorflow().keras
        return keras.optimizers.AdamW(keras.optimizers.schedules.ExponentialDecay(1e-2, 500, 0.5), clipnorm=1.0)

    train_members(autoencoder, TrainingData(curves[None], curves[None]), members=4, steps=2000, loss="huber",
                  optimiser=optimiser, batch=256)

A network with settings is a frozen dataclass that is called, as :class:`~napari_scantwin.networks.dense.DenseNetwork`.
A loss follows Keras's own convention: ``loss(targets, outputs)`` of one member, [n, ...] both, gives a loss a point,
[n]. Layers that draw (Dropout) or gather (BatchNormalization) do so for each member by itself.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.networks.backend import tensorflow
from napari_scantwin.networks.evaluation import in_chunks
from napari_scantwin.networks.program import adam, program
from napari_scantwin.networks.waiting import interruptibly

__all__ = ["MemberTraining", "TrainedMembers", "TrainingData", "train_members", "warm_cosine"]

#: Seconds a compiled call should take: the stop flag is looked at, and the caller told, between calls.
_PACE = 0.15
#: After every so many steps there is a call's end, and diverged members start again.
_ROUND = 100


@dataclass(frozen=True)
class TrainingData:
    """Points to learn from.

    Parameters
    ----------
    inputs
        [members or 1, n, ...], scaled to order one. A leading 1 where all members see the same.
    targets
        [members or 1, n, ...], scaled to order one, or whole numbers (classes).
    weights
        How much each member sees of each point [members, n], zero where it must not look; ones by default.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray | None = None


def warm_cosine(peak: float, warm_up: int = 50) -> Callable[[np.ndarray, int], np.ndarray]:
    """A learning rate that rises at first and then falls to zero along a cosine.

    The last steps average the batches' noise away.

    Parameters
    ----------
    peak
        The highest rate.
    warm_up
        Steps in which it rises.

    Returns
    -------
    callable
        The rates of an array of steps, given the number of all.
    """

    def rate(step: np.ndarray, total: int) -> np.ndarray:
        now = step + 1.0
        along = np.minimum(now / total, 1.0)
        return peak * np.minimum(1.0, now / warm_up) * 0.5 * (1.0 + np.cos(np.pi * along))

    return rate


@dataclass(frozen=True)
class TrainedMembers:
    """Trained networks, stacked.

    Parameters
    ----------
    network
        What built a member.
    weights
        The members' trainable weights, in Keras's order, each [members, ...].
    others
        What else they hold (running means, generators' states), each [members, ...].
    steps
        Steps taken.
    stopped
        Whether ``stop`` ended the training.
    restarted
        How many members diverged and started again.
    """

    network: Callable
    weights: list[np.ndarray]
    others: list[np.ndarray] = field(default_factory=list)
    steps: int = 0
    stopped: bool = False
    restarted: int = 0

    @property
    def diverged(self) -> np.ndarray:
        """Whether each member holds a weight that is not finite [members]."""
        return _not_finite(self.weights)

    def predict(self, inputs: np.ndarray, *, stop: threading.Event | None = None, on_progress=None) -> np.ndarray:
        """Outputs of every member.

        Parameters
        ----------
        inputs
            Inputs [members or 1, n, ...].
        stop
            Ends the work when it is set.
        on_progress
            Called with the fraction done.

        Returns
        -------
        array
            Outputs [members, n, ...].

        Raises
        ------
        Cancelled
            Where ``stop`` is set.
        """
        tf = tensorflow()
        weights, others = ([tf.constant(part) for part in parts] for parts in (self.weights, self.others))
        forward = functools.partial(program(self.network, "mse", adam).forward, weights, others)
        return in_chunks(forward, inputs, len(self.weights[0]), stop=stop, on_progress=on_progress)

    def keras_model(self, member: int):
        """One member as a Keras model of its own."""
        model = self.network()
        for kind, parts in (("trainable_variables", self.weights), ("non_trainable_variables", self.others)):
            for variable, part in zip(getattr(model, kind), parts, strict=True):
                variable.assign(part[member])
        return model


class MemberTraining:
    """A training under way, as :func:`train_members` hands it to ``on_steps``.

    Attributes
    ----------
    done, total
        Steps taken, and to be taken as far as is known.
    loss
        Each member's loss before its last step [members].
    restarted
        How many members diverged and started again.
    """

    def __init__(self, network, loss, optimiser, rate, batch: int | None, members: int, steps: int, seed: int):
        self._program = program(network, loss, optimiser)
        if rate is not None and self._program.rate_place is None:
            raise ValueError("the optimiser has a schedule of its own, so no learning rate can be given beside it")
        self._rates = self._rates_of(rate, steps)
        self._batch, self._members, self._seed = batch, members, seed
        self.done, self.total, self.restarted = 0, steps, 0
        self.loss = np.full(members, np.nan)
        self._state = self._tensors(*self._program.initial(members, seed))

    @property
    def weights(self) -> list[np.ndarray]:
        """The trainable weights now, as plain arrays [members, ...]."""
        return [np.asarray(part) for part in self._state[0]]

    @property
    def others(self) -> list[np.ndarray]:
        """What else the members hold now."""
        return [np.asarray(part) for part in self._state[1]]

    def see(self, data: TrainingData) -> None:
        """Learn from these points from now on."""
        tf = tensorflow()
        inputs, targets = np.asarray(data.inputs), np.asarray(data.targets)
        shape = (self._members, inputs.shape[1])
        weights = np.ones(shape) if data.weights is None else np.asarray(data.weights)
        for name, part in (("inputs", inputs), ("targets", targets)):
            if part.shape[:1] not in ((1,), (self._members,)) or part.shape[1] != shape[1]:
                raise ValueError(f"{name} {part.shape} do not fit {shape[0]} members (or 1) and {shape[1]} points")
        if weights.shape != shape:
            raise ValueError(f"weights {weights.shape} do not fit {shape[0]} members and {shape[1]} points")
        self._data = [tf.constant(part, _kind(part)) for part in (inputs, targets, weights.astype(np.float32))]

    def run(self, count: int):
        """What ``count`` more steps lead to; see :meth:`accept`."""
        tf = tensorflow()
        rates = np.zeros(_ROUND, np.float32)
        rates[:count] = self._rates(np.arange(self.done, self.done + count), self.total)
        numbers = (tf.constant(count), tf.constant(self.done), tf.constant(rates), tf.constant(self._seed))
        batch = self._batch or int(self._data[2].shape[1])
        loss, *state = self._program.steps(*self._state, *numbers, *self._data, batch=batch)
        return np.asarray(loss), state, count

    def accept(self, result) -> None:
        """Go on from what :meth:`run` led to."""
        self.loss, self._state, count = result
        self.done += count

    def restart_diverged(self) -> None:
        """Give members with weights that are not finite new starting weights, and forget what the optimiser knew of
        them."""
        diverged = _not_finite(self.weights)
        if not diverged.any():
            return
        self.restarted += int(diverged.sum())
        fresh = self._program.initial(self._members, self._seed + 7919 * self.restarted)
        now = [[np.asarray(part) for part in parts] for parts in self._state]
        mended = [
            [np.where(diverged.reshape(-1, *[1] * (part.ndim - 1)), new, part) for part, new in zip(*pair, strict=True)]
            for pair in zip(now, fresh, strict=True)
        ]
        self._state = self._tensors(*mended)

    def _rates_of(self, rate, planned: int) -> Callable[[np.ndarray, int], np.ndarray]:
        """The learning rate as a function of steps and of how many there will be."""
        tf = tensorflow()
        if rate is None:
            own = self._program.optimiser.learning_rate if self._program.rate_place is not None else 0.0
            rate = float(own)
        if isinstance(rate, tf.keras.optimizers.schedules.LearningRateSchedule):
            each = tf.function(lambda steps: tf.map_fn(lambda step: tf.cast(rate(step), tf.float32), steps))
            # Where the training is shortened, so is the schedule.
            return lambda step, total: each(tf.constant(step * (planned / total), tf.float32)).numpy()
        return rate if callable(rate) else lambda step, total: np.full(len(step), rate)

    @staticmethod
    def _tensors(*parts):
        return [[tensorflow().constant(each) for each in part] for part in parts]


def train_members(
    network: Callable,
    data: TrainingData | Callable[[], TrainingData],
    *,
    members: int,
    steps: int,
    loss: str | Callable = "mse",
    optimiser: str | Callable = adam,
    rate=None,
    batch: int | None = None,
    refresh: int | None = None,
    budget: float | None = None,
    seed: int = 0,
    stop: threading.Event | None = None,
    on_steps: Callable[[MemberTraining], None] | None = None,
) -> TrainedMembers:
    """Train stacked networks; see the module's examples.

    Parameters
    ----------
    network
        Builds one member's Keras model, whose weights exist then. Hashable: a function of a module, or a frozen
        dataclass. Starting weights are drawn for each member by Keras's initialisers, or by the network's
        ``initial(members, seed)`` (a list of arrays [members, ...] in the order of the trainable weights).
    data
        The points, or what gives them; the latter is asked again every ``refresh`` steps, for data that is larger
        than memory or simulated as it is learned.
    members
        How many networks are trained.
    steps
        Steps of the training.
    loss
        One of Keras's by name, or ``loss(targets, outputs)`` [n] for one member's targets and outputs [n, ...].
        Losses that the model adds itself (regularisers) come on top.
    optimiser
        One of Keras's by name, or a function that makes one. What it does with norms (clipping) is done for each
        member by itself.
    rate
        The learning rate: a number, a Keras schedule, or a plain function that gets an array of steps, from 0, and the
        number of all. By default the optimiser's own.
    batch
        Points a step sees, drawn with replacement, the same for all members; all where left out.
    refresh
        Steps between two draws of data.
    budget
        Seconds, compilation not counted, to which the training is shortened.
    seed
        Fixes starting weights and batches: the same seed on the same machine gives the same networks.
    stop
        Ends the training within a tenth of a second or so, with what is learned.
    on_steps
        Called several times a second and after every hundredth step.

    Returns
    -------
    TrainedMembers
        The networks.

    Raises
    ------
    Cancelled
        Where ``stop`` is set before a step is taken, be it while TensorFlow is imported or the step compiled.
    ValueError
        Where data do not fit the members, or a rate is given beside an optimiser's own schedule.
    """
    draw = data if callable(data) else lambda: data

    def begun() -> MemberTraining:
        training = MemberTraining(network, loss, optimiser, rate, batch, members, steps, seed)
        training.see(draw())
        return training

    training = interruptibly(begun, stop)
    clock, stopped = _Clock(budget), False
    while training.done < training.total:
        try:
            if refresh and training.done and training.done % refresh == 0:
                interruptibly(lambda: training.see(draw()), stop)
            ends = (training.total, _next(training.done, _ROUND), _next(training.done, refresh or _ROUND))
            count = min(clock.steps(), min(ends) - training.done)
            training.accept(interruptibly(functools.partial(training.run, count), stop))
        except Cancelled:
            if training.done == 0:
                raise
            stopped = True
            break
        training.total = clock.total(training.done, training.total)
        if training.done % _ROUND == 0:
            training.restart_diverged()
        if on_steps is not None:
            on_steps(training)
    return TrainedMembers(network, training.weights, training.others, training.done, stopped, training.restarted)


class _Clock:
    """How many steps a call takes, and how many fit in ``budget`` seconds, by the pace so far."""

    def __init__(self, budget: float | None):
        self._budget = budget
        self._began: float | None = None
        self._taken = 0

    def steps(self) -> int:
        """Steps of the next call; of the first, which compiles, and the second, which is timed, one."""
        if self._began is None or not self._taken:
            return 1
        pace = (time.monotonic() - self._began) / self._taken
        return min(_ROUND, max(1, int(_PACE / max(pace, 1e-9))))

    def total(self, done: int, total: int) -> int:
        """All steps there will be, after a call that brought them to ``done``."""
        if self._began is None:
            self._began, self._first = time.monotonic(), done  # compilation is behind us
            return total
        self._taken = done - self._first
        if self._budget is None:
            return total
        pace = (time.monotonic() - self._began) / self._taken
        return min(total, max(done, int(self._budget / max(pace, 1e-9))))


def _next(done: int, every: int) -> int:
    """The next multiple of ``every`` after ``done``."""
    return (done // every + 1) * every


def _kind(part: np.ndarray):
    """What a tensor of these values holds: whole numbers as they are, all others in single precision."""
    return np.int32 if np.issubdtype(part.dtype, np.integer) else np.float32


def _not_finite(weights: list[np.ndarray]) -> np.ndarray:
    """Whether each member holds a weight that is not finite [members]."""
    return ~np.all([np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in weights], axis=0)
