"""The lines of a text cut into blocks: at labels, headings, and where times begin."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rag.text import HAN
from rag.transcripts.labels import Candidate
from rag.transcripts.markup import heading, plain
from rag.transcripts.prose import stops_in_sentences
from rag.transcripts.stamps import Stamp, any_time, is_spoken_time

_FULL_STOP = re.compile(r"[。！？!?.…”」』\"）)：:]$")
_LETTERS = re.compile(rf"[A-Za-z{HAN}]")
_BREAK = re.compile(r"\s*(?:[-*_=]\s*){3,}")
_FOLD = re.compile(r"\s*<summary\b")
_LABEL = 80  # characters on a fold
_PAUSE = re.compile(r"\*\*(?:commercial |ad )?break\W*(?:\d[\d:.]*\W*)?", re.IGNORECASE)
_COLOPHON = 8  # lines
_TOC = "{:toc}"
_ENDS_SENTENCE = re.compile(r"[。！？!?.…；;：:，,、”」』\"）)]$")


@dataclass(slots=True)
class Block:
    """A turn or a section being read; `opened` is None for prose.

    `seconds` are those at which its lines are said, `start` that of its label. A block that is
    `headed` has a heading of its own, else its title is that of the one before.
    """

    opened: Candidate | None
    title: str
    line: int
    headed: bool = False
    start: float | None = None
    texts: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    seconds: list[float | None] = field(default_factory=list)

    def add(self, text: str, line: int, second: float | None = None) -> None:
        """Add a line of text with its file line and the second at which it is said."""
        if text:
            self.texts.append(text)
            self.lines.append(line)
            self.seconds.append(second)


class Cutter:
    """Cuts the lines of a file at labels and headings."""

    def __init__(
        self, lines: Sequence[str], opening: dict[int, Candidate], stamped: Mapping[int, Stamp]
    ) -> None:
        """Take what was found in the lines; `opening` is used up, as a long file has no room."""
        self._lines, self._opening, self._stamped = lines, opening, stamped
        self._following = _next_filled(lines)
        self._last = max(opening, default=-1)
        self._folds = _recurring_summaries(lines)
        self._headless = stops_in_sentences(lines)
        self._now: Stamp | None = None

    def blocks(self, first: int) -> Iterator[Block]:
        """Yield the blocks from a line on; the title of each is the heading that opens it."""
        blocks = [Block(None, "", first + 1)]
        index = first
        while index < len(self._lines):
            if len(blocks) > 1:
                yield blocks.pop(0)
            if (item := self._opening.pop(index, None)) is not None:
                blocks.append(self._opened(item))
                index += item.span
                continue
            if not self._is_empty(index):
                self._add(index, blocks)
            elif self._is_end(index, blocks[-1]):
                blocks.append(Block(None, "", index + 1))
                self._now = None
            index += 1
        yield from blocks

    def _opened(self, item: Candidate) -> Block:
        # A time by itself above the label is that of the label.
        now = self._now.start if self._now is not None and not self._now.rest else None
        second = item.seconds if item.seconds is not None else now
        if item.seconds is not None or now is None:
            self._now = None
        line = item.index + 1
        block = Block(item, "", line, start=second)
        block.add(plain(item.rest), line, second)
        return block

    def _add(self, index: int, blocks: list[Block]) -> None:
        block = blocks[-1]
        stamp = self._stamped.get(index)
        if stamp is None and (title := self._title(index, block)) is not None:
            blocks.append(Block(None, title, index + 1))
            self._now = None
            return
        if stamp is not None:
            self._now = stamp
            if block.opened is None and block.texts and not any_time(block.seconds):
                blocks.append(Block(None, "", index + 1))
        text = plain(self._lines[index]) if stamp is None else stamp.rest
        blocks[-1].add(text, index + 1, self._now.start if self._now else None)

    def _is_empty(self, index: int) -> bool:
        line = self._lines[index]
        if not line.strip() or _BREAK.fullmatch(line) or _is_table_of_contents(self._lines, index):
            return True
        if (_FOLD.match(line) and plain(line) in self._folds) or _PAUSE.fullmatch(line):
            return True
        return index not in self._stamped and is_spoken_time(line, self._now)

    def _is_end(self, index: int, block: Block) -> bool:
        """Behind the last label, a rule and a few lines are what the makers of the page say."""
        if block.opened is None or index < self._last or not _BREAK.fullmatch(self._lines[index]):
            return False
        rest = [line for line in self._lines[index + 1 :] if line.strip()]
        return 0 < len(rest) <= _COLOPHON

    def _title(self, index: int, block: Block) -> str | None:
        line, following = self._lines[index].strip(), self._following[index]
        if line.startswith("#"):
            return heading(line)
        if block.opened is not None:
            # Inside a reply a bold line is emphasis, unless the next speaker begins right after it.
            return heading(line) if following in self._opening else None
        if (title := heading(line)) is not None:
            return title
        if self._headless or not _is_unmarked_heading(self._lines, index, following, block):
            return None
        return plain(line)


def _recurring_summaries(lines: Sequence[str]) -> frozenset[str]:
    """What a page writes on each of its folds: `View original`."""
    counts = Counter(plain(line) for line in lines if _FOLD.match(line))
    return frozenset(text for text, count in counts.items() if count > 2 and len(text) <= _LABEL)


def _next_filled(lines: Sequence[str]) -> array[int]:
    """For each line the index of the next one that is not blank; their number when none is."""
    following = array("q", [len(lines)]) * len(lines)
    for index in range(len(lines) - 2, -1, -1):
        following[index] = index + 1 if lines[index + 1].strip() else following[index + 1]
    return following


def _is_unmarked_heading(lines: Sequence[str], index: int, following: int, block: Block) -> bool:
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


def _is_table_of_contents(lines: Sequence[str], index: int) -> bool:
    """Jekyll marks a generated table of contents by a list item and `{:toc}` under it."""
    here = lines[index].strip()
    below = lines[index + 1].strip() if index + 1 < len(lines) else ""
    return here == _TOC or (below == _TOC and here.startswith("*"))
