"""Which measurement would tell solutions apart: a ranking, and what each solution predicts for the one chosen."""

from __future__ import annotations

from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QWidget

from napari_scantwin.crystal_field.pictures import distinction_plot
from napari_scantwin.viewer.kit.curves import CurvePlot
from napari_scantwin.viewer.kit.tables import NumberTable, fill

__all__ = ["ApartView"]

#: A distance between solutions that settles it for good; more is not told apart.
_CERTAIN = 100.0


class ApartView(QWidget):
    """The ranking beside the predictions of the measurement that is chosen in it."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.table, self.plot = NumberTable(60), CurvePlot(100, name=lambda: "which measurement")
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SingleSelection)
        self.table.setMinimumWidth(150)
        self.table.itemSelectionChanged.connect(self._show)
        self._ranking: list = []
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.plot.widget, 1)

    def show_ranking(self, ranking) -> None:
        """Show measurements, the most telling first; none where nothing is ranked."""
        self._ranking = list(ranking)
        fill(self.table, ["measurement", "tells"], [[one.label, _distance(one.score)] for one in self._ranking])
        self.table.horizontalHeaderItem(1).setToolTip(
            "Mean square of the difference between two solutions, in expected errors, by how probable each pair is"
        )
        for row, one in enumerate(self._ranking):
            words = (
                f"the two solutions it tells apart worst: {_distance(one.weakest)}; above about 2 all are told apart"
            )
            for column in range(2):
                self.table.item(row, column).setToolTip(f"{one.label}; {words}")
        if self._ranking:
            self.table.selectRow(0)
        else:
            self._show()

    def _show(self) -> None:
        rows = self.table.selectionModel().selectedRows()
        if not rows or rows[0].row() >= len(self._ranking):
            self.plot.clear()
            return
        plot = distinction_plot(self._ranking[rows[0].row()])
        self.plot.widget.picture.log["x"].setChecked(plot.log[0])
        self.plot.show(plot)


def _distance(number: float) -> str:
    if number >= _CERTAIN:
        return f"≥ {_CERTAIN:g}"
    return f"{number:.0f}" if number >= 10 else f"{number:.1f}"
