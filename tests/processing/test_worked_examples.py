"""The worked examples of docs/arpes.md run, and print what the page says they print."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "arpes.md"


def examples() -> dict[str, tuple[str, str]]:
    """Title of each section with an example: its code and the output that is shown."""
    found = {}
    for section in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE):
        match = re.search(r"```python\n(.*?)```\n+gives[^\n]*\n+```\n(.*?)```", section, re.DOTALL)
        if match:
            found[section.splitlines()[0]] = match.groups()
    return found


def numbers(text: str) -> list[float]:
    return [float(word) for word in re.findall(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?", text)]


@pytest.mark.parametrize("title", examples())
def test_a_worked_example_gives_what_the_page_says(title, measured, real_files, tmp_path, monkeypatch):
    code, shown = examples()[title]
    if "arpes_map.csv" in code and not real_files:
        pytest.skip("the page shows numbers of the published map, which is not beside this checkout")
    shutil.copy(measured / "arpes_map.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, str(PAGE), "exec"), {})
    found, said = numbers(printed.getvalue()), numbers(shown)
    assert len(found) == len(said) > 5
    # The last digit may differ with the versions of the libraries.
    assert found == pytest.approx(said, rel=0.03, abs=0.02)
