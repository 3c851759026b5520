"""One of the measurements a file may hold."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

__all__ = ["Measurement"]


@dataclass(frozen=True)
class Measurement:
    """One measurement of a file.

    Parameters
    ----------
    key
        What it is chosen by; empty where the file holds one scan and there is nothing to choose.
    title
        What a list shows to people.
    scan
        The scan.
    twin
        The twin that was trained on the scan, where the file holds one.
    default
        Whether the file itself calls it its default plot.
    note
        What is to be said of it when it is opened.
    """

    key: str
    title: str
    scan: xr.DataArray
    twin: object = None
    default: bool = False
    note: str = ""
