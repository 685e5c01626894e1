"""Writing a catalog: transcripts, turns, sections and passages into one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterable, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from rag.store.source import Source
from rag.text import count_words, language
from rag.transcripts.labels import clean
from rag.transcripts.names import is_role
from rag.types import Passage, Transcript, Turn, people

_SCHEMA = """
CREATE TABLE transcript (
    id TEXT PRIMARY KEY, path TEXT, title TEXT, date TEXT, source TEXT, language TEXT, sha256 TEXT,
    turns INTEGER
) WITHOUT ROWID;
CREATE TABLE turn (
    transcript TEXT, number INTEGER, speaker TEXT, label TEXT, text TEXT, line INTEGER, lines TEXT,
    start REAL, end REAL, topic TEXT, times TEXT, PRIMARY KEY (transcript, number)
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
CREATE INDEX passage_hash ON passage (hash);
CREATE TABLE dead (first INTEGER, last INTEGER);
CREATE TABLE source (
    path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, sha256 TEXT, beside TEXT, about TEXT,
    note TEXT
) WITHOUT ROWID;
CREATE TABLE root (path TEXT);
CREATE TABLE speaker (
    name TEXT, transcript TEXT, turns INTEGER, characters INTEGER, words INTEGER, seconds REAL
);
CREATE TABLE together (
    transcript TEXT, speaker TEXT, name TEXT, PRIMARY KEY (transcript, speaker, name)
) WITHOUT ROWID;
CREATE INDEX speaker_place ON speaker (transcript);
CREATE TABLE alias (transcript TEXT, spelling TEXT, name TEXT);
CREATE INDEX alias_place ON alias (transcript);
CREATE TABLE naming (file TEXT, label TEXT, name TEXT);
"""
# The file is complete before anybody is told of it: a journal would protect nothing.
_UNLOGGED = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"


def write(
    path: Path,
    transcripts: Iterable[tuple[Transcript, str]],
    passages: Iterable[tuple[Passage, bytes]],
    roots: Iterable[str] = (),
    naming: Iterable[tuple[str, str, str]] = (),
    sources: Iterable[Source] = (),
) -> None:
    """Write a new catalog; transcripts come with the hash of their file, passages with their own.

    A passage's position is its id, which is also its row in the vector index. `roots` are what the
    manifest lists as well: an index whose manifest is lost still knows what it was made of.
    `naming` are the names of speakers that were given by hand, kept for the next build.
    """
    with closing(sqlite3.connect(path)) as base:
        base.executescript(f"{_UNLOGGED} {_SCHEMA}")
        _add(base, transcripts, passages, 0)
        _replace_settings(base, roots, naming)
        _replace_sources(base, sources, ())
        base.commit()


def edit(
    path: Path,
    gone: Sequence[str],
    transcripts: Iterable[tuple[Transcript, str]],
    passages: Iterable[tuple[Passage, bytes]],
    first: int,
    roots: Iterable[str],
    naming: Iterable[tuple[str, str, str]],
    sources: Iterable[Source],
    forgotten: Iterable[str],
) -> None:
    """Take transcripts out of a catalog and add others, whose passages have ids from `first` on.

    `sources` are the files that are known differently now, `forgotten` those that are gone. The
    file is a copy that nobody else has open.
    """
    with closing(sqlite3.connect(path)) as base:
        base.executescript(_UNLOGGED)
        for id_ in gone:
            _remove(base, id_)
        _add(base, transcripts, passages, first)
        base.execute("DELETE FROM root")
        base.execute("DELETE FROM naming")
        _replace_settings(base, roots, naming)
        _replace_sources(base, sources, forgotten)
        base.commit()


def _remove(base: sqlite3.Connection, id_: str) -> None:
    """Remove a transcript; its passages have ids in a row, which nobody gets again."""
    first, last = base.execute(
        "SELECT min(id), max(id) FROM passage WHERE transcript = ?", (id_,)
    ).fetchone()
    if first is not None:
        base.execute("INSERT INTO dead VALUES (?,?)", (first, last))
    base.execute("DELETE FROM transcript WHERE id = ?", (id_,))
    for table in ("turn", "section", "passage", "speaker", "together", "alias"):
        base.execute(f"DELETE FROM {table} WHERE transcript = ?", (id_,))


def _add(
    base: sqlite3.Connection,
    transcripts: Iterable[tuple[Transcript, str]],
    passages: Iterable[tuple[Passage, bytes]],
    first: int,
) -> None:
    for transcript, sha256 in transcripts:
        _write_transcript(base, transcript, sha256)
    base.executemany(
        "INSERT INTO passage VALUES (?,?,?,?,?,?,?,?,?,?)",
        (_passage_row(id_, passage, hash_) for id_, (passage, hash_) in enumerate(passages, first)),
    )


def _replace_settings(
    base: sqlite3.Connection, roots: Iterable[str], naming: Iterable[tuple[str, str, str]]
) -> None:
    base.executemany("INSERT INTO root VALUES (?)", ((root,) for root in roots))
    base.executemany("INSERT INTO naming VALUES (?,?,?)", naming)


def _replace_sources(
    base: sqlite3.Connection, sources: Iterable[Source], forgotten: Iterable[str]
) -> None:
    base.executemany("DELETE FROM source WHERE path = ?", ((path,) for path in forgotten))
    base.executemany(
        "INSERT OR REPLACE INTO source VALUES (?,?,?,?,?,?,?)",
        (
            (one.path, one.size, one.mtime, one.sha256, one.beside, one.about, one.note)
            for one in sources
        ),
    )


def _write_transcript(base: sqlite3.Connection, item: Transcript, sha256: str) -> None:
    base.execute(
        "INSERT INTO transcript VALUES (?,?,?,?,?,?,?,?)",
        (
            item.id,
            item.path,
            item.title,
            item.date,
            item.source,
            item.language,
            sha256,
            len(item.turns),
        ),
    )
    base.executemany(
        "INSERT INTO turn VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            (item.id, t.number, t.speaker, t.label, t.text, t.line, json.dumps(t.lines), t.start,
             t.end, t.topic, json.dumps(t.times) if t.times else "")
            for t in item.turns
        ),
    )  # fmt: skip
    base.executemany(
        "INSERT INTO section VALUES (?,?,?,?,?,?)",
        ((item.id, s.number, s.title, s.text, s.line, json.dumps(s.lines)) for s in item.sections),
    )
    _write_speakers(base, item)


def _write_speakers(base: sqlite3.Connection, item: Transcript) -> None:
    """Write who says how much; what several say together counts for each of them."""
    said: dict[str, list[tuple[Turn, float | None]]] = {}
    for turn, following in zip_longest(item.turns, item.turns[1:]):
        everybody = people(turn.speaker)
        for name in everybody or ("",):
            said.setdefault(name, []).append((turn, _seconds(turn, following)))
        if len(everybody) > 1:
            pairs = [(item.id, turn.speaker, name) for name in everybody]
            base.executemany("INSERT OR IGNORE INTO together VALUES (?,?,?)", pairs)
    base.executemany(
        "INSERT INTO speaker VALUES (?,?,?,?,?,?)",
        (
            (
                name,
                item.id,
                len(turns),
                sum(len(turn.text) for turn, _ in turns),
                sum(count_words(turn.text) for turn, _ in turns),
                _total(lasted for _, lasted in turns),
            )
            for name, turns in said.items()
        ),
    )
    base.executemany(
        "INSERT INTO alias VALUES (?,?,?)",
        ((item.id, *pair) for pair in sorted(_aliases(item, said))),
    )


def _aliases(item: Transcript, speaking: Container[str]) -> set[tuple[str, str]]:
    """Other names of those who speak: declared ones, and the labels that stand for them.

    A role is nobody's name beyond its file.
    """
    labels = [(clean(turn.label), turn.speaker) for turn in item.turns if turn.label]
    return {
        (other, name)
        for other, name in (*item.aliases, *labels)
        if other != name and name in speaking and not is_role(other)
    }


def _seconds(turn: Turn, following: Turn | None) -> float | None:
    """How long a turn lasts: to its own end, else to the beginning of the next."""
    end = turn.end if turn.end is not None or following is None else following.start
    if turn.start is None or end is None or end < turn.start:
        return None
    return end - turn.start


def _total(seconds: Iterable[float | None]) -> float | None:
    known = [value for value in seconds if value is not None]
    return round(sum(known), 3) if known else None


def _passage_row(id_: int, passage: Passage, hash_: bytes) -> tuple[object, ...]:
    spans = [(s.number, s.part, s.offset, len(s.text)) for s in passage.spans]
    address = passage.address
    return (
        id_, passage.transcript, int(passage.section), address.first, address.last, passage.tokens,
        passage.context, json.dumps(spans), language(passage.text), hash_,
    )  # fmt: skip
