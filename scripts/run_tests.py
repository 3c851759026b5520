"""Run the tests in two processes side by side, those of the window and all others: ``make test``.

``python scripts/run_tests.py [pytest's options]``, for instance ``-m ""`` for the slow ones too. The window's output is
shown when both have ended. Ends with code 0 where both passed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The tests of the window take about as long as all others together, on one core each.
_WINDOW = "tests/viewer"


def main(options: list[str]) -> int:
    """Run both halves; the code to end with."""
    began = time.perf_counter()
    pytest = [sys.executable, "-m", "pytest", *options]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        # A cache of its own: each writes what failed last.
        window = subprocess.Popen(
            [*pytest, "-o", "cache_dir=.pytest_cache/window", _WINDOW],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            others = subprocess.run([*pytest, f"--ignore={_WINDOW}", "tests"], cwd=ROOT).returncode
            own = time.perf_counter() - began
            code = window.wait()
        finally:
            window.kill()
        output.seek(0)
        print(f"--- {_WINDOW}\n{output.read()}")
    print(
        f"all others: code {others}, {own:.0f} s; {_WINDOW}: code {code}; together {time.perf_counter() - began:.0f} s"
    )
    return others or code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
