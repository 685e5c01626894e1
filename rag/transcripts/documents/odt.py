"""OpenDocument texts: paragraphs, headings, lists and tables; paragraphs with text are counted.

The XML is read as a stream, in little memory; odfpy builds a tree of the whole document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.transcripts.cues import Document
from rag.transcripts.documents.blocks import Block, Form, Mark, Piece
from rag.transcripts.documents.lines import document
from rag.transcripts.documents.packages import Package, release
from rag.transcripts.documents.tables import with_speaking_tables

if TYPE_CHECKING:
    from lxml.etree import _Element

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_PARAGRAPHS = (_TEXT + "p", _TEXT + "h")
_APART = (_TEXT + "tracked-changes", _OFFICE + "annotation", _OFFICE + "forms")
_TAGS = (
    *_PARAGRAPHS, *_APART, _TEXT + "note", _TEXT + "list", _TABLE + "table",
    _TABLE + "table-row", _TABLE + "table-cell", _STYLE + "style",
)  # fmt: skip
_LEFT_OUT = frozenset((*_APART, *_PARAGRAPHS, _TEXT + "note", _TEXT + "ruby-text"))


@dataclass(slots=True)
class _Reading:
    """The document so far, and what surrounds the place reached."""

    bold: dict[str, bool] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    notes: list[Block] = field(default_factory=list)
    tables: dict[int, int] = field(default_factory=dict)
    cells: list[list[Block]] = field(default_factory=list)
    inside: dict[str, int] = field(default_factory=dict)
    number: int = 0
    table: int = 0

    def within(self, tag: str) -> int:
        """How many elements of this kind are open."""
        return self.inside.get(tag, 0)


def read(data: bytes, place: str) -> Document:
    """Read an OpenDocument text.

    Raises:
        UsageError: when it is damaged, encrypted, too large, or not what it says.
    """
    package = Package(data, place)
    if b"encryption-data" in package.part("META-INF/manifest.xml"):
        raise UsageError(f"{place}: encrypted", "save it without a password")
    reading = _Reading()
    for name in ("styles.xml", "content.xml"):
        if name == "content.xml" or name in package.names:
            for event, element in package.elements(name, _TAGS):
                _take(event, element, reading, name == "content.xml")
    blocks = with_speaking_tables(reading.blocks, reading.tables)
    if reading.notes:
        heading = Block(Form.HEADING, (Piece("Notes", reading.notes[0].pieces[0].number),), 1)
        blocks += [heading, *reading.notes]
    return document(blocks, _values(package, reading.blocks))


def _take(event: str, element: _Element, reading: _Reading, content: bool) -> None:
    tag = str(element.tag)
    change = 1 if event == "start" else -1
    reading.inside[tag] = reading.within(tag) + change
    if event == "start":
        _enter(tag, reading)
        return
    if tag == _STYLE + "style":
        _style(element, reading.bold)
    elif tag in _PARAGRAPHS and content and not any(map(reading.within, _APART)):
        _paragraph(element, reading)
    elif tag == _TABLE + "table-row" and reading.within(_TABLE + "table") == 1:
        _row(reading)
    if any(map(reading.within, _PARAGRAPHS)):
        element.clear(keep_tail=True)  # its siblings are words of the paragraph around it
    else:
        release(element)


def _enter(tag: str, reading: _Reading) -> None:
    outermost = reading.within(_TABLE + "table") == 1
    if tag == _TABLE + "table" and outermost:
        reading.table += 1
    elif tag == _TABLE + "table-cell" and outermost:
        reading.cells.append([])


def _style(element: _Element, bold: dict[str, bool]) -> None:
    name = element.get(_STYLE + "name") or ""
    weight = ""
    for child in element.iterchildren(_STYLE + "text-properties"):
        weight = child.get(_FO + "font-weight") or ""
    parent = bold.get(element.get(_STYLE + "parent-style-name") or "", False)
    bold[name] = weight in ("bold", "600", "700", "800", "900") or (parent and not weight)


def _paragraph(element: _Element, reading: _Reading) -> None:
    style = element.get(_TEXT + "style-name") or ""
    heading = element.tag == _TEXT + "h"
    pieces = list(_pieces(element, reading.bold, reading.bold.get(style, False) and not heading))
    if not any(piece.text.strip() for piece in pieces):
        return
    reading.number += 1
    numbered = tuple(Piece(piece.text, reading.number, piece.mark) for piece in pieces)
    level = _level(element) if heading else int(style == "Title")
    form = Form.HEADING if level else Form.PARAGRAPH
    if form != Form.HEADING and reading.within(_TEXT + "list"):
        form = Form.ITEM
    block = Block(form, numbered, level)
    if reading.within(_TEXT + "note"):
        reading.notes.append(block)
    elif reading.within(_TABLE + "table") and reading.cells:
        reading.cells[-1].append(block)
    else:
        reading.blocks.append(block)


def _level(heading: _Element) -> int:
    level = heading.get(_TEXT + "outline-level") or ""
    return int(level) if re.fullmatch("[1-9][0-9]?", level) else 1


def _row(reading: _Reading) -> None:
    filled = [cell for cell in reading.cells if cell]
    reading.cells = []
    if len(filled) < 2:
        reading.blocks += [block for cell in filled for block in cell]
        return
    group = len(reading.tables) + 1
    reading.tables[group] = reading.table
    for cell in filled:
        pieces: list[Piece] = []
        for block in cell:
            pieces += [Piece("", 0, Mark.BREAK)] * bool(pieces) + list(block.pieces)
        reading.blocks.append(Block(Form.ROW, tuple(pieces), 0, group))


def _pieces(element: _Element, styles: Mapping[str, bool], bold: bool) -> Iterator[Piece]:
    """Yield the spans of a paragraph; what is anchored in it stands by itself."""
    from lxml import etree

    stack = [bold]
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, item in walker:
        tag = str(item.tag)
        if event == "start":
            if item is not element and tag in _LEFT_OUT:
                walker.skip_subtree()
                stack.append(stack[-1])
                continue
            named = (
                styles.get(item.get(_TEXT + "style-name") or "") if item is not element else None
            )
            stack.append(stack[-1] if named is None else named)
            yield from _special(tag)
            if item.text:
                yield Piece(item.text, 0, Mark.BOLD if stack[-1] else Mark.PLAIN)
        else:
            stack.pop()
            if item is not element and item.tail:
                yield Piece(item.tail, 0, Mark.BOLD if stack[-1] else Mark.PLAIN)


def _special(tag: str) -> Iterator[Piece]:
    if tag == _TEXT + "line-break":
        yield Piece("", 0, Mark.BREAK)
    elif tag in (_TEXT + "tab", _TEXT + "s"):
        yield Piece(" ", 0)


def _values(package: Package, blocks: list[Block]) -> dict[str, object]:
    root = package.tree("meta.xml")
    title = "" if root is None else " ".join((root.findtext(".//{*}title") or "").split())
    title = title or next((block.text for block in blocks if block.form == Form.HEADING), "")
    return {"title": title} if title else {}
