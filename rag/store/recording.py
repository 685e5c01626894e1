"""Writing a catalog: transcripts, turns, sections and passages into one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from rag.text import language
from rag.types import Passage, Transcript

_SCHEMA = """
CREATE TABLE transcript (
    id TEXT PRIMARY KEY, path TEXT, title TEXT, date TEXT, source TEXT, language TEXT, sha256 TEXT
) WITHOUT ROWID;
CREATE TABLE turn (
    transcript TEXT, number INTEGER, speaker TEXT, label TEXT, text TEXT, line INTEGER, lines TEXT,
    start REAL, end REAL, topic TEXT, PRIMARY KEY (transcript, number)
) WITHOUT ROWID;
CREATE TABLE section (
    transcript TEXT, number INTEGER, title TEXT, text TEXT, line INTEGER, lines TEXT,
    PRIMARY KEY (transcript, number)
) WITHOUT ROWID;
CREATE TABLE passage (
    id INTEGER PRIMARY KEY, transcript TEXT, section INTEGER, first INTEGER, last INTEGER,
    tokens INTEGER, context TEXT, spans TEXT, language TEXT, hash BLOB
);
CREATE INDEX passage_place ON passage (transcript, section, first);
CREATE TABLE root (path TEXT);
CREATE TABLE speaker (name TEXT, transcript TEXT, turns INTEGER, characters INTEGER);
"""


def write(
    path: Path,
    transcripts: Iterable[tuple[Transcript, str]],
    passages: Iterable[tuple[Passage, bytes]],
    roots: Iterable[str] = (),
) -> None:
    """Write a new catalog; transcripts come with the hash of their file, passages with their own.

    A passage's position is its id, which is also its row in the vector index. `roots` are what the
    manifest lists as well: an index whose manifest is lost still knows what it was made of.
    """
    with closing(sqlite3.connect(path)) as base:
        # The file is complete before anybody is told of it: a journal would protect nothing.
        base.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA}")
        for transcript, sha256 in transcripts:
            _write_transcript(base, transcript, sha256)
        base.executemany(
            "INSERT INTO passage VALUES (?,?,?,?,?,?,?,?,?,?)",
            (_passage_row(id_, passage, hash_) for id_, (passage, hash_) in enumerate(passages)),
        )
        base.executemany("INSERT INTO root VALUES (?)", ((root,) for root in roots))
        base.commit()


def _write_transcript(base: sqlite3.Connection, item: Transcript, sha256: str) -> None:
    base.execute(
        "INSERT INTO transcript VALUES (?,?,?,?,?,?,?)",
        (item.id, item.path, item.title, item.date, item.source, item.language, sha256),
    )
    base.executemany(
        "INSERT INTO turn VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            (item.id, t.number, t.speaker, t.label, t.text, t.line, json.dumps(t.lines), t.start,
             t.end, t.topic)
            for t in item.turns
        ),
    )  # fmt: skip
    base.executemany(
        "INSERT INTO section VALUES (?,?,?,?,?,?)",
        ((item.id, s.number, s.title, s.text, s.line, json.dumps(s.lines)) for s in item.sections),
    )
    said: dict[str, list[int]] = {}
    for turn in item.turns:
        said.setdefault(turn.speaker, []).append(len(turn.text))
    base.executemany(
        "INSERT INTO speaker VALUES (?,?,?,?)",
        ((name, item.id, len(n), sum(n)) for name, n in said.items()),
    )


def _passage_row(id_: int, passage: Passage, hash_: bytes) -> tuple[object, ...]:
    spans = [(s.number, s.part, s.offset, len(s.text)) for s in passage.spans]
    address = passage.address
    return (
        id_, passage.transcript, int(passage.section), address.first, address.last, passage.tokens,
        passage.context, json.dumps(spans), language(passage.text), hash_,
    )  # fmt: skip
