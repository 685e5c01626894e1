"""The lines of a conversation's file: JSON that is written whole and read with suspicion."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast, get_args

from rag import views
from rag.errors import NotReady, UsageError
from rag.types import Address, Answer, Citation, Finding, FindingKind

VERSION = 1

_Value = TypeVar("_Value", str, int, bool, list[object], dict[str, object])


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a file."""

    id: str
    created: str
    index: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer, and when it was given (ISO 8601); as read, without its hits and timings."""

    time: str
    answer: Answer


def append(path: Path, header: Header, entry: Entry) -> None:
    """Add an answer to a file, which begins with the header, in one write.

    Raises:
        OSError: when it cannot be written, or only in part.
    """
    with open(path, "a+b", buffering=0, opener=_private) as file:
        file.seek(0)
        old = file.read()
        whole = old.rfind(b"\n") + 1
        torn = old[whole:]
        if torn and not _is_json(torn):
            file.truncate(whole)
            torn = b""
        new = [] if whole or torn else [_header(header)]
        text = "".join(f"{line}\n" for line in (*new, _line(entry)))
        # Half a surrogate pair has no bytes in UTF-8; as an escape it stays what it is.
        data = (b"\n" if torn else b"") + text.encode(errors="backslashreplace")
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())


def read(path: Path) -> tuple[Header, list[Entry]]:
    """Read a file, a torn last line aside.

    Raises:
        NotReady: when it is not a conversation, naming the file and the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotReady(f"{path}: {error.strerror}", "the conversation cannot be read") from error
    found = data.split(b"\n")
    if not _is_json(found[-1]):
        found.pop()
    if not found:
        raise NotReady(f"{path}:1: not a conversation", "move the file elsewhere")
    header: Header | None = None
    entries: list[Entry] = []
    for number, line in enumerate(found, start=1):
        try:
            values = _object(json.loads(line, parse_constant=_refuse))
            if header is None:
                header = _read_header(values)
            else:
                entries.append(_read_entry(values))
        except (ValueError, RecursionError, OverflowError, UsageError) as error:
            reason = "not JSON" if isinstance(error, json.JSONDecodeError) else error
            hint = "correct the line, or move the file elsewhere"
            raise NotReady(f"{path}:{number}: {reason}", hint) from error
    assert header is not None
    return header, entries


def values(entry: Entry) -> dict[str, object]:
    """Return an answer as it is kept, and as `rag chats ID --json` shows it."""
    answer = entry.answer
    return {
        "time": entry.time,
        "question": answer.question,
        "answer": answer.text,
        "citations": [
            {
                "address": str(item.address),
                "speaker": item.speaker,
                "quote": item.quote,
                "exact": item.exact,
                "line": item.line,
                "end_line": item.end_line,
                "start": item.start,
                "link": item.link,
                "asked": item.asked,
                "quoted": item.quoted,
            }
            for item in answer.citations
        ],
        "refused": answer.refused,
        "confidence": round(answer.confidence, 4),
        "incomplete": answer.incomplete,
        "failure": answer.failure,
        "model": answer.model,
        "usage": dict(answer.usage),
        "quotes": answer.quotes,
        "findings": [
            {
                "kind": item.kind,
                "text": item.text,
                "speaker": item.speaker,
                "address": str(item.address) if item.address else None,
                "difference": item.difference,
            }
            for item in answer.findings
        ],
    }


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _header(header: Header) -> str:
    return views.to_json(
        {
            "version": VERSION,
            "id": header.id,
            "created": header.created,
            "index": header.index,
        }
    )


def _line(entry: Entry) -> str:
    return views.to_json(values(entry))


def _is_json(line: bytes) -> bool:
    """Tell whether a line without an end is whole: what was torn lacks its closing brace."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _read_header(given: dict[str, object]) -> Header:
    version = given.get("version")
    if version != VERSION:
        raise ValueError(f"not a conversation of version {VERSION}")
    header = Header(_get(given, "id", ""), _moment(given, "created"), _get(given, "index", ""))
    if not header.id or not header.index:
        raise ValueError("not the beginning of a conversation")
    return header


def _read_entry(given: dict[str, object]) -> Entry:
    if "question" not in given or "answer" not in given:
        raise ValueError("not a question with its answer")
    answer = Answer(
        question=_get(given, "question", ""),
        text=_get(given, "answer", ""),
        citations=tuple(_citation(_object(item)) for item in _get(given, "citations", [])),
        hits=(),
        refused=_get(given, "refused", False),
        confidence=_number(given, "confidence") or 0.0,
        model=_get(given, "model", ""),
        usage=_counts(_get(given, "usage", {})),
        findings=tuple(_finding(_object(item)) for item in _get(given, "findings", [])),
        quotes=_get(given, "quotes", 0),
        incomplete=_get(given, "incomplete", False),
        failure=_get(given, "failure", ""),
    )
    return Entry(_moment(given, "time"), answer)


def _citation(given: dict[str, object]) -> Citation:
    return Citation(
        address=Address.parse(_get(given, "address", "")),
        speaker=_get(given, "speaker", ""),
        quote=_get(given, "quote", ""),
        exact=_get(given, "exact", False),
        line=_get(given, "line", 0),
        end_line=_get(given, "end_line", 0),
        start=_number(given, "start"),
        link=_get(given, "link", ""),
        asked=_get(given, "asked", ""),
        quoted=_get(given, "quoted", True),
    )


def _finding(given: dict[str, object]) -> Finding:
    kind = _get(given, "kind", "")
    if kind not in get_args(FindingKind):
        raise ValueError(f"kind is {kind!r}")
    address = None if given.get("address") is None else Address.parse(_get(given, "address", ""))
    return Finding(
        cast(FindingKind, kind),
        _get(given, "text", ""),
        _get(given, "speaker", ""),
        address,
        _get(given, "difference", ""),
    )


def _get(given: Mapping[str, object], name: str, default: _Value) -> _Value:
    value = given.get(name, default)
    # Not isinstance: true and false are no counts.
    if type(value) is not type(default):
        raise ValueError(f"{name} is not {type(default).__name__}")
    return value


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _number(given: Mapping[str, object], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is not a number")
    return float(value)


def _counts(given: dict[str, object]) -> dict[str, int]:
    return {name: _get(given, name, 0) for name in given}


def _moment(given: Mapping[str, object], name: str) -> str:
    value = _get(given, name, "")
    if datetime.fromisoformat(value).tzinfo is None:
        raise ValueError(f"{name} is without a time zone")
    return value
