"""Twin to what to measure next."""

from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.proposals import Plan, Proposal, next_sweeps, plan_sweeps
from napari_scantwin.planning.sequences import as_csv, as_sequence, as_text, write_plan

__all__ = [
    "Plan",
    "Proposal",
    "TimeModel",
    "as_csv",
    "as_sequence",
    "as_text",
    "next_sweeps",
    "plan_sweeps",
    "write_plan",
]
