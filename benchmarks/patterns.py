"""Patterns: components against the truth and other programs, boundaries of known series, Ising, a large stack.

``python benchmarks/patterns.py [shares] [boundaries] [nulls] [ising] [large] [hyperspy]``; without names the first
three. ``hyperspy`` needs HyperSpy (GPL) in an environment of its own: name its Python in HYPERSPY_PYTHON. ``shares``
takes the measured stack nano_xps.nc too where SCANTWIN_STACKS names its folder.
"""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from napari_scantwin.core.scan import gridded_scan
from napari_scantwin.patterns import boundary, decompose
from napari_scantwin.patterns.factors import amounts_given, refined
from napari_scantwin.patterns.learned import confusion
from tests.patterns.mixtures import mixture, share_error
from tests.patterns.series import CHANGE, STEP, series

_SEEDS = 3
_HYPERSPY = """
import sys, numpy as np, hyperspy.api as hs
hs.preferences.General.show_progressbar = False
for name in sys.argv[1:]:
    values = np.load(name)
    signal = hs.signals.Signal1D(values.astype(float))
    signal.decomposition(normalize_poissonian_noise=True, algorithm="NMF", output_dimension=3, print_info=False)
    loads = signal.get_decomposition_loadings().data.reshape(3, -1)
    factors = signal.get_decomposition_factors().data.reshape(3, -1)
    amounts = loads.T * factors.sum(axis=1)
    np.save(name + ".shares.npy", (amounts / np.maximum(amounts.sum(axis=1, keepdims=True), 1e-12)).T)
"""


def floor_of(scan, shares, spectra) -> float:
    """The error of the shares where the true spectra are given."""
    rows = scan.values.reshape(-1, scan.shape[-1])
    start = amounts_given(rows, spectra, np.sqrt(rows.mean(axis=0)))
    amounts, _ = refined(rows, spectra, start, spectra_too=False, steps=1000)
    return share_error((amounts / amounts.sum(axis=1, keepdims=True)).T, shares.reshape(3, -1))


def by_sklearn(scan, shares) -> dict[str, float]:
    """Share errors of scikit-learn's algorithms, which PyARPES wraps too."""
    from sklearn.decomposition import NMF

    rows = scan.values.reshape(-1, scan.shape[-1])
    found = {}
    for name, options in (("NMF", {}), ("NMF KL", {"solver": "mu", "beta_loss": "kullback-leibler"})):
        nmf = NMF(3, max_iter=200, **options)
        amounts = nmf.fit_transform(rows) * nmf.components_.sum(axis=1)
        amounts /= np.maximum(amounts.sum(axis=1, keepdims=True), 1e-12)
        found[name] = share_error(amounts.T, shares.reshape(3, -1))
    return found


def by_hyperspy(scans, python: str) -> list[np.ndarray]:
    """Shares by HyperSpy's NMF in Poisson weights, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for number, scan in enumerate(scans):
            names.append(str(Path(folder) / f"{number}.npy"))
            np.save(names[-1], scan.values)
        subprocess.run([python, "-c", _HYPERSPY, *names], check=True, capture_output=True)
        return [np.load(name + ".shares.npy") for name in names]


def shares() -> None:
    """Share errors against the truth."""
    print("pure  counts  number      ours     floor   ratio   sklearn NMF    NMF KL   processor s")
    for pure, counts in itertools.product((True, False), (1000, 100, 20, 5)):
        rows = []
        for seed in range(_SEEDS):
            scan, truth, spectra = mixture(counts, pure=pure, seed=seed)
            began = time.process_time()
            found = decompose(scan)
            took = time.process_time() - began
            others = by_sklearn(scan, truth)
            ours = share_error(found.shares, truth) if found.count == 3 else np.nan
            rows.append((found.count, ours, floor_of(scan, truth, spectra), others["NMF"], others["NMF KL"], took))
        number, ours, floor, nmf, kl, took = np.mean(rows, axis=0)
        print(
            f"{'yes' if pure else 'no':5} {counts:6} {number:7.1f} {ours:9.4f} {floor:9.4f} {ours / floor:7.2f}"
            f" {nmf:13.3f} {kl:9.3f} {took:13.1f}"
        )
    folder = os.environ.get("SCANTWIN_STACKS")
    if folder:
        from napari_scantwin.readers import read

        scan = read(
            Path(folder) / "nano_xps.nc",
            axes=["y=y[1]", "x=x[1]", "eV=energy[eV]"],
            value="__xarray_dataarray_variable__=photoemission_intensity[count]",
        )
        began = time.process_time()
        found = decompose(scan)
        took = time.process_time() - began
        print(f"nano_xps: {found.evidence.words}; one count {found.gain:.1f}; {took:.1f} processor seconds")


def against_hyperspy() -> None:
    """HyperSpy's NMF on the same stacks."""
    python = os.environ.get("HYPERSPY_PYTHON")
    if not python:
        print("HyperSpy was not run: name its Python in HYPERSPY_PYTHON")
        return
    made = [mixture(counts, seed=seed) for counts in (1000, 100, 20) for seed in range(_SEEDS)]
    theirs = by_hyperspy([one[0] for one in made], python)
    errors = [share_error(one, made[k][1].reshape(3, -1)) for k, one in enumerate(theirs)]
    ours = [share_error(decompose(one[0]).shares, one[1]) for one in made]
    for number, counts in enumerate((1000, 100, 20)):
        part = slice(number * _SEEDS, (number + 1) * _SEEDS)
        of_theirs, of_ours = np.mean(errors[part]), np.mean(ours[part])
        print(f"HyperSpy NMF in Poisson weights, {counts} counts: {of_theirs:.3f}; ours {of_ours:.4f}")


