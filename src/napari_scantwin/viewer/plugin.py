"""What ``napari.yaml`` names besides the panel: the reader, the writer and the samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_scantwin import writers
from napari_scantwin.core.errors import ScanError
from napari_scantwin.readers import readable
from napari_scantwin.samples import load_sample
from napari_scantwin.viewer.canvas.frame import Frame
from napari_scantwin.viewer.canvas.layers import layer_data, shared_frame
from napari_scantwin.viewer.kit.reasons import say_error
from napari_scantwin.viewer.open.opening import open_now
from napari_scantwin.viewer.session import ScanLayer, scan_layers, scan_of

__all__ = [
    "get_reader",
    "line_cut",
    "sample_arpes",
    "sample_core_levels",
    "sample_ferromagnet",
    "sample_palladium_hydride",
    "simulate_twin",
    "train_scan",
    "what_next",
    "write_layer",
]


def get_reader(path=None) -> Callable | None:
    """napari's reader hook: a function from path to layers, or None where what lies there is none of ours. Called
    without a path, as by the command palette, it asks for files in the panel."""
    if path is None:
        if (panel := _panel()) is not None:
            panel.open.ask()
        return None
    paths = [Path(one) for one in (path if isinstance(path, list) else [path])]
    if not paths or not all(readable(one) for one in paths):
        return None
    return _read_layers


def _read_layers(path) -> list[tuple]:
    paths = [Path(one) for one in (path if isinstance(path, list) else [path])]
    opened = open_now(paths, _window())
    if opened is None:
        return [(None,)]  # napari's word for: read, nothing to show
    if opened.twin is not None:
        _show_twin_later(opened.twin)
    return [_prepared(opened.scan, opened.twin)]


def _panel():
    """The panel of the current viewer, docked and shown; None where there is no window."""
    import napari

    viewer = napari.current_viewer()
    if viewer is None:
        return None
    _, panel = viewer.window.add_plugin_dock_widget("napari-scantwin", "Scan twin")
    return panel


def train_scan() -> None:
    """Train the twin of the scan that is chosen in the panel."""
    if (panel := _panel()) is not None:
        panel.show_tab(panel.train)
        panel.train.train()


def simulate_twin() -> None:
    """Simulate the chosen scan's twin on the grid that the panel's form has."""
    if (panel := _panel()) is not None:
        panel.show_tab(panel.simulate)
        panel.simulate.simulate()


def line_cut() -> None:
    """Lay a line across the map of the chosen scan."""
    if (panel := _panel()) is not None:
        panel.show_tab(panel.cuts)
        panel.cuts.add_line()


def what_next() -> None:
    """Ask what to measure next of the chosen scan."""
    if (panel := _panel()) is None:
        return
    panel.show_tab(panel.analyse)
    try:
        panel.analyse.choose("What to measure next")
    except KeyError:
        say_error("Open a scan of two or more axes first; then what to measure next can be worked out.", panel)


def _show_twin_later(twin) -> None:
    """Show the panel and the twin's map once napari has added the layer."""
    from qtpy.QtCore import QTimer

    def show() -> None:
        panel = _panel()
        found = [] if panel is None else [one for one in scan_layers(panel.viewer) if ScanLayer(one).twin is twin]
        if found:
            panel.show_twin(found[0])

    QTimer.singleShot(0, show)


def _prepared(scan, twin=None) -> tuple:
    import napari

    from napari_scantwin.viewer.canvas.overlay import canvas_aspect

    viewer = napari.current_viewer()
    frame = None
    if viewer is not None:
        frame = shared_frame(viewer, scan) or Frame.of(scan, canvas_aspect(viewer))
    data, attributes, layer_type = layer_data(scan, frame)
    ScanLayer(attributes).set_twin(twin)
    _show_rulers()
    return data, attributes, layer_type


def _window():
    import napari

    from napari_scantwin.viewer.canvas.napari_private import window_of

    viewer = napari.current_viewer()
    return None if viewer is None else window_of(viewer)


def _show_rulers() -> None:
    """Attach the rulers and show the scan alone once napari has added its layer."""
    import napari
    from qtpy.QtCore import QTimer

    from napari_scantwin.viewer.canvas.overlay import attach
    from napari_scantwin.viewer.canvas.visibility import bring_to_front

    viewer = napari.current_viewer()
    if viewer is None:
        return
    attach(viewer)

    def show() -> None:
        if found := scan_layers(viewer, "measured"):
            bring_to_front(viewer, found[-1])

    QTimer.singleShot(0, show)


def write_layer(path: str | None = None, data=None, attributes: dict | None = None) -> list[str]:
    """napari's writer hook for a layer that holds a scan. Called without a path, as by the command palette, it asks for
    one in the panel."""
    if path is None or attributes is None:
        if (panel := _panel()) is not None:
            panel.show_tab(panel.simulate)
            panel.simulate.ask_export()
        return []
    scan = scan_of(attributes)
    if scan is None:
        raise ScanError(
            f"{Path(path).name} was not written: this layer holds no scan; choose a measured or simulated one"
        )
    written = [str(one) for one in writers.write(scan, path)]
    if left_out := writers.left_out(scan, path):
        from napari.utils.notifications import show_info

        show_info(f"{Path(path).name}: {'; '.join(left_out)}")
    return written


def sample_ferromagnet() -> list[tuple]:
    """A ferromagnet's moment against temperature and field."""
    return [_prepared(load_sample("ferromagnet"))]


def sample_palladium_hydride() -> list[tuple]:
    """Hydrogen-loaded palladium's resistance against temperature and field."""
    return [_prepared(load_sample("palladium_hydride"))]


def sample_arpes() -> list[tuple]:
    """An ARPES stack of a tight-binding band."""
    return [_prepared(load_sample("arpes"))]


def sample_core_levels() -> list[tuple]:
    """The core-level map for napari's Open Sample menu."""
    return [_prepared(load_sample("core_levels"))]
