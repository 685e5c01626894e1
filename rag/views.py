"""How values look outside: the JSON contracts, and plain text for people.

The JSON objects are stable: fields may be added, none is renamed or taken away, and a test holds
them. Every door shows values through this module, so that all of them show the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import TYPE_CHECKING

from rag.answer import one_line
from rag.errors import STEERING, UsageError, safe
from rag.pipeline import transcript_at
from rag.types import (
    Address,
    Answer,
    Citation,
    Finding,
    Found,
    Hit,
    Section,
    Transcript,
    Turn,
)

if TYPE_CHECKING:
    from rag.store import Report, Speaker, Store


def to_json(value: object) -> str:
    """Write a value as one line of JSON, fit for a terminal; dataclasses become objects."""
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return STEERING.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _plain(value: object) -> object:
    if isinstance(value, Address):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def found(result: Found) -> dict[str, object]:
    """The contract of `rag search --json`."""
    return {
        "question": result.question,
        "hits": [hit(item) for item in result.hits],
        "timings": dict(result.timings),
    }


def hit(item: Hit) -> dict[str, object]:
    """One hit inside the contracts of search and ask."""
    first, last = item.passage.spans[0], item.passage.spans[-1]
    return {
        "address": str(item.passage.address),
        "speakers": list(item.passage.speakers),
        "text": item.passage.text,
        "score": round(item.score, 4),
        "dense": round(item.dense, 4),
        "lexical": round(item.lexical, 4),
        "line": first.line,
        "end_line": last.end_line,
        "start": first.start,
        "link": item.link,
    }


def answer(reply: Answer) -> dict[str, object]:
    """The contract of `rag ask --json`."""
    return {
        "question": reply.question,
        "answer": reply.text,
        "refused": reply.refused,
        "confidence": round(reply.confidence, 4),
        "citations": [citation(item) for item in reply.citations],
        "hits": [hit(item) for item in reply.hits],
        "model": reply.model or None,
        "usage": dict(reply.usage),
        "cost": reply.cost,
        "timings": dict(reply.timings),
        "grounded": reply.grounded,
        "quotes": reply.quotes,
        "findings": [finding(item) for item in reply.findings],
        "incomplete": reply.incomplete,
        "error": reply.failure or None,
        "standalone": reply.standalone or None,
        "left_out": reply.left_out,
    }


def finding(item: Finding) -> dict[str, object]:
    """One finding inside the contract of ask."""
    return {
        "kind": item.kind,
        "text": item.text,
        "speaker": item.speaker or None,
        "address": str(item.address) if item.address else None,
        "difference": item.difference or None,
    }


def citation(item: Citation) -> dict[str, object]:
    """One citation inside the contract of ask."""
    return {
        "address": str(item.address),
        "speaker": item.speaker or None,
        "quote": item.quote,
        "exact": item.exact,
        "line": item.line,
        "end_line": item.end_line,
        "start": item.start,
        "link": item.link,
        "asked": item.asked or None,
        "quoted": item.quoted,
    }


def transcript(item: Transcript) -> dict[str, object]:
    """The contract of `rag show --json`."""
    return {
        "id": item.id,
        "title": item.title,
        "date": item.date or None,
        "source": item.source or None,
        "language": item.language,
        "turns": [
            {
                "address": f"{item.id}:{turn.number}",
                "number": turn.number,
                "speaker": turn.speaker,
                "label": turn.label,
                "text": turn.text,
                "line": turn.line,
                "end_line": turn.end_line,
                "start": turn.start,
                "end": turn.end,
            }
            for turn in item.turns
        ],
        "sections": [
            {
                "address": f"{item.id}:s{section.number}",
                "title": section.title,
                "text": section.text,
                "line": section.line,
                "end_line": section.end_line,
            }
            for section in item.sections
        ],
    }


def at(opened: Store, address: str) -> Transcript:
    """Return the transcript at an address with only the turns or sections that it covers.

    Raises:
        UsageError: when it is not an address, or nothing stands there.
    """
    wanted = Address.parse(address)
    item = transcript_at(opened, wanted.transcript)

    def covered(part: Turn | Section) -> bool:
        return wanted.first <= part.number <= wanted.last

    turns = () if wanted.section else tuple(filter(covered, item.turns))
    sections = tuple(filter(covered, item.sections)) if wanted.section else ()
    if not turns and not sections:
        there = f"{len(item.turns)} turns and {len(item.sections)} sections"
        raise UsageError(f"nothing stands at {address}", f"{item.id} has {there}")
    return replace(item, turns=turns, sections=sections)


def turns(item: Transcript) -> str:
    """Show a transcript as text: address, line, speaker, words."""
    lines = [
        f"[{item.id}:s{section.number}] line {section.line}"
        f"{f' {section.title}' if section.title else ''}\n  {one_line(section.text)}"
        for section in item.sections
    ]
    lines += [
        f"[{item.id}:{turn.number}] line {turn.line}"
        f"{f' {clock(turn.start)}' if turn.start is not None else ''} {turn.speaker}"
        f"\n  {one_line(turn.text)}"
        for turn in item.turns
    ]
    return safe("\n".join(lines))


def clock(seconds: float) -> str:
    """Write seconds as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def hits(items: Sequence[Hit], verbose: bool) -> str:
    """List hits as text, best first."""
    blocks = []
    for number, item in enumerate(items, start=1):
        scores = f"  (dense {item.dense:.3f}, lexical {item.lexical:.3f})" if verbose else ""
        head = f"{number}. [{item.passage.address}] {item.score:.3f}{scores}  {item.link}"
        words = "\n".join(
            f"   {f'{span.speaker}: ' if span.speaker else ''}{one_line(span.text)}"
            for span in item.passage.spans
        )
        blocks.append(f"{head}\n{words}")
    return safe("\n".join(blocks)) or "no passage found"


