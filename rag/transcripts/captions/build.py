"""What all readers of captions share: lines of a text, cues, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rag.transcripts.captions.markup import spoken
from rag.transcripts.cues import Cue

_MOST_WARNINGS = 5


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
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
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
    """Return cues in order of time; those at the same time stay as they stand."""
    latest = float("-inf")
    for cue in cues:
        if cue.start is not None and cue.start < latest:
            notes.add(cue.line, "not in order of time; sorted")
            cues.sort(key=lambda cue: cue.start or 0.0)
            break
        latest = cue.start if cue.start is not None else latest
    return tuple(cues)
