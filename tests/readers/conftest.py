"""What the readers' tests share: damage to a file, and the check that a reader says it in a sentence."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import opened, read
from napari_scantwin.readers.arpes_axes import arpes_scan
from napari_scantwin.readers.arrays.hdf5_probe import refuse_dangerous

#: What a reader may take to say that a file of a few kilobytes is damaged.
SECONDS, BYTES = 1.0, 200e6


def _damage(whole: bytes, data) -> bytes:
    """The file cut, with bytes swapped, with a piece too much or too little, or with an absurd number in it."""
    kind = data.draw(st.sampled_from(["cut", "swapped", "longer", "shorter", "absurd number", "absurd text"]))
    place = data.draw(st.integers(0, max(len(whole) - 1, 0)))
    size = data.draw(st.integers(1, 40))
    if kind == "cut":
        return whole[:place]
    if kind == "swapped":
        return whole[:place] + whole[place : place + size][::-1] + whole[place + size :]
    if kind == "longer":
        return whole[:place] + data.draw(st.binary(min_size=1, max_size=40)) + whole[place:]
    if kind == "shorter":
        return whole[:place] + whole[place + size :]
    if kind == "absurd number":
        place -= place % 4
        wrong = data.draw(st.sampled_from([b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\x00\x00\x00\x40", b"\0\0\0\0"]))
        return whole[:place] + wrong + whole[place + 4 :]
    found = list(re.finditer(rb"\d+", whole))
    if not found:
        return b""
    number = found[data.draw(st.integers(0, len(found) - 1))]
    wrong = data.draw(st.sampled_from([b"999999999999", b"2147483647", b"-1", b"0", b"1e300", b"nan"]))
    return whole[: number.start()] + wrong + whole[number.end() :]


def _told(path, **how) -> str | None:
    """Read a file that may be damaged: the sentence it is refused with, or None where it could be read.

    Fails where anything but a ScanError comes, or it takes more than a second or 200 MB.
    """
    said = None
    tracemalloc.start()
    start = time.process_time()
    try:
        assert scans.is_scan(read(path, **how))
    except ScanError as reason:  # and nothing else
        said = str(reason)
    finally:
        spent, (_, most) = time.process_time() - start, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert spent < SECONDS, f"{spent:.1f} s"
    assert most < BYTES, f"{most / 1e6:.0f} MB"
    assert said is None or (said.strip() and "\n" not in said)
    return said


@pytest.fixture(scope="session")
def writers():
    """``writers("test_mbs")``: the module of tests that writes files of a format."""

    def load(name: str):
        (path,) = Path(__file__).parent.rglob(f"{name}.py")
        spec = importlib.util.spec_from_file_location(f"writers_{name}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def damage():
    """``damage(whole, data)``: the bytes damaged as hypothesis draws it."""
    return _damage


def _told_apart(path) -> None:
    """:func:`_told` in a forked process. Where HDF5 itself crashes on the damage, or takes too long over it, what the
    window asks before it opens a file must refuse it."""
    if not hasattr(os, "fork"):
        _told(path)
        return
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            opened.refuse_dangerous = lambda paths: None  # this process may crash, and is timed
            _told(path)
            code = 0
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if status == 0:
        return
    with contextlib.suppress(ScanError):
        refuse_dangerous([path])
        # It was no crash: the same again here, to see what it is.
        _told(path)


@pytest.fixture(scope="session")
def told_apart(told):
    """``told_apart(path)``: as ``told``, for formats whose library may crash on damage."""
    return _told_apart


@pytest.fixture(scope="session")
def told():
    """``told(path)``: the sentence a damaged file is refused with, within a second and 200 MB."""
    # The unit registry and lazy imports come once a process, and are no part of reading a file.
    arpes_scan("warm", np.zeros((2, 2)), [("energy", "eV", np.arange(2)), ("angle (Degrees)", None, np.arange(2))])
    return _told
