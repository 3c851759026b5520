"""The map without its noise: simulated where it was measured, and shown beside it with what is left."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_scantwin.samples import load_sample, sample_path
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.session import ScanLayer, scan_of
from napari_scantwin.writers import write


def test_a_cube_is_denoised_and_shown_beside_itself_in_two_clicks(panel, qtbot, tmp_path, open_scan):
    small = load_sample("arpes").isel(analyser_angle=slice(4, 44, 8), energy=slice(0, 64, 8))
    (path,) = write(small, tmp_path / "cube.nc")
    layer = open_scan(path)
    ScanLayer(layer).set_twin(train(scan_of(layer), TwinSettings(members=2, time_budget=1.0), score_baselines=False))
    tab, viewer = panel.simulate, panel._viewer
    tab.refresh(layer)
    with qtbot.waitSignal(tab.simulated, timeout=30_000):
        qtbot.mouseClick(tab.measured_button, Qt.LeftButton)
    found = scan_of(result_of(layer, "simulated", viewer))
    for name in small.dims:
        np.testing.assert_array_equal(found[name].values, small[name].values)
    residual = scan_of(result_of(layer, "residual", viewer))
    np.testing.assert_allclose(residual.values, small.values - found.values, atol=1e-3)

    qtbot.mouseClick(tab.beside_button, Qt.LeftButton)
    beside = tab._beside
    for step in (2, 6):
        viewer.dims.set_current_step(0, step)
        qtbot.wait(50)
        for kind, cube in (("measured", small), ("simulated", found), ("residual", residual)):
            np.testing.assert_allclose(beside.images[kind].image, cube.values[step].T, rtol=1e-5, atol=1e-4)
    low, high = beside.plots["measured"].viewRange()[1]  # the energy upwards
    energy = small["energy"].values
    assert low == pytest.approx(energy[0], abs=0.1)
    assert high == pytest.approx(energy[-1], abs=0.1)
    np.testing.assert_allclose(beside.plots["residual"].viewRange()[1], [low, high], atol=1e-9)
    picture = beside.plots["residual"].picture.describe()
    assert (picture.vertical, picture.colormap) == ("energy", "coolwarm")
    np.testing.assert_allclose(picture.scan.values, residual.values[6])
    assert f"rms {np.sqrt(np.mean(residual.values[6] ** 2)):.3g}" in beside.plots["residual"].plotItem.titleLabel.text
    viewer.dims.order = (2, 0, 1)
    qtbot.waitUntil(lambda: beside.images["measured"].image.shape == (9, 5), timeout=20_000)
    assert panel.plots.page is beside  # as wide as the window, whatever tab is in front
    panel.show_tab(panel.train)
    assert panel.plots.page is beside
    panel.switch.buttons["side by side"].click()
    assert tab._beside is None
    assert not tab.beside_button.isChecked()
    assert panel.plots.page is panel.train.results
    viewer.dims.set_current_step(2, 1)
    qtbot.wait(50)


def test_a_grid_of_sweeps_is_their_set_points(panel, open_scan):
    layer = open_scan(sample_path("ferromagnet"))
    twin = train(scan_of(layer), TwinSettings(members=2, time_budget=1.0), score_baselines=False)
    ScanLayer(layer).set_twin(twin)
    panel.simulate.refresh(layer)
    grid = twin.measured_grid()
    assert len(grid["magnetic_field"]) == 8
    assert len(grid["temperature"]) == 300
    assert not panel.simulate.beside_button.isEnabled()
    panel.simulate.fields["temperature"].setText("20:30:1")
    panel.simulate.dense_button.click()
    assert panel.simulate.fields["temperature"].text().endswith("#300")
