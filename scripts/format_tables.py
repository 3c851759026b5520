"""Write what the readers' records say into README.md, docs/formats.md and napari.yaml; with --check only say what
differs.

    python scripts/format_tables.py [--check]
"""

from __future__ import annotations

import importlib
import itertools
import re
import sys
from pathlib import Path

from napari_scantwin.readers.format import Format
from napari_scantwin.readers.registry import by_folder, formats

ROOT = Path(__file__).resolve().parent.parent


def _code(words) -> str:
    return " ".join(f"`{word}`" for word in words)


def _folder_title(folder: str) -> str:
    """What a folder holds: its docstring up to the colon."""
    return importlib.import_module(f"napari_scantwin.readers.{folder}").__doc__.split(":")[0].rstrip(".")


def readme_table() -> str:
    """One row a folder: its formats, with suffixes and extras."""

    def short(one: Format) -> str:
        notes = [_code(one.suffixes)] if one.suffixes else []
        notes += [f"extra `{one.extra.name}`"] if one.extra else []
        return f"{one.title} ({', '.join(notes)})" if notes else one.title

    rows = [f"| {_folder_title(folder)} | {'; '.join(map(short, named))} |" for folder, named in by_folder().items()]
    return "\n".join(["| opens | |", "| --- | --- |", *rows])


def formats_table() -> str:
    """One row a format."""
    rows = ["| Format | Files | What is read | Extra | Layout after |", "| --- | --- | --- | --- | --- |"]
    for one in itertools.chain(*by_folder().values()):
        extra = _code([one.extra.name]) if one.extra else ""
        rows.append(f"| {one.title} | {_code(one.suffixes) or 'theirs'} | {one.holds} | {extra} | {one.layout_after} |")
    return "\n".join(rows)


def reads_section() -> str:
    """One paragraph a format: what becomes the scan, and what is left out."""
    every = itertools.chain(*by_folder().values())
    return "\n\n".join(f"**{one.title}** ({_code(one.suffixes) or 'theirs'}). {one.reads}" for one in every)


def patterns() -> list[str]:
    """The names that napari hands to this plugin: not those that are pictures more often than scans."""
    ours = [one for one in formats() if not one.often_pictures]
    endings = [f"*{end}" for one in ours for end in (*one.suffixes, *one.also)]
    return list(dict.fromkeys([*endings, *(name for one in ours for name in one.names)]))


def _between(text: str, what: str, made: str) -> str:
    start, end = f"<!-- {what}: written by scripts/format_tables.py -->\n", f"<!-- end of {what} -->"
    before, _, rest = text.partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"the marks of {what!r} are missing")
    return f"{before}{start}{made}\n{end}{after}"


def made() -> dict[Path, str]:
    """Each file as it should be, by its path."""
    readme, page, manifest = ROOT / "README.md", ROOT / "docs" / "formats.md", ROOT / "napari.yaml"
    listed = ", ".join(f'"{one}"' for one in patterns())
    page_text = _between(page.read_text("utf-8"), "formats", formats_table())
    return {
        readme: _between(readme.read_text("utf-8"), "formats", readme_table()),
        page: _between(page_text, "reads", reads_section()),
        manifest: re.sub(r"filename_patterns: \[.*?\]", f"filename_patterns: [{listed}]", manifest.read_text("utf-8")),
    }


def main() -> int:
    """Write the files, or say which differ."""
    stale = {path: text for path, text in made().items() if path.read_text("utf-8") != text}
    for path, text in stale.items():
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is not what the records say: run python scripts/format_tables.py")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
