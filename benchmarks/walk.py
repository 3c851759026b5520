"""A walk through the window with a pointer and a keyboard: ``python benchmarks/walk.py [scan ...] [--theme light]``.

Five kinds of scan go through open, train, cut, export and reopen, each as a user who has never opened the program would
do it, in a process of its own. The pointer is X's own, moved by ``xdotool`` where that is installed: a click goes to
whatever lies under it. Elsewhere Qt is given the same events at the same places of the screen.

Counted are clicks (a drag is one) and characters typed. Measured are the share of the window's width that the data
have, and the contrast of every text and curve against its ground (WCAG 2). Pictures of every stage are saved.
Goals: the data have 55 % of the width at 1200 x 800; small letters 4.5:1, curves and points 3:1.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np

_SHARED = Path(os.environ.get("SCANTWIN_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
_STAGES = ("open", "train", "cut", "export", "reopen")
_SHARE = 55.0
_WINDOW = (1200, 800)
#: What a user presses where a table's columns have no names.
_TEMPLATES = {"magnetization": "M(T, H)", "resistance": "R(T, H)", "ARPES map": "ARPES map"}


def scans(folder: Path) -> dict[str, tuple[Path, list[tuple[str, str]]]]:
    """The five kinds: a file, and of a table that does not say it the name and unit of every column.

    The published measurements where they lie beside the checkout, else samples of the same kind.
    """
    from napari_scantwin.samples import sample_path

    measured = _SHARED / "measured"
    magnet, film, arpes = (measured / f"{name}.csv" for name in ("erco2_magnetization", "pdh_resistance", "arpes_map"))
    columns = {
        magnet: [("temperature", "K"), ("magnetic_field", "Oe"), ("moment", "emu")],
        film: [("temperature", "K"), ("magnetic_field", "Oe"), ("resistance", "ohm")],
        arpes: [("angle", "deg"), ("manipulator_angle", "deg"), ("photoemission_intensity", "count")],
    }
    if not measured.is_dir():
        magnet, film = sample_path("ferromagnet"), sample_path("palladium_hydride")
        arpes = _one_energy(sample_path("arpes"), folder / "arpes_map.nc")
    return {
        "magnetization": (magnet, columns.get(magnet, [])),
        "resistance": (film, columns.get(film, [])),
        "ARPES map": (arpes, columns.get(arpes, [])),
        "ARPES cube": (sample_path("arpes"), []),
        "specific heat": (_specific_heat(folder / "specific_heat.csv"), []),
    }


def _one_energy(path: Path, target: Path) -> Path:
    from napari_scantwin.readers import read
    from napari_scantwin.writers import write

    scan = read(path)
    write(scan.isel(energy=scan.sizes["energy"] // 2, drop=True), target)
    return target


def _specific_heat(path: Path) -> Path:
    """C(T) in seven fields of a magnet with a peak that broadens and moves up, a Debye-like background and noise."""
    rng = np.random.default_rng(5)
    lines = ["Temperature (K),Magnetic field (T),Specific heat (J/(mol K)),Error (J/(mol K))"]
    for field in (0.0, 0.5, 1.0, 2.0, 3.5, 5.0, 7.0):
        temperatures = np.sort(rng.uniform(20, 50, 70))
        peak = 9 * np.exp(-(((temperatures - 33 - 0.9 * field) / (1.5 + 0.5 * field)) ** 2))
        values = 24 * temperatures**3 / (temperatures**3 + 28**3) + peak + rng.normal(0, 0.05, 70)
        lines += [f"{t:.4f},{field},{c:.4f},0.05" for t, c in zip(temperatures, values, strict=True)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Pointer:
    """The mouse and the keyboard, and how often they were used."""

    def __init__(self):
        self.real = shutil.which("xdotool") is not None and bool(os.environ.get("DISPLAY"))
        self.clicks = self.keys = 0

    def _do(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], check=True, timeout=20)

    def click(self, x: int, y: int, times: int = 1) -> None:
        """Press the left button at a place of the screen."""
        self.clicks += 1
        if self.real:
            self._do("mousemove", x, y, "click", "--repeat", times, "--delay", 30, 1)
            return
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        widget = QApplication.widgetAt(x, y)
        for _ in range(times):
            QTest.mouseClick(widget, Qt.LeftButton, Qt.NoModifier, widget.mapFromGlobal(QPoint(x, y)))

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> Generator:
        """Press at one place, move in steps, let go at another."""
        self.clicks += 1
        places = [tuple(np.rint(np.array(start) + share * np.subtract(end, start)).astype(int)) for share in _SHARES]
        if self.real:
            self._do("mousemove", *start)
            yield 60
            self._do("mousedown", 1)
            for place in places:
                self._do("mousemove", *place)
                yield 20
            self._do("mouseup", 1)
            return
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        widget = QApplication.widgetAt(*start)
        QTest.mouseMove(widget, widget.mapFromGlobal(QPoint(*start)))
        QTest.mousePress(widget, Qt.LeftButton, Qt.NoModifier, widget.mapFromGlobal(QPoint(*start)))
        for place in places:
            QTest.mouseMove(widget, widget.mapFromGlobal(QPoint(*map(int, place))))
            yield 20
        QTest.mouseRelease(widget, Qt.LeftButton, Qt.NoModifier, widget.mapFromGlobal(QPoint(*end)))

    def type(self, text: str, end: str = "") -> None:
        """Type a text, and a key after it (``"Return"``, ``"Tab"``)."""
        self.keys += len(text) + bool(end)
        if self.real:
            if text:
                self._do("type", "--delay", 4, "--", text)
            if end:
                self._do("key", end)
            return
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QApplication

        widget = QApplication.focusWidget()
        QTest.keyClicks(widget, text)
        if end:
            QTest.keyClick(widget, getattr(Qt, f"Key_{end}"))


_SHARES = np.linspace(0.1, 1.0, 10)


class Walk:
    """One scan's way; ``found`` is what was counted and measured."""

    def __init__(self, name: str, path: Path, columns, folder: Path, pictures: Path, theme: str):
        import napari

        from napari_scantwin.viewer.panel import Panel

        self.name, self.path, self.columns, self.folder, self.pictures = name, path, columns, folder, pictures
        self.template, self.stage = _TEMPLATES.get(name), _STAGES[0]
        self.pointer = Pointer()
        self.found: dict = {
            "clicks": {},
            "keys": {},
            "seconds": {},
            "share": {},
            "seen": {},
            "pointer": self.pointer.real,
        }
        self.viewer = napari.Viewer(show=True)
        self.viewer.theme = theme
        self.window = self.viewer.window._qt_window
        self.window.move(0, 0)
        self.window.resize(*_WINDOW)
        self.panel = Panel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Scan twin", area="right")

    def steps(self) -> Generator:
        """The whole way; yields how many milliseconds to wait, or until what is true."""
        yield 2500
        for stage in _STAGES:
            self.stage = stage
            before, began = (self.pointer.clicks, self.pointer.keys), time.perf_counter()
            yield from getattr(self, f"_{stage}")()
            self.found["clicks"][stage] = self.pointer.clicks - before[0]
            self.found["keys"][stage] = self.pointer.keys - before[1]
            self.found["seconds"][stage] = time.perf_counter() - began
            yield 1200
            self.look(stage)

    # what a user does

    def _open(self) -> Generator:
        yield from self.click(self.panel.open.button)
        yield lambda: self.dialog("QFileDialog") is not None
        yield 400
        self.pointer.type(str(self.path), "Return")
        if self.columns:
            yield lambda: self.dialog("ColumnDialog") is not None
            yield 600
            dialog = self.dialog("ColumnDialog")
            self.look("columns")
            yield from self.click(dialog.templates[self.template])
            for (name, unit), names, unit_boxes in zip(self.columns, dialog.names, dialog.unit_boxes, strict=True):
                for box, word in ((names, name.replace("_", " ")), (unit_boxes, unit)):
                    if box.currentText() == word:
                        continue
                    yield from self.click(box.lineEdit())
                    self.pointer.type("", "ctrl+a" if self.pointer.real else "")
                    self.pointer.type(word, "Tab")
                    yield 60
            yield from self.click(dialog.buttons.button(dialog.buttons.Ok))
        yield lambda: self.panel.chooser.layer is not None
        self.layer = self.panel.chooser.layer

    def _train(self) -> Generator:
        yield from self.click(self.panel.train.button)
        yield self._map
        yield lambda: self.panel.switch.buttons["residual"].isEnabled()  # else it is seen in the middle of a change
        yield 500
        self.look("map")
        yield lambda: not self.panel.train.scoring.job.running

    def _map(self) -> bool:
        from napari_scantwin.viewer.canvas.twin_layers import result_of

        return result_of(self.layer, "simulated", self.viewer) is not None

    def _cut(self) -> Generator:
        from napari_scantwin.viewer.session import frame_of

        yield from self.click(self.panel.path.steps["Explore"])
        yield from self.click(next(one for one in self.panel.path.buttons.values() if one.text() == "Cuts"))
        yield from self.click(self.panel.cuts.line_button)
        yield lambda: bool(self.panel.cuts.lines)
        yield 500
        frame, cut = frame_of(self.layer), self.panel.cuts.lines[-1].cut
        vertical, horizontal = self.panel.overlay.displayed(frame)
        ends = [frame.to_world([[place[axis] for axis in frame.axes]])[0] for place in (cut.start, cut.end)]
        pixels = [self.panel.overlay.pixel(end[vertical], end[horizontal]) for end in ends]
        start = self._on_screen(*pixels[1])
        yield from self.pointer.drag(start, (start[0] - 40, start[1] - 60))
        yield lambda: self.panel.cuts.lines[-1].cut != cut
        yield 400

    def _export(self) -> Generator:
        yield from self.click(self.panel.path.steps["Export"])
        yield from self.click(self.panel.simulate.export_button)
        yield from self._save_as("QFileDialog", self.folder / "map.nc")
        yield from self.click(self.panel.export.buttons["A figure"])
        yield lambda: self.dialog("PaperDialog") is not None
        dialog = self.dialog("PaperDialog")
        yield lambda: not dialog.job.running
        yield 500
        self.look("figure")
        yield from self.click(dialog.save_button)
        yield from self._save_as("QFileDialog", self.folder / "map.pdf")
        self.pointer.type("", "Escape")
        yield lambda: self.dialog("PaperDialog") is None
        yield from self.click(self.panel.export.buttons["The session"])
        yield from self._save_as("QFileDialog", self.folder / "walk.scansession")

    def _reopen(self) -> Generator:
        from napari_scantwin.viewer.canvas.twin_layers import result_of

        before, values = self.layer, np.asarray(result_of(self.layer, "simulated", self.viewer).data)
        cut = self.panel.cuts.lines[-1].cut
        yield from self.click(self.panel.menu)
        menu = self.panel.menu.menu()
        yield lambda: menu.isVisible()
        action = next(one for one in menu.actions() if one.text().startswith("Open session"))
        centre = menu.mapToGlobal(menu.actionGeometry(action).center())
        self.pointer.click(centre.x(), centre.y())
        yield lambda: self.dialog("QFileDialog") is not None
        yield 400
        self.pointer.type(str(self.folder / "walk.scansession"), "Return")
        yield lambda: self.panel.chooser.layer not in (None, before)
        self.layer = self.panel.chooser.layer
        yield self._map
        yield lambda: not self.panel.simulate.job.running and self.panel.switch.buttons["residual"].isEnabled()
        yield 2000
        again = np.asarray(result_of(self.layer, "simulated", self.viewer).data)
        mine = [line.cut for line in self.panel.cuts.lines if line.layer is self.layer]
        named = [line.cut.name for line in self.panel.cuts.lines]
        whole = len(mine) == 1 and mine[0].changed(name=cut.name) == cut and len(set(named)) == len(named)
        self.found["same"] = bool(np.array_equal(values, again) and whole)

    def _save_as(self, kind: str, path: Path) -> Generator:
        yield lambda: self.dialog(kind) is not None
        yield 400
        self.pointer.type("", "ctrl+a" if self.pointer.real else "")
        self.pointer.type(str(path), "Return")
        yield path.exists
        yield 200

    def click(self, widget) -> Generator:
        """Scroll a widget into view, as a wheel would, and press it where it is seen."""
        from qtpy.QtWidgets import QScrollArea

        parent = widget.parentWidget()
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(widget)
            parent = parent.parentWidget()
        yield lambda: widget.isVisible() and widget.isEnabled()
        yield 150
        centre = widget.mapToGlobal(widget.rect().center())
        self.pointer.click(centre.x(), centre.y())
        yield 150

    def _on_screen(self, x: float, y: float) -> tuple[int, int]:
        from qtpy.QtCore import QPoint

        place = self.panel.overlay.mapToGlobal(QPoint(round(x), round(y)))
        return place.x(), place.y()

    def dialog(self, kind: str):
        """The dialog of a class that is open, or None."""
        from qtpy.QtWidgets import QApplication

        return next(
            (one for one in QApplication.topLevelWidgets() if type(one).__name__ == kind and one.isVisible()), None
        )

    # what is measured

    def look(self, stage: str) -> None:
        """Measure what is on the screen, and keep a picture of it."""
        import walk_measures as measures
        from PIL import Image

        picture = measures.screen()
        Image.fromarray(picture[: _WINDOW[1], : _WINDOW[0]]).save(
            self.pictures / f"{self.name}_{stage}.png".replace(" ", "_")
        )
        seen = [*measures.texts(picture), *measures.on_canvas(picture, self.panel.overlay), *measures.curves()]
        self.found["share"][stage] = measures.share_of_data(self.viewer, self.panel.overlay)
        self.found["seen"][stage] = [[one.what, one.contrast, one.least, one.greyed] for one in seen]


