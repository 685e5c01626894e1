"""The reader of Markdown and plain text: labelled dialogue, prose, or prose before dialogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from rag.transcripts import speech
from rag.transcripts.blocks import Block, Cutter
from rag.transcripts.cues import Cue, Recording
from rag.transcripts.frontmatter import FrontMatter
from rag.transcripts.headers import headers
from rag.transcripts.labels import Candidate, accept, candidate
from rag.transcripts.prose import readable
from rag.transcripts.speakers import canonical
from rag.transcripts.stamps import (
    any_time,
    known_times,
    of_day,
    stamps,
)
from rag.types import Section, Turn

# What web pages leave behind the last word of an interview.
_FURNITURE = re.compile(
    r"(?:see|read|show|load|view) (?:more|less|all)\W*|(?:查看|阅读|显示|加载)(?:更多|全文|原文)\W*"
    r"|展开(?:全文)?|收起|back to top|返回顶部|share(?: this)?|分享(?:到)?|相关阅读[:：]?|\W+",
    re.IGNORECASE,
)
_PARENT = " › "  # between a heading and the one right under it


def parse(
    lines: list[str], front: FrontMatter, aliases: Mapping[str, str]
) -> tuple[tuple[Turn, ...], tuple[Section, ...]]:
    """Read the lines of a file behind its front matter into turns and sections of prose."""
    found = (candidate(line, index) for index, line in enumerate(lines) if index >= front.body)
    declared = {*front.people, *front.aliases, *aliases, *aliases.values()}
    candidates = [*filter(None, found), *headers(lines, front.body)]
    candidates.sort(key=lambda item: item.index)
    accepted = accept(candidates, declared, lines[front.body :])
    opening = {item.index: item for item in accepted}
    stamped = stamps(lines, front.body, opening)
    blocks = _titled(_without_furniture(Cutter(lines, opening, stamped).blocks(front.body)))
    spoken = [block for block in blocks if block.opened is not None or any_time(block.seconds)]
    prose = [block for block in blocks if block.opened is None and not any_time(block.seconds)]
    return _turns(_join_fragments(spoken), front, aliases), _sections(prose, lines)


def _without_furniture(blocks: list[Block]) -> list[Block]:
    last = blocks[-1]
    while last.texts and _FURNITURE.fullmatch(last.texts[-1]):
        last.texts.pop()
        last.lines.pop()
        last.seconds.pop()
    return blocks if last.texts or not _FURNITURE.fullmatch(last.title) else blocks[:-1]


def _titled(blocks: list[Block]) -> list[Block]:
    """Give each block with text the headings over it; a heading over nothing joins the next one.

    A turn without a heading of its own keeps that of the turn before.
    """
    kept: list[Block] = []
    pending: list[Block] = []
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
            Block(None, "", pending[0].line, texts=titles, lines=[item.line for item in pending])
        )
    return kept


def _join_fragments(blocks: list[Block]) -> list[Block]:
    """Join lines of one label when the first stops in the middle of a sentence.

    Recognisers repeat `[Speaker 0]:` before every few words; that is one person speaking once.
    """
    joined: list[Block] = []
    for block in blocks:
        previous = joined[-1] if joined else None
        if previous is not None and _continues(previous, block):
            previous.texts += block.texts
            previous.lines += block.lines
            previous.seconds += block.seconds
        else:
            joined.append(block)
    return joined


def _continues(previous: Block, block: Block) -> bool:
    if previous.opened is None or block.opened is None or block.headed:
        return False
    same = previous.opened.key == block.opened.key
    return same and re.search(r"[。！？!?.…”」\"）)]$", previous.texts[-1]) is None


def _turns(blocks: list[Block], front: FrontMatter, aliases: Mapping[str, str]) -> tuple[Turn, ...]:
    table = {**aliases, **front.aliases, **_roles(front)}
    labels = (block.opened.label for block in blocks if block.opened is not None)
    speakers = canonical(labels, front.people, table)
    turns: list[Turn] = []
    for block in blocks:
        turns += _named(block, block.opened, speakers) if block.opened else _unnamed(block)
    if of_day(turn.start for turn in turns):
        turns = [replace(turn, start=None, end=None, times=()) for turn in turns]
    return tuple(replace(turn, number=number) for number, turn in enumerate(turns, start=1))


def _named(block: Block, item: Candidate, speakers: Mapping[str, str]) -> list[Turn]:
    turn = Turn(
        number=1,
        speaker=speakers[item.label],
        label=item.written if speakers[item.label] else "",
        text="\n".join(block.texts),
        line=block.line,
        lines=tuple(block.lines),
        start=block.start if block.start is not None else next(iter(block.seconds), None),
        topic=block.title,
        times=known_times(block.start, block.seconds),
    )
    return [turn]


def _unnamed(block: Block) -> list[Turn]:
    """What is said at times that the file gives, by people whom it does not name."""
    ends = [*block.seconds[1:], None]
    cues = tuple(
        Cue(start, end if end != start else None, text, line)
        for start, end, text, line in zip(
            block.seconds, ends, block.texts, block.lines, strict=True
        )
    )
    return [replace(turn, topic=block.title) for turn in speech.turns(Recording(cues), {})]


def _roles(front: FrontMatter) -> dict[str, str]:
    """Q and A are people when the file names one interviewer and one guest."""
    roles: dict[str, str] = {}
    if len(front.interviewers) == 1:
        roles |= dict.fromkeys(("Q", "问", "Question"), front.interviewers[0])
    if len(front.guests) == 1:
        roles |= dict.fromkeys(("A", "答", "Answer"), front.guests[0])
    return roles


def _sections(blocks: list[Block], lines: list[str]) -> tuple[Section, ...]:
    sections: list[Section] = []
    for number, block in enumerate(blocks, start=1):
        texts, numbers = readable(block.texts, block.lines, lines)
        text = "\n".join(texts)
        sections.append(Section(number, block.title, text, block.line, tuple(numbers)))
    return tuple(sections)
