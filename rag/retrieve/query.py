"""A question made ready: its terms, its direction, the speakers it names, what it leans on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.lexical import question_terms, terms
from rag.retrieve.names import mentioned, spellings, spelt
from rag.retrieve.words import Worded
from rag.text import fold, language
from rag.types import Address, Encoder

if TYPE_CHECKING:
    from rag.types import Vector

STEPS_BACK = 3
"""Earlier questions that a follow-up may lean on, each on the one before."""
LONGEST_QUESTION = 4000
"""Characters of a question that are read; more is a pasted document, not a question."""

_CARRIED = 0.85  # what an earlier question still weighs, per step back
_NAME_WEIGHT = 0.3

# Openings and endings of questions that say nothing without the one before, up to so many terms;
# and words that point back in questions which otherwise may stand alone.
_ELLIPSIS = {
    "zh": (re.compile(r"^(?:那|还有|然后|后来|结果|具体|比如|再|为什么|为啥)|呢[?？]?$"), 10),
    "en": (
        re.compile(
            r"^(?:and|but|so|then|or|what about|how about|what else|anything else|how so|why"
            r"|for example|like what|such as|since when|really)\b"
        ),
        4,
    ),
}
_POINTS_BACK = {
    "zh": (
        re.compile(
            "(?<![其吉])[他她它]们?|[这那](?:个|些|样|里|件|次|时|么)|前者|后者|其中|当时|怎么又"
        ),
        14,
    ),
    "en": (re.compile(r"\b(?:he|she|they|him|her|them|it|instead|these|those|the same)\b"), 4),
}
_ELLIPTIC, _POINTING = 1.0, 0.5  # how far such a question leans on the one before
_TOO_FEW = {"zh": 3, "en": 1}  # terms that make no question of their own


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready: weighted terms, a unit vector, its language, the speakers it names.

    `chain` is the text and the questions that it leans on, each with its share; `leaning` is how
    far it needs them, and `topic` where the last of them was answered; `encoder` is the one that
    made the vector, where it knows texts word by word.
    """

    text: str
    chain: tuple[tuple[str, float], ...]
    weights: dict[str, float]
    vector: Vector
    language: str
    leaning: float
    named: frozenset[str] = frozenset()
    topic: Address | None = None
    encoder: Worded | None = None


def prepare(
    question: str, history: Sequence[str], encoder: Encoder, speakers: Iterable[str] = ()
) -> Query:
    """Return the query for a question that may lean on earlier ones, oldest first.

    A question that cannot stand by itself (那大学生呢？ / And the year after?) takes the terms and
    the direction of those before it along, with less weight a step. The names of `speakers` say
    whose words are wanted, and hardly anything about which words those are.
    """
    text = question[:LONGEST_QUESTION]
    leans = leaning(text) if history else 0.0
    chain = [text, *(_leaned_on(history) if leans else [])]
    shares = [1.0, *(leans * _CARRIED**step for step in range(1, len(chain)))]
    named = frozenset(mentioned(" ".join(chain), speakers))
    called = {*named, *(other for other, whom in spellings(speakers) if named & {*whom})}
    names = {part for name in called for part in terms(name)}
    weights: dict[str, float] = {}
    for asked, share in zip(chain, shares, strict=True):
        for term, count in question_terms(asked).items():
            weights.setdefault(term, count * share * (_NAME_WEIGHT if term in names else 1))
    meant = [_without_names(asked, called) for asked in chain]
    directions = zip(meant[1:], shares[1:], strict=True)
    vector = sum(
        (share * encoder.question(asked) for asked, share in directions),
        start=encoder.question(meant[0]),
    )
    length = float((vector**2).sum()) ** 0.5
    vector = vector / length if length else vector
    return Query(
        text,
        tuple(zip(chain, shares, strict=True)),
        weights,
        vector,
        language(text),
        leans,
        named,
        encoder=encoder if isinstance(encoder, Worded) else None,
    )


def _without_names(question: str, named: Iterable[str]) -> str:
    """Return a question without the names in it, or as it is when there is nothing else."""
    folded = fold(question)
    for name in sorted(named, key=len, reverse=True):
        whole, parts = spelt(name)
        pattern = "|".join(rf"\b{re.escape(part)}\b" for part in parts) if name.isascii() else ""
        folded = re.sub(pattern or re.escape(whole), " ", folded)
    return folded if question_terms(folded) and folded.strip() else question


def leaning(question: str) -> float:
    """Return how far a question needs those before it to be understood, from 0 to 1."""
    spoken = "zh" if language(question) == "zh" else "en"
    folded = fold(question).strip()
    count = len(question_terms(question))
    if count <= _TOO_FEW[spoken]:
        return _ELLIPTIC
    for patterns, weight in ((_ELLIPSIS, _ELLIPTIC), (_POINTS_BACK, _POINTING)):
        pattern, most = patterns[spoken]
        if count <= most and pattern.search(folded):
            return weight
    return 0.0


def _leaned_on(history: Sequence[str]) -> list[str]:
    """The earlier questions that count, latest first: back to the last one that stands alone."""
    chain = []
    for earlier in reversed(history[-STEPS_BACK:]):
        chain.append(earlier[:LONGEST_QUESTION])
        if not leaning(earlier):
            break
    return chain
