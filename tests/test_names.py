"""One word for one thing: no two public classes share a name, and old-fashioned or private words stay out of texts."""

from __future__ import annotations

import ast
import collections
from pathlib import Path

import napari_scantwin

PACKAGE = Path(napari_scantwin.__file__).parent


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_no_two_public_classes_share_a_name():
    places = collections.defaultdict(list)
    for path, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
