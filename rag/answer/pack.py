"""From hits to a prompt: which turns a model is given, under which keys, and how they are written.

Every turn stands in one line that begins with its key. What a transcript says cannot leave its
line or look like one of our tags, whatever it says: line breaks become spaces, and an angle bracket
that could open a tag becomes ‹, which the check of quotations does not tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.errors import safe
from rag.prompts import Prompt
from rag.quotes import Source
from rag.text import language, unnamed
from rag.tokens import Counter, cautious, exact
from rag.types import Address, Earlier, Hit, Message, Passage, Span, Transcript

_TAG = re.compile(r"[<＜](?=\s*[/|!?a-zA-Z＜<])")
_CHAT_MARKUP = re.compile(r"\[(?=/?(?:INST|SYS)\])", re.IGNORECASE)
_SPACES = re.compile(r"\s+")

_EARLIER_KEPT = 4
_EARLIER_SHARE = 0.25  # of the window, for what was said before
_EARLIER_LONGEST = 2000  # characters of one earlier answer
_PER_MESSAGE = 8  # tokens that a chat format adds to a message, rather more than fewer
_ASKED_LONGEST = 300  # characters of the question before a later part of a long reply


@dataclass(frozen=True, slots=True)
class Given:
    """One turn, part of a turn or section that a model was given; `asked` is what it replies to."""

    source: Source
    spans: tuple[Span, ...]
    passage: Passage
    asked: str = ""

    @property
    def key(self) -> str:
        """What the model has to write in brackets to cite it."""
        return str(self.source.address)


def given(hits: Iterable[Hit]) -> list[Given]:
    """Return the turns of hits: transcripts in the order of their best hit, turns as spoken.

    Parts of one long turn that follow upon each other become one.
    """
    hits = list(hits)
    order = {name: n for n, name in enumerate(dict.fromkeys(h.passage.transcript for h in hits))}
    seen: dict[tuple[str, bool, int, int], tuple[Passage, Span]] = {}
    for hit in hits:
        for span in hit.passage.spans:
            key = (hit.passage.transcript, hit.passage.section, span.number, span.part)
            seen.setdefault(key, (hit.passage, span))
    ranked = sorted(seen, key=lambda key: (order[key[0]], *key[1:]))
    groups: list[list[tuple[Passage, Span]]] = []
    for key in ranked:
        passage, span = seen[key]
        if groups and _follows(groups[-1][-1], passage, span):
            groups[-1].append((passage, span))
        else:
            groups.append([(passage, span)])
    return [_given(group) for group in groups]


def _follows(last: tuple[Passage, Span], passage: Passage, span: Span) -> bool:
    before, part = last
    same = (before.transcript, before.section) == (passage.transcript, passage.section)
    return same and part.number == span.number and span.part == part.part + 1


def _given(group: Sequence[tuple[Passage, Span]]) -> Given:
    passage, first = group[0]
    last = group[-1][1]
    text = ""
    for _, span in group:
        # Between two parts there is only white space, of which the offsets tell how much.
        text += " " * (span.offset - first.offset - len(text)) + span.text
    address = Address(
        passage.transcript, first.number, last.number, first.part, last.part, passage.section
    )
    asked = passage.context if first.part > 1 and not passage.section else ""
    source = Source(address, first.speaker, text)
    return Given(source, tuple(span for _, span in group), passage, asked)


def fit(
    hits: Sequence[Hit], room: int, model: str, described: Mapping[str, Transcript]
) -> list[Hit]:
    """Return the hits whose turns fit into `room` tokens of a model, best first; one at least.

    The model's own tables are loaded only where an estimate that errs on the safe side does not
    already say that everything fits.
    """
    if _cost(hits, cautious, described) <= room:
        return list(hits)
    count = exact(model) or cautious
    kept: list[Hit] = []
    used = 0
    for hit in hits:
        more = _cost([hit], count, described, {item.passage.transcript for item in kept})
        if used + more <= room or not kept:
            kept.append(hit)
            used += more
    return kept


def _cost(
    hits: Iterable[Hit],
    count: Counter,
    described: Mapping[str, Transcript],
    titled: Collection[str] = (),
) -> int:
    """Tokens of the lines of hits, and of the titles of their transcripts unless `titled`."""
    hits = list(hits)
    lines = [_line(item) for hit in hits for item in given([hit])]
    names = {hit.passage.transcript for hit in hits} - set(titled)
    lines += [_head(described[name]) for name in names]
    return sum(count(line) + 1 for line in lines)


def write(turns: Sequence[Given], described: Mapping[str, Transcript]) -> str:
    """Write turns as the lines of a prompt, under the title and date of their transcript."""
    lines: list[str] = []
    last = ""
    for item in turns:
        if item.passage.transcript != last:
            last = item.passage.transcript
            lines.append(_head(described[last]))
        lines.append(_line(item))
    return "\n".join(lines)


def _head(about: Transcript) -> str:
    """The line above the turns of a transcript."""
    title = ", ".join(part for part in (about.title, about.date) if part)
    return f"[{plain(about.id)}] {plain(title)}"


def _line(item: Given) -> str:
    asked = f" ({plain(item.asked)[-_ASKED_LONGEST:]})" if item.asked else ""
    # Of some speech the file does not say whose it is; prose is nobody's.
    nobody = "" if item.passage.section else unnamed(language(item.source.text))
    name = item.source.speaker or nobody
    speaker = f" {plain(name)}{asked}:" if name else ""
    return f"[{plain(item.key)}]{speaker} {plain(item.source.text)}"


def plain(text: str) -> str:
    """Return text that stays in its line and cannot be taken for markup of a prompt."""
    return _SPACES.sub(" ", _unmarked(text)).strip()


def _unmarked(text: str) -> str:
    return _CHAT_MARKUP.sub("［", _TAG.sub("‹", safe(text)))


def earlier(history: Sequence[Earlier], window: int) -> list[Message]:
    """Return what was said before as messages, oldest first, within its share of the window."""
    messages: list[Message] = []
    room = int(window * _EARLIER_SHARE)
    for item in reversed([said for said in history if said.answer][-_EARLIER_KEPT:]):
        pair = [
            Message("user", plain(item.question)),
            Message("assistant", _unmarked(item.answer)[:_EARLIER_LONGEST]),
        ]
        room -= tokens(pair)
        if room < 0:
            break
        messages[:0] = pair
    return messages


def conversation(history: Sequence[Earlier]) -> str:
    """Write what was said before for the prompt that makes a question stand alone."""
    lines = []
    for item in history[-_EARLIER_KEPT:]:
        lines.append(f"Q: {plain(item.question)}")
        if item.answer:
            lines.append(f"A: {plain(item.answer)[:_EARLIER_LONGEST]}")
    return "\n".join(lines)


def tokens(messages: Iterable[Message]) -> int:
    """Return how many tokens messages cost, rather more than fewer."""
    return sum(_PER_MESSAGE + cautious(message.content) for message in messages)


def compose(
    prompt: Prompt, values: Mapping[str, str], before: Sequence[Message]
) -> tuple[Message, ...]:
    """Return the messages of a request: the rules, what was said before, turns and question."""
    system, user = prompt.fill(values)
    return (system, *before, user)
