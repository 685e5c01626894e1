"""Blocks as the Markdown-like lines that the reader of dialogue takes.

A name that stands out by its form (bold, a class, a cell of its own) becomes a label `**Name:**`;
whether a label speaks is for the reader of dialogue to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rag.transcripts.cues import Document
from rag.transcripts.documents.blocks import Block, Form, Mark, Piece, first_number, flow
from rag.transcripts.documents.openings import (
    LABEL,
    Opening,
    opening_of,
    recurring,
)

_SPECIAL = re.compile(r"([\\*_`~{]|(?<=\])\()")
_LINE_START = re.compile(r"(?=#{1,6}\s)")


def document(
    blocks: Sequence[Block], values: Mapping[str, object], warnings: Iterable[str] = ()
) -> Document:
    """Write blocks as lines, with a blank line between two paragraphs."""
    openings = [None if block.group else opening_of(block) for block in blocks]
    known = recurring(blocks, openings)
    written: list[tuple[str, int]] = []
    before: Form | None = None
    for lines in _rendered(blocks, openings, known):
        if not lines:
            continue
        form, texts = lines[0][0], [(text, number) for _, text, number in lines]
        if written and not (form == before and form in (Form.ITEM, Form.ROW)):
            written.append(("", texts[0][1]))
        written += texts
        before = form
    return Document(
        tuple(text for text, _ in written),
        tuple(number for _, number in written),
        {**values, "speakers": speakers} if (speakers := _speakers(openings)) else values,
        tuple(warnings),
    )


def _speakers(openings: Iterable[Opening | None]) -> list[str]:
    """The names that the source itself calls speakers: they need not come back to be believed."""
    names = dict.fromkeys(item.name for item in openings if item is not None and item.said)
    return [name for name in names if not re.search("[,，、;；&/]", name)]


def _rendered(
    blocks: Sequence[Block], openings: Sequence[Opening | None], known: frozenset[str]
) -> Iterator[list[tuple[Form, str, int]]]:
    pairs = zip(blocks, openings, strict=True)
    for group, run in groupby(pairs, lambda pair: pair[0].group):
        if group:
            yield [(Form.ROW, *line) for line in _row_lines([cell for cell, _ in run], known)]
        else:
            for block, opening in run:
                yield [(block.form, *line) for line in _block_lines(block, opening, known)]


def _block_lines(
    block: Block, opening: Opening | None, known: frozenset[str]
) -> list[tuple[str, int]]:
    if opening is not None and _is_label(opening, block, known):
        return _labelled(opening, block.number)
    if block.form == Form.HEADING:
        text = flow("".join(piece.text or " " for piece in block.pieces))
        return [("#" * max(1, min(block.level, 6)) + " " + _escape(text), block.number)]
    lines = _lines(block.pieces)
    if block.form == Form.ITEM and lines and not LABEL.match(lines[0][0]):
        lines[0] = ("- " + lines[0][0], lines[0][1])
    if block.form == Form.QUOTE:
        lines = [("> " + text, number) for text, number in lines]
    return lines


def _is_label(opening: Opening, block: Block, known: frozenset[str]) -> bool:
    if block.form == Form.HEADING:
        return opening.said
    return opening.sure or opening.name in known


def _labelled(opening: Opening, number: int) -> list[tuple[str, int]]:
    time = f"[{opening.time}] " if opening.time else ""
    label = f"{time}**{_escape(opening.name)}:**"
    rest = _lines(opening.rest, lead=False)
    if rest and rest[0][1] == number:
        return [(f"{label} {rest[0][0]}", number), *rest[1:]]
    return [(label, number), *rest]


def _lines(pieces: Sequence[Piece], lead: bool = True) -> list[tuple[str, int]]:
    """Join pieces to lines, cut at breaks; a bold beginning of a line keeps its stars."""
    lines: list[tuple[str, int]] = []
    row: list[Piece] = []
    for piece in (*pieces, Piece("", 0, Mark.BREAK)):
        if piece.mark != Mark.BREAK:
            row.append(piece)
            continue
        text = flow("".join(part.text for part in row))
        if text:
            lines.append((_line(row, text, lead), first_number(row)))
        row = []
    return lines


def _line(row: Sequence[Piece], text: str, lead: bool) -> str:
    bold = ""
    for piece in row:
        if piece.text.strip() and piece.mark not in (Mark.BOLD, Mark.NAME):
            break
        bold += piece.text
    start = flow(bold)
    if lead and start and text.startswith(start) and len(start) <= 200:
        return f"**{_escape(start)}**{_escape(text[len(start) :])}"
    return _LINE_START.sub(r"\\", _escape(text), count=1) if text.startswith("#") else _escape(text)


def _row_lines(cells: Sequence[Block], known: frozenset[str]) -> list[tuple[str, int]]:
    """Write a row of a table in which nobody speaks, its cells side by side."""
    if len(cells) == 1:
        alone = Block(Form.PARAGRAPH, cells[0].pieces)
        return _block_lines(alone, opening_of(alone), known)
    return [(" | ".join(_escape(cell.text) for cell in cells), cells[0].number)]


def _escape(text: str) -> str:
    """Protect what Markdown would take for its own marks."""
    return _SPECIAL.sub(r"\\\1", text) if _SPECIAL.search(text) else text
