"""The reader of Markdown and plain text: labelled dialogue, prose, or prose before dialogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.text import HAN
from rag.transcripts.frontmatter import FrontMatter
from rag.transcripts.labels import Candidate, accept, candidate
from rag.transcripts.markup import heading, plain
from rag.transcripts.speakers import canonical
from rag.types import Section, Turn

# What web pages leave behind the last word of an interview.
_FURNITURE = re.compile(
    r"(?:see|read|show|load|view) (?:more|less|all)\W*|(?:查看|阅读|显示|加载)(?:更多|全文|原文)\W*"
    r"|展开(?:全文)?|收起|back to top|返回顶部|share(?: this)?|分享(?:到)?|相关阅读[:：]?|\W+",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[。！？!?.…；;：:，,、”」』\"）)]$")
_FULL_STOP = re.compile(r"[。！？!?.…”」』\"）)：:]$")
_LETTERS = re.compile(rf"[A-Za-z{HAN}]")
_BREAK = re.compile(r"\s*(?:[-*_=]\s*){3,}")
_TOC = "{:toc}"
_PARENT = " › "  # between a heading and the one right under it


@dataclass(slots=True)
class _Block:
    """A turn or a section being read; `opened` is None for prose.

    A block that is `headed` has a heading of its own, else its title is that of the one before.
    """

    opened: Candidate | None
    title: str
    line: int
    headed: bool = False
    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, text: str, line: int) -> None:
        if text:
            self.texts.append(text)
            self.lines.append(line)


def parse(
    lines: list[str], front: FrontMatter, aliases: Mapping[str, str]
) -> tuple[tuple[Turn, ...], tuple[Section, ...]]:
    """Read the lines of a file behind its front matter into turns and sections of prose."""
    found = (candidate(line, index) for index, line in enumerate(lines) if index >= front.body)
    declared = {*front.people, *front.aliases, *aliases, *aliases.values()}
    accepted = accept([c for c in found if c], declared, lines[front.body :])
    opening = {item.index: item for item in accepted}
    blocks = _titled(_without_furniture(_blocks(lines, front.body, opening)))
    spoken = [block for block in blocks if block.opened is not None]
    prose = [block for block in blocks if block.opened is None]
    return _turns(_join_fragments(spoken), front, aliases), _sections(prose)


def _blocks(lines: list[str], first: int, opening: Mapping[int, Candidate]) -> list[_Block]:
    """Cut the lines at labels and headings; a block's title is the heading that opens it."""
    blocks = [_Block(None, "", first + 1)]
    following = _next_filled(lines)
    for index in range(first, len(lines)):
        line = lines[index]
        block = blocks[-1]
        if (item := opening.get(index)) is not None:
            blocks.append(_Block(item, "", index + 1))
            blocks[-1].add(plain(item.rest), index + 1)
        elif not line.strip() or _BREAK.fullmatch(line) or _is_table_of_contents(lines, index):
            continue
        elif (title := _title(lines, index, following[index], block, opening)) is not None:
            blocks.append(_Block(None, title, index + 1))
        else:
            block.add(plain(line), index + 1)
    return blocks


def _next_filled(lines: list[str]) -> list[int]:
    """For each line the index of the next one that is not blank; their number when none is."""
    following = [len(lines)] * len(lines)
    for index in range(len(lines) - 2, -1, -1):
        following[index] = index + 1 if lines[index + 1].strip() else following[index + 1]
    return following


def _title(
    lines: list[str], index: int, following: int, block: _Block, opening: Mapping[int, Candidate]
) -> str | None:
    line = lines[index].strip()
    if line.startswith("#"):
        return heading(line)
    if block.opened is not None:
        # Inside a reply a bold line is emphasis, unless the next speaker begins right after it.
        return heading(line) if following in opening else None
    if (title := heading(line)) is not None:
        return title
    return plain(line) if _is_unmarked_heading(lines, index, following, block) else None


