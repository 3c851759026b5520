"""Tips: in lines that can be read, and of what cannot be pressed the reason."""

from __future__ import annotations

import textwrap

from qtpy.QtWidgets import QAbstractButton, QWidget

__all__ = ["enable", "wrap_tips", "wrapped"]

#: Letters in a line of a tip.
_LINE = 50


def wrapped(text: str) -> str:
    """A tip in lines of some fifty letters; its own line breaks stay."""
    lines = [textwrap.fill(line, _LINE, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")]
    return "\n".join(lines)


def wrap_tips(*roots: QWidget) -> None:
    """Break the tips of widgets and of all that they hold into lines."""
    for root in roots:
        for widget in (root, *root.findChildren(QWidget)):
            tip = widget.toolTip()
            if len(tip) > _LINE and "<" not in tip and (better := wrapped(tip)) != tip:
                widget.setToolTip(better)


def enable(button: QAbstractButton, reason: str = "") -> None:
    """Let a button be pressed, or say in its tip why it cannot be.

    Parameters
    ----------
    button
        The button; the tip it has when it is first named here is what it says while it can be pressed.
    reason
        Why it cannot be pressed; empty where it can.
    """
    if button.property("usual_tip") is None:
        button.setProperty("usual_tip", button.toolTip())
    button.setEnabled(not reason)
    button.setToolTip(wrapped(reason or button.property("usual_tip")))
