"""Patterns in stacks: how many components, where and with which spectra; where along an axis the behaviour changes.

Two functions, each loaded when first used::

    from napari_scantwin.patterns import boundary, decompose
    found = decompose(scan)                       # places and number of components are proposed
    found.shares, found.spectra, found.evidence   # scans, and what speaks for their number
    line = boundary(scan, along="temperature")
"""

from __future__ import annotations

import importlib

_HOMES = {
    "Boundary": "napari_scantwin.patterns.boundaries",
    "Components": "napari_scantwin.patterns.components",
    "boundary": "napari_scantwin.patterns.boundaries",
    "decompose": "napari_scantwin.patterns.components",
    "proposed_places": "napari_scantwin.patterns.matrix",
}

__all__ = ["Boundary", "Components", "boundary", "decompose", "proposed_places"]


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOMES])
