"""Both legs, and one score of the two.

The legs are fused on their scores, not their ranks: they differ too much in quality from language
to language for ranks to be comparable (`docs/decisions/fusion.md`). BM25 is divided by the square
root of the best score thinkable for the question, so that long and short questions are on one
scale; the cosine counts more where question and passage are in different scripts, because all that
is lexical there is a shared name or number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.retrieve.across import levelled
from rag.retrieve.copies import without_copies
from rag.retrieve.links import linked
from rag.retrieve.query import Query
from rag.retrieve.words import rescored
from rag.settings import Settings
from rag.store.contract import Store
from rag.text import fold
from rag.types import Hit, Passage

POOL = 100
"""Candidates taken from each leg."""

_UNSURE_TO_SURE = (2.0, 5.0)  # lexical scores of the best passage
_LEAST_DOUBT = 1 / 6
# What coverage word by word counts beside a cosine, in one script and across.
_WORDS, _WORDS_ACROSS = 5 / 3, 1 / 2
_RAREST = 7.0  # inverse document frequency of a word that stands in none of 550 passages
# A summary above an interview repeats it: what the speaker said is the better source of the two.
_SPEECH_BONUS = 0.2
_SPEAKER_BONUS = 0.25
_THEIRS_WILL_DO = 0.6  # of the best score, from which the person named has something to say on it
# A conversation stays in its transcript, and mostly near the place that it has reached.
_TOPIC_BONUS, _NEARBY_BONUS, _NEARBY = 0.8, 0.3, 6


@dataclass(frozen=True, slots=True)
class Filters:
    """What hits are restricted to; empty means everything."""

    speakers: tuple[str, ...] = ()
    transcripts: tuple[str, ...] = ()


def search(
    store: Store, query: Query, k: int, settings: Settings, filters: Filters | None = None
) -> list[Hit]:
    """Return the best `k` passages, best first."""
    if not query.text.strip() or k < 1:
        return []
    filters = filters or Filters()
    allowed = _allowed(store, filters)
    lexical, most = _lexical(store, query, filters)
    near = dict(store.nearest(query.vector, max(POOL, k), allowed))
    ids = sorted({*lexical, *near})
    if not ids:
        return []
    cosines = (store.vectors(ids) @ query.vector).tolist()
    own = [_same(query, spoken) for spoken in store.catalog.languages(ids)]
    weights = _weights(own, max(lexical.values(), default=0.0), settings)
    scores = _fused([lexical.get(id_, 0.0) for id_ in ids], most, cosines, own, weights)
    best = sorted(
        zip(scores, ids, cosines, own, weights, strict=True), key=lambda item: (-item[0], item[1])
    )[: 2 * k + POOL // 4]
    passages = store.catalog.passages([id_ for _, id_, *_ in best])
    hits = [
        Hit(passage, score, cosine, lexical.get(id_, 0.0))
        for passage, (score, id_, cosine, _, _) in zip(passages, best, strict=True)
    ]
    counts = {
        passage.address: weight * (_WORDS if same else _WORDS_ACROSS)
        for passage, (*_, same, weight) in zip(passages, best, strict=True)
    }
    hits = rescored(_favour(hits, query), query.chain, query.encoder, counts)
    return linked(store, without_copies(hits, k))


def _weights(own: Sequence[bool], surest: float, settings: Settings) -> list[float]:
    """Return what a cosine of 1 counts for each passage, where words match as well as `surest`."""
    same = settings.dense_weight * _doubt(surest)
    return [same if shared else settings.dense_weight_across for shared in own]


def _fused(
    lexical: Sequence[float],
    most: float,
    cosines: Sequence[float],
    own: Sequence[bool],
    weights: Sequence[float],
) -> list[float]:
    """Return the scores of passages; `own` tells of each whether it shares the question's script.

    No lexical score can be above `most`.
    """
    scores = [
        words + weight * cosine
        for words, weight, cosine in zip(lexical, weights, cosines, strict=True)
    ]
    if not any(weight for weight, same in zip(weights, own, strict=True) if not same):
        return scores
    covered = max((words for words, same in zip(lexical, own, strict=True) if same), default=0.0)
    return levelled(scores, cosines, own, covered / most)


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


def _allowed(store: Store, filters: Filters) -> Sequence[int] | None:
    if not filters.speakers and not filters.transcripts:
        return None
    return store.catalog.ids_where(filters.speakers, filters.transcripts)


def _lexical(store: Store, query: Query, filters: Filters) -> tuple[dict[int, float], float]:
    """Return the scores of the passages that share words with the question, by id.

    They are on the common scale; the second value is the best score thinkable on it.
    """
    only = [
        *(("speaker", fold(name)) for name in filters.speakers),
        *(("transcript", name) for name in filters.transcripts),
    ]
    matches = store.lexical.search(query.weights, POOL, only)
    if not matches:
        return {}, 1.0
    best = store.lexical.best(query.weights)
    # In an index of a few dozen passages no word is rare, and all BM25 scores are small; the scale
    # was chosen on indexes of several hundred and more.
    rarest = math.log(2 * store.manifest.passages + 2)
    scale = math.sqrt(best * min(rarest, _RAREST) / _RAREST)
    return {match.id: match.score / scale for match in matches}, best / scale
