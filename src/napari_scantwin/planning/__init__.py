"""Twin to what to measure next."""

from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.proposals import Plan, Proposal, next_sweeps, plan_sweeps
from napari_scantwin.planning.quantities import PeakEntropyChange, PeakPosition, TransitionTemperature
from napari_scantwin.planning.sequences import as_csv, as_sequence, as_text, write_plan
from napari_scantwin.planning.steps import StepCheck, check_steps

__all__ = [
    "PeakEntropyChange",
    "PeakPosition",
    "Plan",
    "Proposal",
    "StepCheck",
    "TimeModel",
    "TransitionTemperature",
    "as_csv",
    "as_sequence",
    "as_text",
    "check_steps",
    "next_sweeps",
    "plan_sweeps",
    "write_plan",
]
