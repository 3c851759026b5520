"""What is to be known of curves before anything is fitted to them: what they cannot tell, and what is wrong with them.

Each sentence says what was seen and what would mend it. None stops a fit: what makes one impossible is an error where
the curve is made (:mod:`~napari_scantwin.crystal_field.measured.per_ion`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.crystal_field.constants import CHI_EMU_PER_MOL, MU_B
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.measured.ordering import Ordering, ordering_in
from napari_scantwin.crystal_field.observables import curie_constant
from napari_scantwin.crystal_field.sites import Site

__all__ = ["Advice", "advice_on"]

#: Zeeman over thermal energy above which a susceptibility is not that of small fields.
_LINEAR = 0.05
#: Above this temperature (K) χT is near Curie's constant but for splittings that few compounds have.
_HOT, _OFF_CURIE = 150.0, 0.3
#: How much a moment may exceed saturation by errors of mass and background.
_OVER = 1.15
#: What a heat capacity of levels alone never does: rise at its warm end beyond so many k_B.
_LATTICE = 1.5
#: A powder's susceptibility is the mean of the three directions; farther off it is another sample or axis.
_SAME_MEAN = 0.15
#: How far below the slope of M(H) a susceptibility of small fields may lie.
_SLOPES = 0.08


@dataclass(frozen=True)
class Advice:
    """Sentences about curves.

    Parameters
    ----------
    warnings
        What is wrong or doubtful.
    hints
        What the curves cannot tell, and what would.
    """

    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, warnings first."""
        return (*self.warnings, *self.hints)


def advice_on(curves: Sequence[IonCurve], ion: Ion, site: Site, orderings: Sequence[Ordering | None] = ()) -> Advice:
    """What is to be known of curves before a fit.

    Parameters
    ----------
    curves
        The curves per ion that will be used.
    ion, site
        The ion, and its site symmetry.
    orderings
        What :func:`~napari_scantwin.crystal_field.measured.ordering.ordering_in` found in each curve, in the same
        order; by default it is asked of the curves as they are.

    Returns
    -------
    Advice
        Warnings and hints.

    Raises
    ------
    ScanError
        Where there are no curves, or none of their readings is used.
    """
    if not curves:
        raise ScanError("no curve is used; open a heat capacity, susceptibility or magnetization, and tick it")
    used = [one.trimmed() for one in curves]
    if not any(one is not None for one in used):
        raise ScanError("no reading lies in the temperature ranges that are used; widen them")
    left = [one for one in used if one is not None]
    empty = [one.label for one, part in zip(curves, used, strict=True) if part is None]
    warnings = [ion.warning] if ion.warning else []
    warnings += [f"{label}: no reading lies in the range that is used" for label in empty]
    for one, found in zip(curves, orderings or map(ordering_in, curves), strict=True):
        if found is not None and _reaches_below(one, found.temperature):
            warnings.append(found.words)
    for one in left:
        warnings += _of_one(one, ion)
    warnings += _of_axes(left, site)
    warnings += _of_slopes(left)
    return Advice(tuple(dict.fromkeys(warnings)), tuple(_hints(left, ion, site)))


def _reaches_below(curve: IonCurve, temperature: float) -> bool:
    part = curve.trimmed()
    return part is not None and bool((part.x < temperature).any())


def _of_one(curve: IonCurve, ion: Ion) -> list[str]:
    """What is wrong with a curve of this ion."""
    name = curve.label or curve.kind.replace("_", " ")
    if curve.kind == "heat_capacity":
        return _of_heat_capacity(curve, name)
    if curve.kind == "susceptibility":
        return _of_susceptibility(curve, name, ion)
    if curve.kind == "magnetization" and curve.value.max() > _OVER * ion.saturation_moment:
        return [
            f"{name} reaches {curve.value.max():.3g} µB, more than the {ion.saturation_moment:.3g} µB at which "
            f"{ion.name} "
            "saturates: check unit, mass, molar mass and how many ions a formula unit has"
        ]
    return []


def _of_heat_capacity(curve: IonCurve, name: str) -> list[str]:
    warm = curve.x >= 0.7 * curve.x.max()
    said = []
    if curve.lattice is None and warm.sum() >= 3 and curve.value[warm].mean() > _LATTICE:
        rising = np.polyfit(curve.x[warm], curve.value[warm], 1)[0] > 0
        if rising:
            said.append(
                f"{name} still rises at {curve.x.max():.3g} K, where it is {curve.value[warm].mean():.3g} k_B per ion, "
                f"as a "
                "lattice does and levels do not: take the lattice off first (an La, Lu or Y analogue, or Debye and "
                "Einstein)"
            )
    return said


