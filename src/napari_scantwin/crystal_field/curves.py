"""A curve: what was measured of one ion along one direction, in the units this room computes in.

Temperatures and energies are in kelvin, fields in tesla. A heat capacity is in k_B per ion, a susceptibility in
µ_B/T per ion, a magnetization in µ_B per ion. With these, C [J/(mol K)] = 8.314462618 C/k_B,
χ [emu/mol] = 0.55849394 χ, M [emu/mol] = 5584.9394 M, per mole of ions.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core.errors import ScanError

__all__ = ["DIRECTIONS", "KINDS", "IonCurve"]

#: What a curve may be. 1/χ becomes a susceptibility when it is loaded.
KINDS = ("heat_capacity", "susceptibility", "magnetization", "levels")
#: a, b, c are the site's x, y, z; where the site has no axis in the plane, a is anywhere in it.
DIRECTIONS = ("a", "b", "c", "powder")

_POSITIVE_X = ("heat_capacity", "susceptibility")


@dataclass(frozen=True, eq=False)
class IonCurve:
    """A measured curve, per ion.

    Parameters
    ----------
    kind
        One of :data:`KINDS`. "levels" are energies of excited levels above the ground level, from neutron or Raman
        scattering, in any number and without their degeneracies.
    direction
        One of :data:`DIRECTIONS`: of the field; of no meaning for "levels" and for a heat capacity without a field.
    x
        Temperature [n] in K; for "magnetization" the field [n] in T; for "levels" 1 … n.
    value
        The values [n] in k_B, µ_B/T, µ_B or, for levels, K; of a heat capacity without the lattice's.
    error
        One standard deviation of each value [n], in the same unit.
    temperature
        The temperature of a magnetization, in K.
    field
        The field of a heat capacity or in which a susceptibility was measured, in T; 0 is the limit of small fields.
    group
        Curves with the same text share one unknown scale factor (one sample's mass in one probe).
    label
        What the curve is called beside a plot.
    x_range
        The part of ``x`` that is used, ends included; None is all of it.
    lattice
        The lattice heat capacity [n] in k_B per ion that was taken off ``value``, if any; a fit may rescale it.

    Raises
    ------
    ScanError
        In one sentence, where the columns do not fit together or a number makes no sense.
    """

    kind: str
    direction: str
    x: np.ndarray
    value: np.ndarray
    error: np.ndarray
    temperature: float | None = None
    field: float = 0.0
    group: str = ""
    label: str = ""
    x_range: tuple[float, float] | None = None
    lattice: np.ndarray | None = dataclasses.field(default=None, repr=False)

    def __post_init__(self):
        name = self.label or f"the {self.kind.replace('_', ' ')} curve"
        if self.kind not in KINDS:
            raise ScanError(f"{name} is of no known kind ({self.kind}); choose one of {', '.join(KINDS)}")
        if self.direction not in DIRECTIONS:
            raise ScanError(f"{name} has no known direction ({self.direction}); choose a, b, c or powder")
        columns = {"x": self.x, "value": self.value, "error": self.error, "lattice": self.lattice}
        for key, column in columns.items():
            if column is None and key == "lattice":
                continue
            column = np.array(column, float).ravel()
            column.flags.writeable = False
            object.__setattr__(self, key, column)
            if column.shape != self.x.shape:
                raise ScanError(f"{name} has columns of different lengths; give one {key} to each x")
            if not np.isfinite(column).all():
                raise ScanError(f"{name} has a {key} that is no number; leave that reading out")
        if not self.x.size:
            raise ScanError(f"{name} holds no reading")
        if (self.error <= 0).any():
            raise ScanError(f"{name} has an error that is not above zero; give each value its standard deviation")
        if self.kind in _POSITIVE_X and (self.x <= 0).any():
            raise ScanError(f"{name} has temperatures of 0 K or below; leave those readings out")
        if self.kind == "magnetization" and not (self.temperature is not None and self.temperature > 0):
            raise ScanError(f"{name} needs the temperature it was measured at, in K")
        if not np.isfinite(self.field) or self.field < 0:
            raise ScanError(f"{name} needs a field of 0 T or more")

    @property
    def used(self) -> np.ndarray:
        """Whether each reading is used [n]: within :attr:`x_range`."""
        if self.x_range is None:
            return np.ones(self.x.shape, bool)
        low, high = self.x_range
        return (self.x >= low) & (self.x <= high)

    def trimmed(self) -> IonCurve | None:
        """The curve of the readings that are used, or None where none is."""
        used = self.used
        if used.all():
            return self
        if not used.any():
            return None
        lattice = None if self.lattice is None else self.lattice[used]
        return dataclasses.replace(
            self, x=self.x[used], value=self.value[used], error=self.error[used], x_range=None, lattice=lattice
        )
