"""Without a language model: sentences quoted from the speakers, or an honest refusal.

Such an answer is made of the sentences that answer, verbatim, with who said them and where; nothing
in it is anybody's words but theirs. The frame around the quotations is in the language of the
question.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rag.answer.choose import Sentence, choose
from rag.retrieve import Query, link
from rag.settings import Settings
from rag.store.contract import Store
from rag.text import one_line, unnamed
from rag.types import Address, Answer, Citation, Encoder, Hit, Transcript, people

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
_REPLIED = {
    "zh": "{speaker}（被问到“{asked}”）：{quotes}",
    "en": "{speaker} (asked “{asked}”): {quotes}",
}
_WROTE = {"zh": "《{title}》：{quotes}", "en": "{title}: {quotes}"}
_MARKS = {"zh": "「{}」", "en": "“{}”"}
_GAP = {"zh": "", "en": " "}

_NEAREST_SHOWN = 3
_SNIPPET = 60
_ASKED_SHOWN = 120  # characters of a question in the frame; its end is where it asks


def extract(
    query: Query,
    hits: Sequence[Hit],
    confidence: float,
    *,
    store: Store,
    encoder: Encoder,
    settings: Settings,
    only: Collection[str] = (),
) -> Answer:
    """Answer from the sentences of the hits, or refuse when `confidence` is too low.

    `only` names the speakers who may be quoted, empty for all.
    """
    spoken = query.language if query.language in NOT_FOUND else "en"
    runs: list[list[Sentence]] = []
    if hits and confidence >= settings.refuse_below:
        runs = choose(query, hits, store, encoder, only)
    if not runs:
        text = refusal(hits, spoken, only)
        return Answer(
            query.text, text, (), tuple(hits), refused=True, confidence=confidence, grounded=False
        )
    sources = store.catalog.described(hit.passage.transcript for hit in hits)
    quotes = tuple(_citation(run, hits[run[0].hit], sources) for run in runs)
    text = _compose(quotes, sources, spoken)
    return Answer(
        query.text,
        text,
        quotes,
        tuple(hits),
        refused=False,
        confidence=confidence,
        quotes=len(quotes),
    )


def refusal(hits: Sequence[Hit], spoken: str, only: Collection[str] = ()) -> str:
    """Return the refusal with the nearest passages, shown as what they are."""
    lines = [NOT_FOUND[spoken]]
    if hits:
        lines.append(_NEAREST[spoken])
    for hit in hits[:_NEAREST_SHOWN]:
        spans = [
            span
            for span in hit.passage.spans
            if not only or not {*only}.isdisjoint(people(span.speaker))
        ]
        said = max(spans or hit.passage.spans, key=lambda span: len(span.text))
        snippet = one_line(said.text)
        snippet = snippet[:_SNIPPET] + "…" if len(snippet) > _SNIPPET else snippet
        speaker = f"{name}：" if (name := _name(said.speaker, hit.passage.section, spoken)) else ""
        lines.append(f"- {speaker}{snippet} [{hit.passage.address}]")
    return "\n".join(lines)


def _citation(run: Sequence[Sentence], hit: Hit, sources: Mapping[str, Transcript]) -> Citation:
    span, passage = run[0].span, hit.passage
    start, end = run[0].start, run[-1].end
    address = Address(
        passage.transcript, span.number, span.number, span.part, span.part, passage.section
    )
    line = span.lines[span.text.count("\n", 0, start)]
    end_line = span.lines[span.text.count("\n", 0, end)]
    second = span.second(start)
    return Citation(
        address=address,
        speaker=span.speaker,
        quote=span.text[start:end],
        exact=True,
        line=line,
        end_line=end_line,
        start=second,
        link=link(sources[passage.transcript], line, end_line, second, span.text[start:end]),
        asked=run[0].asked if run[0].unclear else "",
    )


def _compose(quotes: Sequence[Citation], sources: Mapping[str, Transcript], spoken: str) -> str:
    """One paragraph a turn: who, then their words in quotation marks, each with its address."""
    lines: list[str] = []
    last: tuple[str, str] | None = None
    for quote in quotes:
        key = (quote.address.transcript, quote.speaker)
        marked = f"{_MARKS[spoken].format(one_line(quote.quote))} [{quote.address}]"
        if key == last and not quote.asked:
            lines[-1] += _GAP[spoken] + marked
            continue
        last = key
        speaker = _name(quote.speaker, quote.address.section, spoken)
        frame = (_REPLIED if quote.asked else _SAID) if speaker else _WROTE
        lines.append(
            frame[spoken].format(
                speaker=speaker,
                title=sources[quote.address.transcript].title,
                asked=_shortened(quote.asked),
                quotes=marked,
            )
        )
    return "\n".join(lines)


def _name(speaker: str, section: bool, spoken: str) -> str:
    """Who said it; nobody said what is prose, and of some speech the file does not say who did."""
    return speaker or ("" if section else unnamed(spoken))


def _shortened(asked: str) -> str:
    asked = one_line(asked)
    return asked if len(asked) <= _ASKED_SHOWN else "…" + asked[-_ASKED_SHOWN:]