def boundaries() -> None:
    """Known changes at 60 K, by the change-point fit."""
    hits = total = 0
    print("series counts  within a step  claimed        places (K)   processor s each")
    for kind, counts in itertools.product(("gap", "swap"), (5, 50, 500)):
        began = time.process_time()
        found = [boundary(series(kind, counts, seed), "temperature", gain=1).results[0] for seed in range(8)]
        took = (time.process_time() - began) / 8
        places = np.array([one.candidate for one in found])
        near = int((abs(places - CHANGE) <= STEP).sum())
        hits, total = hits + near, total + 8
        claimed = sum(one.found for one in found)
        print(f"{kind:5} {counts:7} {near:14}/8 {claimed:7}/8 {places.min():9.1f} to {places.max():.1f} {took:14.2f}")
    print(f"within a step of {STEP} K: {hits} of {total}")


def nulls() -> None:
    """Thermal broadening alone: how often a boundary is claimed."""
    for counts in (5, 50, 200, 500, 2000):
        found = [boundary(series("null", counts, seed), "temperature", gain=1).results[0] for seed in range(100)]
        print(f"null, {counts:4} counts: claimed {sum(one.found for one in found)} of 100; "
              f"largest difference {max(one.delta_bic for one in found):.0f}")  # fmt: skip


def ising_series(size: int, temperatures, samples: int, seed: int, settle: int = 200) -> np.ndarray:
    """Spins [temperature, sample, size, size] of the square Ising model, by the clusters of Swendsen and Wang.

    It begins ordered, and ``settle`` steps are thrown away.
    """
    random = np.random.default_rng(seed)
    spins = np.ones((len(temperatures), size, size), np.int8)
    bond = (1 - np.exp(-2 / np.asarray(temperatures)))[:, None, None]
    found = np.empty((len(temperatures), samples, size, size), np.int8)
    for step in range(samples + settle):
        spins = _swendsen_wang(spins, bond, random)
        if step >= settle:
            found[:, step - settle] = spins
    return found


