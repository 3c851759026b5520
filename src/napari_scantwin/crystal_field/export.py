"""What leaves: parameters, levels and curves as tables, everything as JSON, a script that does the fit again, and the
parameters as text for Mantid, PyCrystalField and McPhase.

The three programs use Stevens operators in Hutchings' normalisation and energies in meV, as this room does in K. Sine
parameters are named otherwise: B4-3 is IB43 in Mantid, B4-3 in PyCrystalField and B43S in McPhase.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.files import atomic_path
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.ions import ion as ion_of
from napari_scantwin.crystal_field.measured.problem import Problem
from napari_scantwin.crystal_field.report import in_energy_unit, levels_of, plain_states, state_text
from napari_scantwin.crystal_field.sites import site as site_of
from napari_scantwin.crystal_field.solution import Answer, Solution
from napari_scantwin.crystal_field.stevens import rank_and_order

__all__ = [
    "EXPORTS",
    "curves_csv",
    "kind_of",
    "levels_csv",
    "mantid_text",
    "mcphase_text",
    "parameters_csv",
    "pycrystalfield_text",
    "script_text",
    "to_json",
    "write",
]

#: What is written, by the ending of the file's name.
EXPORTS = {
    "parameters.csv": "Parameters of every solution",
    "levels.csv": "Levels and states of every solution",
    "curves.csv": "Measured and fitted curves",
    ".json": "Everything, for programs",
    ".py": "Python script that does the fit again",
    "mantid.py": "Mantid CrystalField",
    "pycrystalfield.py": "PyCrystalField",
    ".sipf": "McPhase so1ion",
}
#: Point groups as Mantid calls them, which knows neither C1 nor C3i.
_MANTID = {"C1": "Ci", "C3i": "S6"}


def all_in_mev(solution: Solution) -> dict[str, float]:
    """Every Stevens parameter that is not zero by symmetry, dependent ones too, in meV."""
    site = site_of(solution.site).for_J(ion_of(solution.ion).J)
    given = site.all_parameters(site.values_of(solution.parameters))
    J = ion_of(solution.ion).J
    return {name: in_energy_unit(value, "meV") for name, value in given.items() if int(name[1]) <= 2 * J}


def _number(value: float) -> str:
    return f"{value:.10g}"


def _about(solution: Solution) -> str:
    return (
        f"{solution.ion} at {solution.site}, chi2/n {solution.chi2_per_point:.3g} of {solution.points} readings, "
        f"{100 * solution.probability:.3g} % probable; {site_of(solution.site).axes}"
    )


def mantid_text(solution: Solution) -> str:
    """A Python line for Mantid's ``CrystalField``: Stevens parameters in meV, sine ones as IBkq."""
    named = []
    for name, value in all_in_mev(solution).items():
        k, q = rank_and_order(name)
        named.append(f"{'IB' if q < 0 else 'B'}{k}{abs(q)}={_number(value)}")
    group = _MANTID.get(solution.site, solution.site)
    return (
        f"# {_about(solution)}\n"
        "from CrystalField import CrystalField\n\n"
        f'field = CrystalField("{_element(solution)}", "{group}", {", ".join(named)}, Temperature=5)\n'
        "print(field.getEigenvalues())  # meV\n"
    )


def pycrystalfield_text(solution: Solution) -> str:
    """Python lines for PyCrystalField's ``CFLevels.Bdict``: Stevens parameters in meV."""
    named = ", ".join(f'"{name}": {_number(value)}' for name, value in all_in_mev(solution).items())
    return (
        f"# {_about(solution)}\n"
        "import PyCrystalField as cef\n\n"
        f'levels = cef.CFLevels.Bdict("{solution.ion}", {{{named}}})\n'
        "levels.diagonalize()\n"
        "levels.printEigenvectors()\n"
    )


def mcphase_text(solution: Solution) -> str:
    """A single-ion file for McPhase's module so1ion: Stevens parameters in meV, sine ones with an S behind."""
    lines = ["#!MODULE=so1ion", "#<!--mcphase.sipf-->", f"# {_about(solution)}", f"IONTYPE={solution.ion}"]
    lines.append(f"GJ={float(ion_of(solution.ion).g_J):.9g}")
    lines.append("# Stevens parameters (meV), z of the crystal field along c")
    for name, value in all_in_mev(solution).items():
        k, q = rank_and_order(name)
        lines.append(f"B{k}{abs(q)}{'S' if q < 0 else ''}={_number(value)}")
    return "\n".join(lines) + "\n"


