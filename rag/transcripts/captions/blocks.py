"""SRT, WebVTT and SBV: blocks of lines, a line with two times in each, blank lines between.

Read line by line by ourselves: of the libraries none keeps the file line of a caption; pysubs2
puts a caption whose time is damaged into the text of the one before, and webvtt-py refuses a file
without its header and drops text without a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.transcripts.captions.build import Notes, caption, numbered, ordered
from rag.transcripts.captions.times import clock, span
from rag.transcripts.cues import Cue, Recording
from rag.transcripts.kinds import Kind

_ARROW = re.compile(r"\s*-{1,3}>\s*|\s*[—–]>\s*")
_SBV_LINE = re.compile(r"\d{1,4}:\d{1,2}:\w{1,2}[.:]?\w{0,3},\d{1,4}:")
_SKIPPED = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
_HEADER = "WEBVTT"
_SAID = re.compile(r"(title|date|source): (\S.*)")  # in a note above the captions
_LANGUAGE = re.compile(r"language\s*[:=]\s*([\w-]{1,35})\s*$", re.IGNORECASE)
_KEPT = "text without a time; kept with the caption before"

_Line = tuple[int, str]
_Timing = tuple[float | None, float | None]


def read(pieces: Iterable[str], kind: Kind, place: str) -> Recording:
    """Read an SRT, WebVTT or SBV file; what has no readable time keeps that of its neighbour.

    The offset of an `X-TIMESTAMP-MAP` is left alone: it places cues in a broadcast stream, while
    the times that viewers see are those written.
    """
    reader = _Reader(kind, Notes(place))
    for block in _blocks(pieces):
        reader.block(block)
    cues = reader.finished()
    return Recording(
        ordered(cues, reader.notes),
        title=reader.title,
        date=reader.date,
        source=reader.source,
        language=reader.language,
        warnings=reader.notes.all(),
    )


def _blocks(pieces: Iterable[str]) -> Iterator[list[_Line]]:
    """Yield the runs of lines between blank ones."""
    block: list[_Line] = []
    for number, line in numbered(pieces):
        if line and not line.isspace() and line != "\ufeff":
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


class _Reader:
    """Turns blocks into cues; knows the last time read, to which stray text is added."""

    def __init__(self, kind: Kind, notes: Notes) -> None:
        self.notes = notes
        self.title = self.date = self.source = self.language = ""
        self._kind = kind
        self._cues: list[Cue] = []
        self._timing: _Timing | None = None
        self._empty = False  # the last time has no text yet
        self._early: list[_Line] = []  # text before the first time
        self._index = 0

    def block(self, lines: list[_Line]) -> None:
        """Take one block: a caption, several that lack the blank line between, or none."""
        if self._kind is Kind.VTT and self._is_metadata(lines):
            return
        times = [at for at, (_, line) in enumerate(lines) if self._is_timing(line)]
        if not times:
            self._stray(lines)
            return
        self._stray(self._without_id(lines[: times[0]], first=True), numbered=False)
        for at, following in zip(times, [*times[1:], len(lines)], strict=True):
            said = lines[at + 1 : following]
            if following < len(lines):
                said = self._without_id(said, first=False)
            self._begin(*lines[at])
            self._say(said)

    def finished(self) -> list[Cue]:
        """Return all cues."""
        if self._early:
            self.notes.add(self._early[0][0], "text, but no time in the whole file")
        return self._cues

    def _is_metadata(self, lines: list[_Line]) -> bool:
        first = lines[0][1].lstrip("\ufeff")
        if _SKIPPED.match(first):
            if first.strip() == "NOTE" and self._timing is None:
                self._note([line for _, line in lines[1:]])
            return True
        if not first.startswith(_HEADER):
            if not self._timing and not self._early and lines[0][0] < 10 and not self._index:
                self.notes.add(lines[0][0], f"no {_HEADER} above it")
                self._index = -1
            return False
        self._index = -1
        dash, title = first[len(_HEADER) :].lstrip()[:1], first[len(_HEADER) :].strip(" \t-")
        self.title = self.title or (title if dash == "-" else "")
        above = 0
        while above < len(lines) and not self._is_timing(lines[above][1]):
            if match := _LANGUAGE.match(lines[above][1]):
                self.language = match[1]
            above += 1
        del lines[:above]
        return not lines

    def _note(self, lines: list[str]) -> None:
        """Take what a note says of the whole recording, as `writing` writes it."""
        found = filter(None, (_SAID.fullmatch(line.strip()) for line in lines))
        said = {match[1]: match[2] for match in found}
        self.title = self.title or said.get("title", "")
        self.date = self.date or said.get("date", "")
        self.source = self.source or said.get("source", "")

    def _is_timing(self, line: str) -> bool:
        if self._kind is Kind.SBV:
            return line[:1].isdigit() and _SBV_LINE.match(line) is not None
        # A time that is damaged still begins with a digit; an arrow in speech does not.
        return ">" in line and line.lstrip()[:1].isdigit() and bool(_ARROW.search(line[:40]))

    def _begin(self, number: int, line: str) -> None:
        start, end = span(line) or self._damaged(number, line)
        last = self._timing[1] if self._timing else None
        if start is None:
            start = last if last is not None else end
        if start is not None and end is not None and end < start:
            self.notes.add(number, "ends before it begins")
        self._timing = (start, end if start is None or end is None else max(start, end))
        if end is None:
            self._timing = (start, start)
        self._empty = True

    def _damaged(self, number: int, line: str) -> _Timing:
        """Read times that are not written as usual; most of them are whole all the same."""
        left, right = self._sides(line)
        start, good_start = clock(left)
        end, good_end = clock(right)
        if not (good_start and good_end):
            self.notes.add(number, f"a damaged time: {line.strip()[:60]}")
        return start, end

    def _sides(self, line: str) -> tuple[str, str]:
        if self._kind is Kind.SBV:
            left, _, right = line.partition(",")
            return left, right
        parts = _ARROW.split(line, maxsplit=1)
        return parts[0], parts[1]

    def _say(self, lines: list[_Line]) -> None:
        if not lines or self._timing is None:
            return
        if self._early:
            self.notes.add(self._early[0][0], "text above the first time")
            lines, self._early = [*self._early, *lines], []
        self._cues += caption(*self._timing, lines)
        self._empty = False

    def _without_id(self, lines: list[_Line], *, first: bool) -> list[_Line]:
        """Take the number, or in WebVTT the name, of the caption away that follows."""
        if not lines:
            return lines
        number = lines[-1][1].strip("\ufeff \t")
        if number.isdecimal() and len(number) < 10:
            self._index = int(number)
            return lines[:-1]
        return lines[:-1] if first and self._kind is Kind.VTT else lines

    def _stray(self, lines: list[_Line], *, numbered: bool = True) -> None:
        """Keep text that has no time: a blank line in a caption, or a time that is missing."""
        if numbered and self._kind is Kind.SRT and lines:
            number = lines[0][1].strip("\ufeff \t")
            if number.isdecimal() and len(number) < 10 and int(number) == self._index + 1:
                self._index, lines = self._index + 1, lines[1:]
        if not lines:
            return
        if self._timing is None:
            self._early += lines
            return
        if not self._empty:
            self.notes.add(lines[0][0], _KEPT)
        self._say(lines)
