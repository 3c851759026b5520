"""One member's training step, vectorised over all members and compiled.

The step (outputs, loss, gradient, optimiser) is written for one ordinary Keras model. ``tf.vectorized_map`` turns it
into operations on stacked tensors: a dense kernel [in, out] becomes one tensor [member, in, out], a product by it one
batched product. So any Keras layer, loss and optimiser can be used, and nothing of one member (a gradient's norm, a
batch's statistics, a step counter) reaches another.
"""

from __future__ import annotations

import functools
import random
import threading
from collections.abc import Callable
from contextlib import contextmanager

import numpy as np

from napari_scantwin.networks.backend import tensorflow

__all__ = ["Program", "adam", "program"]

_seeding = threading.Lock()


def adam():
    """Adam with a memory of a hundred squared gradients.

    Trainings of some thousand steps end before the usual thousand are worth remembering.
    """
    return tensorflow().keras.optimizers.Adam(beta_1=0.9, beta_2=0.99, epsilon=1e-7)


class Program:
    """What is compiled for a kind of network, a loss and an optimiser; see :func:`program`.

    Attributes
    ----------
    model
        A member as a Keras model: its layers are called, its own weights are not used.
    """

    def __init__(self, network: Callable, loss, optimiser):
        tf = tensorflow()
        self.network = network
        self.model = network()
        if not self.model.built:
            raise ValueError(
                "the network has no weights yet: give its first layer the shape of its input (keras.Input)"
            )
        self._loss = _pointwise(loss)
        made = tf.keras.optimizers.get(optimiser) if isinstance(optimiser, str) else optimiser()
        self.optimiser = _functional(made)
        self.optimiser.build(self.model.trainable_variables)
        names = [variable.name for variable in self.optimiser.variables]
        #: Where the learning rate stands among the optimiser's variables; None where it has a schedule of its own.
        self.rate_place = names.index("learning_rate") if "learning_rate" in names else None
        self._compiled: dict = {}

    def initial(self, members: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
        """Starting values of every member.

        Parameters
        ----------
        members
            How many members.
        seed
            Fixes them.

        Returns
        -------
        tuple of lists of arrays
            Trainable weights, other weights and optimiser's variables, each [members, ...].
        """
        state = [np.repeat(np.asarray(variable)[None], members, axis=0) for variable in self.optimiser.variables]
        if hasattr(self.network, "initial"):
            others = [np.repeat(np.asarray(v)[None], members, axis=0) for v in self.model.non_trainable_variables]
            return self.network.initial(members, seed), others, state
        built = []
        for number in np.random.SeedSequence(seed).generate_state(members):
            with _seeded(int(number)):
                built.append(self.network())
        trainable, others = (
            [np.stack([np.asarray(v) for v in same]) for same in zip(*(getattr(m, kind) for m in built), strict=True)]
            for kind in ("trainable_variables", "non_trainable_variables")
        )
        return trainable, others, state

    def _one_step(self, trainable, others, state, inputs, targets, weights, rate):
        """A step of one member: its loss before it, and its weights and its optimiser's variables after it."""
        tf = tensorflow()
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            outputs, others, own_losses = self.model.stateless_call(
                trainable, others, inputs, training=True, return_losses=True
            )
            each = self._loss(targets, outputs)
            each = tf.reduce_mean(tf.reshape(each, (tf.shape(weights)[0], -1)), axis=1)
            loss = tf.reduce_sum(weights * each) / (tf.reduce_sum(weights) + 1e-9)
            loss = tf.add_n([loss, *own_losses])
        gradients = tape.gradient(loss, trainable)
        if self.rate_place is not None:
            state = [rate if place == self.rate_place else part for place, part in enumerate(state)]
        trainable, state = self.optimiser.stateless_apply(state, gradients, trainable)
        return loss, trainable, others, state

    def _all_members(self, trainable, others, state, inputs, targets, weights, rate):
        """A step of all members; ``inputs`` and ``targets`` with a leading axis of 1 are seen by all."""
        own = {"inputs": inputs, "targets": targets}
        shared = {name: part[0] for name, part in own.items() if part.shape[0] == 1}
        own = {name: part for name, part in own.items() if name not in shared}

        def step(member):
            trainable, others, state, weights, own = member
            seen = shared | own
            return self._one_step(trainable, others, state, seen["inputs"], seen["targets"], weights, rate)

        return tensorflow().vectorized_map(step, (trainable, others, state, weights, own), warn=False)

    def steps(self, trainable, others, state, count, first, rates, seed, inputs, targets, weights, *, batch: int):
        """Take steps of the training.

        All that is given are tensors or lists of tensors; those of other shapes are compiled for.

        Parameters
        ----------
        trainable, others, state
            The members' trainable weights, other weights and optimiser's variables, each [members, ...].
        count
            How many steps.
        first
            The number of the earliest in the training.
        rates
            The learning rate of each step.
        seed
            Fixes the batches.
        inputs, targets
            The points [members or 1, n, ...].
        weights
            How much each member sees of each point [members, n].
        batch
            Points a step sees.

        Returns
        -------
        tuple
            The last step's losses [members], and the weights and the optimiser's variables after it.
        """
        tf = tensorflow()
        members, points = weights.shape
        batch = min(batch, points)

        specs = [
            *([_spec(part) for part in parts] for parts in (trainable, others, state)),
            *(_spec(part) for part in (count, first, rates, seed, inputs, targets, weights)),
        ]

        def built():
            drawn = (_spec(part, batch) for part in (inputs, targets, weights))
            one = _traced(self._all_members, *specs[:3], *drawn, tf.TensorSpec((), tf.float32))

            def steps(trainable, others, state, count, first, rates, seed, *data):
                def picked(step):
                    if batch == points:
                        return data
                    places = tf.random.stateless_uniform((batch,), (seed, step), 0, points, tf.int32)
                    return tuple(tf.gather(part, places, axis=1) for part in data)

                def body(step, _, *now):
                    return step + 1, *one(*now, *picked(first + step), rates[step])

                start = (tf.constant(0), tf.zeros(members), trainable, others, state)
                return tf.while_loop(lambda step, *_: step < count, body, start)[1:]

            return _traced(steps, *specs, jit_compile=True)

        function = self._kept(("steps", batch, *specs[3:]), built)
        return function(trainable, others, state, count, first, rates, seed, inputs, targets, weights)

    def _all_outputs(self, trainable, others, inputs):
        """Outputs [members, n, ...] for ``inputs`` [members, n, ...]."""

        def outputs(member):
            trainable, others, inputs = member
            return self.model.stateless_call(trainable, others, inputs, training=False)[0]

        return tensorflow().vectorized_map(outputs, (trainable, others, inputs), warn=False)

    def forward(self, trainable, others, inputs):
        """Outputs of every member, compiled.

        Parameters
        ----------
        trainable, others
            The members' trainable and other weights, lists of tensors [members, ...].
        inputs
            Inputs [members, n, ...].

        Returns
        -------
        tensor
            Outputs [members, n, ...].
        """

        specs = [*([_spec(part) for part in parts] for parts in (trainable, others)), _spec(inputs)]

        def built():
            return _traced(_traced(self._all_outputs, *specs), *specs, jit_compile=True)

        return self._kept(("forward", specs[-1]), built)(trainable, others, inputs)

    def _kept(self, key, built: Callable[[], Callable]) -> Callable:
        """The compiled function of these shapes."""
        if key not in self._compiled:
            self._compiled[key] = built()
        return self._compiled[key]


def _traced(function: Callable, *specs, jit_compile: bool | None = None) -> Callable:
    """``function`` as a graph for arguments of these shapes. What is vectorised must be traced by itself, not within
    what is being compiled: there the vectorisation takes what all members share for operations of its own, and fails.
    """
    return tensorflow().function(function, autograph=False, jit_compile=jit_compile).get_concrete_function(*specs)


@functools.lru_cache(maxsize=16)
def program(network: Callable, loss, optimiser) -> Program:
    """The :class:`Program` of a kind of network, a loss and an optimiser.

    It is kept, so that a second training of the same kind starts at once.

    Parameters
    ----------
    network, loss, optimiser
        As :func:`napari_scantwin.networks.trainer.train_members` takes them, all hashable.
    """
    return Program(network, loss, optimiser)


def _spec(part, points: int | None = None):
    """The shape and type of a tensor, of ``points`` along its second axis."""
    shape = tuple(part.shape) if points is None else (part.shape[0], points, *part.shape[2:])
    return tensorflow().TensorSpec(shape, part.dtype)


def _pointwise(loss):
    """A loss as a function of targets and outputs [n, ...] that gives each point's."""
    losses = tensorflow().keras.losses
    found = losses.get(loss) if isinstance(loss, str) else loss
    return found.call if isinstance(found, losses.Loss) else found


def _functional(optimiser):
    """The optimiser with the parts that Keras makes stateful for TensorFlow's distribution over machines replaced by
    those it has for other backends, so that a step takes tensors and returns tensors."""
    backend, base = tensorflow().keras.optimizers.Optimizer.__bases__
    made_stateful = vars(backend).keys() - {"__init__", "add_variable_from_reference"}
    replaced = {name: part for name, part in vars(base).items() if name in made_stateful and callable(part)}
    # Between the optimiser and the parts it inherits, so that what it overrides itself stays.
    plain = type("Plain", (backend,), replaced)
    optimiser.__class__ = type(type(optimiser).__name__, (type(optimiser), plain), {})
    return optimiser


@contextmanager
def _seeded(seed: int):
    """Keras draws the seeds of a layer's starting weights from Python's generator: within, from this seed."""
    with _seeding:
        before = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(before)
