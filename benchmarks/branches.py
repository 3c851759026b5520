"""Branches that share their features, beside each learned alone and beside an average of both.

Truths with history, measured like instruments measure: a first-order magnet whose transition lies a few kelvins higher
on warming, a ferromagnet's loops in field, a spin glass zero-field-cooled and field-cooled. The second branch has fewer
sweeps than the first. Printed is the error of the second branch's map in per cent of its range (root mean square on the
dense truth): of the networks alone and of the whole twin, learned together with the first branch (shared), by itself
(alone), and through both branches at once (averaged).

    python benchmarks/branches.py
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import branches
from napari_scantwin.core import scan as scans
from napari_scantwin.twin import TwinSettings, train

__all__ = ["TRUTHS", "measured"]

#: Places of the dense truth along either axis.
_DENSE = 121


def _first_order(field, kelvin, late: float):
    """A step of magnetization at T0 + 0.4 mK/Oe H, ``late`` K higher on warming, that widens with the field."""
    place = 30.0 + 4e-4 * field + late
    step = 60 / (1 + np.exp((kelvin - place) / (0.5 + 1e-5 * field)))
    return step + field * 4e-4 * 30 / (30 + kelvin)


def _loop(kelvin, field, sense: float):
    """Loops whose coercive field closes towards the Curie temperature; ``sense`` is +1 with the field rising."""
    order = np.sqrt(np.clip(1 - kelvin / 120, 0, 1))
    return 80 * order * np.tanh((field - sense * 900 * order) / (400 + 3 * kelvin)) + 2e-3 * field


def _glass(field, kelvin, cooled: float):
    """A susceptibility that freezes below a field-dependent temperature; ``cooled`` in the field it does not fall."""
    freezing = 25 - 2.2 * np.cbrt(field / 100)
    curie = 3e-2 * field / (kelvin + 5)
    frozen = 1 / (1 + np.exp((kelvin - freezing) / 1.5))
    return curie * (1 - frozen) + 3e-2 * field / (freezing + 5) * frozen * (cooled + (1 - cooled) * kelvin / freezing)


#: By name: the truth, its history on the first and the second branch, what those are called, slow values, the fast
#: axis's ends, the names and units of the axes, and the noise as a share of the range.
TRUTHS = {
    "first order": (
        _first_order, (1.5, -1.5), ("warming", "cooling"),
        np.array([1, 2, 5, 10, 15, 20, 30, 40, 50]) * 1e3, (10.0, 70.0),
        (("magnetic_field", "Oe"), ("temperature", "K")), 0.002,
    ),
    "loops": (
        _loop, (1.0, -1.0), ("field up", "field down"),
        np.array([5.0, 15, 30, 45, 60, 80, 100, 115]), (-5000.0, 5000.0),
        (("temperature", "K"), ("magnetic_field", "Oe")), 0.002,
    ),
    "spin glass": (
        _glass, (0.0, 1.0), ("first run", "second run"),
        np.array([50.0, 100, 200, 400, 700, 1000, 2000]), (3.0, 60.0),
        (("magnetic_field", "Oe"), ("temperature", "K")), 0.002,
    ),
}  # fmt: skip


def measured(name: str, every: int = 1, seed: int = 1):
    """One of :data:`TRUTHS` as measured.

    Parameters
    ----------
    name
        Its name.
    every
        The second branch is measured at every so manieth set point, the outermost among them.
    seed
        Of the noise.

    Returns
    -------
    tuple
        The scan, the dense places [n, 2], and the second branch's truth there [n].
    """
    truth, histories, words, slow, (low, high), axes, share = TRUTHS[name]
    random = np.random.default_rng(seed)
    fast = np.linspace(low, high, 81)
    scale = np.ptp(truth(*np.meshgrid(slow, fast, indexing="ij"), histories[0]))
    chosen = np.unique(np.append(slow[::every], slow[-1]))
    columns = []
    for place in slow:
        for number, history in enumerate(histories):
            if number and place not in chosen:
                continue
            back = number and words[1] != "second run"
            at = (fast + 0.05 * (fast[1] - fast[0]) * random.normal(size=len(fast)))[:: -1 if back else 1]
            columns.append((np.full(len(at), place), at, truth(place, at, history)))
    slows, fasts, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    values = values + share * scale * random.normal(size=len(values))
    scan = scans.ragged_scan(
        {axes[0][0]: (slows, axes[0][1]), axes[1][0]: (fasts, axes[1][1])}, values, name="moment", unit="emu"
    )
    ranks = np.linspace(0, len(slow) - 1, _DENSE)
    mesh = np.meshgrid(np.interp(ranks, np.arange(len(slow)), slow), np.linspace(low, high, _DENSE), indexing="ij")
    places = np.stack([one.ravel() for one in mesh], axis=1)
    return scan, places, truth(*places.T, histories[1])


def main() -> None:
    """Print the table."""
    print(f"{'truth':<14}{'sweeps':>8}  {'':<9}{'shared':>8}{'alone':>8}{'averaged':>10}   % of the range")
    for name, (_, _, words, slow, *_) in TRUTHS.items():
        for every in (1, 2, 4):
            scan, places, true = measured(name, every)
            found = branches.marked(scan)
            assert branches.names(found) == words, branches.names(found)
            one = branches.of_branch(found, words[1])
            unsaid = scan.assign_coords({branches.BRANCH: (scans.POINT, np.full(scan.size, ""))})
            for method in ("network", "best"):
                errors = []
                for what in (found, one, unsaid):
                    twin = train(what, TwinSettings(method=method), score_baselines=False)
                    branch = words[1] if words[1] in twin.branches else None
                    wrong = twin.predict(places, branch=branch)[0] - true
                    errors.append(100 * np.sqrt(np.mean(wrong**2)) / np.ptp(true))
                sweeps = f"{len(slow)}, {scans.sweep_count(one)}"
                print(
                    f"{name:<14}{sweeps:>8}  {method:<9}{errors[0]:>8.2f}{errors[1]:>8.2f}{errors[2]:>10.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
