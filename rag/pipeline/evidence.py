"""Which passages a model may read: what is found for the question, and what was cited last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rag.retrieve import Filters, Query
from rag.types import Address, Earlier, Hit

if TYPE_CHECKING:
    from rag.pipeline.asking import Rag
    from rag.store.index import Store

# What the rules for follow-ups find stands among the first of what the model's question finds, and
# what the last answer cited behind the best of both.
_RULED = 4
_BEFORE_CITED = 6


def candidates(
    rag: Rag, query: Query, standalone: str, said: Sequence[Earlier], filters: Filters
) -> list[Hit]:
    """Return what a model may read, best first.

    A `standalone` question is searched for as it is. The rules for follow-ups have their say too,
    in case the model misunderstood; and the evidence of the last answer stays.
    """
    wanted = rag.settings.model_passages
    if standalone:
        own = rag.hits(rag.query(standalone), wanted, filters)
        ruled = rag.hits(query, _RULED, filters) if query.leaning else []
        hits = _distinct([*own[:_RULED], *ruled, *own[_RULED:]])
    else:
        hits = rag.hits(query, wanted, filters)
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
