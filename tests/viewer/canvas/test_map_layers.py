"""Derived maps over the scan they come from, whatever the order and units of its axes; no window needed."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_scantwin.analyses.transition_sides import used_set_points
from napari_scantwin.core import scan as scans
from napari_scantwin.operations.findings import DerivedMap
from napari_scantwin.physics.magnetocaloric import entropy_change
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.canvas.map_layers import laid_over, prepare_maps
from napari_scantwin.viewer.session import frame_of


def field_sweeps():
    """M(H) in tesla at fixed temperatures in degrees Celsius: temperature slow, field fast."""
    celsius, tesla = np.linspace(0, 50, 26), np.linspace(0, 2, 41)
    values = np.tanh(5 * tesla[None, :] / (1 + np.exp((celsius[:, None] - 20) / 3)))
    axes = {"sample_temperature": (celsius, "degC"), "field": (tesla, "T")}
    return scans.gridded_scan(axes, values, name="magnetization", unit="A*m**2/kg")


def test_an_entropy_change_lies_over_field_sweeps_in_celsius():
    scan = field_sweeps()
    derived = entropy_change(scan)
    over = laid_over(scan, derived)
    assert scans.axes(over) == ("sample_temperature", "field")
    assert over["sample_temperature"].attrs["units"] == scan["sample_temperature"].attrs["units"]
    kelvin = derived["temperature"].values
    np.testing.assert_allclose(over["sample_temperature"].values, kelvin - 273.15)
    np.testing.assert_allclose(over.values, derived.values.T)
    layer = add_scan(ViewerModel(), scan, kind="measured")
    one = DerivedMap("entropy change of the sweeps", "entropy change", derived, points=True)
    ((data, attributes, layer_type),) = prepare_maps(layer, [one])
    assert layer_type == "image"  # of a grid, a grid
    assert data.shape == over.shape
    assert frame_of(attributes) == frame_of(layer)


def test_set_points_of_very_many_readings_are_found_without_looking_at_all():
    field = np.repeat([0.0, 1000.0, 500.0], 30_000)
    kelvin = np.tile(np.linspace(2, 300, 30_000), 3)
    masked = np.repeat([False, True, False], 30_000)
    scan = scans.ragged_scan(
        {"magnetic_field": (field, "Oe"), "temperature": (kelvin, "K")},
        kelvin * field,
        name="resistance",
        unit="ohm",
        sweep=np.repeat([0, 1, 2], 30_000),
        masked=masked,
    )
    assert used_set_points(scan).tolist() == [0.0, 500.0]
    few = scan.isel(point=slice(None, None, 30))
    assert used_set_points(few).tolist() == [0.0, 500.0]
