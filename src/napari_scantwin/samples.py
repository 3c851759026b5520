"""The sample scans: made from stated physics, each with its dense truth beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from napari_scantwin.readers import read

__all__ = ["SAMPLES", "SampleScan", "load_sample", "sample_path", "truth_path"]


@dataclass(frozen=True)
class SampleScan:
    """A sample's title and the names of its files."""

    title: str
    file: str
    truth: str


SAMPLES = {
    "ferromagnet": SampleScan("Ferromagnet M(T, H)", "ferromagnet_mpms3.dat", "ferromagnet_truth.nc"),
    "palladium_hydride": SampleScan("Palladium hydride R(T, H)", "palladium_hydride.csv", "palladium_hydride_truth.nc"),
    "arpes": SampleScan("ARPES stack", "arpes.nc", "arpes_truth.nc"),
}


def _folder() -> Path:
    """Where the samples' files are: in the installed package, or at the top of the source tree it runs from."""
    package = Path(__file__).parent
    installed = package / "sample_data"
    return installed if installed.is_dir() else package.parents[1] / "sample_data"


def sample_path(key: str) -> Path:
    """The sample's file."""
    return _folder() / SAMPLES[key].file


def truth_path(key: str) -> Path:
    """The noise-free dense truth behind the sample (netCDF)."""
    return _folder() / SAMPLES[key].truth


def load_sample(key: str) -> xr.DataArray:
    """The sample's scan, read from its file like any other."""
    return read(sample_path(key))
