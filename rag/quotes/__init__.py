"""Is this quotation really there, word for word, and who said it?

A quotation is exact when its words stand one after the other inside one source (a turn, a part of
one, a section): width, Chinese script, case, punctuation, spacing, hyphens and thousands separators
make no difference; another word, a dropped 不 or another number always does. An ellipsis in it may
skip words of that source, in order. Words cut off so that the meaning turns around are not exact
either: `rag.quotes.cut` has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.quotes.exact import Place, readings, stand
from rag.types import Address

__all__ = ["Match", "Source", "check", "find", "nearest"]


@dataclass(frozen=True, slots=True)
class Source:
    """Something said or written that may contain a quotation: a turn, part of one, a section."""

    address: Address
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """Where a quotation stands (`source.text[start:end]`), or what comes nearest to it.

    `similarity` is the share of words in common, 1 where all are. `difference` is empty for an
    exact match, else the words of the source with `[-said-]{+quoted+}` where the two differ.
    """

    verdict: Literal["exact", "near", "absent"]
    source: Source | None = None
    start: int = 0
    end: int = 0
    similarity: float = 0.0
    difference: str = ""

    @property
    def text(self) -> str:
        """The words of the source, verbatim."""
        return self.source.text[self.start : self.end] if self.source else ""


def find(quotation: str, sources: Sequence[Source]) -> list[Match]:
    """Return all sources in which the quotation stands exactly, each with its first place there."""
    found = []
    for source in sources:
        place = stand(quotation, source.text)
        if place is not None and not place.lost:
            found.append(Match("exact", source, place.start, place.end, 1.0))
    return found


def nearest(quotation: str, sources: Sequence[Source]) -> Match:
    """Return the stretch that differs least from the quotation, `near` with a diff, or `absent`.

    One that has all the words, but cut so that they mean something else, is the nearest there is.
    """
    for source in sources:
        place = stand(quotation, source.text)
        if place is not None and place.lost:
            return _cut_short(source, place)
    return _similar(quotation, sources)


def check(quotation: str, sources: Sequence[Source]) -> Match:
    """Return the first exact match, else the nearest."""
    cut_short = None
    for source in sources:
        place = stand(quotation, source.text)
        if place is None:
            continue
        if not place.lost:
            return Match("exact", source, place.start, place.end, 1.0)
        cut_short = cut_short or (source, place)
    return _cut_short(*cut_short) if cut_short else _similar(quotation, sources)


def _cut_short(source: Source, place: Place) -> Match:
    from rag.quotes.near import marked

    return Match("near", source, place.start, place.end, 1.0, marked(source.text, place))


def _similar(quotation: str, sources: Sequence[Source]) -> Match:
    if not readings(quotation):
        return Match("absent")
    from rag.quotes.near import most_similar

    found = most_similar(quotation, [source.text for source in sources])
    if found is None:
        return Match("absent")
    return Match(
        "near", sources[found.number], found.start, found.end, found.ratio, found.difference
    )
