"""The texts of an index: transcripts, turns, sections and passages, in one SQLite file.

Passages hold no text of their own, only where their spans begin in a turn, so that what is found
and cited can never differ from what was said.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from rag.store.source import Source
from rag.store.spans import span
from rag.types import Address, Passage, Section, Transcript, Turn

_Id = TypeVar("_Id", int, str, bytes)
_MANY = 500  # SQLite allows 999 parameters in old versions


@dataclass(frozen=True, slots=True)
class Speaker:
    """How much one person says in one transcript; `seconds` is None where the file has no times.

    Speech that the file gives to nobody is that of an empty name.
    """

    name: str
    transcript: str
    turns: int
    characters: int
    words: int = 0
    seconds: float | None = None


class Catalog:
    """A catalog opened for reading."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        self._sources: Mapping[str, Source] | None = None
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
            base.execute("SELECT id FROM passage LIMIT 1").fetchone()
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
        named = self._base.execute("SELECT spelling, name FROM alias WHERE transcript = ?", (id_,))
        aliases = tuple(named.fetchall())
        return replace(_described(row), turns=turns, sections=sections, aliases=aliases)

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every file, by path."""
        return dict(self._base.execute("SELECT path, sha256 FROM transcript"))

    def sources(self) -> Mapping[str, Source]:
        """Return what is known of every file, by path; an update asks for it several times."""
        if self._sources is None:
            rows = self._base.execute(
                "SELECT path, size, mtime, sha256, beside, about, note FROM source ORDER BY path"
            )
            self._sources = {row[0]: Source(*row) for row in rows}
        return self._sources

    def paths(self) -> dict[str, str]:
        """Return the id of every transcript, by path."""
        return dict(self._base.execute("SELECT path, id FROM transcript"))

    def roots(self) -> list[str]:
        """Return the files and folders that were indexed."""
        return [row[0] for row in self._base.execute("SELECT path FROM root")]

    def speakers(self) -> list[Speaker]:
        """List who speaks how much, by transcript, most words first."""
        rows = self._base.execute(
            "SELECT name, transcript, turns, characters, words, seconds FROM speaker"
            " ORDER BY characters DESC, name"
        )
        return [Speaker(*row) for row in rows]

    def aliases(self) -> list[tuple[str, str]]:
        """List the other names of speakers, each with the name it stands for."""
        return self._base.execute(
            "SELECT DISTINCT spelling, name FROM alias ORDER BY spelling, name"
        ).fetchall()

    def naming(self) -> list[tuple[str, str, str]]:
        """Return the names given by hand: file (empty for all), label, name."""
        return self._base.execute("SELECT file, label, name FROM naming").fetchall()

    def count_turns(self) -> int:
        """Return how many turns there are."""
        return int(self._base.execute("SELECT total(turns) FROM transcript").fetchone()[0])

    def turns_of(self, ids: Iterable[str]) -> int:
        """Return how many turns these transcripts have."""
        query = "SELECT total(turns) FROM transcript WHERE id = ?"
        return sum(int(self._base.execute(query, (id_,)).fetchone()[0]) for id_ in ids)

    def ids(self, first: int = 0) -> list[int]:
        """Return the ids of all passages from `first` on, in order."""
        rows = self._base.execute("SELECT id FROM passage WHERE id >= ? ORDER BY id", (first,))
        return [row[0] for row in rows]

    def ids_of(self, transcripts: Iterable[str]) -> list[int]:
        """Return the ids of the passages of transcripts, in order."""
        return sorted(
            row[0]
            for id_ in transcripts
            for row in self._base.execute("SELECT id FROM passage WHERE transcript = ?", (id_,))
        )

    def dead(self) -> list[tuple[int, int]]:
        """Return the ranges of ids, first and last, that no passage has any more."""
        return self._base.execute("SELECT first, last FROM dead ORDER BY first").fetchall()

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
            labels = self._labels(speakers)
            query += (
                " JOIN turn ON turn.transcript = passage.transcript AND passage.section = 0 AND"
                " turn.number BETWEEN passage.first AND passage.last"
                f" AND turn.speaker IN ({','.join('?' * len(labels))})"
            )
            values += labels
        if transcripts:
            query += f" WHERE passage.transcript IN ({','.join('?' * len(transcripts))})"
            values += transcripts
        return [row[0] for row in self._base.execute(query + " ORDER BY passage.id", values)]

    def whole(self, transcript: str, number: int, section: bool) -> Turn | Section | None:
        """Return one turn or section of a transcript, or None."""
        at = (transcript, number, number)
        found: list[Turn | Section] = [*(self._sections(*at) if section else self._turns(*at))]
        return found[0] if found else None

    def hash_rows(self, hashes: Sequence[bytes] | None = None) -> dict[bytes, int]:
        """Return one passage id for every content hash there is, of all or of these."""
        if hashes is None:
            return dict(self._base.execute("SELECT hash, id FROM passage"))
        return dict(
            row
            for some in _batches(hashes)
            for row in self._base.execute(
                f"SELECT hash, id FROM passage WHERE hash IN ({','.join('?' * len(some))})", some
            )
        )

    def hashes_of(self, ids: Sequence[int]) -> list[bytes]:
        """Return the content hashes of passages, in no order."""
        return [
            row[0]
            for some in _batches(ids)
            for row in self._base.execute(
                f"SELECT hash FROM passage WHERE id IN ({','.join('?' * len(some))})", some
            )
        ]

    def check(self) -> str:
        """Return SQLite's own verdict on the file, `ok` when sound."""
        return str(self._base.execute("PRAGMA quick_check(1)").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _labels(self, speakers: Sequence[str]) -> list[str]:
        """Return these speakers, and those of several people of whom they are one."""
        marks = ",".join("?" * len(speakers))
        rows = self._base.execute(
            f"SELECT DISTINCT speaker FROM together WHERE name IN ({marks})", speakers
        )
        return [*speakers, *(row[0] for row in rows)]

    def _turns(self, id_: str, first: int = 1, last: int = 1 << 60) -> Iterator[Turn]:
        rows = self._base.execute(
            "SELECT number, speaker, label, text, line, lines, start, end, topic, times FROM turn"
            " WHERE transcript = ? AND number BETWEEN ? AND ? ORDER BY number",
            (id_, first, last),
        )
        for number, speaker, label, text, line, lines, start, end, topic, seconds in rows:
            where = tuple(json.loads(lines))
            times = tuple(json.loads(seconds)) if seconds else ()
            yield Turn(number, speaker, label, text, line, where, start, end, topic, times)

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
            tuple(span(parts[number], part, *place) for number, part, *place in places),
            tokens,
            bool(section),
            context,
        )


def _described(row: tuple[str, str, str, str, str, str]) -> Transcript:
    id_, path, title, date, source, spoken = row
    return Transcript(id_, path, title, date, source, spoken)


def _batches(ids: Sequence[_Id]) -> Iterator[Sequence[_Id]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]
