"""The texts of an index: transcripts, turns, sections and passages, in one SQLite file.

Passages hold no text of their own, only where their spans begin in a turn, so that what is found
and cited can never differ from what was said.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from rag.text import language
from rag.types import Address, Passage, Section, Span, Transcript, Turn

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
_Id = TypeVar("_Id", int, str)
_MANY = 500  # SQLite allows 999 parameters in old versions


@dataclass(frozen=True, slots=True)
class Speaker:
    """How much one person says in one transcript."""

    name: str
    transcript: str
    turns: int
    characters: int


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


class Catalog:
    """A catalog opened for reading."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        weakref.finalize(self, base.close)

    @classmethod
    def open(cls, path: Path) -> Catalog:
        """Open the catalog at `path`, read-only.

        Raises:
            sqlite3.Error: when it is missing or damaged.
        """
        # Immutable: no locks, no journal files beside it; the generation never changes.
        uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        base = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            base.execute("SELECT count(*) FROM passage").fetchone()
        except sqlite3.Error:
            base.close()
            raise
        return cls(base)

    def transcripts(self) -> list[Transcript]:
        """List all transcripts without their turns and sections, ordered by id."""
        rows = self._base.execute(
            "SELECT id, path, title, date, source, language FROM transcript ORDER BY id"
        )
        return [_described(row) for row in rows]

    def described(self, ids: Iterable[str]) -> dict[str, Transcript]:
        """Return the transcripts of these ids without their turns and sections, by id."""
        wanted = list(dict.fromkeys(ids))
        rows = (
            row
            for some in _batches(wanted)
            for row in self._base.execute(
                "SELECT id, path, title, date, source, language FROM transcript"
                f" WHERE id IN ({','.join('?' * len(some))})",
                some,
            )
        )
        return {row[0]: _described(row) for row in rows}

    def transcript(self, id_: str) -> Transcript | None:
        """Return one transcript whole, or None."""
        row = self._base.execute(
            "SELECT id, path, title, date, source, language FROM transcript WHERE id = ?", (id_,)
        ).fetchone()
        if row is None:
            return None
        turns, sections = tuple(self._turns(id_)), tuple(self._sections(id_))
        return replace(_described(row), turns=turns, sections=sections)

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every file, by path."""
        return dict(self._base.execute("SELECT path, sha256 FROM transcript"))

    def roots(self) -> list[str]:
        """Return the files and folders that were indexed."""
        return [row[0] for row in self._base.execute("SELECT path FROM root")]

    def speakers(self) -> list[Speaker]:
        """List who speaks how much, by transcript, most words first."""
        rows = self._base.execute(
            "SELECT name, transcript, turns, characters FROM speaker ORDER BY characters DESC, name"
        )
        return [Speaker(*row) for row in rows]

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Return passages in the order of `ids`."""
        rows = {
            row[0]: row
            for some in _batches(ids)
            for row in self._base.execute(
                "SELECT id, transcript, section, tokens, context, spans FROM passage"
                f" WHERE id IN ({','.join('?' * len(some))})",
                some,
            )
        }
        return [self._passage(*rows[id_][1:]) for id_ in ids]

    def passages_at(self, place: Address) -> list[Passage]:
        """Return the passages that share a turn or section with an address, in their order."""
        rows = self._base.execute(
            "SELECT transcript, section, tokens, context, spans FROM passage"
            " WHERE transcript = ? AND section = ? AND first <= ? AND last >= ? ORDER BY id",
            (place.transcript, int(place.section), place.last, place.first),
        )
        return [self._passage(*row) for row in rows.fetchall()]

    def languages(self, ids: Sequence[int]) -> list[str]:
        """Return the languages of passages, in the order of `ids`."""
        rows = {
            id_: language_
            for some in _batches(ids)
            for id_, language_ in self._base.execute(
                f"SELECT id, language FROM passage WHERE id IN ({','.join('?' * len(some))})", some
            )
        }
        return [rows[id_] for id_ in ids]

    def ids_where(self, speakers: Sequence[str], transcripts: Sequence[str]) -> list[int]:
        """Return the ids of passages of these transcripts in which one of these people speaks."""
        query, values = "SELECT DISTINCT passage.id FROM passage", list[str]()
        if speakers:
            query += (
                " JOIN turn ON turn.transcript = passage.transcript AND passage.section = 0 AND"
                " turn.number BETWEEN passage.first AND passage.last"
                f" AND turn.speaker IN ({','.join('?' * len(speakers))})"
            )
            values += speakers
        if transcripts:
            query += f" WHERE passage.transcript IN ({','.join('?' * len(transcripts))})"
            values += transcripts
        return [row[0] for row in self._base.execute(query + " ORDER BY passage.id", values)]

    def whole(self, transcript: str, number: int, section: bool) -> Turn | Section | None:
        """Return one turn or section of a transcript, or None."""
        return next((self._sections if section else self._turns)(transcript, number, number), None)

    def hash_rows(self) -> dict[bytes, int]:
        """Return one passage id for every content hash."""
        rows = self._base.execute("SELECT id, hash FROM passage")
        return {bytes(hash_): id_ for id_, hash_ in rows}

    def check(self) -> str:
        """Return SQLite's own verdict on the file, `ok` when sound."""
        return str(self._base.execute("PRAGMA quick_check(1)").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _turns(self, id_: str, first: int = 1, last: int = 1 << 60) -> Iterator[Turn]:
        rows = self._base.execute(
            "SELECT number, speaker, label, text, line, lines, start, end, topic FROM turn"
            " WHERE transcript = ? AND number BETWEEN ? AND ? ORDER BY number",
            (id_, first, last),
        )
        for number, speaker, label, text, line, lines, start, end, topic in rows:
            where = tuple(json.loads(lines))
            yield Turn(number, speaker, label, text, line, where, start, end, topic)

    def _sections(self, id_: str, first: int = 1, last: int = 1 << 60) -> Iterator[Section]:
        rows = self._base.execute(
            "SELECT number, title, text, line, lines FROM section"
            " WHERE transcript = ? AND number BETWEEN ? AND ? ORDER BY number",
            (id_, first, last),
        )
        for number, title, text, line, lines in rows:
            yield Section(number, title, text, line, tuple(json.loads(lines)))

    def _passage(
        self, transcript: str, section: int, tokens: int, context: str, spans: str
    ) -> Passage:
        places = json.loads(spans)
        first, last = places[0][0], places[-1][0]
        read = self._sections if section else self._turns
        parts: dict[int, Turn | Section] = {p.number: p for p in read(transcript, first, last)}
        return Passage(
            transcript,
            tuple(_span(parts[number], part, *place) for number, part, *place in places),
            tokens,
            bool(section),
            context,
        )


def _described(row: tuple[str, str, str, str, str, str]) -> Transcript:
    id_, path, title, date, source, spoken = row
    return Transcript(id_, path, title, date, source, spoken)


def _span(source: Turn | Section, part: int, offset: int, length: int) -> Span:
    speaker, start = (source.speaker, source.start) if isinstance(source, Turn) else ("", None)
    text = source.text[offset : offset + length]
    first = source.text.count("\n", 0, offset)
    # A part may end with the line break behind its last line.
    lines = source.lines[first : first + text.rstrip("\n").count("\n") + 1]
    return Span(source.number, part, speaker, text, offset, lines, start)


def _batches(ids: Sequence[_Id]) -> Iterator[Sequence[_Id]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]
