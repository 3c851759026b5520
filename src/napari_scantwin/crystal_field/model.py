"""Curves and expectations as one least-squares problem: residuals and their derivatives, of many starts at once.

The unknowns are the site's parameters, each in the unit in which it is as strong as the others (K, Walter's
normalisation), and nuisances: a scale s per group of curves, a factor r per curve of moments where a group has several,
a molecular field λ per axis, a background χ₀, a factor on the lattice that was taken off, a heat capacity γT. Each
nuisance has an expectation, which is one more residual.

    χ_measured = r s (χ/(1 - λχ) + χ₀),    m = r s (M(H + λm) + χ₀H),    C = s C_CF + (l - 1) C_lattice + γT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_scantwin.crystal_field import conventions, response
from napari_scantwin.crystal_field.constants import C_JOULE_PER_MOL, CHI_EMU_PER_MOL, MU_B
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import Ion
from napari_scantwin.crystal_field.observables import curie_constant, powder_quadrature
from napari_scantwin.crystal_field.sites import Site

__all__ = ["LeastSquares", "Priors", "Unknown", "thinned"]

#: A susceptibility measured where the Zeeman energy is above this share of k_B T is M(H)/H, not a limit.
_LINEAR = 0.05
_MOST_EXACT_FIELDS = 24
#: Of a longer curve neighbouring readings are averaged.
_MOST_READINGS = 240
_SAME_LEVEL = 1e-5


@dataclass(frozen=True)
class Priors:
    """What is expected of the nuisances: one standard deviation each; 0 keeps one at its expected value.

    Parameters
    ----------
    heat_capacity_scale, moment_scale
        Of the scale factors about 1 (mass, and of moments the mounting too).
    molecular_field
        Of the shift λC of the Curie-Weiss temperature about 0, in K; of each axis.
    background
        Of χ₀ about 0, in emu/mol.
    lattice
        Of the factor on the lattice heat capacity about 1.
    electronic
        Of γ about 0, in mJ/(mol K²).
    curve_scale
        Of the factor about 1 that each susceptibility and magnetization has beside its group's: one crystal measured
        anew is centred and warmed anew.
    """

    heat_capacity_scale: float = 0.05
    moment_scale: float = 0.15
    molecular_field: float = 2.0
    background: float = 5e-4
    lattice: float = 0.05
    electronic: float = 0.0
    curve_scale: float = 0.03


@dataclass(frozen=True)
class Unknown:
    """A nuisance of a fit.

    Parameters
    ----------
    key
        What it acts on: ("scale", group), ("own scale", number of the curve), ("field", axis), ("background", "") …
    name, unit
        As it is shown.
    expected, deviation
        What is expected of it, and one standard deviation of that.
    """

    key: tuple[str, str]
    name: str
    unit: str
    expected: float
    deviation: float


def thinned(curve: IonCurve, most: int = _MOST_READINGS) -> IonCurve:
    """The curve's used readings, neighbouring ones averaged (weighted by their errors) to at most ``most``."""
    curve = curve.trimmed() or curve
    n = curve.x.size
    if n <= most or curve.kind == "levels":
        return curve
    order = np.argsort(curve.x, kind="stable")
    x = curve.x[order]
    # Bins of equal width in the logarithm, as far as readings are dense; never fewer readings than asked for.
    place = (
        np.log(np.maximum(x, 1e-3))
        if curve.kind != "magnetization"
        else np.arcsinh(x / max(np.abs(x).max() / 20, 1e-9))
    )
    bins = np.minimum((place - place[0]) / max(np.ptp(place), 1e-12) * most, most - 1).astype(int)
    _, bins = np.unique(bins, return_inverse=True)
    weights = 1 / curve.error[order] ** 2
    total = np.bincount(bins, weights)

    def mean(column):
        return np.bincount(bins, weights * column[order]) / total

    lattice = None if curve.lattice is None else mean(curve.lattice)
    return IonCurve(
        curve.kind, curve.direction, mean(curve.x), mean(curve.value), 1 / np.sqrt(total), curve.temperature,
        curve.field, curve.group, curve.label, None, lattice,
    )  # fmt: skip


