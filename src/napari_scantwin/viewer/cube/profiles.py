"""The profiles through the crosshair: taken at once from memory, in a thread from a file."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from qtpy.QtCore import QObject, Signal

from napari_scantwin import sections
from napari_scantwin.core import scan as scans
from napari_scantwin.viewer.kit.latest_job import LatestJob, not_read

__all__ = ["Profiles"]

#: Of a file that is read in parts, the crosshair's profiles read no more than this (bytes).
_MOST_READ = 128 << 20


class Profiles(QObject):
    """``taken(axis, measured, twin)`` with the :class:`~napari_scantwin.sections.Profile` of both along an axis (the
    twin's may be None), ``said`` when ``words``, what has to be said of them, have changed.

    Every axis of a file has its own thread, so that a profile of few parts does not wait for one of many.
    """

    taken = Signal(str, object, object)
    said = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._readers: dict[str, LatestJob] = {}
        self._left: list[str] = []
        self._failed: dict[str, str] = {}

    def take(self, measured: sections.Cube, twin: sections.Cube | None, at: Mapping, widths: Mapping) -> None:
        """Take the profile along every axis through ``at``, averaged over ``widths``; of a file the last ones asked
        for, when they have been read."""
        at, widths, before = dict(at), dict(widths), self.words
        self._left = []
        pair = [cube for cube in (measured, twin) if cube is not None]

        def along(axis: str) -> tuple:
            return axis, *(
                None if cube is None else sections.profile(cube, axis, at, widths) for cube in (measured, twin)
            )

        for axis in measured.columns:
            if sum(sections.reading(cube, axis, at, widths) for cube in pair) > _MOST_READ:
                self._left.append(axis.replace("_", " "))
                self.forget(axis)
                self.taken.emit(axis, sections.unread(measured, axis), None)
            elif any(scans.is_lazy(cube.scan) for cube in pair):
                self._reader(axis).ask(functools.partial(along, axis))
            else:
                self.taken.emit(*along(axis))
        if self.words != before:
            self.said.emit()

    @property
    def busy(self) -> bool:
        """Whether any profile is still to come."""
        return any(reader.busy for reader in self._readers.values())

    @property
    def words(self) -> str:
        """A sentence about profiles that are missing; empty where none is."""
        if self._failed:
            return next(iter(self._failed.values()))
        if self._left:
            along = " and along ".join(self._left)
            return f"The file is read in parts; too many of them lie along {along} to follow the crosshair."
        return ""

    def forget(self, axis: str | None = None) -> None:
        """Drop what was asked for along one axis, or along all, as when another scan is looked at."""
        if axis is None:
            self._left = []
        for name, reader in self._readers.items():
            if axis in (None, name):
                reader.forget()
                self._failed.pop(name, None)

    def _reader(self, axis: str) -> LatestJob:
        if axis not in self._readers:
            reader = self._readers[axis] = LatestJob(self)
            reader.found.connect(self._came)
            reader.failed.connect(lambda reason: self._missed(axis, reason))
        return self._readers[axis]

    def _came(self, found) -> None:
        axis, measured, twin = found
        self.taken.emit(axis, measured, twin)
        if self._failed.pop(axis, None) is not None:
            self.said.emit()

    def _missed(self, axis: str, reason) -> None:
        words = not_read(f"The profile along {axis.replace('_', ' ')}", reason)
        if self._failed.get(axis) != words:
            self._failed[axis] = words
            self.said.emit()
