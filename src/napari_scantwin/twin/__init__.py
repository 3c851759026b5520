"""A scan becomes a twin: its settings, training, score, uncertainty and saving."""

from __future__ import annotations

from napari_scantwin.twin.model import Twin
from napari_scantwin.twin.settings import Progress, TwinSettings
from napari_scantwin.twin.training import train
from napari_scantwin.twin.validation.comparison import with_baselines
from napari_scantwin.twin.validation.score import Score

__all__ = ["Progress", "Score", "Twin", "TwinSettings", "train", "with_baselines"]
