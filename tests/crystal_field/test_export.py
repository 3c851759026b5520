"""A solution as tables, and as text for other programs."""

import csv
import io
import json
import re

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field import export
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.given import predicted, solution_of
from napari_scantwin.crystal_field.ions import ion
from napari_scantwin.crystal_field.measured.data import level_energies
from napari_scantwin.crystal_field.measured.problem import Problem, UsedCurve
from napari_scantwin.crystal_field.report import (
    conventions_for,
    levels_of,
    parameters_in,
    plain_states,
    pulled,
    solution_text,
    state_text,
)
from napari_scantwin.crystal_field.sites import site
from napari_scantwin.crystal_field.solution import Answer, Nuisance
from napari_scantwin.crystal_field.stevens import angular_momentum, operator

MEV = 11.604518
#: Model 1 of KErSe2 (arXiv 2001.03175), as published, in meV, and the levels that PyCrystalField printed of it.
PUBLISHED = {"B20": -2.773e-2, "B40": -3.987e-4, "B43": -1.416e-2, "B60": 3.152e-6, "B63": -7.616e-6, "B66": 3.275e-5}
LEVELS = [0.9019, 3.4881, 5.1331, 5.5347]
KERSE2 = solution_of(
    "Er3+",
    "D3d",
    {name: MEV * value for name, value in PUBLISHED.items()},
    {name: abs(0.05 * MEV * value) for name, value in PUBLISHED.items()},
)


def _hamiltonian(J, given):
    """Σ B O from parameters by (k, q), in the polynomials that other programs spell out."""
    return sum(value * operator(*kq, J) for kq, value in given.items())


def _levels(hamiltonian):
    energies = np.linalg.eigvalsh(hamiltonian)
    return (energies - energies[0])[::2][1:5]


def test_published_levels():
    shown = [one.energy / MEV for one in levels_of(KERSE2)[1:5]]
    np.testing.assert_allclose(shown, LEVELS, atol=6e-5)


def test_text_for_mcphase_gives_the_levels():
    """libmcphase 0.2.0 gives 0.90187301, 3.48810829, 5.13312473 and 5.53466332 meV of these numbers."""
    text = export.mcphase_text(KERSE2)
    assert text.startswith("#!MODULE=so1ion\n#<!--mcphase.sipf-->\n")
    assert "IONTYPE=Er3+\n" in text
    given = {
        (int(k), -int(q) if s else int(q)): float(value)
        for k, q, s, value in re.findall(r"^B(\d)(\d)(S?)=(\S+)$", text, re.MULTILINE)
    }
    np.testing.assert_allclose(
        _levels(_hamiltonian(7.5, given)), [0.90187301, 3.48810829, 5.13312473, 5.53466332], 1e-6
    )


def test_text_for_pycrystalfield_and_mantid_gives_the_levels():
    found = {
        (int(k), int(q)): float(value)
        for k, q, value in re.findall(r'"B(\d)(-?\d)": (\S+?)[,}]', export.pycrystalfield_text(KERSE2))
    }
    np.testing.assert_allclose(_levels(_hamiltonian(7.5, found)), LEVELS, atol=6e-5)
    text = export.mantid_text(KERSE2)
    assert 'CrystalField("Er", "D3d", B20=' in text
    mantid = {
        (int(k), -int(q) if i else int(q)): float(value)
        for i, k, q, value in re.findall(r"(I?)B(\d)(\d)=(\S+?),", text)
    }
    assert mantid == found


def test_sine_parameters_have_the_sign_that_others_give_them():
    """O_k,-q = -i/4 [(J_+^q - J_-^q) P(J_z) + P(J_z) (J_+^q - J_-^q)] as PyCrystalField and libmcphase write it."""
    J = 7.5
    x, y, z = (np.asarray(one) for one in angular_momentum(J))
    plus, minus, X, one = x + 1j * y, x - 1j * y, J * (J + 1), np.eye(round(2 * J + 1))
    for (k, q), inner in {
        (4, 3): z,
        (4, 4): one,
        (6, 4): 11 * z @ z - X * one - 38 * one,
        (6, 3): 11 * z @ z @ z - (3 * X + 59) * z,
    }.items():
        step = np.linalg.matrix_power(plus, q) - np.linalg.matrix_power(minus, q)
        written = -0.25j * (step @ inner + inner @ step)
        np.testing.assert_allclose(operator(k, -q, J), written, atol=1e-6 * np.abs(written).max())


