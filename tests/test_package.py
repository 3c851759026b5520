"""The package as napari finds it."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import npe2
import numpy as np
import pytest
import setuptools
import yaml

import napari_scantwin
from napari_scantwin import samples
from napari_scantwin.core import scan as scans
from napari_scantwin.writers.formats import WRITERS

TOP = Path(__file__).resolve().parents[1]


def test_napari_finds_the_manifest_of_the_top_level():
    found = Path(napari_scantwin.__file__).parent / "napari.yaml"
    assert found.exists(), "put it there with: pip install -e ."
    assert found.read_text() == (TOP / "napari.yaml").read_text(), "renew the copy with: pip install -e ."


def test_the_version_is_said_once():
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    citation = (TOP / "CITATION.cff").read_text()
    assert f"\nversion: {project['version']}\n" in citation
    released = re.search(r"^date-released: (\S+)$", citation, re.MULTILINE)[1]
    assert f"\n## [{project['version']}] - {released}\n" in (TOP / "CHANGELOG.md").read_text()
    metadata = importlib.metadata.metadata("napari-scantwin")
    assert metadata["Version"] == project["version"] == napari_scantwin.__version__


def test_the_window_says_what_it_lacks():
    """Without napari an import of the window is refused in a sentence, and the rest works."""
    program = """
import sys
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "napari" else find(name, *more)
import napari_scantwin.cli, napari_scantwin.readers
try:
    import napari_scantwin.viewer.panel
except ImportError as reason:
    print(reason)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == ('the window needs napari and Qt; install them with: pip install "napari-scantwin[pyqt6]"')


def test_a_system_without_links_gets_a_copy(tmp_path, monkeypatch):
    monkeypatch.setattr(setuptools, "setup", lambda **_: None)
    link_or_copy = runpy.run_path(str(TOP / "setup.py"))["link_or_copy"]
    source, target = tmp_path / "a.yaml", tmp_path / "src" / "package" / "a.yaml"
    target.parent.mkdir(parents=True)
    source.write_text("one")

    def refused(*_):
        raise OSError("a privilege is missing")

    with monkeypatch.context() as without_links:
        without_links.setattr(Path, "symlink_to", refused)
        link_or_copy(source, target)
    assert target.read_text() == "one"
    assert not target.is_symlink()
    link_or_copy(source, target)  # and a link takes the copy's place where links are
    source.write_text("two")
    assert target.read_text() == "two"


def test_the_manifest_names_only_what_exists():
    manifest = npe2.PluginManifest.from_file(TOP / "napari.yaml")
    for command in manifest.contributions.commands:
        module, _, name = str(command.python_name).partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_napari_offers_every_format_that_can_be_written():
    offered = yaml.safe_load((TOP / "napari.yaml").read_text())["contributions"]["writers"]
    for layers, gridded_only in (("image", True), ("points", False)):
        (found,) = [one["filename_extensions"] for one in offered if one["layer_types"] == [layers]]
        assert found == [one.suffixes[0] for one in WRITERS if gridded_only or not one.gridded]


def test_the_names_of_a_script_are_there():
    for name in napari_scantwin.__all__:
        assert getattr(napari_scantwin, name) is not None


@pytest.mark.parametrize("key", samples.SAMPLES)
def test_a_sample_opens_and_lies_within_its_truth(key):
    scan = samples.load_sample(key)
    truth = samples.read(samples.truth_path(key))
    assert scans.axes(scan) == scans.axes(truth)
    for name in scans.axes(scan):
        span = float(np.ptp(truth[name].values))
        assert scan[name].values.min() >= truth[name].values.min() - 0.02 * span
        assert scan[name].values.max() <= truth[name].values.max() + 0.02 * span
    assert scan.attrs["units"] == truth.attrs["units"]
