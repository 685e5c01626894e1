"""A question with what is known about its answer, and the JSONL files that hold such cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import UsageError
from rag.text import language

_FORM = 'write {"question": "…", "relevant": ["interview:12"]}, one a line'


@dataclass(frozen=True, slots=True)
class Case:
    """One question.

    `relevant` are addresses, or words that somebody says in the answer; `must_say` are texts that a
    right answer contains, all of them. A case that is not `answerable` wants a refusal. With a
    `transcript`, only that one is searched. `where` names the line for an error.
    """

    id: str
    question: str
    history: tuple[str, ...] = ()
    relevant: tuple[str, ...] = ()
    must_say: tuple[str, ...] = ()
    answerable: bool = True
    kind: str = ""
    language: str = ""
    transcript: str = ""
    where: str = ""


def read(path: Path) -> list[Case]:
    """Read a JSONL file of cases; blank lines are left out.

    Raises:
        UsageError: for a file or line that cannot be read, or an id that is there twice.
    """
    cases: dict[str, Case] = {}
    for where, value in rows(path):
        case = parse(value, where)
        if case.id in cases:
            first = cases[case.id].where
            raise UsageError(f"{where}: the id {case.id!r} again, as in {first}", "rename one")
        cases[case.id] = case
    if not cases:
        raise UsageError(f"{path}: no cases in it", _FORM)
    return list(cases.values())


def rows(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the objects of a JSONL file, each with the name of its line.

    Raises:
        UsageError: when the file cannot be opened, or a line is not a JSON object.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}", "check the path") from error
    for number, line in enumerate(data.split(b"\n"), start=1):
        where = f"{path}:{number}"
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            raise UsageError(f"{where}: not UTF-8", "save the file as UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{where}: not JSON", "write one object a line") from error
        if not isinstance(value, dict):
            raise UsageError(f"{where}: not a JSON object", "write one object a line")
        yield where, value


def parse(value: dict[str, object], where: str) -> Case:
    """Read one case; without an `id` it is called by its line.

    Raises:
        UsageError: when a field is missing or of the wrong kind.
    """
    question = text(value, "question", where)
    if not question.strip():
        raise UsageError(f"{where}: no question in it", _FORM)
    answerable = value.get("answerable", True)
    if not isinstance(answerable, bool):
        raise UsageError(f"{where}: answerable is {answerable!r}", "write true or false")
    relevant = texts(value, "relevant", where)
    if relevant and not answerable:
        raise UsageError(f"{where}: not answerable, and yet {relevant[0]!r} is relevant", _FORM)
    return Case(
        id=text(value, "id", where) or f"line {where.rpartition(':')[2]}",
        question=question,
        history=texts(value, "history", where),
        relevant=relevant,
        must_say=texts(value, "must_say", where),
        answerable=answerable,
        kind=text(value, "kind", where),
        language=text(value, "language", where) or language(question),
        transcript=text(value, "transcript", where),
        where=where,
    )


def text(value: dict[str, object], name: str, where: str) -> str:
    """Return a field that holds a text, empty where it is absent.

    Raises:
        UsageError: when it holds something else.
    """
    found = value.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise UsageError(f"{where}: {name} is {found!r}", "give a text in quotation marks")
    # Half a character, which JSON can write, can neither be searched for nor be written to a file.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def texts(value: dict[str, object], name: str, where: str) -> tuple[str, ...]:
    """Return a field that holds a list of texts, empty where it is absent.

    Raises:
        UsageError: when it holds something else.
    """
    found = value.get(name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise UsageError(f"{where}: {name} is {found!r}", f'write "{name}": ["…"]')
    return tuple(text({name: item}, name, where) for item in found if item is not None)
