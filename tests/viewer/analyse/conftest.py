"""Twins of the published measurements, trained once for all analyses."""

from __future__ import annotations

import pytest

from napari_scantwin.readers import read
from napari_scantwin.twin import TwinSettings, train
from napari_scantwin.viewer.session import ScanLayer

#: The tab's place in the panel.
ANALYSE = 5


def told(widget) -> str:
    """All that an analysis says: in its line, below a marked field or in the line of reasons."""
    return f"{widget.said.text()} {widget.reason.words}".strip()


@pytest.fixture(scope="session")
def twin_of(measured, columns):
    """The twin of a published measurement, by its file's name."""
    kept = {}

    def trained(name: str):
        if name not in kept:
            axes, value = columns[name]
            scan = read([measured / name], axes=axes, value=value)
            kept[name] = train(scan, TwinSettings(members=2, time_budget=1.0), score_baselines=False)
        return kept[name]

    return trained


@pytest.fixture
def with_twin(measured, open_scan, twin_of):
    """Open a published measurement in the panel, with its twin; the layer."""

    def opened(name: str):
        layer = open_scan(measured / name)
        ScanLayer(layer).set_twin(twin_of(name))
        return layer

    return opened


@pytest.fixture
def analysed(panel, qtbot):
    """Choose an analysis, wait for its first result and return the widget."""

    def shown(title: str):
        panel.tabs.setCurrentIndex(ANALYSE)
        analysis = panel.analyse.choose(title)
        if analysis.result is None:
            with qtbot.waitSignal(analysis.shown, timeout=20_000):
                analysis.refresh()
        return analysis

    return shown
