"""A seeded random walk over the whole window: ``python random_walk.py SEED STEPS``.

It opens samples, trains, presses whatever can be pressed and treats layers as people do, drawing all the while. What it
does is printed as it goes, so that a walk that ends badly can be read and, by its seed, walked again. It ends with code
0 and the word SURVIVED where nothing was raised.
"""

from __future__ import annotations

import faulthandler
import os
import random
import sys
import time
import traceback
import warnings

faulthandler.enable()
warnings.simplefilter("ignore")

import napari  # noqa: E402
from napari.utils.notifications import notification_manager  # noqa: E402
from qtpy import QtWidgets  # noqa: E402
from qtpy.QtCore import Qt, QTimer  # noqa: E402
from qtpy.QtTest import QTest  # noqa: E402

from napari_scantwin.viewer.kit.numbers import NumberBox, NumberLine  # noqa: E402

SAMPLES = ("ferromagnet", "palladium_hydride", "arpes")
TYPED = ("0", "1", "12,5", "3e3", "-7", "10:60#20", "5; 6,5", "2 T", "1e-30", "", "x")
#: Buttons that leave the window for the system: files, folders, the desktop.
_NOT_PRESSED = ("…",)


class Walk:
    """One window and the choices of one seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.raised: list[str] = []
        sys.excepthook = lambda kind, reason, trace: self.raised.append(
            "".join(traceback.format_exception(kind, reason, trace))
        )
        notification_manager.notification_ready.connect(self._noted)
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1200, 800)
        _, self.panel = self.viewer.window.add_plugin_dock_widget("napari-scantwin", "Scan twin")
        for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName", "getExistingDirectory"):
            empty = "" if name == "getExistingDirectory" else ([] if name.endswith("Names") else "", "")
            setattr(QtWidgets.QFileDialog, name, staticmethod(lambda *a, _empty=empty, **k: _empty))
        self._closer = QTimer()
        self._closer.timeout.connect(self._close_dialogs)
        self._closer.start(200)
        self.pump(1.0)

    def _noted(self, note) -> None:
        if getattr(note, "exception", None) is not None and "ScanError" not in type(note.exception).__mro__.__repr__():
            self.raised.append("".join(traceback.format_exception(note.exception)))

    @staticmethod
    def _close_dialogs() -> None:
        if (menu := QtWidgets.QApplication.activePopupWidget()) is not None:  # a menu waits until it is left
            menu.close()
        asked = QtWidgets.QApplication.activeModalWidget()
        if isinstance(asked, QtWidgets.QDialog):
            asked.reject()

    @staticmethod
    def pump(seconds: float, until=lambda: False) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            QtWidgets.QApplication.processEvents()
            time.sleep(0.005)

    def layer(self):
        return self.random.choice(list(self.viewer.layers)) if len(self.viewer.layers) else None

    def open_sample(self):
        name = self.random.choice(SAMPLES)
        self.viewer.open_sample("napari-scantwin", name)
        return name

    def train(self):
        if self.panel.busy:
            return "is busy"
        self.panel.train.budget.setValue(1)
        self.panel.train.members.setValue(2)
        self.panel.train.preset.setCurrentIndex(0)
        self.panel.train.train()
        self.pump(20, lambda: not self.panel.busy)

    def stop(self):
        self.panel.train.toggle()
        self.pump(self.random.uniform(0, 2))
        if self.panel.busy:
            self.panel.train.toggle()

    def remove(self):
        if (layer := self.layer()) is not None:
            self.viewer.layers.remove(layer)
            return layer.name

    def rename(self):
        if (layer := self.layer()) is not None:
            layer.name = f"renamed {self.random.randrange(100)}"

    def hide(self):
        if (layer := self.layer()) is not None:
            layer.visible = not layer.visible

    def reorder(self):
        if len(self.viewer.layers) > 1:
            self.viewer.layers.move(
                self.random.randrange(len(self.viewer.layers)), self.random.randrange(len(self.viewer.layers))
            )

    def duplicate(self):
        from napari.layers.base import Layer

        if (layer := self.layer()) is not None:
            self.viewer.add_layer(Layer.create(*layer.as_layer_data_tuple()))
            return layer.name

    def select(self):
        if (layer := self.layer()) is not None:
            self.viewer.layers.selection.active = layer

    def choose_tab(self):
        self.panel.tabs.setCurrentIndex(self.random.randrange(self.panel.tabs.count()))

    def press(self):
        kinds = (QtWidgets.QAbstractButton,)
        found = [
            one for kind in kinds for one in self.panel.findChildren(kind)
            if one.isVisible() and one.isEnabled() and not any(word in one.text() for word in _NOT_PRESSED)
        ]  # fmt: skip
        if found:
            button = self.random.choice(found)
            words = f"{type(button).__name__} {button.text()!r}"
            button.click()
            return words

    def choose(self):
        found = [one for one in self.panel.findChildren(QtWidgets.QComboBox) if one.isVisible() and one.count()]
        if found:
            box = self.random.choice(found)
            box.setCurrentIndex(self.random.randrange(box.count()))
            return box.currentText()

    def type_number(self):
        """A number, or nearly one, into a box or line of the tab in front."""
        kinds = (NumberBox, NumberLine)
        found = [one for kind in kinds for one in self.panel.findChildren(kind) if one.isVisible() and one.isEnabled()]
        if found:
            field, text = self.random.choice(found), self.random.choice(TYPED)
            line = field if isinstance(field, NumberLine) else field.lineEdit()
            line.selectAll()
            line.insert(text)
            QTest.keyClick(field, Qt.Key_Return)
            return text

    def resize(self):
        self.viewer.window.resize(self.random.randrange(800, 1400), self.random.randrange(600, 900))

    def step_dims(self):
        for axis in range(self.viewer.dims.ndim):
            self.viewer.dims.set_current_step(axis, self.random.randrange(1 + int(self.viewer.dims.nsteps[axis])))

    def walk(self, steps: int) -> int:
        """Walk so many steps; how many exceptions were raised."""
        often = {
            self.open_sample: 2, self.train: 1, self.stop: 1, self.remove: 4, self.rename: 1, self.hide: 2,
            self.reorder: 2, self.duplicate: 1, self.select: 2, self.choose_tab: 4, self.press: 8, self.choose: 4,
            self.resize: 3, self.step_dims: 2, self.type_number: 3,
        }  # fmt: skip
        self.open_sample()
        for number in range(steps):
            (action,) = self.random.choices(list(often), list(often.values()))
            before = len(self.raised)
            print(number, action.__name__, end=" ", flush=True)
            try:
                print(action() or "", flush=True)
            except Exception:
                self.raised.append(traceback.format_exc())
            self.pump(self.random.uniform(0.02, 0.4))
            for trace in self.raised[before:]:
                print(trace, flush=True)
        self.pump(5, lambda: not self.panel.busy)
        return len(self.raised)


if __name__ == "__main__":
    count = Walk(int(sys.argv[1])).walk(int(sys.argv[2]))
    print("SURVIVED" if not count else f"{count} exceptions", flush=True)
    os._exit(bool(count))
