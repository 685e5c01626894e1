"""What all readers of captions share: lines of a text, cues, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from rag.transcripts.captions.markup import spoken
from rag.transcripts.cues import Cue
from rag.transcripts.encoding import even_breaks

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


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text with their numbers, as editors count them."""
    text = even_breaks(text)
    start, number = 0, 1
    # A list of all lines of a large file would be several times as large as the file.
    while (end := text.find("\n", start)) >= 0:
        yield number, text[start:end]
        start, number = end + 1, number + 1
    yield number, text[start:]


def caption(
    start: float | None, end: float | None, lines: Iterable[tuple[int, str]], speaker: str = ""
) -> Iterator[Cue]:
    """Yield the cues of one caption, whose lines are as they stand in the file."""
    voice = speaker
    for number, line in lines:
        for voice, text in spoken(line, voice):  # noqa: B020 - a voice goes on in the next line
            if text:
                yield Cue(start, end, text, number, voice)


def ordered(cues: list[Cue], notes: Notes) -> tuple[Cue, ...]:
    """Return cues in order of time; those at the same time stay as they stand.

    Where the times begin again, as in two files made one, each part is ordered for itself.
    """
    parts: list[list[Cue]] = [[]]
    latest, falls = float("-inf"), False
    for at, cue in enumerate(cues):
        if cue.start is not None and cue.start < latest:
            if begins_again(latest, cue.start) and _is_part(cues[at : at + _PART], latest):
                notes.add(cue.line, "the times begin again; both parts kept one after the other")
                parts.append([])
                latest = cue.start
            elif not falls:
                notes.add(cue.line, "not in order of time; sorted")
                falls = True
        parts[-1].append(cue)
        latest = max(latest, cue.start) if cue.start is not None else latest
    if falls:
        for part in parts:
            part.sort(key=lambda cue: cue.start or 0.0)
    return tuple(chain.from_iterable(parts))


def begins_again(last: float, start: float) -> bool:
    """Tell whether so large a step back is that to the beginning of another part."""
    return last - start >= _RESTART


def _is_part(following: list[Cue], latest: float) -> bool:
    """Tell a part from a single caption with a wrong time: those behind it go on from there."""
    early = [cue for cue in following if cue.start is not None and cue.start < latest]
    return len(early) >= _LEAST and len(early) * 2 > len(following)
