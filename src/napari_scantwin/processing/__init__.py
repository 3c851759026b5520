"""Processing: pure steps from scan to scan that describe themselves, keep a history and can be undone.

``STEPS`` is the registry forms and menus are built from; every step is also a function::

    from napari_scantwin.processing import apply, history, replay
    sharper = apply(apply(scan, "smooth", axis="energy", fwhm="20 meV"), "second_derivative", axis="energy")
    again = replay(other_scan, history(sharper))
"""

from __future__ import annotations

from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.progress import reporting

# Importing a module registers its steps.
from napari_scantwin.processing import (  # noqa: F401
    background,
    counting_errors,
    deconvolve,
    edge_correction,
    filters,
    mend,
    momentum,
    normalise,
    per_amount,
    photon_energy,
    sharpen,
    symmetrise,
)
from napari_scantwin.processing.mend import mended, mendings
from napari_scantwin.processing.steps import (
    GROUPS,
    HISTORY,
    STEPS,
    Step,
    apply,
    describe,
    history,
    replay,
    steps_for,
    undone,
)

__all__ = [
    "GROUPS",
    "HISTORY",
    "STEPS",
    "Parameter",
    "Step",
    "apply",
    "describe",
    "history",
    "mended",
    "mendings",
    "replay",
    "reporting",
    "steps_for",
    "undone",
]
