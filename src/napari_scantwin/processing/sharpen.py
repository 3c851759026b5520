"""Making bands visible: second derivative, curvature, minimum gradient. For finding by eye, not for fitting.

All three work on what :func:`napari_scantwin.processing.filters.smooth` leaves: noise is amplified, so smooth first.
A derivative that would need a hole is a hole.
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.core import scan as scans
from napari_scantwin.core import units
from napari_scantwin.core.axis_roles import fast_axis
from napari_scantwin.core.errors import ScanError
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.processing.linear import applied, first_derivative, second_derivative
from napari_scantwin.processing.rebuild import errors_of, rebuild, values_of
from napari_scantwin.processing.steps import step

__all__ = ["curvature", "curvature_2d", "differentiate_twice", "minimum_gradient"]


#: A slope that changes the value by less than this share of it is rounding.
_ROUNDING = 1e-9


def _other_axis(scan) -> str | None:
    """The axis beside the fast one: the angle or momentum along a cut."""
    names = [name for name in scans.axes(scan) if name != fast_axis(scan)]
    return names[-1] if names else None


_AXIS = Parameter("axis", "Along", "axis", fast_axis)
_OTHER = Parameter("other", "And along", "axis", _other_axis)
_PEAKS = Parameter(
    "peaks_up",
    "Bands bright",
    "flag",
    True,
    explanation="Yes: the sign is turned round, so that a band is a maximum; no: as in the formula, a minimum.",
)
_A0 = Parameter(
    "a0",
    "Free parameter a0",
    default=0.1,
    minimum=0,
    above=True,
    explanation="Small: sharper bands and more noise; large: the second derivative.",
)


def _derivative(scan, axis: str, order: int, values=None, errors=None):
    matrix = (first_derivative if order == 1 else second_derivative)(np.asarray(scan[axis].values, float))
    values = values_of(scan).astype(float) if values is None else values
    return applied(matrix, values, errors, scan.dims.index(axis), averaging=False)


def _largest(slope: np.ndarray, values: np.ndarray, length: float) -> float:
    """The largest square of a derivative along an axis of ``length``, where it is more than rounding."""
    if not np.isfinite(slope).any() or np.nanmax(np.abs(slope)) * length <= _ROUNDING * np.nanmax(np.abs(values)):
        raise ScanError("the intensity is constant along the axis, so that there is nothing to sharpen")
    return float(np.nanmax(slope**2))


def _length(scan, axis: str) -> float:
    return float(np.ptp(np.asarray(scan[axis].values, float)))


@step("second_derivative", "Second derivative", "Sharpen", parameters=(_AXIS, _PEAKS))
def differentiate_twice(scan, *, axis, peaks_up):
    """The second derivative d²I/dx² along one axis by three points (steps may be uneven), with its sign turned so that
    bands are bright.

    At either end it is the derivative of the parabola through the last three values. Errors are carried through.
    """
    values, errors = _derivative(scan, axis, 2, errors=errors_of(scan))
    unit = units.standard(f"({scan.attrs['units']})/({scan[axis].attrs['units']})**2")
    about = scan.attrs.get("long_name", str(scan.name))
    return rebuild(
        scan,
        -values if peaks_up else values,
        errors=errors,
        unit=unit,
        name="second_derivative",
        long_name=f"{'minus ' if peaks_up else ''}second derivative of {about} along {axis.replace('_', ' ')}",
    )


@step(
    "curvature",
    "Curvature along one axis",
    "Sharpen",
    parameters=(_AXIS, _A0, _PEAKS),
    source="P. Zhang et al., Rev. Sci. Instrum. 82, 043712 (2011), equation 6",
)
def curvature(scan, *, axis, a0, peaks_up):
    """The curvature along one axis, C(x) = f'' / (a0 + f'²)^(3/2), where f' is in shares of its largest absolute value
    in the scan.

    So C does not depend on the intensity's scale and ``a0`` is a pure number (the paper's C0 / |f'|²max). The result
    is in units of the axis (1/unit) and carries no errors: it is not linear.
    """
    slope, _ = _derivative(scan, axis, 1)
    bend, _ = _derivative(scan, axis, 2)
    size = np.sqrt(_largest(slope, values_of(scan), _length(scan, axis)))
    values = (bend / size) / (a0 + (slope / size) ** 2) ** 1.5
    return _shown(scan, values, f"1/({scan[axis].attrs['units']})", "curvature", peaks_up)


@step(
    "curvature_2d",
    "Curvature of a map",
    "Sharpen",
    parameters=(
        _AXIS,
        _OTHER,
        _A0,
        Parameter(
            "weight",
            "Weight of the second axis",
            default=1.0,
            minimum=0,
            explanation="1: both axes count alike in shares of their largest slopes; 0: along the first axis only.",
        ),
        _PEAKS,
    ),
    axes=2,
    source="P. Zhang et al., Rev. Sci. Instrum. 82, 043712 (2011), equation 14",
)
def curvature_2d(scan, *, axis, other, a0, weight, peaks_up):
    """The curvature of a map along two axes, from its first and second derivatives, with its sign turned so that bands
    are bright.

    C = [(1 + Cx fx²) Cy fyy - 2 Cx Cy fx fy fxy + (1 + Cy fy²) Cx fxx] / (1 + Cx fx² + Cy fy²)^(3/2), where Cx = 1 /
    (a0 max fx²) and Cy = ``weight`` / (a0 max fy²), x is the first axis chosen and f the intensity in shares of its
    largest absolute value; the weights' differing units make the result a sum in arbitrary units. No errors: it is not
    linear.
    """
    if axis == other:
        raise ScanError("the curvature of a map needs two different axes")
    f = values_of(scan).astype(float)
    if not np.isfinite(f).any():
        raise ScanError("the map holds no number, so that there is nothing to sharpen")
    f = f / (np.nanmax(np.abs(f)) or 1.0)
    fx, fy = _derivative(scan, axis, 1, f)[0], _derivative(scan, other, 1, f)[0]
    fxx, fyy = _derivative(scan, axis, 2, f)[0], _derivative(scan, other, 2, f)[0]
    fxy = _derivative(scan, other, 1, fx)[0]
    cx = 1 / (a0 * _largest(fx, f, _length(scan, axis)))
    cy = weight / (a0 * _largest(fy, f, _length(scan, other))) if weight else 0.0
    values = (1 + cx * fx**2) * cy * fyy - 2 * cx * cy * fx * fy * fxy + (1 + cy * fy**2) * cx * fxx
    values = values / (1 + cx * fx**2 + cy * fy**2) ** 1.5
    return _shown(scan, values, "arb", "curvature", peaks_up)


def _shown(scan, values, unit: str, what: str, peaks_up: bool):
    name = f"{'minus ' if peaks_up else ''}{what} of {scan.attrs.get('long_name', scan.name)}"
    return rebuild(scan, -values if peaks_up else values, unit=unit, name=what, long_name=name)


@step(
    "minimum_gradient",
    "Minimum gradient",
    "Sharpen",
    parameters=(
        _AXIS,
        _OTHER,
        Parameter(
            "floor",
            "Least gradient",
            default=0.01,
            minimum=0,
            maximum=1,
            above=True,
            explanation="In shares of the largest: keeps a flat place from becoming infinite.",
        ),
    ),
    axes=2,
    source="Y. He et al., Rev. Sci. Instrum. 88, 073903 (2017)",
)
def minimum_gradient(scan, *, axis, other, floor):
    """The intensity over the size of its gradient, I / |grad I|, which is large where a band's ridge is flat.

    The gradient is taken per median step of either axis, and is at least ``floor`` of its largest value. The result is
    a pure number of steps and carries no errors.
    """
    if axis == other:
        raise ScanError("the gradient of a map needs two different axes")
    square = 0.0
    for one in (axis, other):
        step_size = float(np.median(np.abs(np.diff(np.asarray(scan[one].values, float)))))
        square = square + (_derivative(scan, one, 1)[0] * step_size) ** 2
    largest = _largest(np.sqrt(square), values_of(scan), max(scan.sizes[axis], scan.sizes[other]))
    values = values_of(scan) / np.sqrt(square + floor**2 * largest)
    name = f"minimum gradient of {scan.attrs.get('long_name', scan.name)}"
    return rebuild(scan, values, unit="dimensionless", name="minimum_gradient", long_name=name)
