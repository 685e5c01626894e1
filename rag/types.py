"""The values that travel from file to answer: frozen, without behaviour beyond their own shape."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from rag.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    Matrix: TypeAlias = NDArray[np.float32]

_ADDRESS = re.compile(
    r"(?P<transcript>.+):(?P<section>s?)(?P<first>\d{1,9})(?:\.(?P<first_part>\d{1,9}))?"
    r"(?:-(?P=section)(?P<last>\d{1,9})(?:\.(?P<last_part>\d{1,9}))?)?"
)


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
    and `end` are seconds; `topic` is the heading over it.
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

    @property
    def end_line(self) -> int:
        """The file line of its last words."""
        return self.lines[-1]


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
    """One file, read: who said what, in which line; `warnings` tell what could not be kept."""

    id: str
    path: str
    title: str
    date: str
    source: str
    language: str
    turns: tuple[Turn, ...] = ()
    sections: tuple[Section, ...] = ()
    warnings: tuple[str, ...] = ()


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
    its lines; `speaker` is empty for prose.
    """

    number: int
    part: int
    speaker: str
    text: str
    offset: int
    lines: tuple[int, ...]
    start: float | None = None

    @property
    def line(self) -> int:
        """The file line of its first words."""
        return self.lines[0]

    @property
    def end_line(self) -> int:
        """The file line of its last words."""
        return self.lines[-1]


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
        return tuple(dict.fromkeys(span.speaker for span in self.spans if span.speaker))

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


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with the fused score and what each leg gave (0 where a leg was silent)."""

    passage: Passage
    score: float
    dense: float
    lexical: float
    link: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search, best hit first; `timings` are milliseconds."""

    question: str
    hits: tuple[Hit, ...]
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of one speaker as they stand in the transcript, and where.

    `asked` is the question that they reply to, where they cannot be understood without it.
    """

    address: Address
    speaker: str
    quote: str
    exact: bool
    line: int
    end_line: int
    start: float | None = None
    link: str = ""
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, from what, or that the transcripts are silent.

    `timings` are milliseconds; `usage` counts tokens and is empty without a language model.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    refused: bool
    confidence: float
    model: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)


class Encoder(Protocol):
    """Turns text into unit vectors; questions and passages may be treated differently."""

    @property
    def fingerprint(self) -> str:
        """What has to be equal for vectors to be comparable: model, weights, size, prompts."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def passages(self, texts: Sequence[str], /) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimension), rows of unit length."""
        ...

    def question(self, text: str, /) -> Vector:
        """Embed a question; shape (dimension,), unit length."""
        ...
