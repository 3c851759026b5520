"""A twin says what to measure next."""

from napari_scantwin.planning.convergence import Course, CourseStep, surprise
from napari_scantwin.planning.cost import TimeModel
from napari_scantwin.planning.joining import Longer, joined, longer
from napari_scantwin.planning.point_protocol import PointPlanner
from napari_scantwin.planning.points import PointPlan, PointProposal, next_points, plan_points
from napari_scantwin.planning.proposals import Plan, Proposal, next_sweeps, plan_sweeps
from napari_scantwin.planning.protocol import Planner, replayed
from napari_scantwin.planning.quantities import PeakEntropyChange, PeakPosition, TransitionTemperature
from napari_scantwin.planning.sequences import as_csv, as_sequence, as_text, write_plan
from napari_scantwin.planning.steps import StepCheck, check_steps

__all__ = [
    "Course",
    "CourseStep",
    "Longer",
    "PeakEntropyChange",
    "PeakPosition",
    "Plan",
    "Planner",
    "PointPlan",
    "PointPlanner",
    "PointProposal",
    "Proposal",
    "StepCheck",
    "TimeModel",
    "TransitionTemperature",
    "as_csv",
    "as_sequence",
    "as_text",
    "check_steps",
    "joined",
    "longer",
    "next_points",
    "next_sweeps",
    "plan_points",
    "plan_sweeps",
    "replayed",
    "surprise",
    "write_plan",
]
