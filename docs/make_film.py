"""Make the film of the main job that heads the README, from the running program: ``python docs/make_film.py [file]``.

Open, train, look at the map, its uncertainty and a cut, ask what to measure next, and export a figure: the window
of the program, driven as by hand, with a pointer painted in and a caption below. Written is an animated PNG, in which
every frame holds only what has changed. Needs a display, real or virtual, of 1280 x 900 pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from pathlib import Path

import napari
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QImage, QMouseEvent
from qtpy.QtWidgets import QApplication, QScrollArea, QWidget

from napari_scantwin.viewer.canvas.twin_layers import result_of
from napari_scantwin.viewer.panel import Panel
from napari_scantwin.viewer.session import frame_of

_WINDOW, _WIDTH, _CAPTION = (1200, 800), 960, 44
#: How long a frame stays (ms): of a pointer that moves, of work, and to be read.
_MOVING, _WORKING, _READ = 60, 250, 1900
_COLORS = 256
_LARGEST = 3_000_000
_GROUND, _INK = (16, 18, 22), (240, 240, 240)
_ARROW = [(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12)]


class Film:
    """The window, and the frames taken of it."""

    def __init__(self):
        self.viewer = napari.Viewer(title="napari-scantwin", show=True)
        self.viewer.theme = "dark"
        self.window = self.viewer.window._qt_window
        self.window.move(0, 0)
        self.window.resize(*_WINDOW)
        self.panel = Panel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Scan twin", area="right")
        self.frames: list[tuple[Image.Image, int]] = []
        self.caption = ""
        self.pointer = QPoint(620, 620)
        self.font = ImageFont.truetype(_font(), 21)

    def scenes(self) -> Generator:
        """The whole film; yields how many milliseconds to wait, or until what is true."""
        yield 2500
        for message in self.window.findChildren(QWidget):
            if type(message).__name__ == "NapariQtNotification":
                message.hide()
        panel, say = self.panel, self.say
        say("A coarse scan: eight sweeps of M(T) at uneven fields")
        self.take(900)
        yield from self.press(panel.open.sample_buttons["ferromagnet"])
        yield lambda: panel.chooser.layer is not None
        yield 1200
        self.layer = panel.chooser.layer
        self.take(_READ)
        say("One click trains its digital twin, judged by sweeps it is not shown")
        yield lambda: panel.readiness.ready
        yield from self.press(panel.train.button)
        while result_of(self.layer, "simulated", self.viewer) is None:
            yield 1500
            self.take(_WORKING, most=14)
        yield 1200
        say("The map between the sweeps, in physical units, and how far it is off")
        self.take(2 * _READ)
        yield lambda: not panel.train.scoring.job.running
        yield 800
        say("Beside the interpolators you would use otherwise, on the same left-out sweeps")
        self.take(2 * _READ)
        say("How certain it is, everywhere")
        yield from self.press(panel.switch.buttons["±"])
        yield 1000
        self.take(_READ)
        yield from self.press(panel.switch.buttons["map"])
        yield 600
        yield from self._cut()
        yield from self._next()
        yield from self._export()

    def _cut(self) -> Generator:
        panel = self.panel
        self.say("Cuts are dragged; points within the band stand beside the twin's curve")
        yield from self.press(panel.path.steps["Explore"])
        yield from self.press(next(one for one in panel.path.buttons.values() if one.text() == "Cuts"))
        panel.cuts.add_line(
            {"magnetic_field": 9000.0, "temperature": 14.0}, {"magnetic_field": 9000.0, "temperature": 56.0}
        )
        yield 800
        self.take(_WORKING)
        overlay, frame = panel.overlay, frame_of(self.layer)
        cut = panel.cuts.lines[-1].cut
        middle = {axis: (cut.start[axis] + cut.end[axis]) / 2 for axis in cut.start}
        world = frame.to_world([[middle[axis] for axis in frame.axes]])[0]
        vertical, horizontal = overlay.displayed(frame)
        x, y = overlay.pixel(world[vertical], world[horizontal])
        middle["magnetic_field"] = 20_000.0  # where a sweep was measured
        world = frame.to_world([[middle[axis] for axis in frame.axes]])[0]
        up = y - overlay.pixel(world[vertical], world[horizontal])[1]
        yield from self.move(overlay.mapTo(self.window, QPoint(round(x), round(y))))
        canvas = overlay.parent()

        def mouse(kind, button, held, down) -> None:
            QApplication.sendEvent(canvas, QMouseEvent(kind, QPointF(x, y - down), button, held, Qt.NoModifier))

        mouse(QEvent.MouseMove, Qt.NoButton, Qt.NoButton, 0)
        mouse(QEvent.MouseButtonPress, Qt.LeftButton, Qt.LeftButton, 0)
        for down in np.linspace(0, up, 12):
            mouse(QEvent.MouseMove, Qt.NoButton, Qt.LeftButton, down)
            self.pointer = overlay.mapTo(self.window, QPoint(round(x), round(y - down)))
            yield 350
            self.take(130)
        mouse(QEvent.MouseButtonRelease, Qt.LeftButton, Qt.NoButton, up)
        yield 500
        self.take(_READ)

    def _next(self) -> Generator:
        panel = self.panel
        self.say("Which sweep is worth measuring next, and what it would tell")
        yield from self.press(panel.path.steps["Analyse"])
        analysis = panel.analyse.choose("What to measure next")
        yield lambda: analysis.result is not None
        yield 1500
        self.take(2 * _READ)

    def _export(self) -> Generator:
        panel = self.panel
        self.say("And everything can leave: figures for paper, data, Python")
        yield from self.press(panel.path.steps["Export"])
        self.take(_READ // 2)
        yield from self.press(panel.export.buttons["A figure"])
        yield lambda: panel.overlay.picture.dialog is not None
        dialog = panel.overlay.picture.dialog
        dialog.move(150, 120)
        yield lambda: not dialog.job.running
        yield 800
        self.take(2 * _READ, over=dialog)
        dialog.close()

    def say(self, words: str) -> None:
        """What stands below from now on."""
        self.caption = words

    def take(self, milliseconds: int, over: QWidget | None = None, most: int = 0) -> None:
        """A frame of the window as it is; of those that say the same, ``most`` at the most."""
        if most and sum(caption == self.caption for caption in self._captions()) >= most:
            return
        image = _image(self.window)
        if over is not None:
            image.paste(_image(over), (over.x(), over.y()))
        place = (self.pointer.x(), self.pointer.y())
        arrow = [(place[0] + x, place[1] + y) for x, y in _ARROW]
        ImageDraw.Draw(image).polygon(arrow, fill=(255, 255, 255), outline=(0, 0, 0))
        height = round(_WIDTH * _WINDOW[1] / _WINDOW[0])
        frame = Image.new("RGB", (_WIDTH, height + _CAPTION), _GROUND)
        frame.paste(image.crop((0, 0, *_WINDOW)).resize((_WIDTH, height), Image.Resampling.LANCZOS))
        ImageDraw.Draw(frame).text(
            (_WIDTH // 2, height + _CAPTION // 2), self.caption, font=self.font, fill=_INK, anchor="mm"
        )
        frame.info["caption"] = self.caption
        self.frames.append((frame, milliseconds))

    def _captions(self) -> list[str]:
        return [frame.info["caption"] for frame, _ in self.frames]

    def move(self, target: QPoint) -> Generator:
        """The pointer goes somewhere in the window."""
        start = self.pointer
        for share in (0.35, 0.7, 0.92, 1.0):
            self.pointer = start + (target - start) * share
            self.take(_MOVING)
            yield 0

    def press(self, button: QWidget) -> Generator:
        """The pointer goes to a button, and presses it."""
        parent = button.parentWidget()
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(button)
            parent = parent.parentWidget()
        yield 150
        yield from self.move(button.mapTo(self.window, button.rect().center()))
        self.take(_WORKING)
        button.click()
        yield 400

    def save(self, path: Path) -> Path:
        """Write the film, in one palette, so that frames differ by what has changed alone."""
        sheet = Image.new("RGB", (_WIDTH, 200 * len(self.frames)))
        for number, (frame, _) in enumerate(self.frames):
            sheet.paste(frame.resize((_WIDTH, 200), Image.Resampling.NEAREST), (0, 200 * number))
        palette = sheet.quantize(_COLORS, Image.Quantize.MEDIANCUT)
        drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame, _ in self.frames]
        drawn[0].save(
            path,
            save_all=True,
            append_images=drawn[1:],
            duration=[milliseconds for _, milliseconds in self.frames],
            loop=0,
            optimize=True,
        )
        return path


def _image(widget: QWidget) -> Image.Image:
    grabbed = widget.grab().toImage().convertToFormat(QImage.Format_RGB888)
    raw = grabbed.constBits()
    raw = raw.asstring(grabbed.sizeInBytes()) if hasattr(raw, "asstring") else bytes(raw)
    rows = np.frombuffer(raw, np.uint8).reshape(grabbed.height(), grabbed.bytesPerLine())
    pixels = rows[:, : 3 * grabbed.width()].reshape(grabbed.height(), grabbed.width(), 3)
    return Image.fromarray(pixels.copy())


def _font() -> str:
    from matplotlib import font_manager

    return font_manager.findfont("DejaVu Sans")


def main() -> int:
    """Make the film (default: ``docs/images/film.png``)."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "images" / "film.png"
    film = Film()
    scenes, state = film.scenes(), {"wait": None}
    timer = QTimer()
    timer.setSingleShot(True)

    def go_on() -> None:
        if state["wait"] is not None and not state["wait"]():
            timer.start(50)
            return
        try:
            told: float | Callable = next(scenes)
        except StopIteration:
            QApplication.exit(0)
            return
        state["wait"] = told if callable(told) else None
        timer.start(50 if callable(told) else int(told))

    timer.timeout.connect(go_on)
    timer.start(0)
    QTimer.singleShot(900_000, lambda: QApplication.exit(1))
    code = napari.run(force=True) or 0
    film.save(path)
    seconds = sum(milliseconds for _, milliseconds in film.frames) / 1000
    print(f"{path}: {len(film.frames)} frames, {seconds:.0f} s, {path.stat().st_size / 1e6:.2f} MB")
    return code or (path.stat().st_size > _LARGEST)


if __name__ == "__main__":
    raise SystemExit(main())
