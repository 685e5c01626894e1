"""How an index grows: ids are never given twice, and each update adds a layer of new ones.

A layer is a range of ids with files of its own for vectors and terms, so that an update writes
what is new and links the rest. Small layers at the end are written together, such that each is at
least `RATIO` times as large as the next: there are few, and every passage is written few times.
What was removed stays in its layer, unseen, until `MOST_DEAD` of all is of that kind; then the
index is written anew, from itself.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.lexical import Counts

RATIO = 4
"""So there are at most seven layers below 10,000 passages, and tantivy, which joins eight segments
of that size by itself and would lose count of what is dead, never does."""
MOST_DEAD = 0.2


@dataclass(frozen=True, slots=True)
class Layer:
    """Ids from `first` on, up to the next layer; what its terms are counted to be, dead or not.

    `recall` is the share of the exact nearest that were found when it was written, by questions
    that its passages begin with; it is None where all vectors are compared.
    """

    first: int
    counts: Counts
    recall: float | None = None


def with_dead(layers: Sequence[Layer], dead: Sequence[tuple[int, int]]) -> list[Layer]:
    """Count passages as dead that are removed: for each its id and the number of its terms."""
    firsts = [layer.first for layer in layers]
    changed = list(layers)
    for id_, terms in dead:
        number = bisect_right(firsts, id_) - 1
        counts = changed[number].counts + Counts(0, 0, 1, terms)
        changed[number] = replace(changed[number], counts=counts)
    # tantivy drops what is dead altogether.
    return [
        replace(layer, counts=Counts()) if layer.counts.dead >= layer.counts.documents else layer
        for layer in changed
    ]


def kept(layers: Sequence[Layer], rows: int, added: int) -> int:
    """Return how many layers stay as they are when `added` passages follow the `rows` there are."""
    sizes = [
        (layers[number + 1].first if number + 1 < len(layers) else rows) - layer.first
        for number, layer in enumerate(layers)
    ]
    last = max(1, added)
    while len(sizes) > 1 and sizes[-1] < RATIO * last:
        last += sizes.pop()
    return len(sizes)


def worn(layers: Sequence[Layer]) -> bool:
    """Tell whether so much is dead that the index is better written anew."""
    total = sum((layer.counts for layer in layers), Counts())
    return total.dead > MOST_DEAD * total.documents
