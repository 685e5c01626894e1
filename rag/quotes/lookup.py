"""Looking a quotation up in a whole index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rag.lexical import question_terms, terms
from rag.quotes import Match, Source, check, find
from rag.quotes.exact import readings
from rag.quotes.words import units
from rag.retrieve import link
from rag.store.contract import Store
from rag.text import fold
from rag.types import Address, Passage, QuoteCheck, Section, Turn, people

_BATCH = 64  # passages read at a time
_RANKED = 40  # passages in which something near is looked for
_WINDOW = 12  # words of a quotation, some of which stand together in one part of a long turn
_MOST_TERMS = 48  # of a quotation that a passage must have; more do not choose any better
_LONGEST_NUMBER = 20  # digits; longer ones are no numbers
_NUMBER = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose words count, and in which transcripts; empty for all."""

    speakers: tuple[str, ...]
    transcripts: tuple[str, ...]

    def only(self, theirs: bool) -> list[tuple[str, str]]:
        """The restriction as the lexical index takes it."""
        names = self.speakers if theirs else ()
        return [
            *(("speaker", fold(name)) for name in names),
            *(("transcript", name) for name in self.transcripts),
        ]

    def admits(self, source: Source) -> bool:
        """Tell whether one of the speakers asked for said it."""
        return not self.speakers or not {*self.speakers}.isdisjoint(people(source.speaker))


def look_up(
    store: Store, quotation: str, speakers: Sequence[str] = (), transcripts: Sequence[str] = ()
) -> QuoteCheck:
    """Return where a quotation stands in an index, what is near to it, or that it is nowhere.

    `speakers` are names as the index has them, `transcripts` ids. Every turn and section whose
    passage has all words of the quotation is read, whole, and so is every long turn of which some
    part has all words of some stretch of it; the first in the order of the index is returned, what
    is spoken before prose. Only when it stands nowhere exactly, the `near` one is looked for, in
    the turns of the 40 passages that rank best for its words and of 40 that have all of them.

    A quotation that only somebody else said is `absent`, with the words, address and name of who
    did say it; one that is nowhere has none of them.
    """
    if not readings(quotation):
        return QuoteCheck(quotation, "absent")
    scope = _Scope(tuple(speakers), tuple(transcripts))
    if (match := _exact(store, quotation, scope, theirs=True)) is not None:
        return _told(store, quotation, match)
    if scope.speakers and (match := _exact(store, quotation, scope, theirs=False)) is not None:
        return _told(store, quotation, Match("absent", match.source, match.start, match.end))
    sources = [source for source in _alike(store, quotation, scope) if scope.admits(source)]
    return _told(store, quotation, check(quotation, sources))


def _alike(store: Store, quotation: str, scope: _Scope) -> Iterator[Source]:
    """Yield what may be near: all words in another order or meaning, or the best of the ranking."""
    only = scope.only(theirs=True)
    same = store.lexical.containing(_groups(_words(quotation)), only)[:_RANKED]
    ranked = store.lexical.search(question_terms(quotation), _RANKED, only)
    return _sources(store, [*dict.fromkeys([*same, *(hit.id for hit in ranked)])])


def _exact(store: Store, quotation: str, scope: _Scope, *, theirs: bool) -> Match | None:
    """Return the first exact match of the speakers asked for, else (not `theirs`) of anybody."""
    only = scope.only(theirs)
    words = _words(quotation)
    candidates = _sources(store, store.lexical.containing(_groups(words), only))
    if (match := _first(quotation, candidates, scope, theirs)) is not None:
        return match
    # The words may be spread over the parts of a long turn: some stretch of them is in one part.
    size = max(1, min(_WINDOW, -(-len(words) // 2)))
    stretches = [words[n : n + size] for n in range(0, len(words), size)]
    ids = sorted(
        {id_ for some in stretches for id_ in store.lexical.containing(_groups(some), only)}
    )
    return _first(quotation, _sources(store, ids, parted=True), scope, theirs)


def _words(quotation: str) -> list[str]:
    return [word for piece in readings(quotation)[-1] for word in units(piece)]


def _first(quotation: str, sources: Iterable[Source], scope: _Scope, theirs: bool) -> Match | None:
    prose = None
    for source in sources:
        if theirs and not scope.admits(source):
            continue
        if found := find(quotation, (source,)):
            if source.speaker:
                return found[0]
            prose = prose or found[0]
    return prose


def _groups(words: Iterable[str]) -> list[list[str]]:
    """Return what a passage must have to hold these words: of every list one term.

    Pairs of characters are left out (punctuation may stand between them in the transcript), and so
    are numbers, which are written in too many ways, unless there is nothing else.
    """
    found = list(dict.fromkeys(term for word in words for term in terms(word)))
    usual = [[term] for term in found if not term[0].isdigit()]
    if usual:
        return usual[:_MOST_TERMS]
    numbers = [match[0] for word in words for match in _NUMBER.finditer(word)]
    return [[number, _thousands(number)] for number in numbers[:_MOST_TERMS]]


def _thousands(number: str) -> str:
    whole, point, rest = number.partition(".")
    grouped = f"{int(whole):,}" if len(whole) < _LONGEST_NUMBER else whole
    return f"{grouped}{point}{rest}"


def _sources(store: Store, ids: Sequence[int], *, parted: bool = False) -> Iterator[Source]:
    """Yield the turns and sections of passages, whole and each once, or only `parted` ones."""
    seen: set[Address] = set()
    for start in range(0, len(ids), _BATCH):
        for passage in store.catalog.passages(ids[start : start + _BATCH]):
            for source in _whole(store, passage, parted):
                if source.address not in seen:
                    seen.add(source.address)
                    yield source


def _whole(store: Store, passage: Passage, parted: bool) -> Iterator[Source]:
    for span in passage.spans:
        if parted and not span.part:
            continue
        address = Address(passage.transcript, span.number, span.number, section=passage.section)
        text = span.text
        if span.part and (item := _item(store, address)) is not None:
            text = item.text
        yield Source(address, span.speaker, text)


def _item(store: Store, address: Address) -> Turn | Section | None:
    return store.catalog.whole(address.transcript, address.first, address.section)


def _told(store: Store, quotation: str, match: Match) -> QuoteCheck:
    """Return a match with where a reader can check it."""
    if match.source is None or (item := _item(store, match.source.address)) is None:
        return QuoteCheck(quotation, match.verdict)
    address = match.source.address
    line = item.lines[item.text.count("\n", 0, match.start)]
    end_line = item.lines[item.text.count("\n", 0, match.end)]
    start = item.second(match.start) if isinstance(item, Turn) else None
    described = store.catalog.described([address.transcript])[address.transcript]
    return QuoteCheck(
        quotation,
        match.verdict,
        address,
        match.source.speaker,
        match.text,
        match.difference,
        line,
        end_line,
        start,
        link(described, line, end_line, start, match.text),
    )
