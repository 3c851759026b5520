"""What energies are counted from is read from names; binding energies are turned round, and no value decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.energies import BINDING, FERMI, KINETIC, counted, named, notation

SAID = {
    BINDING: (
        "Binding energy (eV)", "binding_energy", "BE (eV)", "B.E.", "E_B", "Eb [eV]", "Ebind", "E_F - E", "Ef-E",
        "Energy below E_F", "Energy_BE", "Bindungsenergie", "énergie de liaison", "bindingEnergy", "Binding",
        "Binding energy relative to the Fermi level",
    ),
    FERMI: (
        "E - E_F", "E-Ef (eV)", "E–E_F", "E − E$_F$ (eV)", r"$E-E_{\mathrm{F}}$", "E-E<sub>F</sub>", r"E-E\BF\M",
        "E minus E_F", "E_kin - E_F", "Binding energy, E-EF", "-E_B", "− Binding energy (eV)",
        "energy from the Fermi level", "energy_from_fermi_level", "Energy relative to E_F", "Energy vs Fermi level",
        "initial state energy",
    ),
    KINETIC: ("Kinetic Energy [eV]", "KE", "K.E.", "Ekin", "E_kin (eV)", "E_k", "kin. energy", "kinetische Energie"),
    None: (
        "Energy", "E (eV)", "eV", "energies", "Photon energy", "hv", "energy transfer", "keV", "number", "beam energy",
        "", "subenergy", "Kernel", "wave number",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("found", "label"), [(found, label) for found, labels in SAID.items() for label in labels])
def test_a_label_says_what_its_energies_are(found, label):
    assert notation(label) == found
    assert notation("Energy", None, label) == found
    assert notation(label.upper()) == found or "$" in label or "\\" in label


def test_the_more_particular_word_counts():
    assert notation("Kinetic Energy [eV]", "Binding") == KINETIC
    assert notation("energy", "Binding") == BINDING


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=8), st.sampled_from(["Energy (eV)", "E", "x"]))
def test_values_alone_say_nothing(values, label):
    found = counted(np.array(values), label)
    assert found.notation is None
    np.testing.assert_array_equal(found.values, values)


def test_binding_energies_above_the_fermi_level_are_doubted():
    """Programs call E - E_F a binding energy, too: then most values would lie above the Fermi level."""
    found = counted(np.linspace(-3, 0.2, 9), "Binding energy")
    assert (found.notation, found.turned) == (None, False)
    assert "-3 to 0.2" in found.note
    assert counted(np.linspace(-3, 0.2, 9), "Binding energy", documented=(FERMI,)).notation == FERMI
    np.testing.assert_allclose(counted(np.linspace(-0.2, 3, 9), "Binding energy").values, -np.linspace(-0.2, 3, 9))


def test_what_a_format_documents_holds_where_the_file_is_silent():
    assert counted(np.array([16.0, 17.0]), "eV", documented=(KINETIC,)).notation == KINETIC
    assert counted(np.array([-1.0, 0.5]), "eV", documented=(KINETIC, FERMI)).notation == FERMI
    # Neither fits: energies that nobody documented.
    assert counted(np.array([-0.2, 3.0]), "eV", documented=(KINETIC,)).notation is None


@pytest.mark.parametrize("gridded", [True, False])
def test_a_scan_is_turned_with_everything_that_lies_along(gridded):
    energy, angle = np.array([-0.5, 0.0, 1.0, 2.0]), np.array([0.0, 1.0])
    values = np.arange(8.0).reshape(2, 4)
    attrs = {"fast_axis_ran": "rising"}
    if gridded:
        masked = np.zeros((2, 4), bool)
        masked[0, 3] = True
        axes = {"angle": (angle, "deg"), "binding_energy": (energy, "eV")}
        scan = scans.gridded_scan(axes, values, name="i", unit="arb", masked=masked, errors=values, attrs=attrs)
    else:
        axes = {"angle": (angle.repeat(4), "deg"), "binding_energy": (np.tile(energy, 2), "eV")}
        scan = scans.ragged_scan(axes, values.ravel(), name="i", unit="arb", attrs=attrs)
    found = scans.check(named(scan, {"binding_energy": ["Binding energy (eV)"]}))
    assert scans.axes(found) == ("angle", "energy")
    assert (found.attrs["energy_notation"], found["energy"].attrs["long_name"]) == (
        "fermi",
        "energy from the Fermi level",
    )
    assert "turned round" in found.attrs["notes"]
    if gridded:
        np.testing.assert_array_equal(found["energy"].values, [-2, -1, 0, 0.5])
        np.testing.assert_array_equal(found.values, values[:, ::-1])
        np.testing.assert_array_equal(found["standard_error"].values, values[:, ::-1])
        assert found["masked"].values[0, 0]
        assert found.attrs["fast_axis_ran"] == "falling"
    else:
        np.testing.assert_array_equal(found["energy"].values, -np.tile(energy, 2) + 0.0)
        np.testing.assert_array_equal(found.values, values.ravel())
    assert named(found, {"energy": ["Binding energy (eV)"]}) is found


def test_energies_of_photons_are_left_alone():
    axes = {"angle": (np.arange(2.0), "deg"), "photon_energy": (np.arange(1.0, 4.0), "eV")}
    scan = scans.gridded_scan(axes, np.ones((2, 3)), name="i", unit="arb")
    assert named(scan, {"photon_energy": ["binding"]}) is scan
