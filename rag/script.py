"""Questions from a file: one JSON object a line in, one a line out, in the same order.

A line is `{"question": "…"}`, with an `id` that comes back and a `history` of earlier questions if
it has them. Only the questions of a history count, so it may also be written as messages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from rag.errors import UsageError


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a batch; `id` is whatever JSON value the line gave, None without."""

    id: object
    question: str
    history: tuple[str, ...]


Reply = Callable[[Asked], Mapping[str, object]]


def batch(lines: Iterable[str], name: str, reply: Reply) -> Iterator[dict[str, object]]:
    """Yield the reply to every question in `lines` of the file `name`, with the line's id in front.

    Raises:
        UsageError: for a line that cannot be read or asked, naming it.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        asked = parse(line, where)
        try:
            yield {"id": asked.id, **reply(asked)}
        except UsageError as error:
            raise UsageError(f"{where}: {error.message}", error.hint) from error


def parse(line: str, where: str) -> Asked:
    """Read one line of a batch.

    Raises:
        UsageError: when it is not of the form above.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: not JSON", 'write {"question": "…"}, one a line') from error
    if not isinstance(value, dict) or not isinstance(value.get("question"), str):
        raise UsageError(f"{where}: no question in it", 'write {"question": "…"}, one a line')
    history = value.get("history") or []
    if not isinstance(history, list):
        raise UsageError(f"{where}: history is no list", 'write "history": ["…"]')
    return Asked(value.get("id"), value["question"], tuple(_questions(history, where)))


def _questions(history: list[object], where: str) -> Iterator[str]:
    for item in history:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict) and isinstance(item.get("question"), str):
            yield item["question"]
        elif isinstance(item, dict) and isinstance(item.get("content"), str):
            if item.get("role", "user") == "user":
                yield item["content"]
        else:
            raise UsageError(f"{where}: {item!r} in its history", "give questions or messages")
