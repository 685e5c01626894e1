"""Test collections in BEIR form (corpus.jsonl, queries.jsonl, qrels.tsv) as indexes of `rag`."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.evaluate import beir, building
from rag.settings import Settings
from rag.types import Encoder

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
    transcripts = [beir.transcript(id_, text) for id_, text in texts.items()]
    passages = [beir.passage(item) for item in transcripts]
    vectors = encoder.passages([passage.searchable for passage in passages])
    made = building.manifest(encoder, Settings(), len(passages), len(transcripts))
    building.from_passages(folder, transcripts, passages, vectors, made)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)
