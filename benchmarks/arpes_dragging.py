"""How fast the crosshair is dragged through a cube: ``python benchmarks/arpes_dragging.py [erlab]``.

A cube of 500 x 500 x 200 float32 (two angles, energy) is opened in the real window of 1200 x 800, the mouse is moved
120 times a second for some seconds, and the repaints of every view are counted. Goal: 60 a second of the slowest view
that has to follow. Three ways of dragging:

map       the crosshair on the constant-energy map: the three profiles follow
energy    the line in the EDC: the map is sliced again for every energy, and the MDCs follow
averaged  as ``energy``, with windows of 11 samples on each axis

``work ms`` is the main thread's processor time for one frame, which says what an idle machine would reach where other
programs took a share of this one. With the argument ``erlab`` (in an environment with erlab and a Qt 6) the same cube
goes through erlab's ImageTool: its cursor is moved by its own ``set_value``, and its plots' repaints are counted.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

SHAPE = (500, 500, 200)
_SECONDS = 6.0
_EVERY = 8  # ms between two moves of the mouse
_AXES = {
    "manipulator_angle": np.linspace(-15, 15, SHAPE[0]),
    "analyser_angle": np.linspace(-15, 15, SHAPE[1]),
    "energy": np.linspace(-1.0, 0.1, SHAPE[2]),
}


def cube() -> np.ndarray:
    """A band with a Fermi edge, float32 [500, 500, 200]."""
    one, two, energy = (column.astype(np.float32) for column in _AXES.values())
    band = -0.6 + 0.003 * (one[:, None] ** 2 + two[None, :] ** 2)
    values = np.empty(SHAPE, np.float32)
    for number, at in enumerate(energy):
        values[:, :, number] = 400 / (1 + ((at - band) / 0.03) ** 2) / (1 + np.exp(np.clip(at / 0.01, -50, 50)))
    values += np.random.default_rng(0).normal(10, 2, SHAPE[1:]).astype(np.float32)
    return values


class Painted:
    """Counts the moments at which a widget was painted."""

    def __init__(self, qt, **widgets):
        outer = self
        self.moments: dict[str, list[float]] = {name: [] for name in widgets}

        class Filter(qt.QObject):
            def eventFilter(self, watched, event):
                if event.type() == qt.QEvent.Type.Paint:
                    outer.moments[self.objectName()].append(time.perf_counter())
                return False

        self._filters = []
        for name, widget in widgets.items():
            one = Filter()
            one.setObjectName(name)
            widget.installEventFilter(one)
            self._filters.append(one)

    def table(self, names, begin: float, end: float) -> dict[str, float]:
        """Frames a second of the slowest of some views, and its longest wait between two frames (ms)."""
        rates, waits = [], []
        for name in names:
            inside = np.array([moment for moment in self.moments[name] if begin <= moment <= end])
            rates.append(len(inside) / (end - begin))
            waits.append(1e3 * float(np.diff(inside, prepend=begin, append=end).max()))
        return {"frames_per_second": round(min(rates), 1), "longest_wait_ms": round(max(waits), 1)}


class Drive:
    """The three ways of dragging, one after another, in napari."""

    def __init__(self, application):
        import napari
        from qtpy import QtCore

        from napari_scantwin.core.scan import gridded_scan
        from napari_scantwin.viewer.canvas.layers import add_scan
        from napari_scantwin.viewer.canvas.overlay import fit_view
        from napari_scantwin.viewer.panel import Panel

        self.qt, self.application, self.results = QtCore, application, {}
        self.viewer = napari.Viewer(show=True)
        self.viewer.window._qt_window.resize(1200, 800)
        self.panel = Panel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Scan twin", area="right")
        units = {"manipulator_angle": "deg", "analyser_angle": "deg", "energy": "eV"}
        axes = {name: (column, units[name]) for name, column in _AXES.items()}
        scan = gridded_scan(axes, cube(), name="photoemission_intensity", unit="count")
        began = time.perf_counter()
        self.layer = add_scan(self.viewer, scan)
        fit_view(self.viewer)
        self.results["shown_after_s"] = round(time.perf_counter() - began, 2)
        QtCore.QTimer.singleShot(1500, self._begin)

    def _begin(self) -> None:
        self.panel.show_tab(self.panel.cube)
        self.panel.chooser.choose(self.layer)
        self.cube = self.panel.cube
        self.cube.show_plane("manipulator_angle", "analyser_angle")
        plots = {axis: block.plot.widget.viewport() for axis, block in self.cube.blocks.items()}
        self.painted = Painted(self.qt, map=self.panel.overlay, **plots)
        self.draws = self.painted.moments["image"] = []
        canvas = self.viewer.window._qt_viewer.canvas
        canvas._scene_canvas.events.draw.connect(lambda event: self.draws.append(time.perf_counter()))
        self.phases = [("map", tuple(_AXES)), ("energy", ("image", "analyser_angle")), ("averaged", ("image",))]
        self.qt.QTimer.singleShot(1000, self._next)

    def _next(self) -> None:
        if not self.phases:
            self.viewer.close()
            self.qt.QTimer.singleShot(200, lambda: self.application.exit(0))
            return
        self.phase, self.watched = self.phases.pop(0)
        crosshair = self.cube.crosshair
        crosshair.move(manipulator_angle=3.0, analyser_angle=3.0, energy=-0.3)
        if self.phase == "averaged":
            for axis, column in _AXES.items():
                crosshair.average(axis, 10 * (column[1] - column[0]))
        if self.phase == "map":
            self.target = self.panel.overlay.parent()
            pixel = self.cube.on_canvas._pixel
            x, y = (pixel(axis, crosshair.at[axis]) for axis in ("analyser_angle", "manipulator_angle"))
            self.path = lambda t: (x - 80 + 80 * np.cos(2 * t), y + 120 * np.sin(3 * t))
        else:
            plot = self.cube.blocks["energy"].plot.widget
            self.target = plot.viewport()
            item = plot.getPlotItem().vb.mapViewToScene(self.qt.QPointF(crosshair.at["energy"], 0))
            start = plot.mapFromScene(item).x()
            self.path = lambda t: (start - 60 * np.sin(2 * t), 50.0)
        self._mouse("MouseMove", False, self.path(0))
        self._mouse("MouseButtonPress", True, self.path(0))
        self.began, self.worked, self.all_worked = time.perf_counter(), time.thread_time(), time.process_time()
        self.timer = self.qt.QTimer()
        self.timer.setTimerType(self.qt.Qt.PreciseTimer)
        self.timer.timeout.connect(self._move)
        self.timer.start(_EVERY)

    def _move(self) -> None:
        elapsed = time.perf_counter() - self.began
        if elapsed < _SECONDS:
            self._mouse("MouseMove", True, self.path(elapsed))
            return
        self.timer.stop()
        self._mouse("MouseButtonRelease", False, self.path(elapsed))
        self.results[self.phase] = self.painted.table(self.watched, self.began, self.began + _SECONDS)
        frames = self.results[self.phase]["frames_per_second"] * _SECONDS
        self.results[self.phase]["work_ms_per_frame"] = round(1e3 * (time.thread_time() - self.worked) / frames, 1)
        self.results[self.phase]["all_threads_ms"] = round(1e3 * (time.process_time() - self.all_worked) / frames, 1)
        self.results[self.phase]["all"] = {
            name: round(sum(self.began <= one for one in moments) / _SECONDS, 1)
            for name, moments in self.painted.moments.items()
        }
        self.qt.QTimer.singleShot(300, self._next)

    def _mouse(self, kind: str, held: bool, place) -> None:
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        qt = self.qt.Qt
        button = qt.LeftButton if kind != "MouseMove" else qt.NoButton
        event = getattr(self.qt.QEvent, kind)
        place = self.qt.QPointF(*place)
        buttons = qt.LeftButton if held else qt.NoButton
        everywhere = self.qt.QPointF(self.target.mapToGlobal(place.toPoint()))
        event = QMouseEvent(event, place, everywhere, button, buttons, qt.NoModifier)
        QApplication.sendEvent(self.target, event)


def napari_figures() -> dict:
    """Drag in this project's window."""
    from napari.qt import get_qapp

    application = get_qapp()
    application.setQuitOnLastWindowClosed(False)
    drive = Drive(application)
    application.exec_()
    return drive.results


