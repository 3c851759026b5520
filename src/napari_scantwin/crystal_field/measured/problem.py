"""A problem as people state it: measured curves with what was said of each, the lattice, the ion and its site; what is
fitted follows from it, and it can be written down and done again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.core.sample import Sample
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.measured.advice import Advice, advice_on
from napari_scantwin.crystal_field.measured.data import MeasuredCurve, curve_named, curves_in, level_energies
from napari_scantwin.crystal_field.measured.formula import Formula
from napari_scantwin.crystal_field.measured.lattice import (
    AnalogueLattice,
    DebyeEinstein,
    fit_debye_einstein,
    lindemann_factor,
    subtracted,
)
from napari_scantwin.crystal_field.measured.ordering import Ordering, ordering_in
from napari_scantwin.crystal_field.measured.per_ion import RELATIVE_ERROR, ion_curve
from napari_scantwin.crystal_field.sites import site as site_of

__all__ = ["LatticeChoice", "Prepared", "Problem", "UsedCurve"]

_EVERY = 1_000_000
_VERSION = 1


@dataclass(frozen=True, eq=False)
class UsedCurve:
    """A measured curve and how it is used.

    Parameters
    ----------
    measured
        The curve.
    use
        Whether it is fitted.
    low, high
        The part that is used, in K (of a magnetization in T); None has no limit.
    relative_error
        How well its values are known beside their scatter.
    group
        Curves of one group share a scale factor; empty for the usual one.
    """

    measured: MeasuredCurve
    use: bool = True
    low: float | None = None
    high: float | None = None
    relative_error: float = RELATIVE_ERROR
    group: str = ""

    @property
    def x_range(self) -> tuple[float, float] | None:
        """The part that is used, or None."""
        if self.low is None and self.high is None:
            return None
        low, high = -np.inf if self.low is None else self.low, np.inf if self.high is None else self.high
        if not low < high:
            raise ScanError(f"{self.measured.title}: the range from {low:g} to {high:g} is empty; exchange the two")
        return low, high

    def per_ion(self, most: int | None = None) -> IonCurve:
        """The curve per ion; ``most`` as of :func:`~napari_scantwin.crystal_field.measured.per_ion.ion_curve`."""
        return ion_curve(
            self.measured,
            group=self.group,
            x_range=self.x_range,
            relative_error=self.relative_error,
            most=most,
        )


@dataclass(frozen=True, eq=False)
class LatticeChoice:
    """What is taken off heat capacities.

    Parameters
    ----------
    kind
        "none", "analogue" or "model" (Debye and Einstein, fitted to the heat capacity itself).
    analogue
        The heat capacity of the La, Lu or Y compound.
    factor
        Θ(sample)/Θ(analogue); None takes it from the masses in the two formulas.
    atoms
        Of the model: atoms in a formula unit; None takes them from the formula.
    above
        Of the model: the readings it is fitted to lie above, in K; None takes the upper part of the curve.
    """

    kind: str = "none"
    analogue: MeasuredCurve | None = None
    factor: float | None = None
    atoms: float | None = None
    above: float | None = None

    def of(self, used: UsedCurve) -> AnalogueLattice | DebyeEinstein | None:
        """The lattice of one heat capacity."""
        measured = used.measured
        if self.kind == "none":
            return None
        if self.kind == "analogue":
            if self.analogue is None:
                raise ScanError(
                    "no analogue is chosen; open the heat capacity of the La, Lu or Y compound, or take none"
                )
            factor = self.factor
            if factor is None:
                factor = lindemann_factor(measured.formula, self.analogue.formula)
            return AnalogueLattice.of(self.analogue, measured.ions, factor)
        if self.kind != "model":
            raise ScanError(f"the lattice is none, analogue or model, not {self.kind!r}")
        atoms = self.atoms if self.atoms is not None else measured.formula.atom_count if measured.formula else None
        if atoms is None:
            raise ScanError("a lattice model needs the number of atoms in a formula unit; give it, or the formula")
        return fit_debye_einstein(used.per_ion(), atoms / measured.ions, self.above)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a problem comes to.

    Parameters
    ----------
    curves
        The curves that are fitted, per ion and, of heat capacities, without the lattice.
    used
        Which of the problem's curves each is.
    orderings
        Where each shows order, or None.
    notes
        What was left out or taken for granted.
    """

    curves: tuple[IonCurve, ...]
    used: tuple[UsedCurve, ...]
    orderings: tuple[Ordering | None, ...]
    notes: tuple[str, ...]

    @property
    def gathered(self) -> list[str]:
        """The notes, what many curves share being said once, with how many they are."""
        whose: dict[str, list[str]] = {}
        for note in self.notes:
            curve, colon, what = note.partition(": ")
            whose.setdefault(what if colon else note, []).append(curve if colon else "")
        return [
            f"{len(curves)} curves: {what}" if len(curves) > 1 else f"{curves[0]}: {what}" if curves[0] else what
            for what, curves in whose.items()
        ]


