# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Hydrogen and transport
#
# R(T) of a hydrogen-loaded palladium film at seven fields, ragged and noisy: where does it become superconducting at
# every field, and what is its upper critical field? The sample was made with Hc2(T) = 9000 Oe (1 - (T/7.2 K)²)
# ([sample scans](../../sample_data/README.md)).

# %%
# %matplotlib inline
import numpy as np
import pandas as pd
import xarray as xr

import napari_scantwin as scantwin
from napari_scantwin.figures import PaperStyle, figure_of
from napari_scantwin.figures.of_scan import as_curves, as_map
from napari_scantwin.samples import sample_path

page = PaperStyle(width=150, font_size=9)

# %% [markdown]
# ## Open
#
# This table names its columns and their units. One that does not is told: `scantwin.read("scan.csv",
# axes=["H=magnetic_field[Oe]", "T=temperature[K]"], value="R=resistance[ohm]")`.

# %%
scan = scantwin.read(sample_path("palladium_hydride"))
figure_of(as_curves(scan), page)

# %% [markdown]
# ## Train and see the map

# %%
twin = scantwin.train(scan)
print(twin.verdict)
for remark in twin.remarks:
    print("-", remark)

# %%
dense = twin.simulate()
figure_of(as_map(dense, points=scan), page)

# %% [markdown]
# ## Transitions
#
# Of every sweep by all criteria, and of the twin at every field ([what the criteria
# mean](../physics/transitions.md)). A sweep without a transition in its range is an answer, not an error.

# %%
found = scantwin.analyse("transitions", twin, criterion="50 %")
figure_of(next(iter(found.plots.values())), page)

# %%
table = next(iter(found.tables.values()))
print(pd.DataFrame(table.rows, columns=table.heads).iloc[:7, :6].to_string(index=False, float_format="%.4g"))

# %% [markdown]
# ## Critical field
#
# The boundary was made with the two-fluid law, 9000 Oe being 0.9 T.

# %%
found = scantwin.analyse("critical_field", twin, model="two-fluid")
for label, value in found.figures:
    print(f"{label}: {value}")
figure_of(next(iter(found.plots.values())), page)

# %% [markdown]
# ## Hydrogen content
#
# H/Pd follows from R/R0 by a calibration curve that you bring ([why none is built in](../physics/hydrogen.md)). The
# curve and the loading here are made up for this page: a resistance that rises to a maximum and falls again, read
# while a sample is loaded for ten hours.

# %%
from napari_scantwin.physics.calibration import Calibration
from napari_scantwin.physics.hydrogen import hydrogen_content


def relative(content):
    """R/R0 of the made-up curve: one maximum, at H/Pd = 0.7."""
    return 1 + 0.8 * (1 - (1 - content / 0.7) ** 2)


content = np.linspace(0, 1, 51)
curve = Calibration(content, relative(content), source="made up for this page", errors=0.002)
hours = np.linspace(0, 10, 60)
loading = xr.DataArray(
    12.3 * relative(0.65 * (1 - np.exp(-hours / 3))),
    dims="time",
    coords={"time": ("time", hours, {"units": "h", "long_name": "Time"})},
    name="resistance",
    attrs={"units": "mohm", "long_name": "Resistance"},
)
loaded = hydrogen_content(loading, curve, unloaded="12.30 ± 0.02 mohm", branch="rising")
figure_of(as_curves(loaded), page)
