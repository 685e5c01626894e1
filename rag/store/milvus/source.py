"""What a copy is made of: everything that an index holds, a transcript at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from rag.lexical import Counts, terms
from rag.store.catalog import Speaker
from rag.store.contract import Store
from rag.store.files import Progress
from rag.types import Passage, Transcript

_AT_ONCE = 1000  # passages


@dataclass(frozen=True, slots=True)
class Whole:
    """All that an index holds of one transcript; `vectors` has a row for each passage."""

    item: Transcript
    sha256: str
    passages: tuple[Passage, ...]
    languages: tuple[str, ...]
    speakers: tuple[Speaker, ...]

    def content(self) -> str:
        """Hash everything that a copy sends of it but the vectors, which follow from the words."""
        values = repr((self.item, self.passages, self.languages, self.speakers))
        return hashlib.sha256(values.encode("utf-8", "surrogatepass")).hexdigest()


def wholes(source: Store, progress: Progress) -> Iterator[tuple[Whole, list[int]]]:
    """Yield all that an index holds, a transcript at a time, with the ids of its passages."""
    catalog = source.catalog
    hashes = catalog.hashes()
    speaking: dict[str, list[Speaker]] = {}
    for row in catalog.speakers():
        speaking.setdefault(row.transcript, []).append(row)
    listed = catalog.transcripts()
    for done, described in enumerate(listed):
        progress("copying", done, len(listed))
        item = catalog.transcript(described.id)
        assert item is not None  # it is listed
        ids = catalog.ids_of([item.id])
        yield (
            Whole(
                item, hashes[item.path], tuple(catalog.passages(ids)),
                tuple(catalog.languages(ids)), tuple(speaking.get(item.id, ())),
            ),
            ids,
        )  # fmt: skip
    progress("copying", len(listed), len(listed))


def mean_length(source: Store) -> float:
    """Return how many terms a passage has on average."""
    counts = sum((layer.counts for layer in source.manifest.layers), Counts())
    alive, said = counts.documents - counts.dead, counts.terms - counts.dead_terms
    if not source.manifest.layers:
        ids = source.catalog.ids()
        alive = len(ids)
        said = sum(
            len(terms(passage.searchable))
            for start in range(0, alive, _AT_ONCE)
            for passage in source.catalog.passages(ids[start : start + _AT_ONCE])
        )
    return said / alive if alive else 0.0
