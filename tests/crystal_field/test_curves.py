import numpy as np
import pytest

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field import IonCurve


def curve(**changes):
    given = {"kind": "heat_capacity", "direction": "powder", "x": [2.0, 3.0, 4.0], "value": [1.0, 2.0, 1.5],
             "error": [0.1, 0.1, 0.1]}  # fmt: skip
    return IonCurve(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "entropy"}, "no known kind"),
        ({"direction": "d"}, "direction"),
        ({"x": [2.0, 3.0]}, "different lengths"),
        ({"value": [1.0, np.nan, 1.0]}, "no number"),
        ({"error": [0.1, 0.0, 0.1]}, "above zero"),
        ({"x": [0.0, 1.0, 2.0]}, "0 K"),
        ({"kind": "magnetization"}, "temperature"),
        ({"field": -1.0}, "0 T"),
        ({"x": [], "value": [], "error": []}, "no reading"),
    ],
)
def test_a_curve_that_makes_no_sense_is_refused_in_a_sentence(changes, says):
    with pytest.raises(ScanError, match=says):
        curve(**changes)


def test_readings_outside_the_range_are_not_used():
    given = curve(x_range=(2.5, 3.0), lattice=[5.0, 6.0, 7.0])
    assert given.used.tolist() == [False, True, False]
    left = given.trimmed()
    assert left.x.tolist() == [3.0]
    assert left.lattice.tolist() == [6.0]
    assert curve(x_range=(10, 20)).trimmed() is None
    assert not given.value.flags.writeable
