"""The trainer of stacked networks against the ways it could be done otherwise, in processor time.

``python benchmarks/networks.py [--other SRC] [--rounds N]``. By default: a chunk of steps of the twin's large networks
against Keras's own ``train_on_batch`` of one member, and derivatives by the hand-written forward differentiation
against ``tf.autodiff``. With ``--other``, the ``src`` folder of another state of the project, the whole training of the
large networks on one scan there and here in turn: processor time and held-out error, and their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

_SRC = Path(__file__).resolve().parents[1] / "src"
_NAME, _SEED, _STEPS = "sample arpes", 0, 1200


def train_once() -> dict:
    """The fast preset's large networks on one scan, twice: processor seconds of both (the first compiles) and the
    held-out error of the second in percent of the range."""
    from truths import at_hand

    from napari_scantwin.twin.candidates.large_networks import LargeNetworks
    from napari_scantwin.twin.data import prepare
    from napari_scantwin.twin.settings import TwinSettings
    from napari_scantwin.twin.stream import Stream

    scan = next(case.scan for case in at_hand() if case.name == _NAME)
    training_budget = TwinSettings().training_budget
    data = prepare(scan, training_budget.folds)
    kept = [data.groups.fold != fold for fold in range(data.groups.folds)]
    seconds = []
    for _ in range(2):
        began = time.process_time()
        _, folds, _ = LargeNetworks("plain", training_budget).train(
            data, Stream(scan, data), kept, training_budget.members, _SEED, None, None, lambda *news: None
        )
        seconds.append(time.process_time() - began)
    predicted = np.empty(len(data.targets))
    for number, fold in enumerate(folds):
        mine = data.groups.point_fold == number
        predicted[mine] = fold.outputs(data.coordinates[mine]).mean(axis=0)
    wrong = (predicted - data.targets)[data.inner] * data.spread
    error = 100 * float(np.sqrt(np.mean(wrong**2))) / float(np.ptp(data.values))
    return {"points": len(data.targets), "first": seconds[0], "again": seconds[1], "error": error}


def apart(source: Path) -> dict:
    """One training in a process of its own, of the project in ``source``."""
    command = [sys.executable, __file__, "--once"]
    environment = os.environ | {"PYTHONPATH": str(source)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def against(other: Path, rounds: int) -> None:
    """Trainings of the project elsewhere and here in turn, and the ratios."""
    ratios = []
    for _ in range(rounds):
        there, here = apart(other), apart(_SRC)
        ratios.append([here[key] / there[key] for key in ("first", "again", "error")])
        for place, one in (("there", there), ("here", here)):
            print(
                f"{place}: {one['first']:.1f} s, again {one['again']:.1f} s, held out {one['error']:.3f} %", flush=True
            )
    first, again, error = np.median(ratios, axis=0)
    print(
        f"{_NAME}, {here['points']} points: here / there {first:.2f} of the time with compilation, {again:.2f} without,"
    )
    print(f"  {error:.3f} of the held-out error")


def steps_against_keras(members: int = 12, batch: int = 768, rounds: int = 5) -> None:
    """Processor time of a step of one member, stacked and by Keras's own training."""
    from napari_scantwin.networks.dense import DenseNetwork
    from napari_scantwin.networks.program import adam
    from napari_scantwin.networks.trainer import TrainingData, train_members

    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (1, batch, 2))
    data = TrainingData(x, np.sin(3 * x[..., :1] + x[..., 1:]))
    network = DenseNetwork(2, 5, 40)
    model = train_members(network, data, members=members, steps=1, rate=1e-3).keras_model(0)
    model.compile(adam(), "mse", jit_compile=True)
    model.train_on_batch(data.inputs[0], data.targets[0])
    ratios = []
    for _ in range(rounds):
        began = time.process_time()
        train_members(network, data, members=members, steps=100, rate=1e-3)
        middle = time.process_time()
        for _ in range(100):
            model.train_on_batch(data.inputs[0], data.targets[0])
        ratios.append((time.process_time() - middle) / ((middle - began) / members))
    print(f"a step of one of {members} members: Keras alone takes {np.median(ratios):.1f} times the processor time")


def derivatives(points: int = 4096, members: int = 4, rounds: int = 5) -> None:
    """First derivatives of stacked networks along a line, by hand and by tf.autodiff. (The second, a ForwardAccumulator
    in another, was not compiled after 40 s of processor time.)"""
    from napari_scantwin.networks import dense
    from napari_scantwin.networks.backend import tensorflow

    tf = tensorflow()
    parameters = [tf.constant(part) for part in dense.plain(dense.DenseNetwork(2, 5, 40).initial(members, 0))]
    features = tf.random.stateless_normal((members, points, 4), (0, 0))

    @tf.function(jit_compile=True)
    def automatic(features):
        places, line = features[..., :2], features[..., 2:]
        with tf.autodiff.ForwardAccumulator(places, line) as along:
            outputs = dense._forward(tf, parameters, places)
        return along.jvp(outputs)

    @tf.function(jit_compile=True)
    def by_hand(features):
        return dense._slopes(tf, parameters, features, 1)

    found, expected = automatic(features).numpy(), by_hand(features).numpy()
    ratios = []
    for _ in range(rounds):
        times = []
        for function in (automatic, by_hand):
            began = time.process_time()
            for _ in range(20):
                function(features).numpy()
            times.append(time.process_time() - began)
        ratios.append(times[0] / times[1])
    differ = np.abs(found - expected).max() / np.abs(expected).max()
    print(f"first derivative: tf.autodiff takes {np.median(ratios):.2f} times as long; they differ by {differ:.0e}")


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--other", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--once", action="store_true")
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(train_once()))
    elif arguments.other:
        against(arguments.other.resolve(), arguments.rounds)
    else:
        steps_against_keras()
        derivatives()


if __name__ == "__main__":
    main()
