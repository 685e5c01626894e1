"""Labels on two lines of their own: a name and a time, one above the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.transcripts.labels import Candidate, labelled
from rag.transcripts.markup import plain
from rag.transcripts.styles import ABOVE, BELOW

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
_LONE = re.compile(rf"[\[(（【]?({_CLOCK})(?:\s*(?:-->|[-–—~至到])\s*{_CLOCK})?[\])）】]?")
_LONGEST = 80


def headers(lines: Sequence[str], first: int) -> Iterator[Candidate]:
    """Yield a candidate where a name stands right above or below a time and words follow.

    Meeting programs write so, and so do web pages that are copied.
    """
    filled = [index for index in range(first, len(lines)) if lines[index].strip()]
    stamps = [_stamp(lines[index]) for index in filled]
    if not any(stamps):
        return
    for at, (upper, lower) in enumerate(pairwise(stamps)):
        above, below = filled[at], filled[at + 1]
        # Words must follow, not another time.
        if bool(upper) == bool(lower) or at + 2 >= len(stamps) or stamps[at + 2]:
            continue
        style, name = (ABOVE, lines[below]) if upper else (BELOW, lines[above])
        if len(name) <= _LONGEST:
            span = below - above + 1
            item = labelled(plain(name), upper or lower, style, above, span)
            if item is not None:
                yield item


def _stamp(line: str) -> str:
    if len(line) > _LONGEST:
        return ""
    match = _LONE.fullmatch(plain(line))
    return match[1] if match else ""
