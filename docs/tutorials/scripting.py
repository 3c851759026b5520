# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Scripting and clusters
#
# Everything the window does is to be had without one: by the command `scantwin`, from Python, and on machines that
# have no screen.

# %% [markdown]
# ## From the command line
#
# What a file holds, a twin of it, its score, and a map. `--json` gives the same to other programs.

# %% language="bash"
# cp "$(python -c 'from napari_scantwin.samples import sample_path; print(sample_path("palladium_hydride"))')" film.csv
# scantwin info film.csv
# scantwin train film.csv -o film.twin
# scantwin simulate film.twin --temperature 2:8:0.05 --magnetic-field 0:7000:50 -o film.nc
# scantwin analyse critical-field film.twin --model two-fluid | sed -n 1,8p

# %% [markdown]
# ## The same steps over many files
#
# A recipe says what is done, and a batch does it to file after file: a table of what came out, with the sentence of
# whatever could not be used ([more](../batch.md)). A session saved in the window is a recipe too.

# %%
# %matplotlib inline
from pathlib import Path

import pandas as pd

import napari_scantwin as scantwin
from napari_scantwin.recipes import AnalysisRun, Recipe, batch

Path("broken.csv").write_text("T (K),H (Oe),R (ohm)\n2.0,0,nothing\n")

recipe = Recipe(None, analyses=[AnalysisRun("critical_field", {"model": "two-fluid"})])
rows = batch(recipe, sorted(Path().glob("*.csv")), "results")
pd.read_csv("results/results.csv", comment="#").T

# %% [markdown]
# ## Steps that were recorded

# %%
from napari_scantwin.processing import apply, describe, history, replay

dense = scantwin.read("film.nc")
smooth = apply(apply(dense, "crop", axis="temperature", start="2.5 K"), "smooth", axis="temperature", fwhm="100 mK")
print([describe(entry) for entry in history(smooth)])
again = replay(dense, history(smooth))
assert again.identical(smooth)

# %% [markdown]
# ## Maps larger than memory, on a cluster
#
# A map with the suffix `.zarr` is written part by part, and goes on where it was stopped. Here the workers are two
# processes on this machine; elsewhere give the address of your cluster's scheduler (`scantwin simulate film.twin -o
# film.zarr --scheduler tcp://host:8786`). Twins are trained where you are, which takes seconds; a cluster pays for
# maps of many points.

# %%
import numpy as np
import xarray as xr
from dask.distributed import LocalCluster

from napari_scantwin.twin import Twin
from napari_scantwin.writers import write_volume

twin = Twin.load("film.twin")
grid = {"magnetic_field": np.linspace(0, 7000, 400), "temperature": np.linspace(2, 8, 500)}
with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
    write_volume(twin, grid, "film.zarr", scheduler=cluster.scheduler_address)
with xr.open_zarr("film.zarr") as volume:
    print(dict(volume.sizes), list(volume.variables))

# %% [markdown]
# ## A script from the window
#
# *Copy as Python* in the window's menu gives a script that reproduces what is on screen from the file on. It is made
# of the calls of this page and of the other tutorials, and can be run on a machine without a screen.
