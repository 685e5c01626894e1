"""What a right answer is, the same for every chunker: words of the transcripts, not addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("direct", "paraphrased", "cross-lingual")
"""Follow-ups need a history and structure counting, which no peer's retriever has."""
SHOWN = 5
BUDGET = 1500
"""Characters of context within which chunks of any size are comparable."""

_DROPPED = re.compile(r"[\s*]+")
_SENTENCE = re.compile(r"(?<=[。！？!?])|(?<=\.)\s+")

Said = Mapping[str, Sequence[str]]
"""Speaker, label and words of every turn and section, by address."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the sentences, any of which answers it."""

    text: str
    group: str
    sentences: tuple[str, ...]


def fold(text: str) -> str:
    """Return text without blanks and Markdown stars, in one width and case."""
    return _DROPPED.sub("", unicodedata.normalize("NFKC", text)).casefold()


def questions(cases: Iterable[Mapping[str, Any]], said: Said) -> list[Question]:
    """Return the cases that a retriever alone can answer, each with its answering sentences."""
    found = []
    for case in cases:
        if case["kind"] in KINDS and case["relevant"]:
            cross = case["kind"] == "cross-lingual"
            answers = tuple(
                sentence
                for address in case["relevant"]
                for sentence in _answering(said[address][2], case["must_say"])
            )
            group = "cross" if cross else case["language"]
            found.append(Question(case["question"], group, answers))
    return found


def right(question: Question, texts: Iterable[str]) -> bool:
    """Tell whether one of these texts holds an answering sentence whole."""
    folded = [fold(text) for text in texts]
    return any(sentence in text for text in folded for sentence in question.sentences)


def within(texts: Iterable[str], budget: int = BUDGET) -> list[str]:
    """Return as many of the texts, the last one cut, as fit into so many characters."""
    kept = []
    for text in texts:
        kept.append(text[:budget])
        budget -= len(kept[-1])
        if not budget:
            break
    return kept


def whole(said: Said, chunks: Iterable[str]) -> float:
    """Return which share of the turns stands in one chunk, unbroken behind its speaker's name.

    The name may be the file's label or the speaker whom it means.
    """
    folded = [fold(chunk) for chunk in chunks]
    turns = [turn for turn in said.values() if turn[1]]
    kept = 0
    for speaker, label, words in turns:
        forms = {fold(f"{name}:{words}") for name in (speaker, label)}
        kept += any(form in chunk for chunk in folded for form in forms)
    return kept / len(turns)


def _answering(words: str, must: Iterable[str]) -> list[str]:
    """Return the sentences with what an answer must say, else all the words as one."""
    wanted = [fold(text) for text in must]
    sentences = [fold(part) for part in _SENTENCE.split(words)]
    found = [part for part in sentences if any(text in part for text in wanted)]
    return found or [fold(words)]
