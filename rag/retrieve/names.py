"""The speakers that a text names, by a whole name or a part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from rag.text import fold

Spellings: TypeAlias = Mapping[str, Sequence[str]]
"""How speakers are called, by their own and by other names, each with all whom it may mean."""


def spellings(speakers: Iterable[str]) -> list[tuple[str, Sequence[str]]]:
    """Return how speakers are called, with whom it means; plain names mean themselves."""
    if isinstance(speakers, Mapping):
        return list(speakers.items())
    return [(name, (name,)) for name in dict.fromkeys(speakers)]


def matching(name: str, speakers: Iterable[str]) -> list[str]:
    """Return the speakers that `name` means: the one so called, else all with it as a word.

    `speakers` are names, or `Spellings`.
    """
    folded = fold(name).strip()
    words = _words_of(folded)
    known = [(whom, *spelt(spelling)) for spelling, whom in spellings(speakers)]
    exact = [whom for whom, whole, _ in known if whole == folded]
    found = exact or [whom for whom, _, parts in known if words and words <= parts]
    return list(dict.fromkeys(speaker for whom in found for speaker in whom))


def mentioned(question: str, speakers: Iterable[str]) -> list[str]:
    """Return the speakers that a question names, by a whole name or a distinctive part of it.

    `speakers` are names, or `Spellings`.
    """
    folded = fold(question)
    words = {word for word in _words_of(folded) if len(word) > 2}
    found = (
        whom
        for spelling, whom in spellings(speakers)
        for whole, parts in (spelt(spelling),)
        if (words & parts if spelling.isascii() else whole in folded)
    )
    return list(dict.fromkeys(speaker for whom in found for speaker in whom))


@lru_cache(maxsize=1 << 16)
def spelt(name: str) -> tuple[str, frozenset[str]]:
    """Return a speaker's name as it is compared, and its words; asked for with every question."""
    return fold(name), frozenset(_words_of(fold(name)))


def _words_of(folded: str) -> set[str]:
    return set(re.findall(r"\w+", folded))
