"""Fixtures every test may use: where the real measurements are, and a home that is thrown away."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

_SHARED = Path(os.environ.get("SCANTWIN_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"


def _folder(name: str) -> Path:
    folder = _SHARED / name
    if not folder.is_dir():
        pytest.skip(f"the real {name} scans are not beside this checkout; the samples are tested instead")
    return folder


@pytest.fixture(scope="session")
def measured() -> Path:
    """The folder of published measurements; the test is skipped where it is absent."""
    return _folder("measured")


@pytest.fixture(scope="session")
def instrument() -> Path:
    """The folder of files as instruments wrote them; the test is skipped where it is absent."""
    return _folder("instrument")


@pytest.fixture(autouse=True)
def throwaway_home(tmp_path_factory, monkeypatch):
    """Keep remembered choices and napari's settings out of the user's own folders."""
    home = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("NAPARI_SCANTWIN_CONFIG", str(home))
    monkeypatch.setenv("NAPARI_CONFIG", str(home / "napari.yaml"))


@pytest.fixture
def parses(monkeypatch) -> list[str]:
    """The name of a file for every time a format parses it, by whichever of its ways."""
    from napari_scantwin.readers import opened, registry

    seen: list[str] = []

    def counted(parse):
        def counting(file, *more):
            seen.append(file.name)
            return parse(file, *more)

        return None if parse is None else counting

    ways = ("measurements", "table", "contents")
    records = tuple(replace(one, **{way: counted(getattr(one, way)) for way in ways}) for one in registry.formats())
    monkeypatch.setattr(opened, "formats", lambda: records)
    return seen
