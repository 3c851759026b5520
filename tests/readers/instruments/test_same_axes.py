"""Every ARPES format gives the same axes: names, order, units, rising values, the same words for the energies."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from napari_scantwin.core import scan as scans
from napari_scantwin.readers import read

#: A format's sample file: where it is written, and how.
CUTS = {
    "ses.txt": ("test_arpes", lambda w: w.ses_text().encode()),
    "igor.itx": ("test_arpes", lambda w: w.ITX.encode()),
    "mbs.krx": ("test_mbs", lambda w: w.krx([w.IMAGE], w.header())),
    "mbs.txt": ("test_mbs", lambda w: w.text(w.header(), w.IMAGE)),
    "prodigy.xy": ("test_prodigy", lambda w: w.xy().encode()),
    "prodigy.itx": ("test_prodigy", lambda w: w.itx().encode()),
    "wave.ibw": ("test_igor", lambda w: w.cut()),
    "packed.pxt": ("test_igor", lambda w: w.record(3, w.cut())),
    "als.fits": ("test_als_fits", lambda w: w.als([], [("Swept_Spectra0", "arb", w.CUT, w.AXES)], 1, swept=True)),
}
STACKS = {
    "ses.txt": ("test_arpes", lambda w: w.ses_text(1, steps=[5.0, 4.0]).encode()),
    "da30.zip": ("test_arpes", lambda w: w.da30_zip()),
    "mbs.krx": ("test_mbs", lambda w: w.krx([w.IMAGE] * 2, w.header(MapNoXSteps="2", MapStartX="2", MapEndX="1"))),
    "prodigy.xy": ("test_prodigy", lambda w: w.xy([{"Phi [deg]": 2}, {"Phi [deg]": 1}]).encode()),
    "prodigy.itx": (
        "test_prodigy",
        lambda w: w.itx(sizes=(3, 4, 2), z="X SetScale/I z, 2, 1, \"deg (Polar)\", 'Spectrum_15_1'").encode(),
    ),
    "als.fits": ("test_als_fits", lambda w: w.stack(3, ("Alpha", "deg", 4.0, 2.0))),
    "i05.nxs": ("test_beamline_hdf5", lambda w: written(w.i05)),
    "sis.h5": ("test_beamline_hdf5", lambda w: written(w.sis)),
    "adress.h5": ("test_beamline_hdf5", lambda w: written(w.adress)),
    "erlab.nc": ("test_xarray_files", lambda w: written(lambda path: w.save(w.erlab_map(), path))),
    "pyarpes.nc": ("test_xarray_files", lambda w: written(lambda path: w.save(w.pyarpes_map(), path))),
    "peaks.nc": ("test_xarray_files", lambda w: written(lambda path: w.save(w.peaks_map(), path))),
}


def written(make) -> bytes:
    """What ``make(path)`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "x.nc")
        return (Path(folder) / "x.nc").read_bytes()


def opened(name, sample, writers, folder):
    module, content = sample
    (folder / name).write_bytes(content(writers(module)))
    return read(folder / name)


@pytest.mark.parametrize("name", CUTS)
def test_a_cut(name, writers, tmp_path):
    check(opened(name, CUTS[name], writers, tmp_path), ("angle", "energy"))


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_of_cuts(name, writers, tmp_path):
    check(opened(name, STACKS[name], writers, tmp_path), ("manipulator_angle", "angle", "energy"))


def check(scan, names):
    assert scans.axes(scan) == names
    assert [scan[name].attrs["units"] for name in names] == ["deg"] * (len(names) - 1) + ["eV"]
    assert all((np.diff(scan[name].values) > 0).all() for name in names)
    assert scan.name == "photoemission_intensity"
    assert scan.attrs["units"] in ("arb", "count", "count/s")
    assert scan.attrs["energy_notation"] in ("kinetic", "fermi")
    assert scan["energy"].attrs["long_name"] in ("kinetic energy", "energy from the Fermi level")
    assert len(scan.attrs["sha256"]) == 64
    assert not {name for name in names} & set(scan.attrs)
