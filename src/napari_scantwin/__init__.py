"""Digital twins of scanned physical-property measurements.

Six names cover a script's needs, each loaded when first used::

    import napari_scantwin as scantwin
    scan = scantwin.read("scan.csv")
    twin = scantwin.train(scan)
    dense = twin.simulate({"temperature": temperatures, "magnetic_field": fields})
    scantwin.write(dense, "dense.nc")
    found = scantwin.analyse("transitions", twin)
"""

from __future__ import annotations

import importlib

_HOMES = {
    "ScanError": "napari_scantwin.core.errors",
    "analyse": "napari_scantwin.analyses",
    "read": "napari_scantwin.readers",
    "write": "napari_scantwin.writers",
    "train": "napari_scantwin.twin",
    "Twin": "napari_scantwin.twin",
    "TwinSettings": "napari_scantwin.twin",
}

__all__ = ["ScanError", "Twin", "TwinSettings", "analyse", "read", "train", "write"]


def __getattr__(name: str):
    if name == "__version__":
        return _version()
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOMES, "__version__"])


def _version() -> str:
    # Asking for it takes a tenth of a second, and few ask.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("napari-scantwin")
    except PackageNotFoundError:  # running from a source tree that was never installed
        return "0+unknown"
