"""Question and hits to an answer: sentences quoted from the speakers, or an honest refusal.

Without a language model an answer is made of the sentences that answer, verbatim, with who said
them and where; nothing in it is anybody's words but theirs. The frame around the quotations is in
the language of the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from rag.lexical import terms
from rag.retrieve import Query, link
from rag.settings import Settings
from rag.store.index import Store
from rag.text import fold, language, sentences
from rag.types import Address, Answer, Citation, Encoder, Hit, Span, Transcript

NOT_FOUND = {
    "zh": "这些访谈记录里没有这个问题的答案。",
    "en": "The transcripts do not answer this question.",
}
"""The refusal, one sentence a language: written, recognised and scored by this constant only."""

_NEAREST = {
    "zh": "最接近的几处（并不是答案）：",
    "en": "The nearest passages, which are no answer:",
}
_SAID = {"zh": "{speaker}：{quotes}", "en": "{speaker}: {quotes}"}
_WROTE = {"zh": "《{title}》：{quotes}", "en": "{title}: {quotes}"}
_MARKS = {"zh": "「{}」", "en": "“{}”"}
_GAP = {"zh": "", "en": " "}

_NEAREST_SHOWN = 3
_HITS_READ = 5
_HIT_WORTH_READING = 0.85  # of the best hit's score
_MOST_SENTENCES = 4
_WORTH_SAYING = 0.62  # of the best sentence's score
_MOST_CHARACTERS = 600
_ALONE_TOO_SHORT = 8  # terms; a shorter sentence takes the next one along
_SNIPPET = 60
_QUESTION = re.compile(r"[?？][\"'”’」』）)]*$")
_ASKS_NUMBER = re.compile(
    "多少|多重|多大|多长|多久|多高|多远|多快|几|哪年|哪天|哪一年|哪一天|何时|什么时候|比例"
    r"|\b(?:how (?:many|much|long|old|far|often|big|heavy|fast|soon)|when|which year"
    r"|what (?:year|date|day|share|percentage|number|price))\b"
)
_HAS_NUMBER = re.compile(
    r"(?<![A-Za-z\d])\d|[一二两三四五六七八九十百千万亿半]+[个年月日天号点分小人台块元次本倍成家]"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty"
    r"|hundred|thousand|million|half|twice|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|january|february|march|april|june|july|august|september|october|november|december)\b",
    re.IGNORECASE,
)
_WIDE_BREAK = re.compile(r"(?<=[^\x00-\x7f])\s*\n\s*|\s*\n\s*(?=[^\x00-\x7f])")
_GOES_ON = re.compile(r"[：:；;]$")
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


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A candidate: one sentence of one span of one hit."""

    hit: int
    span: Span
    start: int
    end: int
    asked: str
    position: int
    score: float = 0.0

    @property
    def text(self) -> str:
        return self.span.text[self.start : self.end]


def extract(
    query: Query,
    hits: Sequence[Hit],
    confidence: float,
    *,
    store: Store,
    encoder: Encoder,
    settings: Settings,
) -> Answer:
    """Answer from the sentences of the hits, or refuse when `confidence` is too low."""
    spoken = query.language if query.language in NOT_FOUND else "en"
    sources = store.catalog.described(hit.passage.transcript for hit in hits)
    if not hits or confidence < settings.refuse_below:
        text = refusal(hits, spoken)
        return Answer(query.text, text, (), tuple(hits), refused=True, confidence=confidence)
    chosen = _choose(_scored(query, hits, store, encoder))
    quotes = [_citation(group, hits, sources) for group in _runs(chosen)]
    text = _compose(quotes, sources, spoken)
    cited = tuple(quotes)
    return Answer(query.text, text, cited, tuple(hits), refused=False, confidence=confidence)


def refusal(hits: Sequence[Hit], spoken: str) -> str:
    """Return the refusal with the nearest passages, shown as what they are."""
    lines = [NOT_FOUND[spoken]]
    if hits:
        lines.append(_NEAREST[spoken])
    for hit in hits[:_NEAREST_SHOWN]:
        said = max(hit.passage.spans, key=lambda span: len(span.text))
        snippet = one_line(said.text)
        snippet = snippet[:_SNIPPET] + "…" if len(snippet) > _SNIPPET else snippet
        speaker = f"{said.speaker}：" if said.speaker else ""
        lines.append(f"- {speaker}{snippet} [{hit.passage.address}]")
    return "\n".join(lines)


def one_line(text: str) -> str:
    """Join the lines of a quotation for showing it in one."""
    return _WIDE_BREAK.sub("", text).replace("\n", " ")


