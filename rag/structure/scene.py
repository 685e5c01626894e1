"""The transcripts and people that a structure question is about, read from the catalog."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rag.chunker import exchanges
from rag.retrieve import Filters, link
from rag.store.catalog import Speaker
from rag.store.contract import Store
from rag.structure.asked import Role, Structural
from rag.structure.scope import Known
from rag.text import fold, sentences
from rag.transcripts.labels import clean
from rag.transcripts.names import is_asker
from rag.types import Address, Citation, Section, Transcript, Turn, people

_AUDIENCE = re.compile("观众|听众|网友|读者|audience|listener|viewer")
_ASKS = re.compile(r"[?？]|[吗呢]\s*$")
_OPENING = 240  # characters of the text in front of a conversation in which it says what it is
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_HALF = 0.5


def known(store: Store, names: Collection[str], only: Sequence[str] = ()) -> Known:
    """Return what an index has, as questions name it; `only` are the transcripts to look at."""

    def speakers() -> dict[str, frozenset[str]]:
        there: dict[str, set[str]] = {}
        for row in store.catalog.speakers():
            there.setdefault(row.name, set()).add(row.transcript)
        return {name: frozenset(ids) for name, ids in there.items()}

    def heads() -> dict[str, str]:
        return {
            # The opening speaks of many things, and names the file only where nothing else does.
            item.id: fold(f"{item.id} {item.title}" if item.title != item.id else _own(item.id))
            for item in store.catalog.transcripts()
            if not only or item.id in only
        }

    def _own(id_: str) -> str:
        return f"{id_} {opening(store, id_)[0]}"

    return Known(names, speakers, heads)


def opening(store: Store, transcript: str) -> tuple[str, Turn | Section | None]:
    """Return what a file says before anybody speaks, and where it stands."""
    prose = store.catalog.whole(transcript, 1, section=True)
    if isinstance(prose, Section):
        return f"{prose.title} {prose.text[:_OPENING]}".strip(), prose
    first = store.catalog.whole(transcript, 1, section=False)
    return (first.topic, first) if isinstance(first, Turn) else ("", None)


@dataclass(frozen=True)
class Scene:
    """What an answer may look at: the transcripts named and filtered, and the people wanted."""

    store: Store
    asked: Structural
    listed: tuple[Transcript, ...]
    only: frozenset[str]
    _read: dict[str, Transcript] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, asked: Structural, filters: Filters) -> Scene:
        """Put together what a question and its filters leave."""
        listed = tuple(
            item
            for item in store.catalog.transcripts()
            if (not asked.transcripts or item.id in asked.transcripts)
            and (not filters.transcripts or item.id in filters.transcripts)
        )
        return cls(store, asked, listed, frozenset(filters.speakers))

    @property
    def language(self) -> str:
        """The language of the answer."""
        return self.asked.language

    @cached_property
    def everybody(self) -> list[Speaker]:
        """Who speaks how much in these transcripts."""
        ids = {item.id for item in self.listed}
        return [row for row in self.store.catalog.speakers() if row.transcript in ids]

    @cached_property
    def people(self) -> list[Speaker]:
        """Those of them whom the question is about, after the filter for speakers."""
        return [row for row in self.everybody if self.wants(row.transcript, row.name)]

    def wants(self, transcript: str, name: str) -> bool:
        """Tell whether the question is about this person in this transcript."""
        if self.only and name not in self.only:
            return False
        asked = self.asked
        if not asked.speakers and not asked.roles:
            return True
        if any(name in meant for meant in asked.speakers):
            return True
        return any(name in self._playing(transcript, role) for role in asked.roles)

    @property
    def about_some(self) -> bool:
        """Whether it is about certain people and not about everybody."""
        return bool(self.only or self.asked.speakers or self.asked.roles)

    def whole(self, id_: str) -> Transcript:
        """Return a transcript with its turns, read once."""
        if id_ not in self._read:
            item = self.store.catalog.transcript(id_)
            assert item is not None  # it is listed
            self._read[id_] = item
        return self._read[id_]

    def turns(self) -> Iterator[tuple[Transcript, Turn]]:
        """Yield the turns of those whom the question is about, in order."""
        there = {row.transcript for row in self.people}
        for item in self.listed:
            if item.id in there:
                whole = self.whole(item.id)
                wanted = {row.name for row in self.people if row.transcript == item.id}
                yield from ((whole, turn) for turn in whole.turns if wanted & speaking(turn))

    def parts(self) -> Iterator[tuple[Transcript, Turn | Section]]:
        """Yield those turns, and what nobody speaks unless the question is about certain people."""
        yield from self.turns()
        for item in () if self.about_some else self.listed:
            whole = self.whole(item.id)
            yield from ((whole, section) for section in whole.sections)

    def _playing(self, transcript: str, role: Role) -> frozenset[str]:
        turns = self.whole(transcript).turns
        names = {name for turn in turns for name in speaking(turn)}
        audience = {name for name in names if _AUDIENCE.search(fold(name))}
        if role == "audience":
            return frozenset(audience)
        asking = _askers(turns) - audience
        return frozenset(asking if role == "asker" else names - asking - audience if asking else ())


def _askers(turns: Iterable[Turn]) -> set[str]:
    """Who asks: by their label, else those most of whose turns are questions to somebody."""
    turns = tuple(turns)
    labelled = {name for turn in turns if is_asker(clean(turn.label)) for name in speaking(turn)}
    named = {name for name in labelled if not _AUDIENCE.search(fold(name))}
    if named:
        return named
    said = Counter(name for turn in turns for name in speaking(turn))
    asked = Counter(
        name for item in exchanges(turns) for turn in item.question for name in speaking(turn)
    )
    asking = {name for name, count in asked.items() if count > _HALF * said[name]}
    return asking if asking != set(said) else set()


def speaking(turn: Turn) -> frozenset[str]:
    """Everybody who speaks in a turn; the empty name where the file names nobody."""
    return frozenset(people(turn.speaker) or ("",))


def question_sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a turn are that ask."""
    return [(start, end) for start, end in sentences(text) if _ASKS.search(text[start:end])]


def year(store: Store, item: Transcript) -> int:
    """Return the year a transcript is of, from its date or its opening, or 0."""
    found = _YEAR.search(item.date) or _YEAR.search(opening(store, item.id)[0])
    return int(found[0]) if found else 0


def cite(item: Transcript, part: Turn | Section, start: int, end: int) -> Citation:
    """Cite a stretch of a turn or section."""
    section = isinstance(part, Section)
    line = part.lines[part.text.count("\n", 0, start)]
    end_line = part.lines[part.text.count("\n", 0, max(start, end - 1))]
    begin = None if isinstance(part, Section) else part.second(start)
    return Citation(
        address=Address(item.id, part.number, part.number, section=section),
        speaker="" if isinstance(part, Section) else part.speaker,
        quote=part.text[start:end],
        exact=True,
        line=line,
        end_line=end_line,
        start=begin,
        link=link(item, line, end_line, begin, part.text[start:end]),
    )
