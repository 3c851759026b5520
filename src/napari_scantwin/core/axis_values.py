"""Values along an axis, written as a person writes them."""

from __future__ import annotations

import re

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.typed import typed_number

__all__ = ["parse_values", "parts_of_list"]

_MOST = 1_000_000


def parse_values(text: str, axis: str = "the axis") -> np.ndarray:
    """Values along an axis from a text.

    Parameters
    ----------
    text
        ``"first:last:step"`` (last included), ``"first:last"`` with ``"#count"`` (``"10:60#200"``), or a list
        ``"100, 200, 500"``. In a range, and in a list parted by semicolons (``"1,5; 2,5"``), numbers may have decimal
        commas.
    axis
        What the axis is called in a :class:`ScanError`.

    Returns
    -------
    numpy.ndarray
        The values, finite and at least one.

    Raises
    ------
    ScanError
        Naming ``axis``, where the text is none of these.
    """
    try:
        if ":" in text:
            values = _range(text)
        else:
            values = np.array([typed_number(part) for part in parts_of_list(text, blanks=True)])
    except (ValueError, ZeroDivisionError) as reason:
        raise ScanError(
            f"{axis}: {text!r} is no range; write first:last:step as 10:60:0.5, first:last#count as 10:60#101, "
            "or a list as 100, 200, 500"
        ) from reason
    if not len(values) or not np.isfinite(values).all():
        raise ScanError(f"{axis}: {text!r} holds no finite values; write a range as 10:60:0.5 or a list")
    return values


def parts_of_list(text: str, *, blanks: bool = False) -> list[str]:
    """The parts of a list that a person typed.

    Parameters
    ----------
    text
        A list such as ``"1, 2, 5"``; where it has semicolons, a comma within a part is its own: ``"1,5; 2,5"``.
    blanks
        Whether blanks part it too.

    Returns
    -------
    list of str
        The parts, none empty.
    """
    between = r"[;]|,(?=\s|$)" if ";" in text else ","
    parts = re.split(rf"{between}|\s+" if blanks else between, text)
    return [part.strip() for part in parts if part.strip()]


def _range(text: str) -> np.ndarray:
    span, hash_sign, count = text.partition("#")
    parts = [typed_number(part) for part in span.split(":")]
    if hash_sign:
        if len(parts) != 2 or not 1 <= int(count) <= _MOST:
            raise ValueError(text)
        return np.linspace(parts[0], parts[1], int(count))
    first, last, step = parts
    steps = (last - first) / step
    if not 0 <= steps < _MOST:
        raise ValueError(text)
    # The last value belongs to the range even where the step's rounding would miss it.
    return first + step * np.arange(np.floor(steps + 1e-9) + 1)
