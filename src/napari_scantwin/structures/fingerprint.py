"""The diffraction picture of a cluster of atoms, after Ziletti et al., Nat. Commun. 9, 2775 (2018).

A plane wave falls on the cluster along z; the detector sees ``|sum_k exp(2 pi i s . r_k)|^2`` with ``s`` on Ewald's
sphere, here its paraboloid ``s_z = -lambda (s_x^2 + s_y^2) / 2``, whose phase is a product of one factor a column and
one a row of the detector: the sum over atoms is one product of matrices. The cluster is turned by -45 and +45 degrees
about x, y and z; the two intensities of an axis are added and make one colour of the picture (red x, green y, blue z).

The picture is of one orientation in the laboratory: it is no fingerprint of a cloud whose axes nobody knows. A turned
cluster has another picture, and a network that has learned these tells it wrong.
"""

from __future__ import annotations

import numpy as np

from napari_scantwin.structures.threads import one_thread

__all__ = ["DISTANCE", "NEAR_RING", "PIXEL", "SIZE", "WAVELENGTH", "fingerprint", "intensity", "supercell"]

#: The wavelength (m), the detector's distance (m), pixel (m) and pixels along a side.
WAVELENGTH, DISTANCE, PIXEL, SIZE = 5.0e-12, 0.1, 4.0e-4, 64
#: One nearest distance stands for this length (m), as the paper's code has it.
_UNIT = 1.0e-10
#: The ring that is seen, in pixels from the middle: the direct beam and what lies outside are masked.
NEAR_RING, _FAR_RING = 10.0, 30.0
#: Atoms of the paper's clusters.
_ATOMS = 250


def intensity(places: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """The intensity on the detector with the beam along z.

    Parameters
    ----------
    places
        Places [n, 3].
    scale
        The nearest distance, in their unit.

    Returns
    -------
    array
        [64, 64]: rows along y, columns along x.
    """
    places = np.asarray(places, float) / scale
    wavelength = WAVELENGTH / _UNIT
    s = _pixels() * PIXEL / (WAVELENGTH * DISTANCE) * _UNIT
    shift = 0.5 * wavelength * s**2

    def factor(along: np.ndarray) -> np.ndarray:
        phase = (2 * np.pi * (along[:, None] * s - places[:, 2, None] * shift)).astype(np.float32)
        found = np.empty(phase.shape, np.complex64)  # the real functions are nine times as fast as the complex one
        np.cos(phase, out=found.real)
        np.sin(phase, out=found.imag)
        return found

    with one_thread():
        amplitude = factor(places[:, 1]).T @ factor(places[:, 0])
    return np.abs(amplitude) ** 2


def _pixels() -> np.ndarray:
    """The detector's pixels from its middle [64]; the middle is a pixel's, so that no peak is split by it."""
    return np.arange(SIZE) - SIZE // 2


def fingerprint(places: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """The picture of a cluster.

    Parameters
    ----------
    places
        Places [n, 3], in the orientation they are in.
    scale
        The nearest distance, in their unit.

    Returns
    -------
    array
        [64, 64, 3], from 0 to 1: a colour an axis.
    """
    places = np.asarray(places, float)
    places = places - places.mean(axis=0)
    picture = np.stack(
        [sum(intensity(places @ _turn(axis, sign * np.pi / 4).T, scale) for sign in (-1, 1)) for axis in range(3)],
        axis=-1,
    )
    pixels = _pixels()
    distance = np.hypot(pixels[:, None], pixels[None])
    seen = (distance > NEAR_RING) & (distance < _FAR_RING)
    picture = np.where(seen[..., None], picture, 0.0)
    low, high = picture[seen].min(), picture[seen].max()
    return np.where(seen[..., None], (picture - low) / max(high - low, 1e-12), 0.0).astype(np.float32)


def _turn(axis: int, angle: float) -> np.ndarray:
    """A turn about x, y or z."""
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[one, one] = matrix[other, other] = np.cos(angle)
    matrix[one, other], matrix[other, one] = -np.sin(angle), np.sin(angle)
    return matrix


def supercell(lattice: np.ndarray, places: np.ndarray, atoms: int = _ATOMS) -> np.ndarray:
    """A crystal's cell, a along x and b in the plane of x and y, repeated to about so many atoms.

    Parameters
    ----------
    lattice, places
        Lattice vectors as rows [3, 3] and fractional places [n, 3].
    atoms
        How many atoms there are to be.

    Returns
    -------
    array
        Places [about atoms, 3].
    """
    lattice = _standing(np.asarray(lattice, float))
    lengths = np.linalg.norm(lattice, axis=1)
    side = (atoms / len(places) * abs(np.linalg.det(lattice))) ** (1 / 3)
    times = np.maximum(np.round(side / lengths).astype(int), 1)
    steps = np.stack(np.meshgrid(*map(np.arange, times), indexing="ij"), axis=-1).reshape(-1, 3)
    return (steps[:, None] + np.asarray(places)[None]).reshape(-1, 3) @ lattice


def _standing(lattice: np.ndarray) -> np.ndarray:
    """The lattice turned so that a lies along x and b in the plane of x and y."""
    a, b, c = np.linalg.norm(lattice, axis=1)
    cos_alpha, cos_beta, cos_gamma = (
        float(lattice[i] @ lattice[j]) / (np.linalg.norm(lattice[i]) * np.linalg.norm(lattice[j]))
        for i, j in ((1, 2), (0, 2), (0, 1))
    )
    sin_gamma = np.sqrt(1 - cos_gamma**2)
    x = c * cos_beta
    y = c * (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    return np.array([[a, 0, 0], [b * cos_gamma, b * sin_gamma, 0], [x, y, np.sqrt(c**2 - x**2 - y**2)]])
