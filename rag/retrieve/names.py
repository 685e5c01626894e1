"""The speakers that a text names, by a whole name or a part of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from rag.text import fold


def matching(name: str, speakers: Iterable[str]) -> list[str]:
    """Return the speakers that `name` means: the one so called, else all with it as a word."""
    folded = fold(name).strip()
    words = _words_of(folded)
    known = [(speaker, *spelt(speaker)) for speaker in speakers]
    exact = [speaker for speaker, whole, _ in known if whole == folded]
    return exact or [speaker for speaker, _, parts in known if words and words <= parts]


def mentioned(question: str, speakers: Iterable[str]) -> list[str]:
    """Return the speakers that a question names, by a whole name or a distinctive part of it."""
    folded = fold(question)
    words = {word for word in _words_of(folded) if len(word) > 2}
    known = ((name, *spelt(name)) for name in dict.fromkeys(speakers))
    return [
        name
        for name, whole, parts in known
        if (words & parts if name.isascii() else whole in folded)
    ]


@lru_cache(maxsize=1 << 16)
def spelt(name: str) -> tuple[str, frozenset[str]]:
    """Return a speaker's name as it is compared, and its words; asked for with every question."""
    return fold(name), frozenset(_words_of(fold(name)))


def _words_of(folded: str) -> set[str]:
    return set(re.findall(r"\w+", folded))
