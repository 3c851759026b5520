"""What the columns of a Quantum Design file mean: told by names and by what was measured, never by their order."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from napari_scantwin.core import units, vocabulary

__all__ = ["FEWEST", "Axis", "Signal", "axes", "signals"]

#: With fewer readings a column is not a measurement.
FEWEST = 4


@dataclass(frozen=True)
class Signal:
    """A column that was measured.

    Parameters
    ----------
    header
        Its header in the file.
    name, unit
        As the scan calls it.
    values
        Its readings [n]; NaN where there is none.
    errors
        One standard deviation of each, in the same unit [n], or None.
    alternating
        Whether it is the answer to an alternating field, so that readings differ by its frequency and amplitude.
    """

    header: str
    name: str
    unit: str
    values: np.ndarray
    errors: np.ndarray | None
    alternating: bool = False


@dataclass(frozen=True)
class Axis:
    """A column that was scanned: its readings [n] and their unit."""

    header: str
    name: str
    unit: str
    values: np.ndarray


#: (what the header begins with, without unit; what its error's does; the scan's name; a unit of its dimension). ``#``
#: stands for the channel. Where both DC moments are filled, the one fitted with the centre held fixed comes first: a
#: free centre wanders when the moment is near zero.
_SIGNALS = (
    (r"samp(?:le)? hc", r"samp(?:le)? hc err(?:or)?", "heat_capacity", ("J/K", "J/mol/K", "J/kg/K")),
    (r"m'", r"m'[ -]?std\. ?(?:dev|err)\.?", "ac_moment_in_phase", ("emu",)),
    (r"m(?:''|\")", r"m(?:''|\")[ -]?std\. ?(?:dev|err)\.?", "ac_moment_out_of_phase", ("emu",)),
    (r"(?:ac )?(?:x|chi)'", r"(?:ac )?(?:x|chi)' std\.? err\.?", "ac_susceptibility_in_phase", ("emu/Oe",)),
    (
        r"(?:ac )?(?:x|chi)(?:''|\")",
        r"(?:ac )?(?:x|chi)(?:''|\") std\.? err\.?",
        "ac_susceptibility_out_of_phase",
        ("emu/Oe",),
    ),
    (r"moment", r"m\. std\. ?err\.?", "moment", ("emu",)),
    (r"dc moment fixed ctr", r"dc moment err fixed ctr", "moment", ("emu",)),
    (r"dc moment free ctr", r"dc moment err free ctr", "moment", ("emu",)),
    (r"(?:dc|long) moment", r"long scan std\.? ?dev\.?", "moment", ("emu",)),
    (r"m-dc", r"m-std\. ?dev\.?", "moment", ("emu",)),
    (r"bridge # resistance", r"bridge # std\. ?dev\.?", "resistance", ("ohm",)),
    (r"resistance ch#", r"(?:resistance )?std\. ?dev\. ch#", "resistance", ("ohm",)),
    (r"res\. ch#", r"std\. ?dev\. ch#", "resistance", ("ohm",)),
    (r"resistance", r"(?:resistance )?std\. ?(?:dev|err)\.?", "resistance", ("ohm",)),
    (r"bridge # resistivity", r"bridge # std\. ?dev\.?", "resistivity", ("ohm m",)),
    (r"res(?:istivity|\.) ch#", r"(?:resistivity )?std\. ?dev\. ch#", "resistivity", ("ohm m",)),
    (r"resistivity", r"resistivity (?:std\. )?(?:err|dev)(?:or)?\.?", "resistivity", ("ohm m",)),
    (r"hall coef(?:f|ficient)?\.? ?ch#", r"std\. ?dev\. ch#", "hall_coefficient", ("m^3/C", "cm^3/A/s")),
    (r"conductivity", r"conductivity (?:std\. )?err(?:or)?\.?", "thermal_conductivity", ("W/m/K",)),
    (r"seebeck coef(?:f|ficient)?\.?", r"seebeck (?:std\. )?err(?:or)?\.?", "seebeck_coefficient", ("V/K",)),
    (r"(?:mag )?torque", r"torque (?:std\. )?(?:err|dev)(?:or)?\.?", "torque", ("N m",)),
    (r"(?:sample )?(?:delta[ -]?l/l0?|dl/l0?)", r"(?:delta[ -]?l/l0?|dl/l0?) err\.?", "strain", ("1",)),
    (r"(?:sample )?(?:delta[ -]?l(?:ength)?|dl)", r"(?:delta[ -]?l|dl) err\.?", "length_change", ("m",)),
    (r"(?:dilatometer )?capacitance", r"capacitance (?:std\. )?(?:err|dev)\.?", "capacitance", ("F",)),
)

#: Axes by what their headers are, the likeliest first: the thermometer at the sample before that of the chamber.
_AXES = {
    "temperature": (
        r"sample temp(?:erature|\.)?",
        r"temp(?:erature|\.)?",
        r"average temp(?:erature|\.)?",
        r"system temp(?:erature|\.)?",
    ),
    "magnetic_field": (r"magnetic field", r"field", r"average field"),
    "angle": (r"sample position", r"(?:rotator )?position", r"rotation angle", r"rotator angle", r"angle"),
    "frequency": (r"ac frequency", r"frequency"),
    "amplitude": (r"ac drive", r"(?:drive |ac )?amplitude"),
}
_MEASURED_IN = {"temperature": "K", "magnetic_field": "Oe", "angle": "deg", "frequency": "Hz", "amplitude": "Oe"}


def _label(header: str) -> tuple[str, str | None]:
    """A header as the patterns have it: small letters, single blanks, without its unit."""
    name, unit = vocabulary.split_label(header)
    return re.sub(r"\s+", " ", name.strip().lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")), unit


def axes(columns: dict[str, np.ndarray]) -> dict[str, Axis]:
    """The columns that were scanned or held, by the scan's name for each; those without any reading are passed over.

    Parameters
    ----------
    columns
        The readings by header.
    """
    found: dict[str, Axis] = {}
    for name, patterns in _AXES.items():
        for pattern in patterns:
            for header, values in columns.items():
                label, unit = _label(header)
                fits = unit is not None and units.compatible(unit, _MEASURED_IN[name])
                if name not in found and fits and re.fullmatch(pattern, label) and np.isfinite(values).any():
                    found[name] = Axis(header, name, str(unit), values)
    return found


def signals(columns: dict[str, np.ndarray]) -> list[Signal]:
    """The columns that were measured and hold readings, the likeliest first.

    Beside the two parts of the answer to an alternating field, its size ("Moment" of an ACMS file, "AC Moment") is no
    moment of its own.

    Parameters
    ----------
    columns
        The readings by header.
    """
    labels = {header: _label(header) for header in columns}
    found: list[Signal] = []
    for pattern, error_pattern, name, measured_in in _SIGNALS:
        wanted = re.compile(pattern.replace("#", r"(?P<channel>\d)"))
        for header, (label, unit) in labels.items():
            match = wanted.fullmatch(label)
            if match is None or unit is None or not any(units.compatible(unit, one) for one in measured_in):
                continue
            values = columns[header]
            if np.isfinite(values).sum() < FEWEST or header in [one.header for one in found]:
                continue
            channel = match.groupdict().get("channel") or ""
            error = re.compile(error_pattern.replace("#", channel))
            errors = next(
                (
                    _as(columns[other], labels[other][1], unit)
                    for other in columns
                    if error.fullmatch(labels[other][0]) and np.isfinite(columns[other]).any()
                    and _of_unit(labels[other][1], unit)
                ),
                None,
            )  # fmt: skip
            found.append(Signal(header, name, unit, values, errors, name.startswith("ac_")))
    parts = [one for one in found if one.name == "ac_moment_in_phase"]
    return [one for one in found if not (parts and _label(one.header)[0] == "moment")]


def _of_unit(unit: str | None, other: str) -> bool:
    """Whether an error may be in ``unit`` where its value is in ``other``; one without a unit is in the value's."""
    return unit is None or units.compatible(unit, other)


def _as(values: np.ndarray, unit: str | None, target: str) -> np.ndarray:
    return values if unit is None else np.asarray(units.convert(values, unit, target), float)
