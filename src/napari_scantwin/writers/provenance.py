"""Where numbers came from: source, settings, score and the versions of the software that made them."""

from __future__ import annotations

import contextlib
import json
from importlib.metadata import PackageNotFoundError, version

import xarray as xr

from napari_scantwin.core.stored_form import storable_scan

__all__ = ["versions", "with_provenance"]

_PACKAGES = ("napari-scantwin", "numpy", "scipy", "scikit-learn", "tensorflow", "tensorflow-cpu", "xarray", "pint")


def versions() -> dict[str, str]:
    """Installed versions of the packages a number may depend on."""
    found = {}
    for package in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):  # TensorFlow comes under two names
            found[package] = version(package)
    return found


def with_provenance(scan: xr.DataArray) -> xr.DataArray:
    """The scan as it can be stored, with the versions of the software among its attributes."""
    stored = storable_scan(scan)
    return stored.assign_attrs(versions=json.dumps(versions()))
