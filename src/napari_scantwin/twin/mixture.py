"""A twin's fitted experts and their weights, evaluated as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Mixture"]


@dataclass(frozen=True)
class Mixture:
    """Fitted ``experts`` by ``names`` with ``weights`` that add up to one."""

    names: tuple[str, ...]
    experts: tuple
    weights: np.ndarray

    def __call__(self, coordinates: np.ndarray, stop=None) -> tuple[np.ndarray, np.ndarray]:
        """Weighted mean [n] and disagreement [n] (weighted standard deviation of all members of all experts) at
        ``coordinates`` [n, axes]."""
        members, shares = self.members(coordinates, stop)
        mean = shares @ members
        return mean, np.sqrt(shares @ (members - mean) ** 2)

    def members(self, coordinates: np.ndarray, stop=None) -> tuple[np.ndarray, np.ndarray]:
        """Outputs [members, n] of every member of every expert and the members' shares [members]."""
        outputs = [np.asarray(expert.outputs(coordinates, stop), float) for expert in self.experts]
        shares = [np.full(len(one), weight / len(one)) for one, weight in zip(outputs, self.weights, strict=True)]
        return np.concatenate(outputs), np.concatenate(shares)

    def __str__(self) -> str:
        order = np.argsort(-self.weights)
        return "; ".join(f"{100 * self.weights[k]:.0f} % {self.names[k]}" for k in order)
