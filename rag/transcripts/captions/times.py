"""Times as captions write them."""

from __future__ import annotations

import re

_CLOCK = re.compile(
    r"\s*(?:(\d{1,4}):)?(\d{1,3}):(\d{2})(?:\s?(?(1)[.,:]|[.,])\s?(\d{1,9}))?(?![\d:])"
)
_USUAL = re.compile(
    r"(\d\d):(\d\d):(\d\d)[.,](\d\d\d) --> (\d\d):(\d\d):(\d\d)[.,](\d\d\d)(?=\s|$)"
)


def span(line: str) -> tuple[float, float] | None:
    """Read `hh:mm:ss.fff --> hh:mm:ss.fff`, as nearly all captions have it: for speed alone."""
    match = _USUAL.match(line)
    if match is None:
        return None
    hour, minute, second, rest, *after = map(int, match.groups())
    start = hour * 3600 + minute * 60 + second + rest / 1000
    hour, minute, second, rest = after
    return start, hour * 3600 + minute * 60 + second + rest / 1000


def clock(text: str) -> tuple[float | None, bool]:
    """Read `[hh:]mm:ss[.fff]`, a comma allowed: the seconds, and whether all of it was read.

    What stands behind a time and belongs to it (`0:00:13.f89`) costs the fraction, no more.
    """
    match = _CLOCK.match(text)
    if match is None:
        return None, False
    hours, minutes, seconds, fraction = match.groups()
    total = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
    rest = text[match.end() :]
    whole = not rest or rest[0].isspace()
    return total + (int(fraction) / 10 ** len(fraction) if fraction else 0.0), whole
