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
        members, shares = [], []
        for expert, weight in zip(self.experts, self.weights, strict=True):
            outputs = np.asarray(expert.outputs(coordinates, stop), float)
            members.append(outputs)
            shares += [weight / len(outputs)] * len(outputs)
        members, shares = np.concatenate(members), np.array(shares)[:, None]
        mean = (shares * members).sum(axis=0)
        return mean, np.sqrt((shares * (members - mean) ** 2).sum(axis=0))

    def __str__(self) -> str:
        order = np.argsort(-self.weights)
        return "; ".join(f"{100 * self.weights[k]:.0f} % {self.names[k]}" for k in order)
