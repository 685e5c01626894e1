"""BM25 taken apart, so that an inner product is the score that tantivy gives.

A passage holds, for every term, what its frequency and the passage's length come to; a question
holds, for every term, its weight times its inverse document frequency.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from rag.lexical.bm25 import K1, B

_EXACT = 24  # lengths below this plus 16 are kept as they are
_LONGEST_TERM = 512  # bytes


def quantised(length: int) -> int:
    """Return a length as tantivy keeps it: in one byte, rounded down to four binary digits.

    The table is that of Lucene's `SmallFloat.intToByte4`.
    """
    above = length - _EXACT
    shift = max(above.bit_length() - 4, 0) if above > 0 else 0
    return _EXACT + (above >> shift << shift) if above > 0 else length


def _damping(length: int, mean: float) -> float:
    return K1 * (1 - B + B * length / mean)


def within(terms: Iterable[str], mean: float) -> tuple[dict[str, float], int]:
    """Return what the terms of a passage weigh in it, and its length as tantivy keeps it.

    `mean` is the mean number of terms of a passage.
    """
    counts = Counter(terms)
    length = quantised(counts.total())
    damping = _damping(length, mean or 1.0)
    return {term: n * (K1 + 1) / (n + damping) for term, n in counts.items()}, length


def again(weight: float, length: int, before: float, mean: float) -> float:
    """Return a weight that was made for one mean length as it is for another."""
    frequency = round(weight * _damping(length, before) / (K1 + 1 - weight))
    return frequency * (K1 + 1) / (frequency + _damping(length, mean))


def spelt(term: str) -> str:
    """Return a term as the server keeps it: one that is too long to be a word by its hash."""
    raw = term.encode("utf-8", "replace")
    if len(raw) <= _LONGEST_TERM:
        return raw.decode()
    return f"={hashlib.sha256(raw).hexdigest()}"
