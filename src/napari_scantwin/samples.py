"""The sample scans: made from stated physics, each with its dense truth beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from napari_scantwin.readers import read

__all__ = ["SAMPLES", "STACKS", "SampleScan", "load_sample", "sample_path", "truth_path"]


@dataclass(frozen=True)
class SampleScan:
    """A sample scan.

    Parameters
    ----------
    title
        What it is called.
    file, truth
        The names of its file and of the file of its noise-free truth.
    """

    title: str
    file: str
    truth: str


SAMPLES = {
    "ferromagnet": SampleScan("Ferromagnet M(T, H)", "ferromagnet_mpms3.dat", "ferromagnet_truth.nc"),
    "palladium_hydride": SampleScan("Palladium hydride R(T, H)", "palladium_hydride.csv", "palladium_hydride_truth.nc"),
    "arpes": SampleScan("ARPES stack", "arpes.nc", "arpes_truth.nc"),
}

#: Stacks whose components are known; the truth of these are the shares.
STACKS = {
    "core_levels": SampleScan("Core-level map", "core_levels.nc", "core_levels_truth.nc"),
}


def _folder() -> Path:
    """Where the samples' files are: in the installed package, or at the top of the source tree it runs from."""
    package = Path(__file__).parent
    installed = package / "sample_data"
    return installed if installed.is_dir() else package.parents[1] / "sample_data"


def sample_path(key: str) -> Path:
    """The sample's file."""
    return _folder() / (SAMPLES | STACKS)[key].file


def truth_path(key: str) -> Path:
    """The noise-free dense truth behind the sample (netCDF)."""
    return _folder() / (SAMPLES | STACKS)[key].truth


def load_sample(key: str) -> xr.DataArray:
    """The sample's scan, read from its file like any other.

    Parameters
    ----------
    key
        One of :data:`SAMPLES` ("ferromagnet", "palladium_hydride" or "arpes") or :data:`STACKS` ("core_levels").

    Returns
    -------
    xarray.DataArray
        The scan.
    """
    return read(sample_path(key))
