"""What can be asked of a scan: analyses that describe themselves and return findings, in one registry.

Every module of this folder registers what it offers; a new one needs no mention anywhere else::

    from napari_scantwin import analyse
    found = analyse("entropy_change", scan, fields="10 kOe, 50 kOe", mass="0.61 mg")
    found.figures, found.tables, found.scans
"""

from __future__ import annotations

import importlib
import pkgutil

from napari_scantwin.analyses.analysis import ANALYSES, FIT, Analysis, analyse, as_source
from napari_scantwin.operations.findings import Findings

__all__ = ["ANALYSES", "FIT", "Analysis", "Findings", "analyse", "as_source"]

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
