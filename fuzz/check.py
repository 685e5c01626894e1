"""What must hold for every file, however damaged: read or refused, soon, and nothing made up."""

from __future__ import annotations

import json
import math
import re
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from pathlib import Path

from rag.errors import UsageError
from rag.transcripts import parse
from rag.transcripts.encoding import decode
from rag.transcripts.kinds import CAPTIONS, DOCUMENTS, RECOGNISED, Kind, recognise
from rag.types import Section, Transcript, Turn

SECONDS = 2.0
"""CPU seconds for a file of up to 100 kB."""
_GROWTH = 200  # megabytes that one such file may cost
_UNIT = 1 << 10
_GIVEN = "Speaker Channel 0123456789\ufffd"  # names for those whom a recogniser only numbers
_OURS = " \n\xa0&、›"  # between people in one label, in the name of one, and between headings
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class Broken(AssertionError):
    """What was promised of every file does not hold for this one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether a file was read, and the CPU seconds that it took."""

    read: bool
    seconds: float


def check(data: bytes, name: str) -> Outcome:
    """Read a file as `rag` does, and look at what comes out.

    Raises:
        Broken: when something else than a transcript or a `UsageError` comes out, or one that is
            not in order, or too late.
    """
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    try:
        transcript = parse(data, Path(name), {})
    except UsageError as error:
        transcript = None
        _refused(error)
    except Exception as error:
        raise Broken(f"{type(error).__name__}: {error}") from error
    taken = time.process_time() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / _UNIT
    if taken > SECONDS * max(1, len(data) / 100_000):
        raise Broken(f"takes {taken:.1f} s")
    if grown > _GROWTH:
        raise Broken(f"takes {grown:.0f} MB")
    if transcript is not None:
        kind = recognise(data, Path(name))
        _in_order(transcript, kind)
        _nothing_new(transcript, data, kind, name)
    return Outcome(transcript is not None, taken)


def _refused(error: UsageError) -> None:
    text = f"{error.message}{error.hint}"
    if not error.message or any(char in text for char in "\n\r\0\x1b"):
        raise Broken(f"an error that is not one line: {text!r}")


def _in_order(transcript: Transcript, kind: Kind) -> None:
    items: list[Turn | Section] = [*transcript.turns, *transcript.sections]
    if not items:
        raise Broken("a transcript without text")
    for item in items:
        texts = item.text.split("\n")
        if len(texts) != len(item.lines) or not all(text.strip() for text in texts):
            raise Broken(f"lines without text, or text without lines: {item}")
    if [turn.number for turn in transcript.turns] != list(range(1, len(transcript.turns) + 1)):
        raise Broken("turns that are not numbered one after the other")
    for turn in transcript.turns:
        # In a text, somebody wrote the times, and they are passed on as written.
        _timed(turn, kind is not Kind.TEXT)
    # What recognisers hear at once stands in order of time, captions in two languages do too; and
    # libxml2 moves what a page has at a wrong place of a table.
    warned = bool(transcript.warnings) or kind in RECOGNISED | {Kind.HTML}
    untimed = (item for item in items if isinstance(item, Section) or not item.times)
    if not warned and any(_falls(item.lines) for item in untimed):
        raise Broken("lines go back within a turn, and nobody says so")
    starts = [turn.start for turn in transcript.turns if turn.start is not None]
    if kind in CAPTIONS and not warned and _falls(starts):
        raise Broken("captions go back in time, and nobody says so")


def _timed(turn: Turn, rising: bool) -> None:
    times = [*turn.times, *(time for time in (turn.start, turn.end) if time is not None)]
    if not all(math.isfinite(time) and time >= 0 for time in times):
        raise Broken(f"no time: {turn}")
    if turn.times and (len(turn.times) != len(turn.lines) or (rising and _falls(turn.times))):
        raise Broken(f"times that are not those of its lines: {turn}")
    if turn.start is not None and turn.end is not None and turn.end < turn.start:
        raise Broken(f"ends before it begins: {turn}")


def _falls(values: Iterable[float]) -> bool:
    return any(after < before for before, after in pairwise(values))


def _nothing_new(transcript: Transcript, data: bytes, kind: Kind, name: str) -> None:
    texts = [*_texts(transcript)]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise Broken(f"text that cannot be written: {error}") from error
    if any("\0" in text for text in texts):
        raise Broken("a NUL in the text")
    if kind in DOCUMENTS or kind is Kind.ZIP:
        return  # what is in them is packed, or spelled in many ways
    source = decode(data, name)[0]
    allowed = {*source, *unescape(source), *Path(name).stem, *_OURS}
    if kind in RECOGNISED:
        allowed |= {*_unescaped(source), *_GIVEN}
    if new := set("".join(texts)) - allowed:
        shown = ", ".join(f"U+{ord(char):04X}" for char in sorted(new))
        raise Broken(f"characters that are not in the file: {shown}")
    _inside(transcript, source.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1)


def _inside(transcript: Transcript, count: int) -> None:
    items: list[Turn | Section] = [*transcript.turns, *transcript.sections]
    for item in items:
        if not all(1 <= line <= count for line in (item.line, *item.lines)):
            raise Broken(f"lines that are not in the file of {count}: {item}")


def _texts(transcript: Transcript) -> Iterator[str]:
    yield transcript.title
    for turn in transcript.turns:
        yield from (turn.text, turn.speaker, turn.label, turn.topic)
    for section in transcript.sections:
        yield from (section.text, section.title)


def _unescaped(source: str) -> Iterator[str]:
    """The characters that escapes in JSON stand for."""
    for match in _STRING.finditer(source) if "\\" in source else ():
        with suppress(ValueError):
            yield from json.loads(match[0], strict=False)
