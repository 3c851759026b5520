"""Strangeness: known windows are seldom strange however noisy, and the same at whatever scale of distances."""

from __future__ import annotations

import numpy as np
import pytest

from napari_scantwin.structures.strange import Strangeness


@pytest.fixture(scope="module")
def learned(windows):
    features = windows.features.astype(float)
    held = windows.block % 4 == 0
    scaled = (features - features[~held].mean(axis=0)) / (features[~held].std(axis=0) + 1e-6)
    return Strangeness.learned(features, scaled, windows.labels, windows.block, held), features, scaled, held


def test_one_in_a_hundred_windows_that_were_not_learned_is_strange(learned):
    made, features, scaled, held = learned
    told = made(features[held], scaled[held])
    assert 0 < (told > 1).mean() < 0.03


def test_noise_alone_makes_no_window_strange(learned):
    """A tercile of quiet windows and one of noisy ones have much the same strangeness; their distances have not."""
    made, features, scaled, held = learned
    noise = np.sqrt((np.minimum(features[held][:, 22:], 0) ** 2).mean(axis=1))
    told = made(features[held], scaled[held])
    turned = scaled[held] @ made.axes
    nearest = np.array([np.sort(np.linalg.norm(made.known - one, axis=1))[4] for one in turned])
    quiet, loud = noise < np.quantile(noise, 1 / 3), noise > np.quantile(noise, 2 / 3)
    apart = np.log(np.median(nearest[loud]) / np.median(nearest[quiet]))
    left = np.log(np.median(told[loud]) / np.median(told[quiet]))
    assert abs(left) < 0.6 * abs(apart)


def test_the_unit_of_the_axes_does_not_matter(learned, windows):
    made, features, scaled, held = learned
    again = Strangeness.learned(features, 3.0 * scaled, windows.labels, windows.block, held)
    np.testing.assert_allclose(again(features, 3.0 * scaled), made(features, scaled), rtol=2e-3)
