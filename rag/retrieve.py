"""Question to hits: both legs, one score, and the chance that an answer is there at all.

The legs are fused on their scores, not their ranks: they differ too much in quality from language
to language for ranks to be comparable (`docs/decisions/fusion.md`). BM25 is divided by the square
root of the best score thinkable for the question, so that long and short questions are on one
scale; the cosine counts more where question and passage are in different scripts, because all that
is lexical there is a shared name or number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.lexical import question_terms, terms
from rag.settings import Settings
from rag.store.index import Store
from rag.text import fold, language
from rag.types import Address, Encoder, Hit, Passage, Transcript

if TYPE_CHECKING:
    from rag.types import Vector

POOL = 100
"""Candidates taken from each leg."""
STEPS_BACK = 3
"""Earlier questions that a follow-up may lean on, each on the one before."""
LONGEST_QUESTION = 4000
"""Characters of a question that are read; more is a pasted document, not a question."""

_UNSURE_TO_SURE = (2.0, 5.0)  # lexical scores of the best passage
_LEAST_DOUBT = 1 / 6
_RAREST = 7.0  # inverse document frequency of a word that stands in none of 550 passages
_CARRIED = 0.85  # what an earlier question still weighs, per step back
# A summary above an interview repeats it: what the speaker said is the better source of the two.
_SPEECH_BONUS = 0.2
_SPEAKER_BONUS = 0.25
_NAME_WEIGHT = 0.3
_THEIRS_WILL_DO = 0.6  # of the best score, from which the person named has something to say on it
# A conversation stays in its transcript, and mostly near the place that it has reached.
_TOPIC_BONUS, _NEARBY_BONUS, _NEARBY = 0.8, 0.3, 6
# Coefficients of the chance of an answer.
_SCORE, _COSINE, _NO_ANSWER = 0.53, 2.79, 1.56
_SAME_WORDS = 0.85  # Jaccard similarity of terms above which two passages say the same

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

    `leaning` is how far it needs the question before it, `topic` where that one was answered.
    """

    text: str
    weights: dict[str, float]
    vector: Vector
    language: str
    leaning: float
    named: frozenset[str] = frozenset()
    topic: Address | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits are restricted to; empty means everything."""

    speakers: tuple[str, ...] = ()
    transcripts: tuple[str, ...] = ()


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
    names = {part for name in named for part in terms(name)}
    weights: dict[str, float] = {}
    for asked, share in zip(chain, shares, strict=True):
        for term, count in question_terms(asked).items():
            weights.setdefault(term, count * share * (_NAME_WEIGHT if term in names else 1))
    meant = [_without_names(asked, named) for asked in chain]
    directions = zip(meant[1:], shares[1:], strict=True)
    vector = sum(
        (share * encoder.question(asked) for asked, share in directions),
        start=encoder.question(meant[0]),
    )
    length = float((vector**2).sum()) ** 0.5
    vector = vector / length if length else vector
    return Query(text, weights, vector, language(text), leans, named)


def _without_names(question: str, named: Iterable[str]) -> str:
    """Return a question without the names in it, or as it is when there is nothing else."""
    folded = fold(question)
    for name in named:
        spelt, parts = _spelt(name)
        pattern = "|".join(rf"\b{re.escape(part)}\b" for part in parts) if name.isascii() else ""
        folded = re.sub(pattern or re.escape(spelt), " ", folded)
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


def search(
    store: Store, query: Query, k: int, settings: Settings, filters: Filters | None = None
) -> list[Hit]:
    """Return the best `k` passages, best first."""
    if not query.text.strip() or k < 1:
        return []
    filters = filters or Filters()
    allowed = _allowed(store, filters)
    lexical = _lexical(store, query, filters)
    near = dict(store.nearest(query.vector, max(POOL, k), allowed))
    ids = sorted({*lexical, *near})
    if not ids:
        return []
    cosines = (store.vectors(ids) @ query.vector).tolist()
    doubt = _doubt(max(lexical.values(), default=0.0))
    weight = {True: settings.dense_weight * doubt, False: settings.dense_weight_across}
    scored = sorted(
        (
            (lexical.get(id_, 0.0) + weight[_same(query, spoken)] * cosine, id_, cosine)
            for id_, cosine, spoken in zip(ids, cosines, store.catalog.languages(ids), strict=True)
        ),
        key=lambda item: (-item[0], item[1]),
    )[: 2 * k + POOL // 4]
    passages = store.catalog.passages([id_ for _, id_, _ in scored])
    hits = [
        Hit(passage, score, cosine, lexical.get(id_, 0.0))
        for passage, (score, id_, cosine) in zip(passages, scored, strict=True)
    ]
    return _linked(store, _without_copies(_favour(hits, query), k))


def _favour(hits: Iterable[Hit], query: Query) -> list[Hit]:
    """Sort hits: higher what is spoken, by somebody named, and near what was just talked about."""
    favoured = [
        replace(hit, score=hit.score + bonus) if (bonus := _bonus(hit.passage, query)) else hit
        for hit in hits
    ]
    best = max(hit.score for hit in favoured)
    theirs = [hit.score for hit in favoured if _by_named(hit.passage, query)]
    if theirs and max(theirs) >= _THEIRS_WILL_DO * best:
        # What others say on the subject is not what was asked for.
        favoured = [
            hit
            if hit.passage.section or _by_named(hit.passage, query)
            else replace(hit, score=_THEIRS_WILL_DO * hit.score)
            for hit in favoured
        ]
    return sorted(favoured, key=lambda hit: -hit.score)


def _by_named(passage: Passage, query: Query) -> bool:
    return bool(query.named) and not query.named.isdisjoint(passage.speakers)


def _bonus(passage: Passage, query: Query) -> float:
    bonus = _SPEECH_BONUS * (not passage.section)
    bonus += _SPEAKER_BONUS * _by_named(passage, query)
    topic = query.topic
    if topic is not None and topic.transcript == passage.transcript:
        place = passage.address
        near = topic.section == place.section and abs(place.first - topic.last) <= _NEARBY
        bonus += query.leaning * (_TOPIC_BONUS + _NEARBY_BONUS * near)
    return bonus


def _linked(store: Store, hits: Iterable[Hit]) -> list[Hit]:
    hits = list(hits)
    sources = store.catalog.described(hit.passage.transcript for hit in hits)
    linked = []
    for hit in hits:
        first, last = hit.passage.spans[0], hit.passage.spans[-1]
        where = link(sources[hit.passage.transcript], first.line, last.end_line, first.start)
        linked.append(replace(hit, link=where))
    return linked


def _same(query: Query, spoken: str) -> bool:
    """Tell whether two texts share a script; one without words (a year) shares every script."""
    return query.language in (spoken, "") or not spoken


def _doubt(best: float) -> float:
    """Return what is left of the cosine's weight when words already match as well as `best`.

    Where the words of a question are found together, meaning adds little but noise.
    """
    unsure, sure = _UNSURE_TO_SURE
    certainty = min(max((best - unsure) / (sure - unsure), 0.0), 1.0)
    return 1.0 - (1.0 - _LEAST_DOUBT) * certainty


def _allowed(store: Store, filters: Filters) -> list[int] | None:
    if not filters.speakers and not filters.transcripts:
        return None
    return store.catalog.ids_where(filters.speakers, filters.transcripts)


def _lexical(store: Store, query: Query, filters: Filters) -> dict[int, float]:
    """Scores of the passages that share words with the question, by id, on the common scale."""
    only = [
        *(("speaker", fold(name)) for name in filters.speakers),
        *(("transcript", name) for name in filters.transcripts),
    ]
    matches = store.lexical.search(query.weights, POOL, only)
    if not matches:
        return {}
    scale = math.sqrt(store.lexical.best(query.weights))
    # In an index of a few dozen passages no word is rare, and all BM25 scores are small; the scale
    # was chosen on indexes of several hundred and more.
    rarest = math.log(2 * store.manifest.passages + 2)
    scale *= math.sqrt(min(rarest, _RAREST) / _RAREST)
    return {match.id: match.score / scale for match in matches}


def link(source: Transcript, line: int, end_line: int, start: float | None) -> str:
    """Return where a reader can check: the source at that second, else the file at that line."""
    if source.source.startswith(("http://", "https://")):
        if start is None:
            return source.source
        page, _, place = source.source.partition("#")
        joint = "&" if "?" in page else "?"
        return f"{page}{joint}t={int(start)}" + (f"#{place}" if place else "")
    lines = f"L{line}" if end_line == line else f"L{line}-L{end_line}"
    return f"{source.path}#{lines}"


def matching(name: str, speakers: Iterable[str]) -> list[str]:
    """Return the speakers that `name` means: the one so called, else all with it as a word."""
    folded = fold(name).strip()
    words = _words_of(folded)
    known = [(speaker, *_spelt(speaker)) for speaker in speakers]
    exact = [speaker for speaker, spelt, _ in known if spelt == folded]
    return exact or [speaker for speaker, _, parts in known if words and words <= parts]


def mentioned(question: str, speakers: Iterable[str]) -> list[str]:
    """Return the speakers that a question names, by a whole name or a distinctive part of it."""
    folded = fold(question)
    words = {word for word in _words_of(folded) if len(word) > 2}
    known = ((name, *_spelt(name)) for name in dict.fromkeys(speakers))
    return [
        name
        for name, spelt, parts in known
        if (words & parts if name.isascii() else spelt in folded)
    ]


@lru_cache(maxsize=1 << 16)
def _spelt(name: str) -> tuple[str, frozenset[str]]:
    """A speaker's name as it is compared, and its words; asked for with every question."""
    return fold(name), frozenset(_words_of(fold(name)))


