"""The recogniser tells crystals in any orientation, says how sure it is, and is the same for the same seed."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from napari_scantwin.core.errors import Cancelled, ScanError
from napari_scantwin.structures import recognise
from napari_scantwin.structures.maps import whole_cloud
from napari_scantwin.structures.prototypes import CLASSES, MERGED, PROTOTYPES
from napari_scantwin.structures.recognise import (
    ClassAnswer,
    Recogniser,
    Settings,
    cache_folder,
    calibration_error,
    recogniser,
    reliability,
)
from napari_scantwin.structures.training import DISORDERED, WindowRecipe, labels_of, training_windows


def test_windows_are_the_same_for_the_same_seed_and_labelled_by_shares(windows):
    again = training_windows(recipe=WindowRecipe(blocks=6, windows=4, seed=3))
    np.testing.assert_array_equal(again.features, windows.features[: len(again.features)])
    np.testing.assert_allclose(windows.labels.sum(axis=1), 1, atol=1e-6)
    assert set(windows.labels.argmax(axis=1)) == set(range(len(CLASSES) + 1))
    mixed = (windows.labels.max(axis=1) < 0.999).mean()
    assert 0.03 < mixed < 0.25  # two grains
    assert labels_of(PROTOTYPES)[-1] == DISORDERED


@pytest.mark.parametrize("label", ["sc", "fcc", "bcc", "diamond", "bct141"])
def test_crystals_with_a_third_of_their_atoms_missing_are_told_in_any_orientation(small, crystal, label):
    for seed in range(3):
        found = whole_cloud(crystal(label, 250, 0.35, 0.03, seed), small)
        assert found.answer.labels[found.answer.probabilities[0].argmax()] == label
        assert found.scale == pytest.approx(2.6, rel=0.09)


def test_probabilities_are_calibrated_on_windows_that_were_not_learned_from(small):
    fresh = training_windows(recipe=WindowRecipe(blocks=60, seed=11))
    pure = fresh.labels.max(axis=1) > 0.999
    answer = small.tell(fresh.features[pure], merged=False)
    table = reliability(answer.probabilities, fresh.labels[pure].argmax(axis=1))
    right = (answer.probabilities.argmax(axis=1) == fresh.labels[pure].argmax(axis=1)).mean()
    assert right > 0.7
    assert abs(answer.confidence.mean() - right) < 0.12
    assert calibration_error(table) < 0.2


def test_doubt_grows_with_noise(small, crystal):
    quiet = [whole_cloud(crystal("fcc", 200, 0.1, 0.02, seed), small).answer.entropy[0] for seed in range(4)]
    loud = [whole_cloud(crystal("fcc", 200, 0.6, 0.2, seed), small).answer.entropy[0] for seed in range(4)]
    assert np.mean(loud) > np.mean(quiet)


def test_hexagonal_and_rhombohedral_are_one_class_unless_asked(small, crystal):
    scan = crystal("hex", 200, ca=1.63)
    merged, separate = whole_cloud(scan, small), whole_cloud(scan, small, merged=False)
    assert MERGED in merged.answer.labels
    assert not {"hex", "rh"} & set(merged.answer.labels)
    both = [separate.answer.labels.index(one) for one in ("hex", "rh")]
    place = merged.answer.labels.index(MERGED)
    assert merged.answer.probabilities[0, place] == pytest.approx(separate.answer.probabilities[0, both].sum())
    assert merged.answer.names() in ([MERGED], [recognise.UNLIKE])


def test_an_answer_of_what_is_unlike_anything_known_names_no_class():
    answer = ClassAnswer(("a", "b"), np.array([[0.9, 0.1], [0.2, 0.8]]), np.zeros(2), np.zeros(2), np.array([0.5, 1.5]))
    assert answer.names() == ["a", recognise.UNLIKE]
    assert list(answer.classes) == [0, -1]


def test_a_class_left_out_of_learning_is_unlike_anything_known(windows, crystal, small_settings):
    other = windows.labels[:, list(labels_of(PROTOTYPES)).index("diamond")] == 0
    known = type(windows)(windows.features[other], windows.labels[other], windows.block[other])
    made = recognise.fit(known, replace(small_settings, steps=1))  # strangeness needs no network
    strange = [whole_cloud(crystal("diamond", 200, 0.2, 0.02, seed), made).answer.strangeness[0] for seed in range(6)]
    plain = [whole_cloud(crystal("fcc", 200, 0.2, 0.02, seed), made).answer.strangeness[0] for seed in range(6)]
    assert min(strange) > 1.1 * max(plain)


def test_a_recogniser_is_kept_whole_and_made_again_where_its_file_is_cut(small, tmp_path, monkeypatch):
    path = tmp_path / "one.npz"
    small.save(path)
    features = np.random.default_rng(0).normal(size=(5, 132))
    back = Recogniser.load(path)
    np.testing.assert_array_equal(back.tell(features).probabilities, small.tell(features).probabilities)
    np.testing.assert_array_equal(back.tell(features).strangeness, small.tell(features).strangeness)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ScanError, match=r"one\.npz is no whole recogniser"):
        Recogniser.load(path)
    monkeypatch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path))
    monkeypatch.setattr(recognise, "training_windows", lambda *given, **more: None)
    monkeypatch.setattr(recognise, "fit", lambda *given, **more: small)
    settings = Settings(steps=3)
    cut = cache_folder() / f"{settings.key}.npz"
    cut.parent.mkdir(parents=True)
    cut.write_bytes(b"PK")
    assert recogniser(settings) is small
    assert Recogniser.load(cut).temperature == small.temperature
    assert recogniser(settings) is not small  # from the cache now


def test_settings_have_one_key_each(crystal):
    from napari_scantwin.structures.prototypes import own_prototype

    own = own_prototype("mine", 3 * np.eye(3), np.zeros((1, 3)))
    keys = {
        Settings().key,
        Settings(members=5).key,
        Settings(recipe=WindowRecipe(seed=1)).key,
        Settings(own=(own,)).key,
    }
    assert len(keys) == 4
    assert Settings().key == Settings().key


def test_stopping_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SCANTWIN_CACHE", str(tmp_path))
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        recogniser(Settings(recipe=WindowRecipe(blocks=4)), stop=stop)
    assert not list(tmp_path.rglob("*.npz"))
