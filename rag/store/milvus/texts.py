"""The texts of an index on a server, read as the catalog on disk is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from rag.store.catalog import Speaker
from rag.store.milvus.client import Row
from rag.store.milvus.rows import Chosen, Rows, any_of
from rag.store.milvus.schema import LONGEST_NAME
from rag.store.milvus.state import Document, State
from rag.store.spans import span
from rag.types import Address, Passage, Section, Transcript, Turn

_AT_ONCE = 500  # turns


def item(body: str, section: bool) -> Turn | Section:
    """Read a turn or section as `rag.store.copying` writes it."""
    values = json.loads(body)
    if section:
        number, title, text, line, lines = values
        return Section(number, title, text, line, tuple(lines))
    number, speaker, label, text, line, lines, start, end, topic, times = values
    return Turn(number, speaker, label, text, line, tuple(lines), start, end, topic, tuple(times))


def fitting(name: str) -> str:
    """Return a speaker's name as far as a field takes it."""
    return name.encode("utf-8", "replace")[:LONGEST_NAME].decode("utf-8", "ignore")


class MilvusTexts:
    """The texts of one state; what is in its directory costs no request."""

    def __init__(self, rows: Rows, state: State) -> None:
        self._rows = rows
        self._state = state
        self._documents = state.by_id

    def transcripts(self) -> list[Transcript]:
        """List all transcripts without their turns and sections, ordered by id."""
        return [_described(one) for one in self._state.documents]

    def described(self, ids: Iterable[str]) -> dict[str, Transcript]:
        """Return the transcripts of these ids without their turns and sections, by id."""
        wanted = dict.fromkeys(ids)
        return {id_: _described(self._documents[id_]) for id_ in wanted if id_ in self._documents}

    def transcript(self, id_: str) -> Transcript | None:
        """Return one transcript whole, or None."""
        one = self._documents.get(id_)
        if one is None:
            return None
        items = list(self._items(one))
        turns = tuple(part for part in items if isinstance(part, Turn))
        sections = tuple(part for part in items if isinstance(part, Section))
        return replace(one.about, turns=turns, sections=sections)

    def hashes(self) -> dict[str, str]:
        """Return the content hash of every file, by path."""
        return {one.about.path: one.sha256 for one in self._state.documents}

    def roots(self) -> list[str]:
        """Return the files and folders that were indexed."""
        return list(self._state.roots)

    def speakers(self) -> list[Speaker]:
        """List who speaks how much, by transcript, most words first."""
        rows = (row for one in self._state.documents for row in one.speakers)
        return sorted(rows, key=lambda row: (-row.characters, row.name))

    def aliases(self) -> list[tuple[str, str]]:
        """List the other names of speakers, each with the name it stands for."""
        return sorted({pair for one in self._state.documents for pair in one.about.aliases})

    def naming(self) -> list[tuple[str, str, str]]:
        """Return the names given by hand: file (empty for all), label, name."""
        return list(self._state.naming)

    def ids(self, first: int = 0) -> list[int]:
        """Return the ids of all passages from `first` on, in order."""
        return [id_ for id_ in self._rows.ids() if id_ >= first]

    def ids_of(self, transcripts: Iterable[str]) -> list[int]:
        """Return the ids of the passages of transcripts, in order."""
        there = (self._documents[id_] for id_ in transcripts if id_ in self._documents)
        return sorted(id_ for one in there for id_ in one.ids)

    def ids_where(self, speakers: Sequence[str], transcripts: Sequence[str]) -> Sequence[int]:
        """Return the ids of passages of these transcripts in which one of these people speaks.

        They are fetched only when somebody looks at them; a search takes the filter.
        """
        numbers = self.numbers(transcripts)
        if transcripts and not numbers:
            return []
        parts = [f"doc in {numbers}"] if numbers else []
        if not speakers:
            return Chosen(" and ".join(parts), lambda: self._of(transcripts))
        parts.append(any_of("speakers", map(fitting, speakers)))
        wanted = " and ".join(parts)
        return Chosen(wanted, lambda: [row["id"] for row in self._rows.all(wanted)])

    def numbers(self, transcripts: Iterable[str]) -> list[int]:
        """Return the numbers that rows have of these transcripts."""
        return [self._documents[id_].number for id_ in transcripts if id_ in self._documents]

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """Return passages in the order of `ids`."""
        rows = self._rows.passages(ids, ("body",))
        bodies = {id_: json.loads(rows[id_]["body"]) for id_ in dict.fromkeys(ids)}
        places = {id_: self._rows.document(id_) for id_ in bodies}
        texts = self._rows.texts(
            [
                key
                for id_, (_, _, _, spans) in bodies.items()
                for row, pieces, *_ in spans
                for key in _keys(places[id_], row, pieces)
            ]
        )
        made = {}
        for id_, (section, tokens, context, spans) in bodies.items():
            place = places[id_]
            parts = {
                row: item("".join(texts[key] for key in _keys(place, row, pieces)), section)
                for row, pieces, *_ in spans
            }
            words = tuple(span(parts[row], *where) for row, _, *where in spans)
            made[id_] = Passage(place.about.id, words, tokens, section, context)
        return [made[id_] for id_ in ids]

    def passages_at(self, place: Address) -> list[Passage]:
        """Return the passages that share a turn or section with an address, in their order."""
        one = self._documents.get(place.transcript)
        if one is None:
            return []
        there = f"doc == {one.number} and section == {_truth(place.section)}"
        there += f" and first <= {place.last} and last >= {place.first}"
        return self.passages([row["id"] for row in self._rows.at(there, ("body",))])

    def languages(self, ids: Sequence[int]) -> list[str]:
        """Return the languages of passages, in the order of `ids`."""
        rows = self._rows.passages(ids, ("language",))
        return [rows[id_]["language"] for id_ in ids]

    def whole(self, transcript: str, number: int, section: bool) -> Turn | Section | None:
        """Return one turn or section of a transcript, or None."""
        one = self._documents.get(transcript)
        if one is None:
            return None
        rows = self._rows.texts_at(
            f"doc == {one.number} and section == {_truth(section)} and number == {number}"
        )
        return next(_joined(rows), None)

    def _items(self, one: Document) -> Iterator[Turn | Section]:
        first, count = one.texts
        rows: list[Row] = []
        for start in range(first, first + count, _AT_ONCE):
            end = min(start + _AT_ONCE, first + count)
            rows += self._rows.texts_at(f"key >= {start} and key < {end}")
        yield from _joined(rows)

    def _of(self, transcripts: Sequence[str]) -> list[int]:
        return self.ids_of(transcripts) if transcripts else self._rows.ids()


def _described(one: Document) -> Transcript:
    return replace(one.about, aliases=())


def _keys(one: Document, row: int, pieces: int) -> range:
    first = one.texts[0] + row
    return range(first, first + pieces)


def _joined(rows: Iterable[Row]) -> Iterator[Turn | Section]:
    """Put the pieces of texts together, which come in order."""
    bodies: list[tuple[bool, str]] = []
    for row in rows:
        if row["piece"]:
            section, body = bodies.pop()
            bodies.append((section, body + row["body"]))
        else:
            bodies.append((row["section"], row["body"]))
    return (item(body, section) for section, body in bodies)


def _truth(value: bool) -> str:
    return "true" if value else "false"