def _swendsen_wang(spins, bond, random):
    """One step at all temperatures: bonds between equal neighbours, clusters, each turned over or not."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    number = np.arange(spins.size).reshape(spins.shape)
    edges = []
    for axis in (1, 2):
        joined = (spins == np.roll(spins, -1, axis)) & (random.random(spins.shape) < bond)
        edges.append(np.stack([number[joined], np.roll(number, -1, axis)[joined]]))
    first, second = np.concatenate(edges, axis=1)
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(spins.size,) * 2)
    count, cluster = connected_components(graph, directed=False)
    turn = np.where(random.random(count) < 0.5, 1, -1).astype(np.int8)
    return (spins.ravel() * turn[cluster]).reshape(spins.shape)


def _log_partition(coupling: float, size: int) -> float:
    """Logarithm of the partition function of the square Ising model on a torus, J = 1.

    B. Kaufman, *Phys. Rev.* **76**, 1232 (1949).
    """
    number = np.arange(2 * size)
    gamma = np.arccosh(np.cosh(2 * coupling) / np.tanh(2 * coupling) - np.cos(np.pi * number / size))
    gamma[0] = 2 * coupling + np.log(np.tanh(coupling))
    half = size * gamma / 2
    terms = []
    for part in (half[1::2], half[::2]):
        away = np.abs(part)
        terms.append((1.0, float(np.sum(away + np.log1p(np.exp(-2 * away))))))
        terms.append((float(np.prod(np.sign(part))), float(np.sum(away + np.log1p(-np.exp(-2 * away))))))
    most = max(one for _, one in terms)
    total = sum(sign * np.exp(one - most) for sign, one in terms)
    return size**2 / 2 * np.log(2 * np.sinh(2 * coupling)) - np.log(2) + most + np.log(total)


def _off_exact(energy: np.ndarray, temperatures, size: int) -> float:
    """Root mean square deviation of mean energies [temperature, sample] from the exact ones, in standard errors (of
    the means of 20 batches); 1 where the simulation is right."""
    exact = [-(_log_partition(1 / t + 1e-4, size) - _log_partition(1 / t - 1e-4, size)) / 2e-4 for t in temperatures]
    batches = energy[:, : energy.shape[1] // 20 * 20].reshape(len(energy), 20, -1).mean(axis=2)
    error = batches.std(axis=1, ddof=1) / np.sqrt(20)
    return float(np.sqrt(np.mean(((batches.mean(axis=1) - exact) / error) ** 2)))


def ising() -> None:
    """Confusion on the square Ising model, extrapolated in 1/L to the exact 2.269."""
    temperatures, samples = np.linspace(1.5, 3.1, 33), int(os.environ.get("ISING_SAMPLES", "1500"))
    sizes, means, errors = (8, 12, 16, 24), [], []
    for size in sizes:
        each, off = [], []
        for seed in range(5):
            spins = ising_series(size, temperatures, samples, seed)
            # Magnetization and energy per spin, the order parameter and its partner.
            magnetization = abs(spins.mean(axis=(2, 3), dtype=float))
            energy = -sum((spins * np.roll(spins, 1, axis)).mean(axis=(2, 3), dtype=float) for axis in (2, 3))
            off.append(_off_exact(energy * size**2, temperatures, size))
            rows = np.stack([magnetization, energy], axis=-1).reshape(-1, 2)
            classes = np.repeat(np.arange(len(temperatures)), spins.shape[1])
            each.append(confusion(temperatures, rows, classes, seeds=1).at)
        told = np.isfinite(each)
        means.append(np.nanmean(each))
        errors.append(np.nanstd(each, ddof=1) / np.sqrt(told.sum()))
        print(
            f"L = {size:2}: {means[-1]:.3f} ± {errors[-1]:.3f} ({told.sum()} of 5 give evidence); energies are "
            f"{np.mean(off):.2f} standard errors from the exact ones"
        )
        sys.stdout.flush()
    (_, limit), covariance = np.polyfit(1 / np.array(sizes), means, 1, w=1 / np.array(errors), cov="unscaled")
    error = np.sqrt(covariance[1, 1])
    print(f"{samples} samples at each of 33 temperatures; 1/L to 0: {limit:.3f} ± {error:.3f} (exact 2.269)")
    spins = ising_series(16, temperatures, 50, 0).reshape(-1, 256).astype(float)
    classes = np.repeat(np.arange(33), 50)
    began = time.process_time()
    found = confusion(temperatures, spins, classes, seeds=1)
    took = time.process_time() - began
    told = f"{found.at:.3f}, score {found.curve.max():.3f}"
    print(f"33 values, 1650 samples of 256 spins: {took:.1f} processor seconds, {told}")


def large() -> None:
    """512 x 512 places and 1000 channels, read from zarr in parts."""
    import dask.array as da
    import zarr

    random = np.random.default_rng(0)
    small, _, spectra = mixture(20, shape=(8, 8), channels=1000)
    down, across = (np.fft.fftfreq(512) * 512 for _ in range(2))
    window = np.exp(-(down[:, None] ** 2 + across[None] ** 2) / 18)
    fields = [np.fft.ifft2(np.fft.fft2(random.normal(size=(512, 512))) * window).real for _ in range(3)]
    truth = np.exp(3 * np.array([(one - one.mean()) / one.std() for one in fields]))
    truth = (truth / truth.sum(axis=0)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stack.zarr"
        store = zarr.open(path, mode="w", shape=(512, 512, 1000), chunks=(32, 128, 1000), dtype="uint16")
        for start in range(0, 512, 32):
            mean = np.tensordot(truth[:, start : start + 32], np.float32(20 * 1000 * spectra), (0, 0))
            drawn = mean + np.sqrt(mean) * random.standard_normal(mean.shape, np.float32)  # near Poisson at 20 counts
            store[start : start + 32] = np.maximum(drawn + 0.5, 0).astype(np.uint16)
        axes = {"y": (np.arange(512.0), "um"), "x": (np.arange(512.0), "um"), "energy": (small["energy"].values, "eV")}
        scan = gridded_scan(axes, da.from_zarr(path), name="photoemission_intensity", unit="count")
        began, clock = time.process_time(), time.perf_counter()
        found = decompose(scan)
        took, seconds = time.process_time() - began, time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"512 x 512 x 1000: {found.evidence.words}; share error {share_error(found.shares, truth):.4f}; "
        f"{took:.0f} processor seconds, {seconds:.0f} s, {peak:.2f} GiB at most"
    )


_ALL = {
    "shares": shares,
    "boundaries": boundaries,
    "nulls": nulls,
    "ising": ising,
    "large": large,
    "hyperspy": against_hyperspy,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or ("shares", "boundaries", "nulls"):
        print(f"--- {name}")
        _ALL[name]()
        sys.stdout.flush()
