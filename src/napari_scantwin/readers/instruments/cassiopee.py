"""What the beamline CASSIOPEE notes beside each cut: ``NAME_5_i.txt`` with lines such as ``theta (deg) : 12.5`` lies
next to the analyser's own ``NAME_5_ROI1_.txt``. After arpys and piva (``dataloader``)."""

from __future__ import annotations

import math
import re
from pathlib import Path

from napari_scantwin.core import units

__all__ = ["beamline_attrs"]

_NAMES = {"hv": "photon_energy"}
_LONGEST = 1 << 16


def beamline_attrs(path: Path) -> dict:
    """The quantities with a unit in the file of notes beside a cut; empty where there is none."""
    notes = path.with_name(re.sub(r"ROI\d+_?$", "i", path.stem) + path.suffix)
    if notes == path or not notes.is_file() or notes.stat().st_size > _LONGEST:
        return {}
    attrs: dict[str, float | str] = {}
    for line in notes.read_text(encoding="latin-1").splitlines():
        found = re.fullmatch(r"\s*(\w+)\s*\(([^()]+)\)\s*:\s*([-+.\deE]+)\s*", line)
        if found is None or not units.is_known(found[2]):
            continue
        try:
            value = float(found[3])
        except ValueError:
            continue
        if math.isfinite(value):
            name = _NAMES.get(found[1].lower(), found[1].lower())
            attrs |= {name: value, f"{name}_units": units.standard(found[2])}
    return attrs
