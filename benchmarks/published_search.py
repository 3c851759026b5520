"""The published hyperparameter search, re-implemented to be timed against; no part of the product.

Terashima et al., Digital Discovery 2 (2023) 439, search networks for a scan with Keras and Optuna: 30 trials of the
TPE sampler with pruning by successive halving, each trial a fully connected ReLU network of 2 to 6 layers of 16 to
256 nodes fitted by Adam (learning rate 1e-4 to 1e-2) in mini-batches, and the network of highest R2 on its training
points kept. The text leaves some of the numbers open; those used here stand in ``SPACE``.

``python benchmarks/published_search.py [--trials N] [--held-out] [NAME]`` runs it on ErCo2 (or NAME), then the twin
by default settings in the same process, and prints both times. ``--held-out`` also refits the chosen network without
each inner sweep, for its leave-one-sweep-out error. It needs ``optuna`` (``pip install optuna``).
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from truths import at_hand

from napari_scantwin import scan as scans
from napari_scantwin.twin import train
from napari_scantwin.twin.backend import tensorflow

SPACE = {"layers": (2, 6), "nodes": (16, 256), "rate": (1e-4, 1e-2), "batch": [16, 32, 64], "epochs": 300, "check": 25}


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


def _held_out(params: dict, x, y, group, inner) -> float:
    """Root mean square error on inner sweeps of the chosen network refitted without each."""
    keras, wrong = tensorflow().keras, []
    for number in np.unique(group[inner]):
        mine = group == number
        model = _network(keras, params["layers"], params["nodes"], params["rate"])
        model.fit(x[~mine], y[~mine], batch_size=params["batch"], epochs=SPACE["epochs"], verbose=0)
        wrong.append(model.predict(x[mine], verbose=0)[:, 0] - y[mine])
    return float(np.sqrt(np.mean(np.concatenate(wrong) ** 2)))


def main() -> None:
    """Time both and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="?", default="ErCo2")
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--held-out", action="store_true")
    arguments = parser.parse_args()
    case = next((case for case in at_hand() if case.name == arguments.name), None)
    if case is None:
        sys.exit(f"no scan is called {arguments.name}; there are {', '.join(case.name for case in at_hand())}")
    table = scans.points(case.scan)
    x = (table.coordinates - table.coordinates.mean(axis=0)) / table.coordinates.std(axis=0)
    y = (table.values - table.values.mean()) / table.values.std()
    range_share = 100 * table.values.std() / np.ptp(table.values)
    _, group = np.unique(scans.set_points(table.coordinates[:, 0]), return_inverse=True)
    inner = (group > 0) & (group < group.max())

    tensorflow()  # its import is counted for neither
    began = time.perf_counter()
    twin = train(case.scan)
    ours = time.perf_counter() - began
    share = 100 * twin.score.inside[0] / twin.score.value_range
    print(
        f"{case.name}: twin {ours:.1f} s with its held-out table, held-out error {share:.2f} % of the range", flush=True
    )
    tensorflow().keras.utils.set_random_seed(0)
    began = time.perf_counter()
    params, _ = _search(x, y, arguments.trials)
    theirs = time.perf_counter() - began
    print(f"published search, {arguments.trials} trials: {theirs:.1f} s, chosen {params}")
    print(f"ratio {theirs / ours:.0f}")
    if arguments.held_out:
        print(f"its held-out error {range_share * _held_out(params, x, y, group, inner):.2f} % of the range")


if __name__ == "__main__":
    main()