def test_sine_parameters_are_spelled_as_each_program_does():
    one = solution_of("Er3+", "S6", {"B20": 1.0, "B43": 0.1, "B63": 1e-3, "B6-3": 2e-3})
    assert "IB63=" in export.mantid_text(one)
    assert '"B6-3":' in export.pycrystalfield_text(one)
    assert "\nB63S=" in export.mcphase_text(one)


def test_dependent_parameters_of_a_cube_are_written():
    one = solution_of("Pr3+", "Oh", {"B40": 0.02, "B60": 1e-4})
    given = dict(re.findall(r"^(B\d\d)=(\S+)$", export.mcphase_text(one), re.MULTILINE))
    assert float(given["B44"]) == pytest.approx(5 * float(given["B40"]))
    assert float(given["B64"]) == pytest.approx(-21 * float(given["B60"]))
    # With rank six beyond 2J it is left out: Ce3+ has J = 5/2.
    assert "B60" not in export.mcphase_text(solution_of("Ce3+", "Oh", {"B40": 0.02}))


def test_conventions():
    assert conventions_for(ion("Er3+"), site("D3d")) == ("stevens", "wybourne", "radial", "walter")
    assert "lea_leask_wolf" in conventions_for(ion("Pr3+"), site("Oh"))
    # The published examples of Lea, Leask and Wolf: W x = 60 B40, W (1 - |x|) = 1260 B60 for J = 4.
    one = solution_of("Pr3+", "Oh", {"B40": 0.5 / 60, "B60": 0.5 / 1260}, {"B40": 0.01 / 60})
    (w_name, w), (x_name, x) = parameters_in(one, "lea_leask_wolf")
    assert (w_name, x_name) == ("W", "x")
    assert (w.value, x.value) == pytest.approx((1.0, 0.5), rel=1e-9)
    # dW = 60 dB40, dx = 60 dB40 (1 - x)/W.
    assert (w.error, x.error) == pytest.approx((0.01, 0.005), rel=1e-3)
    walter = dict(parameters_in(KERSE2, "walter", "meV"))
    assert sum(abs(value.value) for name, value in walter.items() if name != "x0") == pytest.approx(1)
    assert walter["x0"].unit == "meV"
    with pytest.raises(ScanError, match="are written in"):
        parameters_in(KERSE2, "lea_leask_wolf")
    assert dict(parameters_in(KERSE2, "stevens", "meV"))["B43"].value == pytest.approx(-1.416e-2, rel=1e-6)
    radial = dict(parameters_in(KERSE2, "radial", "meV"))
    assert radial["A20⟨r^2⟩"].value == pytest.approx(-2.773e-2 * 1575 / 4, rel=1e-6)


def test_errors_of_levels_follow_those_of_parameters():
    """Ce3+ in a cube: the quartet lies 360 B40 above the doublet, and so do its errors."""
    one = solution_of("Ce3+", "Oh", {"B40": 0.5}, {"B40": 0.02})
    ground, excited = levels_of(one)
    assert (ground.energy, ground.error, ground.degeneracy) == (0.0, 0.0, 2)
    assert (excited.energy, excited.error, excited.degeneracy) == pytest.approx((180.0, 7.2, 4), rel=1e-6)


