"""Colours that can be seen: the contrast of two colours, and a colour moved until it stands out from its ground.

The contrast of two colours is (L1 + 0.05) / (L2 + 0.05) of their relative luminances, the lighter one's above (WCAG
2.1): 1 for the same, 21 for black on white. Graphics ask for at least 3, text for at least 4.5.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np

__all__ = ["GRAPHICS", "TEXT", "contrast", "readable", "shades"]

#: What graphics and text ask for.
GRAPHICS, TEXT = 3.0, 4.5
_STEPS = 100
#: The colour map plasma in even steps. Its lightness rises throughout, which people who see no red or no green see too,
#: and it is not mistaken for the colours of a map's values.
_PLASMA = (
    "#0d0887",
    "#310597",
    "#4c02a1",
    "#6600a7",
    "#7e03a8",
    "#9511a1",
    "#aa2395",
    "#bc3587",
    "#cc4778",
    "#da5a6a",
    "#e66c5c",
    "#f0804e",
    "#f89540",
    "#fdac33",
    "#fdc527",
    "#f8df25",
    "#f0f921",
)


def _channels(color: str) -> tuple[float, float, float]:
    return tuple(int(color[first : first + 2], 16) / 255 for first in (1, 3, 5))  # type: ignore[return-value]


def _luminance(color: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color)]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21.

    Parameters
    ----------
    one, other
        Colours as ``"#rrggbb"``.
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(color: str, ground: str, least: float = GRAPHICS) -> str:
    """A colour that stands out from its ground: the same hue, darker or lighter by no more than it takes.

    Parameters
    ----------
    color, ground
        Colours as ``"#rrggbb"``.
    least
        The contrast asked for.

    Returns
    -------
    str
        ``color`` itself where it stands out, else the nearest one of its hue that does; black or white where none does.
    """
    if contrast(color, ground) >= least:
        return color
    target = min(("#000000", "#ffffff"), key=lambda end: -contrast(end, ground))
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(color))
    end = 0.0 if target == "#000000" else 1.0
    for step in range(1, _STEPS):
        moved = colorsys.hls_to_rgb(hue, lightness + (end - lightness) * step / _STEPS, saturation)
        found = "#" + "".join(f"{round(255 * channel):02x}" for channel in moved)
        if contrast(found, ground) >= least:
            return found
    return target


def shades(count: int, ground: str, least: float = GRAPHICS) -> list[str]:
    """Colours in order, for what follows each other: along that part of the colour map plasma which stands out from a
    ground, from dark to light.

    Parameters
    ----------
    count
        How many.
    ground
        The ground's colour as ``"#rrggbb"``.
    least
        The contrast asked for.

    Returns
    -------
    list of str
        The colours; of one, the middle.
    """
    low, high = _part(ground, least)
    places = np.linspace(low, high, count) if count > 1 else np.array([(low + high) / 2] * count)
    return [readable(color, ground, least) for color in _along(places)]


@lru_cache(maxsize=32)
def _part(ground: str, least: float) -> tuple[float, float]:
    """The ends of the longest part of the colour map that stands out from a ground; all of it where none does."""
    places = np.linspace(0, 1, 257)
    seen = np.array([contrast(color, ground) >= least for color in _along(places)])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    if not len(edges):
        return 0.0, 1.0
    parts = edges.reshape(-1, 2)
    first, end = parts[np.argmax(parts[:, 1] - parts[:, 0])]
    return float(places[first]), float(places[end - 1])


def _along(places: np.ndarray) -> list[str]:
    known = np.array([_channels(color) for color in _PLASMA])
    even = np.linspace(0, 1, len(known))
    mixed = np.stack([np.interp(places, even, channel) for channel in known.T], axis=1)
    return ["#" + "".join(f"{round(255 * channel):02x}" for channel in color) for color in mixed]
