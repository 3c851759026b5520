"""What can be asked of a scan: analyses that describe themselves and return findings."""

from __future__ import annotations

from napari_scantwin.analyses.arpes_fits import ANALYSES, Analysis, Findings, analyse

__all__ = ["ANALYSES", "Analysis", "Findings", "analyse"]