def _nodes(highest: float, coldest: float, ion: Ion) -> np.ndarray:
    """Fields at which M(H) is worked out, to be interpolated between: dense where it bends, from 0 on."""
    width = 0.5 * coldest / (ion.saturation_moment * MU_B)
    bend = width * np.sinh(np.linspace(0, np.arcsinh(highest / width), 12))
    even = np.linspace(0, highest, int(np.clip(6 * highest * MU_B / coldest, 8, 28)))
    nodes = np.unique(np.concatenate([bend, even]))
    return nodes[np.concatenate([[True], np.diff(nodes) > 1e-3 * highest / 28])]


class LeastSquares:
    """Residuals of curves and their derivatives.

    Parameters
    ----------
    ion, site
        Whose parameters are unknown.
    curves
        The measured curves.
    priors
        What is expected of the nuisances.
    small_field_only
        Leave out what takes a diagonalisation per field: magnetizations and heat capacities in a field. Of
        susceptibilities beyond the linear range the limit is taken, as far as M hardly bends, with errors that hold
        the bend.
    """

    def __init__(self, ion: Ion, site: Site, curves, priors: Priors, small_field_only: bool = False):
        self.ion, self.site, self.priors = ion, site, priors
        self.sizes = conventions.walter_sizes(ion, site)
        self.operators = site.operators(ion.J) / self.sizes[:, None, None]
        self.k = len(self.sizes)
        self._given = tuple(curves)
        split = self._nearly_linear if small_field_only else self._split
        parts = [(part, i) for i, curve in enumerate(curves) for part in split(curve)]
        parts = [(part, i) for part, i in parts if not (small_field_only and self._takes_field(part))]
        self.curves = [part for part, _ in parts]
        self._of_given = [i for _, i in parts]
        self.unknowns = self._unknowns()
        self._column = {one.key: self.k + i for i, one in enumerate(self.unknowns)}
        self.width = self.k + len(self.unknowns)
        self.points = sum(curve.x.size for curve in self.curves)
        self._axes = tuple(axis for axis in "abc" if any(axis in self._chi_axes(one) for one in self.curves))

    # --- what there is

    def _takes_field(self, curve: IonCurve) -> bool:
        return curve.kind == "magnetization" or curve.field > 0

    def _split(self, curve: IonCurve) -> list[IonCurve]:
        """A susceptibility in a field in two: where M(H)/H has to be worked out, and where the limit does."""
        curve = thinned(curve)
        if curve.kind != "susceptibility" or curve.field == 0:
            return [curve]
        beyond = float(self.ion.g_J) * MU_B * self.ion.J * curve.field > _LINEAR * curve.x
        found = []
        for chosen, field in ((beyond, curve.field), (~beyond, 0.0)):
            if chosen.any():
                found.append(
                    IonCurve(curve.kind, curve.direction, curve.x[chosen], curve.value[chosen], curve.error[chosen],
                             None, field, curve.group, curve.label)
                )  # fmt: skip
        return found

    def _nearly_linear(self, curve: IonCurve) -> list[IonCurve]:
        """A susceptibility in a field as if it were that of small fields. No doublet bends more than tanh y, y the
        Zeeman energy of the saturated moment over k_B T, which is y²/3 below the limit; errors are widened by y²."""
        curve = thinned(curve)
        if curve.kind != "susceptibility" or curve.field == 0:
            return [curve]
        y = float(self.ion.g_J) * MU_B * self.ion.J * curve.field / curve.x
        near = y < 1
        if not near.any():
            return []
        error = np.where(y > _LINEAR, np.hypot(curve.error, y**2 * curve.value), curve.error)
        return [
            IonCurve(curve.kind, curve.direction, curve.x[near], curve.value[near], error[near],
                     None, 0.0, curve.group, curve.label)
        ]  # fmt: skip

    @property
    def sees_plane(self) -> bool:
        """Whether a curve in a field tells directions of the plane of a and b apart."""
        return any(self._takes_field(curve) and curve.direction in ("a", "b") for curve in self.curves)

    def group_of(self, curve: IonCurve) -> str:
        """The key of the scale factor that a curve has."""
        if curve.kind == "heat_capacity":
            return f"heat capacity {curve.group}".strip()
        return f"moment {curve.group or curve.direction}"

    def axis_of(self, axis: str) -> str:
        """The axis whose molecular field acts along this one: a for b in a uniaxial site, a for all in a cubic one."""
        if self.site.cubic or (self.site.uniaxial and axis == "b"):
            return "a"
        return axis

    def _chi_axes(self, curve: IonCurve) -> tuple[str, ...]:
        """The axes whose small-field susceptibility a curve needs."""
        if curve.kind != "susceptibility" or curve.field > 0:
            return ()
        directions = "abc" if curve.direction == "powder" else curve.direction
        return tuple(sorted({self.axis_of(axis) for axis in directions}))

    def _unknowns(self) -> tuple[Unknown, ...]:
        found: dict[tuple[str, str], Unknown] = {}

        def add(kind, where, name, unit, expected, deviation):
            if deviation > 0:
                found.setdefault((kind, where), Unknown((kind, where), name, unit, expected, deviation))

        p = self.priors
        for curve in self.curves:
            if curve.kind == "levels":
                continue
            group, heat = self.group_of(curve), curve.kind == "heat_capacity"
            add("scale", group, f"scale of {group}", "", 1.0, p.heat_capacity_scale if heat else p.moment_scale)
            if heat:
                if curve.lattice is not None:
                    add("lattice", group, "factor on the lattice", "", 1.0, p.lattice)
                add("electronic", "", "γ", "k_B/K", 0.0, p.electronic * 1e-3 / C_JOULE_PER_MOL)
        self._add_own_scales(add)
        for curve in self.curves:
            if curve.kind in ("susceptibility", "magnetization"):
                directions = "abc" if curve.direction == "powder" else curve.direction
                for axis in sorted({self.axis_of(one) for one in directions}):
                    deviation = p.molecular_field / curie_constant(self.ion)
                    along = "" if self.site.cubic else f" along {axis}"
                    add("field", axis, f"molecular field λ{along}", "T/µ_B", 0.0, deviation)
        for curve in self.curves:
            if curve.kind == "susceptibility":
                add("background", "", "background χ₀", "µ_B/T", 0.0, p.background / CHI_EMU_PER_MOL)
        return tuple(found.values())

    def _add_own_scales(self, add) -> None:
        """A factor for each curve of moments that shares its group's scale with others."""
        groups: dict[str, set[int]] = {}
        for curve, given in zip(self.curves, self._of_given, strict=True):
            if curve.kind in ("susceptibility", "magnetization"):
                groups.setdefault(self.group_of(curve), set()).add(given)
        for group, members in groups.items():
            for given in sorted(members) if len(members) > 1 else ():
                name = self._given[given].label or f"curve {given + 1}"
                add("own scale", str(given), f"scale of {name} within {group}", "", 1.0, self.priors.curve_scale)

    # --- starting values

    def start(self, sized: np.ndarray) -> np.ndarray:
        """Unknowns [n, width] with the parameters [n, k] (sized, in K) and the nuisances as expected."""
        expected = np.array([one.expected for one in self.unknowns])
        return np.concatenate([sized, np.broadcast_to(expected, (len(sized), len(expected)))], axis=1)

    def carried(self, other: LeastSquares, unknowns: np.ndarray) -> np.ndarray:
        """The unknowns of another model of the same site as a start of this one."""
        start = self.start(unknowns[:, : self.k])
        for key, column in self._column.items():
            if key in other._column:
                start[:, column] = unknowns[:, other._column[key]]
        return start

    # --- residuals

    def evaluate(self, unknowns: np.ndarray, derivatives: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
        """Residuals [n, r] and their derivatives [n, r, width], the expectations' last."""
        curves = self.curve_values(unknowns)
        residuals, slopes = [], []
        for curve, (value, slope) in zip(self.curves, curves, strict=True):
            if curve.kind == "levels":
                residuals.append(value)
                slopes.append(slope)
                continue
            residuals.append((value - curve.value) / curve.error)
            slopes.append(slope / curve.error[:, None])
        if self.unknowns:
            expected = np.array([one.expected for one in self.unknowns])
            deviation = np.array([one.deviation for one in self.unknowns])
            residuals.append((unknowns[:, self.k :] - expected) / deviation)
            slope = np.zeros((len(unknowns), len(expected), self.width))
            slope[:, np.arange(len(expected)), self.k + np.arange(len(expected))] = 1 / deviation
            slopes.append(slope)
        return np.concatenate(residuals, axis=1), np.concatenate(slopes, axis=1) if derivatives else None

    def curve_values(self, unknowns: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each curve the model [n, x] and its derivatives [n, x, width]; of levels the residuals."""
        values = unknowns[:, : self.k]
        small = None
        if any(not self._takes_field(one) for one in self.curves):
            small = response.small_field(self.ion, self.operators, values, self._axes)
        fields = self._field_responses(values)
        made = []
        for number, curve in enumerate(self.curves):
            if curve.kind == "heat_capacity":
                made.append(self._heat_capacity(number, unknowns, small, fields.get(number)))
            elif curve.kind == "susceptibility":
                made.append(self._susceptibility(number, unknowns, small, fields.get(number)))
            elif curve.kind == "magnetization":
                made.append(self._magnetization(number, unknowns, fields[number]))
            else:
                made.append(self._levels(curve, small))
        return made

    def fitted(self, unknowns: np.ndarray) -> tuple[np.ndarray, ...]:
        """The model [x] at every reading of each curve as it was given, of one set of unknowns [width].

        Of levels, the energies that the measured ones are taken for.
        """
        return tuple(one[0] for one in self.simulated(unknowns[None]))

    def simulated(self, unknowns: np.ndarray) -> list[np.ndarray]:
        """The model [n, x] at every reading of each curve as it was given, of n sets of unknowns [n, width]."""
        made = [value for value, _ in self.curve_values(unknowns)]
        found = []
        for number, curve in enumerate(self._given):
            mine = [i for i, of in enumerate(self._of_given) if of == number]
            if curve.kind == "levels" and mine:
                found.append(curve.value + made[mine[0]] * curve.error)
                continue
            if not mine:
                found.append(np.full((len(unknowns), curve.x.size), np.nan))
                continue
            x = np.concatenate([self.curves[i].x for i in mine])
            value = np.concatenate([made[i] for i in mine], axis=1)
            order = np.argsort(x, kind="stable")
            found.append(np.array([np.interp(curve.x, x[order], row[order]) for row in value]))
        return found

    def _directions(self, curve: IonCurve):
        """Directions and weights that make up a curve's field direction."""
        if curve.direction == "powder":
            return powder_quadrature(self.site)
        axis = curve.direction
        if axis == "b" and self.site.uniaxial and self.site.laue in ("D4h", "Oh", "Th"):
            axis = "a"
        return [axis], [1.0]

    def _field_responses(self, values: np.ndarray) -> dict:
        """Per curve that takes a field: the responses along its directions, shared by curves of one direction."""
        wanted: dict = {}
        for number, curve in enumerate(self.curves):
            if self._takes_field(curve):
                for direction in self._directions(curve)[0]:
                    key = direction if isinstance(direction, str) else tuple(np.round(direction, 9))
                    wanted.setdefault(key, []).append(number)
        found: dict = {}
        for key, numbers in wanted.items():
            own = [self.curves[i] for i in numbers]
            swept = [one for one in own if one.kind == "magnetization"]
            fields = [np.array([one.field]) for one in own if one.kind != "magnetization"]
            exact = False
            if swept:
                magnitudes = np.unique(np.concatenate([np.abs(one.x) for one in swept]))
                free = any(kind == "field" for kind, _ in self._column)
                exact = not free and len(magnitudes) <= _MOST_EXACT_FIELDS
                if not exact:
                    reach = 3 * self.priors.molecular_field / curie_constant(self.ion) * self.ion.saturation_moment
                    coldest = min(one.temperature for one in swept)
                    magnitudes = _nodes(magnitudes[-1] + reach, coldest, self.ion)
                fields.append(magnitudes)
            fields = np.unique(np.concatenate(fields))
            made = response.in_field(self.ion, self.operators, values, key, fields)
            for i in numbers:
                found.setdefault(i, []).append((key, fields, made, exact))
        return found

    def _column_of(self, kind: str, where: str) -> int | None:
        return self._column.get((kind, where))

    def _scaled(self, number, unknowns, value, slope):
        """Times the factors of a curve's group and of itself."""
        keys = (("scale", self.group_of(self.curves[number])), ("own scale", str(self._of_given[number])))
        for key in keys:
            if (column := self._column.get(key)) is not None:
                scale = unknowns[:, column]
                slope = slope * scale[:, None, None]
                slope[:, :, column] = value
                value = value * scale[:, None]
        return value, slope

    def _widened(self, slope: np.ndarray) -> np.ndarray:
        wide = np.zeros((*slope.shape[:2], self.width))
        wide[:, :, : self.k] = slope
        return wide

    def _heat_capacity(self, number, unknowns, small, fields):
        curve = self.curves[number]
        if curve.field == 0:
            value, slope = small.heat_capacity(curve.x)
        else:
            value = slope = 0.0
            for (_, nodes, made, _), weight in zip(fields, self._directions(curve)[1], strict=True):
                at = int(np.searchsorted(nodes, curve.field))
                one, derived = made.heat_capacity(curve.x)
                value, slope = value + weight * one[:, at], slope + weight * derived[:, at]
        value, slope = self._scaled(number, unknowns, value, self._widened(slope))
        if curve.lattice is not None and (column := self._column_of("lattice", self.group_of(curve))) is not None:
            value = value + (unknowns[:, column, None] - 1) * curve.lattice
            slope[:, :, column] = curve.lattice
        if (column := self._column_of("electronic", "")) is not None:
            value = value + unknowns[:, column, None] * curve.x
            slope[:, :, column] = curve.x
        return value, slope

    def _susceptibility(self, number, unknowns, small, fields):
        """Each direction with its molecular field, then their mean, the background and the scales."""
        curve = self.curves[number]
        parts = []
        if curve.field == 0:
            axes = "abc" if curve.direction == "powder" else curve.direction
            for axis in axes:
                parts.append((1 / len(axes), axis, *small.susceptibility(self.axis_of(axis), curve.x)))
        else:
            for (key, nodes, made, _), weight in zip(fields, self._directions(curve)[1], strict=True):
                at = int(np.searchsorted(nodes, curve.field))
                moment, derived, _ = made.moment(curve.x)
                parts.append((weight, key, moment[:, at] / curve.field, derived[:, at] / curve.field))
        value, slope = 0.0, 0.0
        for weight, axis, chi, derived in parts:
            wide = self._widened(derived)
            columns = self._field_columns(axis)
            if columns:
                strength = sum(unknowns[:, column] * share for column, share in columns)
                less = 1 - strength[:, None] * chi
                less = np.where(less > 0.05, less, 0.05)  # beyond the instability a fit has to find back
                wide = wide / less[:, :, None] ** 2
                for column, share in columns:
                    wide[:, :, column] += share * (chi / less) ** 2
                chi = chi / less
            value, slope = value + weight * chi, slope + weight * wide
        if (column := self._column_of("background", "")) is not None:
            value = value + unknowns[:, column, None]
            slope[:, :, column] += 1
        return self._scaled(number, unknowns, value, slope)

    def _field_columns(self, direction) -> list[tuple[int, float]]:
        """The unknown molecular fields that act along a direction, with their shares."""
        n = {"a": (1, 0, 0), "b": (0, 1, 0), "c": (0, 0, 1)}[direction] if isinstance(direction, str) else direction
        found: dict[int, float] = {}
        for axis, part in zip("abc", n, strict=True):
            column = self._column_of("field", self.axis_of(axis))
            if column is not None and part:
                found[column] = found.get(column, 0.0) + float(part) ** 2
        return list(found.items())

    def _magnetization(self, number, unknowns, fields):
        curve = self.curves[number]
        temperature, magnitude, sign = np.array([curve.temperature]), np.abs(curve.x), np.sign(curve.x)
        value, slope = 0.0, 0.0
        for (key, nodes, made, exact), weight in zip(fields, self._directions(curve)[1], strict=True):
            moment, derived, steep = (one[:, :, 0] for one in made.moment(temperature))
            if exact:
                at = np.searchsorted(nodes, magnitude)
                one, wide = moment[:, at], self._widened(derived[:, at])
            else:
                one, wide = self._within_field(
                    self._field_columns(key), unknowns, nodes, moment, derived, steep, magnitude
                )
            value, slope = value + weight * one * sign, slope + weight * wide * sign[:, None]
        if (column := self._column_of("background", "")) is not None:
            value = value + unknowns[:, column, None] * curve.x
            slope[:, :, column] += curve.x
        return self._scaled(number, unknowns, value, slope)

    def _within_field(self, columns, unknowns, nodes, moment, derived, steep, magnitude):
        """m = M(H + λm) at the fields, interpolated (Hermite) over the applied fields that the nodes belong to."""
        strength = sum((unknowns[:, column] * share for column, share in columns), np.zeros(len(unknowns)))
        less = np.maximum(1 - strength[:, None] * steep, 0.05)
        applied = nodes - strength[:, None] * moment
        at, u, width = _places(applied, magnitude)
        value = _hermite(moment, steep / less, at, u, width)
        answer = _interpolated_slopes(nodes, np.concatenate([derived, steep[:, :, None]], axis=2), at, u)
        still = np.maximum(1 - strength[:, None] * answer[:, :, -1], 0.05)
        wide = self._widened(answer[:, :, :-1] / still[:, :, None])
        for column, share in columns:
            wide[:, :, column] += share * value * answer[:, :, -1] / still
        return value, wide

    def _levels(self, curve, small):
        """Residuals of the measured levels, each beside the model's level it is taken for, in order."""
        energies, slopes = small.states.above_ground, small.slopes - small.slopes[:, :1]
        step = 2 if self.ion.kramers else 1
        residuals = np.empty((len(energies), curve.x.size))
        wide = np.zeros((len(energies), curve.x.size, self.width))
        order = np.argsort(curve.value)
        for n, row in enumerate(energies):
            first = np.arange(0, len(row), step)
            levels = row[first]
            kept = first[np.concatenate([[False], np.diff(levels) > _SAME_LEVEL * max(levels[-1], 1e-12)])]
            taken = kept[_in_order(row[kept], curve.value[order], curve.error[order])] if len(kept) else first[:1]
            taken = np.broadcast_to(taken, curve.x.shape)
            residuals[n, order] = (row[taken] - curve.value[order]) / curve.error[order]
            wide[n, order, : self.k] = slopes[n, taken] / curve.error[order, None]
        return residuals, wide


def _in_order(levels: np.ndarray, measured: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Which of the rising levels each of the rising measured energies is, no level twice while there are enough."""
    if len(levels) < len(measured):
        return np.abs(levels[None, :] - measured[:, None]).argmin(axis=1)
    cost = ((levels[None, :] - measured[:, None]) / error[:, None]) ** 2
    total, came = np.full_like(cost, np.inf), np.zeros(cost.shape, int)
    total[0] = cost[0]
    for i in range(1, len(measured)):
        best = np.minimum.accumulate(total[i - 1])
        where = np.where(total[i - 1] == best, np.arange(len(best)), 0)
        where = np.maximum.accumulate(where)
        total[i, 1:] = cost[i, 1:] + best[:-1]
        came[i, 1:] = where[:-1]
    found = [int(np.argmin(total[-1]))]
    for i in range(len(measured) - 1, 0, -1):
        found.append(int(came[i, found[-1]]))
    return np.array(found[::-1])


def _places(applied: np.ndarray, wanted: np.ndarray):
    """Per row the interval of ``applied`` each wanted value lies in, how far into it, and how wide it is."""
    at = (applied[:, None, 1:-1] <= wanted[None, :, None]).sum(axis=2)
    low = np.take_along_axis(applied, at, axis=1)
    width = np.take_along_axis(applied, at + 1, axis=1) - low
    width = np.where(width > 1e-12, width, 1e-12)
    return at, (wanted - low) / width, width


def _hermite(values, slopes, at, u, width):
    def take(one, where):
        return np.take_along_axis(one, where, axis=1)

    low, high, first, last = take(values, at), take(values, at + 1), take(slopes, at), take(slopes, at + 1)
    return (
        low * (1 + 2 * u) * (1 - u) ** 2
        + high * u**2 * (3 - 2 * u)
        + width * (first * u * (1 - u) ** 2 - last * u**2 * (1 - u))
    )


def _interpolated_slopes(nodes, table, at, u):
    """Columns [n, f, c] between nodes, by cubics through three-point slopes."""
    gaps = np.diff(nodes)
    secants = np.diff(table, axis=1) / gaps[:, None]
    slopes = np.empty_like(table)
    share = (gaps[1:] / (gaps[1:] + gaps[:-1]))[:, None]
    slopes[:, 1:-1] = share * secants[:, :-1] + (1 - share) * secants[:, 1:]
    slopes[:, 0], slopes[:, -1] = secants[:, 0], secants[:, -1]
    low, high, first, last = (
        np.take_along_axis(one, where[:, :, None], axis=1)
        for one, where in ((table, at), (table, at + 1), (slopes, at), (slopes, at + 1))
    )
    u, width = u[:, :, None], gaps[at][:, :, None]
    return (
        low * (1 + 2 * u) * (1 - u) ** 2
        + high * u**2 * (3 - 2 * u)
        + width * (first * u * (1 - u) ** 2 - last * u**2 * (1 - u))
    )
