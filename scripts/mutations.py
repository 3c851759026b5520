"""Break one promise at a time in a copy of this tree, and see which test notices: ``make mutations``.

Each mutation replaces a piece of source text that must stand exactly once in its file; where the code has moved on
this script says so, and its pattern wants adapting. The tests are those that should notice, so that all of it takes
some minutes. ``python scripts/mutations.py [word ...]`` runs only mutations whose name holds one of the words.

Ends with code 1 where a mutation survives, a pattern does not fit, or a test fails before anything is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/napari_scantwin")
#: What a copy needs: the package, its tests, and what both read.
_COPIED = ("src", "tests", "docs", "sample_data", "napari.yaml", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Mutation:
    """A promise broken: in ``file`` of the package the text ``old`` becomes ``new``; ``tests`` should notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


_FERMI = ("tests/processing/test_fermi_edge.py", "-k", "constant_of_nature or error_bars_that_are_given")
#: But for the one test that trains a twin.
_UNCERTAINTY = ("tests/twin/test_uncertainty.py", "-k", "not new_readings")

MUTATIONS = (
    Mutation(
        "the score is that of the in-sample stacking",
        "twin/training.py",
        "held_out = cross_fitted(trials.held_out, weights) * data.spread + data.offset",
        "import numpy; held_out = numpy.stack(trials.held_out.alone, axis=1) @ weights * data.spread + data.offset",
        ("tests/twin/test_training.py", "-k", "score_of_a_sweep"),
    ),
    Mutation(
        "noise is left out of the predictive deviation",
        "twin/validation/uncertainty.py",
        "return np.hypot(self.noise(mean), self.model_uncertainty(coordinates, spread))",
        "return self.model_uncertainty(coordinates, spread)",
        _UNCERTAINTY,
    ),
    Mutation(
        "calibrated to 50 and 80 %",
        "twin/validation/uncertainty.py",
        "_COVERED = ((1.0, 0.6827), (1.96, 0.95))",
        "_COVERED = ((1.0, 0.50), (1.96, 0.80))",
        _UNCERTAINTY,
    ),
    Mutation(
        "the factor is not applied to the shared term",
        "twin/validation/uncertainty.py",
        "return np.hypot(np.maximum(factor, least) * spread, factor * common)",
        "return np.hypot(np.maximum(factor, least) * spread, common)",
        _UNCERTAINTY,
    ),
    Mutation(
        "the factor is not applied to the shared term of slopes",
        "twin/validation/uncertainty.py",
        "return self.factor_at(self.slope_at(coordinates)) * change / (2 * step[axis])",
        "return change / (2 * step[axis])",
        _UNCERTAINTY,
    ),
    Mutation(
        "pickles are allowed in .twin files",
        "twin/storage.py",
        "np.load(io.BytesIO(content), allow_pickle=False)",
        "np.load(io.BytesIO(content), allow_pickle=True)",
        ("tests/twin/test_altered_twin_files.py",),
    ),
    Mutation(
        "the digest of .twin files is not checked",
        "twin/storage.py",
        "if told != digest.hexdigest():",
        "if False:",
        ("tests/twin/test_altered_twin_files.py",),
    ),
    Mutation(
        "Boltzmann's constant is 2 % off in Fermi fits",
        "processing/fermi_function.py",
        "BOLTZMANN = constants.k / constants.e",
        "BOLTZMANN = 1.02 * constants.k / constants.e",
        _FERMI,
    ),
    Mutation(
        "error bars that are given do not count in Fermi fits",
        "processing/fermi_edge.py",
        "energy[inside], curve, own, counts(scan),",
        "energy[inside], curve, None, counts(scan),",
        _FERMI,
    ),
    Mutation(
        "error bars that are given weigh all alike in fits",
        "processing/counting.py",
        "sigma = np.maximum(errors, 1e-3 * usual)",
        "sigma = np.full(len(values), usual)",
        _FERMI,
    ),
    Mutation(
        "an averaged cut's error falls with the root of the points' number only (own errors)",
        "sections/lines.py",
        "errors = np.sqrt(np.add.reduceat(found.errors**2, starts)) / count",
        "errors = np.sqrt(np.add.reduceat(found.errors**2, starts) / count)",
        ("tests/sections/test_lines.py",),
    ),
    Mutation(
        "an averaged cut's error is the scatter and not that of the mean",
        "sections/lines.py",
        "np.sqrt(scatter / np.maximum(count - 1, 1))",
        "np.sqrt(scatter)",
        ("tests/sections/test_lines.py",),
    ),
    Mutation(
        "wt% is ten times too large",
        "core/units.py",
        'units.define("weight_percent = 0.01 = wt_percent")',
        'units.define("weight_percent = 0.1 = wt_percent")',
        ("tests/core/test_units.py",),
    ),
    *(
        Mutation(
            f"set points' jitter is ten times too {word}, as a share of the {what}",
            "core/sweeps.py",
            f"_JITTER_OF_{what.upper()} = {old}",
            f"_JITTER_OF_{what.upper()} = {new}",
            ("tests/core/test_scan.py", "tests/core/test_sweeps.py"),
        )
        for what, old, changed in (("span", "1e-4", ("1e-3", "1e-5")), ("value", "5e-4", ("5e-3", "5e-5")))
        for word, new in zip(("large", "small"), changed, strict=True)
    ),
    Mutation(
        "HDF5 values are written without their unit",
        "writers/formats.py",
        'values.attrs["units"] = scan.attrs["units"]',
        "pass",
        ("tests/writers/test_formats.py",),
    ),
    Mutation(
        "HDF5 axes are written without their units",
        "writers/formats.py",
        'data.attrs["units"] = unit',
        "pass",
        ("tests/writers/test_formats.py",),
    ),
    Mutation(
        "a volume is gone on with under another derivative",
        "writers/volume.py",
        'return f"{digest.hexdigest()} {along} {order}"',
        "return digest.hexdigest()",
        ("tests/writers/test_volume.py", "-k", "derivative"),
    ),
    Mutation(
        "a journal's last line counts though it is cut off",
        "writers/volume.py",
        'whole = text[: text.rfind("\\n") + 1]',
        "whole = text",
        ("tests/writers/test_volume.py", "-k", "cut_within"),
    ),
)