def _words_of(folded: str) -> set[str]:
    return set(re.findall(r"\w+", folded))


def confidence(hits: Sequence[Hit]) -> float:
    """Return the chance, from 0 to 1, that one of the hits answers the question.

    A logistic model of the best hit's score and cosine. How it was fitted, and what it gets wrong:
    `docs/decisions/refusal.md`.
    """
    if not hits:
        return 0.0
    evidence = _SCORE * hits[0].score + _COSINE * hits[0].dense
    return 1 / (1 + math.exp(_NO_ANSWER - evidence))


def _without_copies(hits: Iterable[Hit], k: int) -> list[Hit]:
    """Keep the first `k` hits, leaving out those that say what a better one says."""
    kept: list[Hit] = []
    seen: list[frozenset[str]] = []
    for hit in hits:
        words = _term_set(_words(hit.passage))
        if any(_jaccard(words, other) > _SAME_WORDS for other in seen):
            continue
        kept.append(hit)
        seen.append(words)
        if len(kept) == k:
            break
    return kept


@lru_cache(maxsize=4096)
def _term_set(text: str) -> frozenset[str]:
    """The terms of a passage, which is a candidate for many questions of a batch."""
    return frozenset(terms(text))


def _words(passage: Passage) -> str:
    return " ".join(span.text for span in passage.spans)


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the similarity of two sets, or what bounds it where their sizes already differ."""
    fewer, more = sorted((len(one), len(other)))
    if fewer <= _SAME_WORDS * more:
        return fewer / more if more else 1.0
    shared = len(one & other)
    return shared / (fewer + more - shared)
