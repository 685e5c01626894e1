"""How much of a question a passage covers, word by word: the same, alike, or translated.

A passage's vector is the mean of all its words, so that one that says much beside the answer is far
from the question. Word by word, nothing is lost in the mean; but it costs a look at every word, so
that only the best hits are looked at (`docs/decisions/fusion.md`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rag.types import Address, Hit

if TYPE_CHECKING:
    from rag.types import Matrix, Vector

RESCORED = 10
"""Hits that are looked at word by word."""


@runtime_checkable
class Worded(Protocol):
    """An encoder that knows a text word by word."""

    def words(self, text: str, /) -> tuple[Matrix, Vector]:
        """Return the directions of a text's distinct words, and what each weighs in it."""

    def closest(self, directions: Matrix, texts: Sequence[str], /) -> Matrix:
        """Return the cosine of each direction with the nearest word of each text."""


def words_asked(chain: Sequence[tuple[str, float]], encoder: Worded) -> tuple[Matrix, Vector]:
    """Return the words of a question and of those it leans on, each text weighing its share."""
    import numpy as np

    parts = [(encoder.words(text), share) for text, share in chain]
    return (
        np.concatenate([directions for (directions, _), _ in parts]),
        np.concatenate([weights * np.float32(share) for (_, weights), share in parts]),
    )


def coverage(asked: tuple[Matrix, Vector], passages: Sequence[str], encoder: Worded) -> list[float]:
    """Return how much of the words of a question each passage has, from 0 to 1.

    Every word counts as much as the cosine of the word of the passage that is nearest to it.
    """
    directions, weights = asked
    total = float(weights.sum())
    if not total:
        return [0.0] * len(passages)
    shares: list[float] = (encoder.closest(directions, passages) @ weights / total).tolist()
    return shares


def rescored(
    hits: Sequence[Hit],
    chain: Sequence[tuple[str, float]],
    encoder: Worded | None,
    counts: Mapping[Address, float],
) -> list[Hit]:
    """Return the hits, best first, with the coverage of the best ones added to their scores.

    `counts` is what a coverage of 1 counts for the passage at an address. Those that are not looked
    at count as the worst of the others.
    """
    if encoder is None or not hits:
        return list(hits)
    asked = words_asked(chain, encoder)
    looked_at = [hit.passage.searchable for hit in hits[:RESCORED]]
    covered = coverage(asked, looked_at, encoder)
    covered += [min(covered)] * (len(hits) - len(covered))
    raised = [
        replace(hit, score=hit.score + counts[hit.passage.address] * share, covered=share)
        for hit, share in zip(hits, covered, strict=True)
    ]
    return sorted(raised, key=lambda hit: -hit.score)
