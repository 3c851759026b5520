"""How atoms look: a colour a class, pale where nothing is decided, and from blue to yellow by doubt."""

from __future__ import annotations

import numpy as np
from qtpy.QtGui import QImage, QPixmap

from napari_scantwin.operations.findings import gradient
from napari_scantwin.structures.maps import StructureMap
from napari_scantwin.structures.recognise import UNLIKE
from napari_scantwin.structures.training import DISORDERED

__all__ = ["COLOURINGS", "UNDECIDED", "class_colors", "colors_of", "pixmap"]

#: What atoms can be coloured by.
COLOURINGS = ("class", "doubt (entropy)", "disagreement (mutual information)", "strangeness")
#: What stands for atoms of too little confidence.
UNDECIDED = "undecided"
#: Colours that people who see no red or no green tell apart too; for classes of one's own those that are left.
_COLORS = {
    "sc": "#56b4e9",
    "fcc": "#009e73",
    "bcc": "#4477dd",
    "diamond": "#d982b5",
    "hex/rh": "#d55e00",
    "hex": "#d55e00",
    "rh": "#8c510a",
    "bct139": "#e69f00",
    "bct141": "#f0e442",
    DISORDERED: "#8a8a8a",
    UNLIKE: "#b39ddb",
    UNDECIDED: "#6b6b6b",
}
_OWN = ("#9970ab", "#5aae61", "#bf812d", "#80cdc1", "#f1b6da", "#b8e186")
_FAINT = 0.12


def class_colors(labels) -> dict[str, str]:
    """The colour of every class, of what is unlike anything known, and of what is undecided."""
    own = [one for one in labels if one not in _COLORS]
    return _COLORS | {one: _OWN[number % len(_OWN)] for number, one in enumerate(own)}


def _rgba(color: str, alpha: float = 1.0) -> tuple[float, ...]:
    return (*(int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)), alpha)


def colors_of(found: StructureMap, colouring: str, confidence: float, hidden=frozenset()) -> np.ndarray:
    """The colours of a map's atoms [n, 4].

    Parameters
    ----------
    found
        The map.
    colouring
        One of :data:`COLOURINGS`.
    confidence
        Atoms of a lesser probability are undecided, and faint.
    hidden
        Classes (and :data:`UNDECIDED`) that are not to be seen.
    """
    answer = found.answer
    undecided = (answer.confidence < confidence) & ~answer.unlike
    if colouring == COLOURINGS[0]:
        table = class_colors(answer.labels)
        palette = np.array([_rgba(table[one]) for one in answer.labels] + [_rgba(table[UNLIKE])])
        colors = palette[answer.classes]  # -1, the last, is unlike anything known
        colors[undecided] = _rgba(table[UNDECIDED], _FAINT)
    else:
        values = {
            COLOURINGS[1]: answer.entropy,
            COLOURINGS[2]: answer.mutual_information / np.log(len(answer.labels)),
            COLOURINGS[3]: np.minimum(answer.strangeness, 1.5) / 1.5,
        }[colouring]
        palette = np.array([_rgba(one) for one in gradient(64)])
        colors = palette[np.clip((values * 63).astype(int), 0, 63)]
        colors[undecided, 3] = _FAINT if confidence > 0 else 1.0
    for number, label in enumerate(answer.labels):
        if label in hidden:
            colors[(answer.classes == number) & ~undecided, 3] = 0
    if UNLIKE in hidden:
        colors[answer.unlike, 3] = 0
    if UNDECIDED in hidden:
        colors[undecided, 3] = 0
    return colors


def pixmap(image: np.ndarray, side: int) -> QPixmap:
    """A picture [n, n, 3] of values from 0 to 1, enlarged to ``side`` pixels."""
    from qtpy.QtCore import Qt

    data = np.ascontiguousarray(np.clip(255 * image, 0, 255).astype(np.uint8))
    height, width = data.shape[:2]
    picture = QImage(data.data, width, height, 3 * width, QImage.Format_RGB888).copy()
    return QPixmap.fromImage(picture).scaled(side, side, Qt.KeepAspectRatio, Qt.FastTransformation)
