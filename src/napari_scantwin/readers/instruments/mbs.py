"""MB Scientific A-1 analyser files: binary ``.krx`` and text ``.txt``.

A ``.krx`` begins with a table of integers (of 64 bits, in older files of 32): three times the number of
images, then for each image its place (counted in 32-bit words), its number of angles and of energies. An
image is ``int32``, angle by energy, and behind it come the length of its header and the header: lines of
``key<TAB>value`` down to ``DATA:``. The text format is that header with rows of energy and counts under it.

Energies are kinetic, ``Start K.E. + i * Step Size``, as the text format's own first column has them. Layout
as the open readers of the community describe it: github.com/mueslo/mbs, erlab (``erlab.io.plugins.mbs``) and
peaks (``MBSDataLoader``).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from napari_scantwin.core.energies import KINETIC
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers.arpes_axes import analyser_attrs, arpes_scan, size_words
from napari_scantwin.readers.format import Asks, DataFile, Format, Level
from napari_scantwin.readers.measurement import Measurement
from napari_scantwin.readers.tables.text import SUFFIXES

__all__ = ["FORMATS", "binary_measurements", "is_mbs_text", "text_measurements"]

#: No image's header is longer (bytes).
_LONGEST_HEADER = 1 << 16

#: Header keys and what :func:`analyser_attrs` calls them.
_KEYS = {
    "RegName": "Region Name",
    "No Scans": "Number of Sweeps",
    "AcqMode": "Acquisition Mode",
    "STim": "Date",
    "Gen. Name": "Sample",
}


def is_mbs_text(file: DataFile) -> bool:
    """Whether a text file begins with an MBS header."""
    head = file.head[:8192]
    return re.search(rb"^Start K\.E\.\t", head, re.MULTILINE) is not None and b"Step Size\t" in head


def binary_measurements(file: DataFile) -> list[Measurement]:
    """The measurement in a ``.krx`` file: a cut, a deflector map, or one spectrum for each spin direction."""
    path = file.path
    content = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
    words = content[: len(content) // 4 * 4].view("<i4")
    images, headers = [], []
    for start, angles, energies in _image_table(path, content, words):
        end = start + angles * energies
        images.append(words[start:end].reshape(angles, energies))
        headers.append(_header(path, content[4 * end :]))
    first = headers[0]
    if first.get("SpinSystemOn", "").upper() == "YES" and first.get("MainDetOn", "").upper() == "NO":
        return [_spin(path, image, first, number) for number, image in enumerate(images)]
    if len({image.shape for image in images}) > 1:
        raise ScanError(f"{path.name}: its images differ in size; export them from the analyser's program one by one")
    if len(images) == 1:
        axes = [_angle_axis(path, first, images[0].shape[0]), _energy_axis(path, first, images[0].shape[1])]
        return [_measurement(path, np.array(images[0]), axes, first)]
    axes = [
        _map_axis(path, first, len(images)),
        _angle_axis(path, first, images[0].shape[0]),
        _energy_axis(path, first, images[0].shape[1]),
    ]
    return [_measurement(path, np.stack(images), axes, first)]


def _image_table(path: Path, content: np.ndarray, words: np.ndarray) -> list[tuple[int, int, int]]:
    """Place, number of angles and number of energies of every image, checked against the file's length."""
    for kind, width in (("<i8", 8), ("<i4", 4)):
        count = int(content[:width].view(kind)[0]) if len(content) >= width else 0
        if count < 3 or count % 3 or width * (count + 1) > len(content):
            continue
        table = content[width : width * (count + 1)].view(kind).reshape(-1, 3)
        start, angles, energies = table.T.astype(float)
        inside = (start * 4 >= width * (count + 1)) & (angles >= 1) & (energies >= 1)
        inside &= start + angles * energies + 1 <= len(words)
        # Images do not overlap, so together they fill no more than the file.
        if inside.all() and (angles * energies).sum() <= len(words):
            return [(int(place), int(wide), int(high)) for place, wide, high in table]
    raise ScanError(f"{path.name} is not a whole MBS file: its table of images does not fit its length; copy it again")


