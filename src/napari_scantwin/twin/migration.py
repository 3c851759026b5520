"""``.twin`` files of older formats, converted to the present one step by step.

==========  ===================================================================================================
format      what changed
==========  ===================================================================================================
1           one ensemble of networks over coordinates whose alignment is not done that way any more
2           a blend of fitted interpolators, by the names of Python classes
3           the Gaussian process carries draws from its posterior; every twin knows the holes of its scan
4           interpolations along the slow axis carry draws of what their smoothed sweeps may be off by
5           interpolators by words of their own (``kind``) instead of class names
6           networks whose features move; the uncertainty has factors by steepness (``steepness``)
7           a surface for every branch of a scan that holds several (``branches``)
8           the uncertainty knows what lies between coarse readings (``between``, ``spacing``)
==========  ===================================================================================================

A twin of format 1 cannot be converted; its scan can.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.twin.settings import TwinSettings

__all__ = ["FORMAT", "migrated"]

#: The format that is written.
FORMAT = 8

_NOTE = "The file is of an older format, and its error bars lack what later versions add to them: train the scan again."
#: What class names of format 2 to 4 are called now.
_KINDS = {
    "FittedMesh": "aligned",
    "FittedPolynomial": "polynomial",
    "FittedKernel": "gaussian process",
    "FittedSmall": "small networks",
    "FittedLarge": "networks",
}


def migrated(about: dict, arrays: dict[str, np.ndarray]) -> tuple[dict, dict[str, np.ndarray]]:
    """The description and the arrays of a ``.twin`` file in the present format.

    Parameters
    ----------
    about
        What ``twin.json`` holds.
    arrays
        The arrays by their names in the file, without ``.npy``.

    Returns
    -------
    tuple
        Both in the present format.

    Raises
    ------
    ScanError
        Where the twin cannot be converted; the reason, as the end of a sentence.
    """
    arrays = dict(arrays)
    for version in range(int(about["format"]), FORMAT):
        about = _STEPS[version](about, arrays)
    return about, arrays


def _from_1(about: dict, arrays: dict) -> dict:
    raise ScanError("its networks need an alignment of sweeps that this version has not")


def _from_2(about: dict, arrays: dict) -> dict:
    """No draws in a Gaussian process, maybe no holes, and in the first files features described beside themselves."""
    for number, one in enumerate(about["experts"]):
        place = f"expert{number}"
        if bool(arrays.pop(f"{place}/aligned", False)):
            raise ScanError("its networks need an alignment of sweeps that this version has not")
        if f"{place}/slow" in arrays:
            arrays[f"{place}/features/scale"] = arrays.pop(f"{place}/slow")
        if one["kind"] == "FittedKernel":
            axes = arrays[f"{place}/centres"].shape[1]
            arrays[f"{place}/coefficients"] = arrays[f"{place}/coefficients"][:, None]
            arrays[f"{place}/waves"] = np.zeros((axes, 0))
            arrays[f"{place}/phases"], arrays[f"{place}/heights"] = np.zeros(0), np.zeros((0, 0))
    arrays.setdefault("uncertainty/nearest", np.zeros_like(arrays["uncertainty/slope"]))
    known = {field.name for field in fields(TwinSettings)}
    settings = {name: value for name, value in about["settings"].items() if name in known}
    return {**about, "settings": settings, "format": 3}


def _from_3(about: dict, arrays: dict) -> dict:
    """No draws of errors in interpolations along the slow axis."""
    for number, one in enumerate(about["experts"]):
        if one["kind"] == "FittedMesh":
            arrays[f"expert{number}/errors"] = np.zeros((0, *arrays[f"expert{number}/values"].shape))
    return {**about, "notes": [*about.get("notes", ()), _NOTE], "format": 4}


def _from_4(about: dict, arrays: dict) -> dict:
    """Class names instead of kinds."""
    about = dict(about)
    # A name this version does not know stays, and is refused as any unknown kind is.
    about["interpolators"] = [{**one, "kind": _KINDS.get(one["kind"], one["kind"])} for one in about.pop("experts")]
    for name in [name for name in arrays if name.startswith("expert")]:
        arrays[f"interpolator{name.removeprefix('expert')}"] = arrays.pop(name)
    about["trials"] = [
        {"interpolator" if key == "expert" else key: value for key, value in trial.items()}
        for trial in about.get("trials", ())
    ]
    return {**about, "format": 5}


def _from_5(about: dict, arrays: dict) -> dict:
    """One factor for all of the scan, however steep, and less of the interpolators' disagreement."""
    arrays["uncertainty/factor"] = np.atleast_1d(arrays["uncertainty/factor"])
    arrays["uncertainty/steepness"], arrays["uncertainty/least"] = np.ones(1), np.array(0.5)
    return {**about, "format": 6}


def _from_6(about: dict, arrays: dict) -> dict:
    """One surface for all of the scan."""
    return {**about, "branch": "", "branches": [], "format": 7}


def _from_7(about: dict, arrays: dict) -> dict:
    """Nothing was known of what lies between readings."""
    for slope in [name for name in arrays if name.endswith("uncertainty/slope")]:
        place = slope.removesuffix("slope")
        arrays[f"{place}between"] = np.zeros_like(arrays[slope])
        arrays[f"{place}spacing"] = np.ones_like(arrays[slope])
    return {**about, "format": 8}


_STEPS = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4, 5: _from_5, 6: _from_6, 7: _from_7}