def test_states_in_words():
    state = np.zeros(6)
    state[[0, 4]] = 0.6, -0.8
    assert state_text(state) == "0.800|-3/2⟩ − 0.600|5/2⟩"
    assert state_text(np.array([0.99, 0.02, 0.0])) == "0.990|1⟩ …"
    # The states of a level are turned so that J_z is diagonal between them; they stay states of it.
    states = plain_states(KERSE2)
    j_z = np.asarray(angular_momentum(7.5)[2])
    between = states.conj().T @ j_z @ states
    for start in range(0, 16, 2):
        assert abs(between[start, start + 1]) < 1e-9
        assert between[start, start].real > 0
    np.testing.assert_allclose(states.conj().T @ states, np.eye(16), atol=1e-12)


def test_nuisances_that_were_pulled_are_said():
    far = Nuisance("scale of χ along c", "", 0.7, 0.02, 1.0, 0.1)
    near = Nuisance("scale of C", "", 1.02, 0.02, 1.0, 0.05)
    (said,) = pulled([far, near])
    assert "3.0 standard deviations" in said


@pytest.fixture
def answer():
    t = np.geomspace(2, 100, 12)
    bare = IonCurve("heat_capacity", "powder", t, np.ones(12), np.ones(12), label="C, 0 T", x_range=(4, 100))
    used = bare.trimmed()
    model = predicted(ion("Er3+"), site("D3d"), KERSE2.values, used)
    import dataclasses

    one = dataclasses.replace(KERSE2, curves=(model,), nuisances=(Nuisance("scale of C", "", 1.02, 0.02, 1.0, 0.05),))
    return Answer((one,), ("careful",), ("measure more",), 12), (bare,)


def test_tables(answer):
    found, curves = answer
    rows = list(csv.DictReader(io.StringIO(export.parameters_csv(found))))
    assert [row["parameter"] for row in rows] == [*PUBLISHED, "scale of C"]
    assert float(rows[0]["value (meV)"]) == pytest.approx(-2.773e-2, rel=1e-6)
    levels = list(csv.DictReader(io.StringIO(export.levels_csv(found))))
    assert [float(row["energy (meV)"]) for row in levels[1:5]] == pytest.approx(LEVELS, abs=6e-5)
    columns = list(csv.DictReader(io.StringIO(export.curves_csv(found, curves))))
    assert len(columns) == int((curves[0].x >= 4).sum())
    assert float(columns[0]["C, 0 T: solution 1"]) == pytest.approx(found.solutions[0].curves[0][0])


def test_json(answer):
    found, _ = answer
    told = json.loads(export.to_json(found))
    assert told["solutions"][0]["parameters_meV"]["B20"] == pytest.approx(-2.773e-2, rel=1e-6)
    assert told["solutions"][0]["levels"][1]["meV"] == pytest.approx(0.9019, abs=6e-5)
    assert told["warnings"] == ["careful"]


def test_the_script_states_the_problem():
    problem = Problem((UsedCurve(level_energies([0.9, 3.5], "meV")),), "Er3+", "D3d")
    script = export.script_text(problem)
    scope: dict = {}
    stated = script[script.index("problem = ") : script.index("prepared")]
    exec(stated, {"Problem": Problem}, scope)
    assert scope["problem"].to_dict() == problem.to_dict()
    compile(script, "script", "exec")


def test_files(tmp_path, answer):
    found, curves = answer
    problem = Problem((UsedCurve(level_energies([0.9], "meV")),), "Er3+", "D3d")
    for ending in export.EXPORTS:
        path = export.write(tmp_path / f"kerse2_{ending}", found, problem=problem, curves=curves)
        assert path.stat().st_size > 40
        assert export.kind_of(path) == ending
    with pytest.raises(ScanError, match="says not what to write"):
        export.write(tmp_path / "a.xyz", found)
    with pytest.raises(ScanError, match="find parameters first"):
        export.write(tmp_path / "a.sipf", Answer(()))
    with pytest.raises(ScanError, match="needs the problem"):
        export.write(tmp_path / "a.py", found)


def test_a_solution_in_words():
    text = solution_text(KERSE2)
    assert "0.902 (2), 3.49 (2), 5.13 (2), 5.53 (2)" in text
    assert "g factors" in text
