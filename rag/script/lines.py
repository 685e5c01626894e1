"""The lines of a batch: what is asked, with what came before it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.errors import UsageError
from rag.types import Earlier

_FORM = 'write {"question": "…"}, one a line'


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a batch; `id` is whatever JSON value the line gave, None without.

    `history` holds earlier questions, with their answers where they are known; `where` names the
    line for an error.
    """

    id: object
    question: str
    history: tuple[str | Earlier, ...] = ()
    where: str = ""

    @property
    def questions(self) -> tuple[str, ...]:
        """The earlier questions without their answers."""
        return tuple(item if isinstance(item, str) else item.question for item in self.history)


def read(lines: Iterable[bytes], name: str) -> Iterator[Asked]:
    """Read the lines of the file `name` one by one; blank ones are left out.

    Raises:
        UsageError: for a line that cannot be read, naming it.
    """
    for number, data in enumerate(lines, start=1):
        where = f"{name}:{number}"
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{where}: not UTF-8", "save the file as UTF-8") from error
        if line.strip():
            yield parse(line, where)


def parse(line: str, where: str) -> Asked:
    """Read one line of a batch.

    Raises:
        UsageError: when it is not of the form above, or asks nothing.
    """
    try:
        value = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: not JSON", _FORM) from error
    if not isinstance(value, dict) or not isinstance(value.get("question"), str):
        raise UsageError(f"{where}: no question in it", _FORM)
    if not value["question"].strip():
        raise UsageError(f"{where}: the question is blank", "ask something, or remove the line")
    history = value.get("history") or []
    if not isinstance(history, list):
        raise UsageError(f"{where}: history is no list", 'write "history": ["…"]')
    return Asked(value.get("id"), _whole(value["question"]), tuple(_earlier(history, where)), where)


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def _whole(text: str) -> str:
    """Replace halves of characters, which JSON can write and nothing can search for."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _earlier(history: list[object], where: str) -> Iterator[str | Earlier]:
    """Join messages to questions with their answers; what nobody asked for is left out."""
    question, answers = "", list[str]()
    for item in history:
        text, answer, role = _read(item, where)
        if role == "assistant":
            answers.append(text)
        elif role == "user":
            if question:
                yield _pair(question, answers)
            question, answers = text, [answer] if answer else []
    if question:
        yield _pair(question, answers)


def _pair(question: str, answers: list[str]) -> str | Earlier:
    return Earlier(question, "\n".join(answers)) if answers else question


def _read(item: object, where: str) -> tuple[str, str, str]:
    """Return what an item of a history says, the answer that it has to it, and who says it."""
    if isinstance(item, str):
        return _whole(item), "", "user"
    if isinstance(item, dict) and isinstance(item.get("question"), str):
        answer = item.get("answer")
        return _whole(item["question"]), _whole(answer) if isinstance(answer, str) else "", "user"
    if isinstance(item, dict) and isinstance(item.get("content"), str):
        return _whole(item["content"]), "", str(item.get("role", "user"))
    raise UsageError(f"{where}: {item!r} in its history", "give questions or messages")
