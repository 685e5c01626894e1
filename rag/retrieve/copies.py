"""Hits that say what a better one says: summaries, reposts, the same file twice."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rag.lexical import terms
from rag.types import Hit, Passage

_SAME_WORDS = 0.85  # Jaccard similarity of terms above which two passages say the same


def without_copies(hits: Iterable[Hit], k: int) -> list[Hit]:
    """Keep the first `k` hits, leaving out those that say what a better one says."""
    kept: list[Hit] = []
    seen: list[frozenset[str]] = []
    for hit in hits:
        words = _term_set(_words(hit.passage))
        if any(_jaccard(words, other) > _SAME_WORDS for other in seen):
            continue
        kept.append(hit)
        seen.append(words)
        if len(kept) == k:
            break
    return kept


@lru_cache(maxsize=4096)
def _term_set(text: str) -> frozenset[str]:
    """The terms of a passage, which is a candidate for many questions of a batch."""
    return frozenset(terms(text))


def _words(passage: Passage) -> str:
    return " ".join(span.text for span in passage.spans)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the similarity of two sets, or what bounds it where their sizes already differ."""
    fewer, more = sorted((len(one), len(other)))
    if fewer <= _SAME_WORDS * more:
        return fewer / more if more else 1.0
    shared = len(one & other)
    return shared / (fewer + more - shared)
