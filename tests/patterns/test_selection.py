"""Places chosen by an outline, on the map and among scores."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.patterns import decompose
from napari_scantwin.patterns.selection import chosen_among_scores, chosen_on_map, density, inside

from .mixtures import mixture


@given(st.integers(3, 12), st.floats(0.1, 5), st.floats(0, 6))
def test_inside_a_regular_polygon_is_nearer_than_its_sides(corners, radius, turn):
    angle = turn + 2 * np.pi * np.arange(corners) / corners
    outline = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    places = np.random.default_rng(0).uniform(-6, 6, (300, 2))
    # Half-planes of a convex outline.
    edges = np.roll(outline, -1, axis=0) - outline
    left = [
        e[0] * (places[:, 1] - o[1]) - e[1] * (places[:, 0] - o[0]) > 0 for o, e in zip(outline, edges, strict=True)
    ]
    np.testing.assert_array_equal(inside(outline, places), np.all(left, axis=0))


def test_all_that_the_density_counts_is_chosen_by_an_outline_around_it():
    scan, _, _ = mixture(50, shape=(12, 10), channels=20)
    values = scan.values.copy()
    values[0, 0, 0] = np.nan
    found = decompose(scan.copy(data=values), k=3)
    counts = density(found, 0, 1)
    assert counts.sum() == 119
    box = np.array([[-1, -1], [2, -1], [2, 2], [-1, 2.0]])
    np.testing.assert_array_equal(chosen_among_scores(found, 0, 1, box), found.table.used)
    right = np.array([[9.0, -1], [40, -1], [40, 40], [9.0, 40]])
    expected = (scan["x"].values > 9)[None] & found.table.used
    np.testing.assert_array_equal(chosen_on_map(found, right), expected)
    assert density(found, 0, 1, expected).sum() == expected.sum()
