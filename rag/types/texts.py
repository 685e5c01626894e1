"""What is read and cut: addresses, turns, transcripts, exchanges, passages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.errors import UsageError

_ADDRESS = re.compile(
    r"(?P<transcript>.+):(?P<section>s?)(?P<first>\d{1,9})(?:\.(?P<first_part>\d{1,9}))?"
    r"(?:-(?P=section)(?P<last>\d{1,9})(?:\.(?P<last_part>\d{1,9}))?)?"
)
_TOGETHER = re.compile(r" & |、")


def people(speaker: str) -> tuple[str, ...]:
    """Return everybody whom a speaker's name means: two for `Ann & Bob` and `张三、李四`.

    Nobody is named by an empty one.
    """
    parts = _TOGETHER.split(speaker)
    return tuple(dict.fromkeys(parts)) if all(parts) else (speaker,) if speaker else ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a piece of text stands.

    Turns are `interview:57-58`, part two of a long turn `interview:57.2`, prose `interview:s3`.
    Numbers are 1-based; part 0 means the whole turn or section.
    """

    transcript: str
    first: int
    last: int
    first_part: int = 0
    last_part: int = 0
    section: bool = False

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address as `str()` writes it, or with the brackets that an answer puts around.

        Raises:
            UsageError: when `text` is not an address.
        """
        bare = text.strip()
        if bare.startswith("[") and bare.endswith("]"):
            bare = bare[1:-1]
        match = _ADDRESS.fullmatch(bare)
        if match is None:
            raise UsageError(
                f"{text!r} is not an address", "an address looks like interview:57-58 or essay:s3"
            )
        first, first_part = int(match["first"]), int(match["first_part"] or 0)
        last = int(match["last"] or first)
        last_part = int(match["last_part"] or 0) if match["last"] else first_part
        if first < 1 or last < first:
            raise UsageError(f"{text!r} is not an address", "turns are numbered upwards from 1")
        return cls(match["transcript"], first, last, first_part, last_part, bool(match["section"]))

    def __str__(self) -> str:
        kind = "s" if self.section else ""
        start = f"{kind}{self.first}" + (f".{self.first_part}" if self.first_part else "")
        end = f"{kind}{self.last}" + (f".{self.last_part}" if self.last_part else "")
        return f"{self.transcript}:{start}" + ("" if end == start else f"-{end}")

    def covers(self, other: Address) -> bool:
        """Tell whether the two share a turn or section, parts left aside."""
        return (
            self.transcript == other.transcript
            and self.section == other.section
            and self.first <= other.last
            and other.first <= self.last
        )


@dataclass(frozen=True, slots=True)
class Turn:
    """One person speaking once.

    `line` is the file line (1-based) of the label, `lines` those of each line of `text`; `start`
    and `end` are seconds, and `times` the second at which each line of `text` begins (empty when
    unknown); `topic` is the heading over it. Nobody is named when `speaker` is empty.
    """

    number: int
    speaker: str
    label: str
    text: str
    line: int
    lines: tuple[int, ...]
    start: float | None = None
    end: float | None = None
    topic: str = ""
    times: tuple[float, ...] = ()

    @property
    def end_line(self) -> int:
        """The file line of its last words."""
        return self.lines[-1]

    def second(self, place: int) -> float | None:
        """The second at which the line of `text` with the character at `place` begins."""
        return _second(self.text, place, self.times, self.start)


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of prose that nobody speaks: a summary, an essay, its title aside."""

    number: int
    title: str
    text: str
    line: int
    lines: tuple[int, ...]

    @property
    def end_line(self) -> int:
        """The file line of its last words."""
        return self.lines[-1]


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file, read: who said what, in which line; `warnings` tell what could not be kept.

    `aliases` are the other names of speakers that it was read with, each with whom it means.
    """

    id: str
    path: str
    title: str
    date: str
    source: str
    language: str
    turns: tuple[Turn, ...] = ()
    sections: tuple[Section, ...] = ()
    warnings: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and the reply to it; either may be empty at the edges of a conversation."""

    question: tuple[Turn, ...]
    reply: tuple[Turn, ...]

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns in the order in which they were spoken."""
        return tuple(sorted(self.question + self.reply, key=lambda turn: turn.number))


@dataclass(frozen=True, slots=True)
class Span:
    """A turn or section, or a part of one, inside a passage.

    `text` is exactly `source.text[offset : offset + len(text)]`, `lines` the file line of each of
    its lines, `times` the second of each, or empty; `speaker` is empty for prose. Without `times`,
    `start` is that of the whole turn.
    """

    number: int
    part: int
    speaker: str
    text: str
    offset: int
    lines: tuple[int, ...]
    start: float | None = None
    times: tuple[float, ...] = ()

    @property
    def line(self) -> int:
        """The file line of its first words."""
        return self.lines[0]

    @property
    def end_line(self) -> int:
        """The file line of its last words."""
        return self.lines[-1]

    def second(self, place: int) -> float | None:
        """The second at which the line of `text` with the character at `place` begins."""
        return _second(self.text, place, self.times, self.start)


def _second(text: str, place: int, times: tuple[float, ...], start: float | None) -> float | None:
    line = text.count("\n", 0, max(place, 0))
    return times[line] if line < len(times) else start


@dataclass(frozen=True, slots=True)
class Passage:
    """What is embedded, found and cited: consecutive turns, or a section of prose.

    `context` is text that belongs to the passage's meaning but not to its own words: the question
    that a later part of a long reply answers, or the title of a section.
    """

    transcript: str
    spans: tuple[Span, ...]
    tokens: int
    section: bool = False
    context: str = ""

    @property
    def address(self) -> Address:
        """The address of all its spans together."""
        first, last = self.spans[0], self.spans[-1]
        return Address(
            self.transcript, first.number, last.number, first.part, last.part, self.section
        )

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks in it, in order of appearance."""
        return tuple(dict.fromkeys(name for span in self.spans for name in people(span.speaker)))

    @property
    def text(self) -> str:
        """The words with their speakers, one span a line."""
        return "\n".join(
            f"{span.speaker}：{span.text}" if span.speaker else span.text for span in self.spans
        )

    @property
    def searchable(self) -> str:
        """What is embedded and indexed: the words, with their context and without labels."""
        words = "\n".join(span.text for span in self.spans)
        return f"{self.context}\n{words}" if self.context else words
