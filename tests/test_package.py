"""The package as napari finds it."""

from __future__ import annotations

import importlib
from pathlib import Path

import npe2
import numpy as np
import pytest

import napari_scantwin
from napari_scantwin import samples
from napari_scantwin.core import scan as scans


def test_the_manifest_names_only_what_exists():
    manifest = npe2.PluginManifest.from_file(Path(napari_scantwin.__file__).parent / "napari.yaml")
    for command in manifest.contributions.commands:
        module, _, name = str(command.python_name).partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_five_names_of_a_script_are_there():
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