def sources(reply: Answer) -> str:
    """Show where an answer comes from: its citations, the hits with both scores, the times."""
    lines = [
        f"{item.address}  line {item.line}  {item.speaker or '—'}  {item.link}"
        for item in reply.citations
    ]
    lines += [
        f"{item.passage.address}  score {item.score:.3f}"
        f" (dense {item.dense:.3f}, lexical {item.lexical:.3f})  {item.link}"
        for item in reply.hits
    ]
    times = ", ".join(f"{name} {value} ms" for name, value in reply.timings.items())
    lines.append(f"confidence {reply.confidence:.2f}; {times}")
    if reply.standalone:
        lines.append(f"asked as: {one_line(reply.standalone)}")
    if reply.left_out:
        lines.append(f"{reply.left_out} passages found did not fit into the model's window")
    if reply.usage:
        tokens = ", ".join(f"{name} {count}" for name, count in reply.usage.items())
        price = f"; cost {reply.cost:.6f}" if reply.cost is not None else ""
        lines.append(f"{reply.model}: {tokens}{price}")
    return safe("\n".join(lines))


def report(result: Report, name: str) -> str:
    """Say in one line what a build did."""
    if not result.changed:
        return safe(
            f"{name}: up to date, {result.transcripts} transcripts, {result.passages} passages"
        )
    return safe(
        f"{name}: {result.transcripts} transcripts, {result.turns} turns,"
        f" {result.passages} passages ({result.embedded} embedded, {result.reused} reused"
        + (f", {result.removed} files gone)" if result.removed else ")")
    )


@dataclass(frozen=True, slots=True)
class Share:
    """How much one person says over all transcripts."""

    speaker: str
    turns: int
    characters: int
    transcripts: tuple[str, ...]


def speakers(rows: Sequence[Speaker]) -> list[Share]:
    """Add up what each person says, most words first."""
    grouped: dict[str, list[Speaker]] = {}
    for row in rows:
        grouped.setdefault(row.name, []).append(row)
    shares = [
        Share(
            name,
            sum(row.turns for row in said),
            sum(row.characters for row in said),
            tuple(row.transcript for row in said),
        )
        for name, said in grouped.items()
    ]
    return sorted(shares, key=lambda share: (-share.characters, share.speaker))


def table(shares: Sequence[Share]) -> str:
    """Show speakers as tab-separated columns, which pipes and terminals both take."""
    rows = [("turns", "characters", "speaker", "transcripts")]
    rows += [
        (str(share.turns), str(share.characters), share.speaker, ", ".join(share.transcripts))
        for share in shares
    ]
    return "\n".join("\t".join(safe(" ".join(cell.split())) for cell in row) for row in rows)


def checks(results: Sequence[object]) -> str:
    """Show the results of `rag doctor`, one a line."""
    lines = []
    for item in results:
        values: Mapping[str, object] = _plain(item)  # type: ignore[assignment]  # a dataclass
        hint = f" ({values['hint']})" if values["hint"] else ""
        lines.append(
            f"{'ok  ' if values['ok'] else 'BAD '} {values['name']}: {values['found']}{hint}"
        )
    return safe("\n".join(lines))
