"""The JSON that `writing` writes, read back as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from rag.transcripts.speakers import canonical
from rag.transcripts.writing import FORMAT
from rag.types import Section, Transcript, Turn

_HEAD = 500  # characters in which a file of ours says what it is
_BODY = re.compile(r'"body"\s*:')


def reread(text: str, path: Path, id_: str) -> Transcript | None:
    """Return the transcript in a JSON file of ours, or None where it is another's, or changed."""
    if f'"{FORMAT}"' not in text[:_HEAD]:
        return None
    try:
        values = json.loads(text)
        return _transcript(values, text, path, id_)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None


def named(item: Transcript, aliases: Mapping[str, str]) -> Transcript:
    """Give the speakers of a transcript the names that their labels mean."""
    speakers = {
        "": "",
        **canonical((turn.speaker for turn in item.turns if turn.speaker), (), aliases),
    }
    turns = tuple(replace(turn, speaker=speakers[turn.speaker]) for turn in item.turns)
    return replace(item, turns=turns, aliases=tuple(aliases.items()))


def _transcript(values: Mapping[str, object], text: str, path: Path, id_: str) -> Transcript:
    segments, sections = _objects(values["segments"]), _objects(values["sections"])
    lines = _lines(text, len(segments) + len(sections))
    said = {key: _text(values, key) for key in ("title", "date", "source", "language")}
    rows = (_turn(row, line) for row, line in zip(segments, lines, strict=False))
    turns = [_whole(list(parts)) for _, parts in groupby(rows, key=lambda row: row.number)]
    prose = tuple(
        Section(number, _text(row, "title"), body, line, (line,) * (body.count("\n") + 1))
        for number, (row, line) in enumerate(
            zip(sections, lines[len(segments) :], strict=True), start=1
        )
        if (body := _text(row, "body"))
    )
    numbered = tuple(replace(turn, number=number) for number, turn in enumerate(turns, start=1))
    if not numbered and not prose:
        raise ValueError("no text in it")
    return Transcript(
        id_,
        str(path),
        said["title"] or path.stem,
        said["date"],
        said["source"],
        said["language"],
        numbered,
        prose,
    )


def _lines(text: str, count: int) -> list[int]:
    """The file line of every segment and section; their ordinals where those cannot be told."""
    found: list[int] = []
    line, last = 1, 0
    for match in _BODY.finditer(text):
        line += text.count("\n", last, match.start())
        last = match.start()
        found.append(line)
    return found if len(found) == count else list(range(1, count + 1))


def _turn(row: Mapping[str, object], line: int) -> Turn:
    number, body = row["turn"], _text(row, "body")
    if not isinstance(number, int) or not body:
        raise ValueError("not a segment of ours")
    second = _number(row, "startTime")
    return Turn(
        number=number,
        speaker=_text(row, "speaker"),
        label=_text(row, "label"),
        text=body,
        line=line,
        lines=(line,),
        start=_number(row, "start"),
        end=_number(row, "end"),
        topic=_text(row, "topic"),
        times=(second,) if row.get("timed") is True and second is not None else (),
    )


def _whole(rows: list[Turn]) -> Turn:
    """Put the segments of a turn together, each of them a line of it."""
    first = rows[0]
    if len(rows) == 1:
        return first
    return replace(
        first,
        text="\n".join(row.text for row in rows),
        lines=tuple(row.line for row in rows),
        times=tuple(time for row in rows for time in row.times) if first.times else (),
    )


def _objects(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise TypeError("not a list of objects")
    return value


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key, "")
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value


def _number(row: Mapping[str, object], key: str) -> float | None:
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise TypeError(f"{key} is no time")
    return float(value)
