# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Crystal field
#
# Heat capacity, susceptibility and magnetization of a compound with one rare-earth ion, from files to the ion's levels:
# how many answers there are, and which measurement would decide. The files are those of KErSe2 (Er3+ at a trigonal
# site, [arXiv 2001.03175](https://arxiv.org/abs/2001.03175)) where they lie beside this notebook; otherwise files of
# the same layout are made from its published parameters, with noise.

# %%
# %matplotlib inline
from pathlib import Path

import numpy as np

from napari_scantwin.crystal_field import IonCurve, find, ion, simulated, site, which_measurement
from napari_scantwin.crystal_field.given import predicted
from napari_scantwin.crystal_field.measured.data import curves_in
from napari_scantwin.crystal_field.measured.lattice import DebyeEinstein
from napari_scantwin.crystal_field.measured.problem import LatticeChoice, Problem, with_levels
from napari_scantwin.crystal_field.measured.settings import apply, used_by_default
from napari_scantwin.crystal_field.pictures import Modelled, curve_plots, level_plot, modelled
from napari_scantwin.crystal_field.report import answer_text, solution_text
from napari_scantwin.figures import PaperStyle, figure_of
from napari_scantwin.figures.of_scan import as_map

page = PaperStyle(width=150, font_size=9)
names = {kind: Path(f"kerse2_{kind}.dat") for kind in ("HC", "MT", "mh")}

# %% [markdown]
# ## The files
#
# Two tables side by side, a temperature and a heat capacity each, that of the sample and that of its lattice; three
# susceptibilities; magnetizations at two temperatures. The parameters in the next cell are those published, in K.

# %%
PUBLISHED = 11.604518 * np.array([-2.773e-2, -3.987e-4, -1.416e-2, 3.152e-6, -7.616e-6, 3.275e-5])


def made(kind, direction, x, **held):
    """What the published parameters give, with 3 % of noise."""
    bare = IonCurve(kind, direction, x, np.ones_like(x), np.ones_like(x), **held)
    noise = 1 + 0.03 * np.random.default_rng(len(x)).normal(size=len(x))
    return predicted(ion("Er3+"), site("D3d"), PUBLISHED, bare) * noise


def write(path, head, *columns):
    """A table with pairs of columns, the shorter ones filled up."""
    longest = max(map(len, columns))
    rows = ["\t".join(f"{c[k]:.8g}" if k < len(c) else "--" for c in columns) for k in range(longest)]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


if not all(path.exists() for path in names.values()):
    t, lattice = np.geomspace(2, 150, 50), DebyeEinstein(118.0, 191.0, 0.75, atoms=4)
    heat = 8314.46 * (made("heat_capacity", "powder", t) + lattice(t))
    write(names["HC"], "\t0 T KErSe2\t\t0 T KLuSe2", t, heat, t[::2], 8314.46 * lattice(t[::2]))
    t = np.geomspace(4, 300, 45)
    chi = [0.558494 * made("susceptibility", axis, t) for axis in "ac"]
    write(names["MT"], "\temu/mol Oe\t\t\n\tChi H//ab\t\tChi H//c", t, chi[0], t, chi[1])
    h = np.linspace(0.1, 7, 20)
    moments = [made("magnetization", axis, h, temperature=at) for axis in "ac" for at in (10.0, 50.0)]
    heads = [f"{at:g}K H//{axis}" for axis in ("ab", "c") for at in (10, 50)]
    write(names["mh"], "\t" + "\t\t".join(heads), *(part for m in moments for part in (1e4 * h, m)))

measured = [curve for path in names.values() for curve in curves_in(path)]
for one in measured:
    print(f"{one.title:32} {one.kind} along {one.direction}, {len(one.y)} readings, missing: {one.missing}")

# %% [markdown]
# ## What the files do not say
#
# The unit of the heat capacity and those of M(H) stand nowhere in the files, so they are said here. The heat capacity
# is used from 2 to 60 K, where the lattice leaves something to see, and of the magnetizations those at 10 and 50 K,
# above everything that neighbours do to each other.

# %%
curves = used_by_default(measured)
for words in (
    "HC: unit=mJ/mol/K, from=2, to=60",
    "mh: unit=µB/ion, x-unit=Oe, use=no",
    "10K: use=yes",
    "50K: use=yes",
):
    curves = apply(curves, words)
analogue = next(one.measured for one in curves if one.measured.is_lattice)
problem = Problem(tuple(curves), "Er3+", "D3d", LatticeChoice("analogue", analogue))
prepared = problem.prepare()
print(*prepared.gathered, sep="\n")

# %% [markdown]
# ## Find
#
# A table of simulated curves for this J and symmetry is made once and kept; its nearest entries are refined by least
# squares, together with a scale for each crystal and probe and a molecular field for each axis. The answer is a list.
# What these curves cannot tell is said before anything is fitted.

# %%
answer = find(prepared.curves, problem.ion, problem.site, advice=problem.advice(prepared), on_advice=print)
print(answer_text(answer))

# %%
plots = curve_plots(prepared.curves, [Modelled(modelled(one, prepared.curves)) for one in answer.solutions[:1]])
figure_of(plots["C(T)"], page)

# %%
figure_of(plots["χT"], page)

# %%
figure_of(level_plot(answer.solutions), page)

# %% [markdown]
# ## Which measurement would tell them apart
#
# Every solution predicts a menu of measurements; far apart in all of the first is what should be measured.

# %%
if len(answer.solutions) > 1:
    for one in which_measurement(answer.solutions)[:5]:
        print(f"{one.label:45} {min(one.score, 100):6.1f}")

# %% [markdown]
# ## Add what neutrons saw
#
# Four level energies as further data: one line.

# %%
known = with_levels(problem, [0.915, 3.504, 5.154, 5.558], "meV").prepare()
settled = find(known.curves, problem.ion, problem.site)
print(len(settled.solutions), "solution(s)")
print(solution_text(settled.solutions[0]))

# %% [markdown]
# ## A solution is a twin
#
# Dense maps as ordinary scans, for cuts, analyses and files: here the entropy that a field along a takes out.

# %%
change = simulated(settled.solutions[0], "entropy_change", np.arange(2, 41, 1.0), np.arange(0, 7.1, 0.25), "a")
figure_of(as_map(change), page)
