"""The file dialog offers erlab's loaders as kinds of files, and the kind that is chosen reads the file."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog

from napari_scantwin.readers.instruments import erlab_files
from napari_scantwin.samples import sample_path


def test_a_loader_chosen_as_the_kind_of_file_reads_it(panel, qtbot, monkeypatch, spoken):
    offered = []

    def chosen(parent, title, folder, filters):
        offered.extend(filters.split(";;"))
        return [str(sample_path("ferromagnet"))], offered[-1]

    loader = erlab_files.Loader("erlab:nowhere", "A beamline, by erlab", (".csv", ".h5"))
    monkeypatch.setattr(erlab_files, "loaders", lambda: (loader,))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", chosen)
    with qtbot.waitSignal(panel.open.job.failed, timeout=10_000):
        panel.open.button.click()
    assert offered[0].startswith("Scans (")
    assert offered[-1] == "A beamline, by erlab (*.csv *.h5)"
    # erlab has no loader of that name, or is not installed: either way it was asked.
    assert "erlab" in spoken[0]
