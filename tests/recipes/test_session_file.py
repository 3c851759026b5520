"""A session goes through its file and comes back as it was."""

import json
import zipfile

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import read
from napari_scantwin.recipes import CutLine, Opening, Recipe
from napari_scantwin.recipes.session_file import Session, load_session, save_session
from napari_scantwin.samples import sample_path
from napari_scantwin.sections import of_sweep
from napari_scantwin.twin import TwinSettings, train


@pytest.fixture(scope="module")
def session():
    path = sample_path("palladium_hydride")
    scan = read(path)
    scan = scans.with_masked(scan, scans.points(scan).sweep == 1)
    recipe = Recipe(Opening((str(path),)), cuts=(CutLine(of_sweep(scan, 0), "#e69f00", False),))
    return Session(recipe, scan, None, {"view": "measured", "shown_x": [2.0, 8.0]}, "a name")


def test_the_scan_the_recipe_and_the_view_come_back(session, tmp_path):
    again = load_session(save_session(session, tmp_path / "one"))
    assert again.scan.identical(session.scan)
    assert again.recipe == session.recipe
    assert (again.view, again.name, again.twin) == (session.view, "a name", None)


def test_a_twin_comes_back(session, tmp_path):
    twin = train(session.scan, TwinSettings(members=2, time_budget=1.0), score_baselines=False)
    again = load_session(save_session(Session(session.recipe, session.scan, twin), tmp_path / "one.scansession"))
    places = scans.points(session.scan).coordinates[:20]
    assert np.array_equal(again.twin.predict(places), twin.predict(places))
    assert again.scan.identical(session.scan)


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_file_cut_off_is_told_in_a_sentence(session, tmp_path, share):
    path = save_session(session, tmp_path / "one.scansession")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ScanError, match=r"one\.scansession"):
        load_session(path)


def test_other_archives_and_newer_ones_are_refused(session, tmp_path):
    path = tmp_path / "one.scansession"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("session.json", "{}")
    with pytest.raises(ScanError, match="no session"):
        load_session(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("session.json", json.dumps({"format": 99}))
    with pytest.raises(ScanError, match="newer version"):
        load_session(path)


def test_nothing_there(tmp_path):
    with pytest.raises(ScanError, match="no such file"):
        load_session(tmp_path / "none.scansession")
