"""What crystal a cloud of atoms is: the whole of it, and the neighbourhood of every atom."""

from __future__ import annotations

from napari_scantwin.analyses.analysis import analysis
from napari_scantwin.core import units
from napari_scantwin.core.clouds import is_cloud
from napari_scantwin.core.errors import ScanError
from napari_scantwin.core.quantity import Quantity
from napari_scantwin.operations.findings import COLORS, Curve, DerivedMap, Findings, Plot, Table
from napari_scantwin.operations.parameters import Parameter

__all__ = ["planes", "structure"]

_PARAMETERS = (
    Parameter("local", "About every atom", "flag", False, explanation="Tell the structure about every atom as a map"),
    Parameter(
        "confidence",
        "Confidence at least",
        "number",
        0.5,
        unit="",
        minimum=0.0,
        maximum=1.0,
        slider=True,
        shown=lambda scan, decided: bool(decided.get("local")),
        explanation="Atoms of a lesser probability count as undecided in the table",
    ),
    Parameter(
        "merged",
        "Hexagonal and rhombohedral as one",
        "flag",
        True,
        explanation="Stackings of the same layers differ beyond the third shell only and are taken for each other",
    ),
    Parameter("window", "Atoms of a window", "integer", 150, minimum=40, maximum=2000, further=True),
    Parameter(
        "every",
        "Every so-manieth atom",
        "integer",
        None,
        minimum=1,
        optional=True,
        further=True,
        explanation="Empty: every one, of more than a million atoms as many as make a million",
    ),
    Parameter(
        "own",
        "Classes of your own",
        "text",
        "",
        optional=True,
        further=True,
        example="FeSi.cif; sigma.cif",
        explanation="Files of one cell each, parted by semicolons; the recogniser is made anew with them",
    ),
)


def _refuse(scan) -> None:
    if not is_cloud(scan):
        raise ScanError("crystal structure needs a cloud of atoms, a scan along x, y and z, such as an xyz file")


def _settings(own: str | None):
    from napari_scantwin.structures.own import own_classes
    from napari_scantwin.structures.recognise import Settings

    return Settings(own=own_classes([part.strip() for part in (own or "").split(";") if part.strip()]))


def _waits(source, given) -> str | None:
    from napari_scantwin.structures.recognise import cache_folder

    path = cache_folder() / f"{_settings(given.get('own')).key}.npz"
    if path.exists():
        return None
    return "The recogniser is made first, once, which takes some minutes; press Calculate"


@analysis(
    "structure",
    "Crystal structure",
    "Atoms",
    parameters=_PARAMETERS,
    gridded=False,
    refuses=_refuse,
    waits=_waits,
    uses_twin=False,
    place=60,
)
def structure(source, *, local, confidence, merged, window, every, own, on_progress, stop_event, cache) -> Findings:
    """The crystal structure of a cloud of atoms, with its probability and doubt, whatever its orientation and cell.

    Neither is asked for. Vacancies and displacements are learned from; species are not looked at.
    """
    from napari_scantwin.structures import maps
    from napari_scantwin.structures.recognise import UNLIKE, recogniser, title_of

    made = recogniser(_settings(own), stop=stop_event, on_progress=_share(on_progress, 0.0, 0.5))
    tell = _share(on_progress, 0.5, 0.5)
    if not local:
        whole = maps.whole_cloud(source.scan, made, merged=merged, stop=stop_event, on_progress=tell)
        answer = whole.answer
        order = (-answer.probabilities[0]).argsort()
        rows = [[title_of(answer.labels[k]), float(answer.probabilities[0, k])] for k in order]
        said = UNLIKE if answer.unlike[0] else title_of(answer.labels[order[0]])
        return Findings(
            figures=[
                (f"probability of {title_of(answer.labels[order[0]])}", float(answer.confidence[0])),
                ("entropy, of 1 at most", float(answer.entropy[0])),
                ("mutual information (nat)", float(answer.mutual_information[0])),
                ("distance from what is known, 1 at the limit", float(answer.strangeness[0])),
                ("nearest distance", Quantity(whole.scale, float("nan"), source.scan["x"].attrs["units"])),
            ],
            tables={"Classes": Table(["class", "probability"], rows)},
            notes=[f"The whole cloud, {whole.atoms} atoms as one crystal: {said}.", *_sentences(whole.notes)],
            result=whole,
        )
    found = maps.structure_map(
        source.scan, made, window=window, every=every, merged=merged, stop=stop_event, on_progress=tell
    )
    scan = maps.map_scan(source.scan, found)
    answer = found.answer
    decided = (answer.confidence >= confidence) & (answer.classes >= 0)
    rows = []
    for number, label in enumerate(answer.labels):
        mine = decided & (answer.classes == number)
        rows.append([title_of(label), int(mine.sum()), float(mine.mean())])
    unlike = answer.classes < 0
    open_ = ~decided & ~unlike
    rows.append([f"undecided, below {confidence:g}", int(open_.sum()), float(open_.mean())])
    rows.append([UNLIKE, int(unlike.sum()), float(unlike.mean())])
    surface = float(found.surface.mean())
    notes = [f"{100 * surface:.0f} % of the atoms lie at a surface, where windows are one-sided."] if surface else []
    return Findings(
        figures=[("mean probability", float(answer.confidence.mean())), ("mean entropy", float(answer.entropy.mean()))],
        tables={"Classes": Table(["class", "atoms", "share"], rows)},
        scans={"structure map": scan},
        maps={"": [DerivedMap("structure map", "class", scan, points=True)]},
        notes=[*notes, *_sentences(found.notes)],
        result=found,
    )


@analysis(
    "lattice_planes",
    "Lattice planes along z",
    "Atoms",
    parameters=(
        Parameter(
            "radius",
            "Radius of the columns",
            "number",
            None,
            unit=lambda scan: scan["x"].attrs["units"],
            minimum=0.0,
            above=True,
            optional=True,
            explanation="Empty: of some 2000 atoms",
        ),
    ),
    gridded=False,
    refuses=_refuse,
    uses_twin=False,
    place=61,
)
def planes(source, *, radius, on_progress, stop_event, cache) -> Findings:
    """Lattice planes across columns along z: what atom-probe data show near a pole, where neighbours are blurred."""
    from napari_scantwin.structures.planes import lattice_planes

    found = lattice_planes(source.scan, radius=radius, stop=stop_event)
    unit = source.scan["x"].attrs["units"]
    shown = units.pretty(unit) or "1"
    x, y, wide = found.centre
    where = f"column of radius {wide:.3g} at x {x:.3g}, y {y:.3g} {units.pretty(unit)}, {found.atoms} atoms"
    power, limit = found.power
    plot = Plot(
        [Curve(found.waves, found.spectrum, None, COLORS[1], "line")], f"waves a {shown}", "power, 1 without order"
    )
    if found.spacing == found.spacing:
        figures = [("spacing", Quantity(found.spacing, found.width, unit)), ("power", power)]
        said = f"Planes across the {where}."
    else:
        figures = [("power", power)]
        said = f"No planes: the strongest wave, in the {where}, is one that chance makes (its limit is {limit:.1f})."
    return Findings(figures=figures, plots={"Spectrum of depths": plot}, notes=[said], result=found)


def _sentences(notes) -> list[str]:
    return [f"{one[:1].upper()}{one[1:]}." for one in notes]


def _share(on_progress, begun: float, part: float):
    """Progress of a part of the work as that of the whole."""
    if on_progress is None:
        return None
    return lambda fraction, *words: on_progress(begun + part * fraction)
