"""A file that grows is read anew, whole lines only, and tells what is new."""

import os
import subprocess
import sys

import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import NeedsColumns
from napari_scantwin.recipes import Opening
from napari_scantwin.recipes.watcher import Watcher

from ..growing import growing_csv, growing_mpms3


class Clock:
    """Time that goes on when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(clock):
    """Watch some paths, a second's rest and ten of patience."""

    def watched(*paths, **answers):
        return Watcher(Opening(tuple(map(str, paths)), **answers), clock=clock)

    return watched


def after(watcher, clock, seconds=2.0):
    """What is found once a change has rested."""
    watcher.look()
    clock.now += seconds
    return watcher.look()


def test_new_sweeps_are_told(watch, clock, tmp_path):
    file = growing_mpms3(tmp_path / "run.dat")
    file.add(0), file.add(1), file.add(2)
    watcher = watch(file.path)
    first = watcher.look()
    assert first.sweeps == "3 sweeps"
    assert first.change is None
    assert watcher.look() is None
    file.add(3)
    found = after(watcher, clock)
    assert found.change.new == pytest.approx((20000.0,), abs=1.0)
    assert len(found.change.known) == 3
    assert scans.sweep_count(found.scan) == 4
    assert found.written == pytest.approx(file.path.stat().st_mtime)


def test_a_file_is_read_once_it_has_rested_or_patience_ends(watch, clock, tmp_path):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1)
    watcher = watch(file.path)
    watcher.look()
    found = None
    for number, line in enumerate(file.sweeps[2][:25]):  # a line every half a second: it never rests
        file.write(line)
        os.utime(file.path, ns=(number, number))  # two writes in one tick of a disk's clock are two
        found = watcher.look()
        clock.now += 0.5
        if found is not None:
            break
    assert clock.now == pytest.approx(10.5)
    assert found.scan.size == 60 + number + 1
    assert found.sweeps == "3 sweeps, 3000 Oe in progress"


def test_half_a_number_is_no_reading(watch, clock, tmp_path):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1), file.add(2, 0, 0.5)
    watcher = watch(file.path)
    watcher.look()
    line = file.sweeps[2][15]
    file.write(line[:-4])
    assert after(watcher, clock) is None  # half a line more is nothing new
    file.write(line[-4:])
    found = after(watcher, clock)
    assert found.scan.size == 76
    assert scans.points(found.scan).values.max() == pytest.approx(3000 / 7, rel=1e-5)
    file.write("".join(file.sweeps[2][16:20]) + file.sweeps[2][20][:-4])
    found = after(watcher, clock)
    assert found.scan.size == 80
    assert found.notes == ("the last line of run.csv has no end yet and is left out",)


def test_a_sweep_joins_with_its_fifth_reading(watch, clock, tmp_path):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1)
    watcher = watch(file.path)
    watcher.look()
    for line in file.sweeps[2][:4]:
        file.write(line)
        assert after(watcher, clock) is None
    file.write(file.sweeps[2][4])
    assert after(watcher, clock).scan.size == 65


def test_a_lost_file_is_waited_for(watch, clock, tmp_path):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0), file.add(1)
    watcher = watch(file.path)
    watcher.look()
    file.lose()
    assert watcher.look() is None
    assert watcher.trouble == f"run.csv is not in {tmp_path} any more; watching goes on until it is back"
    file.bring_back()
    assert after(watcher, clock) is None  # the same as before
    assert watcher.trouble == ""
    file.add(2)
    assert after(watcher, clock).change.new == (3000.0,)


def test_a_folder_is_followed(watch, clock, tmp_path):
    source = growing_csv(tmp_path / "whole.csv", sweeps=4)
    folder = tmp_path / "cuts"
    folder.mkdir()

    def cut(number):
        text = source.path.read_text() + "".join(source.sweeps[number])
        (folder / f"{number + 1}.csv").write_text(text)

    cut(0), cut(1)
    watcher = watch(folder)
    assert scans.sweep_count(watcher.look().scan) == 2
    cut(2)
    found = after(watcher, clock)
    assert found.change.new == (3000.0,)
    assert found.scan.attrs["source"] == "cuts, 3 files"
    (folder / "4.csv").write_text(source.path.read_text() + "".join(source.sweeps[3])[:-3])  # its last line has no end
    found = after(watcher, clock)
    assert found.scan.size == 4 * 30 - 1


#: Writes run.h5 as another program does, four rows of M(T) a time, and does the next thing at every line it is sent.
_OTHER_PROGRAM = """
import sys, h5py, numpy as np
file = h5py.File(sys.argv[1], "w", libver="latest")
file.create_dataset("field", data=np.arange(3.0), maxshape=(None,), chunks=(8,)).attrs["units"] = "T"
file.create_dataset("temperature", data=np.arange(6.0)).attrs["units"] = "K"
rows = np.add.outer(np.arange(4.0) ** 2, np.arange(6.0))
file.create_dataset("moment", data=rows[:3], maxshape=(None, 6), chunks=(1, 6)).attrs["units"] = "emu"
if sys.argv[2] == "for readers":
    file.swmr_mode = True
file.flush()
print("written", flush=True)
for line in sys.stdin:
    file["field"].resize(4, axis=0)
    file["field"][3] = 3.0
    file["moment"].resize(4, axis=0)
    file["moment"][3] = rows[3]
    file.flush()
    if line.strip() == "close":
        file.close()
    print("written", flush=True)
"""
_ARRAYS = {"axes": ("field=magnetic_field[T]", "temperature=temperature[K]"), "value": "moment=moment[emu]"}


@pytest.fixture
def other_program():
    """Start a program that writes HDF5; what it gives tells that program to go on, and waits until it has."""
    started = []

    def start(path, how):
        program = subprocess.Popen(
            [sys.executable, "-c", _OTHER_PROGRAM, str(path), how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(program)
        assert program.stdout.readline() == "written\n"

        def go_on(word):
            program.stdin.write(f"{word}\n")
            program.stdin.flush()
            assert program.stdout.readline() == "written\n"

        return go_on

    yield start
    for program in started:
        program.stdin.close()
        program.wait(10)


def test_a_file_that_hdf5_has_locked_is_tried_again(watch, clock, tmp_path, other_program):
    go_on = other_program(tmp_path / "run.h5", "alone")
    watcher = watch(tmp_path / "run.h5", **_ARRAYS)
    assert watcher.look() is None
    assert "another program" in watcher.trouble
    assert watcher.trouble.endswith("; watching goes on")
    go_on("close")
    found = after(watcher, clock)
    assert found.scan.shape == (4, 6)
    assert watcher.trouble == ""


def test_a_file_that_is_written_for_readers_is_read(watch, clock, tmp_path, other_program):
    go_on = other_program(tmp_path / "run.h5", "for readers")  # HDF5's mode for one writer and many readers
    watcher = watch(tmp_path / "run.h5", **_ARRAYS)
    assert watcher.look().scan.shape == (3, 6)
    go_on("write")
    os.utime(tmp_path / "run.h5")
    assert after(watcher, clock).change.new == (3.0,)


def test_what_was_never_said_is_asked(watch, tmp_path):
    path = tmp_path / "run.csv"
    path.write_text("a,b,c\n" + "".join(f"{i % 5},{i // 5},{i}\n" for i in range(20)))
    with pytest.raises(NeedsColumns):
        watch(path).look()
