"""How much of a difference may be chance: intervals and tests, seeded, the same every time."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

SEED = 11
"""Of every sample and every interval: the same run gives the same figures."""
DRAWS = 10_000
_LEVEL = 0.95


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one value."""
    return math.fsum(values) / len(values)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean by bootstrap over questions (Efron 1979, percentiles).

    Resampling n values from n is drawing how often each different value occurs: a multinomial
    draw, which costs next to nothing where most values are 0 or 1.
    """
    import numpy as np

    if len(set(values)) == 1:
        return values[0], values[0]
    different, counts = np.unique(np.asarray(values, dtype=np.float64), return_counts=True)
    draws = np.random.default_rng(SEED).multinomial(len(values), counts / len(values), DRAWS)
    means = draws @ different / len(values)
    low, high = np.quantile(means, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def randomization(differences: Sequence[float]) -> float:
    """Return the two-sided p of paired differences (Fisher's randomization test, sampled).

    Were the two runs alike, each difference might as well have the other sign (M. Smucker, J.
    Allan, B. Carterette, "A comparison of statistical significance tests for information retrieval
    evaluation", CIKM 2007).
    """
    import numpy as np

    sizes = np.abs(np.asarray(differences, dtype=np.float64))
    different, counts = np.unique(sizes[sizes > 0], return_counts=True)
    if not len(different):
        return 1.0
    positive = np.random.default_rng(SEED).binomial(counts, 0.5, (DRAWS, len(counts)))
    sums = np.abs((2 * positive - counts) @ different)
    seen = abs(math.fsum(differences))
    return float((np.count_nonzero(sums >= seen - 1e-9) + 1) / (DRAWS + 1))


def mcnemar(wins: int, losses: int) -> float:
    """Return the two-sided exact p of McNemar's test (1947): a binomial one on what differs."""
    total = wins + losses
    tail = sum(math.comb(total, i) for i in range(min(wins, losses) + 1))
    return min(1.0, float(2 * tail / 2**total))


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """Return p values adjusted for testing several at once (Holm 1979)."""
    adjusted: dict[str, float] = {}
    least = 0.0
    for rank, (name, p) in enumerate(sorted(ps.items(), key=lambda item: item[1])):
        least = max(least, min(1.0, (len(ps) - rank) * p))
        adjusted[name] = least
    return adjusted


def kappa(one: Sequence[bool], other: Sequence[bool]) -> float:
    """Return how far two judges agree beyond chance (Cohen 1960); 1 where both always say one."""
    n = len(one)
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    yes, other_yes = sum(one) / n, sum(other) / n
    chance = yes * other_yes + (1 - yes) * (1 - other_yes)
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the rank correlation of paired values (Spearman 1904), ties sharing a rank."""
    return statistics.correlation(_ranks(one), _ranks(other))


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
