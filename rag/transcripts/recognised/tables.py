"""Tables of what was said: CSV and TSV of recognisers, and what spreadsheets save."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rag.errors import UsageError
from rag.transcripts.captions.build import numbered
from rag.transcripts.cues import Recording, used_up
from rag.transcripts.encoding import printable
from rag.transcripts.recognised.fields import is_name, named
from rag.transcripts.recognised.pieces import Piece, cues, speaker
from rag.transcripts.recognised.times import evident_scale, named_scale, seconds, stamp

_DELIMITERS = ("\t", ",", ";", "|")
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_FIRST = 50  # lines that tell how it is written
_SAMPLE = 200  # rows that tell its columns
_SCALED = 5000  # rows that tell the unit of its times
_HINT = "name the columns text, speaker, start, end in its first line"

Row = tuple[int, list[str]]
"""A row with the file line on which it begins."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How a table is written: lines above it, what stands between cells, and whether `plain`.

    A plain one has tabs, and quotation marks as they were spoken: so writes Whisper.
    """

    skip: int
    delimiter: str
    plain: bool


def read_table(text: str, place: str) -> Recording:
    """Read a table with a text in each row, and a speaker or times beside it.

    The columns are those that the first line names, in English or Chinese; without such a line,
    numbers and clocks that rise are times, and the column of most words is the text.

    Raises:
        UsageError: when it is no table of what was said.
    """
    text = text.removeprefix("\ufeff")
    form = _form(list(islice(_lines(text), _FIRST)))
    rows = _rows(_lines(text), form, place)
    head = list(islice(rows, 1))
    sample = list(islice(rows, _SAMPLE))
    columns = _columns(head[0][1], [row for _, row in sample]) if head else None
    if columns is None:
        # Without names, the first row is speech like the others.
        sample = head + sample
        columns = _unnamed([row for _, row in sample])
    if columns is None:
        raise UsageError(f"{place}: a table, but no transcript in it", _HINT)
    sample += islice(rows, _SCALED)
    scale, warning = _scale(sample, columns, place)
    found = list(cues(_pieces(chain(used_up(sample), rows), columns, scale)))
    if not found:
        raise UsageError(f"{place}: no text in it", _HINT)
    spoken = any(cue.speaker for cue in found)
    timed = any(cue.start is not None for cue in found)
    warnings = (warning,) if warning else ()
    return Recording(found, whole=spoken and not timed, warnings=warnings)


def is_table(lines: Sequence[str]) -> bool:
    """Tell whether the first lines of a text file are those of a table of what was said."""
    try:
        rows = [row for _, row in islice(_rows(lines, _form(lines), ""), _SAMPLE)]
    except UsageError:
        return False
    if len(rows) < 2:
        return False
    columns = _columns(rows[0], rows[1:])
    return columns is not None and ("start" in columns or "speaker" in columns)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines with a break at their ends, one kind of break for all."""
    # Not `splitlines`: what editors do not count as a line is none here either.
    return (f"{line}\n" for _, line in numbered([text]))


def _form(lines: Sequence[str]) -> _Form:
    skip, delimiter = _delimiter(lines)
    first = lines[:_FIRST]
    plain = delimiter == "\t" and not any(line.startswith('"') or '\t"' in line for line in first)
    return _Form(skip, delimiter, plain)


def _delimiter(lines: Sequence[str]) -> tuple[int, str]:
    if lines and (match := _SEPARATOR.fullmatch(lines[0].strip("\r\n"))):
        return 1, match[1]
    filled = [line for line in lines[:_FIRST] if line.strip()]
    counts = {mark: [line.count(mark) for line in filled] for mark in _DELIMITERS}
    # The mark that the first line has, and that the most lines have.
    present = [mark for mark in _DELIMITERS if filled and counts[mark][0]]
    best = max(present, key=lambda mark: sum(map(bool, counts[mark])), default=",")
    return 0, best