def _is_unmarked_heading(lines: list[str], index: int, following: int, block: _Block) -> bool:
    """A short line alone between blank ones, between paragraphs that end as prose does.

    Recognised speech is full of short lines too, but those stop and go on in mid-sentence.
    """
    if following == len(lines) or following == index + 1 or (index and lines[index - 1].strip()):
        return False
    if re.match(r"\s*(?:[-*+>|\[(]|\d+[.、)]|https?:|[a-z])", lines[index]):
        return False
    text, below = plain(lines[index]), plain(lines[following])
    long = len(text) > 40 if not text.isascii() else len(text.split()) > 10
    if long or len(text) < 2 or not _LETTERS.search(text) or _ENDS_SENTENCE.search(text):
        return False
    if len(re.findall("[，,]", text)) > 1 or len(below) <= len(text):
        return False
    if block.title and len(block.texts) > 1 and not _FULL_STOP.search(block.texts[-1]):
        return False
    return _FULL_STOP.search(below) is not None


def _is_table_of_contents(lines: list[str], index: int) -> bool:
    """Jekyll marks a generated table of contents by a list item and `{:toc}` under it."""
    here = lines[index].strip()
    below = lines[index + 1].strip() if index + 1 < len(lines) else ""
    return here == _TOC or (below == _TOC and here.startswith("*"))


def _without_furniture(blocks: list[_Block]) -> list[_Block]:
    last = blocks[-1]
    while last.texts and _FURNITURE.fullmatch(last.texts[-1]):
        last.texts.pop()
        last.lines.pop()
    return blocks if last.texts or not _FURNITURE.fullmatch(last.title) else blocks[:-1]


def _titled(blocks: list[_Block]) -> list[_Block]:
    """Give each block with text the headings over it; a heading over nothing joins the next one.

    A turn without a heading of its own keeps that of the turn before.
    """
    kept: list[_Block] = []
    pending: list[_Block] = []
    for block in blocks:
        if block.title:
            pending.append(block)
        if not block.texts:
            continue
        if pending:
            block.title = _PARENT.join(item.title for item in pending)
            pending, block.headed = [], True
        elif block.opened is not None and kept and kept[-1].opened is not None:
            block.title = kept[-1].title
        elif block.opened is None:
            block.line = block.lines[0]
        kept.append(block)
    if pending:
        titles = [item.title for item in pending]
        kept.append(
            _Block(None, "", pending[0].line, texts=titles, lines=[item.line for item in pending])
        )
    return kept


def _join_fragments(blocks: list[_Block]) -> list[_Block]:
    """Join lines of one label when the first stops in the middle of a sentence.

    Recognisers repeat `[Speaker 0]:` before every few words; that is one person speaking once.
    """
    joined: list[_Block] = []
    for block in blocks:
        previous = joined[-1] if joined else None
        if previous is not None and _continues(previous, block):
            previous.texts += block.texts
            previous.lines += block.lines
        else:
            joined.append(block)
    return joined


def _continues(previous: _Block, block: _Block) -> bool:
    if previous.opened is None or block.opened is None or block.headed:
        return False
    same = previous.opened.key == block.opened.key
    return same and re.search(r"[。！？!?.…”」\"）)]$", previous.texts[-1]) is None


def _turns(
    blocks: list[_Block], front: FrontMatter, aliases: Mapping[str, str]
) -> tuple[Turn, ...]:
    opened = [(block, block.opened) for block in blocks if block.opened is not None]
    table = {**aliases, **front.aliases, **_roles(front)}
    speakers = canonical((item.label for _, item in opened), front.people, table)
    return tuple(
        Turn(
            number=number,
            speaker=speakers[item.label],
            label=item.written,
            text="\n".join(block.texts),
            line=block.line,
            lines=tuple(block.lines),
            start=item.seconds,
            topic=block.title,
        )
        for number, (block, item) in enumerate(opened, start=1)
    )


def _roles(front: FrontMatter) -> dict[str, str]:
    """Q and A are people when the file names one interviewer and one guest."""
    roles: dict[str, str] = {}
    if len(front.interviewers) == 1:
        roles |= dict.fromkeys(("Q", "问", "Question"), front.interviewers[0])
    if len(front.guests) == 1:
        roles |= dict.fromkeys(("A", "答", "Answer"), front.guests[0])
    return roles


def _sections(blocks: list[_Block]) -> tuple[Section, ...]:
    return tuple(
        Section(number, block.title, "\n".join(block.texts), block.line, tuple(block.lines))
        for number, block in enumerate(blocks, start=1)
    )
