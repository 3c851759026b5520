"""Isotherms in a real window, with planted plateaus and heats."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.physics.plateau import plateau_pressures
from napari_scantwin.physics.van_t_hoff import fit_van_t_hoff
from napari_scantwin.readers import read
from napari_scantwin.viewer.canvas.layers import add_scan, scan_of

from .conftest import told

ENTHALPY, ENTROPY = -38.0, -92.0  # kJ and J/K per mol H2, about palladium's
TITLE = "Isotherms (pressure, composition)"


def columns():
    """Temperature, pressure in bar and composition, absorption then desorption, 1.5 kJ/mol apart."""
    x = np.concatenate([np.geomspace(0.004, 0.03, 10), np.linspace(0.04, 0.7, 50)])
    random = np.random.default_rng(3)
    table = []
    for kelvin in (320, 350, 380, 410):
        for way in (1, -1):
            level = (1000 * (ENTHALPY - 0.75 * (1 - way)) / kelvin - ENTROPY) / 8.314462618
            height = level + 2 * np.log(np.minimum(x, 0.03) / 0.03) + 25 * np.maximum(x - 0.6, 0)
            p = np.exp(height + 0.01 * random.normal(size=len(x)))
            table += [(kelvin, p[k], x[k]) for k in range(len(x))[::way]]
    return np.array(table).T


def test_plateaus_and_heats_come_out_of_a_file(panel, qtbot, tmp_path, open_scan, analysed):
    kelvin, p, x = columns()
    path = tmp_path / "pci.csv"
    rows = [f"{a:.8g},{b:.8g},{c:.8g}" for a, b, c in zip(p, kelvin, x, strict=True)]
    path.write_text("\n".join(["p (bar),T (K),H/Pd", *rows]))
    layer = open_scan(path)
    assert panel.analyse.combo.findText(TITLE) >= 0
    widget = analysed(TITLE)
    assert widget.form.fields["temperature"].isHidden()
    assert widget.form.fields["pressure_unit"].isHidden()
    fits = widget.result.result.sides[0].fits
    fit = fit_van_t_hoff(plateau_pressures(scan_of(layer)), direction="absorption")
    assert (fits[1].enthalpy, fits[1].entropy) == (fit.enthalpy, fit.entropy)
    assert abs(fit.enthalpy.value - ENTHALPY) < 3 * fit.enthalpy.error
    assert f"measured, absorption: ΔH = {fit.enthalpy}, ΔS = {fit.entropy} of H₂" in widget.said.text()
    assert "hysteresis 1.4" in widget.said.text() or "hysteresis 1.5" in widget.said.text()
    cells = [[widget.table.item(row, k).text() for k in range(4)] for row in range(widget.table.rowCount())]
    assert [row[:3] for row in cells[:2]] == [["320", "measured", "absorption"], ["320", "measured", "desorption"]]
    assert all("±" in row[3] for row in cells)
    assert [curve.style for curve in widget.plot.drawn].count("triangles") == 4
    widget.view.setCurrentText("van 't Hoff")
    line = widget.plot.drawn[1]
    slope = np.polyfit(line.x, line.y, 1)[0]
    assert slope == pytest.approx(fit.enthalpy.value / 8.314462618e0, rel=1e-3)  # kJ over J, 1000/T
    # The window over 1000/T, dragged to the three lowest temperatures: the line is fitted again, the data stay.
    points = widget.plot.drawn[0]
    np.testing.assert_allclose(widget.plot.window.getRegion(), (1000 / 410, 1000 / 320))
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.plot.window.setRegion((1000 / 381, 1000 / 319))
    start, stop = (float(widget.form.fields[name].text()) for name in ("start", "stop"))
    assert (start, stop) == pytest.approx((319, 381), abs=0.2)
    low = plateau_pressures(scan_of(layer)).sel(point=slice(0, 6))
    windowed = fit_van_t_hoff(low, direction="absorption")
    assert windowed.points == 3
    assert widget.result.result.sides[0].fits[1].enthalpy == windowed.enthalpy
    assert f"ΔH = {windowed.enthalpy}" in widget.said.text()
    np.testing.assert_array_equal(widget.plot.drawn[0].x, points.x)
    np.testing.assert_allclose(widget.plot.window.getRegion(), (1000 / stop, 1000 / start))
    # Too narrow to fit, it is still there to be dragged, beside the points.
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.plot.window.setRegion((1000 / 381, 1000 / 349))
    assert "there are 2 from 34" in widget.said.text()
    np.testing.assert_array_equal(widget.plot.drawn[0].x, points.x)
    assert widget.plot.window.scene() is not None
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fill({"start": "", "stop": ""})
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("Table", tmp_path / "plateaus.csv")
    lines = (tmp_path / "plateaus.csv").read_text().splitlines()
    assert any(line.startswith("# van 't Hoff, measured, desorption: enthalpy ") for line in lines)
    table = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(table) == 8
    assert float(table[0]["plateau pressure (bar)"]) == widget.result.result.sides[0].plateaus[0].pressure.value
    with qtbot.waitSignal(widget.export_job.done, timeout=20_000):
        assert widget.export("Map: plateau pressures, measured", tmp_path / "plateaus.nc")
    np.testing.assert_array_equal(read(tmp_path / "plateaus.nc").values, widget.result.result.sides[0].pressures.values)


def test_a_logarithm_and_its_unit_are_asked_for(panel, qtbot, open_scan, measured):
    kelvin, p, x = columns()
    axes = {"temperature": (kelvin, "K"), "log10_p": (np.log10(p), "dimensionless")}
    scan = scans.ragged_scan(axes, x, name="H_Pd", unit="dimensionless")
    panel.chooser.choose(add_scan(panel._viewer, scan, kind="measured"))
    panel.tabs.setCurrentIndex(5)
    widget = panel.analyse.choose(TITLE)
    qtbot.waitUntil(lambda: "looks like a logarithm of the pressure" in told(widget))
    assert not widget.form.fields["pressure_unit"].isHidden()
    assert not widget.form.fields["logarithm"].isHidden()
    widget.form.fields["logarithm"].setCurrentText("log₁₀ of it")
    qtbot.waitUntil(lambda: "say what it counts with pressure_unit='bar'" in told(widget))
    with qtbot.waitSignal(widget.shown, timeout=20_000):
        widget.form.fields["pressure_unit"].setText("bar")
    assert abs(widget.result.result.sides[0].fits[1].enthalpy.value - ENTHALPY) < 1
    before = widget.result
    widget.form.fields["standard"].setText("1 K")
    qtbot.waitUntil(lambda: "The standard pressure must be a pressure above zero" in told(widget))
    assert widget.reason.marked == [widget.form.fields["standard"]]
    assert before.result.sides[0].plateaus
    open_scan(measured / "erco2_magnetization.csv")
    assert panel.analyse.combo.findText(TITLE) < 0
    assert f"{TITLE} does not fit: an isotherm needs one column of pressure" in panel.analyse.others.text()
