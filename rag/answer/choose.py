"""Which sentences of the hits answer the question, and which belong together.

A sentence's score adds up signs that it answers (`docs/decisions/extractive.md`); the weights were
chosen on `corpus/cases.jsonl` by how many answers quote a right turn and say what they must.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from rag.lexical import terms
from rag.retrieve import Query
from rag.store.contract import Store
from rag.text import fold, language, sentences
from rag.types import Encoder, Hit, Span, people

_HITS_READ = 5
_HIT_WORTH_READING = 0.75  # of the best hit's score
_MOST_SENTENCES = 4
_WORTH_SAYING = 0.62  # of the best sentence's score
_MOST_CHARACTERS = 600
_ALONE_TOO_SHORT = 8  # terms; a shorter sentence takes the next one along
_LONGEST_LIST = 5  # sentences

# Weights of a sentence's score: words shared with the question, likeness to it, the score of its
# passage, and how alike the question is to the one that the sentence opens the reply to.
_OVERLAP, _PASSAGE, _OPENING = 1.0, 1.0, 2.0
_LIKENESS, _LIKENESS_ACROSS = 1.0, 2.0
_FADING = 0.7  # of the opening's bonus, a sentence
_NAMED = 0.4  # for the words of somebody whom the question names
_FULL = 10  # terms; a shorter sentence is alike by accident
_NUMBER = 0.3  # for a figure, where a figure is asked for
_LATE = 99  # a position where no bonus is left
_NEEDS_QUESTION = 2  # sentences into a reply that may be unclear without what was asked

_QUESTION = re.compile(r"[?？][\"'”’」』）)]*$")
_GOES_ON = re.compile(r"[：:；;]$")
_ASKS_NUMBER = re.compile(
    "多少|多重|多大|多长|多久|多高|多远|多快|几(?!乎)|哪年|哪天|哪一年|哪一天|何时|什么时候|啥时候|比例"
    r"|\bhow (?:many|much|long|old|far|often|big|heavy|fast|soon)\b|^when\b|\bwhich year\b"
    r"|\bwhat (?:year|date|day|share|percentage|number|price)\b"
)
_HAS_NUMBER = re.compile(
    r"(?<![A-Za-z\d])(?<![A-Za-z]-)\d|[二两三四五六七八九十百千万亿半]+[个年月日天号点分小人台块元次本倍成家]"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty"
    r"|hundred|thousand|million|half|twice|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|january|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A candidate: one sentence of one span of one hit, and the question that it replies to.

    `position` counts the sentences since the question; `shares` tells whether words of the user's
    question stand in it.
    """

    hit: int
    span: Span
    start: int
    end: int
    asked: str
    position: int
    score: float = 0.0
    shares: bool = True

    @property
    def text(self) -> str:
        """The words."""
        return self.span.text[self.start : self.end]

    @property
    def unclear(self) -> bool:
        """Whether a reader needs the question that was asked to understand the words."""
        return not self.shares and self.position < _NEEDS_QUESTION


def choose(
    query: Query, hits: Sequence[Hit], store: Store, encoder: Encoder, only: Collection[str]
) -> list[list[Sentence]]:
    """Return the sentences that answer, in stretches to be quoted as one, best passage first.

    `only` names the speakers who may be quoted, empty for all.
    """
    return _runs(_best(_scored(query, hits, store, encoder, only)))


def _scored(
    query: Query, hits: Sequence[Hit], store: Store, encoder: Encoder, only: Collection[str]
) -> list[Sentence]:
    """All sentences worth considering with their scores, best first."""
    worth = [h for h in hits[:_HITS_READ] if h.score >= _HIT_WORTH_READING * hits[0].score]
    found = [item for rank, hit in enumerate(worth) for item in _candidates(rank, hit, only)]
    stated = [item for item in found if not _QUESTION.search(item.text)]
    found = found if only else stated or found
    wanted = _wanted(query, store)
    number = _ASKS_NUMBER.search(fold(query.text))
    likenesses = encoder.passages([item.text for item in found]) @ query.vector
    asked = list(dict.fromkeys(item.asked for item in found))
    alike = dict(zip(asked, encoder.passages(asked) @ query.vector, strict=True))
    scored = []
    for item, likeness in zip(found, likenesses, strict=True):
        overlap = _overlap(item.text, wanted)
        score = (
            _OVERLAP * overlap
            + _likeness(item.text, query.language) * float(likeness)
            + _NAMED * (item.span.speaker in query.named)
            + _PASSAGE * worth[item.hit].score
            + _OPENING * float(alike[item.asked]) * _FADING**item.position
            + _NUMBER * bool(number and _HAS_NUMBER.search(item.text))
        )
        shares = overlap > 0 or not _overlap(item.asked, wanted)
        scored.append(replace(item, score=score, shares=shares))
    return sorted(scored, key=lambda item: (-item.score, item.hit, item.span.number, item.start))


