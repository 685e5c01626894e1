"""Who is named in a text, and who of them says what follows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from rag.answer.scan import SAYS_EN, SAYS_ZH
from rag.retrieve import spellings
from rag.text import fold

Names = frozenset[str]
NOBODY: Names = frozenset()

# Somebody to whom something is said, who is asked or who only is mentioned is not who says it.
_NOT_WHO_SAYS = re.compile(
    r"(?:[对向问答给被让请]|(?<!也)跟|告诉|回答|回应|回复|面对|针对|对于|不是|并非|而非"
    r"|(?<!according )\bto(?:\s+the)?|\b(?:told|tells?|answer(?:s|ed)?|unlike|not|than"
    r"|(?:asked|pressed|prompted|questioned|interviewed|challenged|criticised|criticized) by"
    r"|asks?|asked)(?:\s+the)?)\s*[*_]*$"
)
_WHOSE_QUESTION = re.compile(
    r"[*_]*\s*(?:的|'s)\s*(?:追问|提问|问题|质疑|采访|question|query|prompt)"
)
ASKS = re.compile(r"问|采访|\b(?:asks?|asked|asking|interviews?|interviewed|wonders?|wondered)\b")
_SOMEBODY_ELSE = re.compile(
    r"[,，、].*(?:[他她其答]|回应|\b(?:s?he|they|his|her|their|answer|repl(?:y|ies|ied)))"
)
_SAYS = re.compile(rf"(?:{SAYS_ZH}[过道说]*|(?<!\w)(?:{SAYS_EN}))\W*$|^[\s*_]*(?:[:：]|[–—-])\W*$")
_OTHER_CLAUSE = re.compile(r"[,，;；]")
_AND = re.compile(r"[\s,，、]*(?:和|与|及|跟|and|&|、)[\s*_]*(?:the\s+)?$")
FEW_LETTERS = 4
"""So many beside a name are nearly nothing: a line with no more is a heading."""


@dataclass(frozen=True, slots=True)
class Named:
    """Where speakers are named in a text."""

    start: int
    end: int
    names: Names


class Speakers:
    """Finds the names of speakers in a text: whole ones, and the words of a spaced one."""

    def __init__(self, names: Collection[str]) -> None:
        """`names` are plain ones, or `rag.retrieve.Spellings`."""
        self._by_spelling: dict[str, set[str]] = {}
        for name, whom in spellings(names):
            folded = fold(name).strip()
            words = re.findall(r"\w+", folded) if name.isascii() else []
            for spelling in {folded, *(word for word in words if len(word) > 2)} - {""}:
                self._by_spelling.setdefault(spelling, set()).update(whom)
        longest = sorted(self._by_spelling, key=len, reverse=True)
        spelt = "|".join(rf"\b{re.escape(s)}\b" if s.isascii() else re.escape(s) for s in longest)
        self._pattern = re.compile(spelt) if spelt else None

    def places(self, folded: str) -> list[Named]:
        """Return where speakers are named in a folded text."""
        found = self._pattern.finditer(folded) if self._pattern else ()
        return [Named(*m.span(), frozenset(self._by_spelling[m[0]])) for m in found]

    def is_label(self, text: str) -> bool:
        """Tell whether a text is a name and hardly anything else."""
        folded = fold(text)
        places = self.places(folded)
        rest = len(re.findall(r"[^\W\d_]", folded)) - sum(p.end - p.start for p in places)
        return bool(places) and rest <= FEW_LETTERS

    def saying(self, text: str) -> Names:
        """Return who may be saying what follows upon a text."""
        folded = fold(text)
        named = [p for p in self.places(folded) if not _only_mentioned(folded, p)]
        if not named:
            return NOBODY
        clause = max((m.end() for m in _OTHER_CLAUSE.finditer(folded)), default=0)
        last = named[-1]
        if last.start >= clause and _SAYS.search(folded[last.end :]):
            # Whoever is named right before “says” says it; others are its subject.
            return frozenset().union(*(p.names for p in _joined(folded, named)))
        return frozenset().union(*(p.names for p in named))


def _joined(folded: str, named: list[Named]) -> Iterator[Named]:
    """The last of the names, and those that an “and” connects with it."""
    following = named[-1]
    yield following
    for place in reversed(named[:-1]):
        if not _AND.fullmatch(folded[place.end : following.start]):
            return
        yield place
        following = place


def _only_mentioned(folded: str, place: Named) -> bool:
    """Tell whether somebody is asked, told or asks, so that somebody else says what follows."""
    if _NOT_WHO_SAYS.search(folded[: place.start]):
        return True
    behind = folded[place.end :]
    if _WHOSE_QUESTION.match(behind):
        return True
    asks = ASKS.search(behind)
    return asks is not None and _SOMEBODY_ELSE.search(behind, asks.end()) is not None
