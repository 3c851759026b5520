"""What a stack is made of: its components, their number, their shares and spectra."""

from __future__ import annotations

import itertools

import numpy as np

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.analyses.pattern_views import (
    component_table,
    evidence_plot,
    residual_plot,
    share_curves,
    spectra_plot,
)
from napari_scantwin.core import scan as scans
from napari_scantwin.operations.findings import Findings
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.patterns.components import GROUPINGS, METHODS, decompose
from napari_scantwin.patterns.matrix import proposed_places

__all__ = ["components", "placings"]

#: So many values are worked on only when asked.
_LARGE = 3_000_000


def placings(scan, given=None) -> list[str]:
    """Every way to share out a scan's axes to places and channels: the places, parted by commas."""
    names = scans.axes(scan)
    return [", ".join(chosen) for count in range(1, len(names)) for chosen in itertools.combinations(names, count)]


def _large(source, given) -> str | None:
    if source.scan.size > _LARGE:
        return f"{source.scan.size} values take a while; press Calculate"
    return None


@analysis(
    "components",
    "Components",
    "Patterns",
    parameters=(
        Parameter(
            "over",
            "Places",
            "choice",
            lambda scan: ", ".join(proposed_places(scan)),
            choices=placings,
            explanation="Axes of the places; the others are the channels of a spectrum",
        ),
        Parameter(
            "method",
            "Method",
            "choice",
            "parts",
            choices=METHODS,
            explanation="Parts: shares and spectra without negative values; variance: principal components",
        ),
        Parameter(
            "number",
            "Components",
            "integer",
            optional=True,
            minimum=1,
            maximum=50,
            explanation="By default as many as two tests find",
        ),
        Parameter(
            "gain",
            "One count is",
            "number",
            optional=True,
            minimum=0,
            unit_of="value",
            explanation="What one count adds to a value; 0 for noise that is the same everywhere; measured by default",
        ),
        Parameter(
            "grouping",
            "Groups by",
            "choice",
            GROUPINGS[0],
            choices=GROUPINGS,
            further=True,
            shown=lambda scan, given: given.get("method") == "groups",
        ),
        Parameter(
            "variational",
            "Variational",
            "flag",
            False,
            further=True,
            shown=lambda scan, given: given.get("method") == "latent",
            explanation="A variational autoencoder, whose latent axes are spread evenly",
        ),
        Parameter("seed", "Seed", "integer", 0, minimum=0, further=True, explanation="The same seed, the same answer"),
    ),
    refuses=proposed_places,
    gridded=True,
    axes=2,
    place=60,
    waits=_large,
    uses_twin=False,
)
def components(
    source, *, over, method, number, gain, grouping, variational, seed, on_progress, stop_event, cache
) -> Findings:
    """How many components a stack has by two tests, where each is and which spectrum it has.

    Parts start from the purest places and are refined to the most likely shares (0 to 1) and spectra (unit sum).
    """
    places = tuple(over.split(", "))
    known = cache.get(("table", places, gain))
    found = decompose(
        source.scan,
        places,
        number,
        method,
        gain=gain,
        grouping=grouping or GROUPINGS[0],
        variational=bool(variational),
        seed=seed,
        table=None if known is None else known[0],
        evidence=None if known is None else known[1],
        stop=stop_event,
        on_progress=on_progress,
    )
    cache["table", places, gain] = (found.table, found.evidence)
    plots = {
        "Spectra": spectra_plot(found),
        "How many": evidence_plot(found.evidence),
        "Residual": residual_plot(found),
    }
    if len(places) == 1:
        plots["Shares"] = share_curves(found)
    of_all = {"shares": found.shares, "spectra": found.spectra, "intensity": found.total, "misfit": found.misfit}
    above, beside = found.evidence.above_noise, found.evidence.by_neighbours
    return Findings(
        [
            ("components", found.count),
            ("above the noise", above),
            ("until neighbours' residuals are alike no longer", np.nan if beside is None else beside),
            (f"one count ({'measured' if found.table.measured else 'given'})", found.gain),
            ("residual over its noise", float(np.nanmean(found.misfit.values))),
        ],
        of_all,
        [f"{one[0].upper()}{one[1:]}." for one in (found.evidence.words, *found.notes)],
        plots=plots,
        tables={"Components": component_table(found)},
        result=found,
    )