def _header(path: Path, content: np.ndarray) -> dict[str, str]:
    length = int(content[:4].view("<i4")[0])
    if not 0 < length <= _LONGEST_HEADER or len(content) < 4 + length:
        raise ScanError(f"{path.name}: the header behind an image is cut off or altered; copy it again")
    return _settings(content[4 : 4 + length].tobytes().decode("latin-1"))


def _settings(text: str) -> dict[str, str]:
    """The ``key<TAB>value`` lines; of a key that comes twice, as ``RegNo`` does, the first counts."""
    found: dict[str, str] = {}
    for line in re.split(r"[\r\n]+", text):
        key, tab, value = line.partition("\t")
        if key.startswith("DATA:"):
            break
        if tab and key.strip():
            found.setdefault(key.strip(), value.strip())
    return found


def _number(path: Path, about: dict[str, str], *keys: str) -> float:
    """The first of the keys as a number; LabVIEW writes a decimal comma where Windows does."""
    text = next((about[key] for key in keys if key in about), "")
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise ScanError(f"{path.name}: the header's {keys[0]!r} is {text!r} where a number belongs; copy it again")
    return number


def _energy_axis(path: Path, about: dict[str, str], size: int) -> tuple[str, str, np.ndarray]:
    start, step = _number(path, about, "Start K.E."), _number(path, about, "Step Size")
    if step == 0:
        raise ScanError(f"{path.name}: the header's 'Step Size' is 0; copy it again")
    return "Kinetic Energy", "eV", start + step * np.arange(size)


def _angle_axis(path: Path, about: dict[str, str], size: int) -> tuple[str, str | None, np.ndarray]:
    """The axis along the slit; its unit stands in its name, such as ``Y Angle(Degrees)``."""
    low = _number(path, about, "ScaleMin", "XScaleMin")
    high = _number(path, about, "ScaleMax", "XScaleMax")
    return about.get("ScaleName", about.get("XScaleName", "angle")), None, np.linspace(low, high, size)


def _map_axis(path: Path, about: dict[str, str], size: int) -> tuple[str, str | None, np.ndarray]:
    """The deflector's steps of a map. A map that was stopped has fewer images than steps."""
    both = [int(_number(path, about, f"MapNo{way}Steps")) if f"MapNo{way}Steps" in about else 1 for way in "XY"]
    if min(both) > 1:
        raise ScanError(
            f"{path.name} is a map in both deflector directions ({both[0]} x {both[1]}), which cannot be opened; "
            "export it row by row"
        )
    way = "Y" if both[1] > 1 else "X"
    planned = max(*both, 1)
    if planned == 1 and "YScaleMin" in about:  # older headers
        low, high, planned = _number(path, about, "YScaleMin"), _number(path, about, "YScaleMax"), size
    else:
        low, high = _number(path, about, f"MapStart{way}"), _number(path, about, f"MapEnd{way}")
    if not size <= planned <= 100_000:
        raise ScanError(f"{path.name} holds {size} images, but its header tells of {planned} map steps; copy it again")
    # The name such as "X Map Angle(Degrees)" says the unit; what is scanned is the deflector.
    unit = re.search(r"[(\[]([^()\[\]]+)[)\]]\s*$", about.get(f"{way}MapScaleName", about.get("YScaleName", "")))
    return "deflector", unit[1] if unit else None, np.linspace(low, high, planned)[:size]


def _spin(path: Path, image: np.ndarray, about: dict[str, str], number: int) -> Measurement:
    """One spin direction's spectrum, named as the header's ``SpinComp#`` names it."""
    energies = _energy_axis(path, about, image.shape[1])
    name = f"spin {number}"
    scan = arpes_scan(
        path.name, image.sum(0), [energies], unit=_unit(about), documented=(KINETIC,), attrs=_attrs(about)
    )
    if component := about.get(f"SpinComp#{number}"):
        scan.attrs["spin_component"] = component
        name += f" {component}"
    return Measurement(name, f"{name}: {size_words(scan)}", scan)


def _unit(about: dict[str, str]) -> str | None:
    """Counts where the detector counted pulses; the camera's grey values otherwise, which have no unit."""
    return "count" if about.get("PCntON?", "").upper() in ("YES", "1") else None