def _element(solution: Solution) -> str:
    ion = ion_of(solution.ion)
    if ion.electrons is None:
        raise ScanError(f"{ion.name} is no rare earth that these programs know; export the parameters as CSV")
    return ion.name.rstrip("+0123456789")


def parameters_csv(answer: Answer) -> str:
    """A row for each parameter of each solution."""
    rows = [["solution", "probability", "chi2", "points", "parameter", "value (K)", "error (K)", "value (meV)"]]
    for number, one in enumerate(answer.solutions, 1):
        for name, value in one.parameters.items():
            rows.append(
                [
                    number,
                    one.probability,
                    one.chi2,
                    one.points,
                    name,
                    value,
                    one.errors[name],
                    in_energy_unit(value, "meV"),
                ]
            )
        for nuisance in one.nuisances:
            unit = f" ({nuisance.unit})" if nuisance.unit else ""
            named = f"{nuisance.name}{unit}"
            rows.append([number, one.probability, one.chi2, one.points, named, nuisance.value, nuisance.error, ""])
    return _csv(rows)


def levels_csv(answer: Answer) -> str:
    """A row for each level of each solution, with one of its states."""
    rows = [["solution", "energy (K)", "error (K)", "energy (meV)", "states", "one state"]]
    for number, one in enumerate(answer.solutions, 1):
        for level in levels_of(one):
            shown = state_text(plain_states(one)[:, level.states[0]])
            energy = in_energy_unit(level.energy, "meV")
            rows.append([number, level.energy, level.error, energy, level.degeneracy, shown])
    return _csv(rows)


def curves_csv(answer: Answer, curves: Sequence[IonCurve]) -> str:
    """Columns for each curve: what was measured, its error, and each solution's model there, per ion."""
    columns: list[tuple[str, np.ndarray]] = []
    for place, curve in enumerate(curves):
        used = curve.trimmed()
        if used is None:
            continue
        x, y = _AXES[curve.kind]
        name = curve.label or curve.kind
        columns += [(f"{name}: {x}", used.x), (f"{name}: {y}", used.value), (f"{name}: error", used.error)]
        for number, one in enumerate(answer.solutions, 1):
            if place < len(one.curves) and len(one.curves[place]) == len(used.x):
                columns.append((f"{name}: solution {number}", one.curves[place]))
    longest = max((len(column) for _, column in columns), default=0)
    rows: list[list] = [[head for head, _ in columns]]
    rows += [[column[row] if row < len(column) else "" for _, column in columns] for row in range(longest)]
    return _csv(rows)


_AXES = {
    "heat_capacity": ("temperature (K)", "heat capacity (k_B)"),
    "susceptibility": ("temperature (K)", "susceptibility (µB/T)"),
    "magnetization": ("field (T)", "magnetization (µB)"),
    "levels": ("number", "energy (K)"),
}