def _likeness(text: str, asked_in: str) -> float:
    """What a cosine of 1 counts: more across languages, where no words can be shared."""
    weight = _LIKENESS if language(text) == asked_in else _LIKENESS_ACROSS
    return weight * min(1.0, len(terms(text)) / _FULL)


def _wanted(query: Query, store: Store) -> dict[str, float]:
    """The question's terms with the weight that BM25 would give them, on the fused scale."""
    idf = store.lexical.weigh(query.weights)
    scale = math.sqrt(sum(weight * idf[term] for term, weight in query.weights.items())) or 1.0
    return {term: weight * idf[term] / scale for term, weight in query.weights.items()}


def _candidates(rank: int, hit: Hit, only: Collection[str]) -> Iterator[Sentence]:
    """The sentences of those spans of a hit that reply, each with the question it replies to.

    A direct answer tends to open the reply, so positions are counted from the question on; in the
    later parts of a long reply nothing is an opening any more. Questions are quoted only when just
    those who ask are wanted.
    """
    spans, asked, position = hit.passage.spans, hit.passage.context, _LATE
    wanted = {*only}
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        asks = _QUESTION.search(span.text) and not hit.passage.section
        if asks and following is not None and following.speaker != span.speaker:
            asked, position = span.text, 0
            if wanted.isdisjoint(people(span.speaker)):
                continue
        elif wanted and wanted.isdisjoint(people(span.speaker)):
            continue
        for start, end in sentences(span.text):
            yield Sentence(rank, span, start, end, asked, position)
            position += 1


def _overlap(text: str, wanted: Mapping[str, float]) -> float:
    words = set(terms(text))
    # Long sentences share more words by chance; BM25's length norm with b = 0.5, average 30 terms.
    return sum(wanted.get(word, 0.0) for word in words) / (0.5 + 0.5 * max(len(words), 10) / 30)


def _best(scored: Sequence[Sentence]) -> list[Sentence]:
    """Take the best sentences that say something new, within the length of an answer."""
    chosen: list[Sentence] = []
    said: set[str] = set()
    length = 0
    for item in scored:
        if len(chosen) == _MOST_SENTENCES or item.score < scored[0].score * _WORTH_SAYING:
            break
        key = re.sub(r"\W+", "", fold(item.text))
        too_long = chosen and length + len(item.text) > _MOST_CHARACTERS
        if not key or key in said or too_long:
            continue
        chosen.append(item)
        said.add(key)
        length += len(item.text)
    return chosen


def _runs(chosen: Iterable[Sentence]) -> list[list[Sentence]]:
    """Group chosen sentences into stretches without a gap, in the order of the transcripts.

    A sentence that goes on ("in short:", "first …;") takes the rest along.
    """
    picked = sorted(chosen, key=lambda s: (s.hit, s.span.number, s.span.offset + s.start))
    best = {item.hit: max(s.score for s in picked if s.hit == item.hit) for item in picked}
    picked.sort(key=lambda s: -best[s.hit])
    runs: list[list[Sentence]] = []
    for item in picked:
        stretch = [item, *_needed_after(item)]
        last = runs[-1][-1] if runs else None
        if last is not None and last.span == item.span and item.start <= _skip(last):
            runs[-1] += [s for s in stretch if s.end > last.end]
        else:
            runs.append(stretch)
    return runs


def _skip(item: Sentence) -> int:
    """Where the next sentence of the span begins."""
    rest = item.span.text[item.end :]
    return item.end + len(rest) - len(rest.lstrip())


def _needed_after(item: Sentence) -> Iterator[Sentence]:
    """What has to be quoted along: the rest of a list, or the sentence after one too short."""
    following = ((a, b) for a, b in sentences(item.span.text) if a >= item.end)
    last = item
    for start, end in islice(following, _LONGEST_LIST):
        goes_on = _GOES_ON.search(last.text) is not None
        if not goes_on and (last is not item or len(terms(item.text)) >= _ALONE_TOO_SHORT):
            return
        last = replace(item, start=start, end=end)
        yield last
