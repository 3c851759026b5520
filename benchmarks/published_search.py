"""The published hyperparameter search, re-implemented to be timed against; no part of the product.

Terashima et al., Digital Discovery 2 (2023) 439, search networks for a scan with Keras and Optuna: 30 trials of the
TPE sampler with pruning by successive halving, each trial a fully connected ReLU network of 2 to 6 layers of 16 to
256 nodes fitted by Adam (learning rate 1e-4 to 1e-2) in mini-batches, and the network of highest R2 on its training
points kept. The text leaves some of the numbers open; those used here stand in ``SPACE``.

``python benchmarks/published_search.py [--trials N] [NAME]`` runs it on ErCo2 (or NAME) and refits the chosen network
without inner sweeps for its leave-one-sweep-out error; ``benchmarks/speed.py`` compares it with the twin. It needs
``optuna``.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from truths import at_hand

from napari_scantwin.core import scan as scans
from napari_scantwin.networks.backend import tensorflow

SPACE = {"layers": (2, 6), "nodes": (16, 256), "rate": (1e-4, 1e-2), "batch": [16, 32, 64], "epochs": 300, "check": 25}
#: Inner sweeps refitted for the held-out error, of a small scan and of one of more than ``LARGE`` points.
MOST_SWEEPS, MOST_SWEEPS_LARGE, LARGE = 12, 3, 10_000


def _network(keras, layers: int, nodes: int, rate: float):
    model = keras.Sequential([keras.layers.Dense(nodes, "relu") for _ in range(layers)] + [keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model


def _search(x: np.ndarray, y: np.ndarray, trials: int):
    """The best trial's parameters and network, by R2 on the training points."""
    import optuna

    keras = tensorflow().keras
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    best: list = [-np.inf, None]

    def objective(trial):
        model = _network(
            keras,
            trial.suggest_int("layers", *SPACE["layers"]),
            trial.suggest_int("nodes", *SPACE["nodes"], log=True),
            trial.suggest_float("rate", *SPACE["rate"], log=True),
        )
        batch = trial.suggest_categorical("batch", SPACE["batch"])
        for epoch in range(0, SPACE["epochs"], SPACE["check"]):
            model.fit(x, y, batch_size=batch, epochs=SPACE["check"], verbose=0)
            score = 1 - np.mean((model.predict(x, verbose=0)[:, 0] - y) ** 2) / np.var(y)
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        if score > best[0]:
            best[:] = [score, model]
        return score

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=0),
        pruner=optuna.pruners.SuccessiveHalvingPruner(),
    )
    study.optimize(objective, n_trials=trials)
    return study.best_params, best[1]


def _held_out(params: dict, x, y, group, numbers) -> float:
    """Root mean square error on the sweeps ``numbers`` of the chosen network refitted without each."""
    keras, wrong = tensorflow().keras, []
    for number in numbers:
        mine = group == number
        model = _network(keras, params["layers"], params["nodes"], params["rate"])
        model.fit(x[~mine], y[~mine], batch_size=params["batch"], epochs=SPACE["epochs"], verbose=0)
        wrong.append(model.predict(x[mine], verbose=0)[:, 0] - y[mine])
    return float(np.sqrt(np.mean(np.concatenate(wrong) ** 2)))


def run(scan, trials: int) -> dict:
    """Search, timed with the import and every compilation, then refit the chosen network without each of at most
    ``MOST_SWEEPS`` inner sweeps: seconds, chosen parameters, those sweeps' numbers, and the error on them in the
    value's unit."""
    table = scans.points(scan)
    x = (table.coordinates - table.coordinates.mean(axis=0)) / table.coordinates.std(axis=0)
    y = (table.values - table.values.mean()) / table.values.std()
    _, group = np.unique(scans.set_points(table.coordinates[:, 0]), return_inverse=True)
    inner = np.arange(1, group.max())
    most = MOST_SWEEPS if len(y) < LARGE else MOST_SWEEPS_LARGE
    numbers = inner[np.unique(np.linspace(0, len(inner) - 1, most).round().astype(int))]
    began = time.perf_counter()
    tensorflow().keras.utils.set_random_seed(0)
    params, _ = _search(x, y, trials)
    seconds = time.perf_counter() - began
    held_out = table.values.std() * _held_out(params, x, y, group, numbers)
    return {"seconds": seconds, "chosen": params, "sweeps": numbers.tolist(), "held_out": held_out}


def main() -> None:
    """Run it on one scan and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="ErCo2")
    parser.add_argument("--trials", type=int, default=30)
    arguments = parser.parse_args()
    case = next((case for case in at_hand() if case.name == arguments.name), None)
    if case is None:
        sys.exit(f"no scan is called {arguments.name}; there are {', '.join(case.name for case in at_hand())}")
    found = run(case.scan, arguments.trials)
    share = 100 * found["held_out"] / float(np.ptp(case.scan.values))
    print(f"{case.name}: {arguments.trials} trials {found['seconds']:.1f} s, chosen {found['chosen']}")
    print(f"error on sweeps left out {share:.2f} % of the range")


if __name__ == "__main__":
    main()
