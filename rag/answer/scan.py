"""Cutting a reply, as it streams, into text, quotations and citation keys.

A reply is scanned in units: a stretch of plain text, which can be shown at once; a bracket, which
may be a citation key; and a passage, which begins with a quotation and goes on to the end of the
sentence and the keys behind it, because who is quoted, and from where, may be said after the
words. Where a unit ends never depends on how the reply was cut into pieces: whatever could still
change with the next character is waited for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.text import is_han

MARKS = {"「": "」", "『": "』", "“": "”", "‘": "’", "«": "»", '"': '"', "'": "'", "＂": "＂"}
"""Quotation marks, opening to closing."""

_BRACKETS = {"[": "]", "【": "】", "［": "］"}
_STRAIGHT = "\"'＂"
_APOSTROPHES = "'’"
_TERMINAL = "。！？!?"
_GOES_ON = ",，、;；:：）)"
_LONGEST_KEY = 300
_LONGEST_QUOTE = 3000
_LONGEST_REST = 300  # of a sentence after its last quotation

Kind = Literal["text", "bracket", "quote"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply as it was written; `inner` is what stands between marks or brackets."""

    kind: Kind
    raw: str
    inner: str = ""


class _Wait(Exception):
    """The end of what has come so far was reached, and what follows would matter."""


def unit(text: str, before: str, final: bool) -> tuple[Kind, int] | None:
    """Return the kind and the end of the first unit of `text`, or None to wait for more.

    `before` is the character before it, empty at the beginning of a reply; with `final` nothing
    more will come. A passage is of kind `quote`, white space before a bracket belongs to it.
    """
    if not text:
        return None
    try:
        return _unit(text, before, final)
    except _Wait:
        return None


def _unit(text: str, before: str, final: bool) -> tuple[Kind, int]:
    if text[0] == ">" and before in ("", "\n"):
        return _line(text, final)
    start = _skip(text, 0)
    if _at(text, start, final) in _BRACKETS:
        end = _bracket(text, start, final)
        return ("bracket", end) if end else ("text", start + 1)
    if _opens(text, 0, before, final):
        close = _close(text, 0, final)
        return ("quote", _passage(text, close, final)) if close else ("text", 1)
    return "text", _plain(text, final)


def _at(text: str, place: int, final: bool) -> str:
    """The character at `place`, empty at the very end."""
    if place >= len(text) and not final:
        raise _Wait
    return text[place : place + 1]


def pieces(passage: str) -> Iterator[Piece]:
    """Cut a whole passage into text, quotations and brackets."""
    if passage.startswith(">"):
        yield from _quoted_line(passage)
        return
    start = place = 0
    while place < len(passage):
        piece = _piece(passage, place)
        if piece is None:
            place += 1
            continue
        if start < place:
            yield Piece("text", passage[start:place])
        yield piece
        start = place = place + len(piece.raw)
    if start < len(passage):
        yield Piece("text", passage[start:])


def _piece(text: str, place: int) -> Piece | None:
    if text[place] in _BRACKETS:
        end = _bracket(text, place, final=True)
        return Piece("bracket", text[place:end], text[place + 1 : end - 1]) if end else None
    if _opens(text, place, text[place - 1 : place], final=True):
        close = _close(text, place, final=True)
        if close:
            return Piece("quote", text[place : close + 1], text[place + 1 : close])
    return None


_ATTRIBUTION = re.compile(r"\s*(?:——|—|--|–)\s*\S.*$")
_TRAILING_KEYS = re.compile(r"(?:\s*[\[【［][^\[\]【】［］\n]+[\]】］])+\s*[。.]?\s*$")


def _quoted_line(line: str) -> Iterator[Piece]:
    """A line marked `>` is a quotation, up to who is named and the keys at its end."""
    tail = next((m.start() for m in [_TRAILING_KEYS.search(line)] if m), len(line))
    named = _ATTRIBUTION.search(line, 1, tail)
    end = named.start() if named else tail
    inner = line[1:end].strip()
    if inner:
        yield Piece("quote", line[:end], inner)
    else:
        yield Piece("text", line[:end])
    if line[end:]:
        yield from pieces(line[end:])


