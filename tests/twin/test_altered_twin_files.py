"""A .twin file that was altered is refused, and nothing in it is ever run."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin import Twin, TwinSettings, train


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


DATA = Path(__file__).parent / "data"


def naming_places(source: Path, path: Path, storage: str) -> Path:
    """The file, whole again, with a place wherever one may stand."""
    entries = entries_of(source)
    entries.pop("sha256")
    about = json.loads(entries["twin.json"])
    about["settings"] |= {"storage": storage, "trials": 2}
    about["trials"] = []
    about["storage"] = storage
    about["scan"]["attrs"] |= {"storage": storage, "source": storage, "path": storage}
    entries["twin.json"] = json.dumps(about).encode()
    return write_archive(path, entries, digest_of(entries))


@pytest.mark.parametrize("version", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("storage", ["{}/elsewhere/search.journal", "sqlite:///{}/elsewhere.db"])
def test_a_file_chooses_no_place_to_write_to(saved, tmp_path, version, storage, monkeypatch):
    kept, reached = saved if version == 5 else DATA / f"format{version}.twin", tmp_path / "reached"
    reached.mkdir()
    harmful = naming_places(kept, tmp_path / "harmful.twin", storage.format(reached))
    monkeypatch.chdir(tmp_path)
    twin = Twin.load(harmful)
    assert twin.settings.storage is None
    assert twin.settings.trials == 2
    if version == (2 if "://" in storage else 5):  # the shortest way through both kinds of places
        trained = train(twin, score_baselines=False)
        assert len(trained.trials) == 2
        trained.simulate({"temperature": [20.0]})
        trained.save(tmp_path / "again.twin")
    assert not list(reached.iterdir())
    assert {one.name for one in tmp_path.iterdir()} <= {"harmful.twin", "again.twin", "reached"}


def test_a_place_chosen_in_this_session_is_used_and_not_written_down(saved, tmp_path):
    secret = f"sqlite:///{tmp_path}/kept.db"
    twin = replace(Twin.load(saved), settings=TwinSettings(members=2, trials=1, storage=secret))
    assert train(twin, score_baselines=False).settings.storage == secret
    assert (tmp_path / "kept.db").exists()
    again = twin.save(tmp_path / "kept.twin")
    assert secret.encode() not in b"".join(entries_of(again).values())
    assert secret not in str(twin.simulate({"temperature": [20.0]}).attrs)
    assert Twin.load(again).settings == replace(twin.settings, storage=None)
