"""Check an installed napari-scantwin from outside the checkout.

``python check_wheel.py --without-window`` checks a plain install: the samples open, the command runs, and napari and Qt
are neither there nor needed. Without the option, the install with the window: the manifest and every contribution.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import napari_scantwin
from napari_scantwin import samples

package = Path(napari_scantwin.__file__).parent


def check_library() -> None:
    """The package is the installed one, says its types and its version, and its samples open."""
    assert "site-packages" in package.parts, f"this checks an installed wheel, not {package}"
    assert (package / "py.typed").exists(), "the wheel does not say that it is typed"
    assert napari_scantwin.__version__ == version("napari-scantwin")
    for key in samples.SAMPLES:
        assert package in samples.sample_path(key).parents, "the samples are not the wheel's own"
        assert samples.load_sample(key).size > 0
        assert samples.truth_path(key).stat().st_size > 0


def check_no_window() -> None:
    """Neither napari nor Qt came with the library; the command runs, and the window says what it lacks."""
    came = [one for one in ("napari", "qtpy", "superqt", "pyqtgraph", "magicgui", "PyQt5", "PyQt6") if find_spec(one)]
    assert not came, f"a plain install brought {', '.join(came)}"
    command = Path(sys.executable).parent / "scantwin"
    for arguments in (["--version"], ["info", str(samples.sample_path("ferromagnet"))]):
        done = subprocess.run([str(command), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    said = ""
    try:
        importlib.import_module("napari_scantwin.viewer.panel")
    except ImportError as reason:
        said = str(reason)
    assert "pip install" in said, f"asked for the window, the package said {said!r}"


def check_window() -> int:
    """The manifest is found and all it names is there; how many commands that is."""
    import npe2

    manifest = npe2.PluginManifest.from_distribution("napari-scantwin")
    commands = {command.id: command.python_name for command in manifest.contributions.commands}
    for python_name in commands.values():
        module, _, name = str(python_name).partition(":")
        assert callable(getattr(importlib.import_module(module), name)), python_name
    for kind in ("readers", "writers", "sample_data", "widgets"):
        offered = getattr(manifest.contributions, kind)
        assert offered, f"the manifest offers no {kind}"
        assert all(one.command in commands for one in offered), kind
    return len(commands)


check_library()
if "--without-window" in sys.argv[1:]:
    check_no_window()
    print(f"the wheel opens its {len(samples.SAMPLES)} samples and runs its command without napari and Qt")
else:
    print(
        f"the wheel holds its manifest, {len(samples.SAMPLES)} samples with their truth and {check_window()} commands"
    )
