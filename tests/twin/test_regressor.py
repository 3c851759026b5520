"""The scikit-learn face of a twin."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.utils.estimator_checks import estimator_checks_generator

from napari_scantwin.twin.regressor import TwinRegressor

from .conftest import FIELDS, truth

#: Checks that say something about the interface and train little; all of them run with ``-m bench``.
QUICK = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_estimators_unfitted",
    "check_estimators_empty_data_messages",
    "check_fit1d",
    "check_fit2d_1sample",
    "check_n_features_in_after_fitting",
    "check_complex_data",
    "check_methods_sample_order_invariance",
)


def _checks():
    return list(estimator_checks_generator(TwinRegressor(members=2)))


@pytest.mark.parametrize("name", QUICK)
def test_it_keeps_scikit_learns_rules(name):
    mine = [(estimator, check) for estimator, check in _checks() if check.func.__name__ == name]
    assert mine
    for estimator, check in mine:
        check(estimator)


@pytest.mark.bench
def test_it_keeps_every_rule_of_scikit_learn():
    """A hundred trainings."""
    for estimator, check in _checks():
        # Arrays of other libraries are not taken; the check wants an environment variable before it says so.
        if check.func.__name__ != "check_array_api_input":
            check(estimator)


def test_it_scores_by_whole_sweeps_in_a_cross_validation():
    temperature = np.tile(np.linspace(5, 50, 40), len(FIELDS))
    field = np.repeat(FIELDS, 40)
    points, groups = np.stack([field, temperature], axis=1), np.repeat([0, 1, 2, 1, 2, 0], 40)
    found = cross_val_score(
        TwinRegressor(members=2), points, truth(field, temperature), groups=groups, cv=GroupKFold(3)
    )
    assert np.sort(found)[1] > 0.95


def test_it_tells_its_uncertainty_and_a_constant():
    points = np.stack([np.repeat(FIELDS, 10), np.tile(np.linspace(0, 9, 10), 6), np.full(60, 3.0)], axis=1)
    fitted = TwinRegressor(members=2).fit(points, points[:, 0] - points[:, 1])
    mean, std = fitted.predict(points, return_std=True)
    assert (std >= 0).all()
    assert np.abs(mean - points[:, 0] + points[:, 1]).max() < 0.2
    constant = TwinRegressor().fit(points, np.full(60, 5.0))
    np.testing.assert_array_equal(constant.predict(points), 5.0)
