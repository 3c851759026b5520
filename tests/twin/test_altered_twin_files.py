"""A .twin file that was altered is refused, and nothing in it is ever run."""

from __future__ import annotations

import hashlib
import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import Twin


@pytest.fixture(scope="module")
def saved(twin, tmp_path_factory) -> Path:
    return twin.save(tmp_path_factory.mktemp("twin") / "kept.twin")


def entries_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_archive(path: Path, entries: dict[str, bytes], digest: bytes | None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        if digest is not None:
            archive.writestr("sha256", digest)
    return path


def digest_of(entries: dict[str, bytes]) -> bytes:
    """The digest as whoever means harm would make it: over all entries, by name."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(name.encode() + b"\0" + entries[name])
    return digest.hexdigest().encode()


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return (Path.write_text, (self.mark, "ran"))


def test_the_payload_of_these_tests_runs_where_pickles_are_allowed(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "mark")))
    assert (tmp_path / "mark").read_text() == "ran"


@pytest.mark.parametrize("entry", ["scan/values.npy", "history/step.npy", "further.npy"])
def test_a_pickled_array_is_refused_and_not_run_though_its_digest_fits(saved, tmp_path, entry):
    entries = entries_of(saved)
    entries.pop("sha256")
    # Written again by the digest of this test the file is one that opens: only the pickle can be what is refused.
    whole = write_archive(tmp_path / "whole.twin", entries, digest_of(entries))
    np.testing.assert_array_equal(Twin.load(whole).scan.values, Twin.load(saved).scan.values)
    buffer = io.BytesIO()
    np.save(buffer, np.array([Payload(tmp_path / "mark")], dtype=object), allow_pickle=True)
    entries[entry] = buffer.getvalue()
    harmful = write_archive(tmp_path / "harmful.twin", entries, digest_of(entries))
    with pytest.raises(ScanError, match=r"harmful\.twin"):
        Twin.load(harmful)
    assert not (tmp_path / "mark").exists()


def test_a_changed_value_under_the_old_digest_is_refused(saved, tmp_path):
    """A whole archive, every checksum of the zip right: only the digest tells that a number is another."""
    entries = entries_of(saved)
    digest = entries.pop("sha256")
    values = np.load(io.BytesIO(entries["scan/values.npy"]))
    values[3] += 1e-6
    buffer = io.BytesIO()
    np.save(buffer, values)
    entries["scan/values.npy"] = buffer.getvalue()
    with pytest.raises(ScanError, match=r"altered\.twin"):
        Twin.load(write_archive(tmp_path / "altered.twin", entries, digest))


def test_a_file_without_a_digest_is_refused(saved, tmp_path):
    entries = entries_of(saved)
    entries.pop("sha256")
    with pytest.raises(ScanError, match=r"bare\.twin"):
        Twin.load(write_archive(tmp_path / "bare.twin", entries, None))
