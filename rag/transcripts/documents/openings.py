"""The name that stands out in front of a block, with the time beside it.

A name may be marked by the source itself (a class, an element, an attribute), by a colon or a time
behind it, or only by being bold: the last is a label when it recurs in front of blocks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.text import HAN
from rag.transcripts.documents.blocks import Block, Form, Mark, Piece, flow
from rag.transcripts.labels import TIME
from rag.transcripts.names import is_name, is_role, never_speaks

COLON_END = re.compile(r"\s*[:：]\s*$")
_COLON_START = re.compile(r"\s*[:：]\s*")
TIME_ALONE = re.compile(rf"\s*[-–—|,，·(（\[]*\s*({TIME})\s*[)）\]]?\s*")
_SENTENCE_END = re.compile(r"[。！？!?…；;,，、]$|(?<![A-Z])(?<!\b[DMS]r)(?<!\bMrs)\.$")
_LONGEST_NAME = 60
LABEL = re.compile(rf"[^\s:：|#>*\d][^:：\n]{{0,40}}(?:：|:(?=\s|$|[{HAN}“「『《]))")


@dataclass(frozen=True, slots=True)
class Opening:
    """The name in front of a block: how it was marked, the time beside it, and what follows."""

    name: str
    sure: bool
    time: str
    rest: tuple[Piece, ...]
    said: bool = False  # the source itself says that this is a speaker


def opens_with_label(block: Block) -> bool:
    """Tell whether a block looks as if somebody began to speak in it: cheap, for counting."""
    opening = opening_of(block)
    return opening is not None or LABEL.match(block.text) is not None


def opening_of(block: Block) -> Opening | None:
    """Take the name apart that stands out in front of a block, a time before or behind it."""
    pieces = [piece for piece in block.pieces if piece.text or piece.mark == Mark.BREAK]
    time, first = _skipped(pieces, 0, breaks=True)
    end = first
    while end < len(pieces) and _carries_name(pieces[end], block, end == first):
        end += 1
    name = flow("".join(piece.text for piece in pieces[first:end]))
    if not name or len(name) > _LONGEST_NAME:
        return None
    after, start = _skipped(pieces, end, breaks=False)
    rest = pieces[start:]
    colon = COLON_END.search(name) is not None
    name = COLON_END.sub("", name)
    if rest and not colon and (match := _COLON_START.match(rest[0].text)):
        colon = True
        rest = [Piece(rest[0].text[match.end() :], rest[0].number, rest[0].mark), *rest[1:]]
    said = any(piece.mark == Mark.NAME for piece in pieces[first:end])
    sure = said or colon or bool(time or after)
    if not name or re.search("[:：]", name) or not (sure or not _SENTENCE_END.search(name)):
        return None
    return Opening(name, sure, after or time, tuple(rest), said)


def _skipped(pieces: Sequence[Piece], at: int, breaks: bool) -> tuple[str, int]:
    """Pass over blanks and times; return the time and the index behind them."""
    time = ""
    while at < len(pieces):
        found = stamp(pieces[at])
        if not found and (pieces[at].text.strip() or not (breaks or pieces[at].mark != Mark.BREAK)):
            break
        time, at = found or time, at + 1
    return time, at


def _carries_name(piece: Piece, block: Block, first: bool) -> bool:
    if piece.mark == Mark.BREAK or stamp(piece):
        return False
    if piece.mark in (Mark.BOLD, Mark.NAME) or (block.form == Form.TERM):
        return True
    return not first and not piece.text.strip()


def stamp(piece: Piece) -> str:
    """Return the time of a piece that is nothing else, else ""."""
    if piece.mark == Mark.BREAK or not (match := TIME_ALONE.fullmatch(piece.text)):
        return ""
    return match[1]


def recurring(blocks: Sequence[Block], openings: Sequence[Opening | None]) -> frozenset[str]:
    """Names without a colon that are labels nevertheless: they recur in front of blocks."""
    unsure = Counter[str]()
    for block, opening in zip(blocks, openings, strict=True):
        if opening is not None and not opening.sure and block.form not in (Form.HEADING, Form.ROW):
            unsure[opening.name] += 1
    people = {
        name
        for name, count in unsure.items()
        if (count > 1 and (is_role(name) or is_name(name))) or count > 2
    }
    if people:
        people |= {name for name in unsure if is_role(name) or is_name(name)}
    return frozenset(name for name in people if not never_speaks(name))
