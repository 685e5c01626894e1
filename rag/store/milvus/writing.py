"""The rows of a copy: texts, passages and words, sent in portions and counted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING

from rag.errors import NotReady, UsageError
from rag.lexical import terms
from rag.store.milvus.client import Row, Server
from rag.store.milvus.schema import LONGEST_BODY, MOST_ELEMENTS, PASSAGES, TEXTS, WORDS
from rag.store.milvus.source import Whole
from rag.store.milvus.state import Document, State, collection
from rag.store.milvus.terms import look_up
from rag.store.milvus.texts import fitting
from rag.store.milvus.weights import spelt, within
from rag.text import fold
from rag.types import Passage, Section, Turn

if TYPE_CHECKING:
    from rag.types import Matrix, Vector

BITS = 32
"""Of a key, that number the rows of one copy."""
_PIECE = 15_000  # characters, at most four bytes each
_ROWS, _BYTES = 1000, 8 << 20  # of a portion; servers take 64 MiB
_WORTH_FLUSHING = 10_000  # rows; fewer stay in the server's log until it writes them down itself
_NOTHING = 0  # the dimension that a passage without words has, and no term


@dataclass(slots=True)
class _Word:
    dimension: int
    passages: int
    stale: list[int] = field(default_factory=list)
    change: int = 0


class Writer:
    """Sends the rows of copy `number` into the collections of a generation.

    `before` is the state that is added to, None for a generation of its own.
    """

    def __init__(
        self,
        server: Server,
        prefix: str,
        generation: int,
        number: int,
        mean: float,
        before: State | None,
    ) -> None:
        self._server = server
        self._prefix = prefix
        self._generation = generation
        self._since = number
        self._mean = mean
        self._before = before
        self._words: dict[str, _Word] = {}
        self._waiting: dict[str, list[Row]] = {PASSAGES: [], TEXTS: [], WORDS: []}
        self._bytes = Counter[str]()
        self._documents = 0
        self.sent = Counter[str]()
        self.words = before.words if before else 0

    @property
    def stale(self) -> list[int]:
        """The keys of words that this copy replaces."""
        return [key for word in self._words.values() if word.change for key in word.stale]

    def add(self, whole: Whole, vectors: Matrix) -> Document:
        """Send one transcript."""
        number = self._key(self._documents)
        self._documents += 1
        places, first_text = {}, self.sent[TEXTS]
        parts: list[Turn | Section] = [*whole.item.turns, *whole.item.sections]
        for part in parts:
            row, section = self.sent[TEXTS] - first_text, isinstance(part, Section)
            places[section, part.number] = (row, self._text(number, part, section=section))
        found = [terms(passage.searchable) for passage in whole.passages]
        self._know(chain.from_iterable(found))
        first = self.sent[PASSAGES]
        rows = zip(whole.passages, whole.languages, found, vectors, strict=True)
        for passage, spoken, said, vector in rows:
            body = _body(passage, places)
            self._send(PASSAGES, self._passage(number, passage, spoken, said, vector, body))
        return Document(
            about=replace(whole.item, turns=(), sections=(), warnings=()),
            sha256=whole.sha256,
            content=whole.content(),
            number=number,
            passages=(self._key(first), len(whole.passages)),
            texts=(self._key(first_text), self.sent[TEXTS] - first_text),
            terms=sum(map(len, found)),
            speakers=whole.speakers,
        )

    def without(self, passages: Iterable[Passage]) -> None:
        """Count passages of the state before as gone."""
        found = [set(terms(passage.searchable)) for passage in passages]
        self._know(chain.from_iterable(found))
        for term in chain.from_iterable(found):
            self._words[term].change -= 1

    def finish(self) -> None:
        """Send what is left, and see to it that the server has all of it.

        Raises:
            NotReady: when it has not.
        """
        for term, word in self._words.items():
            if word.change:
                self._send(WORDS, self._word(term, word))
        for what in self._waiting:
            self._push(what)
            name = collection(self._prefix, self._generation, what)
            if self.sent[what] >= _WORTH_FLUSHING:
                self._server.flush(name)
            there = self._server.count(name, f"since == {self._since}")
            if there != self.sent[what]:
                raise NotReady(
                    f"{self._server.address}: has {there} of {self.sent[what]} rows of {what}",
                    "copy the index again; readers see what was there before",
                )

    def _text(self, number: int, part: Turn | Section, *, section: bool) -> int:
        """Send a turn or section; return in how many pieces."""
        body = _written(part)
        pieces = [body[start : start + _PIECE] for start in range(0, len(body), _PIECE)]
        for piece, text in enumerate(pieces):
            row = {
                "key": self._key(self.sent[TEXTS]), "since": self._since, "doc": number,
                "section": section, "number": part.number, "piece": piece, "body": text,
                "mark": [0.0, 1.0],
            }  # fmt: skip
            self._send(TEXTS, row)
        return len(pieces)

    def _passage(
        self,
        number: int,
        passage: Passage,
        spoken: str,
        said: list[str],
        vector: Vector,
        body: str,
    ) -> Row:
        weights, length = within(said, self._mean)
        sparse = {self._words[term].dimension: weight for term, weight in weights.items()}
        for term in weights:
            self._words[term].change += 1
        address = passage.address
        labels = dict.fromkeys([*passage.speakers, *(span.speaker for span in passage.spans)])
        names = [] if passage.section else [fitting(name) for name in labels if name]
        row = {
            "id": self._key(self.sent[PASSAGES]), "since": self._since, "doc": number,
            "first": address.first, "last": address.last, "section": passage.section,
            "language": spoken, "length": length, "body": body,
            "speakers": names[:MOST_ELEMENTS],
            "voices": [fitting(fold(name)) for name in passage.speakers][:MOST_ELEMENTS],
            "terms": sorted(sparse)[:MOST_ELEMENTS], "many": len(sparse) > MOST_ELEMENTS,
            "dense": vector.tolist(),
        }  # fmt: skip
        if self._server.sparse:
            row["sparse"] = sparse or {_NOTHING: 1.0}
        return row

    def _word(self, term: str, word: _Word) -> Row:
        return {
            "key": self._key(self.sent[WORDS]), "since": self._since, "term": spelt(term),
            "dimension": word.dimension, "passages": max(0, word.passages + word.change),
            "mark": [0.0, 1.0],
        }  # fmt: skip

    def _know(self, found: Iterable[str]) -> None:
        """Have a dimension for every term, that of the state before where it has one."""
        new = [term for term in dict.fromkeys(found) if term not in self._words]
        rows = {}
        if new and self._before is not None:
            rows = look_up(self._server, self._prefix, self._before, new)
        for term in new:
            if (row := rows.get(term)) is not None:
                stale = [*row["stale"], row["key"]]
                self._words[term] = _Word(row["dimension"], row["passages"], stale)
            else:
                self.words += 1
                self._words[term] = _Word(self.words, 0)

    def _key(self, row: int) -> int:
        return (self._since << BITS) + row

    def _send(self, what: str, row: Row) -> None:
        self._waiting[what].append(row)
        self.sent[what] += 1
        self._bytes[what] += 4 * len(row.get("body", "")) + 20 * len(row.get("dense", ""))
        if len(self._waiting[what]) >= _ROWS or self._bytes[what] >= _BYTES:
            self._push(what)

    def _push(self, what: str) -> None:
        rows, self._waiting[what] = self._waiting[what], []
        self._bytes[what] = 0
        self._server.insert(collection(self._prefix, self._generation, what), rows)


def _written(part: Turn | Section) -> str:
    """Write a turn or section for `rag.store.milvus.texts.item`."""
    if isinstance(part, Section):
        values: tuple[object, ...] = (part.number, part.title, part.text, part.line, part.lines)
    else:
        values = (
            part.number, part.speaker, part.label, part.text, part.line, part.lines, part.start,
            part.end, part.topic, part.times,
        )  # fmt: skip
    return _json(values)


def _body(passage: Passage, places: dict[tuple[bool, int], tuple[int, int]]) -> str:
    """Write where the spans of a passage stand among the texts of its transcript."""
    spans = [
        [*places[passage.section, one.number], one.part, one.offset, len(one.text)]
        for one in passage.spans
    ]
    body = _json([passage.section, passage.tokens, passage.context, spans])
    if len(body.encode()) > LONGEST_BODY:
        raise UsageError(
            f"{passage.address}: too long a passage for a server",
            "index with fewer --passage-tokens, then copy",
        )
    return body


def _json(values: Sequence[object]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))
