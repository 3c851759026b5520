"""What an ALS FITS file scanned: the devices, their nominal steps, and where each row of the table belongs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import units
from napari_scantwin.core.errors import ScanError

__all__ = ["Grid", "device_label", "scanned_grid"]

#: Motors that turn the sample or the field of view, whose own names mean something else in photoemission.
_ROTATIONS = ("theta", "beta", "phi", "alpha", "polar", "tilt", "azimuth", "slit defl", "slit defl.")
_MOST_LOOPS, _MOST_STEPS = 8, 10_000_000


@dataclass(frozen=True)
class Grid:
    """The grid that a table's rows were scanned on.

    Parameters
    ----------
    axes
        The scanned axes as (label, unit, nominal steps), slow first.
    rows
        The table's rows in the order of the grid's points.
    note
        Where the scan was stopped, in words; empty where it is complete.
    """

    axes: list[tuple[str, str | None, np.ndarray]]
    rows: np.ndarray
    note: str = ""

    def placed(self, values: np.ndarray) -> np.ndarray:
        """A column of the table [rows, …] as an array [*axes, …]."""
        return values[self.rows].reshape(*(len(steps) for *_, steps in self.axes), *values.shape[1:])


def device_label(name: str) -> str:
    """A device's name as :func:`~napari_scantwin.readers.arpes_axes.axis_name` understands it."""
    plain = name.strip().lower()
    if plain in _ROTATIONS:
        return "manipulator angle"
    if plain in ("mono_ev", "monoev", "mono energy", "beamline energy", "bl energy"):
        return "photon energy"
    return name.strip().removeprefix("Scan ").removeprefix("Sample ") if plain[-2:] in (" x", " y", " z") else name


def scanned_grid(file: str, about: dict, notes: dict[str, tuple[str, np.ndarray]], rows: int) -> Grid:
    """The grid that the rows of a table were scanned on.

    Parameters
    ----------
    file
        The file's name, for errors.
    about
        The primary header.
    notes
        The table's scalar columns, (unit, values) by name.
    rows
        How many steps the table has.

    Raises
    ------
    ScanError
        Where the header does not say what was scanned, or does not fit the table.
    """
    devices = _devices(file, about)
    devices = [(name, unit or notes.get(name, ("", None))[0], steps) for name, unit, steps in devices]
    known: list[tuple[str, str | None, np.ndarray]] = [
        (name, unit if unit and units.is_known(unit) else None, steps) for name, unit, steps in devices
    ]
    if rows == 1:
        return Grid([], np.arange(1))
    if not known:
        return Grid([("cycle", "1", np.arange(float(rows)))], np.arange(rows))
    if about.get("SCANPAR") is True or all(len(steps) == rows for *_, steps in known):
        known = known[:1]  # all move together
    sizes = [len(steps) for *_, steps in known]
    if len(known) == 1:
        name, unit, steps = known[0]
        if rows > len(steps):  # the plan was lengthened: what was read back is all there is
            if name not in notes:
                raise ScanError(f"{file}: {rows} steps where its header plans {len(steps)}; the file is altered")
            steps = notes[name][1]
        note = f"after {rows} of {len(steps)} steps" if rows < len(steps) else ""
        return Grid([(device_label(name), unit, np.asarray(steps[:rows], float))], np.arange(rows), note)
    order = _order(known, notes, rows)
    note = ""
    if order is None:  # the first device is the fastest; a scan that was stopped keeps its whole lines
        line = math.prod(sizes[:-1])
        lines = min(rows // line, sizes[-1]) if line else 0
        if lines < 1:
            raise ScanError(f"{file}: its {rows} steps are less than one line of the scan; the file may be cut off")
        note = f"after {rows} of {line * sizes[-1]} steps" if rows < line * sizes[-1] else ""
        name, unit, steps = known[-1]
        known[-1] = (name, unit, steps[:lines])
        order = np.arange(line * lines)
    return Grid([(device_label(name), unit, steps) for name, unit, steps in known[::-1]], order, note)


def _devices(file: str, about: dict) -> list[tuple[str, str, np.ndarray]]:
    """Name, unit and nominal steps of every scanned device, the fastest first."""
    found = []
    try:
        for loop in range(min(int(about.get("LWLVLPN", 0)), _MOST_LOOPS)):
            tabulated = about.get(f"SCNTYP{loop}") == 1
            pieces = int(about.get("DS_NR", 1)) if tabulated else int(about[f"NMSBDV{loop}"])
            listed = []
            for piece in range(min(pieces, _MOST_LOOPS if not tabulated else 1000)):
                first, last = float(about[f"ST_{loop}_{piece}"]), float(about[f"EN_{loop}_{piece}"])
                count = int(about[f"N_{loop}_{piece}"])
                if not 1 <= count <= _MOST_STEPS or not math.isfinite(first + last):
                    raise ValueError(count)
                listed.append(np.linspace(first, last, count))
            if tabulated:  # one device, in regions of different steps
                listed = [np.concatenate(listed)]
            for device, steps in enumerate(listed):
                name = str(about.get(f"NM_{loop}_{device}", "")).replace("CRYO-", "").strip()
                if len(steps) > 1 and name.lower() not in ("null", "none", ""):
                    found.append((name, str(about.get(f"UN_{loop}_{device}", "")).strip(), steps))
    except (KeyError, ValueError, TypeError) as reason:
        raise ScanError(f"{file}: its header does not say what was scanned ({reason}); copy it again") from reason
    return found


def _order(devices: list, notes: dict, rows: int) -> np.ndarray | None:
    """The rows in the order of the grid's points according to the read-backs, whichever way the motors went; None where
    they do not lie one on each point."""
    sizes = [len(steps) for *_, steps in devices]
    if math.prod(sizes) != rows or any(name not in notes for name, *_ in devices):
        return None
    places = [np.abs(notes[name][1][:, None] - steps).argmin(1) for name, _, steps in devices]
    flat = np.ravel_multi_index(places[::-1], sizes[::-1])
    return np.argsort(flat) if len(np.unique(flat)) == rows else None
