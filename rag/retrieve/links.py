"""Where a reader can check what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from rag.store.index import Store
from rag.types import Hit, Transcript


def linked(store: Store, hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits, each with the link to where a reader can check it."""
    hits = list(hits)
    sources = store.catalog.described(hit.passage.transcript for hit in hits)
    linked = []
    for hit in hits:
        first, last = hit.passage.spans[0], hit.passage.spans[-1]
        where = link(sources[hit.passage.transcript], first.line, last.end_line, first.start)
        linked.append(replace(hit, link=where))
    return linked


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
