"""SPECS Prodigy files. The ``.xy`` files written here follow the headers that peaks (``SpecsDataLoader``) and PyARPES
(``load_xy``) parse, the ``.itx`` files those quoted in PyARPES's ``load_itx_datatype``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import open_choices, read

ENERGIES, ANGLES = (15.0, 15.1, 15.3), (-1.0, -0.5, 0.0, 0.5)  # a snapshot's energies are not evenly spaced


def xy(
    cycles=({},), regions=("EDC",), scans=1, lens="WideAngleMode:40V", axis="Kinetic Energy", rate=True, external=()
):
    unit = "counts/s" if rate else "counts"
    out = [
        "# Created by:        SpecsLab Prodigy, Version 4.86.2-r103043",
        f"#   Energy Axis:             {axis}",
        f"#   Count Rate:              {'Counts per Second' if rate else 'Counts'}",
        "#   External Channel Data:   no",
    ]
    for region in regions:
        out += ["#", "# Group:                   map", f"# Region:                  {region}", "#"]
        out += ["# Acquisition Date:        2023-10-27 08:34:22 UTC", f"# Analyzer Lens:           {lens}"]
        out += ["# Excitation Energy:       21.2182", "# Pass Energy:             10", "# Eff. Workfunction:   4.3"]
        for cycle, parameters in enumerate(cycles):
            out += [f"# Cycle: {cycle}"]
            out += [f'# Parameter: "{name}" = {value}' for name, value in parameters.items()]
            for curve, angle in enumerate(ANGLES):
                for one in range(scans):
                    out += [f"# Cycle: {cycle}, Curve: {curve}, Scan: {one}", f"# NonEnergyOrdinate: {angle}", "#"]
                    out += [f"# ColumnLabels: energy {unit}", "#"]
                    out += [f"{e:.3f}  {100 * cycle + 10 * curve + i + one}" for i, e in enumerate(ENERGIES)]
                    out += [""]
            for name, values in external:
                out += [f"# External Channel Data Cycle: {cycle}, {name}", f"# ColumnLabels: energy {name}"]
                out += [f"{e:.3f}  {values[cycle]}" for e in ENERGIES]
    return "\n".join(out) + "\n"


COUNTS = 10.0 * np.arange(4)[:, None] + np.arange(3)


def test_a_cut_has_the_same_axes_as_everyone(tmp_path):
    path = tmp_path / "cut.xy"
    path.write_text(xy())
    scan = read(path)
    assert scans.axes(scan) == ("angle", "energy")
    np.testing.assert_array_equal(scan.values, COUNTS)
    np.testing.assert_allclose(scan["energy"].values, ENERGIES)
    np.testing.assert_allclose(scan["angle"].values, ANGLES)
    assert (scan["angle"].attrs["units"], scan.attrs["units"]) == ("deg", "count/s")
    assert (scan.attrs["photon_energy"], scan.attrs["lens_mode"]) == (21.2182, "WideAngleMode:40V")
    assert (scan.attrs["energy_notation"], scan.attrs["region"]) == ("kinetic", "EDC")


def test_binding_energies_are_counted_from_the_fermi_level(tmp_path):
    path = tmp_path / "cut.txt"
    path.write_text(xy(axis="Binding Energy"))
    scan = read(path)
    assert scan.attrs["energy_notation"] == "fermi"
    np.testing.assert_allclose(scan["energy"].values, [-15.3, -15.1, -15])
    np.testing.assert_array_equal(scan.values, COUNTS[:, ::-1])


def test_a_parameter_is_the_scanned_axis_and_what_was_read_back_goes_along(tmp_path):
    path = tmp_path / "map.xy"
    cycles = [{"Step": n, "Phi [deg]": phi, "X [mm]": 2.5} for n, phi in enumerate([4.0, 2.0, 1.5])]
    path.write_text(xy(cycles, external=[("Sample temperature [K] (Laser heater)", [20.1, 20.3, 20.2])]))
    scan = read(path)
    assert scans.axes(scan) == ("manipulator_angle", "angle", "energy")
    assert scan["manipulator_angle"].values.tolist() == [1.5, 2, 4]  # uneven, as measured, rising
    np.testing.assert_array_equal(scan.values, np.stack([COUNTS + 200, COUNTS + 100, COUNTS]))
    assert scan["sample_temperature"].dims == ("manipulator_angle",)
    np.testing.assert_allclose(scan["sample_temperature"].values, [20.2, 20.3, 20.1])
    assert (scan.attrs["x"], scan.attrs["x_units"]) == (2.5, "mm")


def test_two_parameters_make_a_grid_and_no_parameter_numbers_the_cycles(tmp_path):
    path = tmp_path / "grid.xy"
    path.write_text(xy([{"Y [mm]": y, "X [mm]": x} for y in (0, 1) for x in (5, 6, 8)]))
    scan = read(path)
    assert scans.axes(scan) == ("y", "x", "angle", "energy")
    assert scan["x"].values.tolist() == [5, 6, 8]
    assert scan.values[1, 2, 3, 1] == 531
    path.write_text(xy([{}, {}]))
    scan = read(path)
    assert scans.axes(scan) == ("cycle", "angle", "energy")


@pytest.mark.parametrize(("rate", "value"), [(True, 32.0), (False, 63.0)])
def test_scans_kept_apart_are_averaged_as_rates_and_added_as_counts(rate, value, tmp_path):
    path = tmp_path / "cut.xy"
    path.write_text(xy(scans=2, rate=rate))
    assert read(path).values[3, 1] == pytest.approx(value - 0.5 * rate)


def test_regions_are_offered_and_a_stopped_cycle_is_left_away(tmp_path):
    path = tmp_path / "two.xy"
    path.write_text(xy(regions=("EDC", "C1s")))
    assert [one.key for one in open_choices(path)] == ["EDC", "C1s"]
    whole = xy([{"Phi [deg]": 1}, {"Phi [deg]": 2}, {"Phi [deg]": 3}])
    path.write_text(whole[: whole.index("# Cycle: 2, Curve: 2")])
    assert read(path)["manipulator_angle"].values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (xy(lens="Mystery"), "the lens mode 'Mystery' does not say"),
        (xy()[:-10], "not those of the first curve|not as long as each other"),
        (xy().replace("15.100", "15.2oo", 1), "'15.2oo' is not a number"),
        (xy()[:200], "no region with data"),
        (xy([{"Phi [deg]": "high"}, {"Phi [deg]": 2}]), "lacks a number"),
    ],
)
def test_what_is_wrong_is_said(content, words, tmp_path):
    path = tmp_path / "bad.xy"
    path.write_text(content)
    with pytest.raises(ScanError, match=rf"bad\.xy.*({words})"):
        read(path)


def test_a_plain_xy_file_is_a_table(tmp_path):
    path = tmp_path / "plain.xy"
    path.write_text("T (K)\tM (emu)\n1 \t2\n2\t3\n")
    assert scans.axes(read(path)) == ("temperature",)


def itx(names=("Spectrum_15_1",), sizes=(3, 4), z=""):
    out = ["IGOR", "X //Created Date (UTC): 2021-Nov-18 12:53:08.227474"]
    out += ["X //Created by: SpecsLab Prodigy, Version 4.84.2-r101696"]
    for number, name in enumerate(names):
        out += ["X //Acquisition Parameters:", "X //Lens Mode         = WideAngleMode"]
        out += [f"X //Pass Energy       = {2 + number}", "X //Excitation Energy = 5.94"]
        out += [f"WAVES/S/N=({','.join(map(str, sizes))}) '{name}'", "BEGIN"]
        layers = np.arange(np.prod(sizes)).reshape(*sizes[2:], *sizes[:2])
        out += [" ".join(map(str, row)) for row in layers.reshape(-1, sizes[1])]
        out += ["END", f"X SetScale/I x, -1.5, 1.5, \"deg (theta_y)\", '{name}'"]
        out += [f"X SetScale/I y, 4.8, 5.1, \"eV (Kinetic Energy)\", '{name}'", *([z] if z else [])]
        out += [f"X SetScale/I d, 0, 1375.24, \"cps (Intensity)\", '{name}'"]
    return "\n".join(out) + "\n"


def test_igor_text_of_prodigy(tmp_path):
    path = tmp_path / "cut.itx"
    path.write_text(itx(("Spectrum_15_1", "second one")))
    assert [one.key for one in open_choices(path)] == ["Spectrum_15_1", "second one"]
    scan = read(path, choice="second one")
    assert scans.axes(scan) == ("angle", "energy")
    np.testing.assert_array_equal(scan.values, np.arange(12).reshape(3, 4))
    np.testing.assert_allclose(scan["energy"].values, [4.8, 4.9, 5.0, 5.1])
    assert (scan["angle"].attrs["units"], scan.attrs["units"]) == ("deg", "count/s")
    assert (scan.attrs["pass_energy"], scan.attrs["photon_energy"]) == (3, 5.94)
    assert scan.attrs["date"].startswith("2021-Nov-18")


@pytest.mark.parametrize(
    ("z", "name", "unit"),
    [
        ("X SetScale/I z, 0, 1, \"ps (delay)\", 'Spectrum_15_1'", "delay", "ps"),
        ("X SetScale/I z, 0, 1, \" (Loop)\", 'Spectrum_15_1'", "loop", ""),
        ("X SetScale/I z, 0, 1, \"deg (Polar)\", 'Spectrum_15_1'", "manipulator_angle", "deg"),
    ],
)
def test_layers_of_igor_text_are_the_scanned_axis(z, name, unit, tmp_path):
    path = tmp_path / "map.itx"
    path.write_text(itx(sizes=(3, 4, 2), z=z))
    scan = read(path)
    assert scans.axes(scan) == (name, "angle", "energy")
    np.testing.assert_array_equal(scan.values, np.arange(24).reshape(2, 3, 4))
    assert scan[name].attrs["units"] == unit


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(["map.xy", "cut.xy", "map.itx"]), data=st.data())
def test_damage_is_told_in_one_sentence(kind, data, tmp_path, damage, told):
    whole = {
        "map.xy": xy([{"Phi [deg]": 1.5}, {"Phi [deg]": 2}], external=[("T [K]", [20, 21])]),
        "cut.xy": xy(),
        "map.itx": itx(sizes=(3, 4, 2), z="X SetScale/I z, 0, 1, \"ps (delay)\", 'Spectrum_15_1'"),
    }[kind]
    (tmp_path / kind).write_bytes(damage(whole.encode(), data))
    told(tmp_path / kind)


def test_a_nominal_temperature_is_the_axis_and_the_sensor_stands_beside_it(tmp_path):
    path = tmp_path / "steps.xy"
    path.write_text(xy([{"Temp [K]": t} for t in (20, 24, 31)], external=[("Sample temp [K]", [20.4, 24.1, 31.3])]))
    scan = read(path)
    assert scan["sample_temperature"].values.tolist() == [20, 24, 31]
    np.testing.assert_allclose(scan["sample_temperature_readback"].values, [20.4, 24.1, 31.3])
