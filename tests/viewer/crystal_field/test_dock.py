"""The dock Crystal field, from files to a simulated layer."""

import functools
import json

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_scantwin.crystal_field import posterior
from napari_scantwin.crystal_field.curves import IonCurve
from napari_scantwin.crystal_field.given import predicted, solution_of
from napari_scantwin.crystal_field.ions import ion
from napari_scantwin.crystal_field.measured.lattice import DebyeEinstein
from napari_scantwin.crystal_field.sites import site
from napari_scantwin.viewer.session import ScanLayer

PR, CUBIC = ion("Pr3+"), site("Oh").for_J(4.0)
#: B40 and B60 in K.
FIELD = np.array([-0.012, 3e-5])
GAS = 8.314462618


@pytest.fixture
def files(tmp_path):
    """C of a sample and of its analogue side by side, without units; χ and M with them."""
    rng = np.random.default_rng(5)

    def curve(kind, x, **more):
        bare = IonCurve(kind, "powder", x, np.ones_like(x), np.ones_like(x), **more)
        return predicted(PR, CUBIC, FIELD, bare) * (1 + 0.005 * rng.normal(size=x.size))

    t = np.geomspace(2, 150, 40)
    lattice = DebyeEinstein(150.0, 220.0, 0.6, atoms=5)(t)
    columns = (t, GAS * (curve("heat_capacity", t) + lattice), t, GAS * lattice)
    _write(tmp_path / "c.dat", "\tPrNi4 0 T\t\tLaNi4 0 T", columns)
    chi = np.geomspace(2, 300, 50)
    _write(tmp_path / "chi_powder.dat", "T (K)\tchi (emu/mol)", (chi, 0.55849379 * curve("susceptibility", chi)))
    return [tmp_path / "c.dat", tmp_path / "chi_powder.dat"]


def _write(path, head, columns):
    rows = ["\t".join(repr(float(one)) for one in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join([head, *rows]) + "\n")


@pytest.fixture
def dock(make_napari_viewer, monkeypatch, tmp_path):
    from napari_scantwin.viewer.crystal_field.dock import CrystalFieldDock

    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 800)
    dock = CrystalFieldDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystal field", area="right")
    yield dock
    dock.shut()


def test_from_files_to_a_layer(dock, files, qtbot, tmp_path, monkeypatch):
    """Files are dropped, a unit is said once for two curves, parameters are found, and the solution is a scan."""
    dock.data.open(files)
    qtbot.waitUntil(lambda: dock.data.table.rowCount() == 3, timeout=20000)
    assert dock.state.inputs.ion == "Pr3+"
    assert dock.data.lattice.currentText() == "LaNi4 0 T"
    assert dock.data.table.item(1, 0).checkState() == Qt.Unchecked
    qtbot.waitUntil(lambda: "does not say" in " ".join(dock.data.messages.sentences), timeout=20000)
    dock.data.table.selectRow(0)
    dock.data.table.selectionModel().select(
        dock.data.table.model().index(1, 0),
        dock.data.table.selectionModel().Select | dock.data.table.selectionModel().Rows,
    )
    form = dock.data.form
    assert form.unit.lineEdit().placeholderText() == "unit?"
    form.unit.setCurrentText("J/mol/K")
    form.unit.lineEdit().editingFinished.emit()
    qtbot.waitUntil(lambda: dock.state.ready is not None, timeout=20000)
    assert [one.kind for one in dock.state.ready.curves] == ["heat_capacity", "susceptibility"]
    assert "C(T)" in [dock.curves.view.itemText(k) for k in range(dock.curves.view.count())]
    assert dock.curves.plot.drawn

    # What was said is taken back and done again.
    dock.undo.undo()
    assert dock.state.inputs.curves[0].measured.y_unit is None
    dock.undo.redo()
    qtbot.waitUntil(lambda: dock.state.ready is not None, timeout=20000)

    # The sliders move the curves.
    dock.show_tab(dock.ion)
    with qtbot.waitSignal(dock.ion.by_hand, timeout=20000):
        dock.ion.hand.expand(animate=False)
    with qtbot.waitSignal(dock.ion.by_hand, timeout=20000) as told:
        dock.ion.sliders.set_values(FIELD)
    found, values = told.args[0]
    np.testing.assert_allclose(
        found.levels, solution_of("Pr3+", "Oh", dict(zip(CUBIC.parameters, FIELD, strict=True))).levels
    )
    heat = dock.state.ready.curves[0]
    np.testing.assert_allclose(values[0], heat.value, atol=0.05)
    dock.ion.hand.collapse(animate=False)

    # The network, here one that has hardly learned anything, draws a band and gives the search starts.
    hasty = functools.partial(posterior.train_posterior, examples=200, steps=20, keep=False)
    monkeypatch.setattr(posterior, "train_posterior", hasty)
    with qtbot.waitSignal(dock.state.foretold, timeout=120000):
        dock.ion.toggle_network()
    bands, starts = dock.state.draws
    assert [one[0].kind for one in bands] == ["heat_capacity", "susceptibility"]
    assert starts.shape[1] == len(CUBIC.parameters)
    assert any(one.style == "line" and one.errors is not None for one in dock.curves.plot.drawn)

    with qtbot.waitSignal(dock.state.answered, timeout=120000):
        dock.ion.toggle()
    assert dock._tab is dock.answer
    best = dock.state.solution
    np.testing.assert_allclose(best.values, FIELD, rtol=0.1)
    assert dock.answer.solutions.rowCount() == len(dock.state.answer.solutions)
    dock.answer.convention.setCurrentIndex(dock.answer.convention.findData("lea_leask_wolf"))
    assert dock.answer.parameters.item(0, 0).text().startswith("W")
    assert dock.levels._described().curves

    path = tmp_path / "pr_parameters.csv"
    monkeypatch.setattr("napari_scantwin.viewer.crystal_field.answer_tab.ask_path", lambda *asked: (path, ""))
    dock.answer._ask_export("parameters.csv")
    assert "B40" in path.read_text()

    with qtbot.waitSignal(dock.answer.simulate.added, timeout=60000) as told:
        dock.answer.simulate.temperature.setText("2:40:2")
        dock.answer.simulate.field.setText("0:9:1")
        dock.answer.simulate.toggle()
    layer = told.args[0]
    assert ScanLayer(layer).kind == "simulated"
    assert ScanLayer(layer).scan.name == "magnetization"
    # The simulated scan is a scan like any other: its curves can be taken again.
    dock.data.take(layer)
    assert {one.measured.kind for one in dock.state.inputs.curves[3:]} == {"magnetization"}