def walk_one(name: str, path: str, columns, folder: Path, pictures: Path, theme: str, limit: float) -> dict:
    """Walk one scan in this process, and say what was found."""
    import napari
    from qtpy.QtCore import QTimer

    application = napari.qt.get_qapp()
    application.setQuitOnLastWindowClosed(False)
    walk = Walk(name, Path(path), columns, folder, pictures, theme)
    steps, state = walk.steps(), {"wait": None, "until": 0.0, "busy": False}
    end = time.monotonic() + limit

    def go_on() -> None:
        if state["busy"]:
            return
        state["busy"] = True
        try:
            ready = state["wait"] is None or state["wait"]()
            if time.monotonic() > end:
                walk.found["stuck"] = f"at {walk.stage} {limit:g} s were over"
                walk.look("stuck")
                application.exit(1)
            elif ready and time.monotonic() >= state["until"]:
                told: float | Callable = next(steps)
                state["wait"] = told if callable(told) else None
                state["until"] = 0.0 if callable(told) else time.monotonic() + told / 1000
        except StopIteration:
            application.exit(0)
        except Exception as reason:
            walk.found["stuck"] = f"{type(reason).__name__}: {reason}"
            walk.look("stuck")
            application.exit(1)
        finally:
            state["busy"] = False

    timer = QTimer()
    timer.timeout.connect(go_on)
    timer.start(20)
    application.exec_()
    return walk.found