def erlab_figures() -> dict:
    """Move the cursor of erlab's ImageTool over the same cube."""
    import xarray as xr
    from erlab.interactive.imagetool import ImageTool
    from qtpy import QtCore, QtWidgets

    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    results: dict = {}
    scan = xr.DataArray(cube(), dims=tuple(_AXES), coords=_AXES)
    began = time.perf_counter()
    window = ImageTool(scan)
    window.resize(1200, 800)
    window.show()
    results["shown_after_s"] = round(time.perf_counter() - began, 2)
    area = window.slicer_area
    shown = [axes for axes in area.axes if axes.isVisible()]
    views = {f"view{number}": axes.getViewWidget().viewport() for number, axes in enumerate(shown)}
    painted = Painted(QtCore, **views)
    phases = [("map", (0, 1), 1), ("energy", (2,), 1), ("averaged", (2,), 11)]

    def run() -> None:
        if not phases:
            application.exit(0)
            return
        name, axes, bins = phases.pop(0)
        for axis in range(3):
            area.set_bin(axis, bins)
        start, worked, all_worked = time.perf_counter(), time.thread_time(), time.process_time()
        timer = QtCore.QTimer(window)
        timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)

        def move() -> None:
            elapsed = time.perf_counter() - start
            if elapsed < _SECONDS:
                for number, axis in enumerate(axes):
                    column = list(_AXES.values())[axis]
                    share = 0.5 + 0.3 * np.sin((2 + number) * elapsed)
                    area.set_value(axis, float(column[0] + share * (column[-1] - column[0])))
                return
            timer.stop()
            # Every one of its views shows the cursor, and so has to follow.
            counts = {key: sum(start <= one for one in moments) / _SECONDS for key, moments in painted.moments.items()}
            rate = max(min(counts.values()), 1e-9)
            work = 1e3 * (time.thread_time() - worked) / (rate * _SECONDS)
            both = 1e3 * (time.process_time() - all_worked) / (rate * _SECONDS)
            results[name] = {"frames_per_second": round(rate, 1), "work_ms_per_frame": round(work, 1)}
            results[name] |= {"all_threads_ms": round(both, 1), "all": counts}
            QtCore.QTimer.singleShot(300, run)

        timer.timeout.connect(move)
        timer.start(_EVERY)

    QtCore.QTimer.singleShot(1500, run)
    application.exec()
    return results


def main() -> int:
    """Measure, print a table, and the figures as JSON."""
    which = "erlab" if "erlab" in sys.argv[1:] else "napari"
    results = erlab_figures() if which == "erlab" else napari_figures()
    print(f"cube of {' x '.join(map(str, SHAPE))} float32, {which}; shown after {results['shown_after_s']} s")
    print(f"{'dragging':12}{'frames/s':>10}{'work ms':>10}{'all threads':>13}{'longest wait ms':>18}")
    for name in ("map", "energy", "averaged"):
        row = results[name]
        numbers = f"{row['frames_per_second']:10.1f}{row['work_ms_per_frame']:10.1f}{row['all_threads_ms']:13.1f}"
        print(f"{name:12}{numbers}{row.get('longest_wait_ms', float('nan')):18.1f}")
    print(json.dumps(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
