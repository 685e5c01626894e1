"""The JSON contracts: fields may be added, none is renamed or taken away, and a test holds them."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass

from rag.errors import STEERING
from rag.types import Address, Answer, Citation, Finding, Found, Hit, Transcript


def to_json(value: object) -> str:
    """Write a value as one line of JSON, fit for a terminal; dataclasses become objects."""
    text = json.dumps(value, ensure_ascii=False, default=plain)
    return STEERING.sub(lambda match: json.dumps(match[0])[1:-1], text)


def plain(value: object) -> object:
    """Give what JSON has no form for one; dataclasses become objects."""
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
        "start": first.second(0),
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
        "warnings": list(item.warnings),
        "turns": [
            {
                "address": f"{item.id}:{turn.number}",
                "number": turn.number,
                "speaker": turn.speaker or None,
                "label": turn.label,
                "text": turn.text,
                "line": turn.line,
                "end_line": turn.end_line,
                "start": turn.start,
                "end": turn.end,
                "lines": list(turn.lines),
                "times": list(turn.times) or None,
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
