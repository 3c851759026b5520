"""Colours that stand out from their ground."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_scantwin.operations.contrast import contrast, readable, shades

colors = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_as_published():
    # Examples of WCAG's own understanding document: black, white, and the grey that just passes 4.5 on white.
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#ffffff", "#ffffff") == 1
    assert abs(contrast("#767676", "#ffffff") - 4.54) < 0.01


@given(colors, colors)
def test_every_color_is_made_to_stand_out(color, ground):
    found = readable(color, ground)
    assert contrast(found, ground) >= 3
    assert contrast(found, ground) == contrast(ground, found)


@given(colors, colors)
def test_a_color_that_stands_out_is_left_alone(color, ground):
    if contrast(color, ground) >= 3:
        assert readable(color, ground) == color


def test_the_hue_stays():
    dark = readable("#f0e442", "#ffffff")
    red, green, blue = (int(dark[k : k + 2], 16) for k in (1, 3, 5))
    assert red >= green > blue  # a yellow still


@given(st.integers(1, 60), colors)
def test_every_shade_stands_out_from_any_ground(count, ground):
    found = shades(count, ground)
    assert len(found) == count
    assert min(contrast(color, ground) for color in found) >= 3


@pytest.mark.parametrize("ground", ["#000000", "#262930", "#efebe9", "#ffffff"])
def test_shades_go_from_dark_to_light(ground):
    """Told apart by their lightness, which everybody sees."""
    lightness = [contrast(color, "#000000") for color in shades(12, ground)]
    assert np.all(np.diff(lightness) > 0)
