"""Colours that can be seen: the contrast of two colours, and a colour moved until it stands out from its ground.

The contrast of two colours is (L1 + 0.05) / (L2 + 0.05) of their relative luminances, the lighter one's above (WCAG
2.1): 1 for the same, 21 for black on white. Graphics ask for at least 3, text for at least 4.5.
"""

from __future__ import annotations

import colorsys

__all__ = ["GRAPHICS", "TEXT", "contrast", "readable"]

#: What graphics and text ask for.
GRAPHICS, TEXT = 3.0, 4.5
_STEPS = 100


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