def printed(results: dict[str, dict]) -> bool:
    """Print the table; whether all goals hold."""
    print(
        f"{'scan':16}"
        + "".join(f"{stage:>8}" for stage in _STAGES)
        + f"{'clicks':>8}{'keys':>6}{'width %':>9}  contrast"
    )
    fine = True
    short: dict[str, tuple[float, float, list[str]]] = {}
    for name, found in results.items():
        clicks = [found["clicks"].get(stage) for stage in _STAGES]
        share = min((found["share"][stage] for stage in ("map", "cut", "reopen") if stage in found["share"]), default=0)
        seen = [(stage, *one) for stage, all_ in found["seen"].items() for one in all_]
        asked = [(what, contrast, least) for _, what, contrast, least, greyed in seen if not greyed]
        for stage, what, contrast, least, greyed in seen:
            if not greyed and contrast < least:
                short.setdefault(what, (contrast, least, []))[2].append(f"{name} {stage}")
        low = sum(contrast < least for _, contrast, least in asked)
        cells = "".join(f"{'-' if one is None else one:>8}" for one in clicks)
        total, keys = sum(one or 0 for one in clicks), sum(found["keys"].values())
        print(f"{name:16}{cells}{total:>8}{keys:>6}{share:9.1f}  {len(asked)} looked at, {low} below")
        if "stuck" in found:
            print(f"  it went no further: {found['stuck']}")
        if found.get("same") is False:
            print("  the session did not come back as it was")
        fine &= share >= _SHARE and "stuck" not in found and found.get("same", False)
    for what, (contrast, least, where) in sorted(short.items(), key=lambda one: one[1][0]):
        print(
            f"  {contrast:.2f} of {least}: {what} ({where[0]}{f' and {len(where) - 1} more' if len(where) > 1 else ''})"
        )
    holds = {True: "holds", False: "DOES NOT HOLD"}
    size = " x ".join(map(str, _WINDOW))
    print(f"goal: {_SHARE:g} % of the width at {size}, and every session back as it was: {holds[fine]}")
    print(f"goal: 4.5:1 for small letters, 3:1 for curves and points: {holds[not short]}")
    kinds = {found["pointer"] for found in results.values()}
    print(f"pointer: {'of X, by xdotool' if kinds == {True} else 'events of Qt at places of the screen'}")
    return fine and not short


