"""Cloud of atoms to crystal structures: what the whole of it is, and the neighbourhood of every atom, with its doubt.

::

    from napari_scantwin import read
    from napari_scantwin.structures import map_scan, recogniser, structure_map

    cloud = read("grains.xyz")
    found = structure_map(cloud, recogniser())
    map_scan(cloud, found)  # a scan again: class, probabilities and doubts of every atom
"""

from __future__ import annotations

from napari_scantwin.structures.maps import StructureMap, Whole, map_scan, structure_map, whole_cloud
from napari_scantwin.structures.own import own_classes
from napari_scantwin.structures.recognise import ClassAnswer, Recogniser, Settings, recogniser

__all__ = [
    "ClassAnswer",
    "Recogniser",
    "Settings",
    "StructureMap",
    "Whole",
    "map_scan",
    "own_classes",
    "recogniser",
    "structure_map",
    "whole_cloud",
]
