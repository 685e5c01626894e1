"""Questions from a file: one JSON object a line in, one a line out, in the same order.

A line is `{"question": "…"}`, with an `id` that comes back and a `history` of what was asked before
if it has one: questions, questions with their answers, or the messages of a conversation.
"""

from __future__ import annotations

from rag.script.lines import Asked, parse, read
from rag.script.replies import Reply, Task, Totals, asking, finding
from rag.script.results import Results
from rag.script.run import AHEAD, into, replies

__all__ = [
    "AHEAD",
    "Asked",
    "Reply",
    "Results",
    "Task",
    "Totals",
    "asking",
    "finding",
    "into",
    "parse",
    "read",
    "replies",
]
