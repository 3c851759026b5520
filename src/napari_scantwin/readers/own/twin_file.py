"""Twins as this program saves them."""

from __future__ import annotations

from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.format import DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement

__all__ = ["FORMATS", "measurements"]


def measurements(file: DataFile) -> list[Measurement]:
    """The scan a twin was trained on, and the twin; of one that this version cannot open the scan alone."""
    from napari_scantwin.twin import Twin
    from napari_scantwin.twin.storage import load_scan

    try:
        twin = Twin.load(file.path)
    except ScanError as reason:
        scan = load_scan(file.path)  # refuses what is damaged
        return [Measurement("", file.name, scan, note=f"Only its scan was opened: {reason}.")]
    return [Measurement("", file.name, twin.whole, twin)]


FORMATS = (
    Format(
        name="twin",
        title="Twin",
        suffixes=(".twin",),
        level=Level.OWN,
        holds="the twin and the scan it was trained on",
        reads="The scan with its axes, units, errors and mask, and the twin that was trained on it.",
        measurements=measurements,
    ),
)