def test_a_problem_is_saved_and_opened_again(dock, files, qtbot, tmp_path, monkeypatch, spoken):
    dock.data.open(files)
    qtbot.waitUntil(lambda: dock.data.table.rowCount() == 3, timeout=20000)
    dock.state.put(levels=(9.0, 20.0), levels_unit="meV", site="Oh")
    path = tmp_path / "problem.json"
    monkeypatch.setattr("napari_scantwin.viewer.crystal_field.answer_tab.ask_path", lambda *asked: (path, ""))
    dock.answer._ask_save()
    before = dock.state.inputs
    assert json.loads(path.read_text())["curves"][0]["file"] == "c.dat"
    dock.state.put(curves=(), levels=(), ion="Er3+", lattice="none")
    dock.data.open([path])
    qtbot.waitUntil(lambda: dock.data.table.rowCount() == 3, timeout=20000)
    after = dock.state.inputs
    assert (after.ion, after.site, after.levels, after.lattice) == ("Pr3+", "Oh", before.levels, before.lattice)
    assert after.problem().to_dict() == before.problem().to_dict()

    # What cannot be is said in a sentence, and leaves everything as it was.
    dock.ion.levels.setText("many")
    dock.ion.levels.editingFinished.emit()
    assert "no list of energies" in spoken[-1]
    dock.data.table.selectRow(0)
    dock.data.form.formula.setText("Qq5")
    dock.data.form.formula.editingFinished.emit()
    assert "no formula" in spoken[-1]
    assert dock.state.inputs is after
    dock.ion.toggle()  # the unit of C is not known yet
    qtbot.waitUntil(lambda: not dock.state.job.running, timeout=20000)
    assert "does not say what it is" in spoken[-1]
    assert dock.state.answer is None


def test_a_proposed_limit_is_one_click(dock, qtbot, tmp_path):
    """A peak that no levels make: the button below the list sets the curve's lower end, from either tab."""
    t = np.geomspace(1.5, 60, 90)
    bare = IonCurve("heat_capacity", "powder", t, np.ones_like(t), np.ones_like(t))
    heat = predicted(PR, CUBIC, FIELD, bare) + 5 * np.exp(-np.abs(np.log(t / 5)) / 0.05)
    _write(tmp_path / "c.csv", "T (K)\tC (J/mol/K)", (t, GAS * heat))
    dock.data.open([tmp_path / "c.csv"])
    qtbot.waitUntil(lambda: "order sets in" in " ".join(dock.data.messages.sentences), timeout=20000)
    button = dock.ion.messages.widget().findChild(QPushButton)
    assert "only above 6.5 K" in button.text()
    button.click()
    assert dock.state.inputs.curves[0].low == 6.5
    qtbot.waitUntil(lambda: "order sets in" not in " ".join(dock.data.messages.sentences), timeout=20000)
    assert dock.data.messages.widget().findChild(QPushButton) is None