@dataclass(frozen=True, eq=False)
class Problem:
    """Curves, lattice, ion and site.

    Parameters
    ----------
    curves
        Every curve, used or not.
    ion, site
        Names such as "Er3+" and "D3d".
    lattice
        What is taken off heat capacities.
    """

    curves: tuple[UsedCurve, ...]
    ion: str
    site: str
    lattice: LatticeChoice = LatticeChoice()

    def prepare(self) -> Prepared:
        """The curves to be fitted.

        Raises
        ------
        ScanError
            Where a curve that is used cannot be counted per ion, or no curve is used.
        """
        made, used, orderings, said = [], [], [], []
        for one in self.curves:
            if not one.use:
                continue
            curve = one.per_ion()
            whole = one.per_ion(_EVERY) if curve.kind in ("heat_capacity", "susceptibility") else curve
            lattice = self.lattice.of(one) if curve.kind == "heat_capacity" else None
            orderings.append(ordering_in(whole))
            if lattice is not None:
                rest = subtracted(curve, lattice)
                curve = rest.curve
                said += rest.notes
            made.append(curve)
            used.append(one)
            said += [f"{one.measured.label}: {note}" for note in one.measured.notes]
        if not made:
            raise ScanError("no curve is used; open a heat capacity, susceptibility or magnetization, and tick it")
        return Prepared(tuple(made), tuple(used), tuple(orderings), tuple(dict.fromkeys(said)))

    def advice(self, prepared: Prepared | None = None) -> Advice:
        """What is to be known before a fit; see :func:`~napari_scantwin.crystal_field.measured.advice.advice_on`."""
        prepared = prepared or self.prepare()
        return advice_on(prepared.curves, ion_of(self.ion), site_of(self.site), prepared.orderings)

    # as a file

    def to_dict(self) -> dict:
        """The problem in plain words and numbers, for JSON; curves of files by their path and label."""
        analogue = self.lattice.analogue
        lattice = {"kind": self.lattice.kind}
        for name in ("factor", "atoms", "above"):
            if getattr(self.lattice, name) is not None:
                lattice[name] = getattr(self.lattice, name)
        if analogue is not None and self.lattice.kind == "analogue":
            lattice["analogue"] = _curve_as_dict(analogue)
        return {
            "crystal_field_problem": _VERSION,
            "ion": self.ion,
            "site": self.site,
            "lattice": lattice,
            "curves": [_used_as_dict(one) for one in self.curves],
        }

    def save(self, path: str | Path) -> Path:
        """Write the problem as JSON; paths of curves are written relative to its folder where they lie in it."""
        path = Path(path)
        told = self.to_dict()
        folder = path.absolute().parent
        for one in [*told["curves"], told["lattice"].get("analogue", {})]:
            file = Path(one.get("file", "")).absolute()
            if "file" in one and file.is_relative_to(folder):
                one["file"] = file.relative_to(folder).as_posix()
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False), encoding="utf-8")
        return path

    @classmethod
    def from_dict(cls, told: dict, folder: str | Path = ".") -> Problem:
        """The problem that :meth:`to_dict` told; the files of its curves are read, relative paths from ``folder``.

        Raises
        ------
        ScanError
            Where it is no such problem, or a file or curve is not there.
        """
        if not isinstance(told, dict) or told.get("crystal_field_problem") != _VERSION:
            raise ScanError("this JSON is no crystal-field problem of this version; write one by Save problem")
        files = _Files(Path(folder))  # each is parsed once
        try:
            lattice = dict(told.get("lattice", {}))
            analogue = lattice.pop("analogue", None)
            if analogue is not None:
                lattice["analogue"] = _curve_from_dict(analogue, files)
            return cls(
                tuple(_used_from_dict(one, files) for one in told["curves"]),
                str(told["ion"]),
                str(told["site"]),
                LatticeChoice(**lattice),
            )
        except (KeyError, TypeError) as reason:
            raise ScanError(
                f"the crystal-field problem lacks or misspells {reason}; write it anew by Save problem"
            ) from None

    @classmethod
    def load(cls, path: str | Path) -> Problem:
        """The problem in a file that :meth:`save` wrote; errors as of :meth:`from_dict`."""
        path = Path(path)
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as reason:
            raise ScanError(f"{path.name} cannot be read as a crystal-field problem: {reason}") from None
        return cls.from_dict(told, path.parent)