def main() -> int:
    """Walk every scan named (default: all five) in processes of their own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--pictures", type=Path, default=Path("demo-output") / "walk")
    parser.add_argument("--theme", default="dark", choices=("dark", "light"))
    parser.add_argument("--limit", type=float, default=1500.0, help="Seconds for one scan.")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        told = json.loads(given.one)
        found = walk_one(
            told["name"], told["path"], told["columns"], Path(told["folder"]), given.pictures, given.theme, given.limit
        )
        Path(told["folder"], "found.json").write_text(json.dumps(found))
        sys.stdout.flush()
        os._exit(0)  # closing a window is no part of it
    given.pictures.mkdir(parents=True, exist_ok=True)
    results = {}
    with tempfile.TemporaryDirectory() as place:
        for name, (path, columns) in scans(Path(place)).items():
            if given.names and name not in given.names:
                continue
            folder = Path(place, name.replace(" ", "_"))
            folder.mkdir()
            told = {"name": name, "path": str(path), "columns": columns, "folder": str(folder)}
            fresh = {"NAPARI_SCANTWIN_CONFIG": str(folder), "NAPARI_CONFIG": str(folder / "napari.yaml")}
            words = [__file__, "--one", json.dumps(told), "--pictures", given.pictures, "--theme", given.theme]
            done = subprocess.run(
                [sys.executable, *map(str, words), "--limit", str(given.limit)],
                env={**os.environ, **fresh},
                capture_output=True,
                text=True,
            )
            file = folder / "found.json"
            if not file.exists():
                print(f"{name}: it ended with {done.returncode}\n{done.stderr[-600:]}")
                return 1
            results[name] = json.loads(file.read_text())
    printed(results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
