"""The pages hold together where they are read in the repository; ``make docs`` checks the site."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("docs/tutorials/*.py"),
        ROOT / "benchmarks" / "RESULTS.md",
        ROOT / "sample_data" / "README.md",
    ]
)
_LINK = re.compile(r"\]\(([^)\s:#]+)(?:#[^)\s]*)?\)")
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file(page):
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_name_that_a_page_imports_is_there(page):
    text = page.read_text(encoding="utf-8")
    for code in [text] if page.suffix == ".py" else _BLOCK.findall(text):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("napari_scantwin"):
                module = importlib.import_module(node.module)
                assert [one.name for one in node.names if not hasattr(module, one.name)] == [], node.module


def test_every_page_is_on_the_site():
    """A page that the site's list forgets is found by nobody; MkDocs says so too, but only where it is installed."""
    listed = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")}
    tutorials = {f"tutorials/{page.stem}.md" for page in (ROOT / "docs" / "tutorials").glob("*.py")}
    assert pages | tutorials <= listed
