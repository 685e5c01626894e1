"""From what a question asks about structure to the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rag.retrieve import Filters
from rag.store.contract import Store
from rag.structure import counting, finding, inquiries
from rag.structure.asked import Kind, Structural
from rag.structure.counting import Draft
from rag.structure.scene import Scene
from rag.types import Answer

_WAYS: Mapping[Kind, Callable[[Scene], Draft | None]] = {
    "ranking": counting.ranking,
    "turns": counting.turns,
    "questions": inquiries.questions,
    "inquirers": inquiries.inquirers,
    "speakers": counting.speakers,
    "transcripts": counting.transcripts,
    "length": counting.length,
    "date": counting.date,
    "mentions": finding.mentions,
    "asked": finding.asked,
    "said": finding.said,
    "edge": finding.edge,
    "predictions": finding.predictions,
}


def answer(
    question: str, asked: Structural, store: Store, filters: Filters, started: float
) -> Answer | None:
    """Count or list what is asked for; None when there is nothing, so that others may try."""
    scene = Scene.of(store, asked, filters)
    # Whoever he or she is: for a list of predictions everybody will do, for a count nobody would.
    unclear = asked.pronoun and asked.kind != "predictions" and not filters.speakers
    if unclear or not scene.listed:
        return None
    draft = _WAYS[asked.kind](scene)
    if draft is None:
        return None
    taken = round((time.perf_counter() - started) * 1000, 2)
    return Answer(
        question,
        "\n".join(draft.lines),
        draft.citations,
        (),
        refused=False,
        confidence=1.0,
        timings={"structure": taken, "total": taken},
        quotes=len(draft.citations),
    )
