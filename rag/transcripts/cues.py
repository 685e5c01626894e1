"""What a file's own reader hands on: timed cues of a recording, or the lines of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption, or one stretch that a recogniser wrote down.

    `start` and `end` are seconds, None where the file has no times; `line` is the file line
    (1-based) of its words; `speaker` is the name as written, empty when the file names nobody.
    """

    start: float | None
    end: float | None
    text: str
    line: int
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """The cues of one file in order of time, and what the file says about itself.

    With `whole`, each cue is one person speaking once and is never joined with its neighbour. Cues
    in a list are used up when they become speech (see `used_up`).
    """

    cues: Sequence[Cue]
    whole: bool = False
    title: str = ""
    date: str = ""
    source: str = ""
    language: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a page or an office file as Markdown-like lines.

    `numbers` gives each line its place in the source (a file line, or the number of a paragraph),
    `values` are what front matter would say: title, date, source, speakers.
    """

    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    values: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def used_up(items: list[_Item]) -> Iterator[_Item]:
    """Yield the items in order and take each out of the list, which is empty in the end.

    Of a large file there is no room for the cues and for what is made of them at once.
    """
    items.reverse()
    while items:
        yield items.pop()
