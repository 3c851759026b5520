"""Steps report their progress and stop when asked, leaving the scan as it was."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled
from napari_scantwin.processing import apply, reporting

from ..processing.conftest import make_cut

LONG = ["smooth", "second_derivative", "subtract_shirley", "deconvolve_richardson_lucy", "to_momentum", "bin"]


@pytest.mark.parametrize("name", LONG)
def test_a_step_tells_how_far_it_is_and_stops(name):
    scan = make_cut(np.random.default_rng(0).poisson(40, (9000, 200)).astype(np.float32))
    scan = scan.assign_attrs(energy_notation="fermi")
    given = {"kinetic_energy": 20, "momentum_step": 0.02} if name == "to_momentum" else {}
    shares: list[float] = []
    stop = threading.Event()

    def tell(share: float) -> None:
        shares.append(share)
        if len(shares) == 2:
            stop.set()

    with pytest.raises(Cancelled), reporting(tell, stop):
        apply(scan, name, **given)
    assert len(shares) == 2
    assert 0 == shares[0] < shares[1] < 1
    small = scan.isel(angle=slice(0, None, 100))
    assert apply(small, name, **given).size > 0  # nothing of the former listener is left
