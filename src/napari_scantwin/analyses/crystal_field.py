"""The crystal field behind the curves of one scan, with a second scan and a lattice where they are open too."""

from __future__ import annotations

import xarray as xr

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.core.sample import EXAMPLES, Sample
from napari_scantwin.operations.findings import Findings, Plot, Table
from napari_scantwin.operations.parameters import Parameter
from napari_scantwin.operations.source import Source

_QUANTITIES = ("heat_capacity", "susceptibility", "moment", "magnetization")


def _ions(scan, decided) -> tuple[str, ...]:
    from napari_scantwin.crystal_field.ions import IONS

    return tuple(IONS)


def _sites(scan, decided) -> tuple[str, ...]:
    from napari_scantwin.crystal_field.sites import SITES

    return SITES


def _refuses(scan: xr.DataArray) -> None:
    from napari_scantwin.crystal_field.measured.data import curves_of_scan

    if not curves_of_scan(scan):
        raise ScanError(
            "this scan holds no heat capacity, susceptibility or magnetization over temperature or field; open one"
        )


def _is_one_too(scan: xr.DataArray, own: xr.DataArray) -> bool:
    return str(scan.name) in _QUANTITIES


@analysis(
    "crystal_field",
    "Crystal field",
    "Magnetometry",
    parameters=(
        Parameter("ion", "Ion", "choice", "Er3+", choices=_ions, explanation="The rare-earth ion."),
        Parameter("site", "Site symmetry", "choice", "D4h", choices=_sites, explanation="The point group of its site."),
        Parameter(
            "direction",
            "Field along",
            "choice",
            "powder",
            choices=("powder", "a", "b", "c"),
            explanation="The direction of the field in this scan; c is the site's z.",
        ),
        Parameter(
            "other",
            "Second scan",
            "scan",
            None,
            optional=True,
            fits=_is_one_too,
            explanation="Another measurement of the same compound, such as the susceptibility beside C.",
        ),
        Parameter(
            "other_direction",
            "Its field along",
            "choice",
            "powder",
            choices=("powder", "a", "b", "c"),
            shown=lambda scan, decided: decided.get("other") is not None,
            explanation="The direction of the field in the second scan.",
        ),
        Parameter(
            "lattice",
            "Lattice",
            "scan",
            None,
            optional=True,
            fits=lambda scan, own: str(scan.name) == "heat_capacity",
            explanation="The heat capacity of the La, Lu or Y compound, to be taken off.",
        ),
        Parameter("ions", "Ions per formula unit", "number", 1.0, unit="1", minimum=0.01, explanation="Magnetic ions."),
        Parameter(
            "mass", "Mass", "text", None, optional=True, example=EXAMPLES["mass"], explanation="Of the sample.",
            belongs_to="scan",
        ),
        Parameter(
            "molar_mass", "Molar mass", "text", None, optional=True, example=EXAMPLES["molar_mass"],
            explanation="Of a formula unit.", belongs_to="scan",
        ),
        Parameter(
            "levels",
            "Known levels",
            "text",
            None,
            optional=True,
            example="0.92, 3.5 meV",
            explanation="Energies of excited levels from neutron or Raman scattering.",
            further=True,
        ),
    ),
    refuses=_refuses,
    uses_twin=False,
    place=80,
    waits=lambda source, decided: "A search takes some ten seconds: press Calculate.",
)  # fmt: skip
def crystal_field(
    source, *, ion, site, direction, other, other_direction, lattice, ions, mass, molar_mass, levels, on_progress,
    stop_event, cache,
) -> Findings:  # fmt: skip
    """Every crystal field that the curves of a scan allow."""
    from napari_scantwin.crystal_field import find
    from napari_scantwin.crystal_field.measured.problem import LatticeChoice, Problem, with_levels
    from napari_scantwin.crystal_field.measured.settings import energies_in
    from napari_scantwin.crystal_field.pictures import Modelled, curve_plots, level_plot, modelled
    from napari_scantwin.crystal_field.report import answer_text

    curves = _curves(source, direction, ions, mass, molar_mass)
    if other is not None:
        curves += _curves(other, other_direction, ions, None, molar_mass)
    choice = LatticeChoice()
    if lattice is not None:
        choice = LatticeChoice("analogue", _curves(lattice, "powder", ions, None, None)[0].measured)
    problem = Problem(tuple(curves), ion, site, choice)
    if levels:
        problem = with_levels(problem, *energies_in(levels))
    prepared = problem.prepare()
    advice = problem.advice(prepared)
    answer = find(prepared.curves, ion, site, advice=advice, on_progress=on_progress, stop=stop_event)
    plots: dict[str, Plot] = {}
    if answer.solutions:
        best = answer.solutions[0]
        models = [Modelled(modelled(one, prepared.curves), "dashed", "#9a9a9a") for one in answer.solutions[1:6]]
        plots = curve_plots(prepared.curves, [*models, Modelled(modelled(best, prepared.curves))])
        plots["Levels"] = level_plot(answer.solutions)
    return Findings(
        figures=_figures(answer),
        notes=[*answer.before, *answer.warnings, *answer.hints, *prepared.gathered],
        plots=plots,
        tables={"Solutions": _table(answer)},
        text=answer_text(answer),
        result=answer,
    )


def _curves(source: Source, direction, ions, mass, molar_mass) -> list:
    from dataclasses import replace

    from napari_scantwin.crystal_field.measured.data import curves_of_scan
    from napari_scantwin.crystal_field.measured.problem import UsedCurve

    sample = Sample.of(source.scan, mass=mass or None, molar_mass=molar_mass or None)
    found = curves_of_scan(source.scan, source.name or None)
    if not found:
        raise ScanError(f"{source.name or 'the scan'} holds no heat capacity, susceptibility or magnetization")
    return [UsedCurve(replace(one.told(direction=direction, ions=float(ions)), sample=sample)) for one in found]


def _figures(answer) -> list:
    from napari_scantwin.crystal_field.report import levels_of, parameters_in

    found: list = [("solutions", len(answer.solutions)), ("readings", answer.points)]
    if answer.solutions:
        best = answer.solutions[0]
        found += [("probability of the first", best.probability), ("χ²/n of the first", best.chi2_per_point)]
        found += parameters_in(best)
        found += [
            (f"level {number}", Quantity(level.energy, level.error, "K"))
            for number, level in enumerate(levels_of(best)[1:], 1)
        ]
    return found


def _table(answer) -> Table:
    from napari_scantwin.crystal_field.report import in_energy_unit

    names = list(answer.solutions[0].parameters) if answer.solutions else []
    heads = ["solution", "probability", "χ²/n", *(f"{name} (K)" for name in names), "levels (meV)"]
    rows = []
    for number, one in enumerate(answer.solutions, 1):
        energies = ", ".join(f"{float(in_energy_unit(level, 'meV')):.3g}" for level in one.levels[1:])
        rows.append([number, one.probability, one.chi2_per_point, *one.parameters.values(), energies])
    return Table(heads, rows)
