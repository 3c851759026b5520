"""``scantwin components`` and ``scantwin boundary``."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_scantwin.cli import app
from napari_scantwin.readers import read
from napari_scantwin.samples import sample_path
from napari_scantwin.writers import write

from ..patterns.mixtures import mixture


def ask(*words, code=0):
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


def test_components_writes_shares_and_spectra_and_says_how_many(tmp_path):
    scan, _, _ = mixture(50, shape=(20, 20), channels=40)
    write(scan, tmp_path / "stack.nc")
    out = tmp_path / "out.nc"
    found = json.loads(ask("components", tmp_path / "stack.nc", "--over", "y,x", "--to", out, "--json"))
    assert (found["above_noise"], found["by_neighbours"], found["components"]) == (3, 3, 3)
    assert found["gain"] == pytest.approx(1, abs=0.35)
    shares, spectra = read(out), read(tmp_path / "out_spectra.nc")
    assert shares.dims == ("component", "y", "x")
    np.testing.assert_allclose(shares.sum("component"), 1, atol=1e-6)
    assert spectra.dims == ("component", "energy")
    words = ask("components", tmp_path / "stack.nc", "-k", "2", "--method", "variance", "--recipe")
    assert "3 components by both tests" in words
    assert "weighted = values / of_places" in words
    assert "-k is a whole number" in ask("components", tmp_path / "stack.nc", "-k", "few", code=2)
    assert "places are some of the axes y, x, energy" in ask("components", tmp_path / "stack.nc", "--over", "q", code=3)


def test_boundary_of_the_superconductor_for_each_field(tmp_path):
    out = tmp_path / "line.csv"
    words = ask("boundary", sample_path("palladium_hydride"), "--each", "magnetic_field", "--to", out)
    assert "0 Oe: boundary at 7.197 K" in words
    assert out.exists()
    found = json.loads(ask("boundary", sample_path("palladium_hydride"), "--each", "magnetic_field", "--json"))
    assert found["along"] == "temperature"
    assert len(found["boundaries"]) == 7
    assert "name an axis" in ask("boundary", sample_path("palladium_hydride"), code=3)
