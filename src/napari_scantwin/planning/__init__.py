"""Twin to what to measure next."""

from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.proposals import Plan, Proposal, next_sweeps, plan_sweeps

__all__ = ["Plan", "Proposal", "TimeModel", "next_sweeps", "plan_sweeps"]
