"""One of the measurements a file may hold."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

__all__ = ["Measurement"]


@dataclass(frozen=True)
class Measurement:
    """One measurement of a file: a ``key`` to choose it by, a ``title`` for people, and its scan."""

    key: str
    title: str
    scan: xr.DataArray
