"""The figures of docs/gallery.md and docs/figures.md, from the samples: ``python docs/make_gallery.py [folder]``.

Every figure is drawn by `napari_scantwin.figures` as *Export for paper…* does, but those named ``by_hand``: these read
what was exported beside them with xarray, pandas and matplotlib alone, as any other program would.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr

import napari_scantwin as scantwin
from napari_scantwin.figures import PaperStyle, Trace, save_picture
from napari_scantwin.figures.of_scan import as_curves, as_map, picture_of_scan
from napari_scantwin.operations.findings import COLORS, Curve, Plot
from napari_scantwin.processing import apply
from napari_scantwin.samples import load_sample
from napari_scantwin.sections import Cut, along, measured_within, simulated_along, write_cut

COLUMN = PaperStyle(width=86, font_size=7)


class Gallery:
    """Draws the figures into a folder, each under the name that the pages know it by."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def draw(self) -> None:
        """All of them."""
        self.magnet()
        self.film()
        self.photoemission()

    def save(self, picture, name: str) -> None:
        """One of them."""
        save_picture(picture, self.folder / f"{name}.png", COLUMN)

    def magnet(self) -> None:
        """M(T, H): sweeps, map, uncertainty, derivative, residual, a cut, and the entropy change."""
        scan = load_sample("ferromagnet")
        twin = scantwin.train(scan, score_baselines=False)
        dense = twin.simulate()
        line = along(scan, "temperature", {"magnetic_field": 5000.0})
        trace = Trace(*([end[name] for end in (line.start, line.end)] for name in ("temperature", "magnetic_field")))
        self.save(as_curves(scan), "sweeps")
        self.save(as_map(dense, points=scan), "map")
        self.save(as_map(dense, traces=[trace]), "map_exported")
        error = dense["standard_error"].assign_attrs(units="emu", long_name="standard error")
        self.save(as_map(error.drop_vars("standard_error").rename("standard_error"), log=True), "uncertainty")
        self.save(as_map(twin.simulate(along="temperature"), limits=(-0.02, 0.02)), "derivative")
        self.cut(scan, twin, line)
        with tempfile.TemporaryDirectory() as work:
            file = Path(work) / "map.nc"
            scantwin.write(dense, file)
            self.map_by_hand(file)
        found = scantwin.analyse("entropy_change", twin, fields="10 kOe, 50 kOe")
        self.save(next(iter(found.plots.values())), "entropy_change")

    def cut(self, scan: xr.DataArray, twin, line: Cut) -> None:
        """A cut with its 95 % band, as it is exported and as its numbers are drawn by hand."""
        measured, simulated = measured_within(scan, line), simulated_along(twin, line)
        curves = [
            Curve(measured.running, measured.values, measured.errors, COLORS[6], "points"),
            Curve(simulated.running, simulated.values, simulated.errors, COLORS[6], "line"),
        ]
        labels = as_curves(scan)
        key, styles = [("5000 Oe", COLORS[6])], {"points": "measured", "line": "twin"}
        self.save(Plot(curves, labels.bottom, labels.left, key, styles=styles), "cut_exported")
        with tempfile.TemporaryDirectory() as work:
            self.cut_by_hand(write_cut(Path(work) / "cut.csv", scan, line, measured, simulated))

    def map_by_hand(self, path: Path) -> None:
        """The exported map, from the netCDF file, drawn without this program."""
        dense = xr.load_dataarray(path)
        figure, axes = _by_hand()
        across, up = dense.temperature, dense.magnetic_field
        drawn = axes.pcolormesh(across, up, dense.transpose("magnetic_field", "temperature"))
        figure.colorbar(drawn, label=f"{dense.long_name} ({dense.units})")
        axes.axhline(5000, color="white")
        axes.set_xlabel(f"{across.long_name} ({across.units})")
        axes.set_ylabel(f"{up.long_name} ({up.units})")
        figure.savefig(self.folder / "map_by_hand.png", dpi=300)

    def cut_by_hand(self, path: Path) -> None:
        """The exported cut, from the CSV file, drawn without this program."""
        table = pd.read_csv(path, comment="#")
        measured, twin = (table[table.series == name] for name in ("measured", "twin"))
        figure, axes = _by_hand()
        x, y = "temperature (K)", "moment (emu)"
        axes.errorbar(measured[x], measured[y], measured["standard_error (emu)"], fmt="o", ms=2, label="measured")
        axes.plot(twin[x], twin[y], label="twin")
        axes.fill_between(twin[x], twin["lower_95 (emu)"], twin["upper_95 (emu)"], alpha=0.3)
        axes.set(xlabel=x, ylabel=y)
        axes.legend()
        figure.savefig(self.folder / "cut_by_hand.png", dpi=300)

    def film(self) -> None:
        """R(T, H): map, and the boundary with its critical field."""
        scan = load_sample("palladium_hydride")
        twin = scantwin.train(scan, score_baselines=False)
        self.save(as_map(twin.simulate(), points=scan), "transport")
        found = scantwin.analyse("critical_field", twin, model="two-fluid")
        self.save(next(iter(found.plots.values())), "critical_field")

    def photoemission(self) -> None:
        """ARPES: a slice in momentum, its second derivative, and EDCs."""
        cut = apply(load_sample("arpes"), "take_slice", axis="manipulator_angle", at=9)
        momentum = apply(cut, "to_momentum", slit="across the rotation axis", kinetic_energy="16.7 eV")
        self.save(as_map(momentum, colormap="magma"), "momentum")
        smooth = apply(momentum, "smooth", axis="energy", fwhm="40 meV")
        sharp = apply(smooth, "second_derivative", axis="energy")
        high = float(np.nanquantile(sharp.values, 0.998))
        self.save(as_map(sharp, colormap="Greys", limits=(0, high), title="−d²I/dE² (count/eV²)"), "second_derivative")
        edc = cut.sel(analyser_angle=0, method="nearest", drop=True)
        self.save(picture_of_scan(edc), "edc")


def _by_hand():
    """Axes of the size of a column, as anybody makes them."""
    plt.rcParams.update({"font.size": 7, "font.family": "sans-serif"})
    return plt.subplots(figsize=(86 / 25.4, 0.72 * 86 / 25.4), layout="constrained")


if __name__ == "__main__":
    Gallery(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images" / "gallery").draw()
