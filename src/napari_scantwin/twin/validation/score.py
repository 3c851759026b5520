"""A twin's score: the error of predicting whole sweeps that were kept from training."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from napari_scantwin.twin.validation.folds import Groups

__all__ = ["NETWORK", "Score", "log_score", "score_predictions"]

#: The row of the neural networks alone, weighted among themselves.
NETWORK = "network"
#: Rows that are the twin or a part of it; all others are baselines.
_OWN = ("twin", NETWORK)

#: Draws of the sweeps' shares from which a probability is taken; between these probabilities, and with neither error
#: below this share of the other, two methods are level.
_DRAWS, _UNDECIDED, _CLOSE = 4000, (0.1, 0.9), 0.7
#: An error above this share of the values' deviation says hardly more than their mean does.
_TOLD = 0.9


@dataclass(frozen=True)
class Score:
    """Leave-one-sweep-out errors of the twin and of the baselines, root mean squares in ``unit``.

    Parameters
    ----------
    methods
        Names [m], beginning with "twin"; where it has neural networks among what was tried, "network" comes next.
    sweeps
        The held-out groups [s] by name.
    edge
        Which groups [s] are outermost and can only be extrapolated.
    errors
        The error of each method on each sweep [m, s].
    inside
        Errors over the inner sweeps [m]: the headline.
    overall
        Errors over all sweeps [m].
    unit
        The value's unit as it is shown.
    value_range
        The span of the values.
    deviation
        The values' standard deviation on the inner sweeps: the error of knowing nothing but their mean.
    log_score
        What the twin's error bars are worth on sweeps left out, as :func:`log_score` defines it: higher is better. Not
        a number for twins saved before it was worked out.
    """

    methods: tuple[str, ...]
    sweeps: tuple[str, ...]
    edge: np.ndarray
    errors: np.ndarray
    inside: np.ndarray
    overall: np.ndarray
    unit: str
    value_range: float
    deviation: float = np.nan
    log_score: float = np.nan

    @property
    def best(self) -> str:
        """The method with the least error on the inner sweeps."""
        return self.methods[int(np.nanargmin(self.inside))]

    @property
    def learned(self) -> bool:
        """Whether the best method predicts a held-out sweep clearly better than the mean of all others would."""
        return not np.nanmin(self.inside) > _TOLD * self.deviation

    @property
    def baselines(self) -> tuple[int, ...]:
        """The places in ``methods`` of those that are no part of the twin."""
        return tuple(row for row, method in enumerate(self.methods) if method not in _OWN)

    def joined(self, other: Score) -> Score:
        """This score with the rows of another one of the same scan below its own."""
        rows = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("errors", "inside", "overall")
        }
        return dataclasses.replace(self, methods=(*self.methods, *other.methods), **rows)

    def probability(self, method: int) -> float:
        """How probable it is that the twin predicts a further sweep of this scan better than another method.

        By the Bayesian bootstrap: the share of draws of the inner sweeps' shares from Dirichlet's distribution in which
        the twin's mean square error is the lesser.

        Parameters
        ----------
        method
            The place of the other method in ``methods``.

        Returns
        -------
        float
            0 to 1; with one inner sweep one or the other, and 0.5 where the errors are equal.
        """
        inner = ~self.edge if (~self.edge).any() else np.ones(len(self.edge), bool)
        gain = (self.errors[method] ** 2 - self.errors[0] ** 2)[inner]
        shares = np.random.default_rng(0).dirichlet(np.ones(len(gain)), _DRAWS)
        gains = shares @ gain
        return float(np.mean(gains > 0) + 0.5 * np.mean(gains == 0))

    def level(self, method: int) -> bool:
        """Whether the twin and another method are level: which of them is better stays open, and neither has less than
        seven tenths of the other's error.

        Parameters
        ----------
        method
            The place of the other method in ``methods``.
        """
        low, high = _UNDECIDED
        errors = (self.inside[0], self.inside[method])
        close = min(errors) >= _CLOSE * max(errors)
        return bool(close and low < self.probability(method) < high)

    @property
    def verdict(self) -> str:
        """One sentence that says who is better and by how much."""
        twin = self.inside[0]
        known = [row for row in self.baselines if np.isfinite(self.inside[row])]
        baseline = min(known, key=lambda row: self.inside[row]) if known else None
        if not self.learned:
            instead = "" if baseline is None else f" Until then {self.methods[baseline]} does as well as anything."
            return (
                "This scan is too noisy or too coarse to learn: sweeps left out are predicted to "
                f"{self._amount(twin)}, hardly better than by the mean of the others. Measure longer, or in finer "
                f"steps.{instead}"
            )
        if baseline is None:
            return f"Held-out error of the twin: {self._amount(twin)}" + (
                "." if not self.baselines else "; no baseline could be fitted to this scan."
            )
        name, error = self.methods[baseline], self.inside[baseline]
        if self.level(baseline):
            return (
                f"The twin and the best baseline ({name}) are level on this scan: {self._amount(twin)} against "
                f"{self._amount(error)} on sweeps left out; that the twin is the better one has a probability of "
                f"{100 * self.probability(baseline):.0f} %."
            )
        if error < twin:
            return (
                f"{name[0].upper()}{name[1:]} is better on this scan: {self._amount(error)} against the twin's "
                f"{self._amount(twin)} on sweeps left out (probability {self._sure(1 - self.probability(baseline))})."
            )
        return (
            f"The twin is best: {self._amount(twin)} on sweeps left out, against {self._amount(error)} of the best "
            f"baseline ({name}; probability {self._sure(self.probability(baseline))})."
        )

    @staticmethod
    def _sure(probability: float) -> str:
        return "over 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"

    def _amount(self, error: float) -> str:
        return f"{error:.3g} {self.unit} ({100 * error / self.value_range:.2g} % of the range)"

    def to_dict(self) -> dict:
        """Plain lists and numbers, for JSON; a missing error is None."""
        return {
            "methods": list(self.methods),
            "sweeps": list(self.sweeps),
            "edge": [bool(e) for e in self.edge],
            "errors": [[_number(e) for e in row] for row in self.errors],
            "inside": [_number(e) for e in self.inside],
            "overall": [_number(e) for e in self.overall],
            "unit": self.unit,
            "value_range": float(self.value_range),
            "deviation": _number(self.deviation),
            "log_score": _number(self.log_score),
            "verdict": self.verdict,
        }

    @classmethod
    def from_dict(cls, data: dict) -> Score:
        """The inverse of :meth:`to_dict`."""

        def array(key):
            return np.array([[np.nan if e is None else e for e in np.atleast_1d(row)] for row in data[key]], float)

        return cls(
            tuple(data["methods"]),
            tuple(data["sweeps"]),
            np.array(data["edge"], bool),
            array("errors"),
            array("inside").ravel(),
            array("overall").ravel(),
            data["unit"],
            float(data["value_range"]),
            *(np.nan if data.get(key) is None else float(data[key]) for key in ("deviation", "log_score")),
        )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def log_score(values: np.ndarray, mean: np.ndarray, std: np.ndarray, value_range: float) -> float:
    """The mean logarithm of the predictive density of readings, taken as shares of the values' range:

        mean(-ln(sqrt(2 pi) s) - (y - m)^2 / (2 s^2)),  y, m and s over the range

    Of normal errors of r times the range that are stated as they are it is -ln(r) - 1.42, so 3.19 for 1 %; stated too
    large or too small they score less (T. Gneiting, A. E. Raftery, J. Am. Stat. Assoc. 102, 359 (2007)).

    Parameters
    ----------
    values
        What was measured [n].
    mean, std
        What was predicted without it [n] and the standard deviation stated [n], in the same unit.
    value_range
        The span of the values.

    Returns
    -------
    float
        Natural logarithm, a reading; it has no unit.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        density = -np.log(np.sqrt(2 * np.pi) * std / value_range) - ((values - mean) / std) ** 2 / 2
    return float(np.mean(density))


