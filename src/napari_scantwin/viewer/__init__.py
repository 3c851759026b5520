"""The window: the only room that imports napari and Qt, which the extra ``viewer`` brings."""

from __future__ import annotations

from importlib.util import find_spec

_NEEDED = ("napari", "qtpy", "superqt", "pyqtgraph")
_BINDINGS = ("PyQt5", "PyQt6", "PySide6")

if any(find_spec(package) is None for package in _NEEDED) or not any(map(find_spec, _BINDINGS)):
    raise ImportError('the window needs napari and Qt; install them with: pip install "napari-scantwin[pyqt6]"')
