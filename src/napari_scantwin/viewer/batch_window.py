"""The same steps over more files: which files, what is written, and the table of results as they come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
)

from napari_scantwin.core.errors import ScanError
from napari_scantwin.figures.formats import FORMATS as FIGURES
from napari_scantwin.readers.registry import suffixes
from napari_scantwin.recipes import BatchRow, Outputs, Recipe, batch, results_table
from napari_scantwin.recipes.batching import in_words
from napari_scantwin.viewer.kit.combos import Combo
from napari_scantwin.viewer.kit.folders import ask_files, ask_folder, ask_path, file_name, last_folder
from napari_scantwin.viewer.kit.jobs import Job
from napari_scantwin.viewer.kit.legible import Line
from napari_scantwin.viewer.kit.reasons import Reason
from napari_scantwin.viewer.kit.tables import NumberTable, fill
from napari_scantwin.writers import FORMATS as MAPS
from napari_scantwin.writers.tables import write_table

__all__ = ["BatchWindow"]

_NONE = "none"
_WAITING = "waiting"
#: The column of verdicts and reasons, and the room for their beginning, in pixels; tips have them whole.
_SAID, _SENTENCE = 2, 260


class BatchWindow(QDialog):
    """Does a recipe to the files listed; ``job`` runs it, ``rows`` are those known so far, ``said`` tells how it goes.

    Parameters
    ----------
    recipe
        What is done.
    name
        What the scan it was done to is called.
    """

    def __init__(self, recipe: Recipe, name: str, parent=None):
        super().__init__(parent)
        self.setAttribute(Qt.WA_DeleteOnClose)
        self.setWindowTitle("Same steps over more files")
        self.resize(860, 560)
        self.recipe = recipe
        self.files: list[Path] = []
        self.rows: Sequence[BatchRow] = ()
        told = QLabel(f"What was done to {name}: {'; '.join(in_words(recipe))}.")
        told.setWordWrap(True)
        self.add_button = QPushButton("Add files…")
        self.add_button.setToolTip("A scan each")
        self.add_folder = QPushButton("Add folder…")
        self.add_folder.setToolTip("A folder of the files of one scan, or a zarr store")
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take the chosen rows out of the list; files stay where they are")
        self.folder = Line(str(last_folder() / f"{file_name(Path(name).stem)}_batch"))
        self.folder.setToolTip("Everything is written here: results.csv and, beside it, what is ticked below")
        self.choose = QPushButton("Choose…")
        self.maps, self.figures = Combo(), Combo()
        self.maps.addItems([_NONE, *MAPS])
        self.maps.setToolTip("The simulated map of every file")
        self.figures.addItems([_NONE, *FIGURES])
        self.figures.setToolTip("Every map for paper")
        self.twins, self.tables = QCheckBox("twins"), QCheckBox("tables and cuts")
        self.twins.setChecked(recipe.settings is not None)
        self.twins.setEnabled(recipe.settings is not None)
        self.tables.setChecked(True)
        self.afresh = QCheckBox("Do again what is there")
        self.afresh.setToolTip("Else files that have not changed, and of which all was done, are passed over")
        self.table = NumberTable(200)
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setWordWrap(False)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.said.setMinimumHeight(2 * self.said.fontMetrics().lineSpacing())
        self.start_button, self.copy_button = QPushButton("Start"), QPushButton("Copy table")
        self.start_button.setDefault(True)
        self.save_button = QPushButton("Save table…")
        self.reason = Reason(lambda: {"folder": ("Folder", self.folder)})
        self.job = Job(self)
        self._lay_out(told)
        self.add_button.clicked.connect(self._ask_files)
        self.add_folder.clicked.connect(self._ask_scan_folder)
        self.remove.clicked.connect(self._remove)
        self.choose.clicked.connect(self._ask_folder)
        self.start_button.clicked.connect(self._pressed)
        self.copy_button.clicked.connect(self.copy)
        self.save_button.clicked.connect(self._ask_table)
        self.job.progressed.connect(self._progressed)
        self.job.done.connect(self._done)
        self.job.failed.connect(self._failed)
        self.job.cancelled.connect(lambda: self._tell("Stopped; Start goes on with what is missing."))
        self.job.ended.connect(self._show)
        self._show()

    def _lay_out(self, told: QLabel) -> None:
        layout = QVBoxLayout(self)
        layout.addWidget(told)
        for parts in (
            (self.add_button, self.add_folder, self.remove, None),
            (QLabel("Write to"), self.folder, self.choose),
            (QLabel("Maps"), self.maps, QLabel("Figures"), self.figures, self.twins, self.tables, self.afresh, None),
        ):
            row = QHBoxLayout()
            for part in parts:
                if part is None:
                    row.addStretch(1)
                else:
                    row.addWidget(part, 1 if part is self.folder else 0)
            layout.addLayout(row)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.bar)
        layout.addWidget(self.reason)
        layout.addWidget(self.said)
        row = QHBoxLayout()
        row.addWidget(self.copy_button)
        row.addWidget(self.save_button)
        row.addStretch(1)
        row.addWidget(self.start_button)
        layout.addLayout(row)

    def add(self, paths: Sequence[Path]) -> None:
        """List more scans; those listed already are not listed twice."""
        self.files = list(dict.fromkeys([*self.files, *map(Path, paths)]))
        self._show()

    def _ask_files(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in suffixes())
        paths, _ = ask_files(self, "Do the same to", f"Scans ({kinds});;All files (*)")
        self.add(paths)

    def _ask_scan_folder(self) -> None:
        folder = ask_folder(self, "Do the same to the scan in a folder")
        if folder is not None:
            self.add([folder])

    def _ask_folder(self) -> None:
        folder = ask_folder(self, "Write the results to")
        if folder is not None:
            self.folder.setText(str(folder))

    def _remove(self) -> None:
        chosen = {index.row() for index in self.table.selectionModel().selectedRows()}
        self.files = [path for number, path in enumerate(self.files) if number not in chosen]
        self.rows = ()
        self._show()

    def _pressed(self) -> None:
        if self.job.running:
            self.job.stop()
            self._tell("Stopping …")
            self.start_button.setEnabled(False)
        else:
            self.start()

    def start(self) -> bool:
        """Begin; False, with a sentence, where that is not possible."""
        if not self.folder.text().strip():
            return self.reason.say("Say which folder the results are written to.", "folder")
        self.reason.clear()
        recipe, files, folder = self.recipe, list(self.files), Path(self.folder.text().strip()).expanduser()
        outputs = Outputs(
            self.twins.isChecked(),
            *("" if one.currentText() == _NONE else one.currentText() for one in (self.maps, self.figures)),
            self.tables.isChecked(),
        )
        afresh, rows = self.afresh.isChecked(), []

        def work(report, stop) -> list[BatchRow]:
            def progressed(share: float, words: str) -> None:
                report((share, words, tuple(rows)))

            return batch(
                recipe,
                files,
                folder,
                outputs=outputs,
                afresh=afresh,
                on_row=rows.append,
                on_progress=progressed,
                stop=stop,
            )

        self.rows = ()
        started = self.job.start(work)
        self._show()
        return started

    def _progressed(self, news) -> None:
        share, words, rows = news
        self.bar.setValue(round(1000 * share))
        if not self.job.stopping:
            self._tell(words)
        if len(rows) != len(self.rows):
            self.rows = rows
            self._show()

    def _done(self, rows: Sequence[BatchRow]) -> None:
        self.rows = rows
        self.bar.setValue(self.bar.maximum())
        whole, kept = sum(not row.reason for row in rows), sum(row.kept for row in rows)
        before = f", {kept} of them before" if kept else ""
        self._tell(f"{whole} of {len(rows)} done{before}; wrote {Path(self.folder.text().strip()) / 'results.csv'}")

    def _failed(self, reason) -> None:
        self._tell("")
        self.reason.say(reason)

    def _tell(self, words: str) -> None:
        self.said.setText(words)

    def _show(self) -> None:
        """The table and the buttons as things stand."""
        running = self.job.running
        waiting = [BatchRow(path.name, verdict=_WAITING) for path in self.files[len(self.rows) :]]
        heads, rows, colors = results_table([*self.rows, *waiting]).in_words
        fill(self.table, heads, rows, colors)
        self.table.setColumnWidth(_SAID, max(self.table.columnWidth(_SAID), _SENTENCE))
        for number in range(len(rows)):
            self.table.item(number, _SAID).setTextAlignment(Qt.AlignVCenter | Qt.AlignLeft)
        for number, row in enumerate(self.rows):
            for column in range(self.table.columnCount()):
                self.table.item(number, column).setToolTip(row.reason or " ".join(row.notes) or row.verdict)
        self.start_button.setText("Stop" if running else "Start")
        self.start_button.setEnabled(running or bool(self.files))
        self.start_button.setToolTip("" if self.files else "Add files first")
        for part in (self.add_button, self.add_folder, self.remove, self.folder, self.choose, self.afresh):
            part.setEnabled(not running)
        for part in (self.copy_button, self.save_button):
            part.setEnabled(bool(self.rows))
        self.bar.setEnabled(running)

    def copy(self) -> None:
        """Put the whole table on the clipboard as columns parted by tabs, numbers in full."""
        table = results_table(self.rows)
        lines = [table.heads, *([_text(one) for one in row] for row in table.rows)]
        QApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))
        self._tell("Copied the table")

    def _ask_table(self) -> None:
        path, _ = ask_path(self, "Save the table of results", "results.csv", "CSV (*.csv)")
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> bool:
        """Write the table; False, with a sentence, where that fails."""
        table = results_table(self.rows, {"done": "; ".join(in_words(self.recipe))})
        try:
            write_table(path, table.heads, table.rows, table.about)
        except ScanError as reason:
            self._tell("")
            return self.reason.say(reason)
        self.reason.clear()
        self._tell(f"Wrote {path.name}")
        return True

    def closeEvent(self, event) -> None:
        self.job.abandon(0.5)  # rows written so far stay, and another start goes on from them
        super().closeEvent(event)


def _text(cell: float | int | str) -> str:
    if isinstance(cell, float):
        return "" if cell != cell else repr(cell)
    return " ".join(str(cell).split())
