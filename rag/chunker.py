"""Turns to exchanges to passages.

The exchange, a question with its reply, is the unit: it is kept whole as long as it fits the
budget. A longer one is cut between turns, a longer turn at sentence ends, and every later piece
carries the question as context. An exchange too short to mean anything joins the next one.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate, islice

from rag.text import HAN, sentences
from rag.tokens import Counter, estimate
from rag.transcripts.labels import clean
from rag.transcripts.names import is_asker
from rag.types import Exchange, Passage, Section, Span, Transcript, Turn

SHORTEST = 24
"""Tokens below which an exchange or section is joined to its neighbour."""
_CONTEXT_SHARE = 4  # context takes at most a quarter of the budget
_CONTENT = re.compile(rf"[{HAN}]|[^\W_]+")
_CLAUSE = re.compile(r"[，,、：:]\s*|\s+")
_LONGEST_TOKEN = 8  # characters; where to start looking for the end of what fits
_BACKCHANNEL_WORDS = 3
_MIN_QUESTION_RATE = 0.3


def passages(transcript: Transcript, budget: int, count: Counter = estimate) -> list[Passage]:
    """Cut a transcript into passages of at most `budget` tokens, prose first, in file order."""
    cutter = _Cutter(transcript.id, budget, count)
    prose = [cutter.section(section) for section in transcript.sections]
    spoken = [cutter.exchange(exchange) for exchange in exchanges(transcript.turns)]
    return [*cutter.join(prose), *cutter.join(spoken)]


def exchanges(turns: Sequence[Turn]) -> list[Exchange]:
    """Group turns into questions and replies.

    Turns of those who ask (by role, or because they mostly do) open an exchange once the previous
    one has a reply; interjections such as 嗯 and "right" never do.
    """
    asking = _askers(turns)
    groups: list[tuple[list[Turn], list[Turn]]] = []
    for turn in turns:
        asks = turn.speaker in asking if asking else _is_question(turn)
        if not groups:
            groups.append(([], []))
        question, reply = groups[-1]
        if not asks or (reply and _is_backchannel(turn)):
            reply.append(turn)
        elif reply:
            groups.append(([turn], []))
        else:
            question.append(turn)
    return [Exchange(tuple(question), tuple(reply)) for question, reply in groups]


def _askers(turns: Sequence[Turn]) -> set[str]:
    """Who asks: those labelled with an asking role, else who asks clearly more than the others."""
    roles = {turn.speaker for turn in turns if is_asker(clean(turn.label))}
    if roles:
        return roles
    rates: dict[str, list[int]] = defaultdict(list)
    for turn in turns:
        if not _is_backchannel(turn):
            rates[turn.speaker].append(_is_question(turn))
    shares = sorted(
        ((sum(asked) / len(asked), name) for name, asked in rates.items()), reverse=True
    )
    if len(shares) < 2:
        return set()
    (most, name), (next_most, _) = shares[:2]
    return {name} if most >= _MIN_QUESTION_RATE and most >= 2 * next_most else set()


def _is_question(turn: Turn) -> bool:
    return "?" in turn.text or "？" in turn.text


def _is_backchannel(turn: Turn) -> bool:
    if _is_question(turn):
        return False
    # Most turns have hundreds of words: it is enough to know that there is one more.
    more = islice(_CONTENT.finditer(turn.text), _BACKCHANNEL_WORDS, None)
    return next(more, None) is None


class _Cutter:
    """Cuts what belongs together into passages of one transcript, all under one budget."""

    def __init__(self, transcript: str, budget: int, count: Counter) -> None:
        self.transcript = transcript
        self.budget = budget
        # The same spans are counted again and again on the way to a passage.
        self.count = lru_cache(maxsize=4096)(count)

    def exchange(self, exchange: Exchange) -> list[Passage]:
        """Return the passages of one exchange; the first holds the question, the others cite it."""
        turns = exchange.turns
        spans = [_whole(turn) for turn in turns]
        if sum(map(self._cost, spans)) <= self.budget:
            return [self._passage(spans, "", section=False)]  # like most: the question is in it
        question = self._tail(" ".join(turn.text for turn in exchange.question))
        first, *later = self._pack(turns, question)
        return [
            self._passage(first, "", section=False),
            *(self._passage(spans, question, section=False) for spans in later),
        ]

    def section(self, section: Section) -> list[Passage]:
        """Return the passages of one section; its title is the context of all of them."""
        title = self._tail(section.title)
        return [
            self._passage(spans, title, section=True)
            for spans in self._pack([section], title, titled=True)
        ]

    def join(self, groups: Sequence[list[Passage]]) -> list[Passage]:
        """Return all passages in order, too short groups joined to the next, else the previous."""
        forward: list[list[Passage]] = []
        for group in groups:
            short = bool(forward) and forward[-1][0].tokens < SHORTEST
            joined = self._joined(forward[-1], group) if short else None
            if joined is not None:
                forward[-1] = joined
            else:
                forward.append(group)
        merged: list[list[Passage]] = []
        for group in forward:
            short = bool(merged) and group[0].tokens < SHORTEST
            joined = self._joined(merged[-1], group) if short else None
            if joined is not None:
                merged[-1] = joined
            else:
                merged.append(group)
        return [passage for group in merged for passage in group]

    def _joined(self, first: list[Passage], second: list[Passage]) -> list[Passage] | None:
        if len(first) > 1 or len(second) > 1:
            return None  # the parts of a long reply stand by themselves
        spans = [*first[0].spans, *second[0].spans]
        context = " ".join(filter(None, (first[0].context, second[0].context)))
        joined = self._passage(spans, context, section=first[0].section)
        return [joined] if joined.tokens <= self.budget else None

    def _pack(
        self, parts: Sequence[Turn | Section], context: str, *, titled: bool = False
    ) -> list[list[Span]]:
        """Distribute parts over passages in order, each as full as the budget allows.

        Every passage leaves room for the context; only the first, which opens with the question
        itself, does not need it.
        """
        room = self.budget - (self.count(context) + 1 if context else 0)
        packed: list[list[Span]] = [[]]
        limit = room if titled else self.budget
        if sum(self._cost(_whole(part)) for part in parts) <= limit:
            return [[_whole(part) for part in parts]]
        filled = 0
        for span in (span for part in parts for span in self._spans(part, room)):
            cost = self._cost(span)
            if packed[-1] and filled + cost > limit:
                packed.append([])
                filled, limit = 0, room
            packed[-1].append(span)
            filled += cost
        return packed

    def _spans(self, part: Turn | Section, room: int) -> list[Span]:
        """Return a turn or section whole or, where it is too long, as numbered parts."""
        whole = _whole(part)
        if self._cost(whole) <= room:
            return [whole]
        label = self._cost(whole) - self.count(whole.text)
        starts = [0, *accumulate(len(line) + 1 for line in part.text.split("\n")[:-1])]
        pieces = self._pieces(part.text, max(1, room - label))
        return [
            _part(whole, number, begin, end, starts)
            for number, (begin, end) in enumerate(pieces, start=1)
        ]

    def _pieces(self, text: str, room: int) -> Iterator[tuple[int, int]]:
        """Tile `text` with as few pieces as fit, of about equal cost, cut between sentences."""
        units = list(self._units(text, room))
        costs = [self.count(text[begin:end]) for begin, end in units]
        target = sum(costs) / math.ceil(sum(costs) / room)
        begin, filled = 0, 0
        for (start, _), cost in zip(units, costs, strict=True):
            if start > begin and (filled + cost > room or filled + cost / 2 > target):
                yield begin, start
                begin, filled = start, 0
            filled += cost
        yield begin, len(text)

    def _units(self, text: str, room: int) -> Iterator[tuple[int, int]]:
        """Tile `text` with its sentences, those that are too long cut further."""
        begin = 0
        for end in [*(start for start, _ in sentences(text)[1:]), len(text)]:
            if self.count(text[begin:end]) <= room:
                yield begin, end
            else:
                yield from self._clauses(text, begin, end, room)
            begin = end

    def _clauses(self, text: str, begin: int, end: int, room: int) -> Iterator[tuple[int, int]]:
        """Cut a sentence that is itself too long after a clause mark or space, else anywhere."""
        while begin < end:
            stop = min(end, begin + room * _LONGEST_TOKEN)
            while stop - begin > 1 and self.count(text[begin:stop]) > room:
                stop = begin + (stop - begin) * 3 // 4
            if stop < end:
                marks = [match.end() for match in _CLAUSE.finditer(text, begin, stop)]
                stop = marks[-1] if marks else stop
            yield begin, stop
            begin = stop

    def _tail(self, text: str) -> str:
        """Return the end of `text` that fits as context: there a long question asks."""
        room = self.budget // _CONTEXT_SHARE
        text = " ".join(text[-room * _LONGEST_TOKEN :].split())
        begin, filled = len(text), 0
        for start, end in reversed(sentences(text)):
            filled += self.count(text[start:end]) + 1
            if filled > room:
                break
            begin = start
        # A question without a full stop in it is cut anywhere rather than left out.
        return text[begin:] if begin < len(text) else self._last_words(text, room)

    def _last_words(self, text: str, room: int) -> str:
        while text and self.count(text) > room:
            text = text[len(text) // 4 + 1 :]
        return text.strip()

    def _cost(self, span: Span) -> int:
        return self.count(span.text) + (self.count(span.speaker) + 1 if span.speaker else 0)

    def _passage(self, spans: Sequence[Span], context: str, *, section: bool) -> Passage:
        tokens = sum(map(self._cost, spans)) + (self.count(context) + 1 if context else 0)
        return Passage(self.transcript, tuple(spans), tokens, section, context)


def _whole(part: Turn | Section) -> Span:
    if isinstance(part, Section):
        return Span(part.number, 0, "", part.text, 0, part.lines)
    speaker, start = part.speaker, part.times[0] if part.times else part.start
    return Span(part.number, 0, speaker, part.text, 0, part.lines, start, part.times)


def _part(whole: Span, number: int, begin: int, end: int, starts: Sequence[int]) -> Span:
    """Cut a part out of a span, with the lines that it touches; `starts` is where lines begin."""
    touched = slice(bisect_right(starts, begin) - 1, bisect_right(starts, end - 1))
    times = whole.times[touched]
    return replace(
        whole,
        part=number,
        text=whole.text[begin:end],
        offset=begin,
        lines=whole.lines[touched],
        start=times[0] if times else whole.start,
        times=times,
    )
