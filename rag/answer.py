"""Question and hits to an answer: sentences quoted from the speakers, or an honest refusal.

Without a language model an answer is made of the sentences that answer, verbatim, with who said
them and where; nothing in it is anybody's words but theirs. The frame around the quotations is in
the language of the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.lexical import terms
from rag.retrieve import Query, link
from rag.settings import Settings
from rag.store import Store
from rag.text import fold, sentences
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
_HIT_WORTH_READING = 0.6  # of the best hit's score
_MOST_SENTENCES = 4
_WORTH_SAYING = 0.62  # of the best sentence's score
_MOST_CHARACTERS = 600
_ALONE_TOO_SHORT = 8  # terms; a shorter sentence takes the next one along
_SNIPPET = 60
_QUESTION = re.compile(r"[?？][\"'”’」』）)]*$")
_WIDE_BREAK = re.compile(r"(?<=[^\x00-\x7f])\s*\n\s*|\s*\n\s*(?=[^\x00-\x7f])")
_LEADS_ON = re.compile(r"[：:]$")

# Weights of a sentence's score: words shared with the question, likeness, its passage's own score.
_OVERLAP, _LIKENESS, _PASSAGE = 1.0, 1.0, 0.15
_LIKENESS_ACROSS = 2.0


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A candidate: one sentence of one span of one hit."""

    hit: int
    span: Span
    start: int
    end: int
    score: float

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
    language = query.language if query.language in NOT_FOUND else "en"
    sources = {item.id: item for item in store.catalog.transcripts()}
    if not hits or confidence < settings.refuse_below:
        text = refusal(hits, language)
        return Answer(query.text, text, (), tuple(hits), refused=True, confidence=confidence)
    chosen = _choose(_scored(query, hits, store, encoder))
    quotes = [_citation(group, hits, sources) for group in _runs(chosen)]
    text = _compose(quotes, sources, language)
    cited = tuple(quotes)
    return Answer(query.text, text, cited, tuple(hits), refused=False, confidence=confidence)


def refusal(hits: Sequence[Hit], language: str) -> str:
    """Return the refusal with the nearest passages, shown as what they are."""
    lines = [NOT_FOUND[language]]
    if hits:
        lines.append(_NEAREST[language])
    for hit in hits[:_NEAREST_SHOWN]:
        said = hit.passage.spans[-1]
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
    found = [
        (rank, span, start, end)
        for rank, hit in enumerate(worth)
        for span in _answering(hit)
        for start, end in sentences(span.text)
    ]
    stated = [(r, s, a, b) for r, s, a, b in found if not _QUESTION.search(s.text[a:b])]
    found = stated or found
    vectors = encoder.passages([span.text[start:end] for _, span, start, end in found])
    idf = store.lexical.weigh(query.weights)
    wanted = {term: weight * idf[term] for term, weight in query.weights.items()}
    total = math.sqrt(sum(wanted.values())) or 1.0
    scored = [
        _Sentence(rank, span, start, end,
            _overlap(span.text[start:end], wanted) / total * _OVERLAP
            + float(vector @ query.vector) * (_LIKENESS if hits[rank].lexical else _LIKENESS_ACROSS)
            + hits[rank].score * _PASSAGE)
        for (rank, span, start, end), vector in zip(found, vectors, strict=True)
    ]  # fmt: skip
    return sorted(scored, key=lambda item: (-item.score, item.hit, item.span.number, item.start))


def _answering(hit: Hit) -> Iterator[Span]:
    """The spans that reply: not the question that the passage opens with."""
    spans = hit.passage.spans
    replies = spans[1:] if len(spans) > 1 and not hit.passage.section else spans
    yield from replies


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

    A sentence that only leads on ("in short:") or is too short to stand alone takes the next one.
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
    if not _LEADS_ON.search(item.text) and len(terms(item.text)) >= _ALONE_TOO_SHORT:
        return
    following = [(a, b) for a, b in sentences(item.span.text) if a >= item.end][:1]
    if _LEADS_ON.search(item.text):
        following = [(a, b) for a, b in sentences(item.span.text) if a >= item.end][:3]
    for start, end in following:
        yield _Sentence(item.hit, item.span, start, end, item.score)


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


def _compose(quotes: Sequence[Citation], sources: Mapping[str, Transcript], language: str) -> str:
    """One paragraph a turn: who, then their words in quotation marks, each with its address."""
    lines: list[str] = []
    last: tuple[str, str] | None = None
    for quote in quotes:
        key = (quote.address.transcript, quote.speaker)
        marked = f"{_MARKS[language].format(one_line(quote.quote))} [{quote.address}]"
        if key == last:
            lines[-1] += _GAP[language] + marked
            continue
        last = key
        frame = _SAID if quote.speaker else _WROTE
        title = sources[quote.address.transcript].title
        lines.append(frame[language].format(speaker=quote.speaker, title=title, quotes=marked))
    return "\n".join(lines)
