"""Fixtures every test may use: where measured scans are, and a home that is thrown away."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples every time: what passes here passes everywhere. HYPOTHESIS_PROFILE=new looks for others.
# None has a deadline: how busy a machine is says nothing of the code.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

#: Published measurements and files of real instruments, where they lie beside the checkout; elsewhere the stand-ins
#: that tests/data/make_stand_ins.py wrote, of the same names, layouts and axes.
_SHARED = Path(os.environ.get("SCANTWIN_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
_STAND_INS = Path(__file__).resolve().parent / "data"


def _folder(name: str) -> Path:
    return next(folder for folder in (_SHARED / name, _STAND_INS / name) if folder.is_dir())


@pytest.fixture(scope="session")
def measured() -> Path:
    """The folder of published measurements, or of their stand-ins."""
    return _folder("measured")


@pytest.fixture(scope="session")
def instrument() -> Path:
    """The folder of files as instruments wrote them, or of their stand-ins."""
    return _folder("instrument")


@pytest.fixture(scope="session")
def real_files() -> bool:
    """Whether :func:`measured` and :func:`instrument` are the real files: only then their numbers are known."""
    return all((_SHARED / name).is_dir() for name in ("measured", "instrument"))


@pytest.fixture
def only_real_files(real_files):
    """Skip a test whose numbers are those of the real files."""
    if not real_files:
        pytest.skip("its numbers are those of the published measurements, which are not beside this checkout")


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
