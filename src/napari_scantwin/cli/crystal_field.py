"""``scantwin crystal-field``: an ion's levels from curves, and curves from its levels."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from napari_scantwin.cli.common import Json, app, bar, check_folder, check_suffix, checked, in_words, say

crystal_field = typer.Typer(no_args_is_help=True, help="Crystal-field levels of rare-earth ions from C, chi and M.")
app.add_typer(crystal_field, name="crystal-field")

Ion = Annotated[str | None, typer.Option(help="The ion, such as Er3+.")]
SiteOption = Annotated[str | None, typer.Option("--site", help="Its site symmetry, such as D3d or -3m.")]
Given = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="A Stevens parameter, such as B20=-0.0277. Repeat.")
]
InUnit = Annotated[str, typer.Option("--unit", help="The unit of the parameters: K, meV or 1/cm.")]
_IN_WORDS = "What is said of curves: 'WHERE: KEY=VALUE, …', such as 'mh: unit=µB/ion, x-unit=Oe'. Repeat."


@crystal_field.command()
def find(
    data: Annotated[list[Path], typer.Argument(help="Data files, or one problem saved as .json.")],
    ion: Ion = None,
    site: SiteOption = None,
    said: Annotated[list[str] | None, typer.Option("--set", help=_IN_WORDS)] = None,
    lattice: Annotated[
        str | None,
        typer.Option(
            help="none, model, or a part of the title of the analogue's curve (default: an La, Lu or Y compound)."
        ),
    ] = None,
    levels: Annotated[str | None, typer.Option(help='Known level energies, such as "0.915, 3.504 meV".')] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "-o", "--output", help="Write, by the ending: parameters.csv, levels.csv, curves.csv, .json, .py, .sipf, …"
        ),
    ] = None,
    save: Annotated[Path | None, typer.Option(help="Save the problem as .json, to be solved again.")] = None,
    dry: Annotated[bool, typer.Option("--dry", help="Only list the curves and what they cannot tell.")] = False,
    as_json: Json = False,
) -> None:
    """Find every crystal field that curves allow."""
    with in_words():
        from napari_scantwin.crystal_field import export
        from napari_scantwin.crystal_field import find as find_parameters
        from napari_scantwin.crystal_field.report import answer_text

        problem = _problem(data, ion, site, said or [], lattice, levels)
        for path in [*(output or []), *([save] if save else [])]:
            check_folder(path)
        for path in output or []:
            checked(export.kind_of, path)
        if save is not None:
            problem.save(save)
        prepared = problem.prepare()
        advice = problem.advice(prepared)
        listed = [_words_of(one, curve) for one, curve in zip(prepared.used, prepared.curves, strict=True)]
        before = [*listed, *(f"  note: {one}" for one in prepared.gathered)]
        if dry:
            words = [*before, *(f"  {one}" for one in advice.sentences)]
            say(as_json, {"problem": problem.to_dict(), "advice": list(advice.sentences)}, "\n".join(words))
            return
        typer.echo("\n".join(before), err=True)
        with bar("crystal field") as tell:
            answer = find_parameters(
                prepared.curves, problem.ion, problem.site, seed=seed, advice=advice,
                on_advice=lambda one: typer.echo(f"  {one}", err=True), on_progress=tell, stop=threading.Event(),
            )  # fmt: skip
        written = [export.write(one, answer, problem=problem, curves=prepared.curves) for one in output or []]
        words = [answer_text(answer), *(f"Wrote {one}" for one in written)]
        told = export.to_dict(answer, problem) | {"files": list(map(str, written))}
        say(as_json, told, "\n".join(words))


def _problem(data, ion, site, said, lattice, levels):
    """The problem that files and options state."""
    from dataclasses import replace

    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.crystal_field.measured.data import curves_in
    from napari_scantwin.crystal_field.measured.problem import LatticeChoice, Problem, with_levels
    from napari_scantwin.crystal_field.measured.settings import apply, energies_in, used_by_default

    if any(one.suffix.lower() == ".json" for one in data):
        if len(data) > 1:
            raise ScanError("a saved problem names its files itself; give it alone")
        problem = Problem.load(data[0])
    else:
        if ion is None or site is None:
            raise typer.BadParameter("--ion and --site are needed, such as --ion Er3+ --site D3d")
        curves = used_by_default([curve for path in data for curve in curves_in(path)])
        analogue = next((one.measured for one in curves if one.measured.is_lattice), None)
        choice = LatticeChoice("none" if analogue is None else "analogue", analogue)
        problem = Problem(tuple(curves), ion, site, choice)
    problem = replace(problem, ion=ion or problem.ion, site=site or problem.site)
    curves = list(problem.curves)
    for words in said:
        curves = checked(apply, curves, words)
    problem = replace(problem, curves=tuple(curves))
    problem = replace(problem, lattice=_lattice(problem, lattice))
    if levels is not None:
        problem = with_levels(problem, *checked(energies_in, levels))
    return problem


def _lattice(problem, lattice: str | None):
    """What is taken off heat capacities, its analogue as it was said to be."""
    from dataclasses import replace

    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.crystal_field.measured.problem import LatticeChoice

    if lattice in ("none", "model"):
        return LatticeChoice(lattice)
    if lattice is None:
        known = problem.lattice.analogue
        same = [one.measured for one in problem.curves if known is not None and one.measured.title == known.title]
        return replace(problem.lattice, analogue=same[0]) if same else problem.lattice
    found = [one.measured for one in problem.curves if lattice in one.measured.title]
    if len(found) != 1:
        titles = ", ".join(one.measured.title for one in problem.curves if one.measured.kind == "heat_capacity")
        raise ScanError(f"--lattice {lattice!r} means {len(found)} curves; the heat capacities are {titles}")
    return LatticeChoice("analogue", found[0])


def _words_of(one, curve) -> str:
    from napari_scantwin.crystal_field.measured.data import MEASURED_KINDS

    where = "" if curve.kind == "levels" else f" along {curve.direction}" if curve.direction != "powder" else ", powder"
    held = f" at {curve.temperature:.4g} K" if curve.temperature else f" in {curve.field:.4g} T" if curve.field else ""
    part = curve.trimmed() or curve
    return (
        f"  {one.measured.title}: {MEASURED_KINDS[one.measured.kind]}{where}{held}, {len(part.x)} readings from "
        f"{part.x.min():.4g} to {part.x.max():.4g} {'T' if curve.kind == 'magnetization' else 'K'}"
    )


@crystal_field.command()
def levels(ion: Ion = None, site: SiteOption = None, given: Given = None, unit: InUnit = "K", as_json: Json = False):
    """Levels, states and g factors of given Stevens parameters."""
    with in_words():
        from napari_scantwin.crystal_field.given import solution_of
        from napari_scantwin.crystal_field.report import in_energy_unit, levels_of, plain_states, state_text

        field = checked(lambda: solution_of(*_stated(ion, site, given, unit)))
        states = plain_states(field)
        rows = [
            {
                "K": one.energy,
                "meV": float(in_energy_unit(one.energy, "meV")),
                "states": one.degeneracy,
                "one_state": state_text(states[:, one.states[0]]),
            }
            for one in levels_of(field)
        ]
        g = None if field.g_factors is None else [float(one) for one in field.g_factors]
        lines = [f"{one['K']:10.4f} K {one['meV']:10.5f} meV  ×{one['states']}  {one['one_state']}" for one in rows]
        if g is not None:
            lines.append("g factors of the ground doublet: " + ", ".join(f"{one:.4g}" for one in g))
        say(as_json, {"levels": rows, "g_factors": g}, "\n".join(lines))


def _stated(ion: str | None, site: str | None, given: list[str] | None, unit: str):
    """Ion, site and parameters in K from options."""
    from napari_scantwin.core.errors import ScanError
    from napari_scantwin.core.typed import typed_number
    from napari_scantwin.crystal_field.report import ENERGY_UNITS

    if ion is None or site is None or not given:
        raise ScanError("--ion, --site and parameters are needed, such as --ion Er3+ --site D3d -p B20=-0.0277")
    if unit not in ENERGY_UNITS:
        raise ScanError(f"--unit {unit!r} is none of {', '.join(ENERGY_UNITS)}")
    parameters = {}
    for text in (part for one in given for part in one.split(",")):
        name, _, number = text.partition("=")
        try:
            parameters[name.strip()] = typed_number(number) * ENERGY_UNITS[unit]
        except ValueError:
            raise ScanError(f"{text!r} is no parameter; write it as B20=-0.0277") from None
    return ion, site, parameters


@crystal_field.command()
def simulate(
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.nc, .zarr, .csv, .h5, .tif).")],
    ion: Ion = None,
    site: SiteOption = None,
    given: Given = None,
    unit: InUnit = "K",
    quantity: Annotated[
        str, typer.Option(help="magnetization, heat_capacity, entropy or entropy_change.")
    ] = "magnetization",
    temperature: Annotated[str, typer.Option(help="Temperatures in K: 2:100:1, or a list.")] = "2:100:1",
    field: Annotated[str, typer.Option(help="Fields in T: 0:9:0.25, or a list.")] = "0:9:0.25",
    direction: Annotated[str, typer.Option(help="Of the field: a, b, c or powder.")] = "c",
    as_json: Json = False,
) -> None:
    """Simulate what given Stevens parameters show, as a scan over temperature and field."""
    with in_words():
        from napari_scantwin.core.axis_values import parse_values
        from napari_scantwin.crystal_field.given import solution_of
        from napari_scantwin.crystal_field.simulate import simulated
        from napari_scantwin.writers import write

        check_suffix(output)
        check_folder(output)
        solution = checked(lambda: solution_of(*_stated(ion, site, given, unit)))
        axes = [checked(parse_values, text, name) for text, name in ((temperature, "temperature"), (field, "field"))]
        with bar("simulating") as tell:
            scan = simulated(solution, quantity.replace("-", "_"), *axes, direction, on_progress=tell)
        (path,) = write(scan.assign_attrs(kind="simulated"), output)
        sizes = {str(name): int(size) for name, size in scan.sizes.items()}
        words = f"Wrote {path}: {' x '.join(f'{name} {size}' for name, size in sizes.items())}"
        say(as_json, {"file": str(path), "shape": sizes}, words)


@crystal_field.command()
def table(ion: Ion = None, site: SiteOption = None) -> None:
    """Make the table of directions of an ion at a site beforehand; a search makes it where it is missing."""
    with in_words():
        from napari_scantwin.crystal_field.ions import ion as ion_of
        from napari_scantwin.crystal_field.sites import site as site_of
        from napari_scantwin.crystal_field.table import direction_table

        if ion is None or site is None:
            raise typer.BadParameter("--ion and --site are needed, such as --ion Er3+ --site D3d")
        which, where = checked(ion_of, ion), checked(site_of, site)
        with bar(f"table of {which.name} at {where.name}") as tell:
            direction_table(which, where.for_J(which.J), on_progress=tell, stop=threading.Event())
        typer.echo(f"The table of {which.name} at {where.name} is there.")
