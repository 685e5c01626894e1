"""Recognised words to cues: sentences with the times of their own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from rag.text import HAN, KANA, sentences
from rag.transcripts.cues import Cue

_PAUSE = 1.0  # seconds of silence that end a stretch of words where nothing else does
_LONGEST = 60  # words of a stretch without any mark
_ASTRAY = 40  # characters that the words of a segment may lag behind its text
_NO_SPACE_BEFORE = re.compile(rf"[^\w\s([{{<«“‘\"'#$@&+~—–-]|[{HAN}{KANA}，。？！、：；）】」』》]")
_NO_SPACE_AFTER = re.compile(rf"[{HAN}{KANA}，。？！、：；（【「『《([{{“‘]$")
_ENDED = re.compile(r"[。！？!?.…][\"'”’」』）)]*$")
_NOBODY = frozenset(("", "uu", "unknown", "none", "null", "nan", "-1"))


@dataclass(frozen=True, slots=True)
class Word:
    """One word as recognised; a word without a time or a speaker has that of its neighbours."""

    text: str
    start: float | None
    end: float | None
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a recogniser wrote in one go: a segment, an utterance, with its words if it has any."""

    text: str
    start: float | None
    end: float | None
    line: int
    speaker: str = ""
    words: tuple[Word, ...] = ()


def speaker(value: object) -> str:
    """Return the name under which a recogniser's speaker goes: 0 and "A" are Speaker 0 and A."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return f"Speaker {value}" if 0 <= value < 10**6 else ""
    return _speaker(value) if isinstance(value, str) else ""


@lru_cache(4096)
def _speaker(value: str) -> str:
    name = " ".join(value.split())
    if name.lower() in _NOBODY:
        return ""
    return f"Speaker {name}" if re.fullmatch(r"\d{1,6}|[A-Z]", name) else name


def joined(parts: Sequence[str]) -> str:
    """Put words together as they are written: spaces between Latin ones, none in Chinese.

    Words that bring their own spaces, as Whisper's do, are left as they are.
    """
    if any(part[:1].isspace() or part[-1:].isspace() for part in parts):
        return " ".join("".join(parts).split())
    text: list[str] = []
    for part in parts:
        if not part:
            continue
        close = text and (_NO_SPACE_BEFORE.match(part) or _NO_SPACE_AFTER.search(text[-1][-1:]))
        text += [part] if close or not text else [" ", part]
    return "".join(text)


def stretches(words: Iterable[Word], line_of: Callable[[int], int]) -> Iterator[Piece]:
    """Cut a plain sequence of words where the speaker changes, where it is silent, or at length.

    `line_of` tells the file line of a word by its number.
    """
    held: list[Word] = []
    first = 0
    for number, word in enumerate(words):
        if held and _is_apart(held, word):
            yield _stretch(held, line_of(first))
            held, first = [], number
        held.append(word if word.speaker or not held else replace(word, speaker=held[-1].speaker))
    if held:
        yield _stretch(held, line_of(first))


def _is_apart(held: Sequence[Word], word: Word) -> bool:
    last = held[-1]
    if word.speaker and last.speaker and word.speaker != last.speaker:
        return True
    if word.start is not None and last.end is not None and word.start - last.end >= _PAUSE:
        return True
    # Sentences are cut out of the stretch later; this is for speech that has none.
    ended = _ENDED.search(last.text) is not None
    return len(held) >= _LONGEST and (ended or len(held) >= 2 * _LONGEST)


def _stretch(words: list[Word], line: int) -> Piece:
    return Piece(
        joined([word.text for word in words]),
        next((word.start for word in words if word.start is not None), None),
        next((word.end for word in reversed(words) if word.end is not None), None),
        line,
        words[0].speaker,
        tuple(words),
    )


def cues(pieces: Iterable[Piece]) -> Iterator[Cue]:
    """Yield a cue for each sentence whose words have times, else one for the whole piece."""
    for piece in pieces:
        if not any(char.isalnum() for char in piece.text):
            # A lone mark or a musical note; kept only if it is all that anybody wrote.
            if piece.text:
                yield Cue(piece.start, piece.end, piece.text, piece.line, piece.speaker)
            continue
        placed = _placed(piece) if piece.words else []
        yield from (
            _sentence_cues(piece, placed)
            if placed
            else (Cue(piece.start, piece.end, piece.text, piece.line, piece.speaker),)
        )


def _placed(piece: Piece) -> list[tuple[int, Word]]:
    """Find each word in the text of its piece; words that are not there are left out."""
    found: list[tuple[int, Word]] = []
    offset = 0
    for word in piece.words:
        text = word.text.strip()
        at = piece.text.find(text, offset, offset + len(text) + _ASTRAY) if text else -1
        if at >= 0:
            found.append((at, word))
            offset = at + len(text)
    return found


def _sentence_cues(piece: Piece, placed: list[tuple[int, Word]]) -> Iterator[Cue]:
    speakers = _changes(placed)
    cuts = sorted({begin for begin, _ in sentences(piece.text)} | speakers.keys() | {0})
    index, name = 0, piece.speaker
    for begin, end in zip(cuts, [*cuts[1:], len(piece.text)], strict=True):
        inside: list[Word] = []
        while index < len(placed) and placed[index][0] < end:
            inside.append(placed[index][1])
            index += 1
        name = speakers.get(begin, name)
        text = piece.text[begin:end].strip()
        if not text:
            continue
        first, last = begin == 0, end == len(piece.text)
        start = next((word.start for word in inside if word.start is not None), None)
        stop = next((word.end for word in reversed(inside) if word.end is not None), None)
        yield Cue(
            piece.start if first and piece.start is not None else start,
            piece.end if last and piece.end is not None else stop,
            text,
            piece.line,
            name,
        )


def _changes(placed: list[tuple[int, Word]]) -> dict[int, str]:
    """Where in the text another person begins, as the words say."""
    changes: dict[int, str] = {}
    current = ""
    for offset, word in placed:
        if word.speaker and word.speaker != current:
            changes[offset if current else 0] = current = word.speaker
    return changes
