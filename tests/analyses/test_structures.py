"""The analysis and the command that tell crystal structures, with a small recogniser in the place of the real one."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from napari_scantwin import writers
from napari_scantwin.analyses import ANALYSES, analyse
from napari_scantwin.cli import app
from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample
from napari_scantwin.structures import recognise
from napari_scantwin.structures.invariant import FEATURES
from napari_scantwin.structures.prototypes import CLASSES, PROTOTYPES
from napari_scantwin.structures.recognise import Recogniser
from napari_scantwin.structures.strange import Strangeness
from napari_scantwin.structures.training import DISORDERED, piece


@pytest.fixture
def stand_in(monkeypatch):
    labels = (*CLASSES, DISORDERED)
    random = np.random.default_rng(0)
    weights = [random.normal(size=(2, FEATURES, len(labels))).astype(np.float32), np.zeros((2, 9), np.float32)]
    known = Strangeness(np.zeros((FEATURES, 2)), np.zeros((4, 2), np.float32), np.zeros(3))
    made = Recogniser(labels, weights, np.zeros(FEATURES), np.ones(FEATURES), 1.0, known, np.zeros((10, 3)))
    asked = []
    monkeypatch.setattr(recognise, "recogniser", lambda settings, **more: asked.append(settings) or made)
    return asked


@pytest.fixture
def cluster():
    places = piece(PROTOTYPES[0], 120, np.random.default_rng(0))
    return cloud_scan(places, "nm", np.ones(len(places)), name="atom_type", attrs={"source": "cluster.csv"})


def test_other_scans_are_refused_in_a_sentence(stand_in):
    assert "needs a cloud of atoms" in ANALYSES["structure"].why_not(load_sample("arpes"))
    with pytest.raises(ScanError, match="needs a cloud of atoms"):
        analyse("structure", load_sample("ferromagnet"))


def test_the_whole_and_the_map(stand_in, cluster):
    found = analyse("structure", cluster)
    (table,) = found.tables.values()
    assert sum(row[1] for row in table.rows) == pytest.approx(1, abs=1e-6)
    assert found.notes[0].startswith("The whole cloud, ")
    local = analyse("structure", cluster, local=True, window=60, confidence=1.0)
    made = local.scans["structure map"]
    assert made.size == cluster.size
    (table,) = local.tables.values()
    assert sum(row[1] for row in table.rows) == cluster.size
    assert analyse("structure", cluster, local=True, window=60, every=4).scans["structure map"].size == -(
        -cluster.size // 4
    )


def test_it_waits_until_asked_while_there_is_no_recogniser(cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path))
    one = ANALYSES["structure"]
    given = one.checked(cluster, {})
    assert "made first, once" in one.waits(None, given)
    path = recognise.cache_folder() / f"{recognise.Settings().key}.npz"
    path.parent.mkdir(parents=True)
    path.touch()
    assert one.waits(None, given) is None


def test_the_command_tells_and_writes(stand_in, cluster, tmp_path):
    writers.write(cluster, tmp_path / "cluster.nc")
    run = CliRunner().invoke(app, ["structure", str(tmp_path / "cluster.nc"), "--json"])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["tables"]["Classes"]["heads"] == ["class", "probability"]
    out = tmp_path / "map.csv"
    told = ["structure", str(tmp_path / "cluster.nc"), "--local", "--to", str(out), "--window", "60", "--separate"]
    run = CliRunner().invoke(app, told)
    assert run.exit_code == 0, run.output
    assert "undecided, below 0.5" in run.stdout
    assert "hex/rh" not in read(out).attrs["classes"]
    assert read(out).size == cluster.size
    whole = CliRunner().invoke(app, ["structure", str(tmp_path / "cluster.nc"), "--to", str(tmp_path / "t.csv")])
    assert whole.exit_code == 0, whole.output
    assert "probability" in (tmp_path / "t.csv").read_text()
    bad = CliRunner().invoke(app, ["structure", str(tmp_path / "cluster.nc"), "--to", str(tmp_path / "t.nc")])
    assert bad.exit_code == 2


def test_bad_input_is_one_sentence_and_code_3(stand_in, tmp_path):
    (tmp_path / "few.csv").write_text("x (nm),y (nm),z (nm)\n" + "".join(f"{k},0.{k},{k % 3}\n" for k in range(10, 33)))
    run = CliRunner().invoke(app, ["structure", str(tmp_path / "few.csv")])
    assert run.exit_code == 3
    assert "few.csv: too few atoms to tell: 23" in run.stderr
    (tmp_path / "lone.xyz").write_text("1\n\nFe 0 0 0\n")
    run = CliRunner().invoke(app, ["structure", str(tmp_path / "few.csv"), "--own", str(tmp_path / "lone.xyz")])
    assert run.exit_code == 3
    assert "lone.xyz has no periodic cell" in run.stderr
