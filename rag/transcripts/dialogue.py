"""The reader of Markdown and plain text: labelled dialogue, prose, or prose before dialogue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from rag.transcripts import speech
from rag.transcripts.blocks import Block, Cutter
from rag.transcripts.cues import Cue, Recording, used_up
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
    lines: Sequence[str], front: FrontMatter, aliases: Mapping[str, str]
) -> tuple[tuple[Turn, ...], tuple[Section, ...]]:
    """Read the lines of a file behind its front matter into turns and sections of prose."""
    opening = _opening(lines, front, aliases)
    stamped = stamps(lines, front.body, opening)
    prose: list[Block] = []
    blocks = _titled(_without_furniture(Cutter(lines, opening, stamped).blocks(front.body)))
    turns = _turns(_join_fragments(_spoken(blocks, prose)), front, aliases)
    return turns, tuple(_sections(prose, lines))


def _opening(
    lines: Sequence[str], front: FrontMatter, aliases: Mapping[str, str]
) -> dict[int, Candidate]:
    """The lines that begin with a speaker."""
    found = (candidate(line, index) for index, line in enumerate(lines) if index >= front.body)
    candidates = [*filter(None, found), *headers(lines, front.body)]
    candidates.sort(key=lambda item: item.index)
    declared = {*front.people, *front.aliases, *aliases, *aliases.values()}
    accepted = accept(candidates, declared, islice(lines, front.body, None))
    return {item.index: item for item in accepted}


def _without_furniture(blocks: Iterator[Block]) -> Iterator[Block]:
    last = next(blocks)
    for block in blocks:
        yield last
        last = block
    while last.texts and _FURNITURE.fullmatch(last.texts[-1]):
        last.texts.pop()
        last.lines.pop()
        last.seconds.pop()
    if last.texts or not _FURNITURE.fullmatch(last.title):
        yield last


def _titled(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give each block with text the headings over it; a heading over nothing joins the next one.

    A turn without a heading of its own keeps that of the turn before.
    """
    title = ""  # of the turn before
    pending: list[Block] = []
    for block in blocks:
        if block.title:
            pending.append(block)
        if not block.texts:
            continue
        if pending:
            block.title = _PARENT.join(item.title for item in pending)
            pending, block.headed = [], True
        elif block.opened is not None:
            block.title = title or block.title
        else:
            block.line = block.lines[0]
        title = block.title if block.opened is not None else ""
        yield block
    if pending:
        titles = [item.title for item in pending]
        yield Block(None, "", pending[0].line, texts=titles, lines=[item.line for item in pending])


def _spoken(blocks: Iterable[Block], prose: list[Block]) -> Iterator[Block]:
    """Yield what somebody says, and add what nobody says to `prose`."""
    for block in blocks:
        if block.opened is None and not any_time(block.seconds):
            prose.append(block)
        else:
            yield block


def _join_fragments(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join lines of one label when the first stops in the middle of a sentence.

    Recognisers repeat `[Speaker 0]:` before every few words; that is one person speaking once.
    """
    previous: Block | None = None
    for block in blocks:
        if previous is not None and _continues(previous, block):
            previous.texts += block.texts
            previous.lines += block.lines
            previous.seconds += block.seconds
            continue
        if previous is not None:
            yield previous
        previous = block
    if previous is not None:
        yield previous


def _continues(previous: Block, block: Block) -> bool:
    if previous.opened is None or block.opened is None or block.headed:
        return False
    same = previous.opened.key == block.opened.key
    return same and re.search(r"[。！？!?.…”」\"）)]$", previous.texts[-1]) is None


def _turns(
    blocks: Iterable[Block], front: FrontMatter, aliases: Mapping[str, str]
) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    labels: list[str] = []  # of every turn; empty where the file names nobody
    for block in blocks:
        turns += _unnamed(block) if block.opened is None else [_named(block, block.opened)]
        label = block.opened.label if block.opened is not None else ""
        labels += [label] * (len(turns) - len(labels))
    table = {**aliases, **front.aliases, **_roles(front)}
    speakers = canonical(filter(None, labels), front.people, table)
    timeless = of_day(turn.start for turn in turns)
    return tuple(
        _finished(turn, number, speakers[label] if label else None, timeless)
        for number, (turn, label) in enumerate(zip(used_up(turns), labels, strict=True), start=1)
    )


def _named(block: Block, item: Candidate) -> Turn:
    """A turn that still lacks its number and its speaker."""
    return Turn(
        number=0,
        speaker="",
        label=item.written,
        text="\n".join(block.texts),
        line=block.line,
        lines=tuple(block.lines),
        start=block.start if block.start is not None else next(iter(block.seconds), None),
        topic=block.title,
        times=known_times(block.start, block.seconds),
    )


def _finished(turn: Turn, number: int, speaker: str | None, timeless: bool) -> Turn:
    """Give a turn its number, and its speaker if it has not been told who that is."""
    said = turn.speaker if speaker is None else speaker
    return Turn(
        number,
        said,
        turn.label if said else "",
        turn.text,
        turn.line,
        turn.lines,
        None if timeless else turn.start,
        None if timeless else turn.end,
        turn.topic,
        () if timeless else turn.times,
    )


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


def _sections(blocks: list[Block], lines: Sequence[str]) -> Iterator[Section]:
    for number, block in enumerate(used_up(blocks), start=1):
        texts, numbers = readable(block.texts, block.lines, lines)
        text = "\n".join(texts)
        yield Section(number, block.title, text, block.line, tuple(numbers))
