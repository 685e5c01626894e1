"""Pieces of captions joined to sentences, each with the file line and second of its first word."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from rag.text import HAN, KANA, joint, sentences
from rag.transcripts.cues import Cue
from rag.transcripts.speech.sounds import without_parted
from rag.transcripts.speech.voices import Piece

_WIDE = re.compile(f"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef“”‘’—…]")
_HYPHENED = re.compile(r"([^\W\d_]{2,})-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]{4,}")
# Without marks, what was said is cut into stretches that can be read and cited.
_TOO_WIDE = 240  # columns of a sentence that is cut; an ideograph takes two
_FULL, _ENOUGH = 100, 40  # columns of a stretch: at which it ends, and may end at a short pause
_BREATH = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or without punctuation a stretch of speech, and where it begins."""

    text: str
    line: int
    start: float | None
    end: float | None


def whole_words(cues: Sequence[Cue]) -> frozenset[str]:
    """Words parted at the end of a line that stand unparted somewhere else in the file."""
    parted = set()
    for cue, following in pairwise(cues):
        if cue.text.endswith("-") and (word := _unhyphened(cue.text, following.text)):
            parted.add(word)
    if not parted:
        return frozenset()
    found: set[str] = set()
    for cue in cues:
        found.update(word for word in _WORDS.findall(cue.text.lower()) if word in parted)
    return frozenset(found)


def joined(pieces: Sequence[Piece], words: frozenset[str]) -> list[Sentence]:
    """Return the sentences of what one person says; two languages take turns by their times."""
    first = _said([piece for piece in pieces if not piece.other])
    second = _said([piece for piece in pieces if piece.other])
    if not first or not second:
        return list(_sentences(first or second, words))
    both = [*_sentences(first, words), *_sentences(second, words)]
    if any(item.start is None for item in both):
        return sorted(both, key=lambda item: item.line)
    # Where both begin together, that which stands first in the file stays first.
    return sorted(both, key=lambda item: (item.start or 0.0, item.line))


def _said(pieces: Sequence[Piece]) -> list[Piece]:
    texts = without_parted([piece.text for piece in pieces])
    return [
        piece if piece.text == text else replace(piece, text=text)
        for piece, text in zip(pieces, texts, strict=True)
        if text
    ]


def _sentences(pieces: Sequence[Piece], words: frozenset[str]) -> Iterator[Sentence]:
    parts = _glued([piece.text for piece in pieces], words)
    starts = [0, *accumulate(map(len, parts))][:-1]
    text = "".join(parts)
    for begin, end in _cut(text, pieces, starts):
        at = bisect_right(starts, begin) - 1
        last = bisect_right(starts, end - 1) - 1
        ends = [piece.end for piece in pieces[at : last + 1] if piece.end is not None]
        yield Sentence(
            text[begin:end], pieces[at].line, pieces[at].start, max(ends) if ends else None
        )


def _glued(texts: Sequence[str], words: frozenset[str]) -> list[str]:
    """The texts, each with what joins it to the next: a space, nothing, or less its hyphen."""
    parts = []
    for left, right in zip(texts, [*texts[1:], ""], strict=True):
        parts.append(_glue(left, right, words) if right else left)
    return parts


def _glue(left: str, right: str, words: frozenset[str]) -> str:
    if left.endswith("-") and (word := _unhyphened(left, right)):
        return left[:-1] if word in words else left
    return left + joint(left, right)


def _unhyphened(left: str, right: str) -> str:
    """The word that `inter-` and `national` are, empty when the hyphen ends a stammer or a list."""
    before, after = _HYPHENED.search(left[-80:]), _FIRST_WORD.match(right[:80])
    if before is None or after is None or not after[0][0].islower():
        return ""
    if after[0].startswith(before[1].lower()) or after[0] in ("and", "or", "to", "und", "et", "y"):
        return ""
    return (before[1] + after[0]).lower()


def _cut(text: str, pieces: Sequence[Piece], starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The sentences of a text, those without an end in stretches of whole captions."""
    for begin, end in sentences(text):
        if _width(text, begin, end) <= _TOO_WIDE:
            yield begin, end
            continue
        first = begin
        for at in range(bisect_right(starts, begin), bisect_right(starts, end - 1)):
            start = starts[at]
            if _ends_stretch(_width(text, first, start), pieces[at - 1], pieces[at]):
                yield first, len(text[first:start].rstrip()) + first
                first = start
        yield first, end


def _ends_stretch(width: int, last: Piece, following: Piece) -> bool:
    if width >= _FULL:
        return True
    if width < _ENOUGH or last.end is None or following.start is None:
        return False
    return following.start - last.end >= _BREATH


def _width(text: str, begin: int, end: int) -> int:
    """Columns of a stretch, counted no further than it matters."""
    part = text[begin : min(end, begin + _TOO_WIDE + 1)]
    return len(part) if part.isascii() else len(part) + len(_WIDE.findall(part))
