"""Test collections in BEIR form (corpus.jsonl, queries.jsonl, qrels.tsv) as indexes of `rag`."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rag import lexical
from rag.lexical import Entry
from rag.store import Manifest, recording
from rag.store.generation import publish, writing
from rag.store.index import PASSAGES, TERMS, VECTORS, write_vectors
from rag.tokens import estimate
from rag.types import Encoder, Passage, Section, Span, Transcript

_SEED = 11


@dataclass(frozen=True, slots=True)
class Query:
    """A question with the documents that answer it, and those that must be left out of account."""

    text: str
    relevant: frozenset[str]
    exclude: frozenset[str]


def documents(folder: Path) -> dict[str, str]:
    """Return the texts of a collection by id; titles are left out: often they name the file."""
    return {row["_id"]: row["text"] for row in _rows(folder / "corpus.jsonl")}


def queries(folder: Path, most: int) -> list[Query]:
    """Return the judged questions of a collection, a random `most` of them, always the same."""
    relevant: dict[str, set[str]] = defaultdict(set)
    judged = (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for query, document, score in (line.split("\t") for line in judged):
        if int(score) > 0:
            relevant[query].add(document)
    found = [
        Query(row["text"], frozenset(relevant[row["_id"]]), frozenset(row.get("exclude", ())))
        for row in _rows(folder / "queries.jsonl")
        if row["_id"] in relevant
    ]
    return random.Random(_SEED).sample(found, most) if len(found) > most else found


def index(folder: Path, texts: Mapping[str, str], encoder: Encoder) -> None:
    """Write an index in which every document is one passage, of a transcript with its id.

    Documents are judged whole, so they must not go through the chunker; all else is the product's.
    """
    transcripts = [_transcript(id_, text) for id_, text in texts.items()]
    passages = [_passage(item) for item in transcripts]
    vectors = encoder.passages([passage.searchable for passage in passages])
    with writing(folder) as temporary:
        recording.write(
            temporary / PASSAGES,
            ((item, "") for item in transcripts),
            ((passage, b"") for passage in passages),
        )
        write_vectors(temporary / VECTORS, vectors)
        lexical.build(temporary / TERMS, _entries(passages))
        publish(folder, temporary, _manifest(encoder, len(passages)))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _transcript(id_: str, text: str) -> Transcript:
    lines = tuple(range(1, text.count("\n") + 2))
    section = Section(number=1, title="", text=text, line=1, lines=lines)
    return Transcript(id_, id_, id_, date="", source="", language="", sections=(section,))


def _passage(item: Transcript) -> Passage:
    section = item.sections[0]
    span = Span(1, 0, "", section.text, 0, section.lines)
    return Passage(item.id, (span,), estimate(section.text), section=True)


def _entries(passages: Sequence[Passage]) -> Iterator[Entry]:
    for id_, passage in enumerate(passages):
        yield Entry(id_, passage.searchable, (), passage.transcript)


def _manifest(encoder: Encoder, count: int) -> Manifest:
    return Manifest(
        encoder="",
        fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        passage_tokens=0,
        transcripts=count,
        passages=count,
        roots=(),
        version="",
        built=datetime.now(UTC).isoformat(timespec="seconds"),
    )