def _attrs(about: dict[str, str]) -> dict:
    settings = {_KEYS.get(key, key): value for key, value in about.items()}
    settings["Pass Energy"] = re.sub(r"^PE0*(?=\d)", "", about.get("Pass Energy", ""))
    attrs = analyser_attrs(settings)
    for name in ("DeflX", "DeflY"):
        try:
            attrs[f"deflector_{name[-1].lower()}"] = float(about[name].replace(",", "."))
            attrs[f"deflector_{name[-1].lower()}_units"] = "deg"
        except (KeyError, ValueError):
            continue
    return attrs


def _measurement(path: Path, values: np.ndarray, axes: list, about: dict[str, str]) -> Measurement:
    name = about.get("RegName") or path.stem
    scan = arpes_scan(path.name, values, axes, unit=_unit(about), documented=(KINETIC,), attrs=_attrs(about))
    if "manipulator_angle" in scan.dims:  # the deflector is what was scanned: the header's one value is not its
        scan.attrs = {key: value for key, value in scan.attrs.items() if not key.startswith("deflector_")}
    return Measurement(name, f"{name}: {size_words(scan)}", scan)


def text_measurements(file: DataFile) -> list[Measurement]:
    """The cut, spectrum or constant-energy map in an MBS text file."""
    path = file.path
    text = file.content.decode("latin-1")
    head, data, body = text.partition("DATA:")
    if not data:
        raise ScanError(f"{path.name}: an MBS header without the line DATA:; the file is cut off: copy it again")
    about = _settings(head)
    lines = [line for line in body.splitlines() if line.strip()]
    try:
        table = np.array([[float(word.replace(",", ".")) for word in line.split()] for line in lines])
    except ValueError:
        table = np.zeros(0)
    if table.ndim != 2 or table.shape[1] < 2:
        raise ScanError(f"{path.name}: the rows under DATA: are not as long as each other; copy the file again")
    slices = int(_number(path, about, "NoS"))
    if table.shape[1] == slices + 1 or (table.shape[1] == 2 and slices != 2):
        energies = _energy_axis(path, about, len(table))
        if not np.allclose(energies[2], table[:, 0], atol=0.01 * abs(energies[2][-1] - energies[2][0]) / len(table)):
            raise ScanError(
                f"{path.name}: its energies are not those of its header; the file is altered: copy it again"
            )
        if table.shape[1] == 2 and slices != 1:  # summed over the angle
            return [_measurement(path, table[:, 1], [energies], about)]
        return [_measurement(path, table[:, 1:].T, [_angle_axis(path, about, table.shape[1] - 1), energies], about)]
    if table.shape[1] == slices:
        axes = [_angle_axis(path, about, slices), _energy_axis(path, about, len(table))]
        return [_measurement(path, table.T, axes, about)]
    if len(table) == slices:  # a map at one energy: angle down, deflector across
        axes = [_angle_axis(path, about, slices), _map_axis(path, about, table.shape[1])]
        return [_measurement(path, table, axes, about)]
    raise ScanError(
        f"{path.name}: {len(table)} rows of {table.shape[1]} numbers do not fit the header's {slices} slices; "
        "the file is cut off or altered: copy it again"
    )


FORMATS = (
    Format(
        name="mbs-krx",
        title="MB Scientific",
        suffixes=(".krx",),
        level=Level.INSTRUMENT,
        holds="cuts, deflector maps (also stopped ones), spin directions; tables of 32 and 64 bits",
        reads="Every image, angle by energy; several images are the steps of the deflector. Energies are kinetic, "
        "`Start K.E. + i × Step Size`, as the first column of the text format has them (other programs put them half a "
        "step higher). The angle's unit stands in its name. Values are counts where the detector counted pulses, else "
        "`arb`. The files do not say the photon energy; maps in both deflector directions are refused.",
        measurements=binary_measurements,
        asks=Asks.UNITS,
        layout_after="github.com/mueslo/mbs, erlab, peaks",
    ),
    Format(
        name="mbs-text",
        title="MB Scientific text",
        suffixes=(".txt",),
        also=SUFFIXES,
        level=Level.INSTRUMENT,
        holds="cuts, spectra, constant-energy maps; with or without the energy column",
        reads="The rows under `DATA:` against the axes of the header, as in `.krx`; a first column of energies must "
        "agree with the header.",
        measurements=text_measurements,
        recognises=is_mbs_text,
        asks=Asks.UNITS,
        layout_after="the same",
    ),
)
