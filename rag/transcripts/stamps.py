"""Times that stand before what is said, in texts that name nobody: `[00:12] and then we sailed`.

A video's panel of captions that was copied has the time on a line of its own; some pages have it
in a template call around the line. A list of chapters looks the same, and is told apart by the
words: nobody speaks one in ten seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rag.text import HAN, KANA
from rag.transcripts.labels import seconds
from rag.transcripts.markup import plain
from rag.transcripts.styles import TIME

_HEAD = re.compile(
    rf"(?P<open>[\[(（【])?\s*(?P<start>{TIME})(?:\s*(?:-{{1,2}}>|[-–—~至到])\s*(?P<end>{TIME}))?"
    r"(?:\s*(?P<close>[\])）】]))?(?P<rest>.*)",
)
_BRACKETED = re.compile(rf"\[{TIME}\]\s")
_MAYBE = re.compile(r"[\W_]{0,12}\d{1,3}:\d")
_BARE = re.compile(r"\d|[\[(（【]\d[\d:., >-]*[\])）】](?!\()")
_JOINT = re.compile(r"(?:\s*[-–—|:：]\s+|\s+|$)")
_CALL = re.compile(
    rf"\{{\{{[<%][^{{}}]{{0,300}}?\bstart=[\"']?({TIME})[\"' ][^{{}}]{{0,300}}\}}\}}"
)
# What the panel says to those who cannot see it: `5 seconds` under `0:05`.
_SPOKEN = re.compile(
    r"(?:\d+ hours?,? ?)?(?:\d+ minutes?,? ?)?(?:\d+ seconds?)?"
    r"|(?:\d+小时)?(?:\d+分钟?)?(?:\d+秒钟?)?"
)
_WORD = re.compile(rf"[{HAN}{KANA}]|[^\W_{HAN}{KANA}]+")
_LEAST = 3
_SLOWEST = 0.4  # words a second
_LATEST_BEGINNING = 4 * 3600.0  # a later one is a time of day


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time, the end of what is said there if it is written, and the rest of the line."""

    start: float
    end: float | None
    rest: str


def stamps(lines: Sequence[str], first: int, opening: Mapping[int, object]) -> dict[int, Stamp]:
    """Return the lines with times before speech, by index; none where they are something else.

    `opening` are the lines that begin with a speaker, whose times are read with the label.
    """
    found: dict[int, Stamp] = {}
    said: dict[int, int] = {}
    last = -1
    for index in range(first, len(lines)):
        if index in opening:
            last = -1
        elif (read := _read(lines[index])) is not None:
            found[index] = read
            last, said[index] = index, _words(read.rest)
        elif last >= 0:
            if _SPOKEN.fullmatch(lines[index].strip()) and not found[last].rest:
                continue
            said[last] += _words(lines[index])
    # Where labels have times in brackets, lines within a turn have them as well.
    sure = _are_timed(opening) and all(_BRACKETED.match(lines[index]) for index in found)
    return found if sure or _is_speech(found, said) else {}


def _are_timed(opening: Mapping[int, object]) -> bool:
    """Tell whether the labels of speakers have times of their own, all of them."""
    times = [getattr(item, "seconds", None) for item in opening.values()]
    return bool(times) and None not in times


def _read(line: str) -> Stamp | None:
    if "start=" in line and (match := _CALL.search(line)):
        return Stamp(seconds(match[1]), None, "")
    if not _MAYBE.match(line):
        return None
    # Links, bold and list marks around the time are taken off; most lines have none.
    match = _HEAD.match(line if _BARE.match(line) else plain(line))
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    rest = match["rest"]
    joint = _JOINT.match(rest)
    if joint is None:
        # `[00:12]然后` needs no space, `8:30出海` is no time before speech.
        return _stamp(match, rest) if match["open"] else None
    return _stamp(match, rest[joint.end() :])


def _stamp(match: re.Match[str], rest: str) -> Stamp:
    end = seconds(match["end"]) if match["end"] else None
    return Stamp(seconds(match["start"]), end, plain(rest.strip()))


def _is_speech(found: Mapping[int, Stamp], said: Mapping[int, int]) -> bool:
    if len(found) < _LEAST:
        return False
    falls = 0
    rates: list[float] = []
    for (index, here), (_, following) in pairwise(found.items()):
        if following.start < here.start:
            falls += 1
        else:
            rates.append(said[index] / max(following.start - here.start, 1.0))
    return falls * 20 <= max(len(found), 20) and median(rates) >= _SLOWEST


def _words(text: str) -> int:
    return len(_WORD.findall(text))


def of_day(times: Iterable[float | None]) -> bool:
    """Tell whether times are those of a clock on the wall, not of a recording."""
    known = [time for time in times if time is not None]
    return bool(known) and min(known) >= _LATEST_BEGINNING


def is_spoken_time(line: str, above: Stamp | None) -> bool:
    """Tell whether a line only says the time above it once more, in words."""
    text = line.strip()
    return bool(text) and above is not None and _SPOKEN.fullmatch(text) is not None


def any_time(times: Iterable[float | None]) -> bool:
    """Tell whether a time is known of any of the lines."""
    return any(time is not None for time in times)


def known_times(start: float | None, times: Sequence[float | None]) -> tuple[float, ...]:
    """Return the second of each line of a turn, that of the last time before it.

    Empty when the file says no more than when the turn begins.
    """
    if len(times) > 1 and len({time for time in times if time is not None} - {start}) < 1:
        return ()
    known: list[float] = []
    now = start
    for time in times:
        now = time if time is not None else now
        if now is None:
            return ()
        known.append(now)
    return tuple(known)
