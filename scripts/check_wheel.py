"""Check an installed napari-scantwin from outside the checkout: manifest, sample data, every contribution."""

from __future__ import annotations

import importlib
from pathlib import Path

import npe2

import napari_scantwin
from napari_scantwin import samples

package = Path(napari_scantwin.__file__).parent
assert "site-packages" in package.parts, f"this checks an installed wheel, not {package}"
manifest = npe2.PluginManifest.from_distribution("napari-scantwin")
commands = {command.id: command.python_name for command in manifest.contributions.commands}
for python_name in commands.values():
    module, _, name = str(python_name).partition(":")
    assert callable(getattr(importlib.import_module(module), name)), python_name
contributions = manifest.contributions
for kind in ("readers", "writers", "sample_data", "widgets"):
    offered = getattr(contributions, kind)
    assert offered, f"the manifest offers no {kind}"
    assert all(one.command in commands for one in offered), kind
for key in samples.SAMPLES:
    assert samples.load_sample(key).size > 0
    assert samples.truth_path(key).stat().st_size > 0
print(f"the wheel holds its manifest, {len(samples.SAMPLES)} samples with their truth and {len(commands)} commands")
