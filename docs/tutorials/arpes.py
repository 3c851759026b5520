# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # ARPES
#
# Counts over nine manipulator angles, 48 angles along the slit and 64 energies: from the file to a dispersion, and
# from every second slice back to the whole cube. The band is a known one ([sample
# scans](../../sample_data/README.md)).

# %%
# %matplotlib inline
import numpy as np
import xarray as xr

import napari_scantwin as scantwin
from napari_scantwin.figures import PaperStyle, figure_of
from napari_scantwin.figures.of_scan import as_map
from napari_scantwin.processing import apply
from napari_scantwin.samples import sample_path, truth_path

page = PaperStyle(width=150, font_size=9)

# %% [markdown]
# ## Open, and look at a slice

# %%
scan = scantwin.read(sample_path("arpes"))
figure_of(as_map(scan, at={"manipulator_angle": 9}, colormap="magma"), page)

# %% [markdown]
# ## Fermi edge
#
# Of all angles of the slice together; the temperature is known, level and resolution are fitted ([the
# model](../arpes.md#fermi-edge)).

# %%
from napari_scantwin.processing.fermi_edge import fit_edge

cut = apply(scan, "take_slice", axis="manipulator_angle", at=9)
print(fit_edge(cut, temperature=30, start=-0.15, stop=0.15))

# %% [markdown]
# ## Angle to momentum, and a dispersion
#
# Counts weigh by their errors. Each MDC is fitted with two Lorentzians, and the line through the right one's places
# gives the Fermi momentum and velocity; made were 0.3001 1/Å and, at the Fermi level itself, 1.39 Å eV ([why the mean
# slope is less](../arpes.md#from-a-file-to-a-dispersion-the-sample)).

# %%
from napari_scantwin.processing.dispersion import fermi_crossing
from napari_scantwin.processing.peaks import fit_peaks

cut = apply(cut, "counting_errors")
cut = apply(cut, "to_momentum", slit="across the rotation axis", kinetic_energy="16.7 eV")
fits = fit_peaks(cut, "ky", peaks=2, background="constant", first=-0.2, last=0.02)
crossing = fermi_crossing(fits, peak=2, start=-0.1, stop=-0.02)
print(crossing)

# %%
from napari_scantwin.operations.findings import COLORS, Curve

bands = [fits.dispersion(peak) for peak in (1, 2)]
places = [Curve(band.values, band["energy"].values, None, COLORS[0], "points") for band in bands]
figure_of(as_map(cut, colormap="magma", curves=places), page)

# %% [markdown]
# ## Half of the beam time
#
# Every second slice is masked; the twin learns from the rest and is held against the truth behind the sample at the
# slices it was not shown. Straight interpolation between the kept slices is what one would do without it.

# %%
from napari_scantwin.core.training_mask import train_on

coarse = train_on(scan, every=2)
twin = scantwin.train(coarse, score_baselines=False)
print(twin.made_of)

# %%
grid = {name: scan[name].values for name in scan.dims}
dense = twin.simulate(grid)
truth = xr.load_dataarray(truth_path("arpes")).interp(grid)
straight = scan[::2].interp(manipulator_angle=grid["manipulator_angle"])


def error(filled):
    """Root mean square error at the slices between, in counts."""
    return float(np.sqrt(((filled - truth)[1::2] ** 2).mean()))


for name, filled in (("twin", dense), ("straight lines", straight), ("the readings themselves", scan)):
    print(f"{name}: {error(filled):.2f} counts")

# %% [markdown]
# So five of nine slices, with the twin, lie about twice as far off between the slices as a counted value itself does,
# and straight lines between them more than twice as far as that. A slice that the twin was not shown:

# %%
figure_of(as_map(dense, at={"manipulator_angle": scan.manipulator_angle.values[5]}, colormap="magma"), page)
