"""Word documents: paragraphs, headings, lists and tables, as they read with all changes accepted.

Paragraphs with text are counted through the document, those in tables included. python-docx was
tried: it loses inserted text that is not yet accepted, content controls and text boxes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.transcripts.cues import Document
from rag.transcripts.documents.blocks import Block, Form, Mark, Piece
from rag.transcripts.documents.lines import document
from rag.transcripts.documents.packages import Package, release
from rag.transcripts.documents.tables import with_speaking_tables

if TYPE_CHECKING:
    from lxml.etree import _Element

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SPACES = (
    "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}",
    "{http://purl.oclc.org/ooxml/wordprocessingml/main}",  # strict
)
_LEFT_OUT = frozenset(
    "del moveFrom delText instrText delInstrText pPr rPr Fallback footnoteReference"
    " endnoteReference commentReference annotationRef txbxContent rt".split()
)
_OFF = ("0", "false", "off", "none")
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_LISTED = re.compile(r"List (?:Bullet|Number)", re.IGNORECASE)
_CUE = re.compile(r"(\d{1,2}:\d{1,2}:\d{1,2})(?:\.\d+)?\s*-->\s*\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?")
_NOTES = "Notes"
_WRITTEN = {"t": "", "tab": "\t", "noBreakHyphen": "-"}


@dataclass(frozen=True, slots=True)
class _Style:
    """What matters here of a paragraph's or a character's style."""

    level: int = 0
    bold: bool = False
    item: bool = False


@dataclass(slots=True)
class _Reading:
    """The document so far: blocks, and the table that is open."""

    styles: Mapping[str, _Style]
    blocks: list[Block] = field(default_factory=list)
    tables: dict[int, int] = field(default_factory=dict)
    cells: list[list[Block]] = field(default_factory=list)
    number: int = 0
    depth: int = 0  # of tables in tables
    table: int = 0
    repeated: int = 0  # what stands in a fallback was said in the choice before it

    def paragraph(self, element: _Element) -> None:
        """Take a paragraph into the open cell, or into the document."""
        pieces = list(_pieces(element, self.styles))
        if not any(piece.text.strip() for piece in pieces):
            return
        self.number += 1
        block = _block(element, pieces, self.styles, self.number)
        if self.depth and self.cells:
            self.cells[-1].append(block)
        else:
            self.blocks.append(block)

    def row(self) -> None:
        """End a row: several cells are a row, a single one is only a frame."""
        filled = [cell for cell in self.cells if cell]
        if len(filled) < 2:
            self.blocks += [block for cell in filled for block in cell]
        else:
            group = len(self.tables) + 1
            self.tables[group] = self.table
            for cell in filled:
                pieces: list[Piece] = []
                for block in cell:
                    pieces += [Piece("", 0, Mark.BREAK)] * bool(pieces) + list(block.pieces)
                self.blocks.append(Block(Form.ROW, tuple(pieces), 0, group))
        self.cells = []


def read(data: bytes, place: str) -> Document:
    """Read a Word document.

    Raises:
        UsageError: when it is damaged, too large, or not what it says.
    """
    package = Package(data, place)
    reading = _Reading(_styles(package))
    _body(package, "word/document.xml", reading)
    notes = _Reading(reading.styles, number=reading.number)
    for name in ("word/footnotes.xml", "word/endnotes.xml"):
        if name in package.names:
            _body(package, name, notes)
    blocks = with_speaking_tables(reading.blocks, reading.tables)
    if notes.blocks:
        heading = Block(Form.HEADING, (Piece(_NOTES, reading.number + 1),), 1)
        blocks += [heading, *notes.blocks]
    return document([_timed(block) for block in blocks], _values(package, blocks))


def _body(package: Package, name: str, reading: _Reading) -> None:
    tags = tuple(space + tag for space in _SPACES for tag in ("p", "tbl", "tr", "tc"))
    for event, element in package.elements(name, (*tags, _FALLBACK)):
        tag = _local(element)
        if tag == "Fallback":
            reading.repeated += 1 if event == "start" else -1
        elif reading.repeated:
            continue
        elif event == "start":
            _enter(tag, reading)
        else:
            _leave(tag, element, reading)
            release(element)


def _leave(tag: str, element: _Element, reading: _Reading) -> None:
    if tag == "p":
        reading.paragraph(element)
    elif tag == "tbl":
        reading.depth -= 1
    elif tag == "tr" and reading.depth == 1:
        reading.row()


def _enter(tag: str, reading: _Reading) -> None:
    if tag == "tbl":
        reading.depth += 1
        reading.table += reading.depth == 1
    elif tag == "tc" and reading.depth == 1:
        reading.cells.append([])


def _pieces(paragraph: _Element, styles: Mapping[str, _Style]) -> Iterator[Piece]:
    """Yield the runs of a paragraph, without what was deleted and without comments."""
    from lxml import etree

    bold = False
    walker = etree.iterwalk(paragraph, events=("start",))
    for _, element in walker:
        tag = _local(element)
        if tag in _LEFT_OUT:
            walker.skip_subtree()
        elif tag == "r":
            properties = _child(element, "rPr")
            if properties is not None and _is_on(properties, "vanish"):
                walker.skip_subtree()
            bold = _is_bold(properties, styles)
        elif tag in _WRITTEN:
            text = _WRITTEN[tag] or element.text or ""
            yield Piece(text, 0, Mark.BOLD if bold else Mark.PLAIN)
        elif tag in ("br", "cr"):
            yield Piece("", 0, Mark.BREAK)


def _block(
    element: _Element, pieces: list[Piece], styles: Mapping[str, _Style], number: int
) -> Block:
    properties = _child(element, "pPr")
    style = styles.get(_value(properties, "pStyle"), _Style())
    numbered = tuple(
        Piece(piece.text, number, Mark.BOLD if style.bold and not piece.mark else piece.mark)
        for piece in pieces
    )
    if style.level:
        return Block(Form.HEADING, numbered, style.level)
    listed = style.item or (properties is not None and _child(properties, "numPr") is not None)
    return Block(Form.ITEM if listed else Form.PARAGRAPH, numbered)


def _timed(block: Block) -> Block:
    """Older exports of Teams write a caption into a paragraph: times, name and words in lines."""
    if block.form != Form.PARAGRAPH or not (match := _CUE.match(block.text)):
        return block
    parts: list[list[Piece]] = [[]]
    for piece in block.pieces:
        parts += [[]] if piece.mark == Mark.BREAK else []
        parts[-1] += [] if piece.mark == Mark.BREAK else [piece]
    if len(parts) < 3 or not _CUE.fullmatch("".join(p.text for p in parts[0]).strip()):
        return block
    time = ":".join(f"{int(part):02}" for part in match[1].split(":"))
    number = block.pieces[0].number
    name = "".join(piece.text for piece in parts[1]).strip()
    rest = [piece for part in parts[2:] for piece in (*part, Piece("", number, Mark.BREAK))]
    return Block(
        Form.PARAGRAPH, (Piece(time, number, Mark.TIME), Piece(name, number, Mark.NAME), *rest)
    )


def _styles(package: Package) -> dict[str, _Style]:
    """Headings and bold styles by id; their names are English whatever the language of Word."""
    root = package.tree("word/styles.xml")
    found: dict[str, _Style] = {"Strong": _Style(bold=True)}
    for style in () if root is None else root:
        if _local(style) != "style":
            continue
        name = _value(style, "name")
        match = _HEADING.fullmatch(name)
        level = int(match[1]) if match else int(name.lower() == "title")
        item = _LISTED.match(name) is not None
        bold = _is_on(_child(style, "rPr"), "b") and not level
        identifier = next((v for k, v in style.attrib.items() if str(k).endswith("}styleId")), "")
        found[str(identifier)] = _Style(level, bold, item)
    return found


def _values(package: Package, blocks: list[Block]) -> dict[str, object]:
    """The title as the document's properties give it; its dates are those of the file."""
    root = package.tree("docProps/core.xml")
    title = "" if root is None else " ".join((root.findtext("{*}title") or "").split())
    if not title or re.match(r"(?:Microsoft )?Word |Document\d*$|PowerPoint", title):
        title = next((block.text for block in blocks if block.form == Form.HEADING), "")
    return {"title": title} if title and title != _NOTES else {}


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _child(element: _Element | None, tag: str) -> _Element | None:
    for child in () if element is None else element:
        if _local(child) == tag:
            return child
    return None


def _value(element: _Element | None, tag: str) -> str:
    """The `w:val` of a child, "" when there is none."""
    child = _child(element, tag)
    if child is None:
        return ""
    return next((str(v) for k, v in child.attrib.items() if str(k).endswith("}val")), "")


def _is_on(properties: _Element | None, tag: str) -> bool:
    return _child(properties, tag) is not None and _value(properties, tag).lower() not in _OFF


def _is_bold(properties: _Element | None, styles: Mapping[str, _Style]) -> bool:
    if properties is None:
        return False
    if _child(properties, "b") is not None:
        return _is_on(properties, "b")
    return styles.get(_value(properties, "rStyle"), _Style()).bold