def _of_susceptibility(curve: IonCurve, name: str, ion: Ion) -> list[str]:
    said = []
    if (curve.value <= 0).any():
        said.append(
            f"{name} is negative at {int((curve.value <= 0).sum())} temperatures; take the holder's diamagnetism off it"
        )
    limit = ion.saturation_moment * MU_B * curve.field / _LINEAR
    high = curve.field > 0 and limit > curve.x.min()
    if high:
        said.append(
            f"{name} was measured in {curve.field:.3g} T, which below {limit:.3g} K is no small field for {ion.name} "
            f"(M is not proportional to H there): it is compared with M(H)/H at {curve.field:.3g} T"
        )
    hot = curve.x >= max(_HOT, 0.7 * curve.x.max())
    if hot.any() and not high:
        found, expected = float(np.mean(curve.value[hot] * curve.x[hot])), curie_constant(ion)
        if abs(found / expected - 1) > _OFF_CURIE:
            emu = CHI_EMU_PER_MOL
            said.append(
                f"χT of {name} is {found * emu:.3g} emu K/mol near {curve.x[hot].mean():.0f} K, and {ion.name} has "
                f"{expected * emu:.3g}: check its unit, the mass and molar mass, the ions in a formula unit "
                f"(here {found / expected:.2g} times as many), and whether it is 1/χ"
            )
    return said


def _of_axes(curves: Sequence[IonCurve], site: Site) -> list[str]:
    """Where the directions contradict each other or the site."""
    chi = {one.direction: one for one in curves if one.kind == "susceptibility"}
    said = []
    if site.cubic:
        pairs = [(one, other) for one in chi.values() for other in chi.values() if one.direction < other.direction]
        for one, other in pairs:
            off = _apart(one, other)
            if off is not None and abs(off) > _SAME_MEAN:
                said.append(
                    f"χ along {one.direction} and {other.direction} differ by {100 * abs(off):.0f} %, but at a "
                    f"{site.name} site "
                    "they are one: choose a lower symmetry, or check the masses"
                )
    elif site.uniaxial and {"a", "b"} <= set(chi):
        off = _apart(chi["a"], chi["b"])
        if off is not None and abs(off) > _SAME_MEAN:
            said.append(
                f"χ along a and b differ by {100 * abs(off):.0f} %, but at a {site.name} site all directions in the "
                f"plane are "
                "alike: choose D2h or lower, or check which axis is which"
            )
    if "powder" in chi and "c" in chi and ("a" in chi or "b" in chi):
        off = _off_mean(chi, site)
        if off is not None and abs(off) > _SAME_MEAN:
            said.append(
                f"the powder's χ is {100 * abs(off):.0f} % {'above' if off > 0 else 'below'} the mean of the single "
                "directions, to which it should be equal: axes may be mixed up, or a mass wrong"
            )
    return said


def _of_slopes(curves: Sequence[IonCurve]) -> list[str]:
    """Where a susceptibility said to be of small fields is not the slope with which a magnetization begins."""
    said = []
    for chi in curves:
        if chi.kind != "susceptibility" or chi.field:
            continue
        worst: tuple[float, str] = (_SLOPES, "")
        for moment in curves:
            if moment.kind != "magnetization" or moment.direction != chi.direction or moment.temperature is None:
                continue
            if not 0.9 * chi.x.min() <= moment.temperature <= chi.x.max():
                continue
            off, words = _against_slope(chi, moment)
            worst = max(worst, (off, words))
        said += [worst[1]] if worst[1] else []
    return said


def _against_slope(chi: IonCurve, moment: IonCurve) -> tuple[float, str]:
    """How far a susceptibility lies below the beginning of a magnetization, and what that may mean."""
    fields = moment.x > 0
    h, ratio = moment.x[fields], moment.value[fields] / moment.x[fields]
    weak = h <= max(0.1 * h.max(), np.sort(h)[min(3, len(h) - 1)])
    slope = float(np.median(ratio[weak]))
    found = float(np.interp(moment.temperature, chi.x, chi.value))
    if slope <= 0 or found <= 0:
        return 0.0, ""
    off = 1 - found / slope
    below = np.flatnonzero((ratio <= found) & (h > h[weak].max()))
    field = f"as M/H is in about {h[below[0]]:.2g} T" if len(below) else "as in a high field"
    return off, (
        f"{chi.label or 'χ'} at {moment.temperature:.3g} K lies {100 * off:.0f} % below the slope with which "
        f"{moment.label or 'M(H)'} begins, {field}: say the field that χ was measured in"
    )


