"""A real napari window with the panel docked."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import xarray as xr
from qtpy.QtWidgets import QMessageBox

from napari_scantwin.readers import read_table
from napari_scantwin.readers.tables.table import choose, remember
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.twin import baseline_scoring, readiness, train_widget

#: The published measurements do not say what their columns are; this is what the dialog would be told.
COLUMNS = {
    "erco2_magnetization.csv": (["2=magnetic_field[Oe]", "1=temperature[K]"], "3=moment[emu]"),
    "pdh_resistance.csv": (["2=magnetic_field[Oe]", "1=temperature[K]"], "3=resistance[ohm]"),
    "arpes_map.csv": (["2=manipulator_angle[deg]", "1=angle[deg]"], "3=photoemission_intensity[count]"),
}


@pytest.fixture(scope="session")
def columns():
    """What the columns of the published measurements are."""
    return COLUMNS


@pytest.fixture(scope="session", autouse=True)
def plugins_found_once():
    """Every window looks for the installed plugins, and parses their manifests anew; they do not change meanwhile."""
    from npe2 import PluginManifest

    with pytest.MonkeyPatch.context() as patched:
        found = list(PluginManifest.discover())
        discover = PluginManifest.discover
        patched.setattr(PluginManifest, "discover", lambda paths=(): discover(paths) if paths else iter(found))
        yield


@pytest.fixture(scope="session", autouse=True)
def settings_not_written():
    """napari writes its settings whenever a dock moves, and the folder is thrown away after every test."""
    from napari.settings._base import EventedConfigFileSettings

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(EventedConfigFileSettings, "_maybe_save", lambda settings: None)
        yield


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """Nothing is compiled for a training that most tests never begin."""
    monkeypatch.setattr(readiness, "DELAY", 1 << 30)


@pytest.fixture(autouse=True)
def thrown_away(monkeypatch):
    """Dialogs that a test leaves open with answers in them are closed unasked."""
    monkeypatch.setattr(QMessageBox, "question", lambda *asked: QMessageBox.Discard)


@pytest.fixture
def panel(make_napari_viewer):
    from napari_scantwin.viewer.panel import Panel

    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1200, 800)
    panel = Panel(viewer)
    viewer.window.add_dock_widget(panel, name="Scan twin", area="right")
    yield panel
    panel.shut()


@pytest.fixture
def spoken(monkeypatch):
    """Every sentence an error said to the user, in a form or, where none is seen, as a notification."""
    import napari.utils.notifications

    said: list[str] = []
    monkeypatch.setattr(napari.utils.notifications, "show_error", said.append)
    say = Reason.say

    def heard(reason_line, reason, name=""):
        before = len(said)
        result = say(reason_line, reason, name)
        if len(said) == before:
            said.append(reason_line.words)
        return result

    monkeypatch.setattr(Reason, "say", heard)
    return said


@pytest.fixture
def open_scan(panel, qtbot):
    """Open a file in the panel and return its layer."""

    def opened(*paths):
        if paths[0].name in COLUMNS:
            table = read_table(paths[0])
            axes, value = COLUMNS[paths[0].name]
            remember(choose(table, axes, value, None), table)
        with qtbot.waitSignal(panel.open.opened, timeout=20_000) as signal:
            assert panel.open.open(list(paths))
        return signal.args[0]

    return opened


@pytest.fixture(scope="session")
def kept_twins():
    """Twins trained so far, by their scan and settings."""
    return {}


@pytest.fixture
def train_scan(panel, qtbot, kept_twins, monkeypatch):
    """Train the chosen scan's twin and wait for its map; of one scan with one choice of settings only once in all
    tests, the others being given the same twin, and the same baselines' rows."""
    train, with_baselines = train_widget.train, baseline_scoring.with_baselines

    def once(subject, settings, **how):
        if not isinstance(subject, xr.DataArray):
            return train(subject, settings, **how)
        key = hashlib.sha256(repr((subject.dims, subject.attrs, settings)).encode())
        for array in (subject, *subject.coords.values()):
            key.update(np.ascontiguousarray(array.values).tobytes())
        key = key.digest()
        if key not in kept_twins:
            kept_twins[key] = train(subject, settings, **how)
        kept = kept_twins[key]
        return kept if kept.branches else dataclasses.replace(kept, scan=subject)

    def scored_once(twin, *, on_progress, stop):
        key = ("scored", twin.uncertainty.slope.tobytes(), twin.scan.size)
        if key not in kept_twins:
            scored = with_baselines(twin, on_progress=on_progress, stop=stop)
            if stop.is_set():
                return scored
            kept_twins[key] = scored.score
        return dataclasses.replace(twin, score=kept_twins[key])

    monkeypatch.setattr(train_widget, "train", once)
    monkeypatch.setattr(baseline_scoring, "with_baselines", scored_once)

    def trained(budget=2.0):
        panel.train.members.setValue(2)
        panel.train.budget.setValue(budget)
        with qtbot.waitSignal(panel.simulate.simulated, timeout=240_000) as signal:
            panel.train.button.click()
        return signal.args[0]

    return trained
