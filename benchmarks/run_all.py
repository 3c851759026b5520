"""Run every benchmark and write ``benchmarks/RESULTS.md``: what each printed, the machine, the commit.

``python benchmarks/run_all.py [name ...]`` runs only those named; the others' last results are kept.
"""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ALL = (
    "accuracy",
    "trust",
    "branches",
    "cubes",
    "calibration",
    "speed",
    "scale",
    "stops",
    "networks",
    "startup",
    "reading",
    "responsiveness",
    "walk",
    "planning",
    "magnetocaloric",
    "arpes",
    "arpes_dragging",
    "crystal_field",
    "patterns",
    "structures",
)
_RESULTS = _HERE / "RESULTS.md"


def machine() -> str:
    """The processor, its cores and the memory, in words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (found := re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())):
        model = found[1]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def commit() -> str:
    """The commit the tree stands at, marked where files have changed since."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=_HERE, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def section(name: str) -> str:
    """What one benchmark printed, as a section of the results."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, str(_HERE / f"{name}.py")], capture_output=True, text=True)
    print(done.stdout, flush=True)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("{")]
    if done.returncode:
        lines += [f"failed with code {done.returncode}", *done.stderr.splitlines()[-3:]]
    when = f"{datetime.date.today()}, commit {commit()}, {time.perf_counter() - began:.0f} s, {machine()}"
    return "\n".join([f"## {name}", "", when, "", "```", *lines, "```", ""])


def main() -> None:
    """Run what is asked for and write the results."""
    kept: dict[str, str] = {}
    preface = "# Results\n\nWritten by `make bench`.\n\n"
    if _RESULTS.exists():
        preface, *parts = re.split(r"(?m)^(?=## )", _RESULTS.read_text(encoding="utf-8"))
        for part in parts:
            kept[part.split("\n", 1)[0][3:]] = part.rstrip() + "\n"
    for name in sys.argv[1:] or _ALL:
        kept[name] = section(name)
        known = [key for key in _ALL if key in kept]
        others = [key for key in kept if key not in _ALL]  # studies made once: kept as they are
        text = preface + "\n".join(kept[key] for key in [*known, *others])
        _RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
