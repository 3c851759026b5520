# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Patterns
#
# Core levels at 41 x 33 places of a flake: how many different spectra are there, where, and how sure is that? The stack
# was made from four ([sample scans](../../sample_data/README.md)). Where a measured stack is named in
# `SCANTWIN_STACK` (PyARPES's example `nano_xps.nc`), that is taken instead.

# %%
# %matplotlib inline
import os

import numpy as np

import napari_scantwin as scantwin
from napari_scantwin.analyses.pattern_views import evidence_plot, map_of_component, residual_plot, spectra_plot
from napari_scantwin.figures import PaperStyle, figure_of
from napari_scantwin.figures.of_scan import as_map
from napari_scantwin.patterns import boundary, decompose
from napari_scantwin.samples import load_sample, truth_path

page = PaperStyle(width=150, font_size=9)

# %% [markdown]
# ## Open
#
# A file that names neither units nor values is told what they are.

# %%
measured = os.environ.get("SCANTWIN_STACK")
if measured:
    scan = scantwin.read(
        measured,
        axes=["y=y[1]", "x=x[1]", "eV=energy[eV]"],
        value="__xarray_dataarray_variable__=photoemission_intensity[count]",
    )
else:
    scan = load_sample("core_levels")
scan.sizes

# %% [markdown]
# ## How many
#
# Two tests that do not know of each other: singular values above what the noise would give, and residuals of
# neighbouring places that are alike until nothing is missing. Both are drawn as powers of ten of their limits.

# %%
found = decompose(scan)
print(found.evidence.words)
print(f"one count is {found.gain:.3g}, measured from neighbouring places")
figure_of(evidence_plot(found.evidence), page)

# %% [markdown]
# ## Where, and which spectra
#
# Shares from 0 to 1, spectra of unit sum. The bands are spectra that fit as well.

# %%
figure_of(spectra_plot(found), page)

# %%
figure_of(as_map(map_of_component(found, 1)), page)

# %%
print(*found.notes, sep="\n")

# %% [markdown]
# The synthetic stack has a truth to compare with.

# %%
if not measured:
    truth = scantwin.read(truth_path("core_levels"))
    shares = found.shares.values.reshape(found.count, -1)
    beside = [np.sqrt(np.mean((shares - one) ** 2, axis=1)).min() for one in truth.values.reshape(4, -1)]
    print("error of the shares:", np.round(beside, 3))

# %% [markdown]
# ## The residual beside the model
#
# Anywhere: here where the second component prevails.

# %%
there = found.shares.values[1] > 0.5
figure_of(residual_plot(found, there), page)

# %% [markdown]
# Nothing is hidden: the same numbers in plain NumPy.

# %%
print(found.recipe())

# %% [markdown]
# ## A boundary without labels
#
# Where does R(T) of the loaded palladium film change, at every field? The sample's own transitions lie at
# 7.2 K sqrt(1 - H / 9000 Oe).

# %%
line = boundary(load_sample("palladium_hydride"), "temperature", each="magnetic_field")
for one in line.results:
    expected = 7.2 * np.sqrt(1 - one.value / 9000)
    print(f"{one.value:6.0f} Oe: {one.at:.2f} K ({one.low:.2f} to {one.high:.2f}), made with {expected:.2f} K")
