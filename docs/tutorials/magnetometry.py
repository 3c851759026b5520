# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Magnetometry
#
# Eight field-cooled M(T) sweeps of a ferromagnet, written as an MPMS3 writes them, become a dense map with error
# bars, and the map an entropy change. The sample was made from a stated law ([sample
# scans](../../sample_data/README.md)), so that at the end the map can be held against the truth.

# %%
# %matplotlib inline
import numpy as np
import xarray as xr

import napari_scantwin as scantwin
from napari_scantwin.core.scan import sweeps
from napari_scantwin.figures import PaperStyle, figure_of
from napari_scantwin.figures.of_scan import as_curves, as_map
from napari_scantwin.samples import sample_path, truth_path

page = PaperStyle(width=150, font_size=9)

# %% [markdown]
# ## Open
#
# The instrument's file says what its columns are, in which units, and how far each moment may be off. A file of your
# own is opened the same way: `scantwin.read("run.dat")`.

# %%
scan = scantwin.read(sample_path("ferromagnet"))
print(scan.attrs["instrument"], scan.attrs["title"], scan.attrs["sample_mass"], scan.attrs["sample_mass_units"])
for sweep in sweeps(scan):
    print(f"{sweep.slow['magnetic_field']:8.0f} Oe: {sweep.size} points from {sweep.first:.1f} to {sweep.last:.1f} K")

# %%
figure_of(as_curves(scan), page)

# %% [markdown]
# ## Train
#
# Training predicts every sweep from the others, and chooses by that. The verdict is the error on sweeps left out,
# beside that of the splines and Gaussian processes you would otherwise use ([how](../twin.md)).

# %%
twin = scantwin.train(scan)
print(twin.verdict)
print(twin.made_of)

# %% [markdown]
# ## See the map
#
# `simulate` evaluates the twin on any grid. Every value has its standard error, and what lies outside the measured
# range is flagged, and hatched in the figure.

# %%
dense = twin.simulate({"temperature": np.arange(8, 66, 0.25), "magnetic_field": np.arange(0, 50_001, 250.0)})
figure_of(as_map(dense, points=scan), page)

# %% [markdown]
# The error bars promise that at least two thirds of the truth lies within one of them, and 95 % within two. On a scan
# as simple as this one the twin is better than it promises.

# %%
truth = xr.load_dataarray(truth_path("ferromagnet"))
simulated = twin.simulate({name: truth[name].values for name in ("magnetic_field", "temperature")})
off = np.abs(simulated - truth) / simulated["standard_error"]
inside = ~simulated["extrapolated"].values
print(f"root mean square error: {float(np.sqrt(((simulated - truth).values[inside] ** 2).mean())):.2g} emu")
within = {count: (off.values[inside] < count).mean() for count in (1, 2)}
print(f"within one standard error: {within[1]:.0%}, within two: {within[2]:.0%}")

# %% [markdown]
# ## Cut
#
# A cut at 3 kOe, where nothing was measured, beside the sweeps on either side.

# %%
from napari_scantwin.operations.findings import COLORS, Curve, Plot
from napari_scantwin.sections import along, simulated_along

cut = simulated_along(twin, along(scan, "temperature", {"magnetic_field": 3000.0}))
measured = as_curves(scan)
beside = slice(5, 7)  # the sweeps at 5000 and 1000 Oe
curves = [*measured.curves[beside], Curve(cut.running, cut.values, cut.errors, COLORS[5], "line")]
key = [*measured.key[beside], ("3000 Oe, twin", COLORS[5])]
figure_of(Plot(curves, measured.bottom, measured.left, key), page)

# %% [markdown]
# ## Entropy change
#
# An analysis is asked for by name. It shows the sweeps' own answer beside the twin's ([what it
# computes](../physics/entropy-change.md)). The mass came from the file's header.

# %%
found = scantwin.analyse("entropy_change", twin, fields="10 kOe, 50 kOe")
for label, value in found.figures:
    print(f"{label}: {value}")

# %%
figure_of(next(iter(found.plots.values())), page)

# %% [markdown]
# ## Take it with you
#
# Map and table go into files with units, the source's checksum and the twin's score.

# %%
scantwin.write(dense, "ferromagnet_map.nc")
scantwin.write(dense, "ferromagnet_map.csv")
twin.save("ferromagnet.twin")