def score_predictions(
    predictions: dict[str, np.ndarray], values: np.ndarray, groups: Groups, unit: str, passed: np.ndarray | None = None
) -> Score:
    """Score held-out predictions by sweep, over the inner sweeps and over all.

    Parameters
    ----------
    predictions
        Method to its held-out predictions [n], the twin's first, in the value's unit.
    values
        What was measured [n].
    groups
        The groups that were held out whole. Where none lies inside the others, all count as inner.
    unit
        The value's unit as it is shown.
    passed
        Points that are passed over, bool [n]; none by default.
    """
    squares = np.array([(prediction - values) ** 2 for prediction in predictions.values()], float)
    counted = np.ones(len(values), bool) if passed is None else ~passed
    numbers = range(len(groups.knots))
    errors = np.array(
        [[np.sqrt(np.mean(row[counted & (groups.group == number)])) for number in numbers] for row in squares], float
    )
    inner = ~groups.edge[groups.group] & counted
    if not inner.any():  # two sweeps only: there is nothing inside
        inner = counted
    return Score(
        tuple(predictions),
        groups.labels,
        groups.edge,
        errors,
        np.sqrt(squares[:, inner].mean(axis=1)),
        np.sqrt(squares[:, counted].mean(axis=1)),
        unit,
        float(np.ptp(values[counted])),
        float(values[inner].std()),
    )
