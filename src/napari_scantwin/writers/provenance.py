"""Where numbers came from: source, settings, score and the versions of the software that made them."""

from __future__ import annotations

import contextlib
import json
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import xarray as xr

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
    """A copy of the scan whose attributes are plain text and numbers and include the versions of the software."""
    attrs = {key: value.item() if isinstance(value, np.generic) else value for key, value in scan.attrs.items()}
    attrs = {key: value for key, value in attrs.items() if isinstance(value, (str, int, float))}
    attrs["versions"] = json.dumps(versions())
    return scan.assign_attrs(attrs)
