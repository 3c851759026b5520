"""The pictures of looking into a cube, taken by ``python docs/make_pictures.py``."""

from __future__ import annotations

from collections.abc import Callable

from napari_scantwin.samples import sample_path


class CubePictures:
    """Goes through the tabs Cube, Cuts and Process with the sample cube; ``then`` is called at the end."""

    def __init__(self, pictures, then: Callable[[], None]):
        self.pictures, self.panel, self.viewer, self.then = pictures, pictures.panel, pictures.viewer, then
        self.after, self.take = pictures.after, pictures.take

    def start(self) -> None:
        """Open the cube and train its twin."""
        while self.panel.cuts.lines:
            self.panel.cuts.delete(0)
        self.viewer.layers.clear()
        self.pictures.when_opened, self.pictures.when_simulated = self.panel.train.train, self.cube
        self.panel.open.open([sample_path("arpes")])

    def cube(self) -> None:
        """A constant-energy map of the twin, with the profiles of both through the crosshair."""
        self.panel.show_tab(self.panel.cube)
        cube = self.panel.cube
        cube.show_plane("manipulator_angle", "analyser_angle")
        cube.crosshair.move(energy=-0.2, analyser_angle=7.5, manipulator_angle=6.0)
        cube.crosshair.average("energy", 0.03)
        self.after(1500, self.waterfall)

    def waterfall(self) -> None:
        """EDCs above each other, then a line on the map."""
        self.take("cube")
        self.panel.cube.show_waterfall()
        self.after(800, self.line)

    def line(self) -> None:
        """A slanted line through the measured slices, and the plane under it."""
        window = self.panel.cube.waterfall
        window.grab().save(str(self.pictures.folder / "waterfall.png"))
        window.close()
        self.panel.cube.line_button.click()
        start = {"manipulator_angle": -11.0, "analyser_angle": -11.0, "energy": -0.2}
        end = {"manipulator_angle": 10.0, "analyser_angle": 12.0, "energy": -0.2}
        self.panel.cuts.move(self.panel.cuts.lines[-1], start, end)
        self.panel.cuts.planes.made.connect(self.plane)
        self.after(500, lambda: self.panel.cuts.make_plane(0))

    def plane(self, layer) -> None:
        """The plane, then a step of processing on it."""
        self.panel.cuts.planes.made.disconnect(self.plane)
        self.after(800, self.process)

    def process(self) -> None:
        """Smooth, then the curvature."""
        self.take("plane")
        self.panel.show_tab(self.panel.process)
        process = self.panel.process
        process.keep.setChecked(False)
        process.choose("smooth")
        process.form.fields["fwhm"].setText("40 meV")
        process.job.ended.connect(self.sharpen)
        process.apply()

    def sharpen(self) -> None:
        """The second derivative, and its picture."""
        process = self.panel.process
        process.job.ended.disconnect(self.sharpen)
        process.choose("second_derivative")
        process.job.ended.connect(self.sharpened)
        self.after(300, process.apply)

    def sharpened(self) -> None:
        """The last picture."""
        self.panel.process.job.ended.disconnect(self.sharpened)
        self.after(1000, lambda: (self.take("process"), self.then()))
