"""``scantwin crystal-field``."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_scantwin.cli import app
from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read

#: Model 1 of KErSe2 (arXiv 2001.03175) in meV, and the levels that PyCrystalField printed of it.
PUBLISHED = "B20=-2.773e-2,B40=-3.987e-4,B43=-1.416e-2,B60=3.152e-6,B63=-7.616e-6,B66=3.275e-5"
KERSE2 = ["--ion", "Er3+", "--site", "D3d", "--unit", "meV", "-p", PUBLISHED]


def run(*arguments, code=0):
    found = CliRunner().invoke(app, ["crystal-field", *map(str, arguments)])
    assert found.exit_code == code, found.output
    return found


def test_levels_of_given_parameters():
    told = json.loads(run("levels", *KERSE2, "--json").stdout)
    shown = [one["meV"] for one in told["levels"][:5]]
    np.testing.assert_allclose(shown, [0, 0.9019, 3.4881, 5.1331, 5.5347], atol=6e-5)
    assert all(one["states"] == 2 for one in told["levels"])
    assert "g factors of the ground doublet" in run("levels", *KERSE2).output


@pytest.fixture
def cerium(tmp_path):
    """C and χ of Ce3+ in a cube, a doublet 150 K below a quartet, made by hand from two levels."""
    gap = 150.0  # the quartet lies 360 B40 above the doublet
    t = np.geomspace(4, 250, 60)
    ratio = 2 * np.exp(-gap / t)
    heat = 8.314462618 * (gap / t) ** 2 * ratio / (1 + ratio) ** 2
    path = tmp_path / "c.csv"
    rows = [f"{a!r},{b!r}" for a, b in zip(t.tolist(), heat.tolist(), strict=True)]
    path.write_text("\n".join(["T (K),C (J/mol/K)", *rows]))
    return path


def test_find(cerium, tmp_path):
    """A lone heat capacity: the sign of B40 is that of a doublet below; what it cannot tell is said before."""
    csv, saved = tmp_path / "ce_parameters.csv", tmp_path / "problem.json"
    said = ["--ion", "Ce", "--site", "Oh", "--set", "c.csv: to=200"]
    found = run("find", cerium, *said, "-o", csv, "--save", saved, "--json")
    told = json.loads(found.stdout[found.stdout.index("{") :])
    best = told["solutions"][0]
    assert best["parameters_K"]["B40"] == pytest.approx(150 / 360, rel=0.01)
    assert best["levels"][1]["K"] == pytest.approx(150, rel=0.01)
    assert any("alone" in one for one in told["advice"])
    assert "B40" in csv.read_text()
    again = run("find", saved, "--dry", "--json")
    assert json.loads(again.stdout)["problem"]["curves"][0]["high"] == 200


def test_known_levels_and_a_dry_run(cerium):
    text = run("find", cerium, "--ion", "Ce3+", "--site", "Oh", "--levels", "12.9 meV", "--dry").output
    assert "level energies" in text
    assert "C(T)" in text


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 2, "--ion and --site are needed"),
        (["--ion", "Gd3+", "--site", "Oh"], 3, "no orbital moment"),
        (["--ion", "Ce3+", "--site", "Q9"], 3, "no site symmetry"),
        (["--ion", "Ce3+", "--site", "Oh", "--set", "x: unit=K"], 2, "no curve has"),
        (["--ion", "Ce3+", "--site", "Oh", "--set", "*: unit=emu"], 3, "no unit of a heat capacity"),
        (["--ion", "Ce3+", "--site", "Oh", "--lattice", "La"], 3, "means 0 curves"),
        (["--ion", "Ce3+", "--site", "Oh", "--levels", "many"], 2, "no list of energies"),
        (["--ion", "Ce3+", "--site", "Oh", "-o", "x.docx"], 2, "says not what to write"),
    ],
)
def test_slips_are_one_sentence(cerium, options, code, words):
    assert words in " ".join(run("find", cerium, *options, code=code).output.replace("│", " ").split())


def test_simulate(tmp_path):
    path = tmp_path / "m.nc"
    run("simulate", *KERSE2, "--temperature", "2:20:2", "--field", "0:7:1", "-o", path)
    scan = read(path)
    assert scans.axes(scan) == ("temperature", "magnetic_field")
    assert scan.attrs["units"] == "µ_B/ion"
    assert float(scan.max()) < 9.0  # saturation of Er3+
    assert float(scan.sel(magnetic_field=0).max()) == pytest.approx(0, abs=1e-9)