def copied(folder: Path) -> None:
    """Copy the tree, following links, without what was compiled."""
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / name)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess:
    """Run Python in the copy, with the copy's package."""
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.setdefault("SCANTWIN_SHARED", str(ROOT.parent / "shared"))
    return subprocess.run([sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True)


def failed(folder: Path, tests: tuple[str, ...]) -> list[str]:
    """The tests that fail; SystemExit where they did not run at all."""
    done = run(folder, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rfE", "--tb=no", *tests)
    if done.returncode not in (0, 1):
        sys.exit(f"pytest {' '.join(tests)} ended with code {done.returncode}:\n{done.stdout}{done.stderr}")
    return re.findall(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", done.stdout, re.MULTILINE)


def fits(mutation: Mutation) -> bool:
    """Whether the text to replace stands exactly once."""
    return (ROOT / PACKAGE / mutation.file).read_text(encoding="utf-8").count(mutation.old) == 1


def main(words: list[str]) -> int:
    """Run the mutations; the code to end with."""
    chosen = [one for one in MUTATIONS if not words or any(word in one.name for word in words)]
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="scantwin-mutations-") as name:
        folder = Path(name)
        copied(folder)
        where = run(folder, "-c", "import napari_scantwin; print(napari_scantwin.__file__)").stdout.strip()
        if not where.startswith(str(folder.resolve())):
            sys.exit(f"the tests would import {where}, not the copy")
        broken = [test for tests in sorted({one.tests for one in chosen}) for test in failed(folder, tests)]
        if broken:
            sys.exit("before anything is changed these fail:\n  " + "\n  ".join(broken))
        for mutation in chosen:
            began = time.perf_counter()
            if not fits(mutation):
                wrong += 1
                print(f"MOVED     {mutation.name}: {mutation.file} does not hold this once:\n    {mutation.old}")
                continue
            path = folder / PACKAGE / mutation.file
            whole = path.read_text(encoding="utf-8")
            path.write_text(whole.replace(mutation.old, mutation.new), encoding="utf-8")
            found = failed(folder, mutation.tests)
            path.write_text(whole, encoding="utf-8")
            wrong += not found
            print(f"{'noticed ' if found else 'SURVIVED'}  {mutation.name} ({time.perf_counter() - began:.0f} s)")
            for test in found:
                print(f"    {test}")
            sys.stdout.flush()
    print(f"{len(chosen) - wrong} of {len(chosen)} mutations are noticed")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
