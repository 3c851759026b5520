"""`scantwin figure`, as a user types it."""

import pytest
from matplotlib.image import imread
from typer.testing import CliRunner

from napari_scantwin.cli import app
from napari_scantwin.samples import sample_path

run = CliRunner()


def drawn(*arguments):
    return run.invoke(app, ["figure", *map(str, arguments)])


def test_a_map_as_wide_as_asked(tmp_path):
    done = drawn(sample_path("palladium_hydride"), "-o", tmp_path / "one.png", "--width", 100, "--height", 50)
    assert done.exit_code == 0, done.output
    assert imread(tmp_path / "one.png").shape[:2] == (590, 1181)


def test_curves_with_their_legend(tmp_path):
    assert drawn(sample_path("ferromagnet"), "-o", tmp_path / "one.svg", "--curves").exit_code == 0
    text = (tmp_path / "one.svg").read_text()
    assert ">50000 Oe</text>" in text
    assert ">temperature (K)</text>" in text


def test_a_slice_of_a_cube(tmp_path):
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    assert drawn(sample_path("arpes"), "-o", one, "--at", "manipulator-angle=0").exit_code == 0
    assert drawn(sample_path("arpes"), "-o", other, "--at", "manipulator-angle=6").exit_code == 0
    assert (imread(one) != imread(other)).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--at", "colour=3"], "a place is chosen along"),
        (["--at", "energy"], "axis=value"),
        (["--limits", "5:1"], "smaller"),
        (["--colormap", "jett"], "matplotlib knows no such colours"),
        (["--width", "3"], "30 to 600 mm"),
    ],
)
def test_slips_are_told_in_a_sentence(tmp_path, options, said):
    done = drawn(sample_path("arpes"), "-o", tmp_path / "one.pdf", *options)
    assert done.exit_code in (2, 3)
    assert said in " ".join(done.output.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


def test_another_suffix(tmp_path):
    done = drawn(sample_path("arpes"), "-o", tmp_path / "one.jpg")
    assert done.exit_code == 2
    assert "write a figure as" in done.output
