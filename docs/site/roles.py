"""Docstrings name other things by Sphinx's roles; this makes them links of mkdocstrings, where these have a page."""

from __future__ import annotations

import re

import griffe

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`(~?)([\w.]+)`")


class Roles(griffe.Extension):
    """Read ``:func:`~package.module.name``` as a link to that name, shown as ``name``."""

    def on_object(self, *, obj: griffe.Object, **kwargs) -> None:
        """Rewrite one docstring before it is parsed."""
        if obj.docstring is not None:
            home = obj.path if obj.is_module or obj.is_class else obj.parent.path
            obj.docstring.value = _ROLE.sub(lambda role: _link(role, home), obj.docstring.value)


def _link(role: re.Match, home: str) -> str:
    short, name = role.groups()
    aim = name if name.startswith("napari_scantwin") else f"{home}.{name}"
    shown = name.rpartition(".")[2] if short else name
    # "Optional": what has no page stays a name.
    return f'<autoref identifier="{aim}" optional><code>{shown}</code></autoref>'
