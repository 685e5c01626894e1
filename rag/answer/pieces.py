"""What a passage of a reply is made of, and what stands around each of its quotations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answer.scan import BRACKETS, PARENS, Kind, Scanner, now

_ATTRIBUTION = re.compile(r"\s*(?:——|—|--|–)\s*\S.*$")
_KEYS = r"(?:[\[【［][^\[\]【】［］\n]+[\]】］]\s*)+"
_LEADING_KEYS = re.compile(rf">\s*{_KEYS}(?=\S)")
_TRAILING_KEYS = re.compile(rf"\s*{_KEYS}[。.]?\s*$")
_PARENTHESIS = re.compile(r"[(（][^()（）]{0,16}$")
_LETTER = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a reply as it was written; `inner` is what stands between marks or brackets."""

    kind: Kind
    raw: str
    inner: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a quotation: the brackets and the text up to the next, others beside it.

    `beside` are quotations of which one is in parentheses behind the other.
    """

    brackets: tuple[str, ...]
    cited_at_once: bool
    after: str
    more: bool
    beside: tuple[str, ...]


def around(passage: Sequence[Piece]) -> Iterator[Around]:
    """Look around every quotation of a passage."""
    quotes = [n for n, piece in enumerate(passage) if piece.kind == "quote"]
    before, previous = "", ""
    for n, end in zip(quotes, [*quotes[1:], len(passage)], strict=True):
        between = passage[n + 1 : end]
        after = _text(between)
        beside = [previous] if previous and _PARENTHESIS.search(before) else []
        if end < len(passage) and _PARENTHESIS.fullmatch(after.strip()):
            beside.append(passage[end].inner)
        brackets = [m for m, piece in enumerate(between) if piece.kind == "bracket"]
        yield Around(
            tuple(between[m].inner for m in brackets),
            bool(brackets) and not _LETTER.search(_text(between[: brackets[0]])),
            after,
            end < len(passage),
            tuple(beside),
        )
        before, previous = after, passage[n].inner


def _text(passage: Sequence[Piece]) -> str:
    return "".join(piece.raw for piece in passage if piece.kind == "text")


def pieces(passage: str) -> Iterator[Piece]:
    """Cut a whole passage into text, quotations and brackets."""
    if passage.startswith(">"):
        line, _, below = passage.partition("\n")
        yield from _quoted_line(line)
        if below:
            yield Piece("text", "\n")
            yield from _unquoted(below)
        return
    yield from _unquoted(passage)


def _unquoted(passage: str) -> Iterator[Piece]:
    scan = Scanner(passage, final=True)
    start = place = 0
    while place < len(passage):
        piece = _piece(scan, passage, place)
        if piece is None:
            place += 1
            continue
        if start < place:
            yield Piece("text", passage[start:place])
        yield piece
        start = place = place + len(piece.raw)
    if start < len(passage):
        yield Piece("text", passage[start:])


def _piece(scan: Scanner, text: str, place: int) -> Piece | None:
    if text[place] in BRACKETS or text[place] in PARENS:
        end = now(scan.bracket(place))
        return Piece("bracket", text[place:end], text[place + 1 : end - 1]) if end else None
    if now(scan.opens(place, text[place - 1 : place])):
        close = now(scan.close(place))
        if close:
            return Piece("quote", text[place : close + 1], text[place + 1 : close])
    return None


def _quoted_line(line: str) -> Iterator[Piece]:
    """A line marked `>` is a quotation, without who is named and the keys at its ends."""
    keys = _LEADING_KEYS.match(line)
    start = keys.end() if keys else 0
    if keys:
        yield Piece("text", ">")
        yield from pieces(line[1:start])
    tail = next((m.start() for m in [_TRAILING_KEYS.search(line, start + 1)] if m), len(line))
    named = _ATTRIBUTION.search(line, start + 1, tail)
    end = named.start() if named else tail
    inner = line[start:end].removeprefix(">").strip()
    yield Piece("quote" if inner else "text", line[start:end], inner)
    if line[end:]:
        yield from pieces(line[end:])
