"""The structure of a cloud: of the whole of it, and about every atom as a map.

The window of an atom is its 150 nearest atoms, itself included. Sums over pairs are worked out once an atom and
summed over the windows by a sparse product; scales are told region by region, since grains of one polycrystal need
not have the same nearest distance. A large cloud is gone through in blocks of neighbours, so that memory stays the
same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import Cancelled
from napari_scantwin.core.notes import with_notes
from napari_scantwin.structures.cloud import Cloud, atoms_of, with_images
from napari_scantwin.structures.invariant import (
    CUTOFF,
    FEATURES,
    coefficients,
    descriptors,
    nearest_distance,
    whole_descriptor,
)
from napari_scantwin.structures.recognise import UNLIKE, ClassAnswer, Recogniser

__all__ = ["WINDOW", "StructureMap", "Whole", "local_scales", "map_scan", "structure_map", "whole_cloud"]

#: Atoms of a window.
WINDOW = 150
#: Clouds of more atoms than this are mapped at every so-manieth atom unless all are asked for.
MANY = 1_000_000
#: Atoms worked on at once, and windows summed at once.
_BLOCK, _ROWS = 12_000, 400
#: Atoms by which a region's scale is told, how many atoms have one such region, and what counts as one scale.
_REGION, _APART, _ALIKE = 250, 60, 0.015
#: The part of the time that scales take.
_SCALES = 0.08
#: How far the middle of a window's atoms may lie off its own, in its radii: at a flat surface by 3/8.
_OFF = 0.25


@dataclass(frozen=True)
class Whole:
    """The structure of a whole cloud as one window.

    Parameters
    ----------
    answer
        Of one window.
    scale
        The nearest distance, in the unit of the cloud.
    atoms
        How many atoms were looked at.
    notes
        Sentences.
    """

    answer: ClassAnswer
    scale: float
    atoms: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class StructureMap:
    """The structure about the atoms of a cloud.

    Parameters
    ----------
    rows
        The number in the scan of each atom that was asked about [n].
    answer
        Of its window.
    scale
        The nearest distance about it [n].
    reach
        The radius of its window [n].
    surface
        Whether its window is one-sided: it lies at a surface [n].
    notes
        Sentences.
    """

    rows: np.ndarray
    answer: ClassAnswer
    scale: np.ndarray
    reach: np.ndarray
    surface: np.ndarray
    notes: tuple[str, ...]


def whole_cloud(
    scan: xr.DataArray,
    recogniser: Recogniser,
    *,
    merged: bool = True,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Whole:
    """Tell the structure of a whole cloud, as of one crystal; of several grains it is none of theirs.

    Parameters
    ----------
    scan
        The cloud.
    recogniser
        What tells.
    merged
        Whether hexagonal and rhombohedral are one class.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    on_progress
        Called with the fraction done.

    Returns
    -------
    Whole
        One answer.

    Raises
    ------
    ScanError
        Where the cloud does not do (:func:`~napari_scantwin.structures.cloud.atoms_of`).
    """
    cloud = atoms_of(scan)
    scale = nearest_distance(cloud.places)
    found = whole_descriptor(cloud.places, scale, stop=stop, on_progress=on_progress)
    return Whole(recogniser.tell(found, merged=merged), scale, cloud.own, cloud.notes)


def local_scales(
    places: np.ndarray,
    *,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """The nearest distance about every atom [n]: of regions of 250 atoms, those that differ by less than 3 % together
    as one."""
    from scipy.spatial import cKDTree

    if len(places) <= 2 * _REGION:
        return np.full(len(places), nearest_distance(places))
    tree = cKDTree(places)
    middles = _spread(tree, len(places) // _APART)
    found = np.empty(len(middles))
    for number, atoms in enumerate(tree.query(places[middles], _REGION)[1]):
        if stop is not None and stop.is_set():
            raise Cancelled
        found[number] = nearest_distance(places[atoms])
        if on_progress is not None:
            on_progress((number + 1) / len(middles))
    return _alike(found)[cKDTree(places[middles]).query(places)[1]]


def _spread(tree, count: int) -> np.ndarray:
    """Numbers of atoms spread evenly over a cloud: every so-manieth in an order that keeps neighbours together."""
    order = np.asarray(tree.indices)
    return order[np.linspace(0, len(order) - 1, max(count, 1)).astype(int)]


def _alike(values: np.ndarray) -> np.ndarray:
    """Values with each group of those alike as its median: the most frequent one first."""
    logarithms, result = np.log(values), values.astype(float).copy()
    left = np.ones(len(values), bool)
    while left.any():
        ordered = np.sort(logarithms[left])
        ends = np.searchsorted(ordered, ordered + 2 * _ALIKE, side="right")
        best = int(np.argmax(ends - np.arange(len(ordered))))
        low, high = ordered[best], ordered[ends[best] - 1]
        group = left & (logarithms >= low) & (logarithms <= high)
        result[group] = np.median(values[group])
        left &= ~group
    return result


def structure_map(
    scan: xr.DataArray,
    recogniser: Recogniser,
    *,
    window: int = WINDOW,
    every: int | None = None,
    merged: bool = True,
    stop: threading.Event | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> StructureMap:
    """Tell the structure about every atom.

    Parameters
    ----------
    scan
        The cloud.
    recogniser
        What tells.
    window
        Atoms of a window, 40 or more; of a smaller cloud all.
    every
        Only every so-manieth atom is asked about; by default every one of up to a million atoms.
    merged
        Whether hexagonal and rhombohedral are one class.
    stop
        Setting it raises :class:`~napari_scantwin.core.errors.Cancelled`.
    on_progress
        Called with the fraction done.

    Returns
    -------
    StructureMap
        In the order of the atoms.

    Raises
    ------
    ScanError
        Where the cloud does not do (:func:`~napari_scantwin.structures.cloud.atoms_of`).
    """
    cloud = atoms_of(scan)
    every = every or max(1, -(-cloud.own // MANY))
    notes = list(cloud.notes)
    if every > 1:
        notes.append(f"every {every}th of {cloud.own} atoms was asked about")
    _look(stop)
    cloud = with_images(cloud, scan, nearest_distance(cloud.places) * (CUTOFF + (window / 2) ** (1 / 3)))
    window = min(window, len(cloud.places))
    asked = np.arange(0, cloud.own, every)
    _look(stop)
    features, scale, reach, off = _described(cloud, asked, window, stop, on_progress)
    return StructureMap(
        cloud.rows[asked], recogniser.tell(features, merged=merged), scale, reach, off > _OFF, tuple(notes)
    )


def _look(stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Cancelled


def _described(cloud: Cloud, asked: np.ndarray, window: int, stop, on_progress):
    """The descriptors of the windows of some atoms [n, 132], their scales, radii and how one-sided they are [n]."""
    from scipy.spatial import cKDTree

    tree = cKDTree(cloud.places)
    tell = None if on_progress is None else _within(on_progress, 0.0, _SCALES)
    scales = local_scales(cloud.places, stop=stop, on_progress=tell)[asked]
    features = np.zeros((len(asked), FEATURES), np.float32)
    reach, off, done = np.zeros(len(asked)), np.zeros(len(asked)), 0
    place_in_order = np.empty(len(cloud.places), np.int64)
    place_in_order[np.asarray(tree.indices)] = np.arange(len(cloud.places))
    for scale in np.unique(scales):
        mine = np.flatnonzero(scales == scale)
        mine = mine[np.argsort(place_in_order[asked[mine]], kind="stable")]
        for part in _parts(mine, max(1, _BLOCK * len(asked) // max(len(cloud.places), 1))):
            distances, near = tree.query(cloud.places[asked[part]], window)
            reach[part] = distances[:, -1]
            middle = cloud.places[near].mean(axis=1) - cloud.places[asked[part]]
            off[part] = np.linalg.norm(middle, axis=1) / np.maximum(reach[part], 1e-9)
            begun, share = _SCALES + (1 - _SCALES) * done / len(asked), (1 - _SCALES) * len(part) / len(asked)
            tell = None if on_progress is None else _within(on_progress, begun, share)
            features[part] = _of_block(cloud.places, near, float(scale), reach[part], stop, tell)
            done += len(part)
    return features, scales, reach, off


def _within(on_progress, begun: float, share: float) -> Callable[[float], None]:
    """Progress of a part of the work as that of the whole."""
    return lambda fraction: on_progress(begun + fraction * share)


def _parts(numbers: np.ndarray, size: int) -> Iterator[np.ndarray]:
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _of_block(places, near, scale: float, reach, stop, on_progress) -> np.ndarray:
    """The descriptors of the windows of one block of atoms, which have the atoms ``near`` [windows, atoms]."""
    from scipy.sparse import csr_matrix

    needed, inside = np.unique(near, return_inverse=True)
    inside = inside.reshape(near.shape)
    # Pairs reach a little beyond the atoms whose sums are wanted; the rest of a large cloud is not looked at.
    low, high = places[needed].min(axis=0) - CUTOFF * scale, places[needed].max(axis=0) + CUTOFF * scale
    around = np.flatnonzero(((places >= low) & (places <= high)).all(axis=1))
    found = coefficients(places[around], scale, np.searchsorted(around, needed), stop=stop, on_progress=on_progress)
    result = np.empty((len(near), FEATURES), np.float32)
    for start in range(0, len(near), _ROWS):
        rows = inside[start : start + _ROWS]
        ones = np.ones(rows.size, np.float32)
        windows = csr_matrix((ones, rows.ravel(), np.arange(0, rows.size + 1, rows.shape[1])), (len(rows), len(needed)))
        result[start : start + _ROWS] = descriptors(found, windows, reach[start : start + _ROWS] / scale)
    return result


def map_scan(scan: xr.DataArray, found: StructureMap) -> xr.DataArray:
    """A structure map as a scan: the cloud of the atoms that were asked about, with the class as its value.

    The value is the number of the class in ``attrs["classes"]``, -1 for what is unlike anything known. Further
    coordinates: ``class`` in words, ``probability``, ``entropy``, ``mutual_information``, ``surface``, and
    ``p_CLASS`` for every class.

    Parameters
    ----------
    scan
        The cloud.
    found
        Its map.

    Returns
    -------
    xarray.DataArray
        A cloud, which is cut, exported and kept as any scan is.
    """
    answer, point = found.answer, scans.POINT
    part = scan.isel({point: found.rows})
    coords = {
        "class": (point, np.array(answer.names())),
        "probability": (point, answer.confidence, {"long_name": "probability of the class", "units": ""}),
        "entropy": (point, answer.entropy, {"long_name": "entropy over its greatest value", "units": ""}),
        "mutual_information": (point, answer.mutual_information, {"long_name": "mutual information", "units": ""}),
        "surface": (point, found.surface),
    }
    coords |= {
        f"p_{label.replace('/', '_')}": (point, answer.probabilities[:, number], {"units": ""})
        for number, label in enumerate(answer.labels)
    }
    attrs = with_notes(part.attrs, *found.notes)
    attrs |= {
        "units": "",
        "long_name": "structure class",
        "classes": "; ".join(f"{number}={label}" for number, label in enumerate(answer.labels)) + f"; -1={UNLIKE}",
        "kind": "derived",
    }
    kept = {name: one for name, one in part.coords.items() if name in (*scans.axes(scan), "species", "sweep", "masked")}
    values = xr.DataArray(answer.classes.astype(float), kept, (point,), "structure_class", attrs)
    return values.assign_coords(coords)


def only(found: StructureMap, chosen: np.ndarray) -> StructureMap:
    """Some atoms of a map [n flags]."""
    answer = found.answer
    part = ClassAnswer(
        answer.labels,
        answer.probabilities[chosen],
        answer.entropy[chosen],
        answer.mutual_information[chosen],
        answer.strangeness[chosen],
    )
    return replace(
        found,
        rows=found.rows[chosen],
        answer=part,
        scale=found.scale[chosen],
        reach=found.reach[chosen],
        surface=found.surface[chosen],
    )