def _rows(lines: Iterable[str], form: _Form, place: str) -> Iterator[Row]:
    reader = csv.reader(
        islice(lines, form.skip, None),
        delimiter=form.delimiter,
        quoting=csv.QUOTE_NONE if form.plain else csv.QUOTE_MINIMAL,
    )
    line = form.skip + 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, [" ".join(printable(cell).split()) for cell in row]
            line = form.skip + reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{place}:{line}: not a table: {error}", "save it as CSV again") from error


def _columns(head: list[str], rows: list[list[str]]) -> dict[str, int] | None:
    """The column of each role, as the first line names them; None when it names no text."""
    names = {cell: index for index, cell in reversed(list(enumerate(head))) if cell}

    def cells(name: str) -> list[str]:
        index = names[name]
        return [row[index] for row in rows if index < len(row) and row[index]]

    def is_time(name: str) -> bool:
        return all(stamp(cell) is not None for cell in cells(name))

    columns = {
        role: names[name]
        for role, fits in (
            ("text", lambda name: bool(cells(name))),
            ("start", is_time),
            ("end", is_time),
            ("duration", is_time),
        )
        if (name := named(role, names, fits))
    }
    taken = {head[index] for index in columns.values()}
    if name := named("speaker", (name for name in names if name not in taken), lambda _: True):
        columns["speaker"] = names[name]
    if "text" not in columns or not (columns.keys() & {"speaker", "start"}):
        return None
    return columns | _scales(columns, head)


def _scales(columns: dict[str, int], head: list[str]) -> dict[str, int]:
    scale = named_scale(head[columns["start"]]) if "start" in columns else None
    return {"ms": 1} if scale == 1e-3 else {"s": 1} if scale == 1.0 else {}


def _unnamed(rows: list[list[str]]) -> dict[str, int] | None:
    """Tell the columns of a table without names: times rise, and the text has the most words."""
    width = min(map(len, rows), default=0)
    if width < 2 or any(is_name(cell, "text") for cell in rows[0]):
        return None
    timed = [i for i in range(width) if all(stamp(row[i]) is not None for row in rows)]
    told = [i for i in range(width) if i not in timed]
    if not told or not timed or not _rise(rows, timed[0]):
        return None
    # Names come back, what is said hardly ever does.
    text = max(told, key=lambda i: (len({row[i] for row in rows}), sum(len(r[i]) for r in rows)))
    columns = {"text": text, "start": timed[0]}
    if len(timed) > 1:
        columns["end"] = timed[1]
    others = [i for i in told if i != text]
    if len(others) == 1 and len({row[others[0]] for row in rows}) * 2 <= len(rows):
        columns["speaker"] = others[0]
    return columns


def _rise(rows: list[list[str]], column: int) -> bool:
    values = [read.value for row in rows if (read := stamp(row[column])) is not None]
    return values == sorted(values)


def _cell(row: list[str], columns: Mapping[str, int], role: str) -> str:
    index = columns.get(role, len(row))
    return row[index] if index < len(row) else ""


def _scale(rows: list[Row], columns: Mapping[str, int], place: str) -> tuple[float, str]:
    """Return the seconds of a unit of the times, and a warning where they are doubtful."""
    if "ms" in columns:
        return 1e-3, ""
    if "start" not in columns or "s" in columns:
        return 1.0, ""
    spans = ((_cell(row, columns, "start"), _cell(row, columns, "end")) for _, row in rows)
    return evident_scale(spans, [_cell(row, columns, "text") for _, row in rows], place)


def _pieces(rows: Iterable[Row], columns: Mapping[str, int], scale: float) -> Iterator[Piece]:
    for line, row in rows:
        start, end, length = (
            seconds(_cell(row, columns, role), scale) for role in ("start", "end", "duration")
        )
        if end is None and start is not None and length is not None:
            end = start + length
        if text := _cell(row, columns, "text"):
            yield Piece(text, start, end, line, speaker(_cell(row, columns, "speaker")))
