"""What BM25 makes of counts, with the parameters that are fixed in tantivy.

S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

K1, B = 1.2, 0.75


def rarity(documents: int, frequency: int) -> float:
    """Return the inverse document frequency of a term that so many of the documents have."""
    return math.log(1 + (documents - frequency + 0.5) / (frequency + 0.5))


def highest(weights: Mapping[str, float], idf: Mapping[str, float]) -> float:
    """Return the score that no passage can exceed: every term, as often as you like."""
    return sum(weight * idf[term] for term, weight in weights.items()) * (K1 + 1)
