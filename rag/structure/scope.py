"""Which transcripts a question means: what it says beside its core has to name them, and no more.

This is what keeps questions on the matter out: a word that is neither part of the pattern nor of a
transcript's name or opening means that something else is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from rag.structure import chinese, english
from rag.structure.asked import MARK
from rag.structure.masking import Masked
from rag.text import HAN

_TOKEN = re.compile(rf"[{MARK}]|[^\W_{MARK}]+")
_NOUN_EN = re.compile(english.NOUN)
_NOUN_ZH = re.compile(chinese.NOUN)
_LATIN = re.compile(rf"[^\W_{HAN}{MARK}]+(?:[-_.][^\W_{HAN}{MARK}]+)*")
_MARK = re.compile(f"[{MARK}]")


class Known:
    """What an index has, read when a question first needs it.

    `names` are its speakers. `speakers` has for each the transcripts with them, `heads` for each
    transcript its folded id, title and opening, in which a question finds what it calls it by.
    """

    def __init__(
        self,
        names: Collection[str],
        speakers: Callable[[], Mapping[str, frozenset[str]]],
        heads: Callable[[], Mapping[str, str]],
    ) -> None:
        """Take the names, and how to read the rest."""
        self.names = names
        self._read_speakers = speakers
        self._read_heads = heads

    @cached_property
    def speakers(self) -> Mapping[str, frozenset[str]]:
        """For each speaker the transcripts with them."""
        return self._read_speakers()

    @cached_property
    def heads(self) -> Mapping[str, str]:
        """For each transcript what it may be called by."""
        return self._read_heads()


@dataclass(frozen=True, slots=True)
class Scope:
    """The transcripts that a question names, none for all; `noun` when it calls them a thing."""

    transcripts: tuple[str, ...] = ()
    noun: bool = False


def scope(rest: str, question: Masked, known: Known, language: str) -> Scope | None:
    """Return what the rest of a question names, or None when it says something else."""
    if not rest.strip(" ,"):
        return Scope()
    fits = _fits_chinese if language == "zh" else _fits_english
    weights: dict[str, float] = {}
    for transcript, head in known.heads.items():
        weight = fits(rest, transcript, head, question, known)
        if weight is not None:
            weights[transcript] = weight
    if not weights:
        return None
    best = max(weights.values())
    noun = (_NOUN_ZH if language == "zh" else _NOUN_EN).search(rest) is not None
    if best <= 0:
        return Scope((), noun)
    named = tuple(item for item, weight in weights.items() if weight == best)
    called = noun or any(item.casefold() in rest for item in named)
    # "At school" is where somebody was; "in the school interview" is a transcript.
    if not called and (language == "en" or not any(mark in rest for mark in "在里中上")):
        return None
    return Scope(named, called)


def _fits_english(
    rest: str, transcript: str, head: str, question: Masked, known: Known
) -> float | None:
    """Count the words that name a transcript; None when one is nothing of its."""
    weight, digits = 0.0, 0
    for token in _TOKEN.findall(rest):
        if _MARK.match(token):
            here = _mark_weight(token, transcript, head, question, known)
            if not here:
                return None
            weight += here
        elif _NOUN_EN.fullmatch(token):
            weight += 0.5 * (not token.endswith("s") and _has_word(token, head))
        elif token not in english.FILLER:
            if not _has_word(token, head):
                return None
            weight += 1 - token.isdigit()
            digits += token.isdigit()
    return None if digits and not weight else weight


def _fits_chinese(
    rest: str, transcript: str, head: str, question: Masked, known: Known
) -> float | None:
    """Cover the rest with marks, stretches of the head and filler; None when something is left."""
    at, weight = 0, 0.0
    while at < len(rest):
        if _MARK.match(rest[at]):
            here = _mark_weight(rest[at], transcript, head, question, known)
            if not here:
                return None
            weight, at = weight + here, at + 1
            continue
        if latin := _LATIN.match(rest, at):
            word = latin[0]
            if word.isdigit() or not _has_word(word, head):
                return None
            weight, at = weight + 2, latin.end()
            continue
        filler = chinese.FILLER.match(rest, at)
        length = _shared(rest, at, head)
        if length > max(1, filler.end() - at if filler else 0):
            weight += len(chinese.FILLER.sub("", rest[at : at + length]))
            at += length
        elif filler:
            at = filler.end()
        else:
            return None
    return weight


def _mark_weight(mark: str, transcript: str, head: str, question: Masked, known: Known) -> float:
    """A person names the transcripts that they speak in, and less so those named after them."""
    if any(transcript in known.speakers.get(name, ()) for name in question.meant[mark]):
        return 2.0
    return 1.0 if question.words[mark] in head else 0.0


def _has_word(word: str, head: str) -> bool:
    stem = word[:-1] if len(word) > 3 and word.endswith("s") else word
    return re.search(rf"(?<![^\W_{HAN}]){re.escape(stem)}s?(?![^\W_{HAN}])", head) is not None


def _shared(rest: str, at: int, head: str) -> int:
    """How many characters from `at` on stand together in the head."""
    length = 0
    while at + length < len(rest) and rest[at : at + length + 1] in head:
        length += 1
    return length
