"""What all readers of captions share: lines of a text, cues, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from rag.transcripts.captions.markup import spoken
from rag.transcripts.cues import Cue
from rag.transcripts.encoding import BREAK

_MOST_WARNINGS = 5
_RESTART = 60.0  # seconds
_LEAST, _PART = 3, 10  # captions


class Notes:
    """Warnings that name the line; of many only the first are kept."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._texts: list[str] = []
        self._more = 0

    def add(self, line: int, what: str) -> None:
        """Note what is wrong in a line."""
        if len(self._texts) < _MOST_WARNINGS:
            self._texts.append(f"{self.place}:{line}: {what}")
        else:
            self._more += 1

    def all(self) -> tuple[str, ...]:
        """Return the warnings, and how many there were besides."""
        if not self._more:
            return tuple(self._texts)
        return (*self._texts, f"{self.place}: {self._more} more lines like these")


def numbered(pieces: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers, as editors count them.

    The text comes in pieces, which end with a line but for the last one.
    """
    number, rest = 1, ""
    # A list of all lines of a large file would be several times as large as the file.
    for piece in pieces:
        start = 0
        for match in BREAK.finditer(piece):
            yield number, piece[start : match.start()]
            start, number = match.end(), number + 1
        rest = piece[start:]
    yield number, rest


def caption(
    start: float | None, end: float | None, lines: Iterable[tuple[int, str]], speaker: str = ""
) -> Iterator[Cue]:
    """Yield the cues of one caption, whose lines are as they stand in the file."""
    voice = speaker
    for number, line in lines:
        for voice, text in spoken(line, voice):  # noqa: B020 - a voice goes on in the next line
            if text:
                yield Cue(start, end, text, number, voice)


def ordered(cues: list[Cue], notes: Notes) -> list[Cue]:
    """Return cues in order of time; those at the same time stay as they stand.

    Where the times begin again, as in two files made one, each part is ordered for itself.
    """
    parts: list[int] = [0]  # where each begins
    latest, falls = float("-inf"), False
    for at, cue in enumerate(cues):
        if cue.start is not None and cue.start < latest:
            if begins_again(latest, cue.start) and _is_part(cues[at : at + _PART], latest):
                notes.add(cue.line, "the times begin again; both parts kept one after the other")
                parts.append(at)
                latest = cue.start
            elif not falls:
                notes.add(cue.line, "not in order of time; sorted")
                falls = True
        latest = max(latest, cue.start) if cue.start is not None else latest
    if falls:
        for first, end in pairwise([*parts, len(cues)]):
            cues[first:end] = sorted(cues[first:end], key=lambda cue: cue.start or 0.0)
    return cues


def begins_again(last: float, start: float) -> bool:
    """Tell whether so large a step back is that to the beginning of another part."""
    return last - start >= _RESTART


def _is_part(following: list[Cue], latest: float) -> bool:
    """Tell a part from a single caption with a wrong time: those behind it go on from there."""
    early = [cue for cue in following if cue.start is not None and cue.start < latest]
    return len(early) >= _LEAST and len(early) * 2 > len(following)
