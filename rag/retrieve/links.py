"""Where a reader can check what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rag.links import deep
from rag.store.contract import Store
from rag.types import Hit, Transcript


def linked(store: Store, hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits, each with the link to where a reader can check it."""
    hits = list(hits)
    sources = store.catalog.described(hit.passage.transcript for hit in hits)
    linked = []
    for hit in hits:
        first, last = hit.passage.spans[0], hit.passage.spans[-1]
        about, words = sources[hit.passage.transcript], f"{first.text}\n{last.text}"
        where = link(about, first.line, last.end_line, first.start, words)
        linked.append(replace(hit, link=where))
    return linked


def link(source: Transcript, line: int, end_line: int, start: float | None, words: str = "") -> str:
    """Return where a reader can check: the source at that second or these words, else the file."""
    if found := deep(source.source, start, line, end_line, words):
        return found
    lines = f"L{line}" if end_line == line else f"L{line}-L{end_line}"
    return f"{source.path}#{lines}"
