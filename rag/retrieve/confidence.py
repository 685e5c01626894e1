"""The chance that an answer is there at all.

A logistic model of the best hit: its score, its cosine, how much of the question it covers word by
word, and the size of the index, in which more is alike by chance. How it was fitted, and what it
gets wrong: `docs/decisions/refusal.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag.retrieve.query import Query
from rag.store.contract import Store
from rag.types import Hit

# Coefficients of the logit that one of the hits answers the question.
_SCORE, _COSINE, _COVERAGE, _SIZE, _ELSE = 1.26, 2.2, 3.8, -0.63, -1.8
_SMALLEST, _LARGEST = 150, 8000  # passages of the indexes that the size was fitted on
# The same for an encoder that does not know texts word by word.
_SCORE_ALONE, _COSINE_ALONE, _ELSE_ALONE = 0.53, 2.79, -1.56


def confidence(hits: Sequence[Hit], query: Query, store: Store) -> float:
    """Return the chance, from 0 to 1, that one of the hits answers the question."""
    if not hits:
        return 0.0
    best = hits[0]
    if query.encoder is None:
        logit = _SCORE_ALONE * best.score + _COSINE_ALONE * best.dense + _ELSE_ALONE
    else:
        size = math.log(min(max(store.manifest.passages, _SMALLEST), _LARGEST))
        logit = _SCORE * best.score + _COSINE * best.dense + _COVERAGE * best.covered + _SIZE * size
        logit += _ELSE
    return 1 / (1 + math.exp(-logit))
