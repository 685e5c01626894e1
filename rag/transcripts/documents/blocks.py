"""What pages and office files have in common: blocks of text, made of pieces of one look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.text import HAN, KANA

_SPACE = re.compile(r"[ \t\r\n\f\v\xa0\u2000-\u200a\u202f\u205f]+")
_WIDE = rf"[{HAN}{KANA}\u3000-\u303f\uff00-\uffef]"
_WIDE_BREAK = re.compile(rf"(?<={_WIDE})[ \t\r\f]*\n[ \t\r\n\f]*(?={_WIDE})")


class Mark(StrEnum):
    """How a stretch of text stands out."""

    PLAIN = ""
    BOLD = "bold"
    NAME = "name"  # the source itself says that this is the speaker
    TIME = "time"
    BREAK = "break"  # a line break inside a block


class Form(StrEnum):
    """What a block is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    QUOTE = "quote"
    TERM = "term"
    ROW = "row"  # one cell; the next cells of its row follow


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text of one look, and the line or paragraph of the source in which it begins."""

    text: str
    number: int
    mark: Mark = Mark.PLAIN


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, list item or cell; `group` tells the rows of a table apart.

    `zone` and `holders` say in which part of a page it stands (see `content`).
    """

    form: Form
    pieces: tuple[Piece, ...]
    level: int = 0
    group: int = 0
    zone: int = 0
    holders: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """Its words, for measuring and comparing."""
        return flow("".join(piece.text for piece in self.pieces))

    @property
    def number(self) -> int:
        """Where its first words stand in the source."""
        return first_number(self.pieces)


def flow(text: str) -> str:
    """Return text on one line: white space is one blank, and none between two ideographs."""
    return _SPACE.sub(" ", _WIDE_BREAK.sub("", text)).strip()


def first_number(pieces: Sequence[Piece]) -> int:
    """Return where the first words of some pieces stand, 0 when there are none."""
    return next((piece.number for piece in pieces if piece.text.strip()), 0)
