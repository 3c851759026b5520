"""What an analysis works on: a scan and, where it was trained, its twin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xarray as xr

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """A measurement.

    Parameters
    ----------
    scan
        The measured (or simulated) scan.
    twin
        The twin trained on it, or None.
    name
        What it is called beside others; empty for the one at hand.
    """

    scan: xr.DataArray
    twin: Any = None
    name: str = ""
