"""Speakers named in a question, replaced by one mark each: patterns can then ask for a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.retrieve import spellings
from rag.text import HAN, fold

_FIRST_MARK, _MOST_MARKS = 0xE000, 40
_WORD = re.compile(r"[a-z0-9À-ɏ'’.-]*[a-zÀ-ɏ]", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_BESIDE_WIDE = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")
_IS = re.compile(r"\b(who|what|when|how|where)'s\b")
_SHORTEST = 3
_GIVEN_NAME = re.compile(f"[{HAN}]{{3}}")
# Parts of names that are words of questions as well.
_COMMON = frozenset(
    "the and for who how what when which where most many much dr mr mrs ms prof von van last first"
    " speaker host guest audience member question interviewer will may show name".split()
)


@dataclass(frozen=True, slots=True)
class Masked:
    """A question in the form that patterns read; `meant` holds whom each mark may stand for."""

    text: str
    meant: dict[str, frozenset[str]]
    words: dict[str, str]

    def plain(self, text: str) -> str:
        """Put the words of the question back where marks stand."""
        for mark, words in self.words.items():
            text = text.replace(mark, words)
        return text


def masked(question: str, speakers: Iterable[str]) -> Masked:
    """Fold a question and put a mark where it names one of `speakers`, wholly or in part.

    `speakers` are names, or `rag.retrieve.Spellings`.
    """
    text = _SPACE.sub(" ", fold(question).replace("’", "'")).strip(" ?.!;。！？；…~")
    text = _IS.sub(r"\1 is", text)
    found = _named(text, speakers)
    meant: dict[str, frozenset[str]] = {}
    words: dict[str, str] = {}
    parts: list[str] = []
    end = 0
    for start, stop, names in found[:_MOST_MARKS]:
        mark = chr(_FIRST_MARK + len(meant))
        meant[mark], words[mark] = names, text[start:stop]
        parts += text[end:start], mark
        end = stop
    parts.append(text[end:])
    return Masked("".join(parts), meant, words)


def tight(text: str) -> str:
    """Leave out the blanks between Chinese characters and everything else."""
    return _BESIDE_WIDE.sub("", text)


def _named(text: str, speakers: Iterable[str]) -> list[tuple[int, int, frozenset[str]]]:
    """Return where a folded question names speakers, and whom, from left to right."""
    words = {match[0].removesuffix("'s") for match in _WORD.finditer(text)}
    wide: list[tuple[int, int, frozenset[str]]] = []
    narrow: dict[str, set[str]] = {}
    whole: dict[str, str] = {}
    meant: dict[str, Sequence[str]] = {}
    for name, whom in spellings(speakers):
        spelt, written, parts = _spelt(name)
        meant[name] = whom
        for part in parts & words:
            narrow.setdefault(part, set()).add(name)
            whole[name] = spelt
        for spelling in written:
            at = text.find(spelling)
            while at >= 0:
                wide.append((at, at + len(spelling), frozenset((name,))))
                at = text.find(spelling, at + len(spelling))
    return [
        (start, end, frozenset(speaker for name in names for speaker in meant[name]))
        for start, end, names in _apart([*wide, *_runs(text, narrow, whole)])
    ]


def _runs(
    text: str, narrow: dict[str, set[str]], whole: dict[str, str]
) -> Iterable[tuple[int, int, frozenset[str]]]:
    """Join neighbouring words that may be of one name: `Sam Altman`."""
    begin, end, names = 0, -2, set[str]()
    for match in _WORD.finditer(text) if narrow else ():
        word = match[0].removesuffix("'s")
        theirs = narrow.get(word, set())
        if names and theirs and match.start() == end + 1 and names & theirs:
            end, names = match.start() + len(word), names & theirs
            continue
        if names:
            yield begin, end, _exactly(text[begin:end], names, whole)
        begin, end, names = match.start(), match.start() + len(word), theirs
    if names:
        yield begin, end, _exactly(text[begin:end], names, whole)


def _exactly(words: str, names: set[str], whole: dict[str, str]) -> frozenset[str]:
    return frozenset({name for name in names if whole[name] == words} or names)


def _apart(
    found: Iterable[tuple[int, int, frozenset[str]]],
) -> list[tuple[int, int, frozenset[str]]]:
    """Of places that overlap keep the longest; several names at one place are one mention."""
    kept: list[tuple[int, int, frozenset[str]]] = []
    for start, end, names in sorted(found, key=lambda item: (item[0], -item[1])):
        if kept and start < kept[-1][1]:
            if (start, end) == kept[-1][:2]:
                kept[-1] = (start, end, kept[-1][2] | names)
            continue
        kept.append((start, end, names))
    return kept


@lru_cache(maxsize=1 << 16)
def _spelt(name: str) -> tuple[str, tuple[str, ...], frozenset[str]]:
    """A name as it is compared, its spellings in Chinese characters, and its Latin words."""
    spelt = fold(name)
    if spelt.isascii() or not re.search(f"[{HAN}]", spelt):
        parts = {word for word in _WORD.findall(spelt) if len(word) >= _SHORTEST}
        return spelt, (), frozenset(parts - _COMMON)
    # 昭仪 is how 林昭仪 is spoken of.
    given = (spelt[1:],) if _GIVEN_NAME.fullmatch(spelt) else ()
    return spelt, ((spelt,) if len(spelt) > 1 else ()) + given, frozenset()
