"""Where the pieces of a quotation stand in a text, word for word and in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rag.quotes import cut
from rag.quotes.words import ELLIPSIS, has_words, is_edge, places, squash, units

_FEW = 2  # words; a shorter piece stands beside its neighbour, or is a clause of its own (好，…),
# or else anything could be composed of single words
_TRIED = 50  # places of a piece whose neighbourhood is read before the first is taken as it is


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch `text[start:end]` that holds all the words of a quotation.

    `lost` are stretches of it that are not quoted and without which it means something else; with
    any the quotation is not exact. `gaps` are those that an ellipsis leaves out.
    """

    start: int
    end: int
    lost: tuple[tuple[int, int], ...] = ()
    gaps: tuple[tuple[int, int], ...] = ()


@lru_cache(maxsize=256)
def readings(quotation: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read a quotation as squashed pieces, the strictest first.

    An ellipsis may be one that was spoken or written; only if that is found nowhere, it leaves
    something out. Empty for a quotation without words.
    """
    parts = ELLIPSIS.split(quotation)
    whole = squash(" ".join(parts))
    if not has_words(whole):
        return ()
    merged: list[str] = []
    short = False
    for part in parts:
        if not squash(part):
            continue
        if short or (merged and len(units(squash(part))) < _FEW):
            merged[-1] += f" {part}"
        else:
            merged.append(part)
        short = len(units(squash(merged[-1]))) < _FEW
    apart = tuple(piece for piece in map(squash, parts) if piece)
    return tuple(dict.fromkeys(((whole,), tuple(map(squash, merged)), apart)))


def stand(quotation: str, text: str) -> Place | None:
    """Return the first place of a quotation in a text, preferably one where nothing is lost."""
    squashed = squash(text)
    first = None
    for pieces in readings(quotation):
        if not all(piece in squashed for piece in pieces):
            continue
        place = _in_order(pieces, text, squashed)
        if place is not None and not place.lost:
            return place
        first = first or place
    return first


def _in_order(pieces: tuple[str, ...], text: str, squashed: str) -> Place | None:
    found: list[Place] = []
    position, done = 0, -1
    for piece in pieces:
        best = None
        alone = len(pieces) > 1 and len(units(piece)) < _FEW
        for number, at in enumerate(_occurrences(piece, squashed, position)):
            start, end = places(text).original(at, at + len(piece))
            if alone and not cut.is_clause(text, start, end):
                continue
            place = _judged(text, start, end, done)
            if best is None or not place.lost:
                best, position = place, at + len(piece)
            if not place.lost or number == _TRIED:
                break
        if best is None:
            return None
        found.append(best)
        done = best.end
    return _joined(text, found)


def _occurrences(piece: str, squashed: str, start: int) -> Iterator[int]:
    """Yield where a piece stands as whole words."""
    at = squashed.find(piece, start)
    while at >= 0:
        if is_edge(squashed, at) and is_edge(squashed, at + len(piece)):
            yield at
        at = squashed.find(piece, at + 1)


def _judged(text: str, start: int, end: int, done: int) -> Place:
    """Note what is lost before a piece; `done` is the end of the one before, -1 without."""
    lost = cut.before(text, start, max(done, 0))
    if lost is None and done >= 0:
        lost = cut.skips_negation(text, done, start)
    return Place(start, end, () if lost is None else ((lost, start),))


def _joined(text: str, found: list[Place]) -> Place:
    """Put pieces together, and note what is lost behind each of them."""
    lost: list[tuple[int, int]] = []
    following = [*(place.start for place in found[1:]), len(text)]
    for place, limit in zip(found, following, strict=True):
        lost += place.lost
        stop = cut.behind(text, place.end)
        if stop is not None and stop <= limit and (place.end, limit) not in lost:
            lost.append((place.end, stop))
    gaps = tuple((one.end, other.start) for one, other in pairwise(found))
    start = min([found[0].start, *(begin for begin, _ in lost)])
    end = max([found[-1].end, *(stop for _, stop in lost)])
    return Place(start, end, tuple(sorted(lost)), gaps)
