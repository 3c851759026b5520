"""Take the documentation's pictures from the running program: ``python docs/make_pictures.py [folder] [cubes]``.

With ``cubes`` only those of looking into a cube are taken.
Needs a display, real or virtual (``xvfb-run -s "-screen 0 1280x900x24" python docs/make_pictures.py``).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import napari
import numpy as np
from cube_pictures import CubePictures
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_scantwin.readers import read_table
from napari_scantwin.recipes import AnalysisRun, Recipe
from napari_scantwin.samples import sample_path
from napari_scantwin.viewer.batch_window import BatchWindow
from napari_scantwin.viewer.canvas.layers import add_scan
from napari_scantwin.viewer.open.open_dialog import ColumnDialog
from napari_scantwin.viewer.panel import Panel
from napari_scantwin.viewer.session import scan_of


class Pictures:
    """Walks through the panel with the ferromagnet and takes a picture at each tab."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.temporary = Path(tempfile.mkdtemp())
        self.viewer = napari.Viewer(title="napari-scantwin", show=True)
        self.viewer.window._qt_window.resize(1200, 800)
        self.panel = Panel(self.viewer)
        self.viewer.window.add_dock_widget(self.panel, name="Scan twin", area="right")
        self.when_opened, self.when_simulated = self.sweeps, self.train
        self.panel.open.opened.connect(lambda layer: self.after(800, self.when_opened))
        self.panel.simulate.simulated.connect(lambda layer: self.after(800, self.when_simulated))

    def after(self, wait: int, step) -> None:
        """Call ``step`` when the screen has settled."""
        QTimer.singleShot(wait, step)

    def take(self, name: str) -> None:
        """Picture of the whole window, without napari's notices over the map."""
        for widget in QApplication.allWidgets():
            if type(widget).__name__ == "NapariQtNotification":
                widget.hide()
        self.viewer.window.screenshot(str(self.folder / f"{name}.png"), flash=False, canvas_only=False)

    def start(self) -> None:
        """Open the sample."""
        self.take("open")
        self.panel.open.open([sample_path("ferromagnet")])

    def sweeps(self) -> None:
        """The list of sweeps, then train."""
        self.panel.tabs.setCurrentIndex(1)
        self.after(500, lambda: (self.take("sweeps"), self.panel.tabs.setCurrentIndex(2), self.panel.train.train()))

    def train(self) -> None:
        """The table of held-out errors, once the baselines stand in it, then the grid."""
        if self.panel.train.scoring.job.running:
            self.after(500, self.train)
            return
        self.take("train")
        self.panel.tabs.setCurrentIndex(3)
        self.after(500, self.simulate)

    def simulate(self) -> None:
        """The grid, then the cuts."""
        self.take("simulate")
        self.panel.tabs.setCurrentIndex(4)
        self.panel.cuts.add_sweep(3)
        self.panel.cuts.add_line(
            {"magnetic_field": 7500.0, "temperature": 12.0}, {"magnetic_field": 7500.0, "temperature": 58.0}
        )
        self.panel.cuts.add_along("magnetic_field", {"temperature": 40.0})
        self.panel.cuts.list.item(2).setCheckState(Qt.Unchecked)
        self.panel.cuts.list.setCurrentRow(0)
        self.after(800, self.cuts)

    def cuts(self) -> None:
        """The cuts, then the dialog that asks for columns."""
        self.take("overview")
        bare = self.temporary / "scan.csv"
        rows = [f"{t},{h},{1e-3 * t / (h + 1):.6f}" for h in (100, 1000) for t in (10, 20, 30, 40)]
        bare.write_text("\n".join(["X1,X2,Y", *rows]))
        self.dialog = ColumnDialog(read_table(bare), self.panel)
        self.dialog.show()
        self.after(500, self.finish)

    def finish(self) -> None:
        """The dialog's picture, then what the analyses make of the ferromagnet."""
        self.dialog.grab().save(str(self.folder / "columns.png"))
        self.dialog.close()
        self.analyse("Entropy change", "entropy-change", self.palladium)

    def palladium(self) -> None:
        """Hydrogen-loaded palladium: its twin, its transitions."""
        while self.panel.cuts.lines:
            self.panel.cuts.delete(0)
        self.viewer.layers.clear()
        self.when_opened, self.when_simulated = self.panel.train.train, self.transitions
        self.panel.open.open([sample_path("palladium_hydride")])

    def transitions(self) -> None:
        """The phase boundary and the critical field."""
        self.analyse("Transitions", "transitions", self.planning)

    def planning(self) -> None:
        """The sweeps worth measuring next."""
        self.panel.analyse.current.on_map.setChecked(False)
        self.analyse("What to measure next", "planning", self.points)

    def points(self) -> None:
        """The single points worth measuring next, by what a minute tells."""
        fields = self.panel.analyse.current.form.fields
        fields["propose"].setCurrentText("single points")
        fields["count"].setText("8")
        fields["timed"].setChecked(True)
        self.analyse("What to measure next", "planning-points", self.hydrogen)

    def hydrogen(self) -> None:
        """Its hydrogen content by a curve made up for the picture, from 0.62 of a resistance of 21 mohm on, beside that
        of a second run with 2 % more resistance."""
        self.panel.analyse.current.on_map.setChecked(False)
        content = np.linspace(0, 1, 101)
        curve = self.temporary / "curve.csv"
        rows = [f"{x:.4f},{1.8 - 0.8 * ((x - 0.7) / 0.7) ** 2:.6f}" for x in content]
        curve.write_text("\n".join(["H/Pd,R/R0", *rows]))
        first = self.panel.chooser.layer
        scan = scan_of(first)
        again = scan.copy(data=1.02 * scan.values).assign_attrs(source="second_run.dat")
        second = add_scan(self.viewer, again, kind="measured")
        self.panel.chooser.choose(first)
        self.panel.tabs.setCurrentIndex(5)
        fields = self.panel.analyse.choose("Hydrogen content").form.fields
        fields["second"].choose(second)
        fields["curve"].choose(curve)
        fields["curve_source"].setText("made up for this picture")
        fields["unloaded"].setText("13.0 ± 0.1 mohm")
        fields["branch"].setCurrentText("rising")
        self.analyse("Hydrogen content", "hydrogen", self.second_ferromagnet)

    def second_ferromagnet(self) -> None:
        """The ferromagnet again, measured with 5 % less moment, against the twin of the first."""
        self.viewer.layers.clear()
        self.when_opened, self.when_simulated = self.panel.train.train, self.comparison
        self.panel.open.open([sample_path("ferromagnet")])

    def comparison(self) -> None:
        """Where the two disagree once the moment's loss is fitted."""
        first = self.panel.chooser.layer
        scan = scan_of(first)
        noise = np.random.default_rng(0).normal(size=scan.shape) * 1e-3 * float(np.ptp(scan.values))
        weaker = scan.copy(data=0.95 * scan.values + noise).assign_attrs(source="second_run.dat")
        self.panel.chooser.choose(add_scan(self.viewer, weaker, kind="measured"))
        self.panel.tabs.setCurrentIndex(5)
        fields = self.panel.analyse.choose("Compare two scans").form.fields
        fields["scale"].setChecked(True)
        fields["second"].choose(first)
        self.analyse("Compare two scans", "comparison", self.isotherms)

    def isotherms(self) -> None:
        """Isotherms of a hydride with -38 kJ and -92 J/K per mol of hydrogen, absorbed and desorbed."""
        random = np.random.default_rng(0)
        x = np.concatenate([np.geomspace(0.004, 0.03, 10), np.linspace(0.04, 0.7, 40)])
        rows = []
        for kelvin in (320, 350, 380, 410):
            for way, energy in ((1, 0.0), (-1, -1.5)):
                level = (1000 * (-38.0 + energy) / kelvin + 92.0) / 8.314462618 + 1.5 * (np.clip(x, 0.03, 0.6) - 0.3)
                height = level + 2 * np.log(np.minimum(x, 0.03) / 0.03) + 25 * np.maximum(x - 0.6, 0)
                p = np.exp(height + 0.02 * random.normal(size=len(x)))
                rows += [f"{a:.6g},{kelvin},{b:.6g}" for a, b in zip(p[::way], x[::way], strict=True)]
        path = self.temporary / "isotherms.csv"
        path.write_text("\n".join(["p (bar),T (K),H/Pd", *rows]))
        title = "Isotherms (pressure, composition)"
        self.when_opened = lambda: self.analyse(title, "isotherms", self.batch)
        self.viewer.layers.clear()
        self.panel.open.open([path])

    def batch(self) -> None:
        """The same steps over three files, one of which is none."""
        notes = self.temporary / "notes.csv"
        notes.write_text("T (K),H (Oe),R (ohm)\n2.0,0,nothing\n")
        recipe = Recipe(None, settings={"members": 2, "time_budget": 4.0}, analyses=[AnalysisRun("entropy_change")])
        self.batch_window = BatchWindow(recipe, "magnet.dat", self.panel)
        self.batch_window.add([sample_path("ferromagnet"), notes, sample_path("palladium_hydride")])
        self.batch_window.folder.setText(str(self.temporary / "results"))
        self.batch_window.job.ended.connect(lambda: self.after(500, self.batch_done))
        self.batch_window.show()
        self.batch_window.start()

    def batch_done(self) -> None:
        """Its table, then the cube."""
        self.batch_window.folder.setText("results")
        self.batch_window.said.setText("1 of 3 done; wrote results/results.csv")
        self.batch_window.grab().save(str(self.folder / "batch.png"))
        self.batch_window.close()
        self.cubes()

    def cubes(self) -> None:
        """A cube looked into, and the end."""
        CubePictures(self, lambda: QApplication.exit(0)).start()

    def analyse(self, title: str, name: str, then) -> None:
        """Choose an analysis, take its picture when its result is on screen, and go on."""
        self.panel.tabs.setCurrentIndex(5)
        analysis = self.panel.analyse.choose(title)

        def taken(result) -> None:
            analysis.shown.disconnect(taken)
            self.after(1500, lambda: (self.take(name), then()))

        analysis.shown.connect(taken)
        analysis.refresh()


def main() -> int:
    """Take every picture into the folder named (default: ``docs/images``)."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "images"
    pictures = Pictures(folder)
    QTimer.singleShot(1500, pictures.cubes if "cubes" in sys.argv[2:] else pictures.start)
    QTimer.singleShot(1_500_000, lambda: QApplication.exit(1))
    return napari.run(force=True) or 0


if __name__ == "__main__":
    raise SystemExit(main())
