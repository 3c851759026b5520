# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Crystal structures from positions
#
# Two grains of a metal, a third of the atoms missing and all of them moved, as a tomograph might see them: which atom
# belongs to what? The cloud is made here from stated crystals, so that every answer can be checked.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt
import numpy as np

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.structures import map_scan, recogniser, structure_map, whole_cloud
from napari_scantwin.structures.prototypes import PROTOTYPES, block, displaced, turned, with_vacancies
from napari_scantwin.structures.recognise import Settings
from napari_scantwin.structures.training import WindowRecipe

random = np.random.default_rng(1)
by_name = {one.label: one for one in PROTOTYPES}

# %% [markdown]
# ## A cloud of two grains
#
# Face-centred cubic on the left, diamond on the right, each in an orientation of its own.

# %%
left = turned(block(*by_name["fcc"].scaled_cell(), 8.0), random)
right = turned(block(*by_name["diamond"].scaled_cell(), 9.0), random)
places = np.concatenate([left[left[:, 0] < -0.4], right[right[:, 0] > 0.4]])
places = displaced(with_vacancies(places, 0.33, random), 0.05, random)
cloud = cloud_scan(2.5 * places, "angstrom", np.ones(len(places)), name="atom_type")
print(cloud.sizes["point"], "atoms left")

# %% [markdown]
# ## The recogniser
#
# It is made once and kept. The small one of this page learns from fewer windows, to be made in a minute;
# `recogniser()` alone makes the whole one.

# %%
known = recogniser(Settings(recipe=WindowRecipe(blocks=300), members=4, steps=800))
for confidence, right_share, count in known.calibration:
    if count:
        print(f"told with {confidence:.2f}: right {right_share:.2f} of {int(count)} windows kept from learning")

# %% [markdown]
# ## As one crystal, and about every atom
#
# Two grains are no crystal; asked as one, the answer is worth nothing. The map looks at the 150 nearest atoms of each.

# %%
whole = whole_cloud(cloud, known)
print("as one crystal:", whole.answer.names()[0], f"with probability {whole.answer.confidence[0]:.2f}")
found = structure_map(cloud, known)
truth = np.where(cloud["x"].values < 0, "fcc", "diamond")
told = np.array(found.answer.names())
deep = np.abs(cloud["x"].values) > 8
print(f"right, away from the boundary: {(told == truth)[deep].mean():.2f}")

# %%
made = map_scan(cloud, found)
figure = plt.figure(figsize=(9, 4))
for number, (name, values) in enumerate({"class": made.values, "entropy": made["entropy"].values}.items(), 1):
    axes = figure.add_subplot(1, 2, number, projection="3d")
    drawn = axes.scatter(*(made[axis] for axis in "xyz"), c=values, s=6, cmap="tab10" if number == 1 else "viridis")
    axes.set(title=name, xlabel="x (Å)", ylabel="y (Å)", zlabel="z (Å)")
    figure.colorbar(drawn, shrink=0.6)
print(made.attrs["classes"])

# %% [markdown]
# ## Only what is sure
#
# The doubt is where it belongs: at the boundary and at the surface.

# %%
sure = found.answer.entropy < 0.2
print(f"{sure.mean():.0%} of the atoms are sure; right among them: {(told == truth)[sure].mean():.2f}")
print(
    f"mean entropy at the surface {found.answer.entropy[found.surface].mean():.2f}, "
    f"inside {found.answer.entropy[~found.surface].mean():.2f}"
)
