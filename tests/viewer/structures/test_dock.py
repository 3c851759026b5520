"""The dock Crystal structures in a real window: open, recognise, colour, click, classes of one's own, export."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_scantwin.core.clouds import cloud_scan
from napari_scantwin.readers import read
from napari_scantwin.samples import load_sample
from napari_scantwin.structures import network as networks
from napari_scantwin.structures.invariant import FEATURES
from napari_scantwin.structures.prototypes import CLASSES, PROTOTYPES
from napari_scantwin.structures.recognise import Recogniser
from napari_scantwin.structures.strange import Strangeness
from napari_scantwin.structures.training import DISORDERED, piece
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.structures import atom_card
from napari_scantwin.viewer.structures import dock as docks
from napari_scantwin.viewer.structures.looks import COLOURINGS


@pytest.fixture
def stand_in(monkeypatch):
    """Networks of one class each that answer by the first two contents alone: what the window does with answers is
    looked at here, not whether they are right."""
    labels = (*CLASSES, DISORDERED)
    random = np.random.default_rng(0)
    weights = [
        random.normal(size=(2, FEATURES, len(labels))).astype(np.float32),
        np.zeros((2, len(labels)), np.float32),
    ]
    known = np.zeros((4, 2), np.float32)
    made = Recogniser(
        labels,
        weights,
        np.zeros(FEATURES),
        np.ones(FEATURES),
        1.0,
        Strangeness(np.zeros((FEATURES, 2)), known, np.zeros(3)),
        np.zeros((10, 3)),
    )
    asked = []

    def recogniser(settings, **more):
        asked.append(settings)
        return made

    monkeypatch.setattr(docks, "recogniser", recogniser)
    return asked


@pytest.fixture
def dock(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 800)
    made = docks.StructuresDock(viewer)
    viewer.window.add_dock_widget(made, name="Crystal structures", area="right")
    yield made
    made.shut()


def test_a_cloud_is_opened_recognised_coloured_and_clicked_on(dock, qtbot, tmp_path, stand_in, monkeypatch):
    random = np.random.default_rng(0)
    places = 2.6 * piece(PROTOTYPES[1], 300, random)
    lines = "\n".join("Fe {:.5f} {:.5f} {:.5f}".format(*one) for one in places)
    (tmp_path / "cluster.xyz").write_text(f"{len(places)}\n\n{lines}\n")
    with qtbot.waitSignal(dock.opening.opened, timeout=20_000):
        dock.opening.open([tmp_path / "cluster.xyz"])
    viewer, layer = dock._viewer, dock.layer
    assert viewer.dims.ndisplay == 3
    assert len(set(np.round(layer.scale, 9))) == 1  # a cloud keeps its shape
    assert float(layer.size[0]) == pytest.approx(0.6 * 2.6, rel=0.01)
    assert not layer.border_width.any()

    with qtbot.waitSignal(dock.recognised, timeout=60_000):
        assert dock.recognise()
    shown = dock.map_layer
    found, _ = dock._results[shown]
    assert shown.visible
    assert not layer.visible
    assert "As one crystal" in dock.said.text()
    counted = sum(int(dock.table.item(row, 1).text()) for row in range(dock.table.rowCount()))
    assert counted == len(places)

    dock.slider.setValue(100)
    qtbot.waitUntil(lambda: (shown.face_color[:, 3] < 0.2).sum() == (found.answer.confidence < 1).sum(), timeout=5000)
    dock.slider.setValue(0)
    dock.recolour()
    assert (shown.face_color[:, 3] == 1).all()
    by_class = np.array(shown.face_color)
    dock.colouring.setCurrentText(COLOURINGS[1])
    assert not np.array_equal(by_class, shown.face_color)
    dock.colouring.setCurrentText(COLOURINGS[0])
    dock.table.item(0, 0).setCheckState(0)
    first = found.answer.labels.index(dock._rows[0])
    np.testing.assert_array_equal(shown.face_color[:, 3] == 0, found.answer.classes == first)

    # A click that does not move is one on an atom; a drag that turns the view is none.
    monkeypatch.setattr(type(shown), "get_value", lambda self, *where, **more: 7)
    event = SimpleNamespace(
        button=1, pos=(100, 100), position=(0, 0, 0), view_direction=np.array([1, 0, 0]), dims_displayed=[0, 1, 2]
    )
    event.type = "mouse_press"
    turning = dock._clicked(viewer, event)
    next(turning)
    event.type, event.pos = "mouse_move", (140, 100)
    with pytest.raises(StopIteration):
        next(turning)
    assert dock.tabs.currentIndex() == 0
    event.type, event.pos = "mouse_press", (100, 100)
    still = dock._clicked(viewer, event)
    next(still)
    event.type = "mouse_release"
    with qtbot.waitSignal(dock.card.looked, timeout=20_000), pytest.raises(StopIteration):
        next(still)
    assert dock.tabs.currentIndex() == 1
    assert "Atom 8 (Fe)" in dock.card.title.text()
    probabilities = [float(dock.card.table.item(row, 1).text()) for row in range(dock.card.table.rowCount())]
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert dock.card.picture.pixmap() is not None
    assert dock.card.plot.drawn
    dock.card.only.setChecked(True)
    dock._hidden.clear()
    dock.recolour()
    assert (shown.face_color[:, 3] > 0).sum() == len(dock.card.found.rows) == dock.window_box.value()
    dock.card.only.setChecked(False)
    assert (shown.face_color[:, 3] > 0).all()

    maps = [np.ones((4, 64, 64, 3))] * 6
    answering = SimpleNamespace(
        probabilities=lambda images: np.full((1, 7), 1 / 7), response_maps=lambda image, top=4: maps
    )
    monkeypatch.setattr(atom_card, "image_network", lambda settings, **more: answering)
    with qtbot.waitSignal(dock.card.job.ended, timeout=20_000):
        dock.card.toggle_maps()
    assert dock.card.grid.count() == 3 * 5 + 2
    assert "for this orientation" in dock.card.network_said.text()
    assert networks.IMAGE_CLASSES[0] in ("sc",)

    with qtbot.waitSignal(dock.export_job.ended, timeout=20_000):
        assert dock.export(tmp_path / "map.csv")
    back = read(tmp_path / "map.csv")
    np.testing.assert_array_equal(back.values, found.answer.classes)


def test_other_scans_are_no_clouds_and_what_will_not_do_is_said(dock, qtbot, spoken, stand_in, tmp_path):
    viewer = dock._viewer
    add_scan(viewer, load_sample("ferromagnet"))
    qtbot.wait(20)
    assert dock.layer is None
    assert not dock.recognise()
    few = cloud_scan(np.random.default_rng(0).normal(size=(23, 3)), "nm", np.ones(23), name="atom_type")
    add_scan(viewer, few, name="few")
    qtbot.waitUntil(lambda: dock.layer is not None, timeout=2000)
    with qtbot.waitSignal(dock.job.ended, timeout=20_000):
        assert dock.recognise()
    assert "too few atoms to tell: 23" in spoken[-1]
    assert dock.map_layer is None
    (tmp_path / "mine.xyz").write_text("1\n\nFe 0 0 0\n")
    assert not dock.add_own([tmp_path / "mine.xyz"])
    assert "mine.xyz has no periodic cell" in spoken[-1]
    (tmp_path / "mine.extxyz").write_text(
        '2\nLattice="3 0 0 0 3 0 0 0 5" Properties=species:S:1:pos:R:3 pbc="T T T"\nFe 0 0 0\nFe 1.5 1.5 1.0\n'
    )
    assert dock.add_own([tmp_path / "mine.extxyz"])
    assert dock.own_label.text() == "Own classes: mine"
    with qtbot.waitSignal(dock.job.ended, timeout=20_000):
        dock.recognise()
    assert [one.label for one in stand_in[-1].own] == ["mine"]
