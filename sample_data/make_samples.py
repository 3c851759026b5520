"""Write the sample scans and the dense truth behind each: ``python sample_data/make_samples.py [folder]``.

Everything comes from the formulas and seeds below (README.md states them in words), so that running this
twice gives the same files, and anyone can see how close a twin comes to what is really there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import xarray as xr
from scipy.ndimage import gaussian_filter
from scipy.special import erf, ndtri

from napari_scantwin.core.scan import gridded_scan

BOHR_MAGNETON_OVER_BOLTZMANN = 0.671714  # K/T
OERSTED = 1e-4  # T, in vacuum


# --- a ferromagnet whose first-order transition moves with field --------------------------------------------

SPIN, LANDE = 7.5, 1.2
EXCHANGE_TEMPERATURE = 32.0  # K, T0 of Bean and Rodbell
MAGNETOELASTIC = 1.8  # eta > 1: the transition in zero field is first order
SPREAD = 0.5  # K, standard deviation of T0 over the sample
SATURATION = 176.0  # emu/g
MASS_MG = 0.85
FIELDS = (50000.0, 40000.0, 30000.0, 20000.0, 10000.0, 5000.0, 1000.0, 100.0)  # Oe, as measured, falling


def _brillouin(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Brillouin function B_J(y) and the logarithm of its partition function."""
    wide, narrow = (2 * SPIN + 1) / (2 * SPIN), 1 / (2 * SPIN)
    order = wide / np.tanh(wide * y) - narrow / np.tanh(narrow * y)
    # ln(sinh(a y) / sinh(b y)) written so that it does not overflow
    log_z = (wide - narrow) * y + np.log1p(-np.exp(-2 * wide * y)) - np.log1p(-np.exp(-2 * narrow * y))
    return order, log_z


def _order(temperature: np.ndarray, field: np.ndarray, exchange: float) -> np.ndarray:
    """Reduced moment [n] of lowest Bean-Rodbell free energy at T [n] (K) and H [n] (Oe)."""
    two, four = _coefficients(exchange)
    zeeman = LANDE * SPIN * BOHR_MAGNETON_OVER_BOLTZMANN * field * OERSTED
    y = np.geomspace(1e-3, 60, 240)
    order, log_z = _brillouin(y)
    energy = -two / 2 * order**2 - four / 4 * order**4
    free = energy - zeeman[:, None] * order - temperature[:, None] * (log_z - y * order)
    found = y[np.argmin(free, axis=1)]
    for _ in range(12):  # Newton's method on T y = two s + four s^3 + zeeman, from the deepest valley
        s, _ = _brillouin(found)
        step = 1e-5 * found
        slope = (_brillouin(found + step)[0] - s) / step
        wrong = temperature * found - two * s - four * s**3 - zeeman
        steep = temperature - (two + 3 * four * s**2) * slope
        change = np.where(steep > 0.02 * temperature, wrong / np.maximum(steep, 0.02 * temperature), 0)
        found = np.clip(found - np.clip(change, -0.05 * found, 0.05 * found), 1e-5, 80)
    return _brillouin(found)[0]


def _coefficients(exchange: float) -> tuple[float, float]:
    """Coefficients of s and s^3 in the Bean-Rodbell molecular field, in kelvin."""
    two = 3 * exchange * SPIN / (SPIN + 1)
    four = 9 / 5 * ((2 * SPIN + 1) ** 4 - 1) / (2 * (SPIN + 1)) ** 4 * exchange * MAGNETOELASTIC
    return two, four


