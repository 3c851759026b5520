"""Same steps over more files, as it is clicked."""

import csv

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_scantwin.samples import sample_path


def rows_of(window):
    return [[window.table.item(row, column).text() for column in (0, 1)] for row in range(window.table.rowCount())]


def test_rows_appear_as_they_come_and_the_table_leaves(panel, qtbot, open_scan, tmp_path):
    open_scan(sample_path("palladium_hydride"))
    (tmp_path / "broken.csv").write_text("T (K),H (Oe),R (ohm)\n2.0,0,nothing\n")
    panel.show_tab(panel.analyse)
    panel.analyse.show_again("transitions", {})
    qtbot.waitUntil(
        lambda: panel.analyse.current is not None and panel.analyse.current.result is not None, timeout=60_000
    )
    panel.show_tab(panel.export)
    qtbot.mouseClick(panel.export.buttons["More files"], Qt.LeftButton)
    window = panel.menu.batch
    assert window is panel.menu.open_batch()
    assert not window.start_button.isEnabled()
    window.add([sample_path("palladium_hydride"), tmp_path / "broken.csv", sample_path("ferromagnet")])
    names = [sample_path("palladium_hydride").name, "broken.csv", sample_path("ferromagnet").name]
    assert rows_of(window) == [[name, ""] for name in names]
    window.folder.setText(str(tmp_path / "results"))
    window.figures.setCurrentText(".svg")
    seen = []
    window.job.progressed.connect(lambda news: seen.append([row[1] for row in rows_of(window)]))
    qtbot.mouseClick(window.start_button, Qt.LeftButton)
    qtbot.waitUntil(lambda: not window.job.running, timeout=60_000)
    assert window.said.text().startswith("2 of 3 done; wrote ")
    assert rows_of(window) == [list(row) for row in zip(names, ["7", "", "8"], strict=True)]
    assert ["7", "", ""] in seen  # the first row was there before the last
    assert "do not say which are axes" in window.table.item(1, 2).text()
    assert (tmp_path / "results" / f"{sample_path('ferromagnet').stem}.svg").exists()
    window.copy_button.click()
    copied = [line.split("\t") for line in QApplication.clipboard().text().splitlines()]
    assert window.save(tmp_path / "kept.csv")
    with (tmp_path / "kept.csv").open(newline="") as file:
        written = list(csv.reader(line for line in file if not line.startswith("#")))
    assert copied == written
    assert len(written) == 4
    qtbot.mouseClick(window.start_button, Qt.LeftButton)
    qtbot.waitUntil(lambda: not window.job.running, timeout=60_000)
    assert "2 of them before" in window.said.text()
    window.close()
    qtbot.waitUntil(lambda: panel.menu.batch is None)


def test_stopping_while_a_file_is_trained(panel, qtbot, open_scan, train_scan, tmp_path):
    open_scan(sample_path("palladium_hydride"))
    train_scan()
    window = panel.menu.open_batch()
    window.add([sample_path("ferromagnet")])
    window.folder.setText(str(tmp_path / "results"))
    window.start()
    assert panel.busy
    qtbot.waitUntil(lambda: ": " in window.said.text() and "reading" not in window.said.text(), timeout=60_000)
    qtbot.mouseClick(window.start_button, Qt.LeftButton)
    qtbot.waitUntil(lambda: not window.job.running, timeout=10_000)
    assert window.said.text() == "Stopped; Start goes on with what is missing."
    assert not [path for path in (tmp_path / "results").iterdir()]
    assert window.start_button.text() == "Start"


def test_without_a_scan_there_is_a_sentence(panel, spoken):
    assert panel.menu.open_batch() is None
    assert "Open a scan" in spoken[-1]
