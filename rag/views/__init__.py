"""How values look outside: the JSON contracts, and plain text for people.

Every door shows values through this package, so that all of them show the same.
"""

from rag.views.contracts import answer, citation, finding, found, hit, to_json, transcript
from rag.views.screen import (
    at,
    checks,
    copied,
    hits,
    lines,
    report,
    sources,
    turns,
    where,
)
from rag.views.speaking import Share, speakers, suggestions, table

__all__ = [
    "Share",
    "answer",
    "at",
    "checks",
    "citation",
    "copied",
    "finding",
    "found",
    "hit",
    "hits",
    "lines",
    "report",
    "sources",
    "speakers",
    "suggestions",
    "table",
    "to_json",
    "transcript",
    "turns",
    "where",
]
