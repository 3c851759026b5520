"""What MkDocs does not know of this project: pages outside ``docs/``, and pages that are made before it runs.

README.md is the site's home. Links are written for GitHub, from the file they stand in; here they are turned to where
the same file stands on the site, so that MkDocs checks every one of them.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
#: Executed notebooks and the gallery, as ``docs/site/notebooks.py`` and ``docs/make_gallery.py`` leave them.
MADE = ROOT / "docs-output" / "made"
#: Files outside ``docs/``, and where they stand on the site.
BROUGHT = {
    "README.md": "index.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "CITATION.cff": "CITATION.cff",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "benchmarks/RESULTS.md": "benchmarks/RESULTS.md",
    "sample_data/README.md": "sample_data/README.md",
}
_LINK = re.compile(r"(\]\()([^)\s:#][^)\s:#]*)(#[^)\s]*)?(\))")


def on_files(files: Files, config) -> Files:
    """Add what lies outside ``docs/`` and what was made; what was made takes the place of a file of the same name."""
    for source, page in BROUGHT.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    for path in sorted(MADE.rglob("*")):
        if path.is_file():
            page = path.relative_to(MADE).as_posix()
            if (old := files.get_file_from_path(page)) is not None:
                files.remove(old)
            files.append(File.generated(config, page, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page, config, files: Files) -> str:
    """Turn links from where they lead on GitHub to where they lead on the site."""
    here = page.file.src_uri
    source = next((name for name, shown in BROUGHT.items() if shown == here), f"docs/{here}")
    return _LINK.sub(lambda link: _turned(link, source, here), markdown)


def _turned(link: re.Match, source: str, here: str) -> str:
    before, target, anchor, after = link.groups()
    aimed = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    shown = BROUGHT.get(aimed, aimed.removeprefix("docs/"))
    if shown.startswith("tutorials/") and shown.endswith(".py"):  # on GitHub the notebook, here the page it made
        shown = shown.removesuffix(".py") + ".md"
    turned = posixpath.relpath(shown, posixpath.dirname(here) or ".")
    return f"{before}{turned}{anchor or ''}{after}"
