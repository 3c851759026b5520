"""How a figure looks on paper: its size in millimetres, its letters in points, its lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from napari_scantwin.core.errors import ScanError

__all__ = ["COLUMN", "PAGE", "PaperStyle"]

#: The widths of one column and of two in most journals of physics, in millimetres.
COLUMN, PAGE = 86.0, 178.0
#: Height over width where nothing is said, and the sizes that can be printed.
_SHAPE = 0.72
_NARROWEST, _WIDEST = 30.0, 600.0
_SMALLEST, _LARGEST = 4.0, 40.0
_MM_AN_INCH = 25.4


@dataclass(frozen=True)
class PaperStyle:
    """What is asked of a figure.

    Parameters
    ----------
    width
        Its width in millimetres, 30 to 600 (default: one column, 86).
    height
        Its height in millimetres; by default 0.72 of the width.
    font_size
        Of all text, in points, 4 to 40.
    dpi
        Of pictures made of pixels, and of maps within pictures made of lines.
    grid
        Whether faint lines are drawn at the ticks of plots of curves.

    Raises
    ------
    ScanError
        Where a size cannot be printed.
    """

    width: float = COLUMN
    height: float | None = None
    font_size: float = 8.0
    dpi: int = 300
    grid: bool = False

    def __post_init__(self):
        for what, size in (("wide", self.width), ("high", self.tall)):
            if not _NARROWEST <= size <= _WIDEST:
                raise ScanError(
                    f"a figure is {_NARROWEST:g} to {_WIDEST:g} mm {what}, not {size:g}; one column is {COLUMN:g} mm"
                )
        if not _SMALLEST <= self.font_size <= _LARGEST:
            raise ScanError(f"letters are {_SMALLEST:g} to {_LARGEST:g} points high, not {self.font_size:g}")
        if not 50 <= self.dpi <= 1200:
            raise ScanError(f"a picture has 50 to 1200 dots an inch, not {self.dpi}")

    @property
    def tall(self) -> float:
        """The height in millimetres."""
        return self.width * _SHAPE if self.height is None else self.height

    @property
    def inches(self) -> tuple[float, float]:
        """Width and height in inches."""
        return self.width / _MM_AN_INCH, self.tall / _MM_AN_INCH

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of matplotlib that go with it."""
        thin = 0.08 * self.font_size
        return {
            "font.size": self.font_size,
            "font.family": "sans-serif",
            "font.sans-serif": ["Arial", "Helvetica", "DejaVu Sans"],
            "mathtext.fontset": "dejavusans",
            "axes.titlesize": self.font_size,
            "axes.labelsize": self.font_size,
            "xtick.labelsize": 0.9 * self.font_size,
            "ytick.labelsize": 0.9 * self.font_size,
            "legend.fontsize": 0.9 * self.font_size,
            "legend.frameon": False,
            "axes.linewidth": thin,
            "xtick.major.width": thin,
            "ytick.major.width": thin,
            "xtick.direction": "in",
            "ytick.direction": "in",
            "xtick.top": True,
            "ytick.right": True,
            "lines.linewidth": 1.7 * thin,
            "lines.markersize": 0.4 * self.font_size,
            "axes.grid": False,
            "grid.alpha": 0.25,
            "grid.linewidth": 0.6 * thin,
            "axes.unicode_minus": True,
            "axes.formatter.useoffset": False,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "savefig.dpi": self.dpi,
            # Text stays text, that can be edited and found.
            "svg.fonttype": "none",
            "pdf.fonttype": 42,
        }
