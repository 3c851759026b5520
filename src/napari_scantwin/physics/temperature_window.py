"""The temperatures between which something is fitted."""

from __future__ import annotations

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = ["window_in_words", "within_temperatures"]


def within_temperatures(kelvin: np.ndarray, start: float | None, stop: float | None) -> np.ndarray:
    """Which temperatures lie in a window, its ends included.

    Parameters
    ----------
    kelvin
        Temperatures [n] in kelvin; NaN lies in no window.
    start, stop
        The window's ends in kelvin; None leaves that side open.

    Returns
    -------
    numpy.ndarray
        True for those inside [n].

    Raises
    ------
    ScanError
        Where the lower end does not come first.
    """
    if start is not None and stop is not None and start >= stop:
        raise ScanError(f"the window from {start:g} to {stop:g} K is empty; its lower end comes first")
    kelvin = np.asarray(kelvin, float)
    return (kelvin >= (-np.inf if start is None else start)) & (kelvin <= (np.inf if stop is None else stop))


def window_in_words(start: float | None, stop: float | None) -> str:
    """A window as the end of a sentence: " from 300 to 350 K"; empty where both sides are open."""
    if start is None and stop is None:
        return ""
    ends = [] if start is None else [f"from {start:g}"]
    ends += [] if stop is None else [f"to {stop:g}" if ends else f"up to {stop:g}"]
    return f" {' '.join(ends)} K" + ("" if stop is not None else " on")
