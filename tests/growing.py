"""Files that grow, written sweep by sweep and line by line as instruments do."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_scantwin.samples import sample_path

__all__ = ["GrowingFile", "growing_csv", "growing_mpms3"]


class GrowingFile:
    """A file that is written piece by piece from the lines of a whole one.

    Parameters
    ----------
    path
        The file to write.
    head
        Its header.
    sweeps
        The lines of each sweep.
    """

    def __init__(self, path: Path, head: list[str], sweeps: list[list[str]]):
        self.path, self.sweeps = path, sweeps
        self._text = "".join(head)
        self._save("w", self._text)

    def _save(self, mode: str, text: str) -> None:
        with self.path.open(mode) as file:  # opened anew each time: nothing stays in a buffer
            file.write(text)

    def write(self, text: str) -> None:
        """Add to the file what is in ``text``."""
        self._text += text
        self._save("a", text)

    def add(self, number: int, first: float = 0.0, last: float = 1.0) -> None:
        """Add a part of a sweep."""
        lines = self.sweeps[number]
        self.write("".join(lines[round(first * len(lines)) : round(last * len(lines))]))

    def lose(self) -> None:
        """Delete the file."""
        self.path.unlink()

    def bring_back(self) -> None:
        """Write what was deleted again."""
        self._save("w", self._text)


def growing_mpms3(path: Path) -> GrowingFile:
    """The sample in the layout of an MPMS3 file, eight sweeps of 101 readings, none of them written yet."""
    lines = sample_path("ferromagnet").with_name("ferromagnet_mpms3.dat").read_text().splitlines(keepends=True)
    begin = next(number for number, line in enumerate(lines) if line.startswith("[Data]")) + 2
    body = lines[begin:]
    return GrowingFile(path, lines[:begin], [body[k : k + 101] for k in range(0, len(body), 101)])


def growing_csv(path: Path, sweeps: int = 7) -> GrowingFile:
    """M(T, H) = H / (T + 5), exact to six digits, on a grid of fields and temperatures."""
    temperatures = np.linspace(2, 40, 30)
    rows = [
        [f"{t:.4f},{field:g},{field / (t + 5):.6g}\n" for t in temperatures]
        for field in 1000.0 * np.arange(1, sweeps + 1)
    ]
    return GrowingFile(path, ["Temperature (K),Magnetic Field (Oe),Moment (emu)\n"], rows)
