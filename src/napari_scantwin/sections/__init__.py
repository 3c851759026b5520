"""Lines, profiles and planes through a scan."""

from napari_scantwin.sections.lines import (
    Cut,
    CutValues,
    MapCurve,
    along,
    default_width,
    measured_within,
    nearest_sweep,
    of_sweep,
    simulated_along,
    write_cut,
)
from napari_scantwin.sections.planes import plane_along, simulated_on
from napari_scantwin.sections.profiles import (
    Cube,
    Profile,
    Stack,
    kind_of,
    mean_within,
    profile,
    reading,
    stack,
    unread,
    window,
    write_stack,
)

__all__ = [
    "Cube",
    "Cut",
    "CutValues",
    "MapCurve",
    "Profile",
    "Stack",
    "along",
    "default_width",
    "kind_of",
    "mean_within",
    "measured_within",
    "nearest_sweep",
    "of_sweep",
    "plane_along",
    "profile",
    "reading",
    "simulated_along",
    "simulated_on",
    "stack",
    "unread",
    "window",
    "write_cut",
    "write_stack",
]