def magnetization(temperature: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Magnetization in emu/g at temperatures (K) and fields (Oe) of one shape."""
    temperature, field = np.broadcast_arrays(np.asarray(temperature, float), np.asarray(field, float))
    total = np.zeros(temperature.size)
    deviates = ndtri((np.arange(25) + 0.5) / 25)
    for deviate in deviates:
        total += _order(temperature.ravel(), field.ravel(), EXCHANGE_TEMPERATURE + SPREAD * deviate)
    return SATURATION * (total / len(deviates)).reshape(temperature.shape)


_DAT_HEADER = """\
[Header]
; Simulated scan in the layout of an MPMS3 file; no instrument wrote it
TITLE,Bean-Rodbell ferromagnet
BYAPP,MPMS3,1.0
INFO,made by make_samples.py,APPNAME
INFO,Bean-Rodbell ferromagnet,SAMPLE_MATERIAL
INFO,field-cooled from 60 K; see README.md,SAMPLE_COMMENT
INFO,{mass},SAMPLE_MASS
INFO,,SAMPLE_VOLUME
INFO,,SAMPLE_MOLECULAR_WEIGHT
DATATYPE,COMMENT,1
DATATYPE,TIME,2
STARTUPAXIS,X,3
STARTUPAXIS,Y1,5
[Data]
Comment,Time Stamp (sec),Temperature (K),Magnetic Field (Oe),Moment (emu),M. Std. Err. (emu),Transport Action
"""


def make_ferromagnet(folder: Path) -> None:
    """M(T, H): eight unevenly spaced fields, about a hundred temperatures each, as .dat and as .csv."""
    random = np.random.default_rng(20260101)
    dat, table = [], ["Temperature (K),Magnetic Field (Oe),Moment (emu),Std. Err. (emu)"]
    clock = 1000.0
    for field in FIELDS:
        temperature = np.linspace(60, 10, 101) + random.normal(0, 0.05, 101)
        temperature = np.sort(np.clip(temperature, 9.9, 60.1))[::-1]
        actual = field + random.normal(0, 0.01 + 2e-6 * field, len(temperature))
        moment = magnetization(temperature, np.full_like(temperature, field)) * MASS_MG * 1e-3
        error = (3e-5 + 6e-4 * np.abs(moment)) * random.uniform(0.8, 1.2, len(moment))
        moment = moment + random.normal(0, 1, len(moment)) * error
        for t, h, m, e in zip(temperature, actual, moment, error, strict=True):
            clock += 31.0
            dat.append(f",{clock:.1f},{t:.4f},{h:.3f},{m:.7e},{e:.3e},1")
            table.append(f"{t:.4f},{h:.3f},{m:.7e},{e:.3e}")
    _write_text(folder / "ferromagnet_mpms3.dat", _DAT_HEADER.format(mass=MASS_MG) + "\n".join(dat) + "\n")
    _write_text(folder / "ferromagnet.csv", "\n".join(table) + "\n")
    fields, temperatures = np.linspace(100, 50000, 101), np.linspace(10, 60, 201)
    truth = magnetization(temperatures[None, :], fields[:, None]) * MASS_MG * 1e-3
    _write_truth(
        folder / "ferromagnet_truth.nc",
        {"magnetic_field": (fields, "Oe"), "temperature": (temperatures, "K")},
        truth,
        name="moment",
        unit="emu",
        attrs={"title": "Bean-Rodbell ferromagnet, truth", "sample_mass": MASS_MG, "sample_mass_units": "mg"},
    )


# --- superconducting transition of hydrogen-loaded palladium -------------------------------------------------

CRITICAL_TEMPERATURE = 7.2  # K, in zero field
CRITICAL_FIELD = 9000.0  # Oe, Hc2 at 0 K
NORMAL_RESISTANCE = 0.0185  # ohm
SWEEP_POINTS = {0: 148, 500: 96, 1000: 120, 2000: 84, 3500: 72, 5000: 64, 7000: 56}  # field in Oe: points


def resistance(temperature: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Resistance in ohm at temperatures (K) and fields (Oe) of one shape."""
    middle = CRITICAL_TEMPERATURE * np.sqrt(1 - field / CRITICAL_FIELD)  # Hc2 = Hc2(0) (1 - (T/Tc)^2)
    width = 0.12 + 0.25 * field / CRITICAL_FIELD  # the hydrogen is spread unevenly
    normal = NORMAL_RESISTANCE * (1 + 0.0015 * temperature**2)
    return normal * 0.5 * (1 + erf((temperature - middle) / (np.sqrt(2) * width)))


def make_palladium(folder: Path) -> None:
    """R(T, H): seven ragged, noisy sweeps, one of which overshoots just above its transition."""
    random = np.random.default_rng(20260202)
    lines = ["T (K),H (Oe),R (ohm)"]
    for field, size in SWEEP_POINTS.items():
        low, high = 1.95 + random.uniform(0, 0.1), 8.9 + random.uniform(-0.3, 0.3)
        temperature = np.sort(random.uniform(low, high, size))
        value = resistance(temperature, float(field))
        if field == 2000:
            middle = CRITICAL_TEMPERATURE * np.sqrt(1 - field / CRITICAL_FIELD)
            value = value + 0.12 * NORMAL_RESISTANCE * np.exp(-0.5 * ((temperature - middle - 0.35) / 0.12) ** 2)
        value = value + random.normal(0, 2.5e-4, size)
        lines += [f"{t:.4f},{field},{r:.6e}" for t, r in zip(temperature, value, strict=True)]
    _write_text(folder / "palladium_hydride.csv", "\n".join(lines) + "\n")
    fields, temperatures = np.linspace(0, 7000, 141), np.linspace(2, 9.2, 241)
    _write_truth(
        folder / "palladium_hydride_truth.nc",
        {"magnetic_field": (fields, "Oe"), "temperature": (temperatures, "K")},
        resistance(temperatures[None, :], fields[:, None]),
        name="resistance",
        unit="ohm",
        attrs={"title": "hydrogen-loaded palladium, truth"},
    )


# --- photoemission from a tight-binding band ------------------------------------------------------------------

KINETIC = 16.7  # eV, at the Fermi level (He I)
LATTICE = 3.6  # angstrom
HOPPING, DIAGONAL, SHIFT = 0.28, 0.08, 0.42  # eV: t, t' and the band's middle below the Fermi level
TEMPERATURE = 30.0  # K
RESOLUTION_ENERGY, RESOLUTION_ANGLE = 0.018, 0.35  # eV, deg (standard deviations)
PEAK_COUNTS = 60.0


def intensity(tilt: np.ndarray, angle: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """Counts [tilt, angle, energy] for tilts and angles (deg) and energies from the Fermi level (eV)."""
    wave = 0.512317 * np.sqrt(KINETIC) * LATTICE  # k a per unit of sine
    kx = (wave * np.sin(np.deg2rad(angle)))[None, :, None]
    ky = (wave * np.sin(np.deg2rad(tilt)))[:, None, None]
    band = -2 * HOPPING * (np.cos(kx) + np.cos(ky)) + 4 * DIAGONAL * np.cos(kx) * np.cos(ky) + SHIFT
    width = 0.025 + 0.12 * energy**2  # a Fermi liquid's lifetime
    spectrum = width / np.pi / ((energy - band) ** 2 + width**2)
    occupied = 1 / (np.exp(np.clip(energy / (8.617333e-5 * TEMPERATURE), -60, 60)) + 1)
    background = 0.35 + 0.5 * np.clip(-energy, 0, None)
    ideal = (spectrum * (1 + 0.3 * kx / wave) + background) * occupied
    sigma = (0, RESOLUTION_ANGLE / np.diff(angle)[0], RESOLUTION_ENERGY / np.diff(energy)[0])
    return PEAK_COUNTS / 4 * gaussian_filter(ideal, sigma, mode="nearest") + 1.0


def make_arpes(folder: Path) -> None:
    """Photoemission counts over energy and analyser angle at nine manipulator angles."""
    random = np.random.default_rng(20260303)
    angle, energy = np.linspace(-14, 14, 48), np.linspace(-0.75, 0.15, 64)
    tilt, dense = np.linspace(-12, 12, 9), np.linspace(-12, 12, 33)

    def image(tilts: np.ndarray) -> np.ndarray:
        # Computed on a grid four times finer and read at its centre, so that the resolution is well sampled.
        fine_angle = np.linspace(angle[0], angle[-1], 4 * (len(angle) - 1) + 1)
        fine_energy = np.linspace(energy[0], energy[-1], 4 * (len(energy) - 1) + 1)
        return intensity(tilts, fine_angle, fine_energy)[:, ::4, ::4]

    def axes(tilts: np.ndarray) -> dict:
        return {"manipulator_angle": (tilts, "deg"), "analyser_angle": (angle, "deg"), "energy": (energy, "eV")}

    counts = random.poisson(image(tilt)).astype(np.float32)
    scan = gridded_scan(
        axes(tilt),
        counts,
        name="photoemission_intensity",
        unit="count",
        long_names={"energy": "energy from the Fermi level"},
        attrs={"title": "tight-binding band, ARPES", "kind": "measured", "instrument": "simulated"},
    )
    _write_netcdf(scan, folder / "arpes.nc")
    _write_truth(
        folder / "arpes_truth.nc",
        axes(dense),
        image(dense),
        name="photoemission_intensity",
        unit="count",
        long_names={"energy": "energy from the Fermi level"},
        attrs={"title": "tight-binding band, truth"},
    )


# --- a map of core levels: a substrate, a flake of two terraces, a particle --------------------------------------

FLAKE_COUNTS = 30.0  # mean counts of a channel
DOUBLET, SPIN_ORBIT = -32.6, 2.15  # eV: the stronger line of the first terrace, and how far below it the weaker lies
TERRACE_SHIFT, OXIDE_SHIFT = 0.25, -1.6  # eV


def core_levels(energy: np.ndarray) -> np.ndarray:
    """Spectra of unit sum [substrate, terrace, shifted terrace, particle] over energies from the Fermi level (eV)."""

    def doublet(shift: float, width: float) -> np.ndarray:
        lines = ((DOUBLET + shift, 1.0), (DOUBLET + shift - SPIN_ORBIT, 0.75))
        return sum(height * np.exp(-((energy - place) ** 2) / (2 * width**2)) for place, height in lines)

    rising = 0.25 + 0.02 * (energy - energy[0])
    spectra = np.array(
        [
            1.2 * rising + 0.1 * np.exp(-((energy + 36.0) ** 2) / 2),
            doublet(0.0, 0.22) + 0.3 * rising,
            doublet(TERRACE_SHIFT, 0.22) + 0.3 * rising,
            doublet(OXIDE_SHIFT, 0.5) + 0.5 * rising,
        ]
    )
    return spectra / spectra.sum(axis=1, keepdims=True)


def core_level_shares(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Shares [4, y, x] of the four at places (um): they add up to one."""
    down, across = np.meshgrid(y, x, indexing="ij")

    def edge(distance: np.ndarray) -> np.ndarray:
        return 0.5 * (1 + erf(distance / 0.5))

    flake = edge(across - 6 - 0.25 * down) * edge(14.5 - down + 0.2 * across)
    shifted = edge(across - 11 + 0.15 * down)
    particle = np.exp(-((down - 16) ** 2 + (across - 4) ** 2) / (2 * 0.9**2))
    particle = np.minimum(1.6 * particle, 1.0)
    rest = 1 - particle
    return np.array([rest * (1 - flake), rest * flake * (1 - shifted), rest * flake * shifted, particle])


def make_core_levels(folder: Path) -> None:
    """Photoemission counts of core levels over a flake's places, and the shares behind them."""
    random = np.random.default_rng(20260404)
    y, x, energy = np.linspace(0, 20, 41), np.linspace(0, 16, 33), np.linspace(-37.6, -30.0, 77)
    shares = core_level_shares(y, x)
    brightness = np.array([1.0, 1.1, 1.1, 1.6])[:, None, None] * shares
    counts = random.poisson(FLAKE_COUNTS * len(energy) * np.einsum("kyx,ke->yxe", brightness, core_levels(energy)))
    places = {"y": (y, "um"), "x": (x, "um")}
    named = {"energy": "energy from the Fermi level"}
    scan = gridded_scan(
        places | {"energy": (energy, "eV")},
        counts.astype(np.float32),
        name="photoemission_intensity",
        unit="count",
        long_names=named,
        attrs={"title": "core levels of a flake", "kind": "measured", "instrument": "simulated"},
    )
    _write_netcdf(scan, folder / "core_levels.nc")
    of_counts = brightness / brightness.sum(axis=0)
    _write_truth(
        folder / "core_levels_truth.nc",
        {"component": (np.arange(1.0, 5.0), "dimensionless"), **places},
        of_counts,
        name="share",
        unit="dimensionless",
        long_names={"share": "share of intensity"},
        attrs={"title": "shares of a flake's four spectra, truth"},
    )


# --- writing -----------------------------------------------------------------------------------------------------


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode("ascii"))


def _write_truth(path: Path, axes: dict, values: np.ndarray, **details) -> None:
    # Only 14 bits of each mantissa are kept (6e-5 of the value, far below any noise): it compresses better.
    bits = np.asarray(values, np.float32).view(np.uint32)
    bits = (bits + np.uint32(1 << 8)) & np.uint32(0xFFFFFFFF << 9 & 0xFFFFFFFF)
    details["attrs"] = {**details["attrs"], "kind": "simulated", "instrument": "formulas of make_samples.py"}
    _write_netcdf(gridded_scan(axes, bits.view(np.float32), **details), path)


def _write_netcdf(scan: xr.DataArray, path: Path) -> None:
    encoding = {scan.name: {"zlib": True, "complevel": 9, "shuffle": True}}
    scan.to_dataset().to_netcdf(path, engine="h5netcdf", encoding=encoding)


def main(folder: Path) -> None:
    """Write every sample into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    make_ferromagnet(folder)
    make_palladium(folder)
    make_arpes(folder)
    make_core_levels(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