def _csv(rows: Sequence[Sequence]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([repr(float(one)) if isinstance(one, float | np.floating) else one for one in row])
    return text.getvalue()


def to_dict(answer: Answer, problem: Problem | None = None) -> dict:
    """Solutions, advice on the curves, warnings, hints and, where it is given, the problem, for JSON."""
    told: dict = {
        "solutions": [_solution_as_dict(one) for one in answer.solutions],
        "advice": list(answer.before),
        "warnings": list(answer.warnings),
        "hints": list(answer.hints),
        "points": answer.points,
        "rejected": answer.rejected,
    }
    if problem is not None:
        told["problem"] = problem.to_dict()
    return told


def _solution_as_dict(one: Solution) -> dict:
    return {
        "ion": one.ion,
        "site": one.site,
        "probability": one.probability,
        "chi2": one.chi2,
        "points": one.points,
        "parameters_K": dict(one.parameters),
        "errors_K": dict(one.errors),
        "correlations": np.asarray(one.correlations).tolist(),
        "parameters_meV": {name: in_energy_unit(value, "meV") for name, value in one.parameters.items()},
        "levels": [
            {
                "K": level.energy,
                "error_K": level.error,
                "meV": in_energy_unit(level.energy, "meV"),
                "states": level.degeneracy,
            }
            for level in levels_of(one)
        ],
        "ground_state": state_text(plain_states(one)[:, 0]),
        "g_factors": None if one.g_factors is None else np.asarray(one.g_factors).tolist(),
        "nuisances": [
            {
                "name": n.name, "unit": n.unit, "value": n.value, "error": n.error, "expected": n.prior,
                "expected_error": n.prior_error,
            }
            for n in one.nuisances
        ],
        "equivalent": list(one.equivalent),
    }  # fmt: skip


def to_json(answer: Answer, problem: Problem | None = None) -> str:
    """:func:`to_dict` as text."""
    return json.dumps(to_dict(answer, problem), indent=1, ensure_ascii=False)


def script_text(problem: Problem, seed: int = 0) -> str:
    """A Python script that reads the files again and does the fit again."""
    told = json.dumps(problem.to_dict(), indent=4, ensure_ascii=False)
    for word, python in (("true", "True"), ("false", "False"), ("null", "None")):
        told = told.replace(f": {word}", f": {python}")
    return (
        '"""Crystal-field parameters from measured curves, as found in the window."""\n\n'
        "from napari_scantwin.crystal_field.measured.problem import Problem\n"
        "from napari_scantwin.crystal_field.report import answer_text\n"
        "from napari_scantwin.crystal_field import find\n\n"
        "# Which curves of which files, in which units, and how they are used. Paths are relative to the folder this "
        "is\n"
        "# run in.\n"
        f"problem = Problem.from_dict({told})\n\n"
        "prepared = problem.prepare()\n"
        "advice = problem.advice(prepared)\n"
        f"answer = find(prepared.curves, problem.ion, problem.site, seed={seed}, advice=advice, on_advice=print)\n"
        "print(answer_text(answer))\n"
    )


def kind_of(path: str | Path) -> str:
    """Which of :data:`EXPORTS` a file's name asks for; :class:`ScanError` where its ending says nothing."""
    name = Path(path).name.lower()
    for ending in sorted(EXPORTS, key=len, reverse=True):
        if name.endswith(ending):
            return ending
    raise ScanError(f"{Path(path).name}: the name says not what to write; let it end in one of {', '.join(EXPORTS)}")


def write(
    path: str | Path,
    answer: Answer,
    *,
    problem: Problem | None = None,
    curves: Sequence[IonCurve] = (),
    number: int = 0,
    what: str | None = None,
) -> Path:
    """Write an answer, or one solution of it, to a file.

    Parameters
    ----------
    path
        The file; its name's ending says what is written (:data:`EXPORTS`) unless ``what`` does.
    answer
        All solutions.
    problem, curves
        What was fitted: for the script, JSON and the curves.
    number
        Which solution, from 0, where one is written.
    what
        One of :data:`EXPORTS`.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ScanError
        Where there is no solution, the ending says nothing, or the problem is needed and not given.
    """
    path = Path(path)
    kind = kind_of(path) if what is None else what
    if kind not in EXPORTS:
        raise ScanError(f"{kind!r} is nothing that is written; choose one of {', '.join(EXPORTS)}")
    if kind != ".py" and not answer.solutions:
        raise ScanError("there is no solution to export; find parameters first")
    if kind == ".py" and problem is None:
        raise ScanError("the script needs the problem that was fitted")
    one = answer.solutions[number] if answer.solutions else None
    made = {
        "parameters.csv": lambda: parameters_csv(answer),
        "levels.csv": lambda: levels_csv(answer),
        "curves.csv": lambda: curves_csv(answer, curves),
        ".json": lambda: to_json(answer, problem),
        ".py": lambda: script_text(problem),
        "mantid.py": lambda: mantid_text(one),
        "pycrystalfield.py": lambda: pycrystalfield_text(one),
        ".sipf": lambda: mcphase_text(one),
    }[kind]()
    with atomic_path(path) as temporary:
        temporary.write_text(made, encoding="utf-8")
    return path
