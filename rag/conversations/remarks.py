"""What the check of an answer found wrong in it, in a few lines."""

from __future__ import annotations

from collections import Counter

from rag.errors import safe
from rag.text import one_line
from rag.types import Answer

_WRONG = {
    "absent": "not in the transcripts",
    "near": "in other words",
    "speaker": "said by somebody else",
    "place": "said elsewhere",
}


def remarks(answer: Answer) -> list[str]:
    """Say what is wrong: quotations counted, citations removed, claims that nothing supports."""
    kinds: Counter[str] = Counter(item.kind for item in answer.findings)
    lines = []
    if wrong := [f"{kinds[kind]} {words}" for kind, words in _WRONG.items() if kinds[kind]]:
        lines.append(f"{_counted(answer.quotes, 'quotation')} checked: {', '.join(wrong)}")
    if kinds["key"]:
        lines.append(f"{_counted(kinds['key'], 'citation')} removed: not among what was found")
    lines += [
        f"no passage supports: {safe(one_line(item.text))}"
        for item in answer.findings
        if item.kind == "claim"
    ]
    return lines


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
