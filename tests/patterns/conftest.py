"""Stacks for the tests of this folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_STACKS = Path(os.environ.get("SCANTWIN_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data" / "stacks"


@pytest.fixture(scope="session")
def nano_xps():
    """A measured stack of 51 x 41 places and 95 energies, where its file lies beside the checkout."""
    from napari_scantwin.readers import read

    path = _STACKS / "nano_xps.nc"
    if not path.exists():
        pytest.skip("nano_xps.nc is not beside this checkout")
    return read(
        path,
        axes=["y=y[1]", "x=x[1]", "eV=energy[eV]"],
        value="__xarray_dataarray_variable__=photoemission_intensity[count]",
    )
