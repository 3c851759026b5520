# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Planning a beam time
#
# Four sweeps are measured, four hours are left: which fields next, and when is it enough? Here the "instrument" is a
# sample of eight sweeps of which four are kept back, so that what was proposed can be measured.

# %%
# %matplotlib inline
from pathlib import Path

import numpy as np
import xarray as xr

import napari_scantwin as scantwin
from napari_scantwin.core.training_mask import train_on, values_of
from napari_scantwin.figures import PaperStyle, figure_of
from napari_scantwin.operations.findings import COLORS, Curve, Plot
from napari_scantwin.planning import PeakEntropyChange, TimeModel, check_steps, plan_sweeps, write_plan
from napari_scantwin.samples import sample_path, truth_path

page = PaperStyle(width=150, font_size=9)
whole = scantwin.read(sample_path("ferromagnet"))
fields = np.asarray(values_of(whole, "magnetic_field"))
print("fields that can be measured (Oe):", fields.round())

# %% [markdown]
# ## What four sweeps tell

# %%
begun = train_on(whole, among=fields[[0, 3, 5, 7]])
twin = scantwin.train(begun, score_baselines=False)
print(twin.verdict)

# %% [markdown]
# ## Which sweeps next
#
# The curve is the share of the map's squared error that one further sweep is expected to take away ([the law behind
# it](../planning.md#which-sweep-next)). A time model ranks by the minute, and a budget ends the list.

# %%
model = TimeModel.of(begun, point="12 s", slow_rate="100 Oe/s", start=50_000.0)
plan = plan_sweeps(twin, cost=model, budget=240)
for one in plan.proposals:
    print(f"{one.value:8.0f} {one.unit}   takes away {one.gain:.3g}")
print(f"measure in the order {plan.order}, {plan.minutes:.0f} minutes: {plan.reason}")

# %%
curve = Curve(plan.candidates, plan.gains, None, COLORS[6], "line")
figure_of(Plot([curve], "Magnetic field (Oe)", "Expected gain (per minute)"), page)

# %% [markdown]
# ## Take the list to the instrument
#
# As text, as CSV, or as a MultiVu sequence, in which a remark stands where the command that measures goes.

# %%
write_plan("next.seq", plan, begun, model)
print("".join(Path("next.seq").read_text().splitlines(keepends=True)[:7]), "...")

# %% [markdown]
# ## Measure two of those kept back, and look again
#
# Only fields at which the sample has a sweep can be had here, so they are proposed among these.

# %%
left = [field for field in fields if field not in fields[[0, 3, 5, 7]]]
proposed = [one.value for one in plan_sweeps(twin, 2, among=left).proposals]
print("measured next (Oe):", [round(field) for field in proposed])
further = scantwin.train(train_on(whole, among=[*fields[[0, 3, 5, 7]], *proposed]), score_baselines=False)

truth = xr.load_dataarray(truth_path("ferromagnet"))
grid = {name: truth[name].values for name in ("magnetic_field", "temperature")}
for name, one in (("four sweeps", twin), ("six sweeps", further)):
    simulated = one.simulate(grid)
    inside = ~simulated["extrapolated"].values
    off = float(np.sqrt(np.mean((simulated - truth).values[inside] ** 2)))
    said = float(np.sqrt(np.mean(simulated["standard_error"].values[inside] ** 2)))
    print(f"{name}: off the truth by {off:.2g} emu, expected {said:.2g} emu")

# %% [markdown]
# ## Is the step fine enough?
#
# The peak entropy change, read from the twin's map at ever finer steps of the field.

# %%
check = check_steps(further, PeakEntropyChange(), tolerance=0.5)
print(check.verdict)
