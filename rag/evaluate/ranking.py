"""The ranking of one question: by both legs as the product does it, or by one of them alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rag import retrieve
from rag.evaluate.gold import Task
from rag.pipeline import Rag
from rag.retrieve import Filters, Query
from rag.types import Hit


@dataclass(frozen=True, slots=True)
class Ranked:
    """What was found, best first; `confidence` is that of an answer, and `search` milliseconds."""

    hits: tuple[Hit, ...]
    confidence: float | None
    search: float


def rank(rag: Rag, task: Task, leg: str, depth: int) -> Ranked:
    """Return the best `depth` passages for a question, those left out of account not counted."""
    started = time.perf_counter()
    case = task.case
    query = rag.query(case.question, case.history)
    filters = Filters(transcripts=(case.transcript,) if case.transcript else ())
    # Those left out must not shorten the list.
    found = LEGS[leg](rag, query, filters, depth + len(task.exclude))
    hits = tuple(hit for hit in found if hit.passage.transcript not in task.exclude)[:depth]
    took = (time.perf_counter() - started) * 1000
    confidence = None
    if leg == "fused":
        confidence = retrieve.confidence(hits, query, rag.store)
    return Ranked(hits, confidence, round(took, 3))


def _fused(rag: Rag, query: Query, filters: Filters, depth: int) -> list[Hit]:
    return rag.hits(query, depth, filters)


def _lexical(rag: Rag, query: Query, filters: Filters, depth: int) -> list[Hit]:
    only = [("transcript", name) for name in filters.transcripts]
    matches = rag.store.lexical.search(query.weights, depth, only)
    passages = rag.store.catalog.passages([match.id for match in matches])
    return [
        Hit(passage, match.score, 0.0, match.score)
        for passage, match in zip(passages, matches, strict=True)
    ]


def _dense(rag: Rag, query: Query, filters: Filters, depth: int) -> list[Hit]:
    names = filters.transcripts
    allowed = rag.store.catalog.ids_where((), names) if names else None
    near = rag.store.nearest(query.vector, depth, allowed)
    passages = rag.store.catalog.passages([id_ for id_, _ in near])
    return [
        Hit(passage, cosine, cosine, 0.0)
        for passage, (_, cosine) in zip(passages, near, strict=True)
    ]


LEGS: Mapping[str, Callable[[Rag, Query, Filters, int], list[Hit]]] = {
    "fused": _fused,
    "lexical": _lexical,
    "dense": _dense,
}
"""Ways to rank, by the name that `--legs` takes."""
