"""``scantwin watch`` beside a program that writes."""

import re
import threading
import time

from typer.testing import CliRunner

from napari_scantwin.cli import app
from napari_scantwin.twin import Twin

from ..growing import growing_csv, growing_mpms3

QUICK = ["--members", "2", "--time-budget", "1", "--every", "0.1", "--rest", "0.2"]


def watched(file, then, *more):
    """The lines that the command says, ``then`` being written meanwhile once it has said what is expected."""
    writer = threading.Thread(target=then, daemon=True)
    writer.start()
    done = CliRunner().invoke(app, ["watch", str(file.path), *QUICK, *more])
    writer.join(10)
    return done


def until(condition):
    """Wait for something another thread brings about."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_line_a_renewal_and_a_twin_that_is_whole_at_any_time(tmp_path):
    file = growing_mpms3(tmp_path / "run.dat")
    for number in range(4):
        file.add(number)
    kept, seen = tmp_path / "run.dat.twin", []

    def write():
        until(kept.exists)
        seen.append(len(Twin.load(kept).score.sweeps))
        file.add(4, 0, 0.5)
        until(lambda: len(Twin.load(kept).score.sweeps) > 4)
        file.lose()
        time.sleep(1.0)
        file.bring_back()
        file.add(4, 0.5, 1)

    done = watched(file, write, "--once-complete", "5")
    assert done.exit_code == 0, done.output
    lines = [line.split(" ", 1)[1] for line in done.stdout.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]
    assert lines[0] == "watching run.dat; Ctrl+C ends it"
    renewals = [line for line in lines if "held-out error" in line]
    assert renewals[0].startswith("4 sweeps: held-out error ")
    assert renewals[1].startswith("5 sweeps, 10000 Oe in progress: held-out error ")
    assert renewals[-1].startswith("5 sweeps: held-out error ")
    assert re.search(r"\(\S+ % of the range\); next \S+ Oe$", renewals[-1])
    assert any(line.startswith("run.dat is not in") for line in lines)
    assert "run.dat is read again" in lines
    assert seen == [4]
    twin = Twin.load(kept)
    assert twin.score.sweeps == ("10000 Oe", "20000 Oe", "30000 Oe", "40000 Oe", "50000 Oe")


def test_a_table_ends_with_the_sweeps_asked_for(tmp_path):
    file = growing_csv(tmp_path / "run.csv")
    file.add(0)

    def write():
        for number in range(1, 5):
            time.sleep(0.5)
            file.add(number, 0, 0.5)
            file.write(file.sweeps[number][15][:5])
            time.sleep(0.5)
            file.write(file.sweeps[number][15][5:])
            file.add(number, 16 / 30, 1)

    done = watched(file, write, "--until-sweeps", "5", "-o", str(tmp_path / "kept.twin"))
    assert done.exit_code == 0, done.output
    assert "1 sweep: too few to train a twin" in done.stdout
    assert Twin.load(tmp_path / "kept.twin").scan.size > 4 * 30


def test_a_name_that_is_wrong_is_said_at_once(tmp_path):
    done = CliRunner().invoke(app, ["watch", str(tmp_path / "runn.dat")])
    assert done.exit_code == 3
    assert "runn.dat: there is no such file" in done.stderr
