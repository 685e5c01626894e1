"""An HTML or XHTML tree to blocks, in one pass without recursion."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from rag.transcripts.documents.blocks import Block, Form, Mark, Piece

if TYPE_CHECKING:
    from lxml.etree import _Element

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav"
    " ol optgroup option p pre section summary table tbody td tfoot th thead title tr ul".split()
)
_NEVER = frozenset(
    "head script style noscript template svg math iframe object embed canvas audio video select"
    " button input textarea map applet link meta base rp rt".split()
)
_BOLD = frozenset(("b", "strong"))
_CELLS = frozenset(("td", "th"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
_SPEAKERS = frozenset("speaker interviewer interviewee participant attendee talker spk".split())
_NAMING = frozenset("name label id title heading header cell".split())
_LOOKS = frozenset(("transcript", "font", "bold"))
_STAMPS = frozenset("timestamp timecode time".split())
_NOTES = frozenset("footnote endnote footnotes endnotes rearnote".split())
_SPOKEN_IN = ("data-speaker", "data-speaker-name")
_FORMS = {
    "li": Form.ITEM, "blockquote": Form.QUOTE, "dt": Form.TERM, "dd": Form.PARAGRAPH,
}  # fmt: skip
_KEEPS_BREAKS = re.compile(r"white-space:\s*(?:pre|break)")
_HEAVY = re.compile(r"font-weight:\s*(?:bold|[6-9]00)")
_LONGEST_NAME = 60
_MOST_HOLDERS = 8
_LOOKAHEAD = 12  # elements
_EPUB_TYPE = "{http://www.idpf.org/2007/ops}type"

Zoning = Callable[["_Element", str], str]
"""Names the kind of zone that an element opens, "" for none, "holder" for a main part."""


@dataclass(slots=True)
class _State:
    """Where the walk is: the block being read and what surrounds it."""

    blocks: list[Block] = field(default_factory=list)
    notes: list[Block] = field(default_factory=list)
    tables: dict[int, int] = field(default_factory=dict)
    zones: list[str] = field(default_factory=lambda: [""])
    holders: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    pieces: list[Piece] = field(default_factory=list)
    line: int = 1
    zone: int = 0
    held: int = 0
    bold: int = 0
    name: int = 0
    time: int = 0
    kept: int = 0  # depth of elements in which line breaks count
    note: int = 0
    cell: int = 0
    row: int = 0
    table: int = 0
    counted: int = 0  # tables so far
    form: Form = Form.PARAGRAPH
    level: int = 0

    def add(self, text: str | None) -> None:
        """Take text at the place reached."""
        if not text:
            return
        if self.kept and "\n" in text:
            for index, line in enumerate(text.split("\n")):
                if index:
                    self.line += 1
                    self.pieces.append(Piece("", self.line, Mark.BREAK))
                self.pieces.append(Piece(line, self.line, self.mark))
            return
        start = text[: len(text) - len(text.lstrip())].count("\n")
        self.pieces.append(Piece(text, self.line + start, self.mark))
        self.line += text.count("\n")

    @property
    def mark(self) -> Mark:
        """The look of text at the place reached."""
        if self.name:
            return Mark.NAME
        if self.time:
            return Mark.TIME
        return Mark.BOLD if self.bold else Mark.PLAIN

    def close(self) -> None:
        """End the block being read, if there is anything in it."""
        if any(piece.text.strip() for piece in self.pieces):
            row = self.cell and self.row
            block = Block(
                Form.ROW if row else self.form,
                tuple(self.pieces),
                0 if row else self.level,
                self.row if row else 0,
                self.zone,
                self.holders[self.held],
            )
            (self.notes if self.note else self.blocks).append(block)
        self.pieces = []


@dataclass(frozen=True, slots=True)
class Walked:
    """The blocks of a page with the kinds of its zones and the table of each row."""

    blocks: list[Block]
    zones: list[str]
    tables: dict[int, int]


def walk(root: _Element, zoning: Zoning, number: int = 0) -> Walked:
    """Read the blocks under `root`; with `number`, lines are counted as paragraphs from there."""
    from lxml import etree

    state = _State()
    opened: list[Callable[[], None]] = []
    walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walker:
        if event == "start":
            state.line = max(state.line, element.sourceline or 0)
            tag = _tag(element)
            if tag in _NEVER or _is_reference(element, tag):
                walker.skip_subtree()
                opened.append(_nothing)
                continue
            opened.append(_open(state, element, tag, zoning))
            state.add(element.text)
            continue
        if event == "end":
            opened.pop()()
        elif element.text:
            state.line = max(state.line, element.sourceline or 0) + element.text.count("\n")
        if element is not root:
            state.add(element.tail)
    state.close()
    blocks = state.blocks + state.notes
    if number:
        blocks = [_numbered(block, index) for index, block in enumerate(blocks, start=number)]
    return Walked(blocks, state.zones, state.tables)


def _nothing() -> None:
    """Close an element that opened nothing."""


def _tag(element: _Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def _numbered(block: Block, number: int) -> Block:
    pieces = tuple(Piece(piece.text, number, piece.mark) for piece in block.pieces)
    return Block(block.form, pieces, block.level, block.group, block.zone, block.holders)


def _open(state: _State, element: _Element, tag: str, zoning: Zoning) -> Callable[[], None]:
    """Enter an element; return what is to be done when it ends."""
    before = (state.zone, state.held, state.bold, state.name, state.time, state.kept, state.note,
              state.cell, state.row, state.table, state.form, state.level)  # fmt: skip
    block = tag in _BLOCKS
    if block:
        state.close()
        _enter_block(state, element, tag, zoning)
    elif tag == "br":
        state.pieces.append(Piece("", state.line, Mark.BREAK))
    _enter_inline(state, element, tag)

    def leave() -> None:
        if block:
            state.close()
        (state.zone, state.held, state.bold, state.name, state.time, state.kept, state.note,
         state.cell, state.row, state.table, state.form, state.level) = before  # fmt: skip

    return leave


def _enter_block(state: _State, element: _Element, tag: str, zoning: Zoning) -> None:
    kind = zoning(element, tag)
    if kind == "holder" and len(state.holders[state.held]) < _MOST_HOLDERS:
        state.holders.append((*state.holders[state.held], len(state.holders)))
        state.held = len(state.holders) - 1
    elif kind and kind != "holder" and not state.zone:
        state.zones.append(kind)
        state.zone = len(state.zones) - 1
    if _NOTES & _words(element.get(_EPUB_TYPE), element.get("role")):
        state.note += 1
    if tag == "table":
        state.counted += 1
        state.table, state.row, state.cell = state.counted, 0, 0
    elif tag == "tr":
        state.row, state.cell = len(state.tables) + 1, 0
        state.tables[state.row] = state.table
    elif tag in _CELLS:
        state.cell = 1
    _form(state, element, tag)


def _form(state: _State, element: _Element, tag: str) -> None:
    if tag in _HEADINGS:
        state.form, state.level = Form.HEADING, int(tag[1])
    else:
        state.form = _FORMS.get(tag, state.form)
    style = element.get("style")
    if tag == "pre" or (style and _KEEPS_BREAKS.search(style)):
        state.kept += 1
    if state.form not in (Form.HEADING, Form.TERM):
        _spoken(state, element)


def _spoken(state: _State, element: _Element) -> None:
    """Take the speaker whom an attribute names, if the text does not begin with the name."""
    for attribute in _SPOKEN_IN:
        name = (element.get(attribute) or "").strip()
        if 0 < len(name) <= _LONGEST_NAME and not _begins_with(element, name):
            state.pieces.append(Piece(name, state.line, Mark.NAME))
            return


def _begins_with(element: _Element, name: str) -> bool:
    """Tell it by the text of the first few elements inside: never read all of a long page."""
    texts = [element.text or ""]
    for item in islice(element.iter(), 1, _LOOKAHEAD):
        texts += [(item.text or "") if isinstance(item.tag, str) else "", item.tail or ""]
    return "".join(texts).lstrip(" \t\r\n[【").startswith(name)


def _enter_inline(state: _State, element: _Element, tag: str) -> None:
    style = element.get("style")
    if tag in _BOLD or (style and _HEAVY.search(style)):
        state.bold += 1
    words = _words(element.get("class"), element.get("itemprop"), element.get("data-testid"))
    if tag == "time" or words & _STAMPS:
        state.time += _is_short(element, 20)
    elif _names_somebody(element, tag, words):
        state.name += _is_short(element, _LONGEST_NAME)


def _names_somebody(element: _Element, tag: str, words: set[str]) -> bool:
    if tag == "cite":
        # Without a colon it is whom a quotation is by, and stands behind it.
        return (element.text or "").rstrip().endswith((":", "："))
    return bool(words & _SPEAKERS) and words <= _SPEAKERS | _NAMING | _LOOKS


def _words(*values: str | None) -> set[str]:
    """The words of class names: `speakerName spk-label` are speaker, name, spk, label."""
    return {word.lower() for value in values if value for word in _TOKEN.findall(value[:200])}


def _is_short(element: _Element, most: int) -> bool:
    """Tell whether an element holds a name rather than a reply, without reading a long one."""
    found = list(islice(element.iter(), _LOOKAHEAD + 1))
    if len(found) > _LOOKAHEAD:
        return False
    texts = [element.text or "", *(f"{item.text or ''}{item.tail or ''}" for item in found[1:])]
    return 0 < len("".join(texts).strip()) <= most


def _is_reference(element: _Element, tag: str) -> bool:
    """A raised number that leads to a footnote is no part of what was said."""
    if tag not in ("sup", "a"):
        return False
    if "noteref" in _words(element.get(_EPUB_TYPE), element.get("role")):
        return True
    if tag == "a":
        return False
    link = element.find("{*}a")
    return link is not None and (link.get("href") or "").startswith("#")