def _off_mean(chi: dict[str, IonCurve], site: Site) -> float | None:
    if not site.uniaxial and not {"a", "b"} <= set(chi):
        return None
    plane = [chi[one] for one in ("a", "b") if one in chi]
    parts = [*plane, *plane, chi["c"]][-3:] if len(plane) == 1 else [*plane, chi["c"]]
    low = max(one.x.min() for one in (*parts, chi["powder"]))
    high = min(one.x.max() for one in (*parts, chi["powder"]))
    if high < 1.5 * low:
        return None
    at = np.geomspace(low, high, 20)
    mean = np.mean([np.interp(at, one.x, one.value) for one in parts], axis=0)
    return float(np.median(np.interp(at, chi["powder"].x, chi["powder"].value) / mean - 1))


def _apart(one: IonCurve, other: IonCurve) -> float | None:
    """How much one is above another in the middle of what they share, as a part; None where they share nothing."""
    low, high = max(one.x.min(), other.x.min()), min(one.x.max(), other.x.max())
    if high < 1.5 * low:
        return None
    at = np.geomspace(low, high, 20)
    return float(np.median(np.interp(at, one.x, one.value) / np.interp(at, other.x, other.value) - 1))


def _held(curve: IonCurve, ion: Ion) -> float:
    """About how many independent numbers a curve holds: a heat capacity as many as there are gaps between levels, a
    susceptibility three (Curie's constant is known: two bends and what is left at low temperatures), a magnetization
    two."""
    if curve.kind == "levels":
        return len(curve.x)
    if curve.kind == "heat_capacity":
        levels = ion.size // 2 if ion.kramers else ion.size
        return min(levels - 1, 4)
    return 3 if curve.kind == "susceptibility" else 2


def _hints(curves: Sequence[IonCurve], ion: Ion, site: Site) -> list[str]:
    kinds = {one.kind for one in curves}
    count = len(site.for_J(ion.J).parameters)
    said = []
    if len(curves) == 1 or (kinds == {"heat_capacity"} and not any(one.field for one in curves)):
        said.append(_of_a_single_curve(curves[0], site))
    elif "heat_capacity" not in kinds and "levels" not in kinds and len(kinds) >= 1:
        said.append(
            "without a heat capacity the energies of the levels are told by bends of χ and M alone, and several fields "
            "fit "
            "more often than one: measure C(T), of the La, Lu or Y compound too"
        )
    if not site.cubic and kinds & {"susceptibility", "magnetization"}:
        directions = {one.direction for one in curves if one.kind in ("susceptibility", "magnetization")}
        if directions == {"powder"}:
            said.append(
                "a powder's χ and M do not say which axis is easy: B20 may come out with either sign; measure a "
                "crystal along "
                "c, or C(T) in a field"
            )
    held = sum({(one.kind, one.direction, one.field > 0.5): _held(one, ion) for one in curves}.values())
    if held < count:
        said.append(
            f"a {site.name} site has {count} parameters and these curves hold about {held:.0f} independent numbers: "
            f"expect many "
            "solutions; add directions, C(T) in a field or known level energies, or choose a higher symmetry that is "
            "nearly "
            "fulfilled"
        )
    return said


def _of_a_single_curve(curve: IonCurve, site: Site) -> str:
    """What one curve alone cannot tell."""
    if curve.kind == "heat_capacity":
        if curve.field:
            return (
                "one heat capacity in a field: what its mass and the field's axis are is not checked by anything else; "
                "add "
                "C(T) without a field and χ(T)"
            )
        what = "" if site.cubic else "which axis is easy (no direction enters it), "
        return (
            f"the heat capacity alone tells the energies of the levels but not {what}their states or the signs of "
            f"parameters "
            "that give the same energies: add χ(T), along two directions where the site is not cubic"
        )
    if curve.kind == "susceptibility":
        return (
            "one susceptibility alone leaves two to six crystal fields that fit as well in about half of all cases, "
            "and a wrong "
            "scale of its mass looks like another field: add the heat capacity"
        )
    if curve.kind == "magnetization":
        return (
            "one magnetization curve tells the lowest states only, not the levels above them: add χ(T) up to 300 K and "
            "the heat "
            "capacity"
        )
    return (
        f"level energies alone do not fix {len(site.parameters)} parameters, and say nothing of directions: add χ(T) "
        f"along the "
        "axes"
    )
