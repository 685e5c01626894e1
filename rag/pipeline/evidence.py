"""Which passages a model may read: what is found for the question, and what was cited last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rag.retrieve import Filters, Query
from rag.types import Address, Earlier, Hit

if TYPE_CHECKING:
    from rag.pipeline.asking import Rag
    from rag.store.contract import Store

# What the rules for follow-ups find stands among the first of what the model's question finds, and
# what the last answer cited behind the best of both.
_RULED = 4
_BEFORE_CITED = 6


def candidates(
    rag: Rag, meant: Query, ruled: Query, said: Sequence[Earlier], filters: Filters
) -> list[Hit]:
    """Return what a model may read, best first.

    `meant` is the question as the model made it stand alone, `ruled` as the rules for follow-ups
    have it, which is the same where the model did not. The rules have their say in case it
    misunderstood; and the evidence of the last answer stays.
    """
    wanted = rag.settings.model_passages
    hits = rag.hits(meant, wanted, filters)
    if meant is not ruled and ruled.leaning:
        also = rag.hits(ruled, _RULED, filters)
        hits = _distinct([*hits[:_RULED], *also, *hits[_RULED:]])
    if said and not filters.speakers and not filters.transcripts:
        cited = _at(rag.store, said[-1].cited)
        hits = _distinct([*hits[:_BEFORE_CITED], *cited, *hits[_BEFORE_CITED:]])
    return hits[: wanted + _RULED]


def _at(store: Store, addresses: Iterable[Address]) -> list[Hit]:
    """Return the passages at addresses, as hits that no search has scored."""
    return [
        Hit(passage, 0.0, 0.0, 0.0)
        for address in dict.fromkeys(addresses)
        for passage in store.catalog.passages_at(address)
    ]


def _distinct(hits: Iterable[Hit]) -> list[Hit]:
    first: dict[Address, Hit] = {}
    for hit in hits:
        first.setdefault(hit.passage.address, hit)
    return list(first.values())
