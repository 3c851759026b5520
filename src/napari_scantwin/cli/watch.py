"""Follow a file that grows, and keep its twin up to date."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from napari_scantwin.cli.common import (
    Along,
    Axis,
    Choice,
    Error,
    Files,
    Value,
    app,
    bar,
    check_folder,
    checked,
    in_words,
)


@app.command()
def watch(
    files: Files,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The .twin file kept up to date (default: FILE.twin).")
    ] = None,
    axis: Axis = None,
    value: Value = None,
    error: Error = None,
    choice: Choice = None,
    along: Along = None,
    preset: Annotated[str, typer.Option(help="fast or thorough")] = "fast",
    method: Annotated[str, typer.Option(help="best (of all), network or published")] = "best",
    members: Annotated[int | None, typer.Option(help="Networks in the ensemble.")] = None,
    time_budget: Annotated[float | None, typer.Option(help="Seconds to spend on each training.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    every: Annotated[float, typer.Option(min=0.01, help="Seconds from one look at the file to the next.")] = 1.0,
    rest: Annotated[float, typer.Option(min=0.0, help="Seconds without a change after which it is read.")] = 1.0,
    until_sweeps: Annotated[
        int | None, typer.Option(min=2, help="End once so many sweeps are there, the last of them perhaps in progress.")
    ] = None,
    once_complete: Annotated[int | None, typer.Option(min=2, help="End once so many sweeps are complete.")] = None,
) -> None:
    """Follow a file, or a folder, that grows: train its twin again as sweeps join, and say which to measure next.

    A line a renewal: sweeps, held-out error, next sweep. It goes on until Ctrl+C; the twin is whole at any time.
    """
    with in_words():
        from napari_scantwin.core.errors import ScanError
        from napari_scantwin.recipes import Opening
        from napari_scantwin.recipes.renewal import Renewal
        from napari_scantwin.recipes.watcher import Watcher
        from napari_scantwin.twin import TwinSettings

        settings = checked(TwinSettings, preset, members, time_budget, seed, None, None, method)
        target = Path(f"{files[0]}.twin") if output is None else output
        check_folder(target)
        for path in files:
            if not path.exists():
                raise ScanError(f"{path.name}: there is no such file in {path.absolute().parent}")
        opening = Opening(tuple(map(str, files)), axis and tuple(axis), value, error, choice, along)
        watcher, renewal = Watcher(opening, rest=rest), Renewal(settings)
        until = _Until(until_sweeps, once_complete)
        _tell(f"watching {watcher.name}; Ctrl+C ends it")
        try:
            _follow(watcher, renewal, target, until, every)
        except KeyboardInterrupt:
            _tell(f"stopped watching; {target} is as it was written last" if renewal.twin else "stopped watching")


class _Until:
    """When it is enough: so many sweeps, or so many complete ones; never where neither is given."""

    def __init__(self, sweeps: int | None, complete: int | None):
        self._sweeps, self._complete = sweeps, complete

    def reached(self, scan) -> bool:
        from napari_scantwin.core import in_progress
        from napari_scantwin.core import scan as scans

        count = scans.sweep_count(scan)
        complete = count - (in_progress.number(scan) is not None)
        return (self._sweeps is not None and count >= self._sweeps) or (
            self._complete is not None and complete >= self._complete
        )


def _follow(watcher, renewal, target: Path, until: _Until, every: float) -> None:
    trouble = ""
    while True:
        found = watcher.look()
        if watcher.trouble != trouble:
            _tell(watcher.trouble or f"{watcher.name} is read again")
            trouble = watcher.trouble
        if found is not None:
            last = until.reached(found.scan)
            for note in found.notes:
                _tell(note)
            if renewal.due(found.scan) or last:
                _renew(found, renewal, target, last)
            elif renewal.twin is None:
                _tell(f"{found.sweeps}: too few to train a twin")
            if last:
                return
        time.sleep(every)


def _renew(found, renewal, target: Path, last: bool) -> None:
    """Train again and write the twin; the last time everything is tried."""
    from napari_scantwin.core.errors import NotWritten, ScanError

    try:
        with bar("training") as tell:
            twin, proposals = renewal.train(
                found.scan, afresh=last, on_progress=lambda p: tell(p.fraction, p.stage), stop=threading.Event()
            )
        twin.save(target)
    except NotWritten:
        raise
    except ScanError as reason:
        _tell(f"{found.sweeps}: {reason}")
        return
    score = twin.score
    share = 100 * score.inside[0] / score.value_range
    following = f"; next {proposals[0].value:g} {proposals[0].unit}" if proposals else ""
    _tell(f"{found.sweeps}: held-out error {score.inside[0]:.3g} {score.unit} ({share:.2g} % of the range){following}")


def _tell(words: str) -> None:
    """A line with the time of day, seen at once by whatever reads it."""
    print(f"{time.strftime('%H:%M:%S')} {words}", flush=True)