def _scored(query: Query, hits: Sequence[Hit], store: Store, encoder: Encoder) -> list[_Sentence]:
    """All sentences worth considering with their scores, best first."""
    best = hits[0].score
    worth = [hit for hit in hits[:_HITS_READ] if hit.score >= _HIT_WORTH_READING * best]
    found = [item for rank, hit in enumerate(worth) for item in _candidates(rank, hit)]
    stated = [item for item in found if not _QUESTION.search(item.text)]
    found = stated or found
    wanted = _wanted(query, store)
    number = _ASKS_NUMBER.search(fold(query.text))
    vectors = encoder.passages([item.text for item in found]) @ query.vector
    asked = list(dict.fromkeys(item.asked for item in found))
    alike = dict(zip(asked, encoder.passages(asked) @ query.vector, strict=True))
    scored = [
        replace(
            item,
            score=_OVERLAP * _overlap(item.text, wanted)
            + _likeness(item.text, query.language) * float(likeness)
            + _NAMED * (item.span.speaker in query.named)
            + _PASSAGE * worth[item.hit].score
            + _OPENING * float(alike[item.asked]) * _FADING**item.position
            + _NUMBER * bool(number and _HAS_NUMBER.search(item.text)),
        )
        for item, likeness in zip(found, vectors, strict=True)
    ]
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


def _candidates(rank: int, hit: Hit) -> Iterator[_Sentence]:
    """The sentences of those spans of a hit that reply, each with the question it replies to.

    A direct answer tends to open the reply, so positions are counted from the question on; in the
    later parts of a long reply nothing is an opening any more.
    """
    spans, asked, position = hit.passage.spans, hit.passage.context, _LATE
    for span, following in zip(spans, [*spans[1:], None], strict=True):
        asks = _QUESTION.search(span.text) and not hit.passage.section
        if asks and following is not None and following.speaker != span.speaker:
            asked, position = span.text, 0
            continue
        for start, end in sentences(span.text):
            yield _Sentence(rank, span, start, end, asked, position)
            position += 1


def _overlap(text: str, wanted: Mapping[str, float]) -> float:
    words = set(terms(text))
    # Long sentences share more words by chance; BM25's length norm with b = 0.5, average 30 terms.
    return sum(wanted.get(word, 0.0) for word in words) / (0.5 + 0.5 * max(len(words), 10) / 30)


def _choose(scored: Sequence[_Sentence]) -> list[_Sentence]:
    """Take the best sentences that say something new, within the length of an answer."""
    chosen: list[_Sentence] = []
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


def _runs(chosen: Iterable[_Sentence]) -> list[list[_Sentence]]:
    """Group chosen sentences into stretches without a gap, in the order of the transcripts.

    A sentence that goes on ("in short:", "first …;") takes the rest along.
    """
    picked = sorted(chosen, key=lambda s: (s.hit, s.span.number, s.span.offset + s.start))
    best = {item.hit: max(s.score for s in picked if s.hit == item.hit) for item in picked}
    picked.sort(key=lambda s: -best[s.hit])
    runs: list[list[_Sentence]] = []
    for item in picked:
        stretch = [item, *_needed_after(item)]
        last = runs[-1][-1] if runs else None
        if last is not None and last.span == item.span and item.start <= _skip(last):
            runs[-1] += [s for s in stretch if s.end > last.end]
        else:
            runs.append(stretch)
    return runs


def _skip(item: _Sentence) -> int:
    """Where the next sentence of the span begins."""
    rest = item.span.text[item.end :]
    return item.end + len(rest) - len(rest.lstrip())


def _needed_after(item: _Sentence) -> Iterator[_Sentence]:
    """What has to be quoted along: the rest of a list, or the sentence after one too short."""
    following = ((a, b) for a, b in sentences(item.span.text) if a >= item.end)
    last = item
    for start, end in islice(following, _LONGEST_LIST):
        goes_on = _GOES_ON.search(last.text) is not None
        if not goes_on and (last is not item or len(terms(item.text)) >= _ALONE_TOO_SHORT):
            return
        last = replace(item, start=start, end=end)
        yield last


def _citation(
    run: Sequence[_Sentence], hits: Sequence[Hit], sources: Mapping[str, Transcript]
) -> Citation:
    span, passage = run[0].span, hits[run[0].hit].passage
    start, end = run[0].start, run[-1].end
    address = Address(
        passage.transcript, span.number, span.number, span.part, span.part, passage.section
    )
    line = span.lines[span.text.count("\n", 0, start)]
    end_line = span.lines[span.text.count("\n", 0, end)]
    return Citation(
        address=address,
        speaker=span.speaker,
        quote=span.text[start:end],
        exact=True,
        line=line,
        end_line=end_line,
        start=span.start,
        link=link(sources[passage.transcript], line, end_line, span.start),
    )


def _compose(quotes: Sequence[Citation], sources: Mapping[str, Transcript], spoken: str) -> str:
    """One paragraph a turn: who, then their words in quotation marks, each with its address."""
    lines: list[str] = []
    last: tuple[str, str] | None = None
    for quote in quotes:
        key = (quote.address.transcript, quote.speaker)
        marked = f"{_MARKS[spoken].format(one_line(quote.quote))} [{quote.address}]"
        if key == last:
            lines[-1] += _GAP[spoken] + marked
            continue
        last = key
        frame = _SAID if quote.speaker else _WROTE
        title = sources[quote.address.transcript].title
        lines.append(frame[spoken].format(speaker=quote.speaker, title=title, quotes=marked))
    return "\n".join(lines)
