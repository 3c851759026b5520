"""What a reader has to say of a scan, above all what it left out, kept with the scan so that every window and page can
repeat it."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["NOTES", "notes", "with_left_out", "with_notes"]

#: The attribute they are kept in: sentences without a full stop, parted by semicolons.
NOTES = "notes"


def with_notes(attrs: Mapping, *sentences: str) -> dict:
    """Attributes with further notes, each once; empty sentences are passed over."""
    said = notes(attrs)
    said += [one for one in dict.fromkeys(sentences) if one and one not in said]
    return {**attrs, NOTES: "; ".join(said)} if said else dict(attrs)


def with_left_out(attrs: Mapping, *what: str) -> dict:
    """Attributes with a note on each thing that was left out."""
    return with_notes(attrs, *(f"left out: {one}" for one in what if one))


def notes(attrs: Mapping) -> list[str]:
    """The notes on a scan with these attributes."""
    return [one for one in str(attrs.get(NOTES, "")).split("; ") if one]
