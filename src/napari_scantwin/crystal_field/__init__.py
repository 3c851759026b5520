"""From heat capacity, susceptibility and magnetization to an ion's crystal field."""

from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.distinction import Distinction, which_measurement
from napari_scantwin.crystal_field.ions import IONS, Ion, ion
from napari_scantwin.crystal_field.model import Priors
from napari_scantwin.crystal_field.search import find
from napari_scantwin.crystal_field.simulate import simulated
from napari_scantwin.crystal_field.sites import SITES, Site, site
from napari_scantwin.crystal_field.solution import Answer, Nuisance, Solution

__all__ = [
    "IONS",
    "SITES",
    "Answer",
    "Distinction",
    "Ion",
    "IonCurve",
    "Nuisance",
    "Priors",
    "Site",
    "Solution",
    "find",
    "ion",
    "simulated",
    "site",
    "which_measurement",
]
