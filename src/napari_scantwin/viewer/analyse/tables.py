"""Figures as they stand in a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_scantwin.physics.quantity import Quantity

__all__ = ["plain"]


def plain(quantity: Quantity | None) -> str:
    """Value and error without the unit, which stands in the column's head; a dash where there is none."""
    if quantity is None or np.isnan(quantity.value):
        return "–"
    return str(replace(quantity, unit="dimensionless"))
