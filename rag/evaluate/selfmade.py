"""Questions without labels: every question of an interviewer is one for its own reply.

The turns that ask are kept out of the indexed text (`building.without_turns`), so that what finds
the reply is what it says. A question that only makes sense after the one before it, or that hardly
says anything, is no test of retrieval and is skipped; so is one whose reply says nothing.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.chunker import SHORTEST, exchanges
from rag.evaluate.cases import Case
from rag.evaluate.gold import Task
from rag.lexical import question_terms
from rag.retrieve import leaning
from rag.text import language, sentences
from rag.tokens import estimate
from rag.types import Address, Exchange, Transcript

NOT_ASKED = "no question mark"
LEANS = "lean on what was said before"
TOO_SHORT = "too short"
NO_REPLY = "reply too short"

_ASKS = re.compile(r"[?？]|[吗呢]\s*$")
_LONGEST = 300  # characters; a host may talk for minutes, and asks at the end
# Terms besides stop words below which a question says too little: a Han word of two characters
# makes three.
_FEWEST = {"zh": 7, "en": 3}


@dataclass(frozen=True, slots=True)
class Found:
    """The questions of transcripts, the turns that ask them by transcript, and what was skipped."""

    tasks: tuple[Task, ...]
    hidden: dict[str, set[int]]
    skipped: dict[str, int]


def questions(items: Iterable[Transcript]) -> Found:
    """Return every question of an interviewer that has a reply, with the place of that."""
    tasks: list[Task] = []
    hidden: dict[str, set[int]] = defaultdict(set)
    skipped: Counter[str] = Counter()
    for item, exchange in _exchanges(items):
        asked = asking(" ".join(turn.text for turn in exchange.question))
        if reason := _unfit(asked, exchange):
            skipped[reason] += 1
            continue
        hidden[item.id] |= {turn.number for turn in exchange.question}
        numbers = [turn.number for turn in exchange.reply]
        place = Address(item.id, min(numbers), max(numbers))
        first = f"{item.id}:{exchange.question[0].number}"
        case = Case(first, asked, kind="self", language=language(asked), where=first)
        tasks.append(Task(case, (place,)))
    return Found(tuple(tasks), dict(hidden), dict(skipped))


def _exchanges(items: Iterable[Transcript]) -> Iterator[tuple[Transcript, Exchange]]:
    for item in items:
        for exchange in exchanges(item.turns):
            if exchange.question and exchange.reply:
                yield item, exchange


def asking(text: str) -> str:
    """Return the part of a turn that asks: its last sentences up to a question, not too many."""
    spans = sentences(text)
    marked = [n for n, (start, end) in enumerate(spans) if _ASKS.search(text[start:end])]
    if not marked:
        return ""
    last = marked[-1]
    first = last
    while first and spans[last][1] - spans[first - 1][0] <= _LONGEST:
        first -= 1
    return text[spans[first][0] : spans[last][1]][-_LONGEST:]


def _unfit(asked: str, exchange: Exchange) -> str:
    """Say why a question is skipped, empty when it is not."""
    if not asked:
        return NOT_ASKED
    fewest = _FEWEST["zh" if language(asked) == "zh" else "en"]
    if len(question_terms(asked)) < fewest:
        return TOO_SHORT
    if leaning(asked):
        return LEANS
    if sum(estimate(turn.text) for turn in exchange.reply) < SHORTEST:
        return NO_REPLY
    return ""
