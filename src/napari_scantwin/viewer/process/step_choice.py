"""The list of steps and fits, in groups; those that do not fit a scan are greyed and say why."""

from __future__ import annotations

from napari_scantwin import processing
from napari_scantwin.analyses import ANALYSES, FIT, Analysis
from napari_scantwin.viewer.kit.combos import Combo

__all__ = ["StepChoice", "fits"]


def fits() -> dict[str, Analysis]:
    """The fits of curves by name."""
    return {name: one for name, one in ANALYSES.items() if one.group == FIT}


class StepChoice(Combo):
    """A combo of what can be done to a scan."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMaxVisibleItems(30)

    @property
    def step(self):
        """The step or fit that is chosen, or None."""
        return {**processing.STEPS, **fits()}.get(self.currentData())

    @property
    def is_fit(self) -> bool:
        """Whether a fit is chosen, not a step."""
        return self.currentData() in fits()

    def choose(self, name: str) -> None:
        """Choose a step or a fit by its name."""
        self.setCurrentIndex(self.findData(name))

    def offer(self, scan) -> None:
        """List the steps again for a scan (or None), keeping the choice where it fits."""
        chosen = self.currentData()
        self.blockSignals(True)
        self.clear()
        groups = {
            group: [step for step in processing.STEPS.values() if step.group == group] for group in processing.GROUPS
        }
        for group, steps in {**groups, FIT: list(fits().values())}.items():
            if not steps:
                continue
            self.addItem(group)
            self._item().setEnabled(False)
            for step in steps:
                reason = "Open a scan first" if scan is None else step.why_not(scan)
                self.addItem(f"   {step.title}", step.name)
                self._item().setEnabled(reason is None)
                self._item().setToolTip(reason or step.explanation.split("\n\n")[0])
        self.blockSignals(False)
        row = self.findData(chosen) if chosen else -1
        if row < 0 or not self.model().item(row).isEnabled():
            row = next((n for n in range(self.count()) if self.model().item(n).isEnabled()), -1)
        self.setCurrentIndex(row)

    def _item(self):
        return self.model().item(self.count() - 1)
