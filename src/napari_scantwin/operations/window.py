"""The window of a fit on its plot: which parameters it is, and what they become when it is dragged."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Window"]

#: An end is told to this share of the window's width, to so many further decimals.
_DECIMALS = 3


def _itself(place: float) -> float:
    return place


@dataclass(frozen=True)
class Window:
    """From where to where along the axis below something is fitted.

    Parameters
    ----------
    parameters
        The names of the parameters that say where it begins and ends along the axis.
    ends
        Its ends on the axis, the lower one first.
    value
        A parameter's value at a place on the axis, where that is not the place itself; steadily rising or falling.
    """

    parameters: tuple[str, str]
    ends: tuple[float, float]
    value: Callable[[float], float] = _itself

    def given(self, ends: tuple[float, float]) -> dict[str, str]:
        """What the parameters become with the window laid between two places on the axis.

        Parameters
        ----------
        ends
            The places, the lower one first.

        Returns
        -------
        dict of str to str
            Numbers by the parameters' names, rounded outwards: what lies in the window is within them.
        """
        values = [self.value(end) for end in ends]
        width = abs(values[1] - values[0])
        decimals = _DECIMALS - (math.floor(math.log10(width)) if width > 0 else 0)
        rising = values[0] <= values[1]
        return {
            name: _rounded(value, decimals, up=(number == 1) == rising)
            for number, (name, value) in enumerate(zip(self.parameters, values, strict=True))
        }


def _rounded(value: float, decimals: int, *, up: bool) -> str:
    """A number to so many decimals, no nearer to the middle of the window than it was."""

    def told(number: float) -> str:
        return f"{round(number, decimals):.{max(decimals, 0)}f}"

    text, step = told(value), 10.0**-decimals
    if float(text) < value if up else float(text) > value:
        text = told(value + step if up else value - step)
    return text.rstrip("0").rstrip(".") if "." in text else text