_SAID = ("kind", "direction", "x_unit", "y_unit", "temperature", "field", "ions")


def _curve_as_dict(curve: MeasuredCurve) -> dict:
    """A curve by its file and label, or, where it has no file, by its numbers; and what was said of it."""
    told: dict = {"label": curve.label}
    if curve.path:
        told["file"] = curve.path
    else:
        told |= {"source": curve.source, "x": curve.x.tolist(), "y": curve.y.tolist()}
        if curve.errors is not None:
            told["errors"] = curve.errors.tolist()
    for name in _SAID:
        if getattr(curve, name) is not None:
            told[name] = getattr(curve, name)
    if curve.formula is not None:
        told["formula"] = curve.formula.text
    for name in ("mass", "molar_mass", "density"):
        given = getattr(curve.sample, name)
        if given is not None:
            told[name] = (
                given if isinstance(given, str) else f"{given[0]!r} {given[1]}" if isinstance(given, tuple) else given
            )
    return told


class _Files:
    """The curves of files, each of which is read once; relative paths lie in a folder."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._read: dict[Path, list[MeasuredCurve]] = {}

    def curve(self, path: str, label: str) -> MeasuredCurve:
        where = self._folder / path  # an absolute path stays as it is
        if where not in self._read:
            self._read[where] = curves_in(where)
        return curve_named(self._read[where], label)


def _curve_from_dict(told: dict, files: _Files) -> MeasuredCurve:
    told = dict(told)
    label = told.pop("label")
    if "file" in told:
        curve = files.curve(told.pop("file"), label)
    else:
        errors = told.pop("errors", None)
        curve = MeasuredCurve(
            label,
            told.pop("source", ""),
            np.asarray(told.pop("x"), float),
            np.asarray(told.pop("y"), float),
            None if errors is None else np.asarray(errors, float),
        )
    sample = {name: told.pop(name, None) or getattr(curve.sample, name) for name in ("mass", "molar_mass", "density")}
    formula = told.pop("formula", None)
    return replace(
        curve.told(**told),
        sample=Sample(**sample),
        formula=curve.formula if formula is None else Formula.of(formula),
    )


def _used_as_dict(one: UsedCurve) -> dict:
    told = _curve_as_dict(one.measured)
    how = {"use": one.use, "low": one.low, "high": one.high, "relative_error": one.relative_error, "group": one.group}
    usual = UsedCurve(one.measured)
    return told | {name: value for name, value in how.items() if value != getattr(usual, name)}


def _used_from_dict(told: dict, files: _Files) -> UsedCurve:
    told = dict(told)
    how = {name: told.pop(name) for name in ("use", "low", "high", "relative_error", "group") if name in told}
    return UsedCurve(_curve_from_dict(told, files), **how)


def with_levels(problem: Problem, energies: Sequence[float], unit: str = "meV") -> Problem:
    """The problem with known level energies as one more curve, in place of those it had."""
    kept = tuple(one for one in problem.curves if one.measured.kind != "levels")
    return replace(problem, curves=(*kept, UsedCurve(level_energies(energies, unit))))
