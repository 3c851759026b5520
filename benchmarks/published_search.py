"""The published way to a digital twin, for comparison only: Terashima et al., Digital Discovery 2, 439 (2023).

As their paper and code describe it: plain axes standardised, a stack of 2 to 10 ReLU layers of 50 to 200 nodes,
Keras ``fit`` for at most 500 epochs with early stopping on the training loss, Adam at 0.0005 to 0.005 with a
fivefold drop after 100 steps, 30 trials chosen by Optuna's TPE and pruned by successive halving, and the trial
of the highest *training* R2 taken. ``python benchmarks/published_search.py [trials] [file ...]`` prints its
time, the training R2, and what they do not look at: the error on sweeps left out, from refits of the chosen
network.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from napari_scantwin import scan as scans
from napari_scantwin.twin.backend import tensorflow
from napari_scantwin.twin.folds import group_points

EPOCHS = 500


def network(settings: dict, inputs: np.ndarray):
    """The compiled Keras model of one trial's settings; ``inputs`` [n, axes] fix the normalisation."""
    tf = tensorflow()
    normalise = tf.keras.layers.Normalization()
    normalise.adapt(inputs)
    layers = [normalise, *(tf.keras.layers.Dense(settings["nodes"], "relu") for _ in range(settings["layers"]))]
    model = tf.keras.Sequential([*layers, tf.keras.layers.Dense(1)])
    schedule = tf.keras.optimizers.schedules.PiecewiseConstantDecay([100], [settings["rate"], settings["rate"] / 5])
    model.compile(loss="mse", optimizer=tf.keras.optimizers.Adam(schedule), metrics=[tf.keras.metrics.R2Score()])
    return model


def fit(settings: dict, inputs: np.ndarray, targets: np.ndarray, callbacks=()):
    """Train one network; returns it and its course."""
    tf = tensorflow()
    model = network(settings, inputs)
    stop = tf.keras.callbacks.EarlyStopping("loss", min_delta=1e-10, patience=20, restore_best_weights=True)
    course = model.fit(
        inputs, targets[:, None], batch_size=settings["batch"], epochs=EPOCHS, verbose=0, callbacks=[*callbacks, stop]
    )
    return model, course.history


def batches(points: int) -> list[int]:
    """The batch sizes a trial may choose from, by the number of points."""
    for most, sizes in ((256, [16, 32, 64]), (1024, [64, 128, 256]), (4096, [128, 256, 512])):
        if points < most:
            return sizes
    return [256, 512, 1024]


def search(inputs: np.ndarray, targets: np.ndarray, trials: int = 30, seed: int = 0) -> tuple[dict, float]:
    """Settings and training R2 of the best of ``trials``; targets are standardised."""
    import optuna

    tf = tensorflow()
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    class Prune(tf.keras.callbacks.Callback):
        def __init__(self, trial):
            super().__init__()
            self.trial = trial

        def on_epoch_end(self, epoch, logs=None):
            self.trial.report(float(logs["r2_score"]), epoch)
            if self.trial.should_prune():
                raise optuna.TrialPruned

    def objective(trial) -> float:
        tf.keras.backend.clear_session()
        settings = {
            "layers": trial.suggest_int("layers", 2, 10),
            "nodes": trial.suggest_int("nodes", 50, 200),
            "rate": trial.suggest_float("rate", 5e-4, 5e-3, log=True),
            "batch": trial.suggest_categorical("batch", batches(len(targets))),
        }
        _, course = fit(settings, inputs, targets, [Prune(trial)])
        return max(course["r2_score"])

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=50, reduction_factor=2),
    )
    study.optimize(objective, n_trials=trials)
    return study.best_params, study.best_value


def run(scan, trials: int = 30, seed: int = 0) -> dict:
    """Time of the search (s), its training R2, and its held-out error on inner sweeps in the value's unit."""
    tf = tensorflow()
    tf.keras.utils.set_random_seed(seed)
    table = scans.points(scan)
    inputs = table.coordinates.astype(np.float32)
    mean, spread = table.values.mean(), table.values.std()
    targets = ((table.values - mean) / spread).astype(np.float32)
    began = time.perf_counter()
    settings, r2 = search(inputs, targets, trials, seed)
    seconds = time.perf_counter() - began
    groups = group_points(scan, table, len(np.unique(table.sweep)))
    errors = []
    for number in np.flatnonzero(~groups.edge)[:: max(1, int(groups.edge.size / 8))]:
        left = groups.group == number
        model, _ = fit(settings, inputs[~left], targets[~left])
        errors.append(spread * (model.predict(inputs[left], verbose=0)[:, 0] - targets[left]))
    error = float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
    return {"seconds": seconds, "training_r2": r2, "settings": settings, "held_out": error}


def main() -> None:
    """Run on the files named (default: the ferromagnet sample)."""
    from napari_scantwin.readers import read
    from napari_scantwin.samples import sample_path

    words = sys.argv[1:]
    trials = int(words.pop(0)) if words and words[0].isdigit() else 30
    for path in words or [sample_path("ferromagnet")]:
        scan = read(path)
        found = run(scan, trials)
        span = float(np.ptp(scan.values))
        share = 100 * found["held_out"] / span
        print(f"{path}: {found['seconds']:.0f} s, training R2 {found['training_r2']:.6f}")
        print(f"error on sweeps left out: {found['held_out']:.3g} {scan.attrs['units']} ({share:.2g} % of the range)")
        print(json.dumps(found))


if __name__ == "__main__":
    main()
