"""Figures for paper, looked at as matplotlib keeps them and as files."""

import io
import re

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from napari_scantwin.core import scan as scans
from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures import FORMATS, MapPicture, PaperStyle, Trace, curves_figure, map_figure, save_figure
from napari_scantwin.operations.contrast import contrast
from napari_scantwin.operations.findings import COLORS, Curve, Plot

X = np.linspace(2, 60, 40)


def a_plot(**options):
    curves = [
        Curve(X, np.exp(-X / 20), np.full(40, 0.01), "#f0e442", "points"),
        Curve(X, np.exp(-X / 20), np.full(40, 0.02), "#f0e442", "line"),
    ]
    return Plot(curves, "temperature (K)", "moment (emu)", [("2 T", "#f0e442")], styles={"line": "twin"}, **options)


def uneven_map(**more):
    fields, kelvin = np.array([100.0, 1000, 5000, 10000]), np.linspace(5, 60, 30)
    values = np.add.outer(fields / 1e4, kelvin)
    return scans.gridded_scan(
        {"magnetic_field": (fields, "Oe"), "temperature": (kelvin, "K")}, values, name="moment", unit="emu", **more
    )


def test_a_figure_is_as_wide_as_asked():
    figure = curves_figure(a_plot(), PaperStyle(width=86, height=60))
    assert np.allclose(figure.get_size_inches() * 25.4, (86, 60))
    assert figure.axes[0].xaxis.label.get_fontsize() == 8


def test_axes_and_points_are_those_of_the_plot():
    axes = curves_figure(a_plot()).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("temperature (K)", "moment (emu)")
    drawn = [line for line in axes.lines if line.get_marker() == "o"]
    assert np.array_equal(drawn[0].get_xdata(), X)
    assert np.array_equal(drawn[0].get_ydata(), np.exp(-X / 20))


@pytest.mark.parametrize("color", COLORS)
def test_no_color_is_lost_on_white(color):
    axes = curves_figure(Plot([Curve(X, X, None, color, "line")], "x", "y")).axes[0]
    assert contrast(to_hex(axes.lines[0].get_color()), "#ffffff") >= 3


def test_the_legend_lies_outside_the_data():
    figure = curves_figure(a_plot())
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert not legend.overlaps(figure.axes[0].get_window_extent())
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["2 T", "twin"]


def test_one_wild_error_bar_does_not_flatten_the_rest():
    errors = np.full(40, 0.01)
    errors[3] = 350.0
    axes = curves_figure(Plot([Curve(X, np.sin(X / 9), errors, "#0072b2", "points")], "x", "y")).axes[0]
    low, high = axes.get_ylim()
    assert high - low < 5
    assert low < -1
    assert high > 1


def test_logarithmic_axes_and_a_chosen_part():
    axes = curves_figure(a_plot(log=(False, True), shown_x=(10, 20))).axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_xlim() == (10, 20)


def test_an_uneven_map_keeps_its_coordinates():
    figure = map_figure(MapPicture(uneven_map(), "magnetic_field", "temperature"))
    axes, bar = figure.axes
    mesh = axes.collections[0]
    assert np.allclose(np.unique(mesh.get_coordinates()[..., 1]), [-350, 550, 3000, 7500, 12500])
    assert axes.get_ylabel() == "magnetic field (Oe)"
    assert bar.get_ylabel() == "moment (emu)"
    assert np.allclose(mesh.get_array(), uneven_map().values)


def test_axes_are_swapped_with_the_values():
    axes = map_figure(MapPicture(uneven_map(), "temperature", "magnetic_field")).axes[0]
    assert axes.get_xlabel() == "magnetic field (Oe)"
    assert np.allclose(axes.collections[0].get_array(), uneven_map().values.T)


def test_a_map_of_sweeps_is_drawn_as_points():
    rng = np.random.default_rng(1)
    fields, kelvin = np.repeat([0.0, 1.0, 3.0], 20), rng.uniform(2, 50, 60)
    axes = {"magnetic_field": (fields, "T"), "temperature": (kelvin, "K")}
    scan = scans.ragged_scan(axes, kelvin * fields, name="moment", unit="emu", masked=np.arange(60) == 7)
    drawn = map_figure(MapPicture(scan, "magnetic_field", "temperature")).axes[0]
    assert len(drawn.collections[0].get_offsets()) == 59
    assert len(drawn.lines[0].get_xdata()) == 1  # the masked one, as a cross


def test_what_is_extrapolated_is_hatched():
    outside = np.zeros((4, 30), bool)
    outside[0] = True
    plain = map_figure(MapPicture(uneven_map(), "magnetic_field", "temperature")).axes[0]
    hatched = map_figure(MapPicture(uneven_map(extrapolated=outside), "magnetic_field", "temperature")).axes[0]
    assert len(hatched.collections) == len(plain.collections) + 1


def test_cuts_over_a_map_do_not_stretch_it():
    trace = Trace(np.array([0.0, 100.0]), np.array([0.0, 2e4]), "cut 1")
    axes = map_figure(MapPicture(uneven_map(), "magnetic_field", "temperature", traces=[trace])).axes[0]
    assert axes.get_xlim() == pytest.approx((5 - 55 / 58, 60 + 55 / 58))
    assert axes.texts[0].get_text() == "cut 1"


def test_logarithmic_colors_need_a_positive_value():
    negative = uneven_map().copy(data=-np.ones((4, 30)))
    with pytest.raises(ScanError, match="no positive value"):
        map_figure(MapPicture(negative, "magnetic_field", "temperature", log=True))


@pytest.mark.parametrize("suffix", FORMATS)
def test_files(tmp_path, suffix):
    figure, style = curves_figure(a_plot()), PaperStyle(width=100, height=50)
    figure.set_size_inches(style.inches)
    path = save_figure(figure, tmp_path / f"one{suffix}", style, title="M(T)", about={"source": "run 7.dat"})
    content = path.read_bytes()
    if suffix == ".png":
        assert imread(io.BytesIO(content)).shape[:2] == (590, 1181)  # 50 and 100 mm at 300 dots an inch
    elif suffix == ".svg":
        text = content.decode()
        assert re.search(r'width="283\.46', text)  # 100 mm in points
        assert ">temperature (K)</text>" in text
        assert "run 7.dat" in text
    else:
        assert content.startswith(b"%PDF")


def test_another_suffix_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(ScanError, match="write a figure as"):
        save_figure(curves_figure(a_plot()), tmp_path / "one.bmp")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [{"width": 5}, {"font_size": 1}, {"dpi": 3}, {"height": 2000}])
def test_sizes_that_cannot_be_printed(options):
    with pytest.raises(ScanError):
        PaperStyle(**options)


def test_columns_say_whose_they_are():
    heads = [head for head, _ in a_plot().columns()]
    assert heads[0] == "temperature (K), 2 T"
    assert heads[-1] == "standard error of moment (emu), 2 T, twin"
