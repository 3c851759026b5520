"""What was left out on the way to a scan, said in the scan itself, so that every window and page can repeat it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LEFT_OUT", "left_out", "with_left_out"]

#: The attribute it is kept in: sentences without a full stop, parted by semicolons.
LEFT_OUT = "left_out"


def with_left_out(attrs: Mapping, *sentences: str) -> dict:
    """Attributes with further sentences on what was left out, each once and those of nothing passed over."""
    said = left_out(attrs)
    said += [one for one in dict.fromkeys(sentences) if one and one not in said]
    return {**attrs, LEFT_OUT: "; ".join(said)} if said else dict(attrs)


def left_out(attrs: Mapping) -> list[str]:
    """The sentences on what was left out of a scan with these attributes."""
    return [one for one in str(attrs.get(LEFT_OUT, "")).split("; ") if one]
