"""Lies made of true quotations: every kind that the check of quotations has to catch."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.quotes import Source
from rag.text import HAN, fold

SHORTEST = 5
"""Words of the shortest quotation."""

UNIT = re.compile(rf"[{HAN}]|[^\W_{HAN}]+(?:['’][^\W_]+)*")
_NEGATION = re.compile(r"不|没|\b(?:not|never) |n['’]t\b")
_NO_NEGATION = re.compile("是不是|不过|不但|不仅|差不多|对不起|(.)[不没]\\1")
_BEFORE_ZH = re.compile("(?<=.)(?=[是会能要想用去有])")
_AFTER_EN = re.compile(r"\b(?:is|are|was|were|do|did|can|could|will|would|should|has|have|had)\b")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*|[二三四五六七八九十百千]+(?=[年月日个块人点岁次%])")
_FIGURES = "零一二三四五六七八九"


Lie = tuple[str, Sequence[Source]]
"""Words, and the sources in which they are looked for."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A sentence and where it is from."""

    text: str
    source: Source
    among: tuple[Source, ...]
    language: str


def _really(q: Quotation, lie: str) -> Iterator[Lie]:
    """Yield a lie if the speaker did not happen to say just that."""
    letters = _letters(lie)
    theirs = (s for s in q.among if s.speaker == q.source.speaker)
    if letters != _letters(q.text) and not any(letters in _letters(s.text) for s in theirs):
        yield lie, q.among


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text))


def _changed(q: Quotation, chance: random.Random, others: Sequence[Quotation]) -> Iterator[Lie]:
    place = chance.choice(list(UNIT.finditer(q.text)))
    other = chance.choice(UNIT.findall(chance.choice(others).text))
    if fold(other) != fold(place[0]):
        yield from _really(q, q.text[: place.start()] + other + q.text[place.end() :])


def _added(q: Quotation, chance: random.Random, others: Sequence[Quotation]) -> Iterator[Lie]:
    place = chance.choice(list(UNIT.finditer(q.text))[1:])
    other = chance.choice(UNIT.findall(chance.choice(others).text))
    gap = "" if q.language == "zh" else " "
    yield from _really(q, q.text[: place.start()] + other + gap + q.text[place.start() :])


def _left_out(q: Quotation, chance: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    place = chance.choice(list(UNIT.finditer(q.text))[1:-1])
    yield from _really(q, q.text[: place.start()] + q.text[place.end() :])


def _negations(text: str) -> Iterator[re.Match[str]]:
    kept = [match.span() for match in _NO_NEGATION.finditer(text)]
    for match in _NEGATION.finditer(text):
        if not any(start <= match.start() < end for start, end in kept):
            yield match


def _dropped(q: Quotation, _c: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    for match in _negations(q.text):
        start, end = match.span()
        lie = q.text[:start] + q.text[end:]
        if len(UNIT.findall(q.text[:start])) or match[0].startswith("n"):
            yield from _really(q, lie)
            if q.language == "zh":  # the same in a few words only
                yield from _really(q, _around(lie, start, 8))
            else:
                yield from _really(q, " ".join(lie[:start].split()[-4:] + lie[start:].split()[:4]))
                yield from _really(q, " ".join(lie[:start].split() + lie[start:].split()[:2]))


def _negated(q: Quotation, _c: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    word, pattern = ("不", _BEFORE_ZH) if q.language == "zh" else (" not", _AFTER_EN)
    for match in pattern.finditer(q.text):
        yield from _really(q, q.text[: match.end()] + word + q.text[match.end() :])


def _around(text: str, place: int, reach: int) -> str:
    return text[max(0, place - reach) : place + reach]


def _cut_off(q: Quotation, _c: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    for match in _negations(q.text):
        rest = q.text[match.end() :]
        if re.match(r"\s?\w", rest) and len(UNIT.findall(rest)) >= SHORTEST:
            theirs = [_letters(s.text).count(_letters(rest)) for s in q.among]
            if sum(theirs) == 1:
                yield rest, q.among
                yield f"……{rest}", q.among


def _swapped(q: Quotation, chance: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    found = list(UNIT.finditer(q.text))
    n = chance.randrange(len(found) - 1)
    one, two = found[n], found[n + 1]
    if fold(one[0]) != fold(two[0]):
        middle = q.text[one.end() : two.start()]
        yield from _really(
            q, q.text[: one.start()] + two[0] + middle + one[0] + q.text[two.end() :]
        )


def _altered(q: Quotation, chance: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    for match in _NUMBER.finditer(q.text):
        for _again in range(4):
            n = chance.randrange(len(match[0]))
            old = match[0][n]
            new = chance.choice("0123456789" if old.isascii() else _FIGURES)
            changes = [match[0][:n] + new + match[0][n + 1 :], match[0] + "0", match[0][:-1]]
            if "." in match[0]:
                changes.append(match[0].replace(".", ""))
            if old.isdigit() or not old.isascii():
                other = chance.choice(changes)
                yield from _really(q, q.text[: match.start()] + other + q.text[match.end() :])


def _spliced(q: Quotation, chance: random.Random, others: Sequence[Quotation]) -> Iterator[Lie]:
    same = [
        o
        for o in others
        if o.source.address != q.source.address
        and (o.source.address.transcript, o.source.speaker)
        == (q.source.address.transcript, q.source.speaker)
    ]
    for other in chance.sample(same, min(2, len(same))):
        yield from _really(q, q.text + chance.choice(("", " ", "……", " ... ")) + other.text)


def _misattributed(q: Quotation, chance: random.Random, _: Sequence[Quotation]) -> Iterator[Lie]:
    others = sorted({s.speaker for s in q.among} - {q.source.speaker})
    if others:
        name = chance.choice(others)
        theirs = tuple(s for s in q.among if s.speaker == name)
        if not any(_letters(q.text) in _letters(s.text) for s in theirs):
            yield q.text, theirs


Maker = Callable[[Quotation, random.Random, Sequence[Quotation]], Iterator[Lie]]
KINDS: dict[str, Maker] = {
    "a word changed": _changed,
    "a word added": _added,
    "a word left out": _left_out,
    "negation dropped": _dropped,
    "negation added": _negated,
    "negation cut off": _cut_off,
    "word order swapped": _swapped,
    "a number altered": _altered,
    "two turns spliced": _spliced,
    "another speaker": _misattributed,
}
"""Each maker takes a quotation, chance, and the other quotations in its language."""
