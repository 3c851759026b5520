"""From heat capacity, susceptibility and magnetization to an ion's crystal field."""

from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.solution import Answer, Nuisance, Solution

__all__ = ["Answer", "IonCurve", "Nuisance", "Solution"]
