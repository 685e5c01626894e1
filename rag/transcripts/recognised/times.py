"""What a recogniser calls a time, in seconds: clocks, durations, numbers of this or that unit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.text import HAN, KANA

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,9})?)")
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{0,12})?")
_DURATION = re.compile(
    r"(?:PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)|(\d{1,9}(?:\.\d{1,9})?)\s?s"
)
_MILLISECONDS = re.compile(r"(?:_ms|Ms|MS|Millis|[Mm]illiseconds|毫秒|[(（]ms[)）])$")
_SECONDS = re.compile(r"(?:_s|_secs?|Secs?|[Ss]econds|秒|[(（]s[)）])$")
_TICKS = re.compile(r"[Tt]icks$")
_LATEST = 1e7  # seconds; what is larger counts from 1970 and is no place in a recording
# Speech takes a third of a second a word. Whole numbers per word tell seconds from milliseconds.
_MOST_SECONDS, _BETWEEN, _LEAST_MILLISECONDS = 5.0, 15.0, 60.0
_WORD = re.compile(rf"[{HAN}{KANA}]|[^\W_{HAN}{KANA}]+")


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as read: `exact` when its unit is written with it and it is seconds already."""

    value: float
    exact: bool = False
    whole: bool = False


def stamp(value: object) -> Stamp | None:
    """Read a number, a text such as `1.2`, `00:00:01,200`, `1.2s`, `PT1.2S`, or seconds + nanos."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        number = float(value) if abs(value) < 1e15 else math.nan
        return Stamp(number, whole=number.is_integer()) if 0 <= number < 1e15 else None
    if isinstance(value, str):
        return _written(value.strip())
    if isinstance(value, dict) and ("seconds" in value or "nanos" in value):
        parts = [stamp(value.get("seconds", 0)), stamp(value.get("nanos", 0))]
        if parts[0] and parts[1]:
            return Stamp(parts[0].value + parts[1].value / 1e9, exact=True)
    return None


def _written(text: str) -> Stamp | None:
    if _NUMBER.fullmatch(text):
        return Stamp(float(text), whole="." not in text)
    if match := _CLOCK.fullmatch(text):
        hours, minutes, seconds = match.groups(default="0")
        return Stamp(
            int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", ".")), exact=True
        )
    if text and (match := _DURATION.fullmatch(text)):
        hour, minute, second, bare = (float(part or 0) for part in match.groups())
        return Stamp(hour * 3600 + minute * 60 + second + bare, exact=True)
    return None


def clock(text: str) -> float | None:
    """Read a time of day of a recording, `1:02` or `00:01:02.5`, as seconds."""
    read = _written(text)
    return read.value if read and read.exact else None


def seconds(value: object, scale: float) -> float | None:
    """Return a time as seconds, None when it is none or no place in a recording."""
    read = stamp(value)
    if read is None:
        return None
    result = read.value if read.exact else read.value * scale
    return round(result, 6) if result < _LATEST else None


def named_scale(key: str) -> float | None:
    """Return seconds per unit where the name of a column or key says the unit."""
    if _MILLISECONDS.search(key):
        return 1e-3
    if _TICKS.search(key):
        return 1e-7
    return 1.0 if _SECONDS.search(key) else None


def words_in(text: str) -> int:
    """Count the words of a text, where a character of Chinese or Japanese is one."""
    return len(_WORD.findall(text))


def evident_scale(
    spans: Iterable[tuple[object, object]], texts: Sequence[str], place: str
) -> tuple[float, str]:
    """Tell seconds from milliseconds by the numbers; return seconds per unit, and a warning.

    A fraction means seconds. Whole numbers are weighed against the words spoken in them, for a
    person says a word in a third of a second; the warning is for what is in between.
    """
    total, first, last = 0.0, math.inf, 0.0
    for begin, end in spans:
        start, stop = stamp(begin), stamp(end)
        for one in (start, stop):
            if one is not None and (one.exact or not one.whole):
                return 1.0, ""
        if start is not None:
            first, last = min(first, start.value), max(last, start.value)
            total += max(0.0, stop.value - start.value) if stop else 0.0
    total = total or (last - first if last > first else 0.0)
    if not total:
        return 1.0, ""
    rate = total / max(1, sum(map(words_in, texts)))
    scale, unit = (1.0, "seconds") if rate < _BETWEEN else (1e-3, "milliseconds")
    if _MOST_SECONDS < rate < _LEAST_MILLISECONDS:
        return scale, f"{place}: times without a unit taken for {unit}, {rate:.0f} for each word"
    return scale, ""
