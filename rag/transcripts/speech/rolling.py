"""Captions that roll: each shows the line before once more, above its own.

A file is taken to roll when many of its captions begin with what the one before showed, and go on
from there or show it for a moment only. Who says `No.` twice does not roll, nor does a recogniser
that is caught in a loop: what it repeats has times of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from rag.transcripts.cues import Cue, used_up

_SHARE = 0.3  # of the captions; in other files it is one in a hundred
_LEAST = 3
_LONGEST_GAP = 1.0  # seconds for which a caption that is off the screen may roll on
_MOMENT = 0.3  # seconds in which nothing can be said
_MOST_LINES = 8


def unrolled(cues: list[Cue]) -> list[Cue]:
    """Return the cues, each line once if the captions roll; then the list given is used up."""
    shown, repeated = 0, 0
    for rolls, _ in _overlaps(cues):
        shown += 1
        repeated += rolls
    if repeated < _LEAST or repeated < shown * _SHARE:
        return cues
    return [cue for _, fresh in _overlaps(used_up(cues)) for cue in fresh]


def captions(cues: Iterable[Cue]) -> Iterator[list[Cue]]:
    """Group the cues that are shown at the same time: the lines of one caption."""
    for (start, _), group in groupby(cues, key=lambda cue: (cue.start, cue.end)):
        if start is None:
            yield from ([cue] for cue in group)
        else:
            yield list(group)


def _overlaps(cues: Iterable[Cue]) -> Iterator[tuple[bool, list[Cue]]]:
    """For each caption: whether it goes on from the one before, and what is new in it."""
    last: list[Cue] = []
    for caption in captions(cues):
        count = _repeated(last, caption)
        fresh = caption[count:]
        if not count and (longer := _grown(last, caption)) is not None:
            count, fresh = 1, longer
        yield count > 0 and (bool(fresh) or _is_same_time(last, caption)), fresh
        last = caption


def _is_same_time(last: list[Cue], caption: list[Cue]) -> bool:
    """Tell what is shown once more from what is said once more, which takes time."""
    before, now = last[0], caption[0]
    if None in (before.start, before.end, now.start, now.end):
        return False
    shorter = min((cue.end or 0.0) - (cue.start or 0.0) for cue in (before, now))
    return shorter <= _MOMENT or (now.start or 0.0) < (before.end or 0.0)


def _repeated(last: list[Cue], caption: list[Cue]) -> int:
    """The number of last lines of the one that are the first lines of the other."""
    if not last or not _follows(last, caption):
        return 0
    before = [cue.text for cue in last[-_MOST_LINES:]]
    if caption[0].text not in before:
        return 0
    now = [cue.text for cue in caption[:_MOST_LINES]]
    most = min(len(before), len(now))
    return next((n for n in range(most, 0, -1) if before[-n:] == now[:n]), 0)


def _grown(last: list[Cue], caption: list[Cue]) -> list[Cue] | None:
    """What is new in a caption that shows the line before with more words behind it."""
    if not last or not _follows(last, caption):
        return None
    before, now = last[-1].text, caption[0].text
    if len(now) <= len(before) or not now.startswith(before):
        return None
    rest = now[len(before) :]
    if rest[0].isalnum() and before[-1].isalnum() and rest[0].isascii():
        return None  # in the middle of a word
    return [replace(caption[0], text=rest.strip()), *caption[1:]]


def _follows(last: list[Cue], caption: list[Cue]) -> bool:
    end, start = last[-1].end, caption[0].start
    return end is not None and start is not None and start - end <= _LONGEST_GAP
