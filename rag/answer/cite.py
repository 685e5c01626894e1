"""From what a check found to citations: the words, who said them, the line, the link."""

from __future__ import annotations

from rag.answer.check import Checked, Cited, Quoted
from rag.answer.pack import Given
from rag.lexical import terms
from rag.retrieve import link
from rag.store.contract import Store
from rag.text import sentences
from rag.types import Address, Citation, Encoder, Span, Transcript

_SHARED = 1.0  # what it counts that all words of a claim stand in a sentence, beside the cosine


def citations(found: Checked, store: Store, encoder: Encoder) -> tuple[Citation, ...]:
    """Return one citation for every quotation that has a place, and every turn that is cited."""
    places = [item.where for item in found.quotes if item.where is not None]
    places += [item.where for item in found.cited]
    sources = store.catalog.described(item.source.address.transcript for item in places)
    quoted = [_quoted(item, item.where, sources) for item in found.quotes if item.where is not None]
    shown = {(str(item.address), item.quote) for item in quoted}
    where = {str(item.address) for item in quoted}
    result = list({(str(item.address), item.quote): item for item in quoted}.values())
    for cited in found.cited:
        if str(cited.where.source.address) in where:
            continue
        item = _supporting(cited, sources, encoder)
        if (str(item.address), item.quote) not in shown:
            shown.add((str(item.address), item.quote))
            result.append(item)
    return tuple(result)


def _quoted(item: Quoted, where: Given, sources: dict[str, Transcript]) -> Citation:
    if item.match is None:
        return _citation(where, 0, 0, sources, quote=item.words, exact=False)
    exact = item.finding is None or item.finding.kind == "place"
    return _citation(where, item.match.start, item.match.end, sources, exact=exact)


def _supporting(cited: Cited, sources: dict[str, Transcript], encoder: Encoder) -> Citation:
    """Cite the sentence of a turn that is nearest to the claim made from it."""
    text = cited.where.source.text
    spans = sentences(text) or [(0, len(text))]
    vectors = encoder.passages([text[start:end] for start, end in spans])
    likeness = vectors @ encoder.passages([cited.claim])[0]
    wanted = set(terms(cited.claim))

    def support(n: int) -> float:
        start, end = spans[n]
        shared = len(wanted & set(terms(text[start:end]))) / (len(wanted) or 1)
        return float(likeness[n]) + _SHARED * shared

    start, end = spans[max(range(len(spans)), key=support)]
    return _citation(cited.where, start, end, sources, quoted=False)


def _citation(
    where: Given,
    start: int,
    end: int,
    sources: dict[str, Transcript],
    *,
    quote: str = "",
    exact: bool = True,
    quoted: bool = True,
) -> Citation:
    line, end_line = _lines(where, start, end)
    first = _span_at(where, start)
    second = first.second(where.spans[0].offset + start - first.offset)
    address = where.source.address
    about = sources[address.transcript]
    return Citation(
        address=Address(
            address.transcript, first.number, first.number, first.part, first.part, address.section
        ),
        speaker=where.source.speaker,
        quote=quote or where.source.text[start:end],
        exact=exact,
        line=line,
        end_line=end_line,
        start=second,
        link=link(about, line, end_line, second, where.source.text[start:end]),
        quoted=quoted,
    )


def _span_at(where: Given, place: int) -> Span:
    """The part of a turn that the character at `place` stands in."""
    offset = where.spans[0].offset + place
    return next(span for span in reversed(where.spans) if span.offset <= offset)


def _lines(where: Given, start: int, end: int) -> tuple[int, int]:
    """The file lines of a stretch of a turn."""

    def line(place: int) -> int:
        span = _span_at(where, place)
        inside = max(0, where.spans[0].offset + place - span.offset)
        return span.lines[span.text.count("\n", 0, inside)]

    return line(start), line(max(start, end - 1))
