"""Writing an index of terms, and adding to one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.lexical.reading import Counts
from rag.lexical.words import terms
from rag.text import fold

if TYPE_CHECKING:
    import tantivy

_WRITER_MEMORY = 64 << 20  # bytes; tantivy's least is 15 MB
_BALLAST = "="  # no term of ours
_LAST = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What the lexical index keeps of one passage."""

    id: int
    text: str
    speakers: tuple[str, ...]
    transcript: str


def build(folder: Path, entries: Iterable[Entry]) -> Counts:
    """Write a new index of `entries` into the empty `folder`, on one thread."""
    import tantivy

    schema = (
        tantivy.SchemaBuilder()
        .add_unsigned_field("id", fast=True, indexed=False)
        .add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
        .add_text_field("speaker", tokenizer_name="raw", index_option="basic")
        .add_text_field("transcript", tokenizer_name="raw", index_option="basic")
        .build()
    )
    folder.mkdir(parents=True, exist_ok=True)
    writer = tantivy.Index(schema, path=str(folder)).writer(_WRITER_MEMORY, num_threads=1)
    counts = _add(writer, entries)
    writer.commit()
    writer.wait_merging_threads()
    return counts


def update(
    folder: Path,
    first: int,
    dead: Iterable[tuple[int, int]],
    entries: Iterable[Entry],
    kept: Counts,
) -> Counts:
    """Take `dead` ranges of ids and all from `first` on out of an index, and add `entries`.

    `kept` counts what has ids below `first`, the newly dead included. Returned is what was added.
    """
    import tantivy

    index = tantivy.Index.open(str(folder))
    writer = index.writer(_WRITER_MEMORY, num_threads=1)
    for begin, end in [*dead, (first, _LAST)]:
        writer.delete_documents_by_query(
            tantivy.Query.range_query(index.schema, "id", tantivy.FieldType.Unsigned, begin, end)
        )
    writer.delete_documents_by_term("terms", _BALLAST)
    added = _add(writer, entries)
    added += _balance(writer, kept + added)
    writer.commit()
    writer.wait_merging_threads()
    return added


def _add(writer: tantivy.IndexWriter, entries: Iterable[Entry]) -> Counts:
    import tantivy

    documents = total = 0
    for entry in entries:
        found = terms(entry.text)
        document = tantivy.Document(
            terms=" ".join(found),
            transcript=entry.transcript,
            speaker=[fold(speaker) for speaker in entry.speakers],
        )
        document.add_unsigned("id", entry.id)
        writer.add_document(document)
        documents += 1
        total += len(found)
    return Counts(documents, total)


def _balance(writer: tantivy.IndexWriter, counts: Counts) -> Counts:
    """Add what is no passage so that the mean length of all is that of the living passages.

    BM25 compares a passage with the mean, which tantivy takes over the dead as well.
    """
    import tantivy

    alive, said = counts.documents - counts.dead, counts.terms - counts.dead_terms
    mean = said / alive if alive else 0.0
    if not counts.dead or mean <= 1:
        return Counts()
    excess = counts.terms - counts.documents * mean
    documents = max(1, math.ceil(excess / (mean - 1)))
    total = max(documents, round((counts.documents + documents) * mean) - counts.terms)
    for length in [1] * (documents - 1) + [total - documents + 1]:
        writer.add_document(tantivy.Document(terms=" ".join([_BALLAST] * length)))
    return Counts(documents, total, documents, total)