def _line(text: str, final: bool) -> tuple[Kind, int]:
    """A line that begins with `>`: a quotation, unless it has quotation marks of its own."""
    end = text.find("\n")
    if end < 0 and not final:
        raise _Wait
    line = text[: end if end >= 0 else len(text)]
    marked = any(_opens(line, n, line[n - 1], final=True) for n in range(1, len(line)))
    return ("text", 1) if marked or len(line) < 2 else ("quote", len(line))


def _plain(text: str, final: bool) -> int:
    """The end of the text up to the next trigger; white space at its end is kept back."""
    place = 1
    while place < len(text):
        char, previous = text[place], text[place - 1]
        try:
            opens = _opens(text, place, previous, final)
        except _Wait:
            break
        if opens or char in _BRACKETS or (char == ">" and previous == "\n"):
            break
        place += 1
    if final and place == len(text):
        return place
    end = len(text[:place].rstrip(" \t"))
    if end:
        return end
    if place == len(text):
        raise _Wait
    return place


def _opens(text: str, place: int, before: str, final: bool) -> bool:
    """Tell whether a quotation opens at `place`."""
    char = text[place]
    if char not in _STRAIGHT:
        return char in MARKS
    if before.isalnum() and not is_han(before):
        return False
    after = _at(text, place + 1, final)
    return after.isalnum() if char == "'" else not (after in ("", char) or after.isspace())


def _close(text: str, place: int, final: bool) -> int:
    """Where the quotation that opens at `place` closes, or 0 when it does not."""
    opening, closing = text[place], MARKS[text[place]]
    depth = 0
    for at in range(place + 1, place + _LONGEST_QUOTE):
        char = _at(text, at, final)
        if not char or (char == "\n" and (opening in _STRAIGHT or text[at - 1] == "\n")):
            return 0
        if char == closing and not _apostrophe(text, at, final):
            if depth == 0:
                return at
            depth -= 1
        elif char == opening:
            depth += 1
    return 0


def _apostrophe(text: str, at: int, final: bool) -> bool:
    if text[at] not in _APOSTROPHES:
        return False
    after = _at(text, at + 1, final)
    return after.isalnum() and not is_han(after)


def _bracket(text: str, place: int, final: bool) -> int:
    """The end of the bracket at `place`, or 0 when it is none."""
    for at in range(place + 1, place + _LONGEST_KEY):
        char = _at(text, at, final)
        if not char or char == "\n" or char in _BRACKETS:
            return 0
        if char in _BRACKETS.values():
            return at + 1 if at > place + 1 else 0
    return 0


def _passage(text: str, close: int, final: bool) -> int:
    """The end of a passage whose first quotation closes at `close`."""
    place, ended, limit = close + 1, _terminal(text, close), close + _LONGEST_REST
    while True:
        at = _skip(text, place)
        char = _at(text, at, final)
        if not char or char == "\n" or at > limit or (ended and _begins_anew(char)):
            return place
        kind, place, end = _step(text, at, final)
        ended = end or (ended and kind == "bracket")
        if kind == "quote":
            limit = place + _LONGEST_REST


def _step(text: str, at: int, final: bool) -> tuple[Kind, int, bool]:
    """Go on by one bracket, quotation or character: the new place, and whether a sentence ended."""
    char = text[at]
    if char in _BRACKETS:
        end = _bracket(text, at, final)
        return ("bracket", end, False) if end else ("text", at + 1, False)
    if _opens(text, at, text[at - 1], final):
        close = _close(text, at, final)
        return ("quote", close + 1, _terminal(text, close)) if close else ("text", at + 1, False)
    if char != ".":
        return "text", at + 1, char in _TERMINAL
    after = _at(text, at + 1, final)
    return "text", at + 1, not after or after.isspace() or after in _BRACKETS


def _terminal(text: str, close: int) -> bool:
    """Whether the sentence may end with the quotation that closes at `close`."""
    return text[close - 1] in _TERMINAL + ".…"


def _begins_anew(char: str) -> bool:
    """Whether a character after the end of a sentence is none that carries it on."""
    return not (char in _BRACKETS or char in _GOES_ON or char in _TERMINAL or char.islower())


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t":
        place += 1
    return place
