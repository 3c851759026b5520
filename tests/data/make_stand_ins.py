"""Write the stand-ins for measured scans and instrument files: ``python tests/data/make_stand_ins.py [folder]``.

Tests open published measurements and files of real instruments where those lie beside a checkout; everywhere else
they open these, which have the same names, layouts, columns and axes, and numbers from the formulas and seeds below.
The magnet and the band are those of ``sample_data/make_samples.py`` with other constants. Nothing here was measured.
"""

from __future__ import annotations

import importlib.util
import struct
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
from scipy.special import erf

HERE = Path(__file__).resolve().parent


def _samples(**constants: float) -> ModuleType:
    """A copy of its own of the samples' formulas, with other constants."""
    path = HERE.parents[1] / "sample_data" / "make_samples.py"
    spec = importlib.util.spec_from_file_location("make_samples", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in constants.items():
        assert hasattr(module, name)
        setattr(module, name, value)
    return module


# --- measured/: three columns without units in their names ---------------------------------------------------------


def magnet() -> ModuleType:
    """A Bean-Rodbell magnet, J = 15/2, T0 = 25 K, eta = 3.5: of first order at all fields measured."""
    return _samples(EXCHANGE_TEMPERATURE=25.0, MAGNETOELASTIC=3.5, SPREAD=0.3, SATURATION=125.0, MASS_MG=0.61)


def make_magnetization(folder: Path) -> None:
    """M(T, H): eight falling fields of 101 temperatures each, 0.61 mg, hardly any noise."""
    model, random = magnet(), np.random.default_rng(20260401)
    lines = ["X1_demo1,X2_demo1,Y_demo1"]
    for field in (50000.0, 40000.0, 30000.0, 20000.0, 10000.0, 5000.0, 1000.0, 100.0):
        kelvin = np.linspace(10, 60, 101) + random.uniform(-0.01, 0.01, 101)
        moment = model.magnetization(kelvin, np.full(101, field)) * model.MASS_MG * 1e-3
        moment = moment * (1 + 2e-4 * random.normal(size=101)) + 2e-6 * random.normal(size=101)
        lines += [f"{t:.5f},{field},{m:.7g}" for t, m in zip(kelvin, moment, strict=True)]
    _text(folder / "erco2_magnetization.csv", lines)


def make_resistance(folder: Path) -> None:
    """R(T, H) of a superconducting film: Tc falls linearly with the field, the transition widens, the second sweep
    overshoots; 67 mohm above, noise 1 mohm; the highest two fields keep it from any transition above 2 K."""
    random = np.random.default_rng(20260402)
    lines = ["X1_demo3,X2_demo3,Y_demo3"]
    sweeps = {0: (147, 2.0, 9.96), 500: (148, 2.0, 9.96), 1000: (148, 2.0, 9.96), 3000: (56, 4.21, 9.9),
              6000: (89, 2.0, 9.9), 10000: (89, 2.0, 9.9), 14000: (90, 2.0, 9.9)}  # fmt: skip
    for field, (size, low, high) in sweeps.items():
        kelvin = np.linspace(low, high, size) + random.uniform(-0.004, 0.004, size)
        middle, width = 7.4 * (1 - field / 12000), 0.12 + 0.05 * field / 3000
        ohm = 0.067 * (0.5 * (1 + erf((kelvin - middle) / (np.sqrt(2) * width))))
        if field == 500:
            ohm = ohm + 0.02 * np.exp(-0.5 * ((kelvin - middle - 0.25) / 0.07) ** 2)
        ohm = ohm + 1e-3 * random.normal(size=size)
        lines += [f"{t:.4f},{field},{r:.5g}" for t, r in zip(kelvin, ohm, strict=True)]
    _text(folder / "pdh_resistance.csv", lines)


def make_map(folder: Path) -> None:
    """Counts at one energy over 31 tilts and 967 angles: where a tight-binding band meets it, on a ground; exactly zero
    beyond the detector's round edge."""
    random = np.random.default_rng(20260403)
    tilt, angle = np.arange(-15.0, 16), -22.6679 + 0.048591 * np.arange(967)
    wave = 0.512317 * np.sqrt(16.9) * 3.6
    kx, ky = wave * np.sin(np.deg2rad(angle))[None, :], wave * np.sin(np.deg2rad(tilt))[:, None]
    band = -0.56 * (np.cos(kx) + np.cos(ky)) + 0.32 * np.cos(kx) * np.cos(ky) + 0.42
    mean = 200 + 25 / (1 + (band / 0.06) ** 2) * 10 * (1 + 0.2 * kx / wave)
    seen = (angle[None, :] / 22) ** 2 + (tilt[:, None] / 15.6) ** 2 < 1
    counts = random.poisson(np.where(seen, mean, 0))
    lines = ["X1_demo4,X2_demo4,Y_demo4"]
    lines += [
        f"{a:.4f},{t:.0f},{n}" for t, row in zip(tilt, counts, strict=True) for a, n in zip(angle, row, strict=True)
    ]
    _text(folder / "arpes_map.csv", lines)


# --- instrument/: MPMS3 ----------------------------------------------------------------------------------------------

_COLUMNS = (
    "Comment", "Time Stamp (sec)", "Temperature (K)", "Magnetic Field (Oe)", "Moment (emu)", "M. Std. Err. (emu)",
    "Transport Action", "Averaging Time (sec)", "Center Position (mm)", "Range", "Min. Temperature (K)",
    "Max. Temperature (K)", "Min. Field (Oe)", "Max. Field (Oe)", "Pressure (Torr)", "Measurement Number",
    "SQUID Status (code)", "Chamber Temp (K)", "DC Moment Fixed Ctr (emu)", "DC Moment Err Fixed Ctr (emu)",
    "DC Moment Free Ctr (emu)", "DC Moment Err Free Ctr (emu)", "DC Fixed Fit", "DC Free Fit", "Map 01", "Map 02",
)  # fmt: skip


def _mpms3(
    path: Path, rows: list[tuple[float, float, float]], mass: str, molar: str = "", *, vsm=False, mark=","
) -> None:
    """A file of readings (K, Oe, emu); DC scans fill the two columns of their own, VSM the usual one."""
    lines = [
        "[Header]",
        "; MPMS3 Data File (default extension .dat)",
        "; Numbers of make_stand_ins.py; no instrument wrote it",
        "TITLE,",
        "FILEOPENTIME,3862154103.9162,05/19/2022,8:41 pm",
        "BYAPP,MPMS3,1.0,1.1",
        "INFO,MPMS3 Measurement Release 1.1.16 Build 424, MultiVu Release 2.3.4.19,APPNAME",
        "INFO,0,MOMENT_UNITS",
        "INFO,stand-in,SAMPLE_MATERIAL",
        "INFO,,SAMPLE_COMMENT",
        f"INFO,{mass},SAMPLE_MASS",
        "INFO,,SAMPLE_VOLUME",
        f"INFO,{molar},SAMPLE_MOLECULAR_WEIGHT",
        "INFO,Straw,SAMPLE_HOLDER",
        "DATATYPE,COMMENT,1",
        "DATATYPE,TIME,2",
        "STARTUPAXIS,X,2",
        "STARTUPAXIS,Y1,5",
        "FIELDGROUP, DC, 2,3,4,19,20,21,22",
        "STARTUPGROUP, All",
        "[Data]",
        ",".join(_COLUMNS),
    ]
    for number, (kelvin, oersted, moment) in enumerate(rows):
        error = 2e-7 + 1e-3 * abs(moment)
        cells = dict.fromkeys(_COLUMNS, "")
        cells |= {
            "Time Stamp (sec)": f"{3862155025 + 40 * number}.7",
            "Temperature (K)": f"{kelvin:.7g}",
            "Magnetic Field (Oe)": f"{oersted:.8g}",
            "Transport Action": "1" if vsm else "6",
            "Range": "10",
            "Pressure (Torr)": "2.55",
            "Measurement Number": str(number + 1),
            "SQUID Status (code)": "0",
        }
        if vsm:
            cells |= {"Moment (emu)": f"{moment:.7g}", "M. Std. Err. (emu)": f"{error:.3g}"}
        else:
            cells |= {
                "DC Moment Fixed Ctr (emu)": f"{moment:.7g}",
                "DC Moment Err Fixed Ctr (emu)": f"{error:.3g}",
                "DC Moment Free Ctr (emu)": f"{1.001 * moment:.7g}",
                "DC Moment Err Free Ctr (emu)": f"{error:.3g}",
                "DC Fixed Fit": "0.954",
                "DC Free Fit": "0.973",
            }
        lines.append(",".join(cells.values()))
    if mark != ",":  # saved again by a spreadsheet: tabs, the same number of them in every line
        lines = [line.replace(",", mark) for line in lines]
        lines = [line + mark * (len(_COLUMNS) - 1 - line.count(mark)) for line in lines]
    _text(path, lines)


def _saturating(kelvin, oersted, moment: float):
    """A paramagnet's moment, mu tanh(x), with x = 10 muB H / k (T + 1 K)."""
    return moment * np.tanh(10 * 0.671714e-4 * np.asarray(oersted) / (np.asarray(kelvin) + 1))


def make_squid(folder: Path) -> None:
    """Field-cooled curves at three fields, a zero-field-cooled and a field-cooled one, a loop without a mass, and a
    sequence of loops at three temperatures."""
    random = np.random.default_rng(20260404)
    for letter, field in (("a", 100.0), ("b", 750.0), ("c", 40_000.0)):
        kelvin = np.concatenate([np.arange(2, 12, 0.1), np.linspace(12, 300, 93)]) + random.normal(0, 5e-4, 193)
        oersted = field + 0.04 + random.normal(0, 1e-3, 193)
        moment = _saturating(kelvin, oersted, 0.19) * (1 + 3e-4 * random.normal(size=193))
        _mpms3(
            folder / f"mpms3_fc_sweep_{letter}.dat", list(zip(kelvin, oersted, moment, strict=True)), "10.1", "704.95"
        )
    kelvin = np.linspace(5, 300, 252)
    cooled = 0.012 / (1 + np.exp((kelvin - 320) / 60))
    frozen = cooled * (1 - 0.65 / (1 + np.exp((kelvin - 60) / 12)))
    rows = [(t, 100.07, m) for curve in (frozen, cooled) for t, m in zip(kelvin, curve, strict=True)]
    _mpms3(folder / "mpms3_zfc_fc.dat", rows, "1.6")
    up = np.concatenate([np.arange(-70, -10, 5), np.arange(-10, 10.1, 0.5), np.arange(15, 70.1, 5)]) * 1000.0
    loop = np.concatenate([up, up[-2::-1]])
    lag = np.where(np.arange(len(loop)) < len(up), -800.0, 800.0)
    moment = 0.056 * np.tanh((loop + lag) / 15_000)
    rows = list(zip(5.0025 + random.normal(0, 2e-4, len(loop)), loop, moment, strict=True))
    _mpms3(folder / "mpms3_m_of_h_no_mass.dat", rows, "", mark="\t")
    rows = []
    for kelvin in (2.0, 2.5, 3.0):
        course = np.concatenate([np.linspace(0, 1, 75), np.linspace(1, -1, 150), np.linspace(-0.985, 1, 149)])
        course = 70_000 * course * np.abs(course)
        noise = random.normal(0, 2e-4, len(course))
        rows += list(zip(kelvin + noise, course, _saturating(kelvin, course, 1.0) + 1e-4 * noise, strict=True))
    _mpms3(folder / "mpms_sequence_mixed.dat", rows, "11.134", vsm=True)


# --- instrument/: one ARPES cut a format ------------------------------------------------------------------------------


def _cut(angle: np.ndarray, energy: np.ndarray, seed: int, counts: float) -> np.ndarray:
    """Counts [angle, energy] of the samples' band, energies from the Fermi level."""
    image = _samples(PEAK_COUNTS=counts).intensity(np.zeros(1), angle, energy)[0]
    return np.random.default_rng(seed).poisson(image)


_SES = """\
[SES]
Version=1.3.2
Region Name=cut
Lens Mode=DA30L_01
Pass Energy=20
Number of Sweeps=1
Excitation Energy={photon}
Energy Scale=Kinetic
Acquisition Mode=Swept
Energy Unit=Kinetic
Energy Step={step:g}
Step Time=235
Number of Slices={slices}
Instrument=stand-in
Location=make_stand_ins.py
Sample=tight-binding band
Date=2026-01-01
Time=08:43:05
"""


def make_ses_text(folder: Path) -> None:
    """Scienta SES text: key=value lines, axes in them, one row an energy."""
    angle, energy = np.linspace(-14.58286, 15.08571, 65), np.linspace(95.2, 96.5, 131)
    counts = _cut(angle, energy - 96.3, 1, 150)
    lines = [
        "[Info]", "Number of Regions=0001", "Version=1.3.1", "", "[Region 1]", "Region Name=cut",
        "Dimension 1 name=Kinetic Energy [eV]", f"Dimension 1 size={len(energy)}",
        "Dimension 1 scale=" + " ".join(f"{one:.5f}" for one in energy),
        "Dimension 2 name=Y-Scale [deg]", f"Dimension 2 size={len(angle)}",
        "Dimension 2 scale=" + " ".join(f"{one:.5f}" for one in angle), "",
        "[Info 1]", "Region Name=cut", "Excitation Energy=0", "Energy Scale=Kinetic", "Acquisition Mode=Swept",
        "Energy Step=0.01", "Step Time=133", f"Number of Slices={len(angle)}", "Lens Mode=Angular30", "Pass Energy=20",
        "Number of Sweeps=1", "Instrument=stand-in", "Location=make_stand_ins.py", "Comments=", "Date=1/1/2026", "",
        "[Run Mode Information 1]", "", "", "[Data 1]",
    ]  # fmt: skip
    lines += [" " + "  ".join(f"{one:.4E}" for one in (e, *row)) for e, row in zip(energy, counts.T, strict=True)]
    _text(folder / "arpes_cassiopee_ses_cut.txt", lines)


def make_da30_zip(folder: Path) -> None:
    """Scienta DA30: a binary file and its .ini in a .zip."""
    angle, energy = np.linspace(-17.66636, 13.966782, 134), np.linspace(68.23, 72.27, 203)
    counts = _cut(angle, energy - 70.4, 2, 120).astype("<f4")
    about = {
        "width": len(energy), "height": len(angle), "depth": 1, "byteperpoint": 4,
        "first_full": 69, "last_full": 133,
        "widthoffset": energy[0], "widthdelta": np.diff(energy)[0],
        "heightoffset": angle[0], "heightdelta": np.diff(angle)[0], "depthoffset": 1.0, "depthdelta": 0.0,
        "widthlabel": "Energy [eV]", "heightlabel": "Thetax [deg]", "depthlabel": "Thetay [deg]", "name": "cut",
    }  # fmt: skip
    settings = _SES.format(photon=75.0027662153, step=np.diff(energy)[0], slices=len(angle)) + "ThetaX=0\nThetaY=1\n"
    entries = {
        "cut.ini": settings.encode(),
        "Spectrum_cut.bin": counts.tobytes(),
        "Spectrum_cut.ini": ("[spectrum]\n" + "".join(f"{key}={value}\n" for key, value in about.items())).encode(),
        "viewer.ini": b"[viewer.region_8]\nini_path=cut.ini\nname=cut\n[viewer]\nregion_list=region_8\n",
    }
    with zipfile.ZipFile(folder / "arpes_bloch_da30_cut.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def make_pxt(folder: Path) -> None:
    """A packed Igor experiment with one wave, after WaveMetrics' technical notes TN003 and PTN003."""
    angle, energy = np.linspace(-16.405685, 15.393881, 133), np.linspace(64.3, 69.805, 184)
    counts = _cut(angle, energy - 69.5, 3, 100).T.astype("<f4")  # the energy is Igor's first dimension
    note = _SES.format(photon=73.9900284461353, step=np.diff(energy)[0], slices=len(angle)).replace("\n", "\r").encode()
    labels = [b"Kinetic Energy [eV]", b"Y-Scale [deg]", b"", b""]
    unit, data = b"Counts [a.u.]", counts.tobytes(order="F")
    head = struct.pack("<lLLlhh6sh32slL", 0, 0, 0, counts.size, 2, 0, b"", 1, b"cut", 0, 0)
    head += struct.pack("<4l", *counts.shape, 0, 0)
    head += struct.pack("<8d", np.diff(energy)[0], np.diff(angle)[0], 1, 1, energy[0], angle[0], 0, 0)
    head = head.ljust(320, b"\0")
    whole = [5, 0, 320 + len(data), 0, len(note), len(unit), *map(len, labels), 0, 0, 0, 0, 0, 0, 0]
    first = struct.pack("<hh15l", *whole)
    first = first[:2] + struct.pack("<H", -sum(struct.unpack("<192H", first + head)) & 0xFFFF) + first[4:]
    wave = first + head + data + note + unit + b"".join(labels)
    (folder / "arpes_hers_cut.pxt").write_bytes(struct.pack("<Hhl", 3, 1, len(wave)) + wave)


def make_merlin(folder: Path) -> None:
    """HDF5 as the ALS's Merlin writes it: axes as steps and offsets in attributes, binding energies that fall."""
    angle, energy = np.linspace(-18.290462, 19.133707, 160), np.linspace(1.261451, -0.377453, 251)
    counts = _cut(angle, -energy, 4, 60).astype(np.uint32)
    with h5py.File(folder / "arpes_merlin_cut.h5", "w", track_order=False) as file:
        spectrum = file.create_dataset("2Ddata/Spectrum", data=counts, compression="gzip", compression_opts=9)
        spectrum.attrs["AxisNames"] = "Energy,Det. Angle"
        spectrum.attrs["AxisUnits"] = "eV,degree"
        spectrum.attrs["AxisScaling"] = [[np.diff(energy)[0], energy[0]], [np.diff(angle)[0], angle[0]]]
        detector = {"Acq Mode": "Dither", "Energy Scale": "Binding", "Exc Energy": 69.997, "Lens Mode": "Angular30",
                    "Pass Energy": 20, "Region Name": "stand-in", "Step Time": 2000.0}  # fmt: skip
        file.create_group("2Ddata/Detector").attrs.update(detector)
        file.create_group("2Ddata/Sample").attrs.update({"Polar": 5.5, "Temperature A": 10.75, "Tilt": 9.0})
        file.create_group("2Ddata/Source").attrs.update({"BL Energy": 69.997})
        file.create_group("User").attrs.update({"Instrument": "stand-in", "Location": "make_stand_ins.py"})


def _text(path: Path, lines: list[str]) -> None:
    path.write_bytes(("\n".join(lines) + "\n").encode("ascii"))


def main(folder: Path) -> None:
    """Write all stand-ins into ``folder``."""
    measured, instrument = folder / "measured", folder / "instrument"
    for one in (measured, instrument):
        one.mkdir(parents=True, exist_ok=True)
    for make in (make_magnetization, make_resistance, make_map):
        make(measured)
    for make in (make_squid, make_ses_text, make_da30_zip, make_pxt, make_merlin):
        make(instrument)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
